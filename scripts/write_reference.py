"""Write docs/reference/ from the declarations, so that the pages cannot disagree with the code."""

from __future__ import annotations

import sys
from pathlib import Path

from lutrace.core import Table
from lutrace.registry.quality_courses import COURSE_QUERIES
from lutrace.registry.quality_queries import QUERIES, Query
from lutrace.registry.quality_texts import TEXT_QUERIES
from lutrace.study import format_schema
from lutrace.tables import ANSWERS, FACT_TABLES, MERGES, QUARANTINE, RESULT_TABLES, SOURCES
from lutrace.terms import CTCAE_VERSIONS, CtcaeTerm, ctcae_version, disposition_systems

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
    parts += ["## Care of the registry\n", *map(section, (SOURCES, QUARANTINE, MERGES, ANSWERS))]
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


def page_of_ctcae() -> str:
    """The manual's page of laboratory terms of CTCAE, version by version."""
    parts = [
        "# Laboratory terms of CTCAE\n",
        "Written by `make docs` from `src/lutrace/terms/data/ctcae`. What the columns mean and how they are applied: "
        "[toxicity](../methods/toxicity.md).\n",
    ]
    for version in (ctcae_version(name) for name in CTCAE_VERSIONS):
        parts.append(f"## {version.name} (version {version.version})\n")
        parts.append(f"{version.source}. Read: {version.checked}.\n")
        lines = ["| term | analyte | grade 1 | 2 | 3 | 4 | read |", "|---|---|---|---|---|---|---|"]
        for term in version.terms:
            cells = [term.term, ", ".join(term.analytes), *[clauses(term, grade) for grade in (1, 2, 3, 4)], term.read]
            lines.append("| " + " | ".join(cells) + " |")
        parts.append("\n".join(lines) + "\n")
        refused = [f"| {one.term} | {one.analyte} | {one.reason} |" for one in version.refused]
        parts.append("\n".join(["| not graded | analyte | why |", "|---|---|---|", *refused]) + "\n")
    return "\n".join(parts)


def clauses(term: CtcaeTerm, grade: int) -> str:
    """All clauses of one grade of a term, as one cell."""
    also = term.also.grades.get(grade) if term.also is not None else None
    against = term.baseline.grades.get(grade) if term.baseline is not None else None
    symptoms = (term.with_symptoms or {}).get(grade)
    plain = term.grades.get(grade)
    told = [
        f"{plain} {term.unit}" if plain is not None and plain[-1].isdigit() else plain,
        f"{also} {term.also.unit}" if term.also is not None and also is not None else None,
        f"{term.baseline.rule}: {against}" if term.baseline is not None and against is not None else None,
        f"with symptoms: {symptoms}" if symptoms is not None and symptoms != plain else None,
    ]
    return "; ".join(one for one in told if one is not None).replace("<", "&lt;").replace(">", "&gt;") or "-"


def page_of_dispositions() -> str:
    """The manual's page of codes that say how therapy ended and what followed."""
    parts = [
        "# How therapy ended, and what followed: codes\n",
        "Written by `make docs` from `src/lutrace/terms/data/dispositions.yaml`. These codes count in the table "
        "`dispositions`; any other is listed as a query and never guessed.\n",
    ]
    read = {"primary": "read in the standard's own file", "quoted": "read in quotations", "own": "own words"}
    for system in disposition_systems():
        digits = f", first {system.digits} characters" if system.digits else ""
        parts.append(f"## {system.name}\n")
        parts.append(f"{system.label}{digits}. Source: {system.source} ({read[system.read]}).\n")
        lines = ["| meaning | codes |", "|---|---|"]
        lines += [f"| {meaning} | {', '.join(codes)} |" for meaning, codes in system.codes.items()]
        lines += [f"| *refused*: {why} | {code} |" for code, why in system.refused.items()]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def page_of_queries() -> str:
    """The manual's page of data-quality queries."""
    lines = [
        "# What `lutrace check` asks\n",
        "Written by `make docs` from `src/lutrace/registry/quality_*.py`. The queries see the rows that count: "
        "overrides and reviews applied, of several sources the believed one "
        "([several sources](../how-to/several-sources.md)). Errors and "
        "warnings that are open give exit status 1, notes do not. Beside them stand `rows_in_quarantine`, "
        "`contradicting_sources`, `numbered_anew`, `perhaps_one_person`, `override_of_a_missing_row` and "
        "`review_of_a_changed_row`.\n",
        "| query | severity | table | what to do |",
        "|---|---|---|---|",
    ]
    asked: dict[str, list[Query]] = {}
    for query in (*QUERIES, *COURSE_QUERIES, *TEXT_QUERIES):
        asked.setdefault(query.check, []).append(query)
    for name, queries in sorted(asked.items()):
        tables = ", ".join(query.table for query in queries)
        lines.append(f"| `{name}` | {queries[0].severity} | {tables} | {queries[0].remedy} |")
    return "\n".join(lines) + "\n"


PAGES = {
    "checks.md": page_of_queries,
    "tables.md": page_of_tables,
    "ctcae.md": page_of_ctcae,
    "dispositions.md": page_of_dispositions,
    "study.schema.json": format_schema,
}


def main() -> None:
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8", newline="\n")
        sys.stdout.write(f"docs/reference/{name}\n")


if __name__ == "__main__":
    main()
