"""stats knows survival, regression, correlation and agreement: arrays in, small frozen results out.

Every result carries n, its events where it has them, and its method in words. Start survival methods with
`survival_of(time, event, entry=...)`, which checks.
"""

from lutrace.stats.competing.fine_gray import FineGrayFit, fit_fine_gray
from lutrace.stats.competing.fine_gray_rows import FineGrayRows, make_fine_gray_rows
from lutrace.stats.competing.gray import GrayTest, compute_gray_test
from lutrace.stats.competing.histories import StateHistories, histories_of
from lutrace.stats.competing.incidence import IncidenceCurve, IncidencePoints, compute_cumulative_incidence
from lutrace.stats.competing.observations import CompetingRisks, competing_of
from lutrace.stats.competing.occupancy import StateOccupancy, compute_state_occupancy
from lutrace.stats.cox.diagnostics import Influence, PhTest, TimeTransform, compute_ph_tests
from lutrace.stats.cox.firth import fit_cox_or_firth, fit_firth_cox
from lutrace.stats.cox.fit import fit_cox, fit_ridge_cox
from lutrace.stats.cox.likelihood import CoxScore, MonotoneLikelihoodError, compute_cox_score
from lutrace.stats.cox.prediction import PredictedSurvival, predict_survival
from lutrace.stats.cox.refits import refit_cox
from lutrace.stats.cox.residuals import SchoenfeldResiduals, compute_row_residuals, compute_schoenfeld
from lutrace.stats.cox.result import CoxFit, ModelTest, compare_cox
from lutrace.stats.cox.risk_order import CoxRows, Ties
from lutrace.stats.cox.splines import SplineBasis, compute_spline_basis
from lutrace.stats.description.agreement import Agreement, KappaWeights, compute_agreement
from lutrace.stats.description.comparisons import (
    FisherTest,
    GroupTest,
    MeanDifference,
    compute_chi_square,
    compute_fisher,
    compute_kruskal_wallis,
    compute_rank_sum,
    compute_welch,
)
from lutrace.stats.description.correlation import Correlation, compute_partial, compute_pearson, compute_spearman
from lutrace.stats.description.lowess import LEAST as LOWESS_LEAST
from lutrace.stats.description.lowess import compute_lowess
from lutrace.stats.description.measurements import (
    IccKind,
    IntraclassCorrelation,
    LimitsOfAgreement,
    compute_icc,
    compute_limits_of_agreement,
)
from lutrace.stats.description.proportions import (
    Proportion,
    ProportionDifference,
    compute_proportion,
    compute_proportion_difference,
    compute_wilson,
)
from lutrace.stats.description.summaries import Summary, compute_summary
from lutrace.stats.federated.disclosure import RiskSetOverride, SitePolicy
from lutrace.stats.federated.grid import GridCounts, count_on_grid, pool_counts
from lutrace.stats.federated.messages import SumsMessage
from lutrace.stats.federated.meta_analysis import Heterogeneity, PooledStudies, compute_log_errors, pool_studies
from lutrace.stats.federated.models import (
    FederatedFit,
    LeverageMessage,
    answer_cox,
    answer_leverages,
    answer_logistic,
    fit_federated,
    fit_federated_firth,
)
from lutrace.stats.federated.risk_set_sums import RiskSetMessage, answer_risk_sets, combine_risk_sets
from lutrace.stats.follow_up.immortal_time import check_known_at
from lutrace.stats.follow_up.index_dates import IndexDates, IndexStrategy, choose_index_dates
from lutrace.stats.follow_up.landmark import LandmarkSet, make_landmark_set
from lutrace.stats.follow_up.time_varying import Measurements, TimeVaryingRows, make_time_varying_rows, measurements_of
from lutrace.stats.imputation.chained import (
    DrawMethod,
    ImputationPlan,
    ImputedSets,
    compute_outcome_predictors,
    impute_covariates,
)
from lutrace.stats.imputation.pooling import Pooled, pool_estimates
from lutrace.stats.intervals.aft import AftFit, fit_aft
from lutrace.stats.intervals.distributions import DistributionName
from lutrace.stats.intervals.observations import IntervalTimes, intervals_of
from lutrace.stats.intervals.turnbull import IntervalCurve, compute_turnbull
from lutrace.stats.multiplicity.adjustment import AdjustedTests, Adjustment, adjust_p_values
from lutrace.stats.multiplicity.left_out_auc import LeftOutAuc, compute_left_out_auc
from lutrace.stats.multiplicity.optimism import compute_cox_optimism, compute_logistic_optimism
from lutrace.stats.multiplicity.resampling import LeftOut, Optimism, compute_optimism, leave_one_out
from lutrace.stats.multiplicity.specification_curve import SpecificationSummary, summarise_specifications
from lutrace.stats.propensity.balance import Balance, Denominator, compute_balance
from lutrace.stats.propensity.effects import Effect, compute_augmented_effect, compute_weighted_effect
from lutrace.stats.propensity.hazard_ratio import WeightedHazardRatio, compute_weighted_hazard_ratio
from lutrace.stats.propensity.matching import Matching, match_nearest
from lutrace.stats.propensity.scores import PropensityScores, fit_propensity
from lutrace.stats.propensity.weights import Estimand, PropensityWeights, compute_weights
from lutrace.stats.published.curve import ReconstructedCurve, reconstruct_curve
from lutrace.stats.regression.degrees import DfMethod, FTest
from lutrace.stats.regression.fractional import FractionalFit, fit_fractional
from lutrace.stats.regression.linear import LinearFit, fit_linear
from lutrace.stats.regression.logistic import (
    CaseRows,
    LogisticFit,
    fit_firth_logistic,
    fit_logistic,
    fit_logistic_or_firth,
)
from lutrace.stats.regression.mixed import ContrastTest, MixedFit, RandomEffects, fit_mixed, split_within_between
from lutrace.stats.regression.mixed_residuals import MixedResiduals, compute_mixed_residuals
from lutrace.stats.regression.ordinal import OrdinalFit, fit_ordinal
from lutrace.stats.regression.separation import Separation, SeparationError
from lutrace.stats.sensitivity.confounding import EValue, compute_confounder_bias, compute_e_value, find_tipping_ratio
from lutrace.stats.sensitivity.missed_deaths import MissedDeaths, TippingDeaths, draw_missed_deaths, find_tipping_deaths
from lutrace.stats.sensitivity.missed_medians import CorrectedMedian, draw_missed_medians
from lutrace.stats.survival.accuracy import AccuracyAt, compute_auc, compute_brier
from lutrace.stats.survival.concordance import Concordance, compute_concordance
from lutrace.stats.survival.contrasts import Contrast
from lutrace.stats.survival.intervals import IntervalType
from lutrace.stats.survival.kaplan_meier import (
    CurvePoints,
    SurvivalCurve,
    SurvivalQuantile,
    compute_kaplan_meier,
    compute_reverse_kaplan_meier,
    count_at_risk,
)
from lutrace.stats.survival.log_rank import (
    GEHAN,
    LOG_RANK,
    PETO,
    TARONE_WARE,
    EventWeights,
    LogRank,
    compute_log_rank,
    fleming_harrington,
)
from lutrace.stats.survival.observations import Survival, join_near_times, survival_of
from lutrace.stats.survival.pseudo_means import compute_pseudo_means
from lutrace.stats.survival.restricted_mean import (
    GroupComparison,
    GroupEstimate,
    compute_milestone,
    compute_restricted_mean,
)
from lutrace.stats.survival.uno import compute_uno_concordance

