"""Virtual patients as arrays: burden, PSA, tumour volume, new lesions, cycles, survival - with known truth."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from lutrace.core import UnusableInputError
from lutrace.virtual.parameters import WEEK_DAYS, CohortParameters
from lutrace.virtual.psa_course import PsaCourse, draw_course, find_progression, measure_psa

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

STOP_REASONS = ("ongoing", "progression", "toxicity", "choice", "death", "completed")
MOST_CYCLES = 6
_CHUNK = 100_000


@dataclass(frozen=True, eq=False)
class _Persons:
    """What is fixed before the first cycle."""

    age_years: Floats
    ecog: Ints
    weight_kg: Floats
    height_cm: Floats
    burden: Floats
    avidity: Floats
    marrow: Floats
    has_bone: Bools
    has_node: Bools
    has_liver: Bools
    has_lung: Bools
    taxane_lines: Ints
    arpi_lines: Ints
    suv_mean: Floats
    suv_max: Floats
    haemoglobin: Floats
    ldh: Floats
    ln_psa: Floats


@dataclass(frozen=True, eq=False)
class VirtualPatients(_Persons):
    """n virtual patients, one array entry or row each; days count from the first cycle.

    `ln_ttv` and `ln_psa_change` have columns for cycles 1 to 3 (true values, also for cycles that a patient did not
    reach); `new_lesion` and `new_avid` likewise (first column false). `cycle_day` has NaN for cycles not given.
    `os_day`/`os_event` and `pfs_day`/`pfs_event` are what an observer sees at the data cut; `death_day` is the truth.
    """

    trajectory: Ints
    ln_ttv: Floats
    ln_psa_change: Floats
    new_lesion: Bools
    new_avid: Bools
    n_cycles: Ints
    stop_reason: Ints
    cycle_day: Floats
    landmark_day: Floats
    """Day on which cycle 2 is given, or would have been."""
    death_day: Floats
    follow_up_day: Floats
    """Day of the data cut."""
    last_day: Floats
    """Last day seen: death, loss or the data cut."""
    lost: Bools
    os_day: Floats
    os_event: Bools
    pfs_day: Floats
    """PCWG3 PSA progression or death, confirmed, from the observed draws."""
    pfs_event: Bools
    psa_day: Floats
    psa_ng_ml: Floats

    def __len__(self) -> int:
        """Number of patients."""
        return len(self.age_years)

    def rows(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> VirtualPatients:
        """The patients that a boolean or index array chooses."""
        return VirtualPatients(**{item.name: getattr(self, item.name)[chosen] for item in fields(self)})

    def reached(self, cycle: int) -> Bools:
        """Who was given this cycle."""
        return np.asarray(self.n_cycles >= cycle)


def simulate_patients(n: int, *, seed: int, parameters: CohortParameters | None = None) -> VirtualPatients:
    """`n` virtual patients whose margins and correlations follow `parameters`; the same seed gives the same patients.

    Raises UnusableInputError when n is not positive. The model: latent burden, avidity and marrow reserve; PSA courses
    in four shapes; ln TTV change tied to ln PSA change; a Weibull hazard after cycle 2 that depends on ln TTV at cycle
    2, new lesions, PSA change, haemoglobin, LDH and liver disease; PSA-PFS read off the noisy PSA draws themselves.

    >>> simulate_patients(5, seed=1).ln_ttv.shape
    (5, 3)
    """
    if n < 1:
        raise UnusableInputError(f"a cohort needs at least one patient, got {n}")
    chosen = parameters or CohortParameters()
    seeds = np.random.SeedSequence(seed).spawn(-(-n // _CHUNK))
    sizes = [min(_CHUNK, n - start) for start in range(0, n, _CHUNK)]
    parts = [_simulate_chunk(size, np.random.default_rng(one), chosen) for size, one in zip(sizes, seeds, strict=True)]
    if len(parts) == 1:
        return parts[0]
    return VirtualPatients(
        **{item.name: np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(VirtualPatients)}
    )


@dataclass(frozen=True, eq=False)
class _Drawn(_Persons):
    """Persons as drawn, with the tumour volume that their course starts from."""

    ln_ttv_start: Floats


def _simulate_chunk(n: int, rng: np.random.Generator, p: CohortParameters) -> VirtualPatients:
    persons = _draw_persons(n, rng, p)
    intervals = p.interval_weeks * np.exp(p.interval_ln_sd * rng.standard_normal((n, MOST_CYCLES - 1)))
    given = np.concatenate([np.zeros((n, 1)), np.round(np.cumsum(intervals, axis=1) * WEEK_DAYS)], axis=1)
    response = _draw_response(persons.ln_ttv_start, given, rng, p)
    course = response.course
    death = _draw_death(persons, response, given[:, 1], rng=rng, p=p)
    n_cycles, reason = _draw_cycles(course, given, death, rng=rng, p=p)
    weeks = p.follow_up_weeks * np.exp(p.follow_up_ln_sd * rng.standard_normal(n))
    follow_up = np.floor(given[:, 1] + WEEK_DAYS * weeks)
    if p.follow_up_range_weeks is not None:
        follow_up = np.floor(WEEK_DAYS * rng.uniform(*p.follow_up_range_weeks, n))
    loss = rng.exponential(WEEK_DAYS / p.lost_per_week, n)
    last = np.floor(np.maximum(np.minimum(np.minimum(death, loss), follow_up), 1.0))
    given_by = np.maximum((given <= last[:, None]).sum(axis=1), 1)
    reason = np.where(given_by < n_cycles, np.where(death <= last + 1, 4, 0), reason)
    n_cycles = np.minimum(n_cycles, given_by)
    died = death < np.minimum(loss, follow_up)
    days, psa = measure_psa(course, persons.ln_psa, last, rng=rng, parameters=p)
    progression = find_progression(days, psa)
    pfs = np.minimum(progression, last)
    shown = np.arange(MOST_CYCLES)[None, :] < n_cycles[:, None]
    base = {item.name: getattr(persons, item.name) for item in fields(_Persons)}
    return VirtualPatients(
        **base,
        trajectory=course.shape,
        ln_ttv=response.ln_ttv,
        ln_psa_change=response.ln_psa_change,
        new_lesion=response.new_lesion,
        new_avid=response.new_avid,
        n_cycles=n_cycles,
        stop_reason=reason,
        cycle_day=np.where(shown, given, np.nan),
        landmark_day=given[:, 1],
        death_day=np.floor(death),
        follow_up_day=follow_up,
        last_day=last,
        lost=(loss < np.minimum(death, follow_up)),
        os_day=last,
        os_event=died,
        pfs_day=pfs,
        pfs_event=np.isfinite(progression) | died,
        psa_day=days,
        psa_ng_ml=psa,
    )


def _draw_persons(n: int, rng: np.random.Generator, p: CohortParameters) -> _Drawn:
    burden, avidity, marrow = rng.standard_normal((3, n))
    has_bone, has_node = rng.random(n) < p.share_bone, rng.random(n) < p.share_node
    has_bone |= ~has_node
    suv_mean = np.exp(p.ln_suv_mean + p.ln_suv_mean_sd * rng.standard_normal(n) + p.ln_suv_mean_per_avidity * avidity)
    suv_max = np.exp(p.ln_suv_max + p.ln_suv_max_sd * rng.standard_normal(n))
    return _Drawn(
        age_years=_within(p.age_mean, p.age_sd, 45, 92, n=n, rng=rng),
        ecog=rng.choice(3, n, p=p.ecog_shares),
        weight_kg=_within(p.weight_mean_kg, p.weight_sd_kg, 48, 140, n=n, rng=rng),
        height_cm=_within(p.height_mean_cm, p.height_sd_cm, 155, 200, n=n, rng=rng),
        burden=burden,
        avidity=avidity,
        marrow=marrow,
        has_bone=has_bone,
        has_node=has_node,
        has_liver=rng.random(n) < p.share_liver,
        has_lung=rng.random(n) < p.share_lung,
        taxane_lines=rng.choice(3, n, p=p.share_taxane),
        arpi_lines=rng.choice(3, n, p=p.share_arpi),
        suv_mean=suv_mean,
        suv_max=np.maximum(suv_max, 1.6 * suv_mean),
        haemoglobin=p.haemoglobin_mean
        + p.haemoglobin_per_burden * burden
        + p.haemoglobin_per_marrow * marrow
        + p.haemoglobin_own_sd * rng.standard_normal(n),
        ldh=p.ldh_median * np.exp(p.ldh_ln_sd * rng.standard_normal(n) + p.ldh_ln_per_burden * burden),
        ln_psa=p.ln_psa_mean + p.ln_psa_per_burden * burden + p.ln_psa_own_sd * rng.standard_normal(n),
        ln_ttv_start=p.ln_ttv_mean + p.ln_ttv_per_burden * burden + p.ln_ttv_own_sd * rng.standard_normal(n),
    )


def _within(mean: float, sd: float, low: float, high: float, *, n: int, rng: np.random.Generator) -> Floats:
    values = mean + sd * rng.standard_normal(n)
    while (outside := (values < low) | (values > high)).any():
        values[outside] = mean + sd * rng.standard_normal(int(outside.sum()))
    return np.asarray(values)


@dataclass(frozen=True, eq=False)
class _Response:
    """What therapy does: PSA course, ln TTV and PSA change at cycles 1 to 3, new lesions."""

    course: PsaCourse
    ln_ttv: Floats
    ln_psa_change: Floats
    new_lesion: Bools
    new_avid: Bools


def _draw_response(ln_ttv: Floats, given: Floats, rng: np.random.Generator, p: CohortParameters) -> _Response:
    """Volume change follows PSA change with the stated correlation; the turn of the PSA knows the state at cycle 2."""
    n = len(ln_ttv)
    start_z = (ln_ttv - p.ln_ttv_mean) / np.hypot(p.ln_ttv_per_burden, p.ln_ttv_own_sd)
    early = draw_course(start_z, rng=rng, parameters=p)
    own = np.sqrt(1 - p.change_correlation**2)
    noise = p.change_per_start * start_z + np.sqrt(1 - p.change_per_start**2) * rng.standard_normal(n)
    second_psa = early.ln_change(given[:, 1])
    z = (second_psa - p.week6_mean) / p.week6_sd
    second = ln_ttv + p.ttv_drift[0] + p.change_sd[0] * (p.change_correlation * z + own * noise)
    new_second = _draw_new_lesions(z, p.share_new_lesion[0], rng, p)
    course = early.with_turn(second - p.ln_ttv_mean - p.ttv_drift[0], new_second, rng=rng, parameters=p)
    third_psa = course.ln_change(given[:, 2])
    z = (third_psa - p.week12_mean) / p.week12_sd
    noise = p.change_memory * noise + np.sqrt(1 - p.change_memory**2) * rng.standard_normal(n)
    third = ln_ttv + p.ttv_drift[1] + p.change_sd[1] * (p.change_correlation * z + own * noise)
    new_third = _draw_new_lesions(z, p.share_new_lesion[1], rng, p)
    new = np.stack([np.zeros(n, bool), new_second, new_third], axis=1)
    return _Response(
        course=course,
        ln_ttv=np.stack([ln_ttv, second, third], axis=1),
        ln_psa_change=np.stack([np.zeros(n), course.ln_change(given[:, 1]), third_psa], axis=1),
        new_lesion=new,
        new_avid=new & (rng.random((n, 3)) < np.array([0.0, *p.share_new_avid])),
    )


def _draw_new_lesions(response_z: Floats, share: float, rng: np.random.Generator, p: CohortParameters) -> Bools:
    """Whether new lesions appear, more often in those who do not respond."""
    slope = p.new_lesion_per_response
    # Widening the logit keeps the margin when a standard normal covariate is added (Zeger, Liang, Albert 1988).
    centre = np.log(share / (1 - share)) * np.sqrt(1 + 0.346 * slope**2)
    return np.asarray(rng.random(len(response_z)) < 1 / (1 + np.exp(-(centre + slope * response_z))))


def _draw_death(
    persons: _Drawn, response: _Response, landmark: Floats, *, rng: np.random.Generator, p: CohortParameters
) -> Floats:
    """Day of death: a small chance before cycle 2, then a Weibull hazard that knows the state at cycle 2."""
    n = len(landmark)
    doublings = np.clip((persons.ln_ttv_start - p.ln_ttv_mean) / np.log(2), -4, 4)
    early = rng.random(n) < p.early_death * np.exp(p.early_death_per_doubling_ttv * doublings - 0.12)
    haemoglobin_own = persons.haemoglobin - p.haemoglobin_mean - p.haemoglobin_per_burden * persons.burden
    ldh_own = np.log2(persons.ldh / p.ldh_median) - p.ldh_ln_per_burden * persons.burden / np.log(2)
    log_hazard = (
        p.hazard_per_ln_ttv * (response.ln_ttv[:, 1] - p.ln_ttv_mean - p.ttv_drift[0])
        + p.hazard_new_lesion[0] * (response.new_lesion[:, 1] - p.share_new_lesion[0])
        + p.hazard_new_lesion[1] * (response.new_lesion[:, 2] - p.share_new_lesion[1])
        + p.hazard_per_ln_psa_change * (response.ln_psa_change[:, 1] - p.week6_mean)
        + p.hazard_per_haemoglobin * haemoglobin_own
        + p.hazard_per_doubling_ldh * ldh_own
        + p.hazard_liver * (persons.has_liver - p.share_liver)
        + p.hazard_per_suv_mean * np.clip(persons.suv_mean - np.exp(p.ln_suv_mean), -6, 10)
    )
    weeks = p.survival_median_weeks * (rng.exponential(1 / np.log(2), n) * np.exp(-log_hazard)) ** (
        1 / p.survival_shape
    )
    return np.where(early, rng.uniform(7, 1 + landmark), landmark + WEEK_DAYS * weeks + 1)


def _draw_cycles(
    course: PsaCourse, given: Floats, death: Floats, *, rng: np.random.Generator, p: CohortParameters
) -> tuple[Ints, Ints]:
    """Number of cycles and why they ended: those whose PSA rises stop sooner."""
    n = len(death)
    n_cycles, reason = np.ones(n, np.int64), np.zeros(n, np.int64)
    going = np.ones(n, bool)
    for index, logit in enumerate(p.stop_logits):
        trend = np.clip(course.ln_change(given[:, index + 1]) / np.sqrt(index + 1.0), -2, 2)
        chance = 1 / (1 + np.exp(-(logit + p.stop_per_response * (trend - p.week6_mean))))
        dead = going & (death <= given[:, index + 1])
        stops = going & ~dead & (rng.random(n) < chance)
        why = np.where(rng.random(n) < np.where(trend > 0, *p.stop_by_progression), 1, rng.choice([2, 3], n))
        reason = np.where(dead, 4, np.where(stops, why, reason))
        going &= ~dead & ~stops
        n_cycles[going] += 1
    return n_cycles, np.where(going, 5, reason)
