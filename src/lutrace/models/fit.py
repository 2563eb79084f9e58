"""One analysis of a protocol, by its kind."""

from __future__ import annotations

from collections.abc import Sequence

from lutrace.core import Row
from lutrace.models.comparison import fit_comparison
from lutrace.models.cox import fit_cox_analysis
from lutrace.models.curves import fit_follow_up, fit_kaplan_meier
from lutrace.models.doses import fit_response_by_dose
from lutrace.models.incidence import fit_cumulative_incidence, fit_fine_gray_analysis
from lutrace.models.interval_censored import fit_interval_censored
from lutrace.models.landmarks import fit_landmark
from lutrace.models.linear import fit_linear_analysis
from lutrace.models.logistic import fit_logistic_analysis
from lutrace.models.milestones import fit_milestones, fit_restricted_mean
from lutrace.models.mixed import fit_mixed_analysis
from lutrace.models.mortality import fit_missed_deaths
from lutrace.models.occupancy import fit_occupancy
from lutrace.models.pairs import fit_concordance, fit_correlation
from lutrace.models.prognostic import fit_prognostic
from lutrace.models.proportions import fit_proportion
from lutrace.models.readers import fit_agreement
from lutrace.models.results import AnalysisResult
from lutrace.models.time_varying import fit_time_varying_cox
from lutrace.protocol import (
    AgreementAnalysis,
    Analysis,
    ComparisonAnalysis,
    ConcordanceAnalysis,
    CorrelationAnalysis,
    CoxAnalysis,
    CumulativeIncidenceAnalysis,
    FineGrayAnalysis,
    FollowUpAnalysis,
    IntervalCensoredAnalysis,
    KaplanMeierAnalysis,
    LandmarkAnalysis,
    LinearAnalysis,
    LogisticAnalysis,
    MilestonesAnalysis,
    MissedDeathsAnalysis,
    MixedAnalysis,
    OccupancyAnalysis,
    PrognosticAnalysis,
    ProportionAnalysis,
    Protocol,
    ResponseByDoseAnalysis,
    RestrictedMeanAnalysis,
    TimeAnalysis,
    TimeVaryingCoxAnalysis,
)


def fit_analysis(analysis: Analysis, rows: Sequence[Row], protocol: Protocol) -> AnalysisResult:
    """The rows of one analysis of the protocol on the analysis set, with its warnings.

    `occupancy` takes rows of COURSE_TRANSITIONS with their population in place of the analysis set.
    What cannot be estimated gives a row without an estimate and a warning, not an error.

    Raises:
        ProtocolError: a hazard ratio without a unit, or an analysis that names what the protocol does not declare.
        UnusableInputError: a column that the analysis needs is not in the analysis set.
    """
    match analysis:
        case CoxAnalysis():
            return fit_cox_analysis(analysis, rows, protocol)
        case LogisticAnalysis():
            return fit_logistic_analysis(analysis, rows, protocol)
        case LinearAnalysis():
            return fit_linear_analysis(analysis, rows, protocol)
        case MixedAnalysis():
            return fit_mixed_analysis(analysis, rows, protocol)
        case KaplanMeierAnalysis():
            return fit_kaplan_meier(analysis, rows, protocol)
        case ComparisonAnalysis() | MissedDeathsAnalysis() | PrognosticAnalysis():
            return _fit_cohorts(analysis, rows, protocol)
        case FollowUpAnalysis():
            return fit_follow_up(analysis, rows)
        case CorrelationAnalysis():
            return fit_correlation(analysis, rows)
        case AgreementAnalysis():
            return fit_agreement(analysis, rows)
        case ConcordanceAnalysis():
            return fit_concordance(analysis, rows)
        case ProportionAnalysis():
            return fit_proportion(analysis, rows, protocol)
        case _:
            return _fit_time_analysis(analysis, rows, protocol)


def _fit_cohorts(
    analysis: ComparisonAnalysis | MissedDeathsAnalysis | PrognosticAnalysis, rows: Sequence[Row], protocol: Protocol
) -> AnalysisResult:
    match analysis:
        case ComparisonAnalysis():
            return fit_comparison(analysis, rows, protocol)
        case MissedDeathsAnalysis():
            return fit_missed_deaths(analysis, rows, protocol)
        case PrognosticAnalysis():
            return fit_prognostic(analysis, rows, protocol)


def _fit_time_analysis(analysis: TimeAnalysis, rows: Sequence[Row], protocol: Protocol) -> AnalysisResult:
    match analysis:
        case CumulativeIncidenceAnalysis():
            return fit_cumulative_incidence(analysis, rows, protocol)
        case FineGrayAnalysis():
            return fit_fine_gray_analysis(analysis, rows, protocol)
        case OccupancyAnalysis():
            return fit_occupancy(analysis, rows)
        case ResponseByDoseAnalysis():
            return fit_response_by_dose(analysis, rows, protocol)
        case RestrictedMeanAnalysis():
            return fit_restricted_mean(analysis, rows, protocol)
        case MilestonesAnalysis():
            return fit_milestones(analysis, rows, protocol)
        case IntervalCensoredAnalysis():
            return fit_interval_censored(analysis, rows, protocol)
        case LandmarkAnalysis():
            return fit_landmark(analysis, rows, protocol)
        case TimeVaryingCoxAnalysis():
            return fit_time_varying_cox(analysis, rows, protocol)
