"""The stored results of check_recovery.py as the tables of docs/methods/virtual-centre.md."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
STORED = Path(__file__).parent / "recovery.json"
PAGE = ROOT / "docs" / "methods" / "virtual-centre.md"
_RATIOS = ("S1 haemoglobin", "S1 FACT-P", "S2 odds ratio 3", "no effect")
_LABELS = {
    "S1 haemoglobin": "first grade 3, HR per g/dL of haemoglobin beside healthy bone",
    "S1 FACT-P": "worse FACT-P, HR per doubling of SUVmean of all tumour",
    "S1 dryness": "dryness, points per cycle",
    "no effect": "HR of a value without effect",
    "S2 odds ratio 3": "PSA50, odds ratio 3 of a trait of half the patients (Firth)",
    "S3 median survival": "median survival, months",
    "S4 first median survival": "median survival, months, first cohort",
    "S4 second median survival": "median survival, months, second cohort",
}


def read_recovery() -> dict[str, Any]:
    """What check_recovery.py stored."""
    content: dict[str, Any] = json.loads(STORED.read_text(encoding="utf-8"))
    return content


def table_of(stored: dict[str, Any]) -> str:
    """The table, a row per scenario and size, as it stands in the page."""
    lines = [
        "| estimate | n | events | truth | mean | median interval | holds the truth | tells it from no effect |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, one in stored["found"].items():
        kind, _, n = name.partition(", n ")
        scale = math.exp if kind in _RATIOS else float
        truth, mean, low, high = (_number(scale(one[key])) for key in ("truth", "mean", "median_low", "median_high"))
        events = "" if math.isnan(one["mean_events"]) else f"{one['mean_events']:.0f}"
        power = "" if "median" in kind else f"{100 * one['power']:.1f} %"
        cells = (_LABELS[kind], n, events, truth, mean, f"{low} to {high}", f"{100 * one['covered']:.1f} %", power)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    return f"{value:.1f}" if abs(value) >= 5 else f"{value:.2f}"


def with_table(text: str, stored: dict[str, Any]) -> str:
    """The page with its table of recovery written anew."""
    head, mark, rest = text.partition("<!-- recovery -->\n")
    _, end, tail = rest.partition("<!-- end of recovery -->")
    return head + mark + table_of(stored) + end + tail
