"""The language of ``sequences.yaml``: text to checked Programs."""
