"""The names that a regression model uses, what they may be, and which of them cannot stand in one model."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from lutrace.protocol.analyses import BUILT_IN_VALUES, Covariate
from lutrace.protocol.analyses_regression import CoxAnalysis, LogisticAnalysis, MixedAnalysis, Regression
from lutrace.protocol.variables import DeclaredValue, ScanValue

SCAN_CLASSES = ("spect_scanner", "spect_tracer", "spect_plan", "ecog")
"""Built-in values that have classes, beside the declared ones."""


def list_names_in_models(
    analysis: Regression, *, outcomes: Sequence[str], covariates: Sequence[str], values: Sequence[DeclaredValue]
) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
    """Key, names used and names allowed, for each key of the analysis that names something of the study."""
    declared = [one.name for one in values]
    yield "terms", analysis.terms, covariates
    yield "adjust_for", analysis.adjust_for, covariates
    match analysis:
        case CoxAnalysis():
            yield "endpoints", analysis.endpoints, outcomes
            yield "strata", analysis.strata, [*SCAN_CLASSES, *declared]
        case MixedAnalysis():
            known = (*analysis.terms, *analysis.adjust_for, *analysis.own_terms)
            for contrast in analysis.contrasts:
                yield f"contrasts.{contrast.name}.weights", tuple(contrast.weights), known
        case _:
            yield "outcomes", getattr(analysis, "outcomes", ()), [*declared, *BUILT_IN_VALUES]


def find_model_faults(
    analysis: Regression, *, covariates: Sequence[Covariate], values: Sequence[DeclaredValue]
) -> Iterator[str]:
    """What cannot stand in one model, in words: two measures of one region, and the outcome as its own covariate."""
    value_of = {one.name: one.value for one in covariates}
    scans = {one.name: one for one in values if isinstance(one, ScanValue)}
    together = isinstance(analysis, LogisticAnalysis) and analysis.together
    models = [analysis.terms] if together else [(term, *analysis.adjust_for) for term in analysis.terms]
    told: set[str] = set()
    for pair in (pair for model in models for pair in itertools.combinations(dict.fromkeys(model), 2)):
        first, second = (scans.get(value_of.get(name, "")) for name in pair)
        if first is not None and second is not None and (first.region, first.of) == (second.region, second.of):
            told.add(
                f"{pair[0]} and {pair[1]} are measures of one region ({first.region}: {first.measure}, "
                f"{second.measure}) and tell the same; expected each in a model of its own"
            )
    own = set(getattr(analysis, "outcomes", ()))
    for name in (*analysis.terms, *analysis.adjust_for):
        if value_of.get(name) in own:
            told.add(f"{name} is the outcome {value_of[name]} itself; expected another covariate")
    yield from sorted(told)
