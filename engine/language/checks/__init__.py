"""The checks, a file for each check or family: ``check(book)`` yields problems and survives any shape of file."""
