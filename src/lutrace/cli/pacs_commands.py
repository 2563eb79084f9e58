"""`lutrace pacs receive`, `find`, `pull`: images from a PACS, by DICOM's network protocol or DICOMweb.

Corridors are imported when their command runs: `lutrace --help` answers at once.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lutrace.cli.bars import progress_bars
from lutrace.cli.show import say, say_warnings, show_json, show_rows, tell
from lutrace.core import UnusableInputError

if TYPE_CHECKING:
    from lutrace.ingest import AddResult, ArchiveQuery, PacsSource, TlsFiles

TOKEN_VARIABLE = "LUTRACE_DICOMWEB_TOKEN"
OWN_AET = "LUTRACE"

RegistryFolder = Annotated[Path, typer.Option("--registry", help="folder made by `lutrace init`")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")]
Jobs = Annotated[int | None, typer.Option(min=1, help="worker processes (default: one per core, at most 4)")]
Host = Annotated[str | None, typer.Option(help="host of the archive")]
Port = Annotated[int | None, typer.Option(min=1, max=65535, help="port of the archive")]
Aec = Annotated[str | None, typer.Option("--aec", help="AE title of the archive")]
Aet = Annotated[str, typer.Option("--aet", help="our AE title, as the archive knows it")]
Web = Annotated[str | None, typer.Option("--dicomweb", help="base address of a DICOMweb service, in place of --host")]
TokenFile = Annotated[
    Path | None, typer.Option("--token-file", help=f"file with the DICOMweb token (or environment {TOKEN_VARIABLE})")
]
PatientFile = Annotated[
    Path | None, typer.Option("--patient-file", help="patient identifiers: one per line, or a table with patient_id")
]
Modality = Annotated[str | None, typer.Option(help="studies with a series of this modality (PT, NM)")]
First = Annotated[dt.datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="first day of the studies")]
Last = Annotated[dt.datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="last day of the studies")]
TlsCa = Annotated[Path | None, typer.Option("--tls-ca", help="PEM file of the authorities to trust")]
TlsCert = Annotated[Path | None, typer.Option("--tls-cert", help="PEM file of our certificate")]
TlsKey = Annotated[Path | None, typer.Option("--tls-key", help="PEM file of our certificate's key")]
Tls = Annotated[bool, typer.Option("--tls", help="speak TLS (--tls-ca, --tls-cert and --tls-key imply it)")]

pacs = typer.Typer(help="Images from a PACS: receive, find, pull.", no_args_is_help=False, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(pacs, name="pacs")


@pacs.command("receive", short_help="Receive images (C-STORE) into the registry.")
def receive(  # noqa: PLR0913 - each parameter is an option
    registry: RegistryFolder,
    port: Annotated[int, typer.Option(min=1, max=65535, help="port to listen on")],
    aet: Annotated[
        str | None, typer.Option("--aet", help="our AE title; given, only those who call it come in (default: LUTRACE)")
    ] = None,
    bind: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    caller: Annotated[list[str] | None, typer.Option(help="AE title that may send (default: any)")] = None,
    until_idle: Annotated[float | None, typer.Option(min=0, help="seconds of silence after which to end")] = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    tls_ca: TlsCa = None,
    jobs: Jobs = None,
    as_json: AsJson = False,
) -> None:
    """Receive images (C-STORE) into the registry; killed and started again, nothing is lost or doubled."""
    from lutrace.ingest import Listening, run_receive

    tls = _tls(tls_ca, tls_cert, tls_key, wanted=False)
    listening = Listening(
        OWN_AET if aet is None else aet, port, bind, tuple(caller or ()), tls, called_only=aet is not None
    )
    with progress_bars() as progress:
        result = run_receive(registry, listening, until_idle_s=until_idle, jobs=jobs, tell=say, progress=progress)
    refused = [f"{count} refused: {reason}" for reason, count in sorted(result.refused.items())]
    objects = {"kept": result.kept, "held": result.held, "replaced": result.replaced}
    if as_json:
        shown = {"objects": {**objects, "refused": result.refused}, **_rows(result.rows)}
        show_json({**shown, "warnings": [*refused, *result.rows.warnings]})
    else:
        tell(", ".join(f"{name} {n}" for name, n in objects.items()) + f"; {_counts(result.rows)}")
        say_warnings([*refused, *result.rows.warnings])
    _end(result.rows, registry)


@pacs.command("find", short_help="Show the series that an archive holds.")
def find(  # noqa: PLR0913
    host: Host = None,
    port: Port = None,
    aec: Aec = None,
    aet: Aet = OWN_AET,
    dicomweb: Web = None,
    token_file: TokenFile = None,
    patient_file: PatientFile = None,
    modality: Modality = None,
    first: First = None,
    last: Last = None,
    identifiers: Annotated[bool, typer.Option("--identifiers", help="show who it is, and the UIDs")] = False,
    tls: Tls = False,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    as_json: AsJson = False,
    out: Annotated[Path | None, typer.Option("--out", help="write the same rows to a file")] = None,
) -> None:
    """Show the series that an archive holds; patients and studies are numbered, not named, unless asked."""
    from lutrace.ingest import run_find

    files = _tls(tls_ca, tls_cert, tls_key, wanted=tls)
    source = _source(host, port, aec, aet, web=dicomweb, token_file=token_file, tls=files)
    rows = run_find(source, _query(patient_file, modality, first, last), identifiers=identifiers)
    show_rows("series", rows, as_json=as_json, out=out)


@pacs.command("pull", short_help="Fetch what fits and is not there yet, and add it.")
def pull(  # noqa: PLR0913
    registry: RegistryFolder,
    host: Host = None,
    port: Port = None,
    aec: Aec = None,
    aet: Aet = OWN_AET,
    receive_port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="have images moved to this port of ours (C-MOVE); without it, C-GET"),
    ] = None,
    bind: Annotated[str, typer.Option(help="address to listen on for C-MOVE")] = "127.0.0.1",
    dicomweb: Web = None,
    token_file: TokenFile = None,
    patient_file: PatientFile = None,
    modality: Modality = None,
    first: First = None,
    last: Last = None,
    tls: Tls = False,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    jobs: Jobs = None,
    as_json: AsJson = False,
) -> None:
    """Fetch what fits and is not there yet, and add it; stopped, it goes on where it was."""
    from lutrace.ingest import Listening, run_pull

    files = _tls(tls_ca, tls_cert, tls_key, wanted=tls)
    listening = Listening(aet, receive_port, bind) if receive_port is not None else None
    source = _source(host, port, aec, aet, web=dicomweb, token_file=token_file, tls=files, listening=listening)
    with progress_bars() as progress:
        result = run_pull(registry, source, _query(patient_file, modality, first, last), jobs=jobs, progress=progress)
    series = {
        "found": result.found,
        "present": result.present,
        "fetched": result.fetched,
        "incomplete": result.incomplete,
    }
    warnings = [*result.warnings, *result.rows.warnings]
    if as_json:
        show_json({"series": series, "objects": result.objects, **_rows(result.rows), "warnings": warnings})
    else:
        tell("series " + ", ".join(f"{name} {n}" for name, n in series.items()) + f"; {_counts(result.rows)}")
        say_warnings(warnings)
    _end(result.rows, registry)
    if result.incomplete:
        raise typer.Exit(1)


def _query(
    patient_file: Path | None, modality: str | None, first: dt.datetime | None, last: dt.datetime | None
) -> ArchiveQuery:
    from lutrace.ingest import ArchiveQuery, read_patient_ids

    patients = read_patient_ids(patient_file) if patient_file is not None else ()
    return ArchiveQuery(patients, modality, first.date() if first else None, last.date() if last else None)


def _source(
    host: str | None,
    port: int | None,
    aec: str | None,
    aet: str,
    *,
    web: str | None,
    token_file: Path | None,
    tls: TlsFiles | None,
    listening: object = None,
) -> PacsSource:
    from lutrace.ingest import Listening, PacsSource, Peer, WebAddress, read_token

    if web is not None:
        if host is not None or port is not None or aec is not None or listening is not None:
            raise UnusableInputError("pacs: --dicomweb goes without --host, --port, --aec and --receive-port")
        token = read_token(token_file) if token_file is not None else os.environ.get(TOKEN_VARIABLE) or None
        parts = (tls.authorities, tls.certificate, tls.key) if tls is not None else (None, None, None)
        return PacsSource(web=WebAddress(web, token, *parts))
    if host is None or port is None or aec is None:
        raise UnusableInputError("pacs: expected --host, --port and --aec (the archive's AE title), or --dicomweb")
    return PacsSource(Peer(host, port, aec, aet, tls), listening if isinstance(listening, Listening) else None)


def _tls(ca: Path | None, cert: Path | None, key: Path | None, *, wanted: bool) -> TlsFiles | None:
    from lutrace.ingest import TlsFiles

    for path in (ca, cert, key):
        if path is not None and not path.is_file():
            raise UnusableInputError(f"TLS: {path.name}: no such file")
    return TlsFiles(ca, cert, key) if wanted or ca or cert or key else None


def _rows(result: AddResult) -> dict[str, object]:
    counts = {
        "added": result.added,
        "updated": result.updated,
        "unchanged": result.unchanged,
        "quarantined": result.quarantined,
    }
    return {"rows": counts, "tables": result.by_table}


def _counts(result: AddResult) -> str:
    return (
        f"rows added {result.added}, updated {result.updated}, unchanged {result.unchanged}, "
        f"quarantined {result.quarantined}"
    )


def _end(result: AddResult, registry: Path) -> None:
    if result.quarantined:
        say("the refused rows and the rules they broke: lutrace check --registry " + str(registry))
        raise typer.Exit(1)
