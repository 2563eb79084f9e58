"""protocol knows the study as a frozen data file: its schema, its digest, its named patches."""

__all__: list[str] = []
