"""Write docs/reference/ from the declarations, so that the pages cannot disagree with the code."""

from __future__ import annotations

import sys
from pathlib import Path

from lutrace.core import Table
from lutrace.tables import FACT_TABLES, QUARANTINE, RESULT_TABLES, SOURCES

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"


def page_of_tables() -> str:
    """The manual's page of declared tables."""
    parts = [
        "# The declared tables\n",
        "Written by `make docs` from `src/lutrace/tables`. `add table` takes a file whose columns have these names; "
        "the last four "
        "columns of a fact table (`row_id`, `source_id`, `source_locator`, `changed_by`) are filled by the registry.\n",
        "## Facts: what sources and measurements fill\n",
    ]
    parts += [section(table) for table in FACT_TABLES.values()]
    parts += ["## Care of the registry\n", section(SOURCES), section(QUARANTINE)]
    parts += ["## Results: what a run fills\n", *[section(table) for table in RESULT_TABLES.values()]]
    return "\n".join(parts)


def section(table: Table) -> str:
    """One table of the manual."""
    lines = [f"### {table.name}\n", f"{table.meaning}. Key: {', '.join(table.key)}.\n"]
    lines += ["| column | type | unit | codes | empty | meaning | disclosure |", "|---|---|---|---|---|---|---|"]
    for column in table.columns:
        cells = [
            f"`{column.name}`",
            column.type.value,
            column.unit or "",
            ", ".join(column.codes or ()),
            column.null or "never",
            column.meaning,
            column.disclosure.value,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    REFERENCE.mkdir(parents=True, exist_ok=True)
    (REFERENCE / "tables.md").write_text(page_of_tables(), encoding="utf-8", newline="\n")
    sys.stdout.write("docs/reference/tables.md\n")


if __name__ == "__main__":
    main()
