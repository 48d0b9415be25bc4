"""The verbs of the language, a file each."""
