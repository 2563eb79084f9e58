"""Measurement plans: how lesions are told from the rest, as declared, hashed data."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any, Literal

from lutrace.core import FrozenModel, ProtocolError, UnusableInputError, digest_of, parse_document, read_document

_FOLDER = ("terms", "plans")


class Threshold(FrozenModel):
    """Which voxels are taken for uptake.

    `fixed`: SUV >= `suv`. `liver`: SUV >= `suv` / liver mean x (liver mean + liver SD), the liver of the same scan.
    `percent`: components of SUV >= `suv`, then in each SUV >= `percent` % of its own SUVmax. `adaptive`: components of
    SUV >= `suv`, then in each SUV >= half of (its SUVpeak + the mean of a shell of `shell_mm` around it).
    """

    kind: Literal["fixed", "liver", "percent", "adaptive"]
    suv: float
    percent: float | None = None
    shell_mm: float | None = None


class Physiological(FrozenModel):
    """An organ whose uptake is normal. `keep_above_median` keeps voxels hotter than this many times its median SUV."""

    region: str
    keep_above_median: float | None = None


class Plan(FrozenModel):
    """One way to measure lesions; every number below decides, and `digest` names them all.

    `organ_margin_mm` grows each physiological organ before its voxels are removed (spill-out). What is left of a cut
    component is a lesion of its own when its hottest voxel lies away from the cut and is at least `own_peak_ratio`
    times the mean at the cut; with its hottest voxel away but less than that it is uncertain; else it is spill-out.
    `min_volume_ml` drops smaller components; below a sphere of `resolution_fwhm_mm` a lesion is flagged.
    `liver_erosion_mm` shrinks the liver for its reference.
    """

    name: str
    version: str
    meaning: str
    source: str
    threshold: Threshold
    connectivity: Literal[6, 18, 26]
    min_volume_ml: float
    physiological: tuple[Physiological, ...]
    organ_margin_mm: float
    own_peak_ratio: float
    resolution_fwhm_mm: float
    liver_erosion_mm: float

    @property
    def digest(self) -> str:
        """SHA-256 of the plan's content: two plans that differ in one number differ here."""
        content: dict[str, Any] = self.model_dump(mode="json")
        return digest_of(content)


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
    if threshold.suv <= 0:
        faults.append(f"threshold.suv must be above 0, got {threshold.suv}")
    if threshold.kind == "percent" and not (threshold.percent and 0 < threshold.percent < 100):
        faults.append(f"threshold.percent must lie between 0 and 100 for this kind, got {threshold.percent}")
    if threshold.kind == "adaptive" and not (threshold.shell_mm and threshold.shell_mm > 0):
        faults.append(f"threshold.shell_mm must be above 0 for this kind, got {threshold.shell_mm}")
    if min(plan.min_volume_ml, plan.organ_margin_mm, plan.resolution_fwhm_mm, plan.liver_erosion_mm) < 0:
        faults.append("volumes and lengths must not be negative")
    if plan.own_peak_ratio < 1:
        faults.append(f"own_peak_ratio must be at least 1, got {plan.own_peak_ratio}")
    if faults:
        raise ProtocolError(f"plan {plan.name}: {'; '.join(faults)}")
    return plan
