"""One scan's lesions as files that other programs open: SEG, RTSTRUCT, SUV mapping, report, table, projections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from lutrace.core import Row, write_rows
from lutrace.dicom import (
    Algorithm,
    DrawnRegion,
    FlatRegion,
    MeasuredRegion,
    OwnNumber,
    ReportedObjects,
    Tracking,
    name_total_uptake,
    write_rtstruct,
    write_rwvm,
    write_seg,
    write_sr,
)
from lutrace.imaging import Caption, Outline, Volume, render_mip_plate, render_turning_mip
from lutrace.ingest.lesion_marks import lesion_marks
from lutrace.ingest.lesion_tables import digest_frame
from lutrace.physics import SuvFactor
from lutrace.segment import Lesion, LesionSet

LESION_COLUMNS = (
    "lesion_id", "category", "identity", "probability", "site", "mitnm", "mipsma_score", "component", "volume_ml",
    "suv_mean", "suv_max", "suv_peak", "tlp_ml", "x_mm", "y_mm", "z_mm", "recovery", "suv_mean_corrected",
    "tlp_corrected_ml", "below_resolution", "cut_by_view", "frame_digest", "tracking_id", "tracking_uid",
)  # fmt: skip
TABLE_FILES = ("lesions.csv", "totals.csv")
PICTURE_FILES = ("mip.png", "mip_rotating.gif")
OBJECT_FILES = tuple(f"lesions_{kind}.dcm" for kind in ("seg", "rtstruct", "rwvm", "sr"))
SHOWN_BLACK_SUV = 15.0
"""SUVbw shown black in the pictures of single scans."""

_ORDER: tuple[Literal["tumour", "uncertain", "physiological"], ...] = ("tumour", "uncertain", "physiological")
"""In the order of a legend; outlines are drawn the other way round, so that tumour lies on top."""

OTHER_TRACER = "uptake of a tracer that is no PSMA ligand, not TTV"
CANDIDATES_ONLY = "candidate uptake, not TTV"
"""What is said wherever totals are shown that no organ mask and no reader has touched."""

_TOTALS = {
    "above_threshold_ml": ("Volume above threshold", "ml"),
    "tumour_auto_ml": ("Tumour volume, automatic, not reviewed", "ml"),
    "uncertain_ml": ("Volume of uncertain nature", "ml"),
    "tlp_ml": ("{total} of the tumour", "g"),
    "tlp_with_uncertain_ml": ("Total uptake of tumour and uncertain", "g"),
    "tlp_corrected_ml": ("{total} of the tumour over recovery", "g"),
}
_FURTHER = {
    "identity_probability": ("Probability of the identity", "1"),
    "mipsma_score": ("miPSMA expression score", "1"),
    "recovery": ("Recovery coefficient", "1"),
    "suv_mean_corrected": ("SUVbw mean over recovery", "{SUVbw}g/ml"),
    "tlp_corrected_ml": ("{total} over recovery", "g"),
}


@dataclass(frozen=True, eq=False)
class MeasuredScan:
    """A scan with its lesions under one plan.

    `files` are the series that the objects refer to, all of it; `suv` is its volume in SUVbw, `factor` turned it into
    that; `tracking` has the identity of each lesion by number; `title` says what the pictures show, and nobody's name.
    `seed` makes the UIDs of the objects repeatable. `target` is what takes the tracer up (`terms.tracer_target`), None
    when no known tracer is named.
    """

    files: tuple[Path, ...]
    suv: Volume
    factor: SuvFactor
    found: LesionSet
    tracking: Mapping[int, Tracking]
    title: str
    seed: str | None = None
    target: str | None = None

    @property
    def is_psma(self) -> bool:
        """False for a tracer that is known to be no ligand of PSMA."""
        return self.target in (None, "psma")

    @property
    def rows(self) -> tuple[Row, ...]:
        """A row per lesion with the columns of `LESION_COLUMNS`."""
        return tuple(self._row(row) for row in self.found.rows)

    @property
    def totals(self) -> Row:
        """The totals, three volumes and never one; the reviewed volume is empty until somebody has reviewed it."""
        row = self.found.burden_row
        return {name: row[name] for name in row if name not in ("field_of_view_mm", "inputs_digest")} | {
            "what": self.what
        }

    @property
    def what(self) -> str:
        """What the totals are: tumour only with organ masks, and only where the tracer is one of PSMA."""
        if not self.is_psma:
            return OTHER_TRACER
        return "tumour, automatic" if self.found.organs_given else CANDIDATES_ONLY

    def _row(self, row: Row) -> Row:
        tracking = self.tracking[row["lesion"]]
        own = {
            "lesion_id": row["lesion"],
            "probability": row["identity_probability"],
            "frame_digest": digest_frame(self.suv.geometry.frame_of_reference),
            "tracking_id": tracking.identifier,
            "tracking_uid": tracking.uid,
        }
        return {name: own[name] if name in own else row[name] for name in LESION_COLUMNS}


def write_lesion_tables(scan: MeasuredScan, out: Path) -> list[Path]:
    """Write lesions.csv and totals.csv into `out`; returns the paths."""
    paths = [out / name for name in TABLE_FILES]
    write_rows(paths[0], scan.rows, LESION_COLUMNS)
    write_rows(paths[1], [scan.totals])
    return paths


def write_lesion_pictures(scan: MeasuredScan, out: Path) -> list[Path]:
    """Write mip.png (anterior and left lateral) and mip_rotating.gif into `out`; returns the paths."""
    found = scan.found
    present = [category for category in _ORDER if any(one.category == category for one in found.lesions)]
    outlines = [Outline(found.array_of(category), category) for category in reversed(present)]
    caption = Caption(_title(scan), tuple((category, _legend(category, scan)) for category in present), SHOWN_BLACK_SUV)
    out.mkdir(parents=True, exist_ok=True)
    paths = [out / name for name in PICTURE_FILES]
    numbered, marks = replace(caption, footer=f"{caption.footer} · numbers as in lesions.csv"), lesion_marks(found)
    paths[0].write_bytes(render_mip_plate(scan.suv, outlines, numbered, marks=marks))
    paths[1].write_bytes(render_turning_mip(scan.suv, outlines, numbered, marks=marks))
    return paths


def write_lesion_objects(scan: MeasuredScan, out: Path) -> list[Path]:
    """Write SEG, RTSTRUCT, the SUV mapping (RWVM) and the report (TID 1500 SR) into `out`; returns the paths.

    Without a lesion nothing is written: none of these objects can be empty. Raises what the writers raise.
    """
    found, plan = scan.found, scan.found.plan
    if not found.lesions:
        return []
    regions = [_region(scan, lesion) for lesion in found.lesions]
    algorithm = Algorithm(f"lutrace {plan.name}", plan.version, (("plan_digest", plan.digest),))
    description = f"Lesions, plan {plan.name} (research)"
    seg, rtstruct, rwvm, sr = (out / name for name in OBJECT_FILES)
    write_seg(seg, regions, source_files=scan.files, description=description, algorithm=algorithm, seed=scan.seed)
    write_rtstruct(
        rtstruct, regions, source_files=scan.files, description=description, algorithm=algorithm, seed=scan.seed
    )
    write_rwvm(
        rwvm,
        source_files=scan.files,
        geometry=scan.suv.geometry,
        factors=_factors(scan.factor),
        description="SUV by body weight (research)",
        seed=scan.seed,
    )
    rows = {row["lesion"]: row for row in found.rows}
    measured = [
        MeasuredRegion(region, lesion.measures, _own_numbers(rows[lesion.lesion], _FURTHER, scan.target), scan.target)
        for region, lesion in zip(regions, found.lesions, strict=True)
    ]
    write_sr(
        sr,
        measured,
        ReportedObjects(scan.files, seg, rwvm),
        totals=_own_numbers(found.burden_row, _TOTALS, scan.target),
        description=description,
        algorithm=algorithm,
        seed=scan.seed,
    )
    return [seg, rtstruct, rwvm, sr]


def _title(scan: MeasuredScan) -> str:
    found = scan.found
    level = f" (SUV ≥ {found.threshold_suv:.3g})" if found.threshold_suv > 0 else ""
    caution = "" if found.organs_given and scan.is_psma else f" · {scan.what}"
    return f"{scan.title} · plan {found.plan.name}{level}{caution}"


def _legend(category: str, scan: MeasuredScan) -> str:
    lesions = [lesion for lesion in scan.found.lesions if lesion.category == category]
    volume_ml = sum(lesion.measures.volume_ml for lesion in lesions)
    cut = sum(lesion.cut_by_view for lesion in lesions)
    at_edge = f", {cut} cut by the edge of the field of view" if cut else ""
    word = "candidate" if category == "tumour" and not scan.found.organs_given else category
    return f"{word}: {len(lesions)}, {volume_ml:.1f} mL{at_edge}"


def _region(scan: MeasuredScan, lesion: Lesion) -> DrawnRegion:
    voxels = scan.found.voxels
    place = voxels.place[voxels.number == lesion.lesion].astype(np.int64)
    name = f"lesion {lesion.lesion} {lesion.category}"
    flat = FlatRegion(name, place, scan.suv.geometry, scan.suv.source)
    return DrawnRegion(flat, lesion.category, lesion.site, scan.tracking[lesion.lesion], lesion.cut_by_view)


def _factors(factor: SuvFactor) -> list[float]:
    """g/mL per unit of the image: one for all slices, or one for each."""
    return [factor.factor_suvbw * one for one in factor.slice_factors or (1.0,)]


def _own_numbers(row: Row, meanings: Mapping[str, tuple[str, str]], target: str | None) -> tuple[OwnNumber, ...]:
    """The numbers of a row that DICOM has no code for, where there are any; codes are the columns in capitals."""
    total = name_total_uptake(target).meaning
    return tuple(
        OwnNumber(name.upper(), meaning.format(total=total), float(row[name]), unit)
        for name, (meaning, unit) in meanings.items()
        if row.get(name) is not None
    )
