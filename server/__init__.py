"""The doors of busos: webhooks, pages, health, and the command line."""
