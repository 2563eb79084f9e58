"""Kinetics of PSA: doubling time and velocity, with the conventions as switches."""

from __future__ import annotations

import math

import ibis
import ibis.expr.types as ir

from lutrace.core import DAYS_PER_MONTH
from lutrace.endpoints.basis import attach
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
    values = values.mutate(log_psa=values.psa.ln())
    found = values.group_by("patient_id").aggregate(
        psadt_n=values.count(),
        first_day=values.day.min(),
        last_day=values.day.max(),
        spread=values.day.var(how="pop"),
        log_steep=values.day.cov(values.log_psa, how="pop"),
        steep=values.day.cov(values.psa, how="pop"),
    )
    return _as_months(attach(found, _ends(values, found), ["patient_id"]), rule)


def _ends(values: ir.Table, found: ir.Table) -> ir.Table:
    """How far the last value lies above the first, and how many lie four weeks from both."""
    both = values.inner_join(found.select("patient_id", "first_day", "last_day"), "patient_id")
    middle = (both.day >= both.first_day + LEAST_GAP_DAYS) & (both.day <= both.last_day - LEAST_GAP_DAYS)
    at_first, at_last = both.day == both.first_day, both.day == both.last_day
    return both.group_by("patient_id").aggregate(
        n_middle=middle.ifelse(1, 0).sum(),
        log_rise=both.log_psa.max(where=at_last) - both.log_psa.max(where=at_first),
        rise=both.psa.max(where=at_last) - both.psa.max(where=at_first),
    )


def _in_window(clocked: ir.Table, baseline: ir.Table, rule: PsaDoubling) -> ir.Table:
    """`patient_id day psa` of the values that the rule takes."""
    values = clocked.select("patient_id", "day", "psa")
    match rule.window:
        case "since_nadir" | "since_baseline":
            values = _since(values, baseline.select("patient_id", start="baseline_day"))
            if rule.window == "since_nadir":
                values = _since(values, _last_at_nadir(values))
        case "before_index":
            values = values.filter(values.day <= 0)
    if rule.convention == "plain":
        return values
    values = values.filter(values.psa >= LEAST_PSA_NG_ML - SAME)
    edges = values.group_by("patient_id").aggregate(first_day=values.day.min(), last_day=values.day.max())
    near = values.inner_join(edges, "patient_id")
    forward = rule.window in ("since_nadir", "since_baseline")
    far = near.day - near.first_day if forward else near.last_day - near.day
    return near.filter(far <= DAYS_PER_YEAR).select("patient_id", "day", "psa")


def _since(values: ir.Table, starts: ir.Table) -> ir.Table:
    joined = values.inner_join(starts, "patient_id")
    return joined.filter(joined.day >= joined.start).select("patient_id", "day", "psa")


def _last_at_nadir(values: ir.Table) -> ir.Table:
    lowest = values.group_by("patient_id").aggregate(lowest=values.psa.min())
    joined = values.inner_join(lowest, "patient_id")
    return joined.filter(joined.psa <= joined.lowest + SAME).group_by("patient_id").aggregate(start=joined.day.max())


def _as_months(found: ir.Table, rule: PsaDoubling) -> ir.Table:
    two = rule.method == "two_points"
    least = 2 if two and rule.convention == "plain" else 3
    found = found.mutate(span=found.last_day - found.first_day)
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
