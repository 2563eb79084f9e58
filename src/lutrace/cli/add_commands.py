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
from lutrace.cli.show import say, say_warnings, show_account, show_choices, show_json, tell
from lutrace.core import Progress, UnusableInputError, check_is_other_file, is_address, write_rows

if TYPE_CHECKING:
    from lutrace.ingest import AddResult, BulkLevel, ServerAccess


class Bulk(StrEnum):
    """The levels of a bulk export."""

    SYSTEM = "system"
    PATIENT = "patient"
    GROUP = "group"


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
class _Options:
    """What goes with some kinds only; `_GOES_WITH` says with which. `mapping` tells what fields or columns mean."""

    table: str | None = None
    mapping: Path | None = None
    propose_mapping: Path | None = None
    scheduler: str | None = None
    token_file: Path | None = None
    access: Path | None = None
    patients: Path | None = None
    group: str | None = None
    since: str | None = None
    bulk: BulkLevel | None = None
    schema: str | None = None
    out: Path | None = None
    anchor: Path | None = None


_SERVER = ("token_file", "access", "patients", "group", "since", "bulk")
_GOES_WITH: dict[str, tuple[Kind, ...]] = {
    "table": (Kind.TABLE,),
    "out": (Kind.TABLE, Kind.REDCAP),
    "anchor": (Kind.TABLE,),
    "mapping": (Kind.TABLE, Kind.REDCAP),
    "propose_mapping": (Kind.TABLE, Kind.REDCAP),
    "scheduler": (Kind.DICOM,),
    "schema": (Kind.OMOP,),
    **dict.fromkeys(_SERVER, (Kind.FHIR,)),
    "token_file": (Kind.FHIR, Kind.REDCAP),
    "access": (Kind.FHIR, Kind.REDCAP),
}


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("add", short_help="Read, check and store scans or records.")(add)


