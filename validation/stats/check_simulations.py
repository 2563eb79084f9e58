"""Coverage and type I error by simulation: Fine and Gray, landmark and time-varying Cox; what immortal time does.

Each bound is the nominal value with four standard errors of the simulation to either side.
"""

from __future__ import annotations

import sys

import numpy as np

from lutrace.core import UnusableInputError
from lutrace.stats import (
    check_known_at,
    competing_of,
    fit_cox,
    fit_fine_gray,
    make_landmark_set,
    make_time_varying_rows,
    measurements_of,
    survival_of,
)

N_PATIENTS = 200
N_SETS = 1000


def main() -> list[str]:
    """Run all, print the shares, and list those outside their bounds."""
    rng = np.random.default_rng(20246)
    faults = []
    for effect in (0.0, 0.5):
        covered = np.mean([_fine_gray_covers(rng, effect) for _ in range(N_SETS)])
        faults += _judge(f"Fine and Gray, log ratio {effect}: interval covers", covered, nominal=0.95)
    found = np.array([_response_is_significant(rng) for _ in range(N_SETS // 2)])
    faults += _judge("landmark Cox, no effect: p below 0.05", found[:, 0].mean(), nominal=0.05)
    faults += _judge("time-varying Cox, no effect: p below 0.05", found[:, 1].mean(), nominal=0.05)
    naive = found[:, 2].mean()
    print(f"   response taken as known from the start (immortal time), no effect: p below 0.05 in {naive:.1%}")
    if naive < 0.5:
        faults.append(f"immortal time should mislead in most sets, did in {naive:.1%}")
    return faults


def _judge(name: str, share: float, *, nominal: float) -> list[str]:
    n_sets = N_SETS if nominal > 0.5 else N_SETS // 2
    margin = 4 * float(np.sqrt(nominal * (1 - nominal) / n_sets))
    print(f"   {name} in {share:.1%} of {n_sets} sets of {N_PATIENTS} (bounds {nominal:.0%} +- {margin:.1%})")
    return [] if abs(share - nominal) <= margin else [f"{name} in {share:.1%}, nominal {nominal:.0%}"]


def _fine_gray_covers(rng: np.random.Generator, effect: float) -> bool:
    """Times drawn as by Fine and Gray 1999: incidence 1 - (1 - 0.6 (1 - exp(-t)))^exp(effect x)."""
    x = rng.integers(0, 2, N_PATIENTS).astype(float)
    ratio = np.exp(effect * x)
    share = 1 - 0.4**ratio
    first = rng.random(N_PATIENTS) < share
    inner = 1 - (1 - rng.random(N_PATIENTS) * share) ** (1 / ratio)
    time = np.where(first, -np.log(1 - inner / 0.6), rng.exponential(1 / ratio))
    leaving = rng.uniform(0.3, 3, N_PATIENTS)
    cause = np.where(time > leaving, 0, np.where(first, 1, 2))
    follow_up = competing_of(np.minimum(time, leaving), cause, censored=0)
    fit = fit_fine_gray(follow_up, x, terms=["x"], cause="1")
    return bool(fit.low[0] <= np.exp(effect) <= fit.high[0])


def _response_is_significant(rng: np.random.Generator) -> tuple[bool, bool, bool]:
    """Responses that do nothing, at some time of follow-up: by landmark, as they change, and as if known before."""
    death, leaving = rng.exponential(1, N_PATIENTS), rng.uniform(0.5, 3, N_PATIENTS)
    survival = survival_of(np.minimum(death, leaving), death <= leaving)
    response = rng.exponential(0.8, N_PATIENTS)
    seen = np.flatnonzero(response < survival.time)
    later = make_landmark_set(survival, landmark=0.4)
    landmark = fit_cox(later.survival, (response <= 0.4)[later.rows], terms=["response"])
    everyone = np.arange(N_PATIENTS)
    patient, when = np.append(everyone, seen), np.append(np.zeros(N_PATIENTS), response[seen])
    value = np.repeat([0.0, 1.0], [N_PATIENTS, seen.size])
    rows = make_time_varying_rows(survival, {"response": measurements_of(patient, when, value, n=N_PATIENTS)})
    changing = fit_cox(rows.survival, rows.covariates, terms=rows.terms)
    ever = np.isin(everyone, seen).astype(float)
    try:
        check_known_at({"response": np.where(ever > 0, response, np.nan)})
    except UnusableInputError:
        naive = fit_cox(survival, ever, terms=["response"])
        return landmark.p[0] < 0.05, changing.p[0] < 0.05, naive.p[0] < 0.05
    raise AssertionError("the guard let a response through that came after the start")


if __name__ == "__main__":
    sys.exit("\n".join(main()))
