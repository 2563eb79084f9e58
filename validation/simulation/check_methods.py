"""Coverage and type I error by simulation: about ten minutes; `check_methods.py --write [word]` stores methods.json.

Draws with known truth are in methods.py. A share must lie in the binomial interval that holds it 999 times in 1000 when
the method keeps its promise (95 % of intervals hold the truth; 5 % of p are below 0.05 where there is no effect).
"""

from __future__ import annotations

import sys
import zlib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

import numpy as np  # noqa: E402
from scipy.stats import binom  # noqa: E402
from validation.simulation.methods import CASES, Case, Said  # noqa: E402
from validation.simulation.stored import compare_stored, read_results, write  # noqa: E402

from lutrace.core import EstimationError  # noqa: E402

SEED = 20261122
STORED = HERE / "methods.json"


def measure(case: Case, n_sets: int | None = None) -> dict[str, Any]:
    """What a case gives over its sets; each set has its own seed."""
    number = zlib.crc32(case.name.encode())
    found, failed = [], 0
    for index in range(n_sets or case.n_sets):
        try:
            found.append(case.draw(np.random.default_rng([SEED, number, index])))
        except EstimationError:
            failed += 1
    columns = dict(zip(Said._fields, np.array(found).T, strict=True))
    measured: dict[str, Any] = {"truth": case.truth, "sets": len(found), "failed": failed}
    measured["below_0.05"] = float((columns["p"] < 0.05).mean())
    if not np.isnan(columns["low"]).all():
        held = (columns["low"] <= case.truth) & (case.truth <= columns["high"])
        is_open = np.isinf(columns["low"]) | np.isinf(columns["high"])
        measured |= {"covered": float(held.mean()), "open": float(is_open.mean())}
        measured |= {"bias": float(columns["estimate"].mean()) - case.truth}
        measured |= {"sd": float(columns["estimate"].std(ddof=1))}
    return measured


def name_of(case: Case) -> str:
    """The case's name with its truth."""
    return f"{case.name}, truth {case.truth:g}"


def judge(case: Case, measured: dict[str, Any]) -> list[str]:
    """What is not as promised."""
    promised = [("covered", 0.95)] if "covered" in measured else []
    promised += [("below_0.05", 0.05)] if case.truth == 0 else []
    faults = [f"{name_of(case)}: {measured['failed']} sets failed"] if measured["failed"] else []
    for key, nominal in promised:
        low, high = binom.interval(0.999, measured["sets"], nominal) / np.float64(measured["sets"])
        if not low <= measured[key] <= high:
            faults.append(f"{name_of(case)}: {key} {measured[key]:.1%}, not {low:.1%} to {high:.1%}")
    return faults


def main(*, store: bool = False, word: str = "") -> list[str]:
    """Run cases and print what they give; what is not as promised, or not as stored."""
    results, faults = {}, []
    for case in (case for case in CASES if word in case.name):
        measured = measure(case)
        print(f"   {name_of(case)}:", {key: round(value, 4) for key, value in measured.items()}, flush=True)
        results[name_of(case)] = measured
        faults += judge(case, measured)
    if store:
        write(STORED, read_results(STORED) | results, seed=SEED)
        return faults
    return faults + compare_stored(STORED, results)


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--write"]
    sys.exit("\n".join(main(store="--write" in sys.argv, word="".join(words))))
