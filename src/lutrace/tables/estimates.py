"""What models say."""

from lutrace.core import Column, Disclosure, Type
from lutrace.tables.declare import count, json, label, number, result_table

ESTIMATES = result_table(
    "estimates",
    "one row per term of a model",
    (
        label("analysis", "name of the analysis in the protocol"),
        label("population", "population or landmark"),
        label("endpoint", "outcome"),
        label("term", "covariate"),
        label("covariate_unit", "what a hazard ratio is per (per doubling, yes against no)"),
        label("adjusted_for", "other covariates, or none"),
        Column("adjusted", Type.BOOL, "whether other covariates are in the model", disclosure=Disclosure.OPEN),
        label(
            "measure",
            "what the estimate is",
            codes=(
                *("hazard_ratio", "correlation", "proportion", "kappa", "median", "count", "difference"),
                *("specification", "share_of_specifications"),
                *("cumulative_incidence", "subdistribution_hazard_ratio", "cause_specific_hazard_ratio", "occupancy"),
                *("survival", "survival_difference", "rmst", "rmst_difference"),
                *("lower_quartile", "upper_quartile", "time_ratio"),
                *("odds_ratio", "mean_difference", "slope", "standard_deviation", "icc", "auc"),
                *("e_value", "concordance_increase", "nonlinearity", "limit_of_agreement", "repeatability"),
                *("effective_n", "concordance", "brier", "integrated_brier"),
                *("calibration_slope", "calibration_intercept", "observed_expected"),
            ),
        ),
        number("coef", "estimate on the model's own scale", unit="1", null="when not a model"),
        number("se", "standard error on the model's own scale", unit="1", null="when not available"),
        number("estimate", "the estimate", unit="named by measure", null="when not reached or not estimable"),
        number("low", "lower end of the 95 % interval", unit="named by measure", null="when not reached"),
        number("high", "upper end of the 95 % interval", unit="named by measure", null="when not reached"),
        number("statistic", "test statistic", unit="1", null="when there is no test"),
        number("p", "p value", unit="1", null="when there is no test", low=0, high=1),
        number("q", "p value adjusted for the tests of its family", unit="1", null="in no family", low=0, high=1),
        label("unit", "unit of the estimate"),
        count("n", "patients"),
        count("events", "events", null="when there are none to count"),
        label("method", "method with its conventions (ties, interval)"),
        json("checks", "proportional hazards, events per variable, influence, separation, options of a specification"),
    ),
    ("analysis", "population", "endpoint", "term", "adjusted", "measure"),
)
