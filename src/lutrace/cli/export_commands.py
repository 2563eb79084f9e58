"""`lutrace export`: what a registry holds, in the formats of others."""

from __future__ import annotations

from collections.abc import Mapping
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
    REDCAP = "redcap"
    CBIOPORTAL = "cbioportal"
    OMOP = "omop"
    FHIR = "fhir"


class Form(StrEnum):
    """The files of a CDM."""

    PARQUET = "parquet"
    CSV = "csv"


class Anchor(StrEnum):
    """What a patient's days are counted from."""

    DIAGNOSIS = "diagnosis"
    FIRST_CYCLE = "first_cycle"


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("export", short_help="What a registry holds, in the formats of others.")(export)


def export(  # noqa: PLR0913 - each parameter is an option
    kind: Annotated[
        Format,
        typer.Argument(
            help="seg: DICOM SEG, RTSTRUCT and SR; csv: the measured tables; redcap: dictionary, data and mapping; "
            "cbioportal: a study with timelines; omop: a CDM 5.4; fhir: R4 as NDJSON"
        ),
    ],
    places: Annotated[
        list[Path], typer.Argument(help="the registry and the folder to write into, or that folder with --registry")
    ],
    registry: Annotated[Path | None, typer.Option("--registry", help="folder made by `lutrace init`")] = None,
    dicom: Annotated[
        Path | None, typer.Option(help="seg: folder of the original series, whose patient and UIDs are referred to")
    ] = None,
    plan: Annotated[
        list[str] | None, typer.Option(help="only this measurement plan; may be repeated (default: all)")
    ] = None,
    anchor: Annotated[
        Anchor | None, typer.Option(help="cbioportal: what days are counted from (default: diagnosis)")
    ] = None,
    form: Annotated[Form | None, typer.Option(help="omop: files of the tables (default: parquet)")] = None,
    shift_dates: Annotated[
        bool,
        typer.Option("--shift-dates", help="omop, fhir: move the days of each patient by what the registry keeps"),
    ] = False,
    notes: Annotated[bool, typer.Option("--notes", help="omop: the letters too, which name people")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")] = False,
) -> None:
    """Measured lesions as DICOM objects that open in place, or facts with pseudonyms in the formats of others."""
    from lutrace.ingest import (
        run_export_cbioportal,
        run_export_csv,
        run_export_fhir,
        run_export_omop,
        run_export_redcap,
        run_export_seg,
    )

    source, out = _source_and_folder(places, registry)
    _check_options(
        kind,
        {
            "--dicom": (dicom, (Format.SEG,)),
            "--plan": (plan, (Format.SEG, Format.CSV)),
            "--anchor": (anchor, (Format.CBIOPORTAL,)),
            "--form": (form, (Format.OMOP,)),
            "--notes": (notes, (Format.OMOP,)),
            "--shift-dates": (shift_dates, (Format.OMOP, Format.FHIR)),
        },
    )
    match kind:
        case Format.OMOP:
            as_csv = form is Form.CSV
            result = run_export_omop(
                source, out, form="csv" if as_csv else "parquet", shift_dates=shift_dates, notes=notes
            )
        case Format.FHIR:
            result = run_export_fhir(source, out, shift_dates=shift_dates)
        case Format.CBIOPORTAL:
            result = run_export_cbioportal(source, out, anchor=(anchor or Anchor.DIAGNOSIS).value)
        case Format.CSV:
            result = run_export_csv(source, out, plans=plan or ())
        case Format.REDCAP:
            result = run_export_redcap(source, out)
        case Format.SEG:
            with progress_bars() as progress:
                result = run_export_seg(source, out, dicom=dicom, plans=plan or (), progress=progress)
    if as_json:
        show_json({"files": [str(path) for path in result.written], "warnings": result.warnings})
    else:
        tell(f"{len(result.written)} files written")
        say_warnings(result.warnings)
    if not result.written:
        raise typer.Exit(1)


def _check_options(kind: Format, options: Mapping[str, tuple[object, tuple[Format, ...]]]) -> None:
    """Refuse an option that is given with a format it does not belong to."""
    for name, (given, kinds) in options.items():
        if given and kind not in kinds:
            fitting = " and ".join(f"`export {one.value}`" for one in kinds)
            raise UnusableInputError(f"{name} goes with {fitting}, not with `export {kind.value}`")


def _source_and_folder(places: list[Path], registry: Path | None) -> tuple[Path, Path]:
    """What is written out, and where to."""
    given = [*([registry] if registry is not None else []), *places]
    if len(given) != 2:
        raise UnusableInputError("export: expected the registry and the folder to write into, as SOURCE DIR")
    return given[0], given[1]
