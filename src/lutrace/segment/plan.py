"""Measurement plans: how lesions are told from the rest, as declared, hashed data."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import numpy as np

from lutrace.core import (
    FrozenModel,
    MissingFactError,
    ProtocolError,
    UnusableInputError,
    digest_of,
    parse_document,
    read_document,
)

_FOLDER = ("terms", "plans")


class Threshold(FrozenModel):
    """Which voxels are taken for uptake.

    `fixed`: SUV >= `suv`. `liver`: SUV >= `suv` / liver mean x (liver mean + liver SD), the liver of the same scan; it
    holds for the tracers and modalities of `valid_for` only. `percent`: seeds of SUV >= `suv`, each at `percent` % of
    its own SUVmax. `adaptive`: seeds of SUV >= `suv`, each drawn at the level at which a sphere of its volume keeps
    its volume at the scan's resolution, above the uptake of a shell of `shell_mm` (see `thresholds`). `model`: the
    voxels of a mask that a network made; no SUV decides.
    """

    kind: Literal["fixed", "liver", "percent", "adaptive", "model"]
    suv: float
    percent: float | None = None
    shell_mm: float | None = None
    valid_for: ValidFor | None = None


class ValidFor(FrozenModel):
    """What a constant was measured with: its name in full, and spellings without case and punctuation."""

    tracer: str
    modality: Literal["PET", "SPECT"]
    radionuclides: tuple[str, ...]
    ligands: tuple[str, ...]


class Splitting(FrozenModel):
    """When two peaks of one component are two lesions; the lengths in widths (FWHM) of the scan's resolution.

    `prominence`: the lower peak stands out of the saddle by at least this share of itself; by `broad_prominence` where
    the parts meet without a waist (0: nothing more is asked). `least_distance`: between the peaks. `smoothing`: the
    Gaussian that takes the noise from the uptake before peaks are compared.
    """

    prominence: float
    broad_prominence: float = 0.0
    least_distance: float
    smoothing: float


class Physiological(FrozenModel):
    """An organ whose uptake is normal.

    `keep_above_median` keeps voxels hotter than this many times its median SUV. `seldom_drawn`: no note tells that its
    mask is missing.
    """

    region: str
    keep_above_median: float | None = None
    seldom_drawn: bool = False


class Plan(FrozenModel):
    """One way to measure lesions; every number below decides, and `digest` names them all.

    `organs`: where organ masks come from, the first that can serve. `splitting`: how touching lesions are told apart
    (None: not). `organ_margin_mm`: how far the spill-out of an organ reaches; uptake beyond is not explained by it.
    `own_peak_ratio`: a part beside an organ is tumour when its peak is at least this many times the saddle between
    them, uncertain below. `resolution_fwhm_mm` by modality: a lesion below a sphere of this width is flagged, and one
    below `min_volume_share` of that sphere, or of fewer than `min_voxels` voxels, counts in above_threshold_ml only.
    `liver_erosion_mm` shrinks a reference organ.
    """

    name: str
    version: str
    meaning: str
    source: str
    threshold: Threshold
    organs: tuple[Literal["given", "model", "labeller"], ...]
    connectivity: Literal[6, 18, 26]
    splitting: Splitting | None
    resolution_fwhm_mm: Mapping[Literal["PET", "SPECT"], float]
    min_volume_share: float
    min_voxels: int
    physiological: tuple[Physiological, ...]
    organ_margin_mm: float
    own_peak_ratio: float
    liver_erosion_mm: float

    def resolution_of(self, modality: str | None) -> float:
        """The resolution in mm FWHM for a modality (PET or SPECT); the coarsest of the plan when it is not stated.

        Raises MissingFactError for a modality that the plan does not name.
        """
        if modality is None:
            return max(self.resolution_fwhm_mm.values())
        for named, fwhm_mm in self.resolution_fwhm_mm.items():
            if named == modality:
                return fwhm_mm
        raise MissingFactError(
            f"plan {self.name}: expected a scan by {' or '.join(self.resolution_fwhm_mm)}, found {modality}; "
            "state the resolution for it in a plan of your own"
        )

    def min_voxels_of(self, modality: str | None, voxel_ml: float) -> int:
        """The least number of voxels of `voxel_ml` that makes a lesion."""
        least_ml = self.min_volume_share * sphere_ml(self.resolution_of(modality))
        return max(int(np.ceil(least_ml / voxel_ml - 1e-9)), self.min_voxels, 1)

    @property
    def digest(self) -> str:
        """SHA-256 of the plan's content: two plans that differ in one number differ here."""
        content: dict[str, Any] = self.model_dump(mode="json")
        return digest_of(content)


