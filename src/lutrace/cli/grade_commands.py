"""`lutrace grade`: CTCAE grades of a table of laboratory results.

Corridors are imported when their command runs: `lutrace --help` answers at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from lutrace.cli.show import say_warnings, show_json, show_rows
from lutrace.core import check_is_other_file

MOST_SHOWN = 60


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("grade", short_help="CTCAE grade of each laboratory result, with its clause.")(grade)


def _brief(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as people read it: what was measured, its term, its grade and why; files and JSON hold every column."""
    why = "; ".join(row[name] for name in ("rule", "reason", "note") if row[name])
    named = row.get("analyte") or row.get("term") or row.get("loinc")
    measured = f"{named} {_number(row['value'])} {row['unit']}"
    if row["corrected_value"] is not None:
        albumin = f"albumin {_number(row['albumin_g_dl'])} g/dL"
        measured += f", corrected {_number(row['corrected_value'])} ({albumin})"
    return {
        "row": row["input_row"],
        "measured": measured,
        "term": row["term"],
        "grade": "not graded" if row["grade"] is None else row["grade"],
        "why": why if row["other_grade"] is None else f"{why}; in the other unit grade {row['other_grade']}",
    }


def _flip(row: Mapping[str, Any], versions: Sequence[str]) -> dict[str, Any]:
    """A row whose grade differs between versions: what was measured, and each version's grade and why."""
    told = {name: _brief({**row, **_of_version(row, name)}) for name in dict.fromkeys(versions)}
    first = next(iter(told.values()))
    grades = {name: one["grade"] for name, one in told.items()}
    return {
        "row": first["row"], "measured": first["measured"], "term": first["term"], **grades,
        "why": "; ".join(one["why"] for one in told.values()),
    }  # fmt: skip


def _of_version(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    key = name.replace("-", "_").replace(".", "_")
    of = {part: row[f"{key}_{part}"] for part in ("term", "rule", "reason")}
    return of | {"grade": row[key], "note": None, "other_grade": None}


def _number(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def grade(
    labs: Annotated[
        Path,
        typer.Argument(help="table: patient_id date analyte (or term, or loinc) value unit lln uln [baseline_value]"),
    ],
    criteria: Annotated[str, typer.Option(help="ctcae-4.0, ctcae-5.0 or ctcae-6.0")] = "ctcae-5.0",
    compare: Annotated[
        list[str] | None,
        typer.Option(help="list only the rows whose grade differs from that of this version; may be repeated"),
    ] = None,
    with_symptoms: Annotated[
        bool, typer.Option("--with-symptoms", help="take the clauses for a patient with symptoms (sodium, lipase, ...)")
    ] = False,
    accept_implausible: Annotated[
        bool, typer.Option("--accept-implausible", help="grade values that look like a wrong unit, with a warning")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="write the same rows to a CSV, TSV, XLSX or Parquet file")
    ] = None,
) -> None:
    """CTCAE grade (0 to 4; empty: cannot be graded) of each laboratory result, and the clause that gave it.

    lln, uln and baseline_value are in the row's own unit; baseline_abnormal is yes, no or empty. An analyte may give a
    low and a high term, each a row. Facts and criteria, never a recommendation for a patient.
    """
    from lutrace.study import run_comparison, run_grades, write_grades

    if out is not None:
        check_is_other_file(out, labs)
    if compare:
        result = run_comparison(
            labs, [criteria, *compare], with_symptoms=with_symptoms, accept_implausible=accept_implausible
        )
    else:
        result = run_grades(
            labs, criteria=[criteria], with_symptoms=with_symptoms, accept_implausible=accept_implausible
        )
    if out is not None:
        write_grades(result, out)
    if as_json:
        show_json({"grades": result.rows, "warnings": result.warnings})
    else:
        if compare:
            shown = [_flip(row, [criteria, *compare]) for row in result.rows[:MOST_SHOWN]]
        elif out is None and result.n_rows <= MOST_SHOWN:
            shown = [_brief(row) for row in result.rows]
        else:
            shown = result.count_grades()
        show_rows("grades", shown)
        say_warnings(result.warnings)
    if result.n_refused:
        raise typer.Exit(1)
