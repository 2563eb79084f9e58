"""`lutrace suv` and `lutrace roi`: single steps on plain files, useful alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lutrace.cli.show import show_rows
from lutrace.core import UnusableInputError
from lutrace.ingest import SiteProfile, parse_profile, run_roi, run_suv

AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")]
Out = Annotated[Path | None, typer.Option("--out", help="write the same rows to a CSV, TSV, XLSX or Parquet file")]

SUV_COLUMNS = (
    "modality",
    "manufacturer",
    "units",
    "decay_correction",
    "status",
    "factor_suvbw",
    "suvbw_max",
    "injected_bq_at_reference",
    "weight_kg",
    "activity_budget_pct",
    "reason",
    "steps",
    "warnings",
)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("suv")(suv)
    app.command("roi")(roi)


def suv(
    folders: Annotated[list[Path], typer.Argument(help="folders or files with DICOM PET or SPECT, mixed is fine")],
    injections: Annotated[
        Path | None,
        typer.Option(help="table of administrations (patient_id cycle administered_mbq ...)"),
    ] = None,
    profile: Annotated[
        Path | None, typer.Option(help="site profile (site.yaml) with calibration and precedence")
    ] = None,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """SUV factor of each series, with every step to it; one without the facts for it is refused, with the reason."""
    site = _site(profile)
    result = run_suv(folders, injections=injections, profile=site.quantification if site is not None else None)
    show_rows("series", list(result.rows), warnings=result.warnings, as_json=as_json, out=out, columns=SUV_COLUMNS)
    if any(row["status"] == "refused" for row in result.rows):
        raise typer.Exit(1)


def roi(
    folder: Annotated[Path, typer.Argument(help="folder with one image series (DICOM)")],
    masks: Annotated[Path, typer.Option(help="RTSTRUCT, SEG or NIfTI file, or a folder of them")],
    write_masks: Annotated[
        Path | None, typer.Option("--write-masks", help="write each region as <roi>.nii.gz on the image's grid")
    ] = None,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Volume and uptake of each region on an image's grid."""
    result = run_roi(folder, masks, write_masks=write_masks)
    show_rows("regions", list(result.regions), warnings=result.warnings, as_json=as_json, out=out)


def _site(path: Path | None) -> SiteProfile | None:
    if path is None:
        return None
    if not path.is_file():
        raise UnusableInputError(f"{path.name}: no such site profile")
    return parse_profile(path.read_text(encoding="utf-8"))
