"""Kinetics of PSA: doubling time and velocity, with the conventions as switches."""

from __future__ import annotations

import math

import ibis
import ibis.expr.types as ir

from lutrace.core import DAYS_PER_MONTH
from lutrace.endpoints.psa.progression import SAME
from lutrace.protocol import PsaDoubling

DAYS_PER_YEAR = 365.25
LEAST_PSA_NG_ML = 0.2
LEAST_GAP_DAYS = 28
LEAST_SPAN_MONTHS = 3
"""The conventions of `psawg`: least PSA, days between three of the values, months from the first to the last."""
_FLAT = 1e-9
"""A slope of ln PSA per day that is no rise: it would double in two million years."""


def doubling_time(clocked: ir.Table, baseline: ir.Table, rule: PsaDoubling) -> ir.Table:
    """`patient_id psadt_months velocity_ng_ml_year psadt_n psadt_reason`, a row per patient with a value in the window.

    Doubling time is ln 2 over the slope of ln PSA, in months of 30.4375 days, rounded to a millionth; a slope of 0 or
    less is `not doubling`. Velocity is the slope of PSA itself in ng/mL per year, over the same values.

    Source: Pound et al., JAMA 1999;281:1591 (slope); Arlen et al., J Urol 2008;179:2181 (`psawg`); Svatek et al.
    2006 (first and last value).
    """
    values = _in_window(clocked, baseline, rule)
    values = values.filter(values.psa > 0)
    patient = ibis.window(group_by="patient_id")
    values = values.mutate(
        first=values.day.min().over(patient), last=values.day.max().over(patient), log_psa=values.psa.ln()
    )
    middle = (values.day >= values["first"] + LEAST_GAP_DAYS) & (values.day <= values["last"] - LEAST_GAP_DAYS)
    at_first, at_last = values.day == values["first"], values.day == values["last"]
    found = values.group_by("patient_id").aggregate(
        psadt_n=values.count(),
        span=values["last"].max() - values["first"].max(),
        n_middle=middle.cast("int64").sum(),
        spread=values.day.var(how="pop"),
        log_steep=values.day.cov(values.log_psa, how="pop"),
        steep=values.day.cov(values.psa, how="pop"),
        log_rise=values.log_psa.max(where=at_last) - values.log_psa.max(where=at_first),
        rise=values.psa.max(where=at_last) - values.psa.max(where=at_first),
    )
    return _as_months(found, rule)


def _in_window(clocked: ir.Table, baseline: ir.Table, rule: PsaDoubling) -> ir.Table:
    """`patient_id day psa` of the values that the rule takes."""
    patient = ibis.window(group_by="patient_id")
    match rule.window:
        case "since_nadir" | "since_baseline":
            started = clocked.inner_join(baseline.select("patient_id", "baseline_day"), "patient_id")
            values = started.filter(started.day >= started.baseline_day)
            if rule.window == "since_nadir":
                lowest = values.psa.min().over(patient)
                values = values.mutate(at_nadir=ibis.cases((values.psa <= lowest + SAME, values.day)))
                values = values.mutate(start=values.at_nadir.max().over(patient))
                values = values.filter(values.day >= values.start)
        case "before_index":
            values = clocked.filter(clocked.day <= 0)
        case _:
            values = clocked
    if rule.convention == "psawg":
        values = values.filter(values.psa >= LEAST_PSA_NG_ML - SAME)
        if rule.window in ("since_nadir", "since_baseline"):
            near = values.mutate(far=values.day - values.day.min().over(patient))
        else:
            near = values.mutate(far=values.day.max().over(patient) - values.day)
        values = near.filter(near.far <= DAYS_PER_YEAR)
    return values.select("patient_id", "day", "psa")


def _as_months(found: ir.Table, rule: PsaDoubling) -> ir.Table:
    two = rule.method == "two_points"
    least = 2 if two and rule.convention == "plain" else 3
    over = ibis.cases((found.span > 0, found.span.cast("float64")))
    spread = ibis.cases((found.spread > 0, found.spread))
    found = found.mutate(
        slope=found.log_rise / over if two else found.log_steep / spread,
        plain_slope=found.rise / over if two else found.steep / spread,
    )
    faults = [(found.psadt_n < least, f"fewer than {least} values above 0 in the window")]
    if rule.convention == "psawg":
        faults += [
            (found.span < LEAST_SPAN_MONTHS * DAYS_PER_MONTH, f"values span less than {LEAST_SPAN_MONTHS} months"),
            (found.n_middle == 0, f"no three values at least {LEAST_GAP_DAYS} days apart"),
        ]
    found = found.mutate(unusable=ibis.cases(*faults))
    found = found.mutate(psadt_reason=ibis.coalesce(found.unusable, ibis.cases((found.slope <= _FLAT, "not doubling"))))
    return found.select(
        "patient_id",
        psadt_months=ibis.cases(
            (found.psadt_reason.isnull(), (math.log(2) / found.slope / DAYS_PER_MONTH).round(6).cast("float64"))
        ),
        velocity_ng_ml_year=ibis.cases(
            (found.unusable.isnull(), (found.plain_slope * DAYS_PER_YEAR).round(6).cast("float64"))
        ),
        psadt_n="psadt_n",
        psadt_reason="psadt_reason",
    )
