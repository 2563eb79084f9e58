"""How each scan's SUV was obtained."""

from lutrace.tables.declare import PATIENT, count, datetime, fact_table, json, label, number, pseudonym

MEASURE_VERSION = 5
"""The way of measuring: raised when it changes, then every scan is measured anew."""

QUANTIFICATIONS = fact_table(
    "quantifications",
    "one row per quantitative scan: the SUV factor with each step, or the reason for refusing it",
    (
        pseudonym("scan_id", "scan"),
        PATIENT,
        label("status", "whether SUV was obtained", codes=("ok", "refused")),
        label("reason", "why it was refused", null="when ok"),
        number("factor_suvbw", "SUVbw per Bq/mL", unit="g/mL per Bq/mL", null="when refused", low=0),
        number("injected_bq_at_reference", "net activity at the reference time", unit="Bq", null="when refused or GML"),
        number("half_life_s", "half-life used", unit="s", null="when refused or GML", low=0),
        number("weight_kg", "weight used", unit="kg", null="when refused or GML", low=0),
        datetime(
            "reference_datetime",
            "moment that activity and image are decay-corrected to: the injection (ADMIN), or the start of the series",
            null="when refused or GML",
        ),
        number(
            "hours_after_injection",
            "from the injection to the first start of acquisition of the series: neither its middle nor the decay "
            "reference",
            unit="h",
            null="when a time is unknown",
        ),
        number(
            "activity_budget_pct", "activity in the field of view of the dose", unit="%", null="when not computable"
        ),
        json("steps", "each step with its tags and values"),
        json("checks", "each cross-check with its outcome"),
        json("warnings", "warnings"),
        label("inputs_digest", "digest of all facts used (header, record, profile)"),
        count("measure_version", "way of measuring; the changelog says what differs", null="before version 5", low=1),
    ),
    ("scan_id",),
)
