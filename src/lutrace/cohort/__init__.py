"""cohort knows who enters a study: one row per patient with an index date, and the attrition on the way."""

__all__: list[str] = []
