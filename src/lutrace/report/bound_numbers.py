"""A number of results.json as a sentence says it: with its unit, its interval, its n/N."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lutrace.report.wording import (
    EMPTY,
    NOT_REACHED,
    format_estimate,
    format_mean,
    format_p,
    format_quartiles,
    format_share,
    format_value,
)

_PER = ("hazard_ratio", "odds_ratio", "subdistribution_hazard_ratio", "cause_specific_hazard_ratio", "time_ratio")
_ENDS = {"median_iqr": "IQR ", "median_range": "range ", "mean_sd": "SD "}
_PLAIN = ("", "1", "none", "patients", "share")


def format_bound(number: Mapping[str, Any], part: str) -> str:
    """The number, or one part of it: value, interval, low, high, p, q, n, N, events, unit, percent.

    Whole: `33/66 (50%, 95% CI 37–63%)`, `26.0 weeks (95% CI 21.0–36.0)`, `1.42 per doubling (95% CI 1.10–1.84)`,
    `73.5 years (IQR 68.0–79.0)`, `66`. A count that the disclosure gate hid is the text that stands for it.
    """
    value, interval = _split(number)
    match part:
        case "value":
            return value
        case "interval":
            return interval or EMPTY
        case "p" | "q":
            found = number.get(part)
            return EMPTY if found is None else _with_sign(part, format_p(found))
        case "low" | "high" | "n" | "N" | "events":
            return format_value(number.get(part))
        case "unit":
            return str(number.get("covariate_unit") if number.get("measure") in _PER else number.get("unit"))
        case "percent":
            return _percent(number)
    return _whole(number, value, interval)


def _split(number: Mapping[str, Any]) -> tuple[str, str]:
    """The number and what stands in brackets behind it where tables show it."""
    if "measure" in number:
        text = format_estimate({**number, "estimate": number["value"]})
    elif number.get("statistic") == "mean_sd":
        text = format_mean(dict(number))
    elif number.get("statistic") in _ENDS:
        text = format_quartiles(dict(number)).replace(", ", "–")
    elif number.get("statistic") == "p":
        return _with_sign("p", format_p(number["value"])), ""
    else:
        return format_value(_whole_number(number["value"])), ""
    value, _, behind = text.partition(" (")
    return value, behind.removesuffix(")")


def _whole(number: Mapping[str, Any], value: str, interval: str) -> str:
    measure, unit = number.get("measure"), str(number.get("unit"))
    if measure == "proportion" and number.get("events") is not None:
        counted = f"{format_value(number['events'])}/{format_value(number['n'])}"
        inside = ", ".join(part for part in (value, _interval(interval)) if part)
        return f"{counted} ({inside})"
    if measure in _PER:
        unit = str(number.get("covariate_unit"))
    if measure is None and number.get("statistic") in ("count", "missing"):
        of = number["n"] if number["statistic"] == "count" else number["N"]
        return format_share(number["value"], of)
    if value == NOT_REACHED:
        return f"{value} ({_interval(interval.replace(' to ', f' {unit} to ', 1))})" if interval else value
    text = value if unit in _PLAIN or "%" in value else f"{value} {unit}"
    if measure is None:
        head = _ENDS.get(str(number.get("statistic")), "")
        return f"{text} ({head}{interval})" if interval else text
    return f"{text} ({_interval(interval)})" if interval else text


def _interval(text: str) -> str:
    return f"95% CI {text}" if text else ""


def _percent(number: Mapping[str, Any]) -> str:
    if number.get("measure") is not None:
        return _split(number)[0]
    share = format_share(number["value"], number.get("n"))
    return share.partition("(")[2].removesuffix(")") or share


def _with_sign(name: str, text: str) -> str:
    return f"{name} {text[0]} {text[1:]}" if text[0] in "<>" else f"{name} = {text}"


def _whole_number(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value == int(value) else value
