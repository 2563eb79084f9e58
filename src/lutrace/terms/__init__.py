"""terms knows the field's vocabulary as versioned data: drugs, analytes, sites, items, criteria, plans."""

__all__: list[str] = []
