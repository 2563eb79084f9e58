"""Curves of a prognostic model on the patients of a study."""

from lutrace.tables.declare import count, label, number, result_table

VALIDATIONS = result_table(
    "validations",
    "one row per point of a calibration or decision curve",
    (
        label("analysis", "name of the analysis in the protocol"),
        label("population", "population or landmark"),
        label("endpoint", "outcome"),
        label(
            "curve",
            "observed by predicted risk, in groups or smooth; net benefit of the model's choice or of choosing all",
            codes=("calibration_groups", "calibration_smooth", "decision_model", "decision_all"),
        ),
        count("place", "order of the point, from 0"),
        number("x", "predicted risk, or the risk from which on a patient is chosen", unit="1", low=0, high=1),
        number("y", "observed risk, or net benefit", unit="1", null="where follow-up does not reach"),
        number("low", "lower end of the 95 % interval", unit="1", null="for decisions, or not estimable"),
        number("high", "upper end of the 95 % interval", unit="1", null="for decisions, or not estimable"),
        count("n", "patients behind the point"),
        count("events", "events among them"),
    ),
    ("analysis", "population", "endpoint", "curve", "place"),
)
