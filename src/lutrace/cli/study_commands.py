"""`lutrace run` and `lutrace demo`: from a registry, or from nothing, to a report.

Corridors are imported when their command runs: `lutrace --help` answers at once.
"""

from __future__ import annotations

import datetime as dt
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lutrace.cli import response_commands
from lutrace.cli.bars import progress_bars
from lutrace.cli.show import say, show_json, tell
from lutrace.core import UnusableInputError

if TYPE_CHECKING:
    from lutrace.study import RunResult

STUDY = "early-spect-response"
MARK = "SYNTHETIC.txt"


def register(app: typer.Typer) -> None:
    """Add these commands, and that of response."""
    app.command("run")(run)
    app.command("demo", short_help="Make a virtual centre, measure it and run the study.")(demo)
    response_commands.register(app)


def run(
    protocol: Annotated[str, typer.Argument(help="study file (YAML), or the name of a shipped study")],
    registry: Annotated[Path, typer.Option("--registry", help="folder made by `lutrace init`")],
    out: Annotated[Path, typer.Option("--out", help="folder for results.json and the report")],
    snapshot: Annotated[str | None, typer.Option(help="digest of a frozen state (default: freeze now)")] = None,
    data_cut: Annotated[str | None, typer.Option(help="last day that counts as known, as 2024-06-30")] = None,
    backend: Annotated[str, typer.Option(help="where it is computed: duckdb, spark or postgres")] = "duckdb",
    min_cell: Annotated[
        int | None, typer.Option(min=2, help="hide counts below this, and every row of a single patient")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")] = False,
) -> None:
    """Cohort, endpoints, models and report of a study."""
    from lutrace.study import run_registry_study

    with progress_bars() as progress:
        result = run_registry_study(
            protocol,
            registry,
            out,
            snapshot=snapshot,
            data_cut=_day(data_cut),
            backend=backend,
            min_cell=min_cell,
            progress=progress,
        )
    _show_run(result, as_json=as_json)


def demo(
    out: Annotated[Path, typer.Option("--out", help="folder to make")] = Path("demo"),
    patients: Annotated[int, typer.Option(min=8, max=500, help="virtual patients with images")] = 24,
    seed: Annotated[int, typer.Option(help="same seed, same centre")] = 1,
    jobs: Annotated[int | None, typer.Option(min=1, help="worker processes")] = None,
    sources: Annotated[
        bool, typer.Option("--sources", help="write the same records as OMOP, REDCap, tables and letters too")
    ] = False,
) -> None:
    """Make a virtual centre (synthetic DICOM, FHIR and letters), fill a registry, run the study, write index.html."""
    from lutrace.ingest import run_add_dicom, run_add_fhir, run_init, run_measure
    from lutrace.study import run_registry_study, write_demo_index
    from lutrace.virtual import make_centre, make_sources

    started = time.perf_counter()
    centre, registry, report = out / "centre", out / "registry", out / "reports" / STUDY
    _clear_earlier_demo(out)
    with progress_bars() as progress:
        summary = make_centre(centre, patients=patients, seed=seed, jobs=jobs or 2, progress=progress)
        say(f"virtual centre: {patients} synthetic patients, {summary.size_bytes / 1e9:.1f} GB")
        if sources:
            make_sources(out / "sources", patients=patients, seed=seed)
        run_init(registry, profile_text=summary.profile_text)
        records = run_add_fhir(registry, [centre / "fhir"], progress=progress)
        say(f"records: {records.added} rows added, {records.quarantined} refused")
        scans = run_add_dicom(registry, [centre / "dicom"], progress=progress, jobs=jobs)
        say(f"scans: {scans.added} rows added, {scans.quarantined} refused")
        measured = run_measure(registry, ["suv3"], jobs=jobs, progress=progress)
        say(f"measured: {measured.measured} scans, {measured.refused} refused")
        result = run_registry_study(STUDY, registry, report, progress=progress)
    numbers = [
        ("synthetic patients", str(summary.patients)),
        ("PSMA-PET/CT", str(summary.pet_scans)),
        ("177Lu SPECT/CT", str(summary.spect_scans)),
        ("rows of facts", str(records.added + scans.added + measured.rows.added)),
        ("from nothing to here", f"{time.perf_counter() - started:.0f} s"),
    ]
    index = write_demo_index(out, [(STUDY, result)], key_numbers=numbers)
    say(f"{time.perf_counter() - started:.0f} s")
    tell(str(index))


def _show_run(result: RunResult, *, as_json: bool) -> None:
    from lutrace.study import summarise_notices

    if as_json:
        notices = [f"{notice.where}: {notice.text}" for notice in result.computation.notices]
        show_json(
            {
                "estimates": result.computation.tables["estimates"],
                "warnings": notices,
                "report": str(result.report.html),
                "results": str(result.results),
            }
        )
        return
    for line in summarise_notices(result):
        say(line)
    tell(str(result.report.html))


def _day(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise UnusableInputError(f"--data-cut expects a day such as 2024-06-30, got {text!r}") from error


def _clear_earlier_demo(out: Path) -> None:
    """Take away what an earlier demo made here; a folder of somebody else is never touched."""
    mark = out / MARK
    if out.exists() and not mark.is_file() and (not out.is_dir() or any(out.iterdir())):
        raise UnusableInputError(f"{out} holds other files; choose a new folder with --out")
    out.mkdir(parents=True, exist_ok=True)
    mark.write_text("Synthetic: made by lutrace demo, which may take this folder away.\n", encoding="utf-8")
    for name in ("centre", "registry", "reports", "sources"):
        shutil.rmtree(out / name, ignore_errors=True)
