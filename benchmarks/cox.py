"""Cox models of ten covariates with Efron's ties and standard errors, on the same data as R and the Python libraries.

Each fit is a process of its own that has loaded its library and done a small fit before its clock starts; the best of
some rounds counts (one at a million). R is called twice: `lean` is `coxph.fit` without residuals, `full` is `coxph`.
lifelines, statsmodels and scikit-survival (which gives no errors) run in an environment of their own and not at a
million, unless `--all`: some take minutes there. Coefficients must agree to a thousandth of their error.

Beside that 1,000 bootstrap refits of a model of 4 covariates on 200 patients, and Kaplan-Meier at a million.

The bars: faster by the clock than each of them from 100,000 on, and time per patient that does not grow by more than
n log n from one size to the next.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from shared.environment import make_peer

STEPS = Path(__file__).parent / "cox_steps"
PEERS = ("lifelines==0.30.3", "scikit-survival==0.28.0", "statsmodels==0.15.0")
SIZES = (1_000, 10_000, 100_000, 1_000_000)
SMALL_ENOUGH, BAR_FROM, AGREE = 100_000, 100_000, 1e-3
Answers = dict[tuple[str, str, int], dict[str, Any]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--all", action="store_true", help="the slow peers at a million, too")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    commands = find_commands()
    answers: Answers = {}
    with tempfile.TemporaryDirectory(prefix="lutrace-bench-") as name:
        for size in sorted(given.sizes):
            folder = make_patients(Path(name), size, 10)
            for times in ("daily", "time"):
                for which, command in commands.items():
                    if size <= SMALL_ENOUGH or which in ("lutrace", "R lean", "R full") or given.all:
                        rounds = given.rounds if size <= SMALL_ENOUGH else min(given.rounds, 3)
                        answers[which, times, size] = run([*command, str(folder), times, "10", str(rounds), "cox"])
                        tell_fit(which, times, size, answers)
        tell_other("1,000 refits, n = 200", make_patients(Path(name), 200, 4), "daily", "4", "refits", commands)
        largest = make_patients(Path(name), max(given.sizes), 10)
        tell_other(f"Kaplan-Meier, n = {max(given.sizes)}", largest, "time", "10", "km", commands)
    return tell_bars(answers)


def find_commands() -> dict[str, list[str]]:
    """How each library is called; R only where it is installed."""
    peer, script = make_peer("cox_peers", PEERS), str(STEPS / "fits.py")
    commands = {"lutrace": [sys.executable, script, "lutrace"]}
    program = shutil.which("Rscript")
    if program is None:
        print("not run: R (Rscript is not installed)")
    else:
        commands |= {f"R {which}": [program, str(STEPS / "fits.R"), which] for which in ("lean", "full")}
    return commands | {which: [peer, script, which] for which in ("lifelines", "statsmodels", "sksurv")}


def make_patients(folder: Path, n: int, p: int) -> Path:
    place = folder / f"{n}_{p}"
    if not place.is_dir():
        place.mkdir()
        subprocess.run([sys.executable, str(STEPS / "patients.py"), str(place), str(n), str(p)], check=True)
    return place


def run(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def tell_fit(which: str, times: str, size: int, answers: Answers) -> None:
    """One line of a fit; AssertionError where its estimates are not lutrace's."""
    one, mine = answers[which, times, size], answers["lutrace", times, size]
    apart = max(abs(a - b) / se for a, b, se in zip(one["coef"], mine["coef"], mine["se"], strict=True))
    assert apart < AGREE, f"{which} differs by {apart} standard errors"
    print(
        f"{size:>8} {'daily ties' if times == 'daily' else 'untied':10} {which:12}{one['wall']:9.4f} s "
        f"{one['cpu']:9.4f} CPU s {one['peak_gb']:6.2f} GB; {one['wall'] / mine['wall']:6.2f} of lutrace's clock",
        flush=True,
    )


def tell_other(title: str, folder: Path, times: str, p: str, task: str, commands: dict[str, list[str]]) -> None:
    for which in ("lutrace", "R lean"):
        if which in commands:
            one = run([*commands[which], str(folder), times, p, "2", task])
            print(f"{title}, {which}: {one['wall']:.3f} s, {one['cpu']:.3f} CPU s", flush=True)


def tell_bars(answers: Answers) -> int:
    """Each bar; 1 when one is missed."""
    bars = []
    for (which, times, size), one in answers.items():
        mine = answers["lutrace", times, size]
        if which != "lutrace" and size >= BAR_FROM:
            bars.append((f"{size} {times}: {which} takes {one['wall'] / mine['wall']:.2f} times as long",
                         one["wall"] > mine["wall"]))  # fmt: skip
    sizes = sorted({size for _, _, size in answers})
    for times in ("daily", "time"):
        for small, large in itertools.pairwise(sizes):
            grown = answers["lutrace", times, large]["cpu"] / answers["lutrace", times, small]["cpu"]
            allowed = large * math.log(large) / (small * math.log(small))
            told = f"{times}: from {small} to {large} {grown:.1f} times the CPU time, n log n allows {allowed:.1f}"
            bars.append((told, grown <= allowed))
    for text, met in bars:
        print(f"bar: {text}: {'met' if met else 'MISSED'}")
    return 0 if all(met for _, met in bars) else 1


if __name__ == "__main__":
    sys.exit(main())
