"""Cross tables of two classifications."""

from lutrace.tables.declare import count, label, result_table

AGREEMENTS = result_table(
    "agreements",
    "one row per cell of a confusion matrix",
    (
        label("analysis", "name of the analysis in the protocol"),
        label("population", "population or landmark"),
        label("definition", "definition of the classes"),
        label("row_class", "class by the first method"),
        label("column_class", "class by the second method"),
        count("n", "patients"),
    ),
    ("analysis", "population", "definition", "row_class", "column_class"),
)
