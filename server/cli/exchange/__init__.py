"""The texts of the emails between files and Notion, both ways: what differs is shown before anything is written."""
