"""lutrace: from a radioligand-therapy centre's scans and records to evidence, every number traceable."""

__all__ = ["__version__"]

__version__ = "0.2.0"
