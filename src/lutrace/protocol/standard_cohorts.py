"""What the standard report shows of cohorts beside each other, and of the validation of a prognostic model."""

from __future__ import annotations

from lutrace.protocol.comparison import ComparisonAnalysis
from lutrace.protocol.presentation import Item, ShowBalance, ShowSurvival
from lutrace.protocol.presentation_figures import ShowLove, ShowValidation
from lutrace.protocol.prognostic import PrognosticAnalysis


def items_of_cohorts(analysis: ComparisonAnalysis) -> tuple[Item, ...]:
    """The curves of each outcome, plain and weighted, and the covariates where they are set beside each other."""
    weighted = analysis.effect.weights if analysis.effect is not None and not analysis.open_items else ()
    curves = tuple(
        ShowSurvival(
            show="survival",
            name="_".join((analysis.name, endpoint, *weighting)),
            caption=", ".join((f"{analysis.label}: {endpoint}", *(f"{name} weights" for name in weighting))),
            analysis=".".join((analysis.name, *weighting)),
            population=analysis.pair,
            endpoint=endpoint,
            time_unit=analysis.time_unit,
        )
        for endpoint in analysis.endpoints
        for weighting in ((), *((name,) for name in weighted))
    )
    if not analysis.balance:
        return curves
    name, caption = analysis.name, f"{analysis.label}: characteristics"
    balance = ShowBalance(show="balance", name=f"{name}_balance", caption=caption, analysis=name)
    love = ShowLove(show="love", name=f"{name}_love", caption=caption, analysis=name)
    return (*curves, balance, love)


def items_of_validation(analysis: PrognosticAnalysis) -> tuple[Item, ...]:
    """Calibration and decision curves in each population."""
    return tuple(
        ShowValidation(
            show="validation",
            name=f"{analysis.name}_{population}",
            caption=f"{analysis.label}: {population}",
            analysis=analysis.name,
            population=population,
            endpoint=analysis.endpoint,
        )
        for population in analysis.populations
    )
