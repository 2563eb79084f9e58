"""Answered questionnaires by visit: totals that worsen when drawn to, told item by item, some not answered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lutrace.terms import Instrument, instrument_named
from lutrace.virtual.cohorts.document import CentreDocument
from lutrace.virtual.cohorts.parts import Bools, Floats, Ints, TablePart, constant, days_after
from lutrace.virtual.cohorts.treated import Treated

_VISITS = 7
"""Before each of six cycles, and once six weeks after the last."""


@dataclass(frozen=True, eq=False)
class PainAndLife:
    """Days (patients, visits; NaN: no visit) and scores before anything is missing, and days of true worsening.

    FACT-P 0-156 (higher is better), BPI severity and interference as sums of 4 and 7 items, xerostomia 11-33.
    """

    days: Floats
    fact_p: Ints
    severity: Ints
    interference: Ints
    xerostomia: Ints
    answered: Bools
    fact_p_day: Floats
    pain_day: Floats
    xerostomia_slope: Floats


def draw_visits(people: Treated) -> Floats:
    """Days of questionnaires: at each cycle, and six weeks after the last for those still seen; NaN for none."""
    v = people.course
    days = np.concatenate([v.cycle_day, np.full((len(v), 1), np.nan)], axis=1)
    last = people.last_cycle_day + 42.0
    rows = np.flatnonzero(last <= v.last_day)
    days[rows, v.n_cycles[rows]] = last[rows]
    return days


def draw_scores(people: Treated, fact_p_day: Floats, pain_day: Floats, rng: np.random.Generator) -> PainAndLife:
    """Scores at each visit: no worsening before its drawn day, a clear one from then on; a slope of dryness."""
    centre, n = people.centre, len(people)
    days = draw_visits(people)
    shape = (n, _VISITS)
    worse, in_pain = days >= fact_p_day[:, None], days >= pain_day[:, None]
    start = np.clip(np.round(rng.normal(*centre.pair("fact_p_mean_sd"), n)), 30, 150)
    small = np.round(np.clip(rng.normal(0, 4, shape), -9, 9))
    small[:, 0] = 0
    drop = 12 + np.floor(rng.gamma(2.0, 6.0, shape))
    fact_p = np.clip(start[:, None] + np.where(worse, -drop, small), 0, 156)
    severity = _draw_pain(people, in_pain, items=4, rng=rng)
    interference = _draw_pain(people, in_pain, items=7, rng=rng)
    slope = _gamma(centre.number("xerostomia_per_cycle"), centre.number("xerostomia_slope_sd"), n, rng)
    level = _gamma(centre.number("xerostomia_start"), centre.number("xerostomia_start_sd"), n, rng)
    dry = rng.poisson(level[:, None] + slope[:, None] * np.arange(_VISITS)[None, :])
    return PainAndLife(
        days=days,
        fact_p=fact_p.astype(np.int64),
        severity=severity,
        interference=interference,
        xerostomia=11 + np.minimum(dry, 22),
        answered=_draw_answered(centre, worse, rng) & np.isfinite(days),
        fact_p_day=fact_p_day,
        pain_day=pain_day,
        xerostomia_slope=slope,
    )


def _gamma(mean: float, sd: float, n: int, rng: np.random.Generator) -> Floats:
    return np.asarray(rng.gamma((mean / sd) ** 2, sd**2 / mean, n))


def _draw_pain(people: Treated, in_pain: Bools, *, items: int, rng: np.random.Generator) -> Ints:
    """Sums of pain items 0-10: some without pain at first, worse by 2 points and more from the drawn day on."""
    centre, n = people.centre, len(people)
    painless = rng.random(n) < centre.number("share_without_pain")
    first = 10 * rng.beta(*centre.pair("pain_beta"), n)
    first = np.where(painless, 0.0, np.minimum(np.maximum(first, 0.5), 7.5))
    before = np.round(items * first)[:, None]
    little = np.minimum(np.round(before * (1 + rng.uniform(-0.25, 0.25, in_pain.shape))), np.floor(1.29 * before))
    little[:, 0] = before[:, 0]
    more = np.round(before + items * (2.2 + rng.gamma(2.0, 0.6, in_pain.shape)))
    return np.clip(np.where(in_pain, more, little), 0, items * 10).astype(np.int64)


def _draw_answered(centre: CentreDocument, worse: Bools, rng: np.random.Generator) -> Bools:
    """Which sheets come back: fewer with each visit, and fewer of those who got worse (missing not at random)."""
    first, last = centre.pair("completion_first_last")
    chance = np.linspace(first, last, _VISITS)[None, :]
    logit = np.log(chance / (1 - chance)) - centre.number("completion_logit_when_worse") * (worse - 0.35)
    return np.asarray(rng.random(worse.shape) < 1 / (1 + np.exp(-logit)))


def list_answers(people: Treated, drawn: PainAndLife, rng: np.random.Generator) -> list[TablePart]:
    """Rows of `questionnaires`: raw answers item by item, each left out as often as the centre says."""
    left_out = people.centre.number("share_items_left_out")
    fact_p = _instrument("fact-p")
    turned = {item for scale in fact_p.scales for item in scale.reversed}
    row, visit = np.nonzero(drawn.answered)
    dates = days_after(people.start[row], drawn.days[row, visit])
    told = [
        ("fact-p", fact_p.items, drawn.fact_p),
        ("bpi-sf", ("Q3", "Q4", "Q5", "Q6"), drawn.severity),
        ("bpi-sf", ("Q9A", "Q9B", "Q9C", "Q9D", "Q9E", "Q9F", "Q9G"), drawn.interference),
        ("xi-3", _instrument("xi-3").items, drawn.xerostomia - 11),
    ]
    parts = []
    for name, items, totals in told:
        instrument = _instrument(name)
        reach = int(instrument.high - instrument.low)
        split = spread_total(totals[row, visit], len(items), reach, rng) + int(instrument.low)
        back = np.asarray([item in turned for item in items])
        raw = np.where(back[None, :], instrument.high + instrument.low - split, split)
        kept_row, kept_item = np.nonzero(rng.random(raw.shape) >= left_out)
        parts.append(
            TablePart(
                "questionnaires",
                {
                    "patient_id": people.ids[row[kept_row]],
                    "date": dates[kept_row],
                    "instrument": constant(name, len(kept_row)),
                    "item": np.asarray(items)[kept_item],
                    "answer": raw[kept_row, kept_item].astype(float),
                },
            )
        )
    return parts


def _instrument(name: str) -> Instrument:
    found = instrument_named(name)
    assert found is not None
    return found


def spread_total(totals: Ints, items: int, reach: int, rng: np.random.Generator) -> Ints:
    """Whole numbers from 0 to `reach` for each of `items` whose sum is each total (0 to items x reach)."""
    mean = (totals / items)[:, None]
    pattern = rng.uniform(-1, 1, (len(totals), items))
    pattern -= pattern.mean(axis=1, keepdims=True)
    pattern /= np.maximum(np.abs(pattern).max(axis=1, keepdims=True), 1e-9)
    share = mean + np.minimum(mean, reach - mean) * pattern
    # Differences of rounded running sums: each is the share rounded up or down, and they add up to the total.
    running = np.floor(np.cumsum(share, axis=1) + rng.random((len(totals), 1)) * 0.999 + 1e-9)
    running[:, -1] = totals
    split = np.diff(running, axis=1, prepend=0.0)
    return np.asarray(np.clip(split, 0, reach), dtype=np.int64)
