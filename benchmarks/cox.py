"""Cox models of ten covariates with Efron's ties and standard errors, on the same data as R and the Python libraries.

Each fit is a process of its own that has loaded its library and done a small fit before its clock starts; the best of
some rounds counts (of one at a million). R is called twice: `lean` is `coxph.fit` without residuals, `full` is `coxph`.
lifelines, statsmodels and scikit-survival (which gives no errors) run in an environment of their own. Who takes more
processor seconds than the limit, loading included, is told so and not asked for more patients.

The bars: ahead of each of them in processor seconds from 100,000 patients on, and time that grows by no more than
n log n from one size to the next.
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
import tempfile
from pathlib import Path

from shared.survival_peers import Answer, Fit, describe, find_commands, make_patients, run

SIZES = (1_000, 10_000, 100_000, 1_000_000)
BAR_FROM, ONCE_FROM = 100_000, 1_000_000
TIMES = {"daily": "daily ties", "time": "untied"}
Answers = dict[tuple[str, str, int], Answer | None]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--limit", type=int, default=60, help="processor seconds for each process")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    commands = find_commands(("lean", "full"))
    answers: Answers = {}
    with tempfile.TemporaryDirectory(prefix="lutrace-bench-") as name:
        for size, times in itertools.product(sorted(given.sizes), TIMES):
            fit = Fit("cox", make_patients(Path(name), size, 10), times, 10, given.rounds)
            for which, command in commands.items():
                if any(answer is None for (who, when, _), answer in answers.items() if (who, when) == (which, times)):
                    continue
                is_peer = not which.startswith(("lutrace", "R lean"))
                asked = fit._replace(rounds=1) if is_peer and size >= ONCE_FROM else fit
                answers[which, times, size] = run(command, asked, given.limit)
                mine = answers["lutrace", times, size]
                assert mine is not None, "lutrace took more than the limit"
                told = describe(which, answers[which, times, size], mine, given.limit)
                print(f"{size:>8} {TIMES[times]:10} {told}", flush=True)
    return tell_bars(answers, given.limit)


def tell_bars(answers: Answers, limit: int) -> int:
    """Each bar; 1 when one is missed."""
    bars = []
    for (which, times, size), one in answers.items():
        mine = answers["lutrace", times, size]
        if which != "lutrace" and size >= BAR_FROM and mine is not None:
            cpu = limit if one is None else one["cpu"]
            told = f"{size} {TIMES[times]}: {which} takes {'more than ' if one is None else ''}{cpu / mine['cpu']:.2f}"
            bars.append((f"{told} times as long", cpu > mine["cpu"]))
    sizes = sorted({size for _, _, size in answers})
    for times, (small, large) in itertools.product(TIMES, itertools.pairwise(sizes)):
        before, after = answers["lutrace", times, small], answers["lutrace", times, large]
        if before is not None and after is not None:
            steps = math.log(large / small)
            grown = math.log(after["cpu"] / before["cpu"]) / steps
            allowed = 1 + math.log(math.log(large) / math.log(small)) / steps
            told = f"{TIMES[times]}: from {small} to {large} as n^{grown:.2f}, n log n is n^{allowed:.2f}"
            bars.append((told, grown <= allowed))
    for text, met in bars:
        print(f"bar: {text}: {'met' if met else 'MISSED'}")
    return 0 if all(met for _, met in bars) else 1


if __name__ == "__main__":
    sys.exit(main())
