"""endpoints knows one outcome per file: rows with the evidence that they rest on."""

__all__: list[str] = []
