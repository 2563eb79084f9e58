"""How alike two cohorts are in their covariates, before and after weighting."""

from lutrace.tables.declare import count, label, number, result_table, yes_no

BALANCES = result_table(
    "balances",
    "one row per covariate, weighting and stage: the same covariate in two cohorts beside each other",
    (
        label("analysis", "name of the comparison in the protocol"),
        label("population", "the two populations, joined by +"),
        label("term", "covariate"),
        label("unit", "unit of the covariate as it enters the score"),
        yes_no("is_share", "whether the covariate is yes (1) or no (0), and its mean a share"),
        label("weights", "for whom the cohorts are weighted; none: all patients with a value, unweighted"),
        label("stage", "before weighting (each patient counts once) or after", codes=("before", "after")),
        number(
            "mean_first",
            "mean in the first cohort; of yes (1) and no (0) the share",
            unit="named by unit",
            null="none known",
        ),
        number("mean_second", "mean in the second cohort; likewise", unit="named by unit", null="none known"),
        number("difference", "standardised mean difference, first less second", unit="SD", null="when nothing varies"),
        number(
            "variance_ratio", "variance in the first over that in the second", unit="1", null="for yes and no", low=0
        ),
        count("n_first", "patients of the first cohort with a value"),
        count("n_second", "patients of the second cohort with a value"),
        count("missing_first", "patients of the first cohort without a value"),
        count("missing_second", "patients of the second cohort without a value"),
        yes_no("unbalanced", "whether the absolute difference is above 0.1, or cannot be told"),
        label("ascertainment", "why the cohorts looked for it differently", null="when in the same way"),
        label("method", "what the differences are divided by"),
    ),
    ("analysis", "population", "term", "weights", "stage"),
)
