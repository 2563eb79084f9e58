"""Patients who move the estimate of a model."""

from lutrace.core import Column, Disclosure, Type
from lutrace.tables.declare import PATIENT, label, number, result_table

INFLUENCES = result_table(
    "influences",
    "one row per model and patient without whom its coefficient would move by more than 2 / sqrt(n) standard errors",
    (
        PATIENT,
        label("analysis", "name of the analysis in the protocol"),
        label("population", "population or landmark"),
        label("endpoint", "outcome"),
        label("term", "covariate"),
        Column("adjusted", Type.BOOL, "whether other covariates are in the model", disclosure=Disclosure.OPEN),
        number("dfbetas", "about how far the patient moves the coefficient", unit="standard errors"),
    ),
    ("analysis", "population", "endpoint", "term", "adjusted", "patient_id"),
)
