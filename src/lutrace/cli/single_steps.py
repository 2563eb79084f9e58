"""`lutrace suv`, `roi`, `lesions` and `track`: single steps on plain files, useful alone.

Corridors are imported when their command runs: `lutrace --help` answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lutrace.cli.bars import progress_bars
from lutrace.cli.lesions_shown import show_lesions
from lutrace.cli.show import say, say_warnings, show_json, show_rows
from lutrace.core import UnusableInputError, check_is_other_file

if TYPE_CHECKING:
    from lutrace.ingest import SiteProfile

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
    "hours_after_injection",
    "reference_hours_after_injection",
    "reason",
    "steps",
    "warnings",
)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("suv", short_help="SUV factor of each series, with every step to it.")(suv)
    app.command("roi")(roi)
    app.command("lesions", short_help="Lesions of one scan, or candidate uptake; three totals.")(lesions)
    app.command("track", short_help="What became of each lesion from scan to scan.")(track)


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
    from lutrace.ingest import run_suv

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
    from lutrace.ingest import run_roi

    result = run_roi(folder, masks, write_masks=write_masks)
    show_rows("regions", list(result.regions), warnings=result.warnings, as_json=as_json, out=out)


def lesions(
    folder: Annotated[Path, typer.Argument(help="folder with one PET or SPECT series (DICOM)")],
    out: Annotated[Path, typer.Option("--out", help="folder for tables, SEG, RTSTRUCT, SR and pictures")],
    plan: Annotated[
        list[str] | None,
        typer.Option(help="suv3, suv4, liver, percent41, percent50 or adaptive; may be repeated (default: suv3)"),
    ] = None,
    ct: Annotated[Path | None, typer.Option("--ct", help="folder with the CT of the same examination")] = None,
    organs: Annotated[Path | None, typer.Option(help="organ masks: SEG, RTSTRUCT or NIfTI, or a folder")] = None,
    injections: Annotated[Path | None, typer.Option(help="table of administrations, as for `lutrace suv`")] = None,
    profile: Annotated[Path | None, typer.Option(help="site profile (site.yaml)")] = None,
    as_json: AsJson = False,
) -> None:
    """Lesions of one PSMA scan and three totals; without organ masks it is candidate uptake, not TTV.

    Writes lesions.csv, totals.csv, SEG, RTSTRUCT, SUV mapping, SR, mip.png and mip_rotating.gif; several plans get a
    folder each. Earlier results in the folder are replaced as a whole.
    """
    from lutrace.ingest import LesionInputs, run_lesions

    given = LesionInputs(ct=ct, organs=organs, injections=injections, profile=_site(profile))
    with progress_bars() as progress:
        result = run_lesions(folder, plan or ["suv3"], out=out, inputs=given, progress=progress)
    if as_json:
        totals = result.totals[0] if len(result.totals) == 1 else list(result.totals)
        refused = [{"plan": name, "reason": reason} for name, reason in result.refused]
        show_json({"lesions": result.lesions, "totals": totals, "refused": refused, "warnings": result.warnings})
    else:
        for total in result.totals:
            show_lesions([row for row in result.lesions if row["plan"] == total["plan"]], total)
        say_warnings(result.warnings)
    if result.refused:
        for name, reason in result.refused:
            say(f"error: plan {name}: {reason}")
        raise typer.Exit(1)


def track(  # noqa: PLR0913 - each parameter is an option
    baseline: Annotated[
        Path, typer.Argument(help="table of lesions: lesion_id x_mm y_mm z_mm [volume_ml] [pair] [category]")
    ],
    followup: Annotated[Path, typer.Argument(help="table of lesions of the later scan")],
    registration: Annotated[
        Path | None,
        typer.Option(help="JSON 4 x 4 matrix, DICOM (deformable) registration, ITK transform, displacements; LPS mm"),
    ] = None,
    fixed: Annotated[
        Literal["baseline", "followup"] | None,
        typer.Option(help="the scan that was the fixed image of the registration: its points are mapped"),
    ] = None,
    baseline_masks: Annotated[
        Path | None, typer.Option(help="SEG, RTSTRUCT or NIfTI, or a folder; regions named after lesion_id")
    ] = None,
    followup_masks: Annotated[Path | None, typer.Option(help="the same of the later scan")] = None,
    all_rows: Annotated[
        bool, typer.Option("--all", help="track physiological, artefact and benign rows too, not tumour and uncertain")
    ] = False,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """What became of each lesion: matched, new, resolved, merged or split. Provisional in this version.

    Places alone are enough; with masks of both scans their overlap counts too.
    """
    from lutrace.ingest import TrackInputs, run_track

    if out is not None:
        check_is_other_file(out, baseline, followup)
    given = TrackInputs(registration, baseline_masks, followup_masks, all_rows, fixed)
    result = run_track(baseline, followup, inputs=given)
    show_rows("links", list(result.links), warnings=result.warnings, as_json=as_json, out=out)


def _site(path: Path | None) -> SiteProfile | None:
    from lutrace.ingest import parse_profile

    if path is None:
        return None
    if not path.is_file():
        raise UnusableInputError(f"{path.name}: no such site profile")
    return parse_profile(path.read_text(encoding="utf-8"), name=path.name)
