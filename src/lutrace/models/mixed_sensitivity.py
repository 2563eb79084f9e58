"""Other models of the same scores: one that knows the ends of the scale, and one that knows only their order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lutrace.core import EstimationError, Row
from lutrace.models.regression import Model, numbers_of
from lutrace.models.results import finite_or_none
from lutrace.protocol import MixedAnalysis
from lutrace.stats import fit_fractional, fit_ordinal

if TYPE_CHECKING:
    from lutrace.models.mixed import Design

FRACTIONAL, ORDINAL = "fractional", "ordinal"


def sensitivity_rows(model: Model, analysis: MixedAnalysis, design: Design) -> list[Row]:
    """A row of ESTIMATES of the term for each sensitivity analysis asked for; one that fails says why."""
    make = {FRACTIONAL: _fractional, ORDINAL: _ordinal}
    rows = []
    for name in analysis.sensitivity:
        cell = replace(model.cell, term=f"{model.cell.term}/{name}", measure="odds_ratio", unit="1")
        try:
            numbers = make[name](model, analysis, design)
        except EstimationError as error:
            rows.append(cell.refuse(n=design.n_patients, events=None, reason=str(error)))
            continue
        rows.append(cell.fill(n=design.n_patients, **numbers))
    return rows


def _fractional(model: Model, analysis: MixedAnalysis, design: Design) -> dict[str, Any]:
    """The odds of the score's place on its scale, errors robust by patient; the change in points among the checks."""
    terms = list(design.columns)
    fit = fit_fractional(
        design.scores, design.matrix, terms=terms, bounds=analysis.ends, clusters=list(design.patients)
    )
    place = fit.terms.index(model.cell.term)
    method = f"{fit.method} by patient; {fit.n} scores"
    checks = {"mean_change_points": finite_or_none(fit.mean_change[place])}
    return {**numbers_of(fit, place, fit.odds_ratio, fit.z), "method": method, "checks": checks}


def _ordinal(model: Model, analysis: MixedAnalysis, design: Design) -> dict[str, Any]:
    """The odds of a higher score, of the last score of each patient: rows of one patient are not independent."""
    last = {patient: place for place, patient in enumerate(design.patients)}
    places = sorted(last.values())
    scores = [float(design.scores[place]) for place in places]
    names = [*model.terms, *(name for name in analysis.own_terms if name == "baseline_score")]
    matrix = design.matrix[places][:, [list(design.columns).index(name) for name in names]]
    fit = fit_ordinal(scores, matrix, terms=names, classes=sorted(set(scores)))
    place = fit.terms.index(model.cell.term)
    method = f"{fit.method}; the last score of each patient, {len(fit.classes)} classes"
    return {**numbers_of(fit, place, fit.odds_ratio, fit.z), "method": method}
