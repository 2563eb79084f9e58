"""What speaks for or against a Cox fit, the same for a study and for a plain table."""

from __future__ import annotations

from typing import Any

from lutrace.models.results import finite_or_none
from lutrace.stats import CoxFit

_PH_ALARM = 0.05
"""p of the test of proportional hazards below which the model is called into doubt."""
_ROBUST_ALARM = 1.1
"""Robust over model standard error from which on the interval is called too narrow."""


def find_doubts(fit: CoxFit, *terms: str) -> list[str]:
    """What a reader must be told of the fit, in words; of robust errors for `terms` only, or for all when none."""
    texts = list(fit.warnings)
    for test in fit.ph_tests:
        if test.p < _PH_ALARM:
            of = "the whole model" if test.term == "global" else test.term
            p = "< 0.001" if test.p < 0.001 else f"= {test.p:.3f}"
            texts.append(
                f"hazards are not proportional ({of}: p {p}): the hazard ratio changes with time and is an "
                "average over the follow-up"
            )
    if fit.firth or fit.is_robust:
        return texts
    for term, robust, se in zip(fit.terms, fit.robust_se, fit.se, strict=True):
        if robust > _ROBUST_ALARM * se and term in (terms or fit.terms):
            texts.append(
                f"{term}: checked without the model's assumptions (robust standard error) the uncertainty is "
                f"{100 * (robust / se - 1):.0f} % larger: take the interval as too narrow, the p value as too small"
            )
    return texts


def describe_separation(fit: CoxFit) -> str:
    """Whether the covariates separate the events, and what was done."""
    return "the covariates separate the events: Firth's penalty" if fit.firth else "none"


def measure_influence(fit: Any, term: str) -> tuple[int, float | None]:
    """How many rows move the coefficient by more than 2 / sqrt(n) standard errors, and the largest such move."""
    moves = [abs(one.dfbetas) for one in fit.influence if one.term == term]
    return len(moves), max(moves, default=None)


def describe_checks(fit: CoxFit, term: str) -> dict[str, Any]:
    """The checks of one term as they stand beside its estimate: every number named, none infinite."""
    place, concordance = fit.terms.index(term), fit.concordance
    n_influential, largest = measure_influence(fit, term)
    return {
        "ties": fit.ties,
        "firth": fit.firth,
        "separation": describe_separation(fit),
        "converged": True,
        "robust_se": finite_or_none(fit.robust_se[place]),
        "events_per_term": fit.events_per_term,
        "events_in_rarer_group": fit.n_exposed_events[place],
        "proportional_hazards_p": {test.term: finite_or_none(test.p) for test in fit.ph_tests},
        "model_tests": {
            test.name: {"statistic": finite_or_none(test.statistic), "df": test.df, "p": finite_or_none(test.p)}
            for test in fit.tests
        },
        "concordance": None if concordance is None else {"estimate": concordance.estimate, "se": concordance.se},
        "influential_patients": n_influential,
        "largest_dfbetas": largest,
        "other_terms": {
            name: {"coef": finite_or_none(fit.coef[number]), "se": finite_or_none(fit.se[number])}
            for number, name in enumerate(fit.terms)
            if name != term
        },
        "warnings": list(fit.warnings),
    }
