"""Estimates against their intervals, and intervals against the p value beside them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from statistics import NormalDist

from lutrace.prose.estimates import Estimate, Interval
from lutrace.prose.faults import Fault, Severity
from lutrace.prose.figures import Figure
from lutrace.prose.reading import ReadSentence, ReadText
from lutrace.prose.rounding import find_side, half_step
from lutrace.terms import prose_words

_NAMES = {"ci": "confidence interval", "iqr": "interquartile range", "range": "range", "": "interval"}
_FACTOR = 3.0
"""A p value this many times off the one that its interval gives is no matter of another test."""
_FAR = (0.01, 0.0001)
"""Of one side of the threshold: a p value from the first on whose interval gives less than the second, or reverse."""
_YEARS = range(1900, 2101)
_OTHER_TEST = re.compile(
    r"one-sided|1-sided|one-tailed|interaction|trend|heterogeneity|non-?inferiority", re.IGNORECASE
)


def find_interval_faults(read: ReadText) -> Iterator[Fault]:
    """Ends in the wrong order, estimates outside, quartiles outside the range, p values that say the opposite."""
    for sentence in read.sentences:
        for estimate in sentence.estimates:
            for interval in estimate.intervals:
                yield from _order(sentence, estimate, interval)
            yield from _nested(sentence, estimate)
            yield from _against_p(sentence, estimate)


def _fault(sentence: ReadSentence, estimate: Estimate, rule: str, severity: Severity, told: tuple[str, str]) -> Fault:
    end = min(estimate.end + 20, len(sentence.marked.text))
    return Fault(rule, severity, sentence.number, sentence.quote(estimate.start, end), *told)


def _order(sentence: ReadSentence, estimate: Estimate, interval: Interval) -> Iterator[Fault]:
    low, high, figure = interval.low, interval.high, estimate.figure
    name = _NAMES[interval.kind]
    if {low.value, high.value} <= set(_YEARS) or ((low.percent or high.percent) and not _same_scale(figure, high)):
        return
    if low.value > high.value:
        told = (f"{name} {interval.text}: the lower end is above the upper", f"{high.text} to {low.text}")
        yield _fault(sentence, estimate, "order", _severity(estimate, interval), told)
        return
    if not _same_scale(figure, high) or figure.compared:
        return
    if side := find_side(figure, low, high):
        told = (
            f"{figure.text} lies {side} its {name} {interval.text}",
            f"a value from {low.text} to {high.text}, or another interval",
        )
        yield _fault(sentence, estimate, "outside", _severity(estimate, interval), told)


def _severity(estimate: Estimate, interval: Interval) -> Severity:
    """Brackets without a name behind a median can hold anything; behind a ratio they hold its interval."""
    return "certain" if interval.kind or estimate.name not in ("", "median") else "to look at"


def _nested(sentence: ReadSentence, estimate: Estimate) -> Iterator[Fault]:
    """Quartiles that reach beyond the range."""
    by_kind = {interval.kind: interval for interval in estimate.intervals}
    quartiles, extremes = by_kind.get("iqr"), by_kind.get("range")
    if quartiles is None or extremes is None:
        return
    if quartiles.low.value < extremes.low.value or quartiles.high.value > extremes.high.value:
        told = (
            f"quartiles {quartiles.text} reach beyond the range {extremes.text}",
            "quartiles inside the range",
        )
        yield _fault(sentence, estimate, "order", "certain", told)


def _against_p(sentence: ReadSentence, estimate: Estimate) -> Iterator[Fault]:
    null = prose_words().null_of.get(estimate.name)
    interval = next((one for one in estimate.intervals if one.kind in ("ci", "")), None)
    if null is None or interval is None or estimate.p is None or _OTHER_TEST.search(sentence.sentence.text):
        return
    low, high, p = interval.low, interval.high, estimate.p
    if (null == 1 and low.value <= 0) or low.value >= high.value or not 0 <= p.value <= 1:
        return
    alpha = 1 - (interval.level or 95.0) / 100
    excludes = low.value - half_step(low) > null or high.value + half_step(high) < null
    includes = low.value + half_step(low) < null < high.value - half_step(high)
    significant = _upper(p) <= alpha and p.compared not in (">", "≥", ">=")
    plain = _lower(p) > alpha or (p.compared in (">", "≥", ">=") and p.value >= alpha)
    expected = _implied_p(estimate, interval, null, alpha)
    if expected is None or not ((excludes and plain) or (includes and significant) or _is_far(p, expected)):
        return
    opposite = (excludes and plain) or (includes and significant)
    off = max(expected, 1e-12) / max(p.value, 1e-12)
    severity: Severity = "certain" if opposite and not 1 / _FACTOR < off < _FACTOR else "to look at"
    said = "excludes" if excludes else "includes" if includes else "touches"
    written = f"p {p.compared or '='} {p.text}"
    told = (
        f"the {100 * (1 - alpha):g} % interval {interval.text} {said} {null:g}, which is p of about "
        f"{_format_p(expected)}; written is {written}",
        f"p of about {_format_p(expected)}, or another interval",
    )
    yield _fault(sentence, estimate, "interval_and_p", severity, told)


def _is_far(p: Figure, expected: float) -> bool:
    coarse, fine = _FAR
    return (_lower(p) >= coarse and expected < fine) or (_upper(p) < fine * 10 + 1e-9 and expected > coarse)


def _implied_p(estimate: Estimate, interval: Interval, null: float, alpha: float) -> float | None:
    """The two-sided p value by Wald of an estimate with this interval, on the scale on which it is symmetric."""
    low, high, value = interval.low.value, interval.high.value, estimate.figure.value
    if null == 1:
        if value <= 0:
            return None
        low, high, value, null = math.log(low), math.log(high), math.log(value), 0.0
    width = (high - low) / (2 * NormalDist().inv_cdf(1 - alpha / 2))
    return 2 * (1 - NormalDist().cdf(abs(value - null) / width)) if width > 0 else None


def _same_scale(figure: Figure, end: Figure) -> bool:
    """A percentage has an interval in percent or without a sign; a plain number has one without."""
    return figure.percent or not end.percent


def _upper(p: Figure) -> float:
    return p.value if p.compared else p.value + half_step(p)


def _lower(p: Figure) -> float:
    return 0.0 if p.compared in ("<", "≤", "<=") else p.value if p.compared else p.value - half_step(p)


def _format_p(p: float) -> str:
    return "<0.0001" if p < 0.0001 else f"{p:.2g}"
