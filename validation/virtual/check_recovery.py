"""Do the studies' models find what was put in, and what can 21, 61 or 96 patients not show? Minutes, one process.

`python -m validation.virtual.check_recovery SIZE SETS [--write]` chooses the patients of the truth and the sets of each
size; `--write` stores them in recovery.json, which docs/methods/virtual-centre.md shows. All are synthetic.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict

from validation.virtual.recovery import Recovery, scenarios
from validation.virtual.stored import PAGE, STORED, with_table

SIZE, SETS = 1_000_000, 500


def _haemoglobin(found: dict[str, Recovery]) -> float:
    return found["S1 haemoglobin, n 600"].truth


def _near(found: dict[str, Recovery]) -> bool:
    first, second = found["S4 first median survival, n 219"], found["S4 second median survival, n 857"]
    pairs = ((first.median_low, 8.6), (first.median_high, 11.3), (second.median_low, 7.6), (second.median_high, 9.1))
    return all(abs(made - published) <= 0.4 for made, published in pairs)


CRITERIA: tuple[tuple[str, Callable[[dict[str, Recovery]], bool]], ...] = (
    (
        "S1 haemoglobin: the truth is 0.61 per g/dL within 10 %",
        lambda r: abs(r["S1 haemoglobin, n 600"].truth + 0.494) < 0.1,
    ),
    ("S1 haemoglobin, n=600: coverage 93-97 %", lambda r: 0.93 <= r["S1 haemoglobin, n 600"].covered <= 0.97),
    ("S1 FACT-P, n=600: coverage 93-97 %", lambda r: 0.93 <= r["S1 FACT-P, n 600"].covered <= 0.97),
    ("S1 dryness, n=600: bias under 0.05 points", lambda r: abs(r["S1 dryness, n 600"].bias) < 0.05),
    ("no effect, n=2000: type I error 4-6 %", lambda r: 0.04 <= r["no effect, n 2000"].power <= 0.06),
    ("S4: the intervals of the medians are within 0.4 months of those published", _near),
)


def main(size: int = SIZE, sets: int = SETS, *, store: bool = False) -> list[str]:
    """Run, print and judge; the criteria that do not hold."""
    start = time.monotonic()
    found = scenarios(size, sets)
    for name, one in found.items():
        print(
            f"   {name}: truth {one.truth:.3f}, mean {one.mean:.3f}, covered {one.covered:.3f}, power {one.power:.3f}, "
            f"interval {one.median_low:.2f} to {one.median_high:.2f}, events {one.mean_events:.1f}, failed {one.failed}"
        )
    print(f"   {time.monotonic() - start:.0f} s, truth on {size} patients, {sets} sets of each")
    if store:
        content = {
            "synthetic": True,
            "size": size,
            "sets": sets,
            "found": {name: asdict(one) for name, one in found.items()},
        }
        STORED.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8", newline="\n")
        PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), content), encoding="utf-8", newline="\n")
    return [f"not so: {text}" for text, holds in CRITERIA if not holds(found)]


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:] if one.isdigit()]
    sys.exit("\n".join(main(*given, store="--write" in sys.argv)))
