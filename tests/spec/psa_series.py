"""Small PSA series for the specification tables: days count from the index day, values are in ng/mL."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from lutrace.endpoints import one_per_day, summarise_psa
from lutrace.protocol import PsaProgression, PsaRules

Series = tuple[tuple[int, float], ...]
_SCHEMA = pa.schema(
    [
        ("patient_id", pa.string()),
        ("psa_date", pa.date32()),
        ("psa", pa.float64()),
        ("psa_row", pa.string()),
        ("day", pa.int64()),
        ("comparator", pa.string()),
        ("turn", pa.int64()),
        ("assay", pa.string()),
    ]
)


def results(series: Sequence[tuple[Any, ...]], patient: str = "p") -> list[dict[str, Any]]:
    """Rows of results from (day, value[, comparator[, assay]])."""
    return [
        {
            "patient_id": patient,
            "psa": float(one[1]),
            "psa_row": f"{patient}:{place}",
            "day": one[0],
            "turn": place,
            "comparator": one[2] if len(one) > 2 else None,
            "assay": one[3] if len(one) > 3 else None,
        }
        for place, one in enumerate(series)
    ]


def table(rows: list[dict[str, Any]]) -> ir.Table:
    """The rows as a table."""
    return ibis.memtable(pa.Table.from_pylist(rows, schema=_SCHEMA))


def clocked(series: Sequence[tuple[Any, ...]], rules: PsaRules | None = None) -> ir.Table:
    """One value per day of one patient."""
    return one_per_day(table(results(series)), "day", (rules or PsaRules()).values)


@functools.cache
def courses(cases: tuple[tuple[str, tuple[tuple[Any, ...], ...]], ...], choices: str) -> dict[str, dict[str, Any]]:
    """The summary of each named series under the choices (JSON), all patients in one query."""
    given = json.loads(choices)
    progression = PsaProgression.model_validate(given.pop("progression", {}))
    stop_day = given.pop("stop_day", None)
    rules = PsaRules.model_validate(given)
    series = one_per_day(table([row for name, one in cases for row in results(one, name)]), "day", rules.values)
    stops = None
    if stop_day is not None:
        names = [name for name, _ in cases]
        stops = ibis.memtable(
            pa.table({"patient_id": names, "stop_day": pa.array([stop_day] * len(names), pa.int64())})
        )
    rows = summarise_psa(series, rules, progression, stops).to_pyarrow().to_pylist()
    assert len(rows) == len(cases)
    return {row["patient_id"]: row for row in rows}


def course_of(name: str, table_of_cases: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """The summary of the case of that name, run together with all cases that have the same choices."""
    choices = {case[0]: json.dumps(case[2], sort_keys=True) for case in table_of_cases}
    alike = tuple((case[0], case[1]) for case in table_of_cases if choices[case[0]] == choices[name])
    return courses(alike, choices[name])[name]


def told(row: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """What the row says of each name of `expected`, numbers to nine digits."""
    return {name: _rounded(row[name]) for name in expected}


def rounded(expected: dict[str, Any]) -> dict[str, Any]:
    """The expected values, numbers to nine digits."""
    return {name: _rounded(value) for name, value in expected.items()}


def _rounded(value: Any) -> Any:
    return float(f"{value:.9g}") if isinstance(value, float) else value
