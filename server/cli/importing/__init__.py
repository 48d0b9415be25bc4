"""People from a table: read, checked row by row, shown, and put into the ledger as if their webhooks had come."""
