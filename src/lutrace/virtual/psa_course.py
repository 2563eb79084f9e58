"""PSA over time: four shapes of the true course, noisy draws, and progression read off the draws."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lutrace.virtual.parameters import WEEK_DAYS, CohortParameters

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
DOWN, UP, FALL_THEN_RISE, FLARE = range(4)

_BUMP_WEEK, _BUMP_WIDTH = 5.0, 2.6
_CONFIRM_DAYS = 21.0
_GATE_DAYS = 84.0


@dataclass(frozen=True, eq=False)
class PsaCourse:
    """True ln(PSA / first PSA) of n patients: linear-quadratic through `week6`, turning at `nadir_weeks`, plus a bump.

    The rise after the turn is limited to `largest_rise_per_week`. `nadir_weeks` is infinite for those who only rise.
    """

    shape: NDArray[np.int64]
    week6: Floats
    nadir_weeks: Floats
    bump: Floats
    largest_rise_per_week: float

    def ln_change(self, days: Floats) -> Floats:
        """ln(PSA / first PSA) on `days` (n,) or (n, k) after the first cycle."""
        weeks = np.maximum(np.asarray(days, float), 0.0) / WEEK_DAYS
        level, nadir, bump = self.week6, self.nadir_weeks, self.bump
        if weeks.ndim == 2:
            level, nadir, bump = level[:, None], nadir[:, None], bump[:, None]
        slope = level / (6.0 * (1.0 - 3.0 / nadir))
        cap = np.maximum(self.largest_rise_per_week, slope)
        # slope(t) = slope * (1 - t / nadir) reaches the cap at this week, and stays there.
        falling = slope < 0
        with np.errstate(divide="ignore", invalid="ignore"):
            capped_week = np.where(falling, nadir * (1.0 - cap / slope), np.inf)
        until = np.minimum(weeks, capped_week)
        quadratic = slope * until * (1.0 - until / (2.0 * nadir))
        after = np.where(weeks > until, (weeks - until) * cap, 0.0)
        wave = bump * (
            np.exp(-(((weeks - _BUMP_WEEK) / _BUMP_WIDTH) ** 2)) - np.exp(-((_BUMP_WEEK / _BUMP_WIDTH) ** 2))
        )
        return np.asarray(quadratic + after + wave)

    def with_turn(
        self, ln_ttv_centred: Floats, new_lesion: Bools, *, rng: np.random.Generator, parameters: CohortParameters
    ) -> PsaCourse:
        """The same courses with the week of the lowest PSA drawn: earlier with more or new tumour at cycle 2."""
        p = parameters
        n = len(self.week6)
        fluctuates = self.shape == FALL_THEN_RISE
        median = np.where(fluctuates, p.fluctuating_nadir_weeks, p.down_nadir_weeks)
        spread = np.where(fluctuates, p.fluctuating_nadir_ln_sd, p.down_nadir_ln_sd)
        pull = p.nadir_per_ln_ttv * ln_ttv_centred + p.nadir_per_new_lesion * new_lesion
        weeks = median * np.exp(spread * rng.standard_normal(n) + pull)
        return replace(self, nadir_weeks=np.where(self.shape == UP, np.inf, np.maximum(weeks, 7.0)))


def draw_course(start_z: Floats, *, rng: np.random.Generator, parameters: CohortParameters) -> PsaCourse:
    """Shapes and week-6 levels of n courses; `start_z` is the standardised ln TTV of the first cycle."""
    p = parameters
    n = len(start_z)
    loading = p.response_per_start
    rank = _normal_rank(loading * start_z + np.sqrt(1 - loading**2) * rng.standard_normal(n))
    shape = np.full(n, FALL_THEN_RISE)
    shape[rank < p.share_down] = DOWN
    shape[rank >= 1 - p.share_up] = UP
    flare = (shape == FALL_THEN_RISE) & (rng.random(n) < p.share_flare_of_fluctuating)
    shape[flare] = FLARE
    noise = rng.standard_normal(n)
    week6 = np.select(
        [shape == UP, shape == FALL_THEN_RISE],
        [
            np.maximum(p.up_week6_mean + p.up_week6_sd * noise, 0.03),
            np.minimum(p.fluctuating_week6_mean + p.fluctuating_week6_sd * noise, -0.10),
        ],
        np.minimum(p.down_week6_mean + p.down_week6_sd * noise, -0.12),
    )
    bump = np.where(shape == FLARE, -week6 * 1.1 + 0.25, 0.0)
    nadir = np.where(shape == UP, np.inf, p.down_nadir_weeks)
    return PsaCourse(shape, week6, nadir, bump, p.largest_rise_per_week)


def _normal_rank(z: Floats) -> Floats:
    """Standard normal distribution function (Abramowitz and Stegun 7.1.26, error below 1.5e-7)."""
    x = np.abs(z) / np.sqrt(2)
    t = 1 / (1 + 0.3275911 * x)
    tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = 1 - tail * np.exp(-(x**2))
    return np.asarray(0.5 * (1 + np.sign(z) * erf))


def measure_psa(
    course: PsaCourse,
    ln_psa: Floats,
    last_day: Floats,
    *,
    rng: np.random.Generator,
    parameters: CohortParameters,
) -> tuple[Floats, Floats]:
    """Days (n, k) and PSA in ng/mL (n, k) of the draws until `last_day`; NaN after it. Noise has memory (AR 1)."""
    p = parameters
    weeks = np.concatenate([np.arange(0, 36, 3.0), np.arange(36, p.last_draw_week + 1, 6.0)])
    n, k = len(ln_psa), len(weeks)
    days = np.round(weeks[None, :] * WEEK_DAYS + rng.uniform(-p.draw_jitter_days, p.draw_jitter_days, (n, k)))
    days[:, 0] = np.round(p.first_draw_days - np.abs(days[:, 0]))
    noise = rng.standard_normal((n, k))
    for column in range(1, k):
        own = np.sqrt(1 - p.psa_noise_memory**2)
        noise[:, column] = p.psa_noise_memory * noise[:, column - 1] + own * noise[:, column]
    psa = np.exp(ln_psa[:, None] + course.ln_change(days) + p.psa_noise * noise)
    psa = np.maximum(np.round(psa, 2), 0.01)
    unseen = days > last_day[:, None]
    return np.where(unseen, np.nan, days), np.where(unseen, np.nan, psa)


def find_progression(days: Floats, psa_ng_ml: Floats) -> Floats:
    """Day of confirmed PCWG3 PSA progression of each row, infinite without one.

    After a decline: the first value at least 25 % and 2 ng/mL above the nadir; without: above the first value, beyond
    day 84. Confirmed by the next value at least 21 days later that meets both against the same nadir (PCWG3, J Clin
    Oncol 2016;34:1402). The series' first value is the baseline.
    """
    n, k = psa_ng_ml.shape
    first = psa_ng_ml[:, 0]
    nadir = first.copy()
    found = np.full(n, np.inf)
    for column in range(1, k - 1):
        value, day = psa_ng_ml[:, column], days[:, column]
        limit = np.maximum(1.25 * nadir, nadir + 2.0)
        declined = nadir < first
        rises = (value >= limit) & (declined | (day > _GATE_DAYS)) & np.isinf(found)
        confirmed = _next_value(days, psa_ng_ml, column) >= limit
        found = np.where(rises & confirmed, day, found)
        nadir = np.fmin(nadir, value)
    return found


def _next_value(days: Floats, psa_ng_ml: Floats, column: int) -> Floats:
    """The first later value drawn at least 21 days on (one of the next two draws), NaN without one."""
    near = days[:, column + 1] - days[:, column] >= _CONFIRM_DAYS
    after = psa_ng_ml[:, column + 2] if column + 2 < psa_ng_ml.shape[1] else np.full(len(near), np.nan)
    return np.where(near, psa_ng_ml[:, column + 1], after)
