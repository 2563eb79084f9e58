"""The share of patients in each state of their course over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lutrace.core import Row
from lutrace.models.causes import CENSORED, say_time
from lutrace.models.curves import ALL
from lutrace.models.incidence import incidence_rows, point_rows
from lutrace.models.results import AnalysisResult, Cell, ModelWarning, finite_or_none, join_results, rows_of
from lutrace.protocol import OccupancyAnalysis
from lutrace.stats import (
    StateHistories,
    StateOccupancy,
    competing_of,
    compute_cumulative_incidence,
    compute_state_occupancy,
    histories_of,
)
from lutrace.tables import COURSE_TRANSITIONS


def fit_occupancy(analysis: OccupancyAnalysis, rows: Sequence[Row]) -> AnalysisResult:
    """The stacked curves, and a row per state and time; a state that nobody was ever in has no row.

    `rows` are rows of COURSE_TRANSITIONS with their `population`. `events` are the patients ever seen in the state.
    """
    return join_results([_fit(analysis, rows_of(rows, population), population) for population in analysis.populations])


def _fit(analysis: OccupancyAnalysis, rows: Sequence[Row], population: str) -> AnalysisResult:
    cell = Cell(analysis.name, population, analysis.of, "states", "occupancy")
    histories = _histories(rows) if rows else None
    if histories is None or not histories.moves.any():
        reason = "no patient has passed from one state to another"
        warning = ModelWarning(f"{analysis.name}, {population}", f"no states: {reason}", "warning")
        return AnalysisResult(
            (cell.refuse(n=histories.n if histories else 0, events=0, reason=reason),), warnings=(warning,)
        )
    found = compute_state_occupancy(histories)
    estimates = [row for time in analysis.times for row in _point_rows(cell, found, histories, time)]
    warnings = tuple(ModelWarning(f"{analysis.name}, {population}", text, "note") for text in found.warnings)
    states = AnalysisResult(tuple(estimates), occupancies=tuple(_curve_rows(cell, found)), warnings=warnings)
    return join_results([states, _fit_first(replace(cell, term=ALL, measure="cumulative_incidence"), analysis, rows)])


def _fit_first(cell: Cell, analysis: OccupancyAnalysis, rows: Sequence[Row]) -> AnalysisResult:
    """The incidence of the first of the states asked for; patients in none of them are censored where they end."""
    ends: dict[str, tuple[float, str]] = {}
    for row in sorted(rows, key=lambda row: (row["patient_id"], row["ordinal"])):
        _, before = ends.get(row["patient_id"], (0.0, CENSORED))
        if before == CENSORED:
            entered = row["to_state"] if row["to_state"] in analysis.first_of else CENSORED
            ends[row["patient_id"]] = (row["exit_day"], entered)
    causes = [cause for _, cause in ends.values()]
    if set(causes) <= {CENSORED}:
        return AnalysisResult()
    follow_up = competing_of([day for day, _ in ends.values()], causes, censored=CENSORED)
    estimates, incidences = [], []
    for curve in compute_cumulative_incidence(follow_up):
        at = {f"first {curve.cause.replace('_', ' ')}, {say_time(time)}": time for time in analysis.times}
        estimates += point_rows(cell, curve, at)
        incidences += incidence_rows(cell, curve, follow_up)
    return AnalysisResult(tuple(estimates), incidences=tuple(incidences))


def _histories(rows: Sequence[Row]) -> StateHistories:
    seen = {row["from_state"] for row in rows} | {row["to_state"] for row in rows}
    states = [name for name in COURSE_TRANSITIONS.by_name["to_state"].codes or () if name in seen]
    return histories_of(
        [row["patient_id"] for row in rows],
        [row["entry_day"] for row in rows],
        [row["exit_day"] for row in rows],
        state=[row["from_state"] for row in rows],
        target=[row["to_state"] or row["from_state"] for row in rows],
        states=states,
    )


def _point_rows(cell: Cell, found: StateOccupancy, histories: StateHistories, time: float) -> list[Row]:
    shares, errors = found.at([time])
    place = int(np.searchsorted(found.time, time, side="right")) - 1
    reached = place >= 0 and time <= found.time[-1]
    beyond = "" if time <= found.time[-1] else f"; follow-up ends at {found.time[-1]:g} days"
    rows = []
    for number, state in enumerate(found.states):
        ever = np.unique(histories.patient[(histories.origin == number) | (histories.target == number)]).size
        term = f"{state.replace('_', ' ')}, {say_time(time)}"
        rows.append(
            replace(cell, term=term).fill(
                n=found.n,
                events=int(ever),
                method=f"{found.method}{beyond}",
                estimate=shares[0, number],
                se=errors[0, number],
                low=found.low[place, number] if reached else None,
                high=found.high[place, number] if reached else None,
                checks={"state": state, "days": time},
            )
        )
    return rows


def _curve_rows(cell: Cell, found: StateOccupancy) -> list[Row]:
    """The curves from the first dose on, where the share is that before the first move."""
    rows = []
    for number, state in enumerate(found.states):
        first = {"time_days": 0.0, "at_risk": int(found.at_risk[0, number]), "probability": found.start[number]}
        steps = [
            {"time_days": time, "at_risk": int(at_risk), "probability": share, "low": low, "high": high}
            for time, at_risk, share, low, high in zip(
                found.time,
                found.at_risk[:, number],
                found.probability[:, number],
                found.low[:, number],
                found.high[:, number],
                strict=True,
            )
        ]
        for step in (first, *steps):
            rows.append(
                {
                    "analysis": cell.analysis,
                    "population": cell.population,
                    "endpoint": cell.endpoint,
                    "state": state,
                    "time_days": float(step["time_days"]),
                    "at_risk": step["at_risk"],
                    "probability": min(max(float(step["probability"]), 0.0), 1.0),
                    "low": finite_or_none(step.get("low")),
                    "high": finite_or_none(step.get("high")),
                }
            )
    return rows
