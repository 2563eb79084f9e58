"""Awkward random samples by lutrace and by R live: ties, weights, strata, late entry, scales from 1e-6 to 1e6.

A shelf's script (`Rscript sweep.R STATS OUT.csv ROWS.csv`) reads all samples from ROWS.csv and puts its numbers by
sample; what R cannot compute is NA. `check_sweep.py` beside it gives the samples and the same numbers by lutrace.
"""

from __future__ import annotations

import csv
import math
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from validation.stats.comparison import Numbers, compare, read_reference  # noqa: E402

from lutrace.core import EstimationError, UnusableInputError  # noqa: E402

Column = NDArray[np.float64]
Sample = dict[str, Column]
Quantities = Mapping[str, Callable[[], Sequence[float]]]
SHAPES = ("continuous", "tied", "one event time", "few", "doubled")


def run_script(script: Path, *arguments: Path | str) -> bool:
    """Run an R script; False, and said, where Rscript is not installed."""
    program = shutil.which("Rscript")
    if program is None:
        print(f"   not run: {script.parent.name}/{script.name} (Rscript is not installed)")
        return False
    subprocess.run([program, str(script), *map(str, arguments)], check=True)
    return True


def draw_follow_up(random: np.random.Generator) -> Sample:
    """Times, events, two causes, entry, two to four groups, strata (some of one row), weights, clusters, covariates."""
    shape = SHAPES[random.integers(len(SHAPES))]
    n = int(random.integers(4, 12) if shape == "few" else random.integers(12, 70))
    time = random.exponential(8, n) + 0.01
    entry = time * random.random(n)
    if shape != "continuous":
        time = np.ceil(time)
        entry = np.floor(entry)
    if shape == "one event time":
        time = np.where(random.random(n) < 0.5, 5.0, time)
    event = (random.random(n) < random.choice([0.3, 0.7, 1.0])).astype(float)
    if shape == "one event time":
        event = event * (time == 5)
        entry = np.minimum(entry, time - 1)
    event[0] = 1.0
    scale = 10.0 ** random.integers(-6, 7)
    sample = {
        "time": time * scale,
        "event": event,
        "cause": event * random.integers(1, 3, n),
        "entry": entry * scale,
        "group": random.integers(0, random.integers(2, 5), n).astype(float),
        "stratum": np.where(random.random(n) < 0.1, np.arange(10.0, n + 10), random.integers(0, 2, n)),
        "weight": random.uniform(0.2, 3, n),
        "whole": random.integers(1, 4, n).astype(float),
        "pair": np.floor(np.arange(n) / 2),
        "x": random.normal(size=n) * 10.0 ** random.integers(-6, 7),
        "z": random.integers(0, 2, n).astype(float),
    }
    sample["group"][:2] = 0, 1
    sample["z"][:2] = 0, 1
    if shape == "doubled":
        sample = {name: np.tile(column, 2) for name, column in sample.items()}
    return sample


def run_sweep(
    script: Path,
    samples: Sequence[Sample],
    compute: Callable[[Sample], Quantities],
    *,
    tolerance_of: Callable[[str], float] = lambda quantity: 1e-8,
) -> list[str]:
    """Compare all samples; faults are differences, numpy's warnings, and refusals of what R answers."""
    name = script.parent.name
    with tempfile.TemporaryDirectory() as scratch:
        rows, out = Path(scratch) / "rows.csv", Path(scratch) / "out.csv"
        _write(rows, samples)
        if not run_script(script, HERE, out, rows):
            return []
        theirs = {key: value for key, value in read_reference(out).items() if key[0] != "version"}
    found: Numbers = {}
    refusals: Counter[str] = Counter()
    faults = []
    for number, sample in enumerate(samples):
        for quantity, call in compute(sample).items():
            key = (str(number), quantity)
            answered = any(math.isfinite(value) for value in theirs.get(key, []))
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    own = list(call())
            except RuntimeWarning as warning:
                faults.append(f"{name}, sample {number}, {quantity}: numpy warns of {warning}")
                continue
            except (EstimationError, UnusableInputError) as error:
                reason = re.sub(r"\d[\d.e+-]*", "#", str(error))
                refusals[f"{'refused' if answered else 'refused, by R too'}: {reason}"] += 1
                if answered:
                    faults.append(f"{name}, sample {number}, {quantity}: refused ({error}), R has an answer")
                continue
            if answered:
                found[key] = own
            else:
                refusals["answered, not by R"] += 1
    differences = list(compare(found, theirs))
    largest = max((one[2] for one in differences), default=0.0)
    print(f"   {name}: {len(differences)} quantities of {len(samples)} samples, largest difference {largest:.1e}")
    for reason, count in refusals.most_common():
        print(f"      {count} times {reason}")
    far = [
        f"{name}, sample {case}, {what} differs by {by:.1e}"
        for case, what, by in differences
        if by > tolerance_of(what)
    ]
    return faults + far


def _write(path: Path, samples: Sequence[Sample]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        lines: Any = csv.writer(file)
        lines.writerow(["sample", *samples[0]])
        for number, sample in enumerate(samples):
            lines.writerows((number, *map(repr, row)) for row in np.column_stack(list(sample.values())).tolist())
