"""The verdict on a claim: the run's number as the claim is written, and whether both are the same after rounding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from lutrace.core import DAYS_PER_MONTH, Row
from lutrace.prose import Claim, Figure
from lutrace.study.claim_match import Match, Number
from lutrace.terms import concepts

EQUAL, DIFFERS, ABSENT, AMBIGUOUS, NO_RESULT = (
    "equal after rounding",
    "differs",
    "not in this run",
    "ambiguous",
    "no result",
)
_DAYS = {"days": 1.0, "weeks": 7.0, "months": DAYS_PER_MONTH, "years": 12 * DAYS_PER_MONTH}


def judge_claim(claim: Claim, match: Match, numbers: Sequence[Number]) -> Row:
    """The row of a claim: what the run has of it, under which key, how far apart they are, and the verdict."""
    row: Row = {
        "sentence": claim.sentence,
        "role": claim.role.replace("_", " "),
        "claim": claim.text,
        "quote": claim.quote,
        "run": None,
        "key": None,
        "difference": None,
        "verdict": NO_RESULT if not claim.is_result else ABSENT,
        "note": match.by_order or None,
    }
    if not match.candidates:
        return row
    answers = {_text_of(claim, number) for number in match.candidates}
    if len(answers) > 1:
        keys = "; ".join(f"{one.key} = {_text_of(claim, one)}" for one in match.candidates)
        return row | {"verdict": AMBIGUOUS, "key": keys, "note": f"{len(match.candidates)} numbers of the run fit"}
    number = match.candidates[0]
    others = ", ".join(one.key for one in match.candidates[1:])
    within = _total_within(claim, number, numbers)
    told = (match.by_order, f"the same number as {others}" if others else "", within)
    note = "; ".join(text for text in told if text)
    return row | {
        "run": _text_of(claim, number),
        "key": number.key,
        "difference": _difference(claim, number),
        "verdict": EQUAL if _agrees(claim, number, of_part=bool(within)) else DIFFERS,
        "note": note or None,
    }


def _text_of(claim: Claim, number: Number) -> str:
    """The run's number as the claim is written, with its own decimals."""
    if number.measure in ("proportion", "count", "attrition") and number.n is not None:
        if number.measure == "attrition" or not number.total:
            return str(number.n)
        decimals = claim.percent.decimals if claim.percent is not None else 1
        return f"{number.n}/{number.total} ({100 * number.n / number.total:.{decimals}f} %)"
    value = _scaled(claim, number, "value")
    text = _shown(value, claim.value.decimals)
    low, high = _scaled(claim, number, "low"), _scaled(claim, number, "high")
    if low is not None and high is not None:
        kind = "IQR" if number.measure == "median_iqr" else "CI"
        text += f" ({kind} {_shown(low, claim.value.decimals)} to {_shown(high, claim.value.decimals)})"
    unit = number.values.get("unit")
    unit = claim.unit if unit in _DAYS and claim.unit in _DAYS else unit
    return text if unit in (None, "1", "patients") else f"{text} {unit}"


def _total_within(claim: Claim, number: Number, numbers: Sequence[Number]) -> str:
    """`7/13` of which the run says `7/66`: where its 13 is another count of the same population, that count's key."""
    if claim.total is None or number.total in (None, int(claim.total.value)) or number.n is None:
        return ""
    wholes = [one for one in numbers if one.population == number.population and one.n == int(claim.total.value)]
    shared = {one.key: len((one.concepts & number.concepts) - set(concepts().silent)) for one in wholes}
    best = max(shared, key=lambda key: shared[key], default="")
    return f"of the {int(claim.total.value)} of {best}" if best and shared[best] else ""


def _agrees(claim: Claim, number: Number, *, of_part: bool) -> bool:
    if number.n is not None and number.measure in ("proportion", "count", "attrition"):
        counted = claim.n if claim.n is not None else claim.value if claim.percent is None else None
        same = counted is None or int(counted.value) == number.n
        if of_part:
            return same
        if claim.total is not None and number.total is not None and number.measure != "attrition":
            same = same and int(claim.total.value) == number.total
        if claim.percent is not None and number.total:
            same = same and _rounds(claim.percent, 100 * number.n / number.total)
        return same
    if not _rounds(claim.value, _scaled(claim, number, "value")):
        return False
    interval, expected = claim.interval, "iqr" if number.measure == "median_iqr" else "ci"
    if interval is not None and interval.kind in ("", expected) and number.values.get("low") is not None:
        ends = ((interval.low, "low"), (interval.high, "high"))
        if not all(_rounds(end, _scaled(claim, number, name)) for end, name in ends):
            return False
    return claim.p is None or _p_agrees(claim.p, number.values.get("p"))


def _p_agrees(written: Figure, p: Any) -> bool:
    if not isinstance(p, float):
        return True
    if written.compared in ("<", "≤", "<="):
        return p <= written.value
    return p >= written.value if written.compared in (">", "≥", ">=") else _rounds(written, p)


def _difference(claim: Claim, number: Number) -> float | None:
    """Claim less run, in the unit of the claim; percentage points of a share."""
    if claim.percent is not None and number.n is not None and number.total:
        return claim.percent.value - 100 * number.n / number.total
    run = number.n if number.n is not None and number.measure != "median_iqr" else _scaled(claim, number, "value")
    if claim.n is not None and run is not None:
        return claim.n.value - run
    return None if run is None else claim.value.value - run


def _scaled(claim: Claim, number: Number, name: str) -> float | None:
    """A value of the run on the scale of the claim: percent of a proportion, months or weeks of the text."""
    value = number.values.get(name)
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    if number.measure == "proportion":
        return 100.0 * value
    days, claimed = _DAYS.get(str(number.values.get("unit"))), _DAYS.get(claim.unit)
    return float(value) * days / claimed if days is not None and claimed is not None else float(value)


def _rounds(figure: Figure, value: float | None) -> bool:
    if value is None:
        return False
    half = 0.5 * 10.0**-figure.decimals
    return abs(figure.value - value) <= half * (1 + 1e-9)


def _shown(value: float | None, decimals: int) -> str:
    return "not reached" if value is None else f"{value:.{max(decimals, 1)}f}"
