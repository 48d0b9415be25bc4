"""What an edit of the file means, in plain words, for whoever reviews it."""
