"""Curved effects of covariates."""

from lutrace.core import Column, Disclosure, Type
from lutrace.tables.declare import count, label, number, result_table

EFFECTS = result_table(
    "effects",
    "one row per point of a covariate whose effect may be curved (restricted cubic spline)",
    (
        label("analysis", "name of the analysis in the protocol"),
        label("population", "population or landmark"),
        label("endpoint", "outcome"),
        label("term", "covariate"),
        Column("adjusted", Type.BOOL, "whether other covariates are in the model", disclosure=Disclosure.OPEN),
        count("point", "number of the point, evenly from the 5th to the 95th percentile of the value"),
        number("value", "value of the covariate", unit="the value's own"),
        number("reference", "value against which the ratio stands: the median", unit="the value's own"),
        number("estimate", "hazard ratio against the reference", unit="1", low=0),
        number("low", "lower end of the 95 % interval", unit="1", low=0),
        number("high", "upper end of the 95 % interval", unit="1", low=0),
    ),
    ("analysis", "population", "endpoint", "term", "adjusted", "point"),
)
