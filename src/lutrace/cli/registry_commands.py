"""`lutrace init`, `measure`, `check`, `upgrade`: make a registry and look after it.

Corridors are imported when their command runs: `lutrace --help` answers at once.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from lutrace.cli.bars import progress_bars
from lutrace.cli.show import as_plain, say, say_warnings, show_json, show_rows, tell
from lutrace.core import Row, UnusableInputError, write_rows

RegistryFolder = Annotated[Path, typer.Option("--registry", help="folder made by `lutrace init`")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")]
Jobs = Annotated[int | None, typer.Option(min=1, help="worker processes (default: one per core, at most 4)")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("init", short_help="Make an empty registry with its site profile.")(init)
    app.command("measure", short_help="SUV, organs, lesions and tracking of every new scan.")(measure)
    app.command("check", short_help="What is missing, impossible or contradictory.")(check)
    app.command("upgrade", short_help="Bring an older registry to this version's tables.")(upgrade)


def init(folder: Annotated[Path, typer.Argument(help="folder to make")]) -> None:
    """Make an empty registry with a commented site profile, site.yaml."""
    from lutrace.ingest import run_init

    run_init(folder)
    tell(f"{folder}: an empty registry; read {folder / 'site.yaml'} and fill in what your site needs")


def measure(
    registry: RegistryFolder,
    plan: Annotated[list[str] | None, typer.Option(help="measurement plan; may be repeated (default: suv3)")] = None,
    jobs: Jobs = None,
    scheduler: Annotated[str | None, typer.Option(help="address of a Dask scheduler, whose workers do it")] = None,
    as_json: AsJson = False,
) -> None:
    """SUV, organs, lesions and tracking of every scan not measured yet; stopped, it goes on where it was."""
    from lutrace.ingest import run_measure

    with progress_bars() as progress:
        result = run_measure(registry, plan or ["suv3"], jobs=jobs, scheduler=scheduler, progress=progress)
    counts = {
        "measured": result.measured,
        "up_to_date": result.up_to_date,
        "refused": result.refused,
        "left_out": result.left_out,
    }
    if as_json:
        show_json({"scans": counts, "warnings": list(result.rows.warnings)})
    else:
        tell(", ".join(f"{name.replace('_', ' ')} {n}" for name, n in counts.items()))
        say_warnings(result.rows.warnings)
    if result.refused:
        say("the reasons: lutrace check --registry " + str(registry))
        raise typer.Exit(1)


def check(
    registry: RegistryFolder,
    protocol: Annotated[
        str | None, typer.Argument(help="with --missing: study file or shipped name (default: every shipped study)")
    ] = None,
    missing: Annotated[
        bool, typer.Option("--missing", help="what a study needs of each patient and the registry does not have")
    ] = False,
    merges: Annotated[
        bool, typer.Option("--merges", help="rows of several sources that state one fact: which stayed, and why")
    ] = False,
    answer: Annotated[
        Path | None, typer.Option(help="table of answers: finding_id answer reason [column new_value]")
    ] = None,
    by: Annotated[str | None, typer.Option(help="with --answer: who answers")] = None,
    out: Annotated[
        Path | None, typer.Option(help="write the same rows to a CSV, TSV, XLSX or Parquet file, to be filled in")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What is missing, impossible or contradictory, with the rows, what to do, and what was answered.

    Answers are acknowledge (it may stay as it is), correct (column and new_value) and reject (the row is wrong). The
    exit status is 1 while errors or warnings are open.
    """
    from lutrace.ingest import is_open, run_check, run_merges

    if (answer is None) != (by is None):
        raise UnusableInputError("--answer FILE and --by NAME go together: an answer says who gave it")
    if protocol is not None and not missing:
        raise UnusableInputError("a study goes with --missing: lutrace check --registry DIR --missing [PROTOCOL]")
    if missing:
        _show_missing(registry, protocol, as_json=as_json, out=out)
        return
    if merges:
        rows = run_merges(registry)
        shown = [row for row in rows if row["verdict"] != "same"]
        _show_checked("merges", rows, shown, as_json=as_json, out=out)
        return
    if answer is not None and by is not None:
        _answer(registry, answer, by)
    rows = run_check(registry)
    written = [{**row, "column": None, "new_value": None} for row in rows] if out is not None else rows
    shown = [row for row in rows if row["status"] == "open"]
    _show_checked("findings", written, shown, as_json=as_json, out=out)
    if any(is_open(row) for row in rows):
        raise typer.Exit(1)


def _show_missing(registry: Path, protocol: str | None, *, as_json: bool, out: Path | None) -> None:
    """How many patients lack what, then the rows patient by patient; exit status 1 when anything is missing."""
    from lutrace.study import MISSING_COLUMNS, find_missing

    found = find_missing(registry, protocol)
    if out is not None:
        write_rows(out, found.rows, MISSING_COLUMNS)
    if as_json:
        show_json({"missing": list(found.rows), "counts": list(found.counts), "warnings": []})
    elif found.rows:
        show_rows("counts", found.counts)
        show_rows("missing", found.rows, columns=MISSING_COLUMNS)
    else:
        tell("every patient has what the study needs")
    if found.rows:
        raise typer.Exit(1)


def _answer(registry: Path, table: Path, by: str) -> None:
    from lutrace.ingest import run_answers

    counts = run_answers(registry, table, by=by, at=dt.datetime.now().replace(microsecond=0))
    say("answers: " + (", ".join(f"{name} {n}" for name, n in counts.items()) or "none"))


def _show_checked(noun: str, rows: Sequence[Row], shown: Sequence[Row], *, as_json: bool, out: Path | None) -> None:
    """All rows as JSON and into the file; to people those that need them, and the number of the others."""
    if out is not None:
        write_rows(out, [as_plain(row) for row in rows])
    if as_json:
        show_json({noun: list(rows), "warnings": []})
        return
    if shown:
        show_rows(noun, shown)
    elif noun == "findings":
        tell("nothing missing, impossible or contradictory in what is stored; scans never added are not missed")
    named = "status" if noun == "findings" else "verdict"
    others = Counter(str(row[named]) for row in rows) - Counter(str(row[named]) for row in shown)
    if others:
        tell(", ".join(f"{name} {n}" for name, n in sorted(others.items())) + " (--json and --out list them)")


def upgrade(registry: RegistryFolder) -> None:
    """Bring a registry of an older version to this one's tables; its rows stay, and scans are then measured anew."""
    from lutrace.ingest import run_upgrade

    done = run_upgrade(registry)
    for line in done:
        tell(line)
    tell("the registry is of this version" + ("; run lutrace measure to measure anew" if done else " already"))
