"""`lutrace response`: rules of response and eligibility over a registry, as facts with their inputs.

Corridors are imported when their command runs: `lutrace --help` answers at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from lutrace.cli.bars import progress_bars
from lutrace.cli.show import say_warnings, show_json, show_rows, tell
from lutrace.core import write_rows

COLUMNS = (
    "patient_id",
    "modality",
    "cycle",
    "days",
    "plan",
    "rule",
    "category",
    "by_plan",
    "change_pct",
    "new_lesions",
    "missing",
)


class Against(StrEnum):
    """Earlier scans that a lesion must be new against."""

    BASELINE = "baseline"
    ANY_EARLIER = "any_earlier"
    PREVIOUS = "previous"


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("response", short_help="Category of each scan by each rule, with every input.")(response)


def response(
    registry: Annotated[Path, typer.Option("--registry", help="folder made by `lutrace init`")],
    rule: Annotated[
        list[str] | None,
        typer.Option(help="recip-1.0, recip-asco-2021, psa-recip-1.0, ppp-2020, vision-2021, therap-2021, ..."),
    ] = None,
    plan: Annotated[
        list[str] | None, typer.Option(help="measurement plan; may be repeated (default: every plan measured)")
    ] = None,
    new_against: Annotated[
        Against, typer.Option("--new-against", help="earlier scans that a lesion must be new against")
    ] = Against.BASELINE,
    snapshot: Annotated[str | None, typer.Option(help="digest of a frozen state (default: freeze now)")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="write the same rows to a CSV, TSV, XLSX or Parquet file")
    ] = None,
) -> None:
    """Category of each scan by each rule, with every input, its source row and what is missing.

    Facts and criteria, never a recommendation for a patient.
    """
    from lutrace.study import run_response

    with progress_bars() as progress:
        result = run_response(
            registry,
            rules=rule or (),
            plans=plan or (),
            new_against=new_against.value,
            snapshot=snapshot,
            progress=progress,
        )
    if out is not None:
        write_rows(out, [_flat(row) for row in result.rows])
    if as_json:
        show_json({"responses": result.rows, "warnings": result.warnings, "snapshot": result.snapshot})
        return
    if result.rows:
        show_rows("responses", [_flat(row) for row in result.rows], columns=COLUMNS)
    else:
        tell("no scan to rate; what is missing, and for how many patients, is said below")
    say_warnings(result.warnings)


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with its nested values as text: criteria, categories by plan, inputs with unit and source."""
    return {
        **row,
        "criteria": "; ".join(f"{name}: {value}" for name, value in row["criteria"].items()),
        "by_plan": "; ".join(f"{plan}: {category}" for plan, category in row["by_plan"].items()),
        "inputs": "; ".join(_input(one) for one in row["inputs"]),
    }


def _input(one: Mapping[str, Any]) -> str:
    value = "not known" if one["value"] is None else f"{one['value']:.6g}" if _is_number(one) else one["value"]
    source = f" [{one['source_table']} {one['source_row']}]" if one["source_row"] is not None else ""
    return f"{one['name']} = {value} {one['unit']}".rstrip() + source


def _is_number(one: Mapping[str, Any]) -> bool:
    return isinstance(one["value"], int | float)
