"""terms knows the field's vocabulary as versioned data: drugs, analytes, sites, questionnaire items, criteria, plans."""

__all__: list[str] = []
