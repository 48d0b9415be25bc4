"""The engine: a pure core that decides, and a thin shell that remembers and acts."""

__version__ = "0.1.0"
