"""Values of a patient at time zero that a study declares: laboratory, scan, history, questionnaire, each with its rule.

A declared value is used by its name wherever a built-in one is: in covariates, rules of inclusion, tables and analyses.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from lutrace.core import AfterValidator, Days, Field, FrozenModel, field_validator
from lutrace.protocol.worsening import InstrumentName, check_scale
from lutrace.terms import analyte_names, line_vocabulary, regions

TUMOUR_REGIONS = ("tumour", "bone_tumour", "node_tumour", "visceral_tumour")
"""What lesions taken for tumour are summed to: all of them, or those of one kind of site."""
ORGAN_GROUPS: dict[str, tuple[str, ...]] = {
    "salivary_glands": ("parotid_left", "parotid_right", "submandibular_left", "submandibular_right"),
    "parotid_glands": ("parotid_left", "parotid_right"),
    "kidneys": ("kidney_left", "kidney_right"),
    "healthy_bone": ("healthy_skeleton",),
}
"""Regions that stand for several organs of the vocabulary, all of which must have been measured."""


def _region(name: str) -> str:
    allowed = (*TUMOUR_REGIONS, *ORGAN_GROUPS, *regions())
    if name not in allowed:
        raise ValueError(f"expected one of {', '.join(allowed)}, got {name!r}")
    return name


def _analyte(name: str) -> str:
    if name not in analyte_names():
        raise ValueError(f"expected an analyte of the vocabulary ({', '.join(analyte_names())}), got {name!r}")
    return name


def _drug_class(name: str) -> str:
    classes = [one.name for one in line_vocabulary().classes]
    if name not in classes:
        raise ValueError(f"expected one of {', '.join(classes)}, got {name!r}")
    return name


class _Value(FrozenModel):
    """A name to use it by, and a label for readers."""

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    label: str


class LabValue(_Value):
    """A laboratory result in the analyte's canonical unit, from `window` before time zero to `after` days after it.

    take: the `last` of them, the `nearest` to time zero, the `lowest` or the `highest`. A value of the day of time zero
    is before the dose. With `after` above 0 some values are later than time zero: Cox models then refuse it.
    """

    kind: Literal["lab"]
    analyte: Annotated[str, AfterValidator(_analyte)]
    window: Days = Field(default=28.0, ge=0)
    after: Days = Field(default=0.0, ge=0)
    take: Literal["last", "nearest", "lowest", "highest"] = "last"


class ScanValue(_Value):
    """A measure of one region on the last scan from `window` before time zero up to it.

    region: `tumour` (all lesions taken for tumour), `bone_tumour`, `node_tumour`, `visceral_tumour`, `healthy_bone`
    (skeleton without lesions and their surroundings), `salivary_glands`, or one organ. measure: SUVs are g/mL, volumes
    mL, tlp_ml is SUVmean x volume. of: the baseline `psma_pet`, or the post-therapy `rlt_spect`. `measures.regions`
    says whether regions are measured by lutrace or exported by other software.
    """

    kind: Literal["scan"]
    region: Annotated[str, AfterValidator(_region)]
    measure: Literal["suv_mean", "suv_max", "suv_peak", "volume_ml", "tlp_ml", "lesions"]
    of: Literal["psma_pet", "rlt_spect"] = "psma_pet"
    window: Days = Field(default=84.0, ge=0)

    @field_validator("measure")
    @classmethod
    def _is_measured(cls, measure: str, info: Any) -> str:
        region = info.data.get("region", "")
        if measure == "lesions" and region not in TUMOUR_REGIONS:
            raise ValueError(f"expected a measure of uptake or volume: {region} has no lesions to count")
        if measure == "suv_peak" and (region in TUMOUR_REGIONS or len(ORGAN_GROUPS.get(region, ())) > 1):
            raise ValueError(f"expected suv_mean, suv_max, volume_ml or tlp_ml: {region} is several regions")
        return measure

    @property
    def organs(self) -> tuple[str, ...]:
        """The organs of the vocabulary that the region is made of; none for tumour."""
        if self.region in TUMOUR_REGIONS:
            return ()
        return ORGAN_GROUPS.get(self.region, (self.region,))


class PriorTherapy(_Value):
    """How many lines of systemic therapy began before time zero: of all kinds, or with a drug of one of `classes`.

    count: `lines`, or `drugs` (different drugs, each once). The rules are those of `history.lines`.
    """

    kind: Literal["prior"]
    classes: tuple[Annotated[str, AfterValidator(_drug_class)], ...] = ()
    count: Literal["lines", "drugs"] = "lines"


class MonthsSince(_Value):
    """Months (of 30.4375 days) from a milestone to time zero.

    of: the first `diagnosis`, the first `metastasis`, or the date of `mcrpc` that `history.mcrpc` prefers.
    """

    kind: Literal["months_since"]
    of: Literal["diagnosis", "metastasis", "mcrpc"]


class Metastasis(_Value):
    """Whether metastases of a site are known at time zero, by `history.sites`. `node` is any lymph node."""

    kind: Literal["metastasis"]
    site: Literal["bone", "node", "node_pelvic", "node_distant", "liver", "lung", "other_visceral", "visceral"]


class GradeGroup(_Value):
    """The ISUP grade group of the primary; `which` of several scores."""

    kind: Literal["grade_group"]
    which: Literal["highest", "initial", "latest"] = "initial"


class GleasonSum(_Value):
    """The Gleason sum of the primary; `which` of several scores."""

    kind: Literal["gleason"]
    which: Literal["highest", "initial", "latest"] = "initial"


class VitalValue(_Value):
    """A body measure or ECOG status, the last from `window` before time zero up to it; ECOG also as classes."""

    kind: Literal["vital"]
    measure: Literal["height_cm", "weight_kg", "bmi_kg_m2", "ecog"]
    window: Days = Field(default=60.0, ge=0)


class ScoreValue(_Value):
    """The last valid score of a questionnaire's scale from `window` before time zero up to it, in points."""

    kind: Literal["score"]
    instrument: InstrumentName
    scale: str
    window: Days = Field(default=28.0, ge=0)

    @field_validator("scale")
    @classmethod
    def _is_a_scale(cls, name: str, info: Any) -> str:
        return check_scale(info.data.get("instrument", ""), name)


class Age(_Value):
    """Years at time zero: its year less the year of birth."""

    kind: Literal["age"]


class Centre(_Value):
    """The centre that treats, as a class."""

    kind: Literal["centre"]


DeclaredValue = (
    LabValue
    | ScanValue
    | PriorTherapy
    | MonthsSince
    | Metastasis
    | GradeGroup
    | GleasonSum
    | VitalValue
    | ScoreValue
    | Age
    | Centre
)
