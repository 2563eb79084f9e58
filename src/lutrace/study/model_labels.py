"""A reader's words for the rows of regression models, whose terms are named `<term>/<what of it>`."""

from __future__ import annotations

from lutrace.protocol import (
    BASELINE_SCORE,
    BY_CYCLE,
    CYCLES,
    CYCLES_BETWEEN,
    AgreementAnalysis,
    LogisticAnalysis,
    MixedAnalysis,
    Protocol,
    Regression,
)

_OF_TERM = {
    "per_sd": "{0}",
    "increment": "Added by {0} to the concordance",
    "nonlinear": "{0}, curved against straight",
    "e_value": "{0}, of the estimate",
    "e_value_limit": "{0}, of the limit nearer to 1",
    "auc": "{0}, in patients left out",
    CYCLES: "Cycles within a patient, beside {0}",
    CYCLES_BETWEEN: "Cycles between patients, beside {0}",
    BY_CYCLE: "{0} by cycles",
    BASELINE_SCORE: "Baseline score, beside {0}",
    "sd_patients": "Between patients, beside {0}",
    "sd_slopes": "Between slopes of patients, beside {0}",
    "sd_residual": "Within patients, beside {0}",
    "icc": "Scores of one patient, beside {0}",
    "fractional": "{0}, place on the scale",
    "ordinal": "{0}, order of the last score",
}
_OF_AGREEMENT = {
    "bias": "Mean difference",
    "lower_limit": "Lower limit of agreement",
    "upper_limit": "Upper limit of agreement",
    "repeatability": "Repeatability",
    "icc": "Intraclass correlation",
}
_TOGETHER = {"auc": "All terms, in patients left out"}


def label_models(protocol: Protocol) -> dict[str, str]:
    """The words for every row that a regression of the protocol may have, by its term, and for scores over cycles."""
    labels: dict[str, str] = {}
    for analysis in protocol.analyses:
        if isinstance(analysis, AgreementAnalysis):
            labels |= _OF_AGREEMENT
        if not isinstance(analysis, Regression):
            continue
        if isinstance(analysis, MixedAnalysis):
            labels[analysis.outcome] = analysis.outcome_label
        if isinstance(analysis, LogisticAnalysis) and analysis.together:
            labels |= _TOGETHER
        for term in analysis.terms:
            label = protocol.covariate(term).label
            labels |= {f"{term}/{name}": words.format(label) for name, words in _OF_TERM.items()}
            others = {*analysis.adjust_for, *(analysis.terms if getattr(analysis, "together", False) else ())} - {term}
            labels |= {f"{term}/{name}": f"{protocol.covariate(name).label}, beside {label}" for name in sorted(others)}
            contrasts = analysis.contrasts if isinstance(analysis, MixedAnalysis) else ()
            labels |= {f"{term}/{one.name}": f"{one.label}, beside {label}" for one in contrasts}
    return labels


def terms_of(name: str) -> tuple[str, ...]:
    """The names in the term of a row: `ttv/psa_change`, the covariate beside ttv, has two."""
    return tuple(name.split("/"))
