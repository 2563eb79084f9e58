"""Rows of SUMMARIES: Table 1, what the events were, new lesions by class, provenance of the volumes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lutrace.core import Row
from lutrace.protocol import Outcome, Protocol, Toxicity
from lutrace.stats import compute_summary


@dataclass(frozen=True)
class Line:
    """One variable of a table: an endpoint value as a number, as yes or no (above 0), or by its classes."""

    endpoint: str
    kind: Literal["number", "yes", "classes"]
    levels: tuple[str, ...] = ()


TABLES: dict[str, tuple[Line, ...]] = {
    "characteristics": (
        Line("age_years", "number"),
        Line("cycles", "number"),
        Line("first_activity_gbq", "number"),
        Line("psa_baseline", "number"),
        Line("haemoglobin_baseline", "number"),
        Line("alp_baseline", "number"),
        Line("ldh_baseline", "number"),
        Line("ecog", "classes"),
        Line("prior_taxane", "yes"),
        Line("prior_arpi", "yes"),
        Line("ttv_baseline_ml", "number"),
        Line("ttv_ml", "number"),
        Line("ttv_change_pct", "number"),
        Line("psa_change_pct", "number"),
        Line("psa50", "yes"),
    ),
    "new_lesions": tuple(
        Line(f"new_lesions_{name}", "classes", ("psma_avid", "not_avid_ct", "indeterminate", "none", "not_assessed"))
        for name in ("any_earlier", "previous_cycle", "first_cycle", "by_mean", "by_mean_2sd")
    ),
    "response": (
        Line("recip", "classes", ("CR", "PR", "SD", "PD", "not_evaluable")),
        Line("psa_recip", "classes", ("response", "stable", "progression", "not_evaluable")),
        Line("ppp", "classes", ("met", "not_met", "not_evaluable")),
    ),
    "ttv_provenance": (
        Line("spect_plan", "classes"),
        Line("spect_review", "classes"),
        Line("spect_view", "classes"),
        Line("spect_tracer", "classes"),
        Line("spect_scanner", "classes"),
        Line("spect_hours", "number"),
        Line("spect_hours", "classes", ("within 20 to 28 h", "outside 20 to 28 h")),
    ),
}
_OUTCOME_LEVELS = {
    "psa_pfs": ("psa_progression", "death", "censored", "left_out"),
    "os": ("death", "censored", "left_out"),
    "pfs": (
        "psa_progression",
        "radiological_progression",
        "clinical_progression",
        "death",
        "censored",
        "left_out",
    ),
    "ttnt": ("next_line", "death", "censored", "left_out"),
    "time_to_worsening": ("worsening", "progression", "death", "censored", "left_out"),
}


def _levels(outcome: Outcome) -> tuple[str, ...]:
    """The components of an outcome's events; those of toxicity are the terms that count."""
    if isinstance(outcome, Toxicity):
        return (*outcome.counted, "censored", "left_out")
    return _OUTCOME_LEVELS[outcome.kind]


def summarise_values(values: Sequence[Row], protocol: Protocol) -> list[Row]:
    """Rows of SUMMARIES for every table, one group per landmark; medians with quartiles of type 7."""
    components = tuple(Line(one.name, "classes", _levels(one)) for one in protocol.endpoints)
    return summarise_lines({**TABLES, "components": components}, values, protocol)


def summarise_lines(tables: Mapping[str, Sequence[Line]], values: Sequence[Row], protocol: Protocol) -> list[Row]:
    """Rows of SUMMARIES for these tables; of each value `population endpoint value category unit reason` are read.

    Where a value may also have `gap`, a short name of why it is missing, the missing are counted by it.
    """
    rows: list[Row] = []
    for table, lines in tables.items():
        for landmark in protocol.landmarks:
            here = [row for row in values if row["population"] == landmark.name]
            made: list[Row] = []
            for line in lines:
                made += _line_rows(line, [row for row in here if row["endpoint"] == line.endpoint])
            rows += [{"table": table, "group": landmark.name, "order": order, **row} for order, row in enumerate(made)]
    return _same_order(rows)


def _same_order(rows: Sequence[Row]) -> list[Row]:
    """The rows with one order of variables and levels per table, the same in each group."""
    places: dict[str, dict[tuple[str, str | None, str], int]] = {}
    for row in sorted(rows, key=lambda row: row["order"]):
        own = places.setdefault(row["table"], {})
        own.setdefault((row["variable"], row["level"], row["statistic"]), row["order"])
    ordered = {
        table: {key: n for n, key in enumerate(sorted(own, key=lambda key: (own[key], str(key))))}
        for table, own in places.items()
    }
    return [{**row, "order": ordered[row["table"]][row["variable"], row["level"], row["statistic"]]} for row in rows]


def _line_rows(line: Line, rows: Sequence[Row]) -> list[Row]:
    if not rows:
        return []
    match line.kind:
        case "number":
            return _number_rows(line, rows)
        case "yes":
            return _yes_rows(line, rows)
        case "classes":
            return _class_rows(line, rows)


def _number_rows(line: Line, rows: Sequence[Row]) -> list[Row]:
    known = _known(rows)
    unit = next((row["unit"] for row in rows if row["unit"] is not None), "1")
    base = _base(line, len(known), len(rows), unit)
    summary = compute_summary(known) if known else None
    first = {
        **base,
        "level": None,
        "statistic": "median_iqr",
        "value": summary.median if summary else None,
        "low": summary.q1 if summary else None,
        "high": summary.q3 if summary else None,
    }
    return [first, *_missing(base, rows, len(known))]


def _yes_rows(line: Line, rows: Sequence[Row]) -> list[Row]:
    known = _known(rows)
    base = _base(line, len(known), len(rows), "patients")
    return [_count(base, None, sum(1 for value in known if value > 0)), *_missing(base, rows, len(known))]


def _known(rows: Sequence[Row]) -> list[float]:
    return [row["value"] for row in rows if row["reason"] is None and row["value"] is not None]


def _class_rows(line: Line, rows: Sequence[Row]) -> list[Row]:
    counts = Counter(row["category"] for row in rows if row["category"] is not None)
    levels = line.levels or tuple(sorted(counts))
    known = sum(counts.values())
    base = _base(line, known, len(rows), "patients")
    return [*(_count(base, level, counts[level]) for level in levels), *_missing(base, rows, known)]


def _base(line: Line, n: int, total: int, unit: str) -> Mapping[str, object]:
    return {"variable": line.endpoint, "unit": unit, "n": n, "total": total}


def _count(base: Mapping[str, object], level: str | None, number: int) -> Row:
    return {**base, "level": level, "statistic": "count", "value": float(number), "low": None, "high": None}


def _missing(base: Mapping[str, object], rows: Sequence[Row], known: int) -> list[Row]:
    """How many have no value: by why, where that is told, and the others."""
    told = Counter(row["gap"] for row in rows if row.get("gap") is not None)
    others = len(rows) - known - told.total()
    counts = [*sorted(told.items()), *([(None, others)] if others else [])]
    return [{**_count(base, gap, number), "statistic": "missing"} for gap, number in counts]
