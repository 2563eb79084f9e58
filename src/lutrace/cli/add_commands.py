"""`lutrace add`: scans and records of any kind into the registry.

Corridors are imported when the command runs: `lutrace --help` answers at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lutrace.cli.bars import progress_bars
from lutrace.cli.registry_commands import AsJson, Jobs, RegistryFolder
from lutrace.cli.show import say, say_warnings, show_choices, show_json, tell
from lutrace.core import Progress, UnusableInputError

if TYPE_CHECKING:
    from lutrace.ingest import AddResult


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
    """Add this command."""
    app.command("add", short_help="Read, check and store scans or records.")(add)


def add(
    kind: Annotated[
        Kind, typer.Argument(help="what the sources are; omop and redcap are not read in this version")
    ],
    sources: Annotated[list[str], typer.Argument(help="files, folders, or the address of a server or database")],
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
    sources: list[str],
    registry: Path,
    *,
    table: str | None,
    dry_run: bool,
    workers: _Workers,
    progress: Progress,
) -> AddResult:
    from lutrace.ingest import run_add_dicom, run_add_fhir, run_add_masks, run_add_notes, run_add_table

    paths = [Path(one) for one in sources]
    match kind:
        case Kind.DICOM:
            return run_add_dicom(
                registry, paths, dry_run=dry_run, progress=progress, jobs=workers.jobs, scheduler=workers.scheduler
            )
        case Kind.FHIR:
            return run_add_fhir(registry, paths, dry_run=dry_run, progress=progress)
        case Kind.TABLE:
            return run_add_table(registry, paths, table=table, dry_run=dry_run, progress=progress)
        case Kind.MASKS:
            return run_add_masks(registry, paths, dry_run=dry_run, progress=progress, jobs=workers.jobs)
        case Kind.NOTES:
            return run_add_notes(registry, paths, dry_run=dry_run, progress=progress)
    raise UnusableInputError(f"`add {kind.value}` is not in this version; it reads dicom, fhir, table, masks and notes")
