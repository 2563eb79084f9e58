"""What a reader is told beside cohorts that stand beside each other: names, the checklist, where curves come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lutrace.core import Row
from lutrace.models import auc_term, describe_open_items, effect_term, restricted_term
from lutrace.protocol import CHECKLIST, ComparisonAnalysis, External, PrognosticAnalysis, Protocol

_TERMS = {
    "recorded": "deaths as recorded",
    "corrected": "corrected for missed deaths",
    "e_value": "Confounder that would explain it away",
    "harrell": "Harrell's concordance",
    "uno": "Uno's concordance",
    "slope": "Calibration slope",
    "intercept": "Calibration intercept",
    "observed_expected": "Observed over expected",
    "brier": "Brier score at the horizon",
    "integrated_brier": "Brier score, mean up to the horizon",
}
_WEIGHTED = {
    "ATE": "weighted to all patients (ATE)",
    "ATT": "weighted to patients like the first cohort (ATT)",
    "overlap": "weighted to the overlap of both cohorts",
    "matching": "weighted as by matching pairs",
}


def label_cohorts(protocol: Protocol) -> dict[str, str]:
    """A reader's words for pairs of cohorts, for their terms, and for published arms."""
    labels = dict(_TERMS)
    for analysis in _comparisons(protocol):
        names = [protocol.landmark(name).label for name in analysis.populations]
        if len(names) == 2:
            labels[analysis.pair] = "each cohort's own time zero"
        labels[effect_term(analysis)] = "Cohort"
        for rerun in analysis.reruns:
            labels[analysis.part(rerun.name)] = f"{analysis.label}: {rerun.label}"
        for name, label in zip(analysis.populations, names, strict=True):
            labels[f"{name}_left_out"] = f"Left out of {label}"
        labels |= _label_effect(analysis, names, protocol)
    for prognostic in protocol.analyses:
        if isinstance(prognostic, PrognosticAnalysis):
            days = (*prognostic.times, prognostic.horizon)
            labels |= {auc_term(day): f"Area under the ROC curve by day {day:g}" for day in days}
    for external in protocol.external:
        for arm in external.arms:
            name = external.term(arm.arm)
            labels |= {name: f"{external.label}: {arm.label}", f"{name}, printed": f"{arm.label}, as printed"}
    return labels


def _label_effect(analysis: ComparisonAnalysis, names: Sequence[str], protocol: Protocol) -> dict[str, str]:
    """Words for the rows of an effect: weightings, effective sizes, strata, restricted means."""
    effect = analysis.effect
    if effect is None:
        return {}
    labels = {analysis.part(one): f"{analysis.label}: {_WEIGHTED[one]}" for one in effect.weights}
    labels |= {
        f"{name}_effective": f"Effective size, {label}" for name, label in zip(analysis.populations, names, strict=True)
    }
    if effect.strata is not None:
        of = protocol.covariate(effect.strata).label
        labels[f"{effect_term(analysis)}_within_{effect.strata}"] = f"Cohort, within strata of {of}"
    for horizon in effect.horizons:
        words = f"Restricted mean up to {horizon:g} days"
        labels[restricted_term(horizon)] = words
        labels[restricted_term(horizon, augmented=True)] = f"{words}, augmented"
    return labels


def notes_on_cohorts(item: Any, protocol: Protocol) -> Iterator[str]:
    """Below a table or figure of a comparison: that it is none, the checklist line by line, and published sources."""
    named = {*getattr(item, "analyses", ()), getattr(item, "analysis", "")}
    for analysis in _comparisons(protocol):
        if not named & set(analysis.parts):
            continue
        if len(analysis.populations) == 2:
            yield from _checklist(analysis)
        for name in analysis.external:
            yield _source(next(one for one in protocol.external if one.name == name))


def populations_of(name: str, protocol: Protocol) -> tuple[str, ...]:
    """The cohorts of the comparison of that name."""
    return next(one.populations for one in _comparisons(protocol) if one.name == name)


def number_of_balance(row: Row) -> tuple[str, dict[str, Any]]:
    """A row of BALANCES by its key, as `results.json` holds numbers."""
    return f"{row['analysis']}/{row['population']}/balance/{row['term']}/{row['weights']}/{row['stage']}", {
        "value": row["difference"],
        "means": [row["mean_first"], row["mean_second"]],
        "variance_ratio": row["variance_ratio"],
        "unit": "SD",
        "covariate_unit": row["unit"],
        "n": [row["n_first"], row["n_second"]],
        "missing": [row["missing_first"], row["missing_second"]],
        "unbalanced": row["unbalanced"],
        "method": row["method"],
    }


def number_of_point(row: Row) -> tuple[str, dict[str, Any]]:
    """A row of VALIDATIONS by its key, as `results.json` holds numbers."""
    place = f"{row['analysis']}/{row['population']}/{row['endpoint']}"
    return f"{place}/{row['curve']}/{row['place']}", {
        "value": row["y"],
        "low": row["low"],
        "high": row["high"],
        "at": row["x"],
        "unit": "1",
        "n": row["n"],
        "events": row["events"],
        "method": row["curve"].replace("_", " "),
        "evidence": [f"{row['population']}/{row['endpoint']}"],
    }


def evidence_of_pair(key: str, beside: Mapping[str, ComparisonAnalysis]) -> dict[str, list[str]]:
    """The evidence of a number of two cohorts: of the one that it is of, else of both; none of a published curve.

    Nothing for numbers of one population, whose evidence stands.
    """
    analysis, population, *rest = key.split("/")
    if population not in beside:
        return {}
    pair = beside[population]
    if analysis != pair.name and analysis.partition(".")[0] != pair.name:
        return {}
    if rest[0] == "balance":
        return {"evidence": [f"{name}/{rest[1]}" for name in pair.populations]}
    endpoint, term = rest[0], rest[1]
    if any(term.startswith(f"{name}, ") for name in pair.external):
        return {"evidence": []}
    own = [name for name in pair.populations if name == term.partition(",")[0]]
    return {"evidence": [f"{name}/{endpoint}" for name in own or pair.populations]}


def _comparisons(protocol: Protocol) -> list[ComparisonAnalysis]:
    return [one for one in protocol.analyses if isinstance(one, ComparisonAnalysis)]


def _checklist(analysis: ComparisonAnalysis) -> Iterator[str]:
    if analysis.open_items:
        told = describe_open_items(analysis)
        yield f"{told[0].upper()}{told[1:]}."
    if analysis.checklist is None:
        return
    for name, words in CHECKLIST.items():
        line = getattr(analysis.checklist, name)
        signed = f" ({line.by}, {line.when.isoformat()})" if line.by and line.when else ""
        verdict = "yes" if line.harmonised else "no"
        yield f"Checklist, {name.replace('_', ' ')} ({words}): {verdict}; {line.how}{signed}."


def _source(external: External) -> str:
    how = (
        "individual times rebuilt from a published curve by others"
        if external.holds == "individual"
        else "times rebuilt here from points of a published curve and its numbers at risk (Guyot 2012)"
    )
    licence = f" Licence: {external.licence}." if external.licence else ""
    unlike = f" {external.differs}" if external.differs else ""
    return (
        f"{external.label}: {external.citation}; {how}; other patients and another time zero, so not a comparison."
        f"{unlike}{licence}"
    )
