"""Cohorts beside each other: curves and medians of each, and a comparison only where a signed checklist allows it."""

from __future__ import annotations

from collections.abc import Sequence

from lutrace.core import Row
from lutrace.models.balance import balance_cohorts
from lutrace.models.cohort_effect import effect_term, fit_cohort_effect
from lutrace.models.curves import compare_groups, curve_rows, median_row
from lutrace.models.external_curves import set_beside
from lutrace.models.outcome import follow_up_of, select_complete
from lutrace.models.results import AnalysisResult, Cell, ModelWarning, join_results, rows_of
from lutrace.protocol import CHECKLIST, ComparisonAnalysis, Protocol
from lutrace.stats import compute_kaplan_meier


def fit_comparison(analysis: ComparisonAnalysis, rows: Sequence[Row], protocol: Protocol) -> AnalysisResult:
    """Medians, curves and balance of the cohorts; hazard ratio and differences with an effect and a signed checklist.

    Rows of both cohorts have the population `first+second`; `term` and `group` name the cohort that a row is of.
    """
    parts = [AnalysisResult(balances=tuple(balance_cohorts(analysis, rows, protocol)))]
    for endpoint in analysis.endpoints:
        parts.append(_juxtapose(analysis, rows, endpoint))
        outcome = protocol.outcome(endpoint).kind
        beside = [one for one in protocol.external if one.name in analysis.external and one.outcome == outcome]
        parts.append(set_beside(analysis, beside, endpoint))
        if len(analysis.populations) == 1:
            continue
        if analysis.open_items:
            parts.append(_block(analysis, rows, endpoint, protocol=protocol))
        elif analysis.effect is not None:
            parts.append(fit_cohort_effect(analysis, rows, endpoint, protocol=protocol))
    return join_results(parts)


def describe_open_items(analysis: ComparisonAnalysis) -> str:
    """Why two cohorts may not be compared, for a reader."""
    if analysis.checklist is None:
        return f"not a comparison: the study has no comparability checklist ({', '.join(map(_in_words, CHECKLIST))})"
    open_items = [f"{_in_words(name)}: {getattr(analysis.checklist, name).how}" for name in analysis.open_items]
    return f"not a comparison: the comparability checklist is open for {'; '.join(open_items)}"


def _in_words(item: str) -> str:
    return item.replace("_", " ")


def _juxtapose(analysis: ComparisonAnalysis, rows: Sequence[Row], endpoint: str) -> AnalysisResult:
    """A curve and a median per cohort; the log-rank test of the cohorts where the checklist is signed."""
    known = {name: select_complete(rows_of(rows, name), endpoint) for name in analysis.populations}
    test = {}
    if len(known) == 2 and not analysis.open_items:
        joined = [row for members in known.values() for row in members]
        test = compare_groups(joined, endpoint, [row["population"] for row in joined])
    estimates, curves, warnings = [], [], []
    for name, members in known.items():
        cell = Cell(analysis.name, analysis.pair, endpoint, name, "median", unit=analysis.time_unit)
        if not members:
            estimates.append(cell.refuse(n=0, events=0, reason="no patient has this outcome"))
            warnings.append(
                ModelWarning(f"{analysis.name}, {name}", "no curve: no patient has this outcome", "warning")
            )
            continue
        curve = compute_kaplan_meier(follow_up_of(members, endpoint))
        estimates.append(median_row(cell, curve, test))
        curves += curve_rows(cell, curve)
    return AnalysisResult(tuple(estimates), tuple(curves), warnings=tuple(warnings))


def _block(analysis: ComparisonAnalysis, rows: Sequence[Row], endpoint: str, *, protocol: Protocol) -> AnalysisResult:
    """The row of a hazard ratio that is not given, with what stands open."""
    first, second = (protocol.landmark(name).label for name in analysis.populations)
    unit = f"{first} against {second}"
    cell = Cell(analysis.name, analysis.pair, endpoint, effect_term(analysis), "hazard_ratio", covariate_unit=unit)
    known = [row for name in analysis.populations for row in select_complete(rows_of(rows, name), endpoint)]
    reason = describe_open_items(analysis)
    events = sum(bool(row[f"{endpoint}_event"]) for row in known)
    asked = analysis.effect is not None
    warning = ModelWarning(analysis.name, f"no hazard ratio: {reason}", "warning" if asked else "note")
    return AnalysisResult((cell.refuse(n=len(known), events=events, reason=reason),), warnings=(warning,))
