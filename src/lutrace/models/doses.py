"""By which dose PSA responses came: counted under every denominator, and as incidence with what competes."""

from __future__ import annotations

from collections.abc import Sequence

from lutrace.core import Row
from lutrace.models.causes import CENSORED
from lutrace.models.curves import ALL
from lutrace.models.incidence import incidence_rows, point_rows
from lutrace.models.results import AnalysisResult, Cell, ModelWarning, join_results, rows_of
from lutrace.protocol import Protocol, PsaResponse, ResponseByDoseAnalysis
from lutrace.stats import competing_of, compute_cumulative_incidence, compute_proportion

RESPONSE = "response"
_CONDITIONAL = (
    "the dose at which responders responded is counted among those who did respond: it says nothing of the chance to "
    "respond; the incidence by dose does"
)


def fit_response_by_dose(analysis: ResponseByDoseAnalysis, rows: Sequence[Row], protocol: Protocol) -> AnalysisResult:
    """Per outcome and dose: three shares with exact intervals, and the incidence; rows of INCIDENCES in doses.

    Evaluable: a PSA baseline and a PSA after the first cycle. A patient on treatment leaves after the last dose that a
    PSA followed; death and the end of treatment end the chance of a response after the last dose.
    """
    parts = []
    for population in analysis.populations:
        for endpoint in analysis.endpoints:
            outcome = protocol.outcome(endpoint)
            assert isinstance(outcome, PsaResponse)  # checked when the protocol was read
            cell = Cell(analysis.name, population, endpoint, ALL, "proportion")
            of = protocol.outcome(analysis.responders or endpoint)
            assert isinstance(of, PsaResponse)
            parts.append(_fit(cell, rows_of(rows, population), outcome, of, doses=analysis.doses))
    return join_results(parts)


def _fit(
    cell: Cell, rows: Sequence[Row], outcome: PsaResponse, responders: PsaResponse, *, doses: int
) -> AnalysisResult:
    where = f"{cell.analysis}, {cell.population}, {cell.endpoint}"
    if not rows:
        row = cell.refuse(n=0, events=0, reason="no patient is in this population")
        return AnalysisResult((row,), warnings=(ModelWarning(where, f"no shares: {row['method']}", "warning"),))
    groups = {
        f"of the responders ({responders.label})": [row for row in rows if _has_responded(row, responders)],
        "of those evaluable": [row for row in rows if row["psa_best_change_pct"] is not None],
        "of all treated": rows,
    }
    found = _fit_curve(cell, rows, outcome, doses=doses)
    estimates: list[Row] = []
    for dose in range(1, doses + 1):
        estimates += [
            _share(cell, f"by dose {dose}, {name}", _count_by(members, outcome, dose), len(members))
            for name, members in groups.items()
        ]
        estimates += found.estimates[dose - 1 : dose]
    n_responders = sum(_has_responded(row, outcome) for row in rows)
    note = ModelWarning(where, f"{n_responders} of {len(rows)} responded; {_CONDITIONAL}", "note")
    return AnalysisResult(tuple(estimates), incidences=found.incidences, warnings=(note,))


def _has_responded(row: Row, outcome: PsaResponse) -> bool:
    return bool(row[f"{outcome.by_dose}_category"] == RESPONSE)


def _count_by(rows: Sequence[Row], outcome: PsaResponse, dose: int) -> int:
    """How many had responded after that dose or an earlier one."""
    return sum(_has_responded(row, outcome) and row[outcome.by_dose] <= dose for row in rows)


def _share(cell: Cell, term: str, count: int, total: int) -> Row:
    own = Cell(cell.analysis, cell.population, cell.endpoint, term, "proportion")
    if not total:
        return own.refuse(n=0, events=0, reason="nobody is counted")
    found = compute_proportion(count, total)
    return own.fill(
        n=found.n,
        events=found.n_events,
        method=found.method,
        estimate=found.estimate,
        low=found.low,
        high=found.high,
    )


def _fit_curve(cell: Cell, rows: Sequence[Row], outcome: PsaResponse, *, doses: int) -> AnalysisResult:
    """The incidence of a response, of the end of treatment and of death by the number of the dose."""
    known = [row for row in rows if row[outcome.by_dose] is not None and row[outcome.by_dose] > 0]
    categories = [row[f"{outcome.by_dose}_category"] for row in known]
    causes = [outcome.name if category == RESPONSE else category for category in categories]
    if set(causes) <= {CENSORED}:
        own = Cell(cell.analysis, cell.population, cell.endpoint, "by dose 1, incidence", "cumulative_incidence")
        reason = "nobody responded, died or ended treatment"
        return AnalysisResult((own.refuse(n=len(known), events=0, reason=reason),))
    follow_up = competing_of([row[outcome.by_dose] for row in known], causes, censored=CENSORED)
    curves = compute_cumulative_incidence(follow_up)
    own = Cell(cell.analysis, cell.population, cell.endpoint, ALL, "cumulative_incidence")
    at = {f"by dose {dose}, incidence": float(dose) for dose in range(1, doses + 1)}
    estimates = [row for one in curves if one.cause == outcome.name for row in point_rows(own, one, at, unit="doses")]
    incidences = [row for curve in curves for row in incidence_rows(own, curve, follow_up, "doses")]
    return AnalysisResult(tuple(estimates), incidences=tuple(incidences))
