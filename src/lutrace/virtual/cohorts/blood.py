"""Blood draws: PSA, blood counts and chemistry by visit, with the first toxicity of grade 3 where it was drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lutrace.virtual.cohorts.parts import Dates, Floats, Ints, TablePart, Texts, constant, days_after
from lutrace.virtual.cohorts.treated import Treated
from lutrace.virtual.proportional_hazards import CalibratedHazard
from lutrace.virtual.records import LIMITS

COUNTS = ("haemoglobin", "platelets", "leukocytes", "neutrophils", "lymphocytes")
CHEMISTRY = ("creatinine", "alp", "ldh", "ast", "alt", "albumin", "bilirubin")
UNITS = {
    "psa": "ng/mL",
    "haemoglobin": "g/dL",
    "platelets": "10*9/L",
    "leukocytes": "10*9/L",
    "neutrophils": "10*9/L",
    "lymphocytes": "10*9/L",
    "creatinine": "mg/dL",
    "alp": "U/L",
    "ldh": "U/L",
    "ast": "U/L",
    "alt": "U/L",
    "albumin": "g/dL",
    "bilirubin": "mg/dL",
}
_DIGITS = {"haemoglobin": 1, "platelets": 0, "alp": 0, "ldh": 0, "ast": 0, "alt": 0, "albumin": 1}
GRADE_3 = {"haemoglobin": 8.0, "platelets": 50.0, "leukocytes": 2.0}
"""Below this a value is of grade 3 by CTCAE 5.0, in the units above."""
_AFTER_LAST_CYCLE_DAYS = 84.0
_HIGHEST = 30_000.0
"""Higher values (of PSA) are not told."""


@dataclass(frozen=True, eq=False)
class BloodCourse:
    """Draws of the treated: days (NaN: not drawn), values by analyte (patients, draws).

    `toxicity_day`: when grade 3 is reached by the drawn hazard (infinite: never); `toxic`: which count, by its place in
    GRADE_3.
    """

    days: Floats
    values: dict[str, Floats]
    baseline_haemoglobin: Floats
    toxicity_day: Floats
    toxic: Ints


def draw_blood(
    people: Treated,
    toxicity_log_hazard: Floats,
    hazard: CalibratedHazard,
    *,
    analytes: tuple[str, ...],
    rng: np.random.Generator,
) -> BloodCourse:
    """PSA at every draw, counts and chemistry within therapy and twelve weeks after it.

    The first grade 3 of the counts comes at the first draw on or after a time drawn from `hazard`, and no other draw
    before it is that low. The first draw is without noise, so that the baseline is what the hazard knows.
    """
    centre, v = people.centre, people.course
    days = v.psa_day
    inside = np.isfinite(days) & (days <= (people.last_cycle_day + _AFTER_LAST_CYCLE_DAYS)[:, None])
    cycles = np.clip(np.nan_to_num(days) / 43.0, 0.0, v.n_cycles[:, None].astype(float))
    values: dict[str, Floats] = {}
    for name in (one for one in analytes if one not in ("psa", "neutrophils")):
        values[name] = _draw_analyte(people, name, cycles, rng)
    day = hazard.draw(toxicity_log_hazard, rng)
    toxic = rng.choice(len(GRADE_3), len(people), p=centre.numbers("toxicity_of_each_count"))
    _set_toxicity(values, np.where(inside, days, np.nan), day, toxic, rng)
    values["neutrophils"] = 0.65 * values["leukocytes"]
    kept = {"psa": v.psa_ng_ml} | {name: np.where(inside, values[name], np.nan) for name in analytes if name != "psa"}
    return BloodCourse(days, kept, baseline_haemoglobin(people), day, toxic)


def baseline_haemoglobin(people: Treated) -> Floats:
    """Haemoglobin before the first cycle in g/dL: nobody is treated near grade 3."""
    return np.maximum(np.round(people.course.haemoglobin, 1), people.centre.number("lowest_haemoglobin"))


def _draw_analyte(people: Treated, name: str, cycles: Floats, rng: np.random.Generator) -> Floats:
    """One analyte at each draw: its own level, a drift with the cycles, and noise from the second draw on."""
    centre, v = people.centre, people.course
    noise = rng.standard_normal(cycles.shape)
    noise[:, 0] = 0.0
    if name == "haemoglobin":
        fall = centre.number("haemoglobin_fall_per_cycle") * (1 + 0.4 * v.burden) - 0.05 * v.marrow
        return np.asarray(baseline_haemoglobin(people)[:, None] - fall[:, None] * cycles + 0.3 * noise)
    median, spread, drift = centre.numbers(f"{name}_median_spread_drift")
    own = np.log(v.ldh / median) if name == "ldh" else spread * rng.standard_normal(len(people))
    own = own + centre.number("ln_alp_per_burden") * v.burden if name == "alp" else own
    own = own - 0.05 * v.burden if name == "platelets" else own
    return np.asarray(median * np.exp(own[:, None] + drift * cycles + 0.07 * noise))


def _set_toxicity(
    values: dict[str, Floats], days: Floats, toxic_day: Floats, toxic: Ints, rng: np.random.Generator
) -> None:
    """Hold every count above grade 3 until the day of toxicity, and put the one that is toxic below it there."""
    late = np.isfinite(days) & (days >= toxic_day[:, None])
    reached = late.any(axis=1)
    first = late.argmax(axis=1)
    for place, (name, limit) in enumerate(GRADE_3.items()):
        margin = 1.02 + 0.1 * rng.random(days.shape)
        values[name] = np.where(values[name] < limit * 1.02, limit * margin, values[name])
        here = np.flatnonzero(reached & (toxic == place))
        values[name][here, first[here]] = limit * (0.97 - 0.2 * rng.random(len(here)))


def list_transfusions(people: Treated, blood: BloodCourse) -> TablePart:
    """Rows of `support`: red cells on the day after the first haemoglobin of grade 3 (or on that day)."""
    low = blood.values["haemoglobin"] < GRADE_3["haemoglobin"]
    here = np.flatnonzero(low.any(axis=1))
    day = np.minimum(blood.days[here, low[here].argmax(axis=1)] + 1, people.course.last_day[here])
    return TablePart(
        "support",
        {
            "patient_id": people.ids[here],
            "date": days_after(people.start[here], day),
            "kind": constant("red_cells", len(here)),
        },
    )


def list_labs(ids: Texts, start: Dates, days: Floats, values: dict[str, Floats]) -> list[TablePart]:
    """Rows of `labs`, one analyte after the other, with the limits of normal where the laboratory has them."""
    return [_labs(ids, start, days, name, drawn) for name, drawn in values.items()]


def _labs(ids: Texts, start: Dates, days: Floats, name: str, values: Floats) -> TablePart:
    row, draw = np.nonzero(np.isfinite(values) & np.isfinite(days))
    n = len(row)
    low, high = LIMITS.get(name, (None, None))
    rounded = np.round(values[row, draw], _DIGITS.get(name, 2))
    return TablePart(
        "labs",
        {
            "patient_id": ids[row],
            "date": days_after(start[row], days[row, draw]),
            "analyte": constant(name, n),
            "value": np.clip(rounded, 0.01, _HIGHEST),
            "unit": constant(UNITS[name], n),
            "lln": np.full(n, np.nan if low is None else low),
            "uln": np.full(n, np.nan if high is None else high),
        },
    )
