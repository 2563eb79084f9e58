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
from lutrace.stats.cox.residuals import SchoenfeldResiduals, compute_row_residuals, compute_schoenfeld
from lutrace.stats.cox.result import CoxFit, ModelTest
from lutrace.stats.cox.risk_order import CoxRows, Ties
from lutrace.stats.cox.splines import SplineBasis, compute_spline_basis
from lutrace.stats.description.agreement import Agreement, compute_agreement
from lutrace.stats.description.correlation import Correlation, compute_pearson, compute_spearman
from lutrace.stats.description.proportions import Proportion, compute_proportion
from lutrace.stats.description.summaries import Summary, compute_summary
from lutrace.stats.follow_up.immortal_time import check_known_at
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
from lutrace.stats.propensity.balance import Balance, Denominator, compute_balance
from lutrace.stats.propensity.effects import Effect, compute_augmented_effect, compute_weighted_effect
from lutrace.stats.propensity.matching import Matching, match_nearest
from lutrace.stats.propensity.scores import PropensityScores, fit_propensity
from lutrace.stats.propensity.weights import Estimand, PropensityWeights, compute_weights
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
from lutrace.stats.survival.observations import Survival, survival_of
from lutrace.stats.survival.restricted_mean import (
    GroupComparison,
    GroupEstimate,
    compute_milestone,
    compute_restricted_mean,
)

__all__ = [
    "GEHAN",
    "LOG_RANK",
    "PETO",
    "TARONE_WARE",
    "AccuracyAt",
    "AftFit",
    "Agreement",
    "Balance",
    "CompetingRisks",
    "Concordance",
    "Contrast",
    "Correlation",
    "CoxFit",
    "CoxRows",
    "CoxScore",
    "CurvePoints",
    "Denominator",
    "DistributionName",
    "DrawMethod",
    "Effect",
    "Estimand",
    "EventWeights",
    "FineGrayFit",
    "FineGrayRows",
    "GrayTest",
    "GroupComparison",
    "GroupEstimate",
    "ImputationPlan",
    "ImputedSets",
    "IncidenceCurve",
    "IncidencePoints",
    "Influence",
    "IntervalCurve",
    "IntervalTimes",
    "IntervalType",
    "LandmarkSet",
    "LogRank",
    "Matching",
    "Measurements",
    "ModelTest",
    "MonotoneLikelihoodError",
    "PhTest",
    "Pooled",
    "PredictedSurvival",
    "PropensityScores",
    "PropensityWeights",
    "Proportion",
    "SchoenfeldResiduals",
    "SplineBasis",
    "StateHistories",
    "StateOccupancy",
    "Summary",
    "Survival",
    "SurvivalCurve",
    "SurvivalQuantile",
    "Ties",
    "TimeTransform",
    "TimeVaryingRows",
    "check_known_at",
    "competing_of",
    "compute_agreement",
    "compute_auc",
    "compute_augmented_effect",
    "compute_balance",
    "compute_brier",
    "compute_concordance",
    "compute_cox_score",
    "compute_cumulative_incidence",
    "compute_gray_test",
    "compute_kaplan_meier",
    "compute_log_rank",
    "compute_milestone",
    "compute_outcome_predictors",
    "compute_pearson",
    "compute_ph_tests",
    "compute_proportion",
    "compute_restricted_mean",
    "compute_reverse_kaplan_meier",
    "compute_row_residuals",
    "compute_schoenfeld",
    "compute_spearman",
    "compute_spline_basis",
    "compute_state_occupancy",
    "compute_summary",
    "compute_turnbull",
    "compute_weighted_effect",
    "compute_weights",
    "count_at_risk",
    "fit_aft",
    "fit_cox",
    "fit_cox_or_firth",
    "fit_fine_gray",
    "fit_firth_cox",
    "fit_propensity",
    "fit_ridge_cox",
    "fleming_harrington",
    "histories_of",
    "impute_covariates",
    "intervals_of",
    "make_fine_gray_rows",
    "make_landmark_set",
    "make_time_varying_rows",
    "match_nearest",
    "measurements_of",
    "pool_estimates",
    "predict_survival",
    "survival_of",
]
