"""`lutrace demo`: virtual centres from nothing to the reports of the shipped studies, and one page that opens them."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lutrace.cli.bars import progress_bars
from lutrace.cli.show import say, tell
from lutrace.core import UnusableInputError, spawn_workers

if TYPE_CHECKING:
    from lutrace.study import IndexedRun

SCANNED = "early-spect-response"
"""The study of the virtual centre with images; the others run on centres of records alone."""
MARK = "SYNTHETIC.txt"
_MADE = ("centre", "registry", "reports", "sources", "centres")


def demo(
    out: Annotated[Path, typer.Option("--out", help="folder to make")] = Path("demo"),
    patients: Annotated[int, typer.Option(min=8, max=500, help="virtual patients with images")] = 24,
    seed: Annotated[int, typer.Option(help="same seed, same centres")] = 1,
    jobs: Annotated[int | None, typer.Option(min=1, help="worker processes")] = None,
    study: Annotated[
        list[str] | None, typer.Option("--study", help="run this shipped study only; may stand several times")
    ] = None,
    sources: Annotated[
        bool, typer.Option("--sources", help="write the same records as OMOP, REDCap, tables and letters too")
    ] = False,
) -> None:
    """Make virtual centres (synthetic scans and records), fill registries, run the studies, write index.html."""
    from lutrace.study import shipped_names, write_demo_index

    started = time.perf_counter()
    wanted = list(dict.fromkeys(study or [SCANNED, *shipped_names()]))
    unknown = [name for name in wanted if name not in shipped_names()]
    if unknown:
        raise UnusableInputError(f"--study expects one of {', '.join(shipped_names())}, got {', '.join(unknown)}")
    _clear_earlier_demo(out)
    runs: list[IndexedRun] = []
    numbers: list[tuple[str, str]] = []
    with spawn_workers(jobs or 2) as pool:
        if SCANNED in wanted:
            run, numbers = _run_scanned(out, patients=patients, seed=seed, jobs=jobs, sources=sources)
            runs.append(run)
        runs += _run_on_records(pool, out, [name for name in wanted if name != SCANNED], seed=seed)
    numbers.append(("from nothing to here", f"{time.perf_counter() - started:.0f} s"))
    index = write_demo_index(out, runs, key_numbers=numbers)
    say(f"{time.perf_counter() - started:.0f} s")
    tell(str(index))


def _run_scanned(
    out: Path, *, patients: int, seed: int, jobs: int | None, sources: bool
) -> tuple[IndexedRun, list[tuple[str, str]]]:
    """The centre with images, its registry and its study; and the numbers that sum it up."""
    from lutrace.ingest import run_add_dicom, run_add_fhir, run_init, run_measure
    from lutrace.study import index_run, run_registry_study
    from lutrace.virtual import make_centre, make_sources

    centre, registry = out / "centre", out / "registry"
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
        result = run_registry_study(SCANNED, registry, out / "reports" / SCANNED, progress=progress)
    return index_run(SCANNED, result), [
        ("synthetic patients with images", str(summary.patients)),
        ("PSMA-PET/CT", str(summary.pet_scans)),
        ("177Lu SPECT/CT", str(summary.spect_scans)),
        ("rows of facts", str(records.added + scans.added + measured.rows.added)),
    ]


def _run_on_records(pool: ProcessPoolExecutor, out: Path, studies: list[str], *, seed: int) -> list[IndexedRun]:
    """The studies on centres of records, each in a worker process, in the order given."""
    waiting: list[Future[IndexedRun]] = [pool.submit(run_on_records, name, out, seed) for name in studies]
    runs = []
    for name, future in zip(studies, waiting, strict=True):
        runs.append(future.result())
        say(f"{name}: done")
    return runs


def run_on_records(study: str, out: Path, seed: int) -> IndexedRun:
    """A virtual centre of one study as tables, added to a registry of its own, and the study run on it."""
    from lutrace.ingest import run_add_table, run_init
    from lutrace.study import index_run, run_registry_study
    from lutrace.virtual import make_cohort_tables

    folder = out / "centres" / study
    made = make_cohort_tables(study, None, seed, folder / "records")
    registry = folder / "registry"
    run_init(registry)
    for _table, source, *options in made.add_arguments:
        run_add_table(registry, [Path(source)], mapping=Path(options[1]) if options else None)
    report = run_registry_study(study, registry, out / "reports" / study, data_cut=made.data_cut)
    return index_run(study, report)


def _clear_earlier_demo(out: Path) -> None:
    """Take away what an earlier demo made here; a folder of somebody else is never touched."""
    mark = out / MARK
    if out.exists() and not mark.is_file() and (not out.is_dir() or any(out.iterdir())):
        raise UnusableInputError(f"{out} holds other files; choose a new folder with --out")
    out.mkdir(parents=True, exist_ok=True)
    mark.write_text("Synthetic: made by lutrace demo, which may take this folder away.\n", encoding="utf-8")
    for name in _MADE:
        shutil.rmtree(out / name, ignore_errors=True)