def sphere_ml(diameter_mm: float) -> float:
    """Volume in mL of a sphere."""
    return float(np.pi / 6.0 * diameter_mm**3 / 1000.0)


def set_site_constant(plan: Plan, suv: float) -> Plan:
    """The liver plan with a constant that a site has set for its own tracer and scanner, SUVbw in g/mL.

    It holds for any tracer, and nobody but the site has tested it: its name, which stands in every row, and its notes
    say `unvalidated`. Raises ProtocolError for a plan of another kind or a constant that is not above 0.
    """
    if plan.threshold.kind != "liver":
        raise ProtocolError(f"plan {plan.name}: a site constant replaces that of a liver plan, not of this one")
    threshold = plan.threshold.model_copy(update={"suv": suv, "valid_for": None})
    return _checked(
        plan.model_copy(
            update={
                "name": f"{plan.name}_unvalidated",
                "threshold": threshold,
                "meaning": f"constant {suv:g} set by the site in place of {plan.threshold.suv:g}, unvalidated; "
                + plan.meaning.replace(f"{plan.threshold.suv:.2f}", f"{suv:g}"),
            }
        )
    )


def plan_names() -> tuple[str, ...]:
    """The names of the plans that come with lutrace."""
    folder = resources.files("lutrace").joinpath(*_FOLDER)
    return tuple(sorted(item.name[:-5] for item in folder.iterdir() if item.name.endswith(".yaml")))


def load_plan(name: str) -> Plan:
    """A plan that comes with lutrace, by name. Raises UnusableInputError for an unknown name, naming the known ones."""
    if name not in plan_names():
        raise UnusableInputError(f"plan {name}: expected one of {', '.join(plan_names())}")
    text = resources.files("lutrace").joinpath(*_FOLDER, f"{name}.yaml").read_text(encoding="utf-8")
    return _checked(parse_document(text, f"{name}.yaml", Plan))


def read_plan(path: Path) -> Plan:
    """A plan from a YAML file of one's own. Raises ProtocolError with line and key when it is wrong."""
    return _checked(read_document(path, Plan))


def _checked(plan: Plan) -> Plan:
    """Refuse what the types allow and the method does not."""
    faults = []
    threshold = plan.threshold
    if threshold.suv <= 0 and threshold.kind != "model":
        faults.append(f"threshold.suv must be above 0, got {threshold.suv}")
    if threshold.kind == "percent" and not (threshold.percent and 0 < threshold.percent < 100):
        faults.append(f"threshold.percent must lie between 0 and 100 for this kind, got {threshold.percent}")
    if threshold.kind == "adaptive" and not (threshold.shell_mm and threshold.shell_mm > 0):
        faults.append(f"threshold.shell_mm must be above 0 for this kind, got {threshold.shell_mm}")
    if min(plan.min_volume_share, plan.organ_margin_mm, plan.liver_erosion_mm) < 0:
        faults.append("shares and lengths must not be negative")
    if not plan.resolution_fwhm_mm or min(plan.resolution_fwhm_mm.values()) <= 0:
        faults.append("resolution_fwhm_mm must state a width above 0 mm for PET, SPECT or both")
    if plan.splitting is not None and not 0 < plan.splitting.prominence < 1:
        faults.append(f"splitting.prominence must lie between 0 and 1, got {plan.splitting.prominence}")
    if plan.splitting is not None and not 0 <= plan.splitting.broad_prominence < 1:
        faults.append(f"splitting.broad_prominence must lie between 0 and 1, got {plan.splitting.broad_prominence}")
    if plan.splitting is not None and min(plan.splitting.least_distance, plan.splitting.smoothing) < 0:
        faults.append("splitting.least_distance and splitting.smoothing must not be negative")
    if not plan.organs:
        faults.append("organs must name at least one of given, model, labeller")
    if plan.own_peak_ratio < 1:
        faults.append(f"own_peak_ratio must be at least 1, got {plan.own_peak_ratio}")
    if faults:
        raise ProtocolError(f"plan {plan.name}: {'; '.join(faults)}")
    return plan