def add(  # noqa: PLR0913 - each parameter is an option
    kind: Annotated[Kind, typer.Argument(help="what the sources are")],
    sources: Annotated[list[str], typer.Argument(help="files, folders, or the address of a server or database")],
    registry: RegistryFolder,
    table: Annotated[
        str | None, typer.Option(help="add table: fact table of the rows (default: the file's name)")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="add table, redcap: YAML file that says which column or field is which fact")
    ] = None,
    propose_mapping: Annotated[
        Path | None, typer.Option(help="add table, redcap: write a proposed mapping to this file, store nothing")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="read and check, store nothing")] = False,
    out: Annotated[Path | None, typer.Option(help="with --dry-run: file for what becomes of every row")] = None,
    jobs: Jobs = None,
    scheduler: Annotated[str | None, typer.Option(help="add dicom: address of a Dask scheduler")] = None,
    access: Annotated[
        Path | None,
        typer.Option(help="FHIR server, REDCap API: YAML file with token_file or oauth, authorities, ..."),
    ] = None,
    token_file: Annotated[Path | None, typer.Option(help="FHIR server, REDCap API: file with the token")] = None,
    patients: Annotated[
        Path | None, typer.Option(help="FHIR server: patient identifiers, one per line, or a table with patient_id")
    ] = None,
    group: Annotated[str | None, typer.Option(help="FHIR server: id of the Group whose members are read")] = None,
    since: Annotated[str | None, typer.Option(help="FHIR server: what has changed since this instant or day")] = None,
    bulk: Annotated[Bulk | None, typer.Option(help="FHIR server: by Bulk Data Access, at this level")] = None,
    schema: Annotated[str | None, typer.Option(help="add omop: schema of the database that holds the CDM")] = None,
    anchor: Annotated[
        Path | None, typer.Option(help="cBioPortal timelines: table of patient_id and date, the day that is day 0")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read, check and store scans or records; running it twice changes nothing."""
    level: BulkLevel | None = bulk.value if bulk is not None else None
    options = _Options(
        table,
        mapping,
        propose_mapping,
        scheduler,
        token_file,
        access,
        patients,
        group,
        since,
        level,
        schema,
        out,
        anchor,
    )
    _check_options(kind, sources, options, dry_run=dry_run)
    if propose_mapping is not None:
        _propose(kind, sources, options, as_json=as_json)
        return
    with progress_bars() as progress:
        result = _add(kind, sources, registry, options, dry_run=dry_run, jobs=jobs, progress=progress)
    if out is not None:
        write_rows(out, result.explained, ("file", "row", "table", "outcome", "words", "remedy"))
    _show(result, dry_run=dry_run, as_json=as_json)
    _end(result, registry, dry_run=dry_run)


def _end(result: AddResult, registry: Path, *, dry_run: bool) -> None:
    """Exit with 1 when rows were refused, and say where they and their rules are listed."""
    if not result.quarantined:
        return
    if not dry_run:
        say("the refused rows and the rules they broke: lutrace check --registry " + str(registry))
    raise typer.Exit(1)


def _show(result: AddResult, *, dry_run: bool, as_json: bool) -> None:
    """What was stored, or would be, and what was chosen and warned of."""
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
                **({"told": list(result.told)} if result.told else {}),
                **({"explained": list(result.explained)} if result.explained else {}),
                "warnings": list(result.warnings),
            }
        )
        return
    tell(("would be " if dry_run else "") + ", ".join(f"{name} {n}" for name, n in counts.items()))
    for words in result.told:
        tell(words)
    show_choices(result.choices)
    show_account(result.explained)
    say_warnings(result.warnings)


def _is_server(kind: Kind, sources: list[str]) -> bool:
    return kind is Kind.FHIR and any(is_address(one) for one in sources)


def _check_options(kind: Kind, sources: list[str], options: _Options, *, dry_run: bool) -> None:
    """Raise UnusableInputError for an option that does not go with the kind of source, or with the other options."""
    for name, kinds in _GOES_WITH.items():
        if getattr(options, name) is not None and kind not in kinds:
            words = " and ".join(f"`add {one.value}`" for one in kinds)
            raise UnusableInputError(f"--{name.replace('_', '-')} goes with {words}, not with `add {kind.value}`")
    if (
        kind is Kind.FHIR
        and not _is_server(kind, sources)
        and any(getattr(options, name) is not None for name in _SERVER)
    ):
        raise UnusableInputError("--access, --token-file, --patients, --group, --since, --bulk go with a FHIR server")
    if options.out is not None:
        if not dry_run:
            raise UnusableInputError("--out goes with --dry-run: it holds what would become of every row")
        check_is_other_file(options.out, *map(Path, sources))


def _add_server(
    sources: list[str], registry: Path, server: _Options, *, dry_run: bool, progress: Progress
) -> AddResult:
    from lutrace.ingest import FhirQuery, read_patient_ids, run_add_fhir_server

    if len(sources) > 1:
        raise UnusableInputError("add fhir: expected one server at a time, without files beside it")
    patients = read_patient_ids(server.patients) if server.patients is not None else ()
    query = FhirQuery(patients, server.group, server.since, server.bulk)
    return run_add_fhir_server(registry, sources[0], query, _access(server), dry_run=dry_run, progress=progress)


def _access(options: _Options) -> ServerAccess:
    """How the server lets us in, by the options."""
    from lutrace.ingest import ServerAccess, read_access

    if options.access is not None and options.token_file is not None:
        raise UnusableInputError("--token-file goes without --access, which names it inside")
    return read_access(options.access) if options.access is not None else ServerAccess(token_file=options.token_file)


def _add(
    kind: Kind,
    sources: list[str],
    registry: Path,
    options: _Options,
    *,
    dry_run: bool,
    jobs: int | None,
    progress: Progress,
) -> AddResult:
    from lutrace.ingest import (
        is_timeline_folder,
        run_add_dicom,
        run_add_fhir,
        run_add_masks,
        run_add_notes,
        run_add_table,
    )

    if _is_server(kind, sources):
        return _add_server(sources, registry, options, dry_run=dry_run, progress=progress)
    paths = [Path(one) for one in sources]
    match kind:
        case Kind.DICOM:
            return run_add_dicom(
                registry, paths, dry_run=dry_run, progress=progress, jobs=jobs, scheduler=options.scheduler
            )
        case Kind.FHIR:
            return run_add_fhir(registry, paths, dry_run=dry_run, progress=progress)
        case Kind.TABLE if options.anchor is not None or any(is_timeline_folder(path) for path in paths):
            return _add_timeline(paths, registry, options, dry_run=dry_run, progress=progress)
        case Kind.TABLE:
            return run_add_table(
                registry, paths, table=options.table, mapping=options.mapping, dry_run=dry_run, progress=progress
            )
        case Kind.MASKS:
            return run_add_masks(registry, paths, dry_run=dry_run, progress=progress, jobs=jobs)
        case Kind.NOTES:
            return run_add_notes(registry, paths, dry_run=dry_run, progress=progress)
        case Kind.REDCAP:
            return _add_redcap(sources, registry, options, dry_run=dry_run, progress=progress)
        case Kind.OMOP:
            return _add_omop(sources, registry, options, dry_run=dry_run, progress=progress)


def _add_timeline(
    paths: list[Path], registry: Path, options: _Options, *, dry_run: bool, progress: Progress
) -> AddResult:
    from lutrace.ingest import is_timeline_folder, run_add_timeline

    if len(paths) != 1 or not is_timeline_folder(paths[0]) or options.table is not None:
        raise UnusableInputError(
            "add table: expected one folder with timelines of cBioPortal (meta_timeline_*.txt), without --table"
        )
    return run_add_timeline(
        registry, paths[0], anchor=options.anchor, mapping=options.mapping, dry_run=dry_run, progress=progress
    )


def _add_omop(sources: list[str], registry: Path, options: _Options, *, dry_run: bool, progress: Progress) -> AddResult:
    from lutrace.ingest import run_add_omop

    return run_add_omop(registry, sources, schema=options.schema, dry_run=dry_run, progress=progress)


def _add_redcap(
    sources: list[str], registry: Path, options: _Options, *, dry_run: bool, progress: Progress
) -> AddResult:
    from lutrace.ingest import RedcapSource, run_add_redcap

    if options.mapping is None:
        raise UnusableInputError(
            "add redcap: name the mapping that says which field is which fact: --mapping FILE "
            "(--propose-mapping FILE writes a first one from the data dictionary)"
        )
    source = RedcapSource(tuple(sources), _access(options))
    return run_add_redcap(registry, source, mapping=options.mapping, dry_run=dry_run, progress=progress)


def _propose(kind: Kind, sources: list[str], options: _Options, *, as_json: bool) -> None:
    from lutrace.ingest import run_propose_mapping

    assert options.propose_mapping is not None
    if options.propose_mapping.exists():
        raise UnusableInputError(
            f"{options.propose_mapping.name} is there already; name a new file: none shall be lost"
        )
    if kind is Kind.TABLE:
        like = None if options.mapping is None else str(options.mapping)
        n_open = run_propose_mapping([Path(one) for one in sources], options.propose_mapping, like=like)
    else:
        from lutrace.ingest import RedcapSource, run_propose_redcap

        n_open = run_propose_redcap(RedcapSource(tuple(sources), _access(options)), options.propose_mapping)
    if as_json:
        show_json({"mapping": options.propose_mapping.name, "open_lines": n_open, "warnings": []})
    else:
        tell(f"{options.propose_mapping.name} written; {n_open} lines are open (?) for you to decide")
