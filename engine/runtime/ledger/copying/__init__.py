"""Copies of a whole ledger: moved to another database, taken as a backup, and put back in place."""
