"""`lutrace export`: what a registry holds, in the formats of others."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lutrace.cli.bars import progress_bars
from lutrace.cli.show import say_warnings, show_json, tell
from lutrace.core import UnusableInputError


class Format(StrEnum):
    """What is written."""

    SEG = "seg"
    CSV = "csv"


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("export", short_help="Measured lesions as DICOM objects, or tables as CSV.")(export)


def export(
    kind: Annotated[Format, typer.Argument(help="seg: DICOM SEG, RTSTRUCT and SR; csv: the measured tables")],
    out: Annotated[Path, typer.Argument(help="folder to write into")],
    registry: Annotated[Path, typer.Option("--registry", help="folder made by `lutrace init`")],
    dicom: Annotated[
        Path | None, typer.Option(help="seg: folder of the original series, whose patient and UIDs are referred to")
    ] = None,
    plan: Annotated[
        list[str] | None, typer.Option(help="only this measurement plan; may be repeated (default: all)")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")] = False,
) -> None:
    """Measured lesions as DICOM objects that other programs open in place, or the tables as CSV with pseudonyms."""
    from lutrace.ingest import run_export_csv, run_export_seg

    if kind is Format.CSV:
        if dicom is not None:
            raise UnusableInputError("--dicom goes with `export seg`, not with `export csv`")
        result = run_export_csv(registry, out, plans=plan or ())
    else:
        with progress_bars() as progress:
            result = run_export_seg(registry, out, dicom=dicom, plans=plan or (), progress=progress)
    if as_json:
        show_json({"files": [str(path) for path in result.written], "warnings": result.warnings})
    else:
        tell(f"{len(result.written)} files written")
        say_warnings(result.warnings)
    if not result.written:
        raise typer.Exit(1)
