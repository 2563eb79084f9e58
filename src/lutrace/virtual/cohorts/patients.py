"""The patients of a centre, part by part: with blood draws, and where their study asks for them regions and answers."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lutrace.core import DAYS_PER_MONTH
from lutrace.virtual.cohorts.aftermath import Aftermath, draw_aftermath
from lutrace.virtual.cohorts.answers import PainAndLife, draw_scores
from lutrace.virtual.cohorts.blood import CHEMISTRY, COUNTS, BloodCourse, baseline_haemoglobin, draw_blood
from lutrace.virtual.cohorts.document import CentreDocument, read_centre
from lutrace.virtual.cohorts.parts import PART_SIZE, Floats
from lutrace.virtual.cohorts.real_world import RealWorld, draw_real_world
from lutrace.virtual.cohorts.regions import Regions, draw_regions
from lutrace.virtual.cohorts.treated import Treated, draw_treated
from lutrace.virtual.proportional_hazards import CalibratedHazard, calibrate_hazard

_REFERENCE, _REFERENCE_SEED = 10_000, 20_231_117
_ANALYTES = {
    "baseline-pet-toxicity": ("psa", *COUNTS, "ldh", "alp"),
    "psa-kinetics": ("psa", *COUNTS, *CHEMISTRY),
    "after-rlt": ("psa", *COUNTS),
}


@dataclass(frozen=True, eq=False)
class DrawnPatients:
    """Treated patients of one part and all that was drawn for them; `regions`, `answers` where the centre has them."""

    people: Treated
    blood: BloodCourse
    toxicity_log_hazard: Floats
    regions: Regions | None
    answers: PainAndLife | None
    after: Aftermath | None


@dataclass(frozen=True, eq=False)
class _Hazards:
    toxicity: CalibratedHazard
    fact_p: CalibratedHazard | None
    pain: CalibratedHazard | None


def draw_patients(
    centre: CentreDocument, n: int, *, seed: int, place: int = 0
) -> Iterator[tuple[DrawnPatients | RealWorld, np.random.Generator]]:
    """`n` patients in parts, each with the generator that its records are told with; `place` of several centres."""
    for number, first in enumerate(range(0, n, PART_SIZE)):
        size = min(PART_SIZE, n - first)
        sequence = np.random.SeedSequence(entropy=seed, spawn_key=(place, number))
        rng = np.random.default_rng(sequence)
        if centre.study == "real-world-survival":
            yield draw_real_world(centre, size, first=first + 1, rng=rng), rng
        else:
            course = int(sequence.generate_state(1, np.uint64)[0])
            yield draw_treated_patients(centre, size, seed=course, first=first + 1, rng=rng), rng


def draw_treated_patients(
    centre: CentreDocument, n: int, *, seed: int, first: int, rng: np.random.Generator
) -> DrawnPatients:
    """`n` treated patients of a centre, the first of them numbered `first`."""
    people = draw_treated(centre, n, seed=seed, first=first, rng=rng)
    regions = draw_regions(people, rng) if _has_regions(centre) else None
    log_hazard = toxicity_log_hazard(people, regions)
    hazards = _hazards(centre.name)
    blood = draw_blood(people, log_hazard, hazards.toxicity, analytes=_ANALYTES[centre.study], rng=rng)
    answers = None
    if regions is not None and hazards.fact_p is not None and hazards.pain is not None:
        fact_p = hazards.fact_p.draw(worsening_log_hazard(people, regions, "fact_p"), rng)
        pain = hazards.pain.draw(worsening_log_hazard(people, regions, "pain"), rng)
        answers = draw_scores(people, fact_p, pain, rng)
    after = draw_aftermath(people, rng) if centre.study == "after-rlt" else None
    return DrawnPatients(people, blood, log_hazard, regions, answers, after)


def toxicity_log_hazard(people: Treated, regions: Regions | None) -> Floats:
    """Log hazard of the first grade 3: haemoglobin per g/dL; SUVmean and TLP of bone tumour per SD of their logs."""
    centre = people.centre
    found = centre.number("log_hazard_toxicity_per_haemoglobin") * (baseline_haemoglobin(people) - 11.8)
    if regions is None:
        return np.asarray(found)
    mean, tlp = _bone_scores(centre, regions)
    return np.asarray(
        found
        + centre.number("log_hazard_toxicity_per_sd_bone_suv_mean") * mean
        + centre.number("log_hazard_toxicity_per_sd_bone_tlp") * tlp
    )


def _bone_scores(centre: CentreDocument, regions: Regions) -> tuple[Floats, Floats]:
    """Standardised logarithms of bone tumour's SUVmean and TLP; 0 and -2 without bone tumour."""
    place = regions.of("Bone tumour")
    mean, volume = regions.suv_mean[:, place], regions.volume_ml[:, place]
    none = np.isnan(volume)
    with np.errstate(divide="ignore"):
        ln_mean, ln_tlp = np.log(mean), np.log(mean * np.maximum(volume, 0.1))
    centres = centre.pair("ln_bone_suv_mean_mean_sd"), centre.pair("ln_bone_tlp_mean_sd")
    scores = [(one - middle) / sd for one, (middle, sd) in zip((ln_mean, ln_tlp), centres, strict=True)]
    return np.where(none, 0.0, scores[0]), np.where(none, -2.0, scores[1])


def worsening_log_hazard(people: Treated, regions: Regions, score: str) -> Floats:
    """Log hazard of a worse score (`fact_p` or `pain`): whole-body SUVmean per SD of its logarithm."""
    middle, sd = people.centre.pair("ln_suv_mean_mean_sd")
    z = (np.log(regions.suv_mean[:, regions.of("Whole-body tumour")]) - middle) / sd
    return np.asarray(people.centre.number(f"log_hazard_{score}_per_sd_suv_mean") * z)


def _has_regions(centre: CentreDocument) -> bool:
    return centre.study == "baseline-pet-toxicity"


@functools.cache
def _hazards(name: str) -> _Hazards:
    """The hazards of a centre, calibrated on patients of its own model, always the same ones."""
    centre = read_centre(name)
    rng = np.random.default_rng(_REFERENCE_SEED)
    people = draw_treated(centre, _REFERENCE, seed=_REFERENCE_SEED, first=1, rng=rng)
    regions = draw_regions(people, rng) if _has_regions(centre) else None

    def calibrated(log_hazard: Floats, outcome: str) -> CalibratedHazard:
        median, shape = centre.pair(f"{outcome}_median_months_shape")
        return calibrate_hazard(log_hazard, median_days=median * DAYS_PER_MONTH, shape=shape)

    toxicity = calibrated(toxicity_log_hazard(people, regions), "toxicity")
    if regions is None:
        return _Hazards(toxicity, None, None)
    return _Hazards(
        toxicity,
        calibrated(worsening_log_hazard(people, regions, "fact_p"), "fact_p"),
        calibrated(worsening_log_hazard(people, regions, "pain"), "pain"),
    )
