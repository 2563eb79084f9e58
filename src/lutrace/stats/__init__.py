"""stats knows survival, regression, correlation and agreement: arrays in, small frozen results out.

Every result carries n, its events where it has them, and its method in words. Start survival methods with
`survival_of(time, event, entry=...)`, which checks.
"""

from lutrace.stats.cox.diagnostics import Influence, PhTest, TimeTransform, compute_ph_tests
from lutrace.stats.cox.firth import fit_cox_or_firth, fit_firth_cox
from lutrace.stats.cox.fit import fit_cox, fit_ridge_cox
from lutrace.stats.cox.likelihood import CoxScore, MonotoneLikelihoodError, compute_cox_score
from lutrace.stats.cox.residuals import SchoenfeldResiduals, compute_row_residuals, compute_schoenfeld
from lutrace.stats.cox.result import CoxFit, ModelTest
from lutrace.stats.cox.risk_order import CoxRows, Ties
from lutrace.stats.description.agreement import Agreement, compute_agreement
from lutrace.stats.description.correlation import Correlation, compute_pearson, compute_spearman
from lutrace.stats.description.proportions import Proportion, compute_proportion
from lutrace.stats.description.summaries import Summary, compute_summary
from lutrace.stats.survival.concordance import Concordance, compute_concordance
from lutrace.stats.survival.kaplan_meier import (
    CurvePoints,
    IntervalType,
    SurvivalCurve,
    SurvivalQuantile,
    compute_kaplan_meier,
    compute_reverse_kaplan_meier,
    count_at_risk,
)
from lutrace.stats.survival.log_rank import LogRank, compute_log_rank
from lutrace.stats.survival.observations import Survival, survival_of

__all__ = [
    "Agreement",
    "Concordance",
    "Correlation",
    "CoxFit",
    "CoxRows",
    "CoxScore",
    "CurvePoints",
    "Influence",
    "IntervalType",
    "LogRank",
    "ModelTest",
    "MonotoneLikelihoodError",
    "PhTest",
    "Proportion",
    "SchoenfeldResiduals",
    "Summary",
    "Survival",
    "SurvivalCurve",
    "SurvivalQuantile",
    "Ties",
    "TimeTransform",
    "compute_agreement",
    "compute_concordance",
    "compute_cox_score",
    "compute_kaplan_meier",
    "compute_log_rank",
    "compute_pearson",
    "compute_ph_tests",
    "compute_proportion",
    "compute_reverse_kaplan_meier",
    "compute_row_residuals",
    "compute_schoenfeld",
    "compute_spearman",
    "compute_summary",
    "count_at_risk",
    "fit_cox",
    "fit_cox_or_firth",
    "fit_firth_cox",
    "fit_ridge_cox",
    "survival_of",
]
