"""What the verbs about one person share."""
