"""One analysis of a protocol, by its kind."""

from __future__ import annotations

from collections.abc import Sequence

from lutrace.core import Row
from lutrace.models.comparison import fit_comparison
from lutrace.models.cox import fit_cox_analysis
from lutrace.models.curves import fit_follow_up, fit_kaplan_meier
from lutrace.models.mortality import fit_missed_deaths
from lutrace.models.pairs import fit_concordance, fit_correlation
from lutrace.models.proportions import fit_proportion
from lutrace.models.results import AnalysisResult
from lutrace.protocol import (
    Analysis,
    ComparisonAnalysis,
    ConcordanceAnalysis,
    CorrelationAnalysis,
    CoxAnalysis,
    FollowUpAnalysis,
    KaplanMeierAnalysis,
    MissedDeathsAnalysis,
    ProportionAnalysis,
    Protocol,
)


def fit_analysis(analysis: Analysis, rows: Sequence[Row], protocol: Protocol) -> AnalysisResult:
    """The rows of one analysis of the protocol on the analysis set, with its warnings.

    What cannot be estimated gives a row without an estimate and a warning, not an error.

    Raises:
        ProtocolError: a hazard ratio without a unit, or an analysis that names what the protocol does not declare.
        UnusableInputError: a column that the analysis needs is not in the analysis set.
    """
    match analysis:
        case CoxAnalysis():
            return fit_cox_analysis(analysis, rows, protocol)
        case KaplanMeierAnalysis():
            return fit_kaplan_meier(analysis, rows, protocol)
        case ComparisonAnalysis():
            return fit_comparison(analysis, rows, protocol)
        case MissedDeathsAnalysis():
            return fit_missed_deaths(analysis, rows, protocol)
        case FollowUpAnalysis():
            return fit_follow_up(analysis, rows)
        case CorrelationAnalysis():
            return fit_correlation(analysis, rows)
        case ConcordanceAnalysis():
            return fit_concordance(analysis, rows)
        case ProportionAnalysis():
            return fit_proportion(analysis, rows, protocol)
