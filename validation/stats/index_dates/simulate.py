"""What time zero does to an external control: patients with several lines of treatment, none of which does anything,
against treated patients who enter at a random line. The hazard ratio is 1 in truth; hazards rise from line to line.
Without and with the number of the line in the model; mean log hazard ratio and share of 95 % intervals that hold 1.
`simulate.py [cohorts] [patients] [seed]`
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from lutrace.stats import CoxRows, IndexStrategy, choose_index_dates, fit_cox, survival_of

N_LINES, LENGTH, HAZARD = 4, 0.5, (0.4, 0.6, 0.9, 1.3)
STRATEGIES: tuple[IndexStrategy, ...] = ("first", "last", "all", "random")
Column = np.ndarray[Any, np.dtype[np.float64]]


def draw_deaths(n: int, first: Column, random: np.random.Generator) -> Column:
    """Time to death since the start of line `first` (0 to 3), each line lasting half a year, the last for ever."""
    left, time = random.exponential(size=n), np.zeros(n)
    for line in range(N_LINES):
        here = (first <= line) & (left > 0)
        span = np.full(n, np.inf if line == N_LINES - 1 else LENGTH)
        lived = np.minimum(span, left / HAZARD[line])
        time = np.where(here, time + lived, time)
        left = np.where(here, left - lived * HAZARD[line], left)
        left = np.where(left < 1e-12, 0.0, left)
    return time


def compare(n: int, random: np.random.Generator, strategy: IndexStrategy) -> list[tuple[float, bool]]:
    """Log hazard ratio, treated against controls, and whether its interval holds 0: without and with the line."""
    end = draw_deaths(n, np.zeros(n), random)
    patients, line = np.repeat(np.arange(n), N_LINES), np.tile(np.arange(float(N_LINES)), n)
    start = line * LENGTH
    reached = start < end[patients]
    seed = int(random.integers(1, 2**31)) if strategy == "random" else None
    chosen = choose_index_dates(patients, start, eligible=reached, strategy=strategy, seed=seed).rows
    entered = random.integers(0, N_LINES, n).astype(np.float64)
    time = np.concatenate([draw_deaths(n, entered, random), (end[patients] - start)[chosen]])
    treated = np.concatenate([np.ones(n), np.zeros(chosen.size)])
    clusters = CoxRows(clusters=np.concatenate([np.arange(n) + n, patients[chosen]]))
    lines = np.concatenate([entered, line[chosen]])
    follow_up = survival_of(np.minimum(time, 3.0), time <= 3.0)
    dummies = np.column_stack([treated, *(lines == number for number in range(1, N_LINES))])
    used = [place for place in range(dummies.shape[1]) if place == 0 or dummies[treated == 0, place].sum() > 0]
    found = []
    for columns in ([0], used):
        fit = fit_cox(follow_up, dummies[:, columns], terms=[f"x{place}" for place in columns], rows=clusters)
        found.append((fit.coef[0], fit.low[0] <= 1 <= fit.high[0]))
    return found


def main(n_cohorts: int = 500, n: int = 200, seed: int = 1) -> None:
    print(f"{n_cohorts} cohorts of {n} and {n}: mean log hazard ratio (0 is true) and intervals that hold 1")
    for strategy in STRATEGIES:
        random = np.random.default_rng(seed)
        runs = np.array([compare(n, random, strategy) for _ in range(n_cohorts)], dtype=np.float64)
        shown = [f"{mean:+.3f} {held:.0%}" for mean, held in runs.mean(axis=0)]
        print(f"   {strategy}: {shown[0]}; with the number of the line {shown[1]}")


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
