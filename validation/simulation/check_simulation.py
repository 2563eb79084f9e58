"""Does the analysis find the truth? Minutes, two processes; `python check_simulation.py --write` stores the results.

Simulates synthetic patients and judges the first study's models: (a) the truth of its estimates, fitted on more than a
million patients and stored in truth.json with its Monte-Carlo error; (b) coverage of 95 % intervals against that truth;
(c) the same with exactly proportional hazards, hazard ratio 1.6 per doubling; (d) type I error under no effect; (e) the
bias of immortal time.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import numpy as np  # noqa: E402
import scenarios  # noqa: E402

from lutrace.stats import fit_cox  # noqa: E402

TRUTH_SEED, COVERAGE_SEED, EXACT_SEED, NULL_SEED = 1_000, 5_000, 10_000, 50_000
N_TRUTH, N_COVERAGE = 1_200_000, 1_200_000
LARGE, SMALL = 2_000, 66
LOG_HR = math.log(1.6)


def find_truth(endpoint: str) -> dict[str, Any]:
    """The coefficients of the first study's model on more than a million patients, with their Monte-Carlo error."""
    source = scenarios.draw_landmark(N_TRUTH, seed=TRUTH_SEED, endpoint=endpoint)
    whole = fit_cox(*source.take(slice(None)), terms=scenarios.TERMS)
    size = source.days.size // 20
    parts = [
        fit_cox(*source.take(slice(number * size, (number + 1) * size)), terms=scenarios.TERMS).coef
        for number in range(20)
    ]
    error = np.std(parts, axis=0, ddof=1) / math.sqrt(20)
    return {
        "n": whole.n,
        "events": whole.n_events,
        "terms": list(whole.terms),
        "log_hazard_ratio_per_doubling": list(whole.coef),
        "hazard_ratio_per_doubling": list(whole.hazard_ratio),
        "monte_carlo_error": [float(value) for value in error],
        "model_standard_error": list(whole.se),
    }


def run_all() -> tuple[dict[str, Any], dict[str, Any]]:
    """The truth and all results."""
    truth = {endpoint: find_truth(endpoint) for endpoint in ("os", "psa_pfs")}
    results: dict[str, Any] = {}
    for endpoint, found in truth.items():
        source = scenarios.draw_landmark(N_COVERAGE, seed=COVERAGE_SEED, endpoint=endpoint)
        target = found["log_hazard_ratio_per_doubling"][0]
        for name, n in (("large", LARGE), ("study_size", SMALL)):
            coverage = scenarios.measure_coverage(source, target, n=n, repeats=500)
            results[f"{endpoint}_{name}"] = asdict(coverage)
    for name, n in (("large", LARGE), ("study_size", SMALL)):
        exact = scenarios.measure_exact_coverage(LOG_HR, n=n, repeats=500, seed=EXACT_SEED)
        results[f"exact_{name}"] = asdict(exact)
        null = scenarios.measure_exact_coverage(0.0, n=n, repeats=2_000, seed=NULL_SEED)
        results[f"null_{name}"] = asdict(null)
    results["immortal_time"] = scenarios.show_immortal_time(seed=7)
    return truth, results


CRITERIA: tuple[tuple[str, Callable[[dict[str, Any]], bool]], ...] = (
    ("OS, n=2000: coverage 93-97 %", lambda r: 0.93 <= r["os_large"]["covered"] <= 0.97),
    # PSA change and PSA-PFS are not proportional in their hazards: only the robust error is right there.
    ("PSA-PFS, n=2000: robust coverage 93-97 %", lambda r: 0.93 <= r["psa_pfs_large"]["covered_robust"] <= 0.97),
    ("PSA-PFS, n=2000: bias under 0.01", lambda r: abs(r["psa_pfs_large"]["bias"]) < 0.01),
    ("exact model, n=2000: coverage 93-97 %", lambda r: 0.93 <= r["exact_large"]["covered"] <= 0.97),
    ("exact model, n=2000: bias under 0.01", lambda r: abs(r["exact_large"]["bias"]) < 0.01),
    ("no effect, n=2000: type I error 4-6 %", lambda r: 0.04 <= r["null_large"]["power"] <= 0.06),
    ("immortal time seems to help", lambda r: r["immortal_time"]["hazard_ratio_from_cycle_1"] < 0.8),
    ("the landmark shows no effect", lambda r: abs(math.log(r["immortal_time"]["hazard_ratio_from_landmark"])) < 0.06),
    ("nothing failed at n=2000", lambda r: all(r[key]["failed"] == 0 for key in r if key.endswith("large"))),
)


def compare_stored(truth: dict[str, Any]) -> list[str]:
    """Where the stored truth is not the one found now, by more than four Monte-Carlo errors of both."""
    stored = json.loads((HERE / "truth.json").read_text(encoding="utf-8"))
    faults = []
    for endpoint, found in truth.items():
        pairs = zip(
            found["terms"],
            found["log_hazard_ratio_per_doubling"],
            stored[endpoint]["log_hazard_ratio_per_doubling"],
            found["monte_carlo_error"],
            strict=True,
        )
        for term, now, before, error in pairs:
            if abs(now - before) > 4 * math.sqrt(2) * error:
                faults.append(f"{endpoint}, {term}: the truth is {now:.4f} now and was {before:.4f}; store it anew")
    return faults


def write(path: Path, document: dict[str, Any]) -> None:
    """Write JSON with a note that the patients are synthetic."""
    text = json.dumps({"synthetic": True, **document}, indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def main(*, store: bool = False) -> list[str]:
    """Run and print; the criteria that do not hold."""
    start = time.monotonic()
    truth, results = run_all()
    for name, numbers in results.items():
        print("  ", name, {key: round(value, 4) for key, value in numbers.items()})
    if store:
        write(HERE / "truth.json", truth)
        write(HERE / "results.json", results)
    print(f"   {time.monotonic() - start:.0f} s")
    return [f"not so: {text}" for text, holds in CRITERIA if not holds(results)] + compare_stored(truth)


if __name__ == "__main__":
    sys.exit("\n".join(main(store="--write" in sys.argv)))
