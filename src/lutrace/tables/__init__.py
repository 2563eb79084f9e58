"""tables knows the columns of every registry and result table: one declaration each, no logic."""

__all__: list[str] = []
