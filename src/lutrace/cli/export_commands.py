"""`lutrace export`: what a registry holds, in the formats of others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lutrace.cli.bars import progress_bars
from lutrace.cli.show import say_warnings, show_json, tell
from lutrace.core import UnusableInputError

if TYPE_CHECKING:
    from lutrace.ingest import ExportResult


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


@dataclass(frozen=True)
class _Options:
    """What goes with some formats only; `_GOES_WITH` says with which."""

    dicom: Path | None
    plan: tuple[str, ...]
    anchor: Anchor | None
    form: Form | None
    shift_dates: bool
    notes: bool


_GOES_WITH: dict[str, tuple[Format, ...]] = {
    "dicom": (Format.SEG,),
    "plan": (Format.SEG, Format.CSV),
    "anchor": (Format.CBIOPORTAL,),
    "form": (Format.OMOP,),
    "notes": (Format.OMOP,),
    "shift_dates": (Format.OMOP, Format.FHIR),
}


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
    source, out = _source_and_folder(places, registry)
    options = _Options(dicom, tuple(plan or ()), anchor, form, shift_dates, notes)
    _check_options(kind, options)
    result = _write(kind, source, out, options)
    if as_json:
        show_json({"files": [str(path) for path in result.written], "warnings": result.warnings})
    else:
        tell(f"{len(result.written)} files written")
        say_warnings(result.warnings)
    if not result.written:
        raise typer.Exit(1)


def _write(kind: Format, source: Path, out: Path, options: _Options) -> ExportResult:
    from lutrace.ingest import (
        run_export_cbioportal,
        run_export_csv,
        run_export_fhir,
        run_export_omop,
        run_export_redcap,
        run_export_seg,
    )

    match kind:
        case Format.OMOP:
            return run_export_omop(
                source,
                out,
                form="csv" if options.form is Form.CSV else "parquet",
                shift_dates=options.shift_dates,
                notes=options.notes,
            )
        case Format.FHIR:
            return run_export_fhir(source, out, shift_dates=options.shift_dates)
        case Format.CBIOPORTAL:
            return run_export_cbioportal(source, out, anchor=(options.anchor or Anchor.DIAGNOSIS).value)
        case Format.CSV:
            return run_export_csv(source, out, plans=options.plan)
        case Format.REDCAP:
            return run_export_redcap(source, out)
        case Format.SEG:
            with progress_bars() as progress:
                return run_export_seg(source, out, dicom=options.dicom, plans=options.plan, progress=progress)


def _check_options(kind: Format, options: _Options) -> None:
    """Refuse an option that is given with a format it does not belong to."""
    for name, kinds in _GOES_WITH.items():
        if getattr(options, name) and kind not in kinds:
            fitting = " and ".join(f"`export {one.value}`" for one in kinds)
            option = f"--{name.replace('_', '-')}"
            raise UnusableInputError(f"{option} goes with {fitting}, not with `export {kind.value}`")


def _source_and_folder(places: list[Path], registry: Path | None) -> tuple[Path, Path]:
    """What is written out, and where to."""
    given = [*([registry] if registry is not None else []), *places]
    if len(given) != 2:
        raise UnusableInputError("export: expected the registry and the folder to write into, as SOURCE DIR")
    return given[0], given[1]
