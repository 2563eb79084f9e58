"""cli knows the command line: it parses, asks a corridor, shows the answer, and decides nothing."""

__all__: list[str] = []
