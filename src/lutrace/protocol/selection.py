"""Who is studied, and from which day on: population, landmarks, the scans and measures that define them."""

from __future__ import annotations

from typing import Literal

from lutrace.core import Days, Field, FrozenModel, Hours, Millilitres, field_validator, model_validator
from lutrace.terms import response_rules

Agent = Literal["lu177_psma_617", "lu177_psma_it", "lu177_psma_other", "ac225_psma", "lu177_dotatate", "other"]


class Population(FrozenModel):
    """Whom the study takes in: patients treated with one of `agents` at least `minimum_cycles` times.

    A patient without a further cycle counts as lost by death when death came within `death_within` of the cycle before.
    """

    agents: tuple[Agent, ...] = Field(min_length=1)
    minimum_cycles: int = Field(default=2, ge=1)
    death_within: Days = 84.0
    in_words: tuple[str, ...] = ()


class SpectRule(FrozenModel):
    """Which post-therapy SPECT belongs to a cycle: within `window` of its administration, nearest to `preferred`."""

    window: Days = Field(default=7.0, gt=0)
    preferred: Hours = Field(default=24.0, ge=0)


Regions = Literal["measured", "exported", "measured_else_exported"]


class Measures(FrozenModel):
    """How tumour was measured: the plan, automatic or reviewed totals, and the volume below which none is told apart.

    Volumes below `floor` count as the floor in logarithms and ratios; a percentage of a smaller baseline is not formed.
    A study without landmarks and without values of scans needs no plan. regions: declared values of the PSMA-PET are
    `measured` by lutrace, `exported` by other software (region_statistics), or `measured_else_exported`.
    """

    plan: str = ""
    ttv_source: Literal["auto", "reviewed"] = "auto"
    floor: Millilitres = Field(default=1.0, gt=0)
    regions: Regions = Field(default="measured", exclude_if=lambda source: source == "measured")


class Landmark(FrozenModel):
    """A time zero: the day of a cycle's SPECT or of its administration. `within` names the set that it continues.

    From the administration on, patients are at risk only once their SPECT is done (delayed entry). `first_cycle`
    counts from cycle 1 though patients had to live until this SPECT: it is there to show that bias, and is warned of.
    """

    name: str
    label: str
    cycle: int = Field(ge=1)
    origin: Literal["spect", "administration", "first_cycle"] = "spect"
    within: str | None = None


class PsaBaseline(FrozenModel):
    """Baseline PSA: from the values on or before the first cycle within `window`, else within `fallback`, flagged.

    method: `last` of them, their `mean`, the highest (`max`), or the `first`.
    """

    window: Days = Field(default=28.0, gt=0)
    fallback: Days = Field(default=60.0, gt=0)
    method: Literal["last", "mean", "max", "first"] = "last"

    @model_validator(mode="after")
    def _falls_back_further(self) -> PsaBaseline:
        if self.fallback < self.window:
            raise ValueError(
                f"expected a fallback of at least the window ({self.window:g} days), got {self.fallback:g} days"
            )
        return self


class PsaValues(FrozenModel):
    """Which number stands for a result: below the assay's limit, several on one day, another assay.

    below_limit: `<x` counts as x (`limit`), as x/2 (`half`) or as 0 (`zero`); `>x` always counts as x.
    same_day: of several results of one day the `highest`, their `mean`, or the `last`.
    assay: results of `any` assay, or only those of the assay of the `baseline`.
    """

    below_limit: Literal["limit", "half", "zero"] = "limit"
    same_day: Literal["highest", "mean", "last"] = "highest"
    assay: Literal["any", "baseline"] = "any"


class PsaDoubling(FrozenModel):
    """From which values the doubling time of PSA is computed, and how; values of 0 never enter a logarithm.

    window: values since the last day at the nadir (baseline included), since the baseline, up to the index day, or all.
    method: slope of ln PSA by least squares, or between the first and the last value.
    convention: `plain` asks for values of three days above 0; `psawg` for values from 0.2 ng/mL up within 12 months,
    three of them at least 28 days apart from each other, over at least 3 months (Arlen et al., J Urol 2008;179:2181).
    """

    window: Literal["since_nadir", "since_baseline", "before_index", "all"] = "since_nadir"
    method: Literal["least_squares", "two_points"] = "least_squares"
    convention: Literal["plain", "psawg"] = "plain"


class PsaRules(FrozenModel):
    """Which PSA values stand for baseline, week 12 and landmark, and how long apart two values confirm a response.

    The landmark value is the last one after the first cycle, on or before the landmark, not older than
    `landmark_window`. The value of week 12 is the one nearest to day 84 within `week12_window` on either side.
    """

    values: PsaValues = PsaValues()
    baseline: PsaBaseline = PsaBaseline()
    landmark_window: Days = 42.0
    week12_window: Days = 14.0
    response_confirmation: Days = 21.0
    doubling: PsaDoubling = PsaDoubling()


class NewLesionRules(FrozenModel):
    """What a new lesion is: new against which earlier scans, and what is made of a patient whose CT nobody has read.

    any_earlier: on no earlier SPECT; previous_cycle: not on the SPECT before; first_cycle: not on that of cycle 1.
    Lesions with uptake at or below the liver and no CT finding are indeterminate; they count only when
    `count_indeterminate`.
    """

    reference: Literal["any_earlier", "previous_cycle", "first_cycle"] = "any_earlier"
    ct_not_read: Literal["not_assessed", "avid_only"] = "not_assessed"
    count_indeterminate: bool = False


class ResponseRules(FrozenModel):
    """By which versions of the rules response is judged at a landmark, and against which scans a lesion is new there.

    baseline: not on the scan that the volume is compared with (the SPECT of cycle 1), as RECIP compares two scans;
    any_earlier: on no earlier SPECT; previous: not on the SPECT before.
    """

    recip: str = "recip-1.0"
    psa_recip: str = "psa-recip-1.0"
    ppp: str = "ppp-2020"
    new_against: Literal["baseline", "any_earlier", "previous"] = "baseline"

    @field_validator("recip")
    @classmethod
    def _is_recip(cls, name: str) -> str:
        return _of_kind(name, "recip")

    @field_validator("psa_recip")
    @classmethod
    def _is_psa_recip(cls, name: str) -> str:
        return _of_kind(name, "psa_recip")

    @field_validator("ppp")
    @classmethod
    def _is_ppp(cls, name: str) -> str:
        return _of_kind(name, "ppp")


def _of_kind(name: str, kind: str) -> str:
    names = [rule.name for rule in response_rules() if rule.kind == kind]
    if name not in names:
        raise ValueError(f"expected one of {', '.join(names)}, got {name!r}")
    return name
