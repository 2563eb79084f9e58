"""Derived tables of survival times: index dates, endpoints and rules of censoring side by side, with their medians."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import ibis

from lutrace.core import Row
from lutrace.endpoints import derive_survival_times, held
from lutrace.models import AnalysisResult, fit_times, join_results
from lutrace.protocol import STOP_REASONS, DerivedSurvivalTimes, IndexDate
from lutrace.study.derived_parts import Derivation, Ground, Reading, Variable
from lutrace.tables import SURVIVAL_TIMES

_NO_INDEX = "no_index"
_ENDPOINTS = {
    "os": ("Survival", ("death", "censored")),
    "ttnt": ("Next treatment or death", ("next_line", "death", "censored")),
    "time_on_treatment": ("End of treatment", ("end_of_treatment", "censored")),
}
_CENSORED = {
    "last_activity": "censored at the last sign of life",
    "data_cut": "censored at the data cut",
    "earlier": "censored at the last sign of life, at the latest the cut",
}
_NUMBERED = ("cycle", "spect", "line", "next_line")
_LABELS = {"end_of_treatment": "end of treatment", "next_line": "next line", _NO_INDEX: "no such index date"}


def derive_survival_tables(ground: Ground, item: DerivedSurvivalTimes) -> Derivation:
    """Rows of SURVIVAL_TIMES of every index date, what the patients' first times ended with, and a median of each kind.

    Raises MissingFactError without a data cut.
    """
    basis = ground.course_basis(item)
    parts = [
        held(derive_survival_times(basis, index, endpoints=item.endpoints, censor_rules=item.censor_rules))
        for index in item.indexes
    ]
    times = held(ibis.union(*parts) if len(parts) > 1 else parts[0])
    rows: list[Row] = times.to_pyarrow().to_pylist()
    cells = [(index, name, rule) for index in item.indexes for name in item.endpoints for rule in item.censor_rules]
    ended = [_ended(*cell) for cell in cells]
    fitted = join_results(list(_fit_all(ground, item, rows, cells)))
    return Derivation(
        {SURVIVAL_TIMES.name: times},
        (*(_dates(index) for index in item.indexes), *ended),
        _notes(item),
        by_day=False,
        labels=_LABELS,
        estimates=fitted.estimates,
        curves=fitted.curves,
    )


def _fit_all(
    ground: Ground, item: DerivedSurvivalTimes, rows: Sequence[Row], cells: Sequence[tuple[IndexDate, str, str]]
) -> Iterable[AnalysisResult]:
    """The curve and the median of each landmark and kind of time, of all times of its members."""
    for population in (landmark.name for landmark in ground.protocol.time_zeros):
        members = {row["patient_id"] for row in ground.members if row["population"] == population}
        for index, endpoint, rule in cells:
            holds = _is_of(index, endpoint, rule)
            times = [row for row in rows if row["patient_id"] in members and holds(row) and row["reason"] is None]
            name = f"{item.name}.{_name(index, endpoint, rule)}"
            yield fit_times(item.name, population, name, times)


def _name(index: IndexDate, endpoint: str, rule: str) -> str:
    return f"{index.name}_{endpoint}_{rule}"


def _is_of(index: IndexDate, endpoint: str, rule: str) -> Callable[[Row], bool]:
    def holds(row: Row) -> bool:
        return (row["index_name"], row["endpoint"], row["censor_rule"]) == (index.name, endpoint, rule)

    return holds


def _ended(index: IndexDate, endpoint: str, rule: str) -> Variable:
    """What the first time of each patient ended with."""
    label, levels = _ENDPOINTS[endpoint]
    holds = _is_of(index, endpoint, rule)

    def read(rows: Sequence[Row]) -> Reading:
        return min(rows, key=lambda row: row["ordinal"])["category"] if rows else _NO_INDEX

    def is_first(row: Row) -> bool:
        return holds(row) and row["ordinal"] == 1

    words = f"{label} from {index.name}, {_CENSORED[rule]}"
    return Variable(
        _name(index, endpoint, rule), words, "classes", SURVIVAL_TIMES.name, read, is_first,
        levels=(*levels, "left_out", _NO_INDEX),
    )  # fmt: skip


def _dates(index: IndexDate) -> Variable:
    def read(rows: Sequence[Row]) -> Reading:
        return float(len({row["ordinal"] for row in rows}))

    return Variable(
        f"{index.name}_dates", f"Index dates: {index.name}", "number", SURVIVAL_TIMES.name, read,
        lambda row: row["index_name"] == index.name, unit="dates", proof="index",
    )  # fmt: skip


def _moment(event: str, number: int) -> str:
    """An event of an index date or of entry in words, with its number where there are several."""
    words = event.replace("_", " ")
    return f"{words} {number}" if event in _NUMBERED else words


def _notes(item: DerivedSurvivalTimes) -> tuple[str, ...]:
    told = []
    for one in item.indexes:
        after = f", {one.landmark:g} days later (landmark)" if one.landmark else ""
        risk = f"; at risk from {_moment(one.entry, one.entry_number)} on" if one.entry != "index" else ""
        why = "" if one.reasons == STOP_REASONS else f" for {', '.join(one.reasons)}"
        begun = f" begun after {', '.join(one.after)}" if one.event == "eligible_lines" else ""
        told.append(f"{one.name}: time runs from {_moment(one.event, one.number)}{why}{begun}{after}{risk}.")
    several = (
        "Classes count the first index date of a patient; curves and medians take all of them, with errors by patient."
    )
    later = [one.name for one in item.indexes if one.event != "first_cycle"]
    if later:
        told.append(
            f"{', '.join(later)}: only of patients who lived until that day and came to it (immortal time before it); "
            "not to be compared with times from the first dose."
        )
    least = "Left out: an event or the end of follow-up on or before the index, or no time at risk."
    return (*told, several, least)
