"""registry knows what a centre has stored: it checks, quarantines, stores and freezes rows; the waist of the house."""

__all__: list[str] = []