__all__ = [
    "GEHAN",
    "LOG_RANK",
    "LOWESS_LEAST",
    "PETO",
    "TARONE_WARE",
    "AccuracyAt",
    "AdjustedTests",
    "Adjustment",
    "AftFit",
    "Agreement",
    "Balance",
    "CaseRows",
    "CompetingRisks",
    "Concordance",
    "Contrast",
    "ContrastTest",
    "CorrectedMedian",
    "Correlation",
    "CoxFit",
    "CoxRows",
    "CoxScore",
    "CurvePoints",
    "Denominator",
    "DfMethod",
    "DistributionName",
    "DrawMethod",
    "EValue",
    "Effect",
    "Estimand",
    "EventWeights",
    "FTest",
    "FederatedFit",
    "FineGrayFit",
    "FineGrayRows",
    "FisherTest",
    "FractionalFit",
    "GrayTest",
    "GridCounts",
    "GroupComparison",
    "GroupEstimate",
    "GroupTest",
    "Heterogeneity",
    "IccKind",
    "ImputationPlan",
    "ImputedSets",
    "IncidenceCurve",
    "IncidencePoints",
    "IndexDates",
    "IndexStrategy",
    "Influence",
    "IntervalCurve",
    "IntervalTimes",
    "IntervalType",
    "IntraclassCorrelation",
    "KappaWeights",
    "LandmarkSet",
    "LeftOut",
    "LeftOutAuc",
    "LeverageMessage",
    "LimitsOfAgreement",
    "LinearFit",
    "LogRank",
    "LogisticFit",
    "Matching",
    "MeanDifference",
    "Measurements",
    "MissedDeaths",
    "MixedFit",
    "MixedResiduals",
    "ModelTest",
    "MonotoneLikelihoodError",
    "Optimism",
    "OrdinalFit",
    "PhTest",
    "Pooled",
    "PooledStudies",
    "PredictedSurvival",
    "PropensityScores",
    "PropensityWeights",
    "Proportion",
    "ProportionDifference",
    "RandomEffects",
    "ReconstructedCurve",
    "RiskSetMessage",
    "RiskSetOverride",
    "SchoenfeldResiduals",
    "Separation",
    "SeparationError",
    "SitePolicy",
    "SpecificationSummary",
    "SplineBasis",
    "StateHistories",
    "StateOccupancy",
    "Summary",
    "SumsMessage",
    "Survival",
    "SurvivalCurve",
    "SurvivalQuantile",
    "Ties",
    "TimeTransform",
    "TimeVaryingRows",
    "TippingDeaths",
    "WeightedHazardRatio",
    "adjust_p_values",
    "answer_cox",
    "answer_leverages",
    "answer_logistic",
    "answer_risk_sets",
    "check_known_at",
    "choose_index_dates",
    "combine_risk_sets",
    "compare_cox",
    "competing_of",
    "compute_agreement",
    "compute_auc",
    "compute_augmented_effect",
    "compute_balance",
    "compute_brier",
    "compute_chi_square",
    "compute_concordance",
    "compute_confounder_bias",
    "compute_cox_optimism",
    "compute_cox_score",
    "compute_cumulative_incidence",
    "compute_e_value",
    "compute_fisher",
    "compute_gray_test",
    "compute_icc",
    "compute_kaplan_meier",
    "compute_kruskal_wallis",
    "compute_left_out_auc",
    "compute_limits_of_agreement",
    "compute_log_errors",
    "compute_log_rank",
    "compute_logistic_optimism",
    "compute_lowess",
    "compute_milestone",
    "compute_mixed_residuals",
    "compute_optimism",
    "compute_outcome_predictors",
    "compute_partial",
    "compute_pearson",
    "compute_ph_tests",
    "compute_proportion",
    "compute_proportion_difference",
    "compute_pseudo_means",
    "compute_rank_sum",
    "compute_restricted_mean",
    "compute_reverse_kaplan_meier",
    "compute_row_residuals",
    "compute_schoenfeld",
    "compute_spearman",
    "compute_spline_basis",
    "compute_state_occupancy",
    "compute_summary",
    "compute_turnbull",
    "compute_uno_concordance",
    "compute_weighted_effect",
    "compute_weighted_hazard_ratio",
    "compute_weights",
    "compute_welch",
    "compute_wilson",
    "count_at_risk",
    "count_on_grid",
    "draw_missed_deaths",
    "draw_missed_medians",
    "find_tipping_deaths",
    "find_tipping_ratio",
    "fit_aft",
    "fit_cox",
    "fit_cox_or_firth",
    "fit_federated",
    "fit_federated_firth",
    "fit_fine_gray",
    "fit_firth_cox",
    "fit_firth_logistic",
    "fit_fractional",
    "fit_linear",
    "fit_logistic",
    "fit_logistic_or_firth",
    "fit_mixed",
    "fit_ordinal",
    "fit_propensity",
    "fit_ridge_cox",
    "fleming_harrington",
    "histories_of",
    "impute_covariates",
    "intervals_of",
    "join_near_times",
    "leave_one_out",
    "make_fine_gray_rows",
    "make_landmark_set",
    "make_time_varying_rows",
    "match_nearest",
    "measurements_of",
    "pool_counts",
    "pool_estimates",
    "pool_studies",
    "predict_survival",
    "reconstruct_curve",
    "refit_cox",
    "split_within_between",
    "summarise_specifications",
    "survival_of",
]
