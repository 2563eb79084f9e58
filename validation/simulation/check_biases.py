"""Known biases reproduced, and that lutrace's guards catch them; `check_biases.py --write` stores biases.json."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

import numpy as np  # noqa: E402
from validation.simulation import biases  # noqa: E402
from validation.simulation.biases import Numbers  # noqa: E402
from validation.simulation.stored import compare_stored, write  # noqa: E402

SEED = 20261122
STORED = HERE / "biases.json"
SHOWS: dict[str, tuple[Callable[[int, np.random.Generator], Numbers], int]] = {
    "immortal time": (biases.show_immortal_time, 20_000),
    "month-level deaths": (biases.show_month_level_deaths, 20_000),
    "missed deaths": (biases.show_missed_deaths, 20_000),
    "missed deaths of one arm": (biases.show_bias_analysis, 200),
    "index dates": (biases.show_index_dates, 200),
    "weights taken as known": (biases.show_known_weights, 1000),
}
CRITERIA: tuple[tuple[str, str, Callable[[Numbers], bool]], ...] = (
    ("immortal time", "who ever responded seems to live longer", lambda r: r["ever responded"] < 0.85),
    ("immortal time", "the landmark shows no effect", lambda r: _is_one(r["landmark"], r["log error"])),
    ("immortal time", "response as it comes shows none", lambda r: _is_one(r["time-varying"], r["log error"])),
    (
        "month-level deaths",
        "the first of the month takes about half a month off the median",
        lambda r: -0.65 < r["first of the month: error of the median"] < -0.35,
    ),
    (
        "month-level deaths",
        "it puts deaths before time zero",
        lambda r: r["first of the month: before time zero"] > 0.02,
    ),
    ("month-level deaths", "lutrace's rule puts none", lambda r: r["lutrace: before time zero"] == 0),
    (
        "month-level deaths",
        "and its median is right to a tenth of a month",
        lambda r: abs(r["lutrace: error of the median"]) < 0.1,
    ),
    (
        "month-level deaths",
        "its sensitivities lie to either side",
        lambda r: r["lutrace, first: error of the median"] < -0.3 < 0.3 < r["lutrace, last: error of the median"],
    ),
    (
        "missed deaths",
        "the median grows, most when follow-up is carried to the cut",
        lambda r: (
            r["all recorded"] + 0.5 < r["censored at last contact"]
            and r["censored at last contact"] + 0.4 < r["censored at the cut"]
        ),
    ),
    ("missed deaths of one arm", "the other arm seems worse", lambda r: r["hazard ratio as it stands"] > 1.08),
    (
        "missed deaths of one arm",
        "bias analysis brings it back",
        lambda r: abs(math.log(r["hazard ratio by bias analysis"])) < 0.03,
    ),
    (
        "missed deaths of one arm",
        "and its intervals hold 1",
        lambda r: r["intervals by bias analysis that hold 1"] >= 0.9,
    ),
    ("index dates", "the last line makes any treatment look good", lambda r: r["last: hazard ratio"] < 0.6),
    (
        "index dates",
        "every line with its number is fair",
        lambda r: abs(math.log(r["all, with the number of the line: hazard ratio"])) < 0.05,
    ),
    ("weights taken as known", "intervals are too wide", lambda r: r["weights taken as known"] > 0.97),
    (
        "weights taken as known",
        "not so when the scores count as estimated",
        lambda r: abs(r["scores counted as estimated"] - 0.95) < 0.02,
    ),
)


def _is_one(ratio: float, log_error: float) -> bool:
    return abs(math.log(ratio)) < 4 * log_error


def main(*, store: bool = False) -> list[str]:
    """Run and print; the criteria that do not hold, and numbers that are not as stored."""
    results = {}
    for number, (name, (show, size)) in enumerate(SHOWS.items()):
        results[name] = show(size, np.random.default_rng([SEED, number]))
        print(f"   {name}:", {key: round(value, 4) for key, value in results[name].items()}, flush=True)
    faults = [f"not so: {name}: {text}" for name, text, holds in CRITERIA if not holds(results[name])]
    if store:
        write(STORED, results, seed=SEED)
        return faults
    return faults + compare_stored(STORED, results)


if __name__ == "__main__":
    sys.exit("\n".join(main(store="--write" in sys.argv)))
