"""stats knows survival, regression, correlation and agreement: arrays in, small frozen results out."""

__all__: list[str] = []
