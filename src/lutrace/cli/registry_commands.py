"""`lutrace init`, `add`, `measure`, `check`: fill a registry and look after it.

Corridors are imported when their command runs: `lutrace --help` answers at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lutrace.cli.bars import progress_bars
from lutrace.cli.show import say, say_warnings, show_choices, show_json, show_rows, tell
from lutrace.core import Progress, UnusableInputError

if TYPE_CHECKING:
    from lutrace.ingest import AddResult

RegistryFolder = Annotated[Path, typer.Option("--registry", help="folder made by `lutrace init`")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")]
Jobs = Annotated[int | None, typer.Option(min=1, help="worker processes (default: one per core, at most 4)")]


class Kind(StrEnum):
    """What `lutrace add` can read."""

    DICOM = "dicom"
    FHIR = "fhir"
    TABLE = "table"
    MASKS = "masks"
    OMOP = "omop"
    REDCAP = "redcap"
    NOTES = "notes"


@dataclass(frozen=True)
class _Workers:
    """How many processes may work, or the scheduler whose workers do."""

    jobs: int | None
    scheduler: str | None


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("init", short_help="Make an empty registry with its site profile.")(init)
    app.command("add", short_help="Read, check and store scans or records.")(add)
    app.command("measure", short_help="SUV, organs, lesions and tracking of every new scan.")(measure)
    app.command("check", short_help="What is missing, impossible or contradictory.")(check)
    app.command("upgrade", short_help="Bring an older registry to this version's tables.")(upgrade)


def init(folder: Annotated[Path, typer.Argument(help="folder to make")]) -> None:
    """Make an empty registry with a commented site profile, site.yaml."""
    from lutrace.ingest import run_init

    run_init(folder)
    tell(f"{folder}: an empty registry; read {folder / 'site.yaml'} and fill in what your site needs")


def add(
    kind: Annotated[
        Kind, typer.Argument(help="what the sources are; omop, redcap and notes are not read in this version")
    ],
    sources: Annotated[list[Path], typer.Argument(help="files or folders")],
    registry: RegistryFolder,
    table: Annotated[
        str | None, typer.Option(help="add table: fact table of the rows (default: the file's name)")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="read and check, store nothing")] = False,
    jobs: Jobs = None,
    scheduler: Annotated[str | None, typer.Option(help="add dicom: address of a Dask scheduler")] = None,
    as_json: AsJson = False,
) -> None:
    """Read, check and store scans or records; running it twice changes nothing."""
    if table is not None and kind is not Kind.TABLE:
        raise UnusableInputError(f"--table goes with `add table`, not with `add {kind.value}`")
    if scheduler is not None and kind is not Kind.DICOM:
        raise UnusableInputError(f"--scheduler goes with `add dicom`, not with `add {kind.value}`")
    workers = _Workers(jobs, scheduler)
    with progress_bars() as progress:
        result = _add(kind, sources, registry, table=table, dry_run=dry_run, workers=workers, progress=progress)
    counts = {
        "added": result.added,
        "updated": result.updated,
        "unchanged": result.unchanged,
        "quarantined": result.quarantined,
    }
    if as_json:
        show_json(
            {
                "rows": counts,
                "tables": result.by_table,
                "dry_run": dry_run,
                "choices": list(result.choices),
                "warnings": list(result.warnings),
            }
        )
    else:
        tell(("would be " if dry_run else "") + ", ".join(f"{name} {n}" for name, n in counts.items()))
        show_choices(result.choices)
        say_warnings(result.warnings)
    if result.quarantined:
        say("the refused rows and the rules they broke: lutrace check --registry " + str(registry))
        raise typer.Exit(1)


def _add(
    kind: Kind,
    sources: list[Path],
    registry: Path,
    *,
    table: str | None,
    dry_run: bool,
    workers: _Workers,
    progress: Progress,
) -> AddResult:
    from lutrace.ingest import run_add_dicom, run_add_fhir, run_add_masks, run_add_table

    match kind:
        case Kind.DICOM:
            return run_add_dicom(
                registry, sources, dry_run=dry_run, progress=progress, jobs=workers.jobs, scheduler=workers.scheduler
            )
        case Kind.FHIR:
            return run_add_fhir(registry, sources, dry_run=dry_run, progress=progress)
        case Kind.TABLE:
            return run_add_table(registry, sources, table=table, dry_run=dry_run, progress=progress)
        case Kind.MASKS:
            return run_add_masks(registry, sources, dry_run=dry_run, progress=progress, jobs=workers.jobs)
    raise UnusableInputError(f"`add {kind.value}` is not in this version; it reads dicom, fhir, table and masks")


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


def check(registry: RegistryFolder, as_json: AsJson = False) -> None:
    """What is missing, impossible or contradictory, with the rows and what to do."""
    from lutrace.ingest import run_check

    rows = run_check(registry)
    if rows or as_json:
        show_rows("findings", rows, as_json=as_json)
    else:
        tell("nothing missing, impossible or contradictory in what is stored; scans never added are not missed")
    if rows:
        raise typer.Exit(1)


def upgrade(registry: RegistryFolder) -> None:
    """Bring a registry of an older version to this one's tables; its rows stay, and scans are then measured anew."""
    from lutrace.ingest import run_upgrade

    done = run_upgrade(registry)
    for line in done:
        tell(line)
    tell("the registry is of this version" + ("; run lutrace measure to measure anew" if done else " already"))
