"""The same analyses as reference.R, by lutrace."""

from __future__ import annotations

from validation.stats.comparison import Numbers

from lutrace.stats import Adjustment, adjust_p_values

FAMILIES = {
    "ordinary": [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216],
    "tied": [0.02, 0.5, 0.02, 1, 0, 0.02, 0.5],
    "single": [0.03],
    "many": [(number**3 * 0.6180339887 + 0.1) % 1 for number in range(1, 61)],
}
METHODS: dict[str, Adjustment] = {"holm": "Holm", "BH": "Benjamini-Hochberg"}


def tolerance_of(case: str) -> float:
    """Rounding alone."""
    return 1e-10


def compute_all() -> Numbers:
    """All numbers."""
    numbers: Numbers = {}
    for name, p in FAMILIES.items():
        for theirs, ours in METHODS.items():
            numbers[(name, theirs)] = list(adjust_p_values(p, adjustment=ours).p)
            numbers[(name, f"{theirs} of 100")] = list(adjust_p_values(p, adjustment=ours, n_tests=100).p)
    return numbers
