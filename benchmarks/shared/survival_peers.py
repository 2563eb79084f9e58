"""Survival fits by lutrace, R, lifelines, statsmodels and scikit-survival: how each is called, timed and compared."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from shared.environment import make_peer

STEPS = Path(__file__).parents[1] / "cox_steps"
VERSIONS = ("lifelines==0.30.3", "scikit-survival==0.28.0", "statsmodels==0.15.0")
LIBRARIES = ("lifelines", "statsmodels", "sksurv")
SAME = 1e-6
"""Difference in standard errors up to which estimates count as equal, and in share of one another errors do."""
Answer = dict[str, Any]


class Fit(NamedTuple):
    """What is to be fitted: cox, refits or km, in which column of times, with how many covariates, how often."""

    task: str
    folder: Path
    times: str
    terms: int
    rounds: int


def find_commands(ways_in_r: tuple[str, ...]) -> dict[str, list[str]]:
    """How each is called; R, by the ways of fits.R, only where it is installed."""
    peer, script = make_peer("cox_peers", VERSIONS), str(STEPS / "fits.py")
    commands = {"lutrace": [sys.executable, script, "lutrace"]}
    program = shutil.which("Rscript")
    if program is None:
        print("not run: R (Rscript is not installed)")
    else:
        commands |= {f"R {way}": [program, str(STEPS / "fits.R"), way] for way in ways_in_r}
    return commands | {which: [peer, script, which] for which in LIBRARIES}


def make_patients(folder: Path, n: int, p: int) -> Path:
    """Simulated patients in a folder, made once."""
    place = folder / f"{n}_{p}"
    if not place.is_dir():
        place.mkdir()
        subprocess.run([sys.executable, str(STEPS / "patients.py"), str(place), str(n), str(p)], check=True)
    return place


def run(command: list[str], fit: Fit, limit: int) -> Answer | None:
    """Seconds and estimates; None where a process took more than `limit` processor seconds in all."""
    arguments = [str(fit.folder), fit.times, str(fit.terms), str(fit.rounds), fit.task]
    bounded = None if sys.platform == "win32" else partial(_bound, limit)
    done = subprocess.run([*command, *arguments], stdout=subprocess.PIPE, text=True, preexec_fn=bounded, check=False)
    if done.returncode in (-24, -9, 137, 152):
        return None
    done.check_returncode()
    answer: Answer = json.loads(done.stdout.splitlines()[-1])
    return answer


def _bound(limit: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))


def describe(which: str, answer: Answer | None, mine: Answer, limit: int) -> str:
    """A line: seconds, ratio to lutrace's, and whether the numbers are the same."""
    if answer is None:
        return f"{which:12} > {limit} CPU s"
    return (
        f"{which:12}{answer['wall']:9.4f} s {answer['cpu']:9.4f} CPU s {answer['peak_gb']:6.2f} GB; "
        f"{answer['cpu'] / max(mine['cpu'], 1e-3):7.2f} of lutrace's CPU; {_compare(answer, mine)}"
    )


def _compare(answer: Answer, mine: Answer) -> str:
    apart = max(abs(a - b) / se for a, b, se in zip(answer["coef"], mine["coef"], mine["se"], strict=True))
    told = "same estimates" if apart < SAME else f"estimates differ by up to {apart:.1g} standard errors"
    if answer["se"] is None:
        return f"{told}, no errors"
    apart = max(abs(a / b - 1) for a, b in zip(answer["se"], mine["se"], strict=True))
    return f"{told}, same errors" if apart < SAME else f"{told}, errors differ by up to {100 * apart:.1g} %"
