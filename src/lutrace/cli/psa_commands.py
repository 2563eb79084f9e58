"""`lutrace psa`: the PSA course of each patient against an index day.

The corridor is imported when the command runs: `lutrace --help` answers at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from lutrace.cli.bars import progress_bars
from lutrace.cli.show import as_plain, say, say_warnings, show_json, show_rows, tell
from lutrace.core import check_is_other_file, write_rows

FLIP_COLUMNS = ("switch", "chosen", "value", "n", "progressed", "gained", "lost", "day_changed", "psa50_changed",
                "psa50_confirmed_changed", "evaluable_changed", "decides")  # fmt: skip
MOST_SHOWN = 200
MOST_FAULTS = 40


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("psa", short_help="PSA response, nadir, progression and doubling time.")(psa)


def psa(
    psa: Annotated[Path, typer.Argument(metavar="PSA", help="table: patient_id, date or day, psa_ng_ml [assay]")],
    index: Annotated[
        str,
        typer.Option(help="table with patient_id and date or day [end_date or end_day], a column of PSA, or one day"),
    ],
    doses: Annotated[Path | None, typer.Option(help="table of doses: patient_id and date or day")] = None,
    switch: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="a choice that the criteria leave open; may be repeated, see above"),
    ] = None,
    criteria: Annotated[str, typer.Option(help="pcwg3; pcwg4 is refused until its text is transcribed")] = "pcwg3",
    flips: Annotated[bool, typer.Option("--flips", help="how many patients each other choice would move")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="write the same rows to a CSV, TSV, XLSX or Parquet file")
    ] = None,
) -> None:
    """PSA of each patient after an index day: baseline, nadir, decline, flare, progression, doubling time.

    The defaults are PCWG3 by its letter. Switches, defaults first: decline_gate "0 days", no_decline_gate "84 days",
    confirm_no_decline false, second_value meets_both|rises, confirmation next|unbroken|none, confirmation_gap
    "21 days", unconfirmed no_event|event|event_at_stop, below_limit limit|half|zero, same_day highest|mean|last,
    minimum_baseline "0 ng/mL", assay any|baseline, strict false, rise "25 %", rise_absolute "2 ng/mL", baseline
    last|mean|max|first, baseline_window "28 days", baseline_fallback "60 days", response_gap "21 days", week12_window
    "14 days", psadt_window since_nadir|since_baseline|before_index|all, psadt_method least_squares|two_points,
    psadt_convention plain|psawg.

    A cell that cannot be read is left out and named; the exit status then is 1.
    """
    from lutrace.study import run_psa, write_table

    if out is not None:
        check_is_other_file(out, psa, Path(index), *([doses] if doses is not None else []))
    with progress_bars() as progress:
        result = run_psa(
            psa, index, doses=doses, switches=switch or (), criteria=criteria, flips=flips, progress=progress
        )
    rows = result.patients.to_pylist() if as_json or out is None or out.suffix.lower() != ".parquet" else []
    if out is not None and out.suffix.lower() == ".parquet":
        write_table(out, result.patients)
    elif out is not None:
        write_rows(out, [as_plain(row) for row in rows], columns=result.patients.column_names)
    warnings = (*result.warnings, *result.faults)
    if as_json:
        more = {"flips": result.flips} if flips else {}
        more |= {"doses": result.doses} if doses is not None else {}
        show_json({"patients": rows, "warnings": warnings, "rule": result.rule, **more})
    else:
        _show(result.patients.num_rows, rows, result.flips)
        tell(result.rule)
        tell("once: a decline that no value 21 days later, or as --switch response_gap says, confirms")
        say_warnings(result.warnings)
        for fault in result.faults[:MOST_FAULTS]:
            say(f"left out: {fault}")
        if len(result.faults) > MOST_FAULTS:
            say(f"left out: and {len(result.faults) - MOST_FAULTS} rows more; --json lists all")
    if result.faults:
        raise typer.Exit(1)


def _brief(row: Mapping[str, Any]) -> dict[str, Any]:
    """A patient as people read it; files and JSON hold every column."""
    return {
        "patient_id": row["patient_id"],
        "baseline": row["baseline_ng_ml"],
        "nadir": row["nadir_ng_ml"],
        "best %": row["best_change_pct"],
        "PSA50": _response(row, "psa50"),
        "PSA90": _response(row, "psa90"),
        "progressed": f"day {row['progression_day']}" if row["progressed"] else row["progressed"],
        "doubling mo": row["psadt_months"],
        "note": row["reason"],
    }


def _response(row: Mapping[str, Any], name: str) -> str | None:
    if not row[name]:
        return None if row[name] is None else "no"
    return f"day {row[f'{name}_day']}{'' if row[f'{name}_confirmed'] else ' once'}"


def _show(n_patients: int, rows: list[dict[str, object]], flips: tuple[dict[str, object], ...]) -> None:
    if rows:
        show_rows("patients", [_brief(row) for row in rows[:MOST_SHOWN]])
    if n_patients > len(rows[:MOST_SHOWN]):
        tell(f"{n_patients} patients; --out writes and --json prints all")
    if flips:
        show_rows("flips", flips, columns=FLIP_COLUMNS)
