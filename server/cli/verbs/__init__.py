"""The verbs of ``busos``, a module each with a ``command``: the listing of this folder is the list of verbs."""
