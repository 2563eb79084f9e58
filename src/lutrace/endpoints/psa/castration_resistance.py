"""Castration resistance by PSA: consecutive rises while testosterone is at castrate level, by several definitions."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import attach, ranked_first
from lutrace.endpoints.psa.progression import SAME, judge_rises
from lutrace.protocol import PsaProgression
from lutrace.tables import without
from lutrace.terms import psa_thresholds

CASTRATE_NMOL_L = 1.7
"""Testosterone below this (50 ng/dL) is castrate."""
RISE_GAP_DAYS = 7
"""Least days between two values of which the second counts as a rise."""
LEAST_EAU_NG_ML = 2.0
AUA_RISE_NG_ML = 0.2
SCREENING_DAYS = (7, 90)


def castrate_state(
    series: ir.Table, testosterone: ir.Table, *, below_nmol_l: float = CASTRATE_NMOL_L, max_age_days: float = 180
) -> ir.Table:
    """The series with `castrate`: whether the last testosterone on or before the day, not too old, is below the limit.

    `testosterone` is `patient_id day testosterone_nmol_l`, one value per day. Empty where none is known: that is not
    castrate for the rules below, unless the caller fills it from exposure to androgen deprivation.
    """
    measured = testosterone.select("patient_id", "day", "testosterone_nmol_l", kind=0)
    asked = series.select("patient_id", "day", testosterone_nmol_l=ibis.null("float64"), kind=1)
    marks = measured.union(asked)
    until = ibis.window(group_by="patient_id", order_by=["day", "kind"], preceding=(None, 0))
    marks = marks.mutate(measured_day=ibis.cases((marks.kind == 0, marks.day)).max().over(until))
    marks = marks.filter((marks.kind == 1) & (marks.day - marks.measured_day <= max_age_days))
    at = measured.select("patient_id", "testosterone_nmol_l", measured_day="day")
    known = marks.select("patient_id", "day", "measured_day").inner_join(at, ["patient_id", "measured_day"])
    known = known.select("patient_id", "day", castrate=known.testosterone_nmol_l < below_nmol_l)
    return attach(series, known, ["patient_id", "day"])


def castrate_rises(series: ir.Table, *, least_rise_ng_ml: float = 0.0) -> ir.Table:
    """The castrate values with `period rises nadir step_days rise`, each value compared with the one before.

    `series` is `patient_id psa psa_row day castrate`, one value per day. A period is an unbroken run of castrate
    values: one that is not castrate, or not known to be, ends it. `rise` is true for a value above the one before in
    its period by more than 0 and at least `least_rise_ng_ml`, at least 7 days later; `rises` counts the unbroken rises
    up to and with this value. A fall, an equal value, and a value that comes too soon start the count anew. `nadir` is
    the lowest value of the period before this one.
    """
    until = ibis.window(group_by="patient_id", order_by="day", preceding=(None, 0))
    held = series.mutate(castrate=series.castrate.fill_null(False))
    held = held.mutate(ends=ibis.cases((held.castrate, 0), else_=1))
    held = held.mutate(period=held.ends.sum().over(until))
    held = held.filter(held.castrate)
    keys = ["patient_id", "period"]
    within = ibis.window(group_by=keys, order_by="day")
    earlier = ibis.window(group_by=keys, order_by="day", preceding=(None, 1))
    held = held.mutate(
        step=held.psa - held.psa.lag().over(within),
        step_days=held.day - held.day.lag().over(within),
        nadir=held.psa.min().over(earlier),
    )
    high = (held.step > SAME) & (held.step >= least_rise_ng_ml - SAME)
    held = held.mutate(rise=(high & (held.step_days >= RISE_GAP_DAYS)).fill_null(False))
    running = ibis.window(group_by=keys, order_by="day", preceding=(None, 0))
    held = held.mutate(run=ibis.cases((held.rise, 0), else_=1).sum().over(running))
    in_run = ibis.window(group_by=[*keys, "run"], order_by="day", preceding=(None, 0))
    return without(held.mutate(rises=held.rise.ifelse(1, 0).sum().over(in_run)), "ends", "step")


def eau_castration_resistance(series: ir.Table) -> ir.Table:
    """`patient_id crpc_day crpc_row`: three or more rises in a row, two of their values at least 50 % above the nadir,
    PSA above 2 ng/mL; the day of the value that completes it.

    Source: EAU-EANM-ESTRO-ESUR-ISUP-SIOG guidelines on prostate cancer, section on castration-resistant disease.
    """
    held = castrate_rises(series)
    high = held.rise & (held.psa >= 1.5 * held.nadir - SAME)
    in_run = ibis.window(group_by=["patient_id", "period", "run"], order_by="day", preceding=(None, 0))
    held = held.mutate(n_high=high.ifelse(1, 0).sum().over(in_run))
    meets = held.rise & (held.rises >= 3) & (held.n_high >= 2) & (held.psa > LEAST_EAU_NG_ML + SAME)
    return _first(held.filter(meets))


def aua_castration_resistance(series: ir.Table) -> ir.Table:
    """`patient_id crpc_day crpc_row`: two rises in a row of at least 0.2 ng/mL each; the day of the second.

    Source: AUA guideline as quoted in the comparison of definitions among 36,101 veterans (Fed Pract).
    """
    held = castrate_rises(series, least_rise_ng_ml=AUA_RISE_NG_ML)
    return _first(held.filter(held.rise & (held.rises >= 2)))


def screening_castration_resistance(series: ir.Table) -> ir.Table:
    """`patient_id crpc_day crpc_row`: any rise between two successive castrate values 7 to 90 days apart."""
    held = castrate_rises(series)
    return _first(held.filter(held.rise & (held.step_days <= SCREENING_DAYS[1])))


def pcwg3_castration_resistance(series: ir.Table, rule: PsaProgression | None = None) -> ir.Table:
    """`patient_id crpc_day crpc_row`: at least 25 % and 2 ng/mL above the nadir of the castrate period and at least
    1.0 ng/mL, confirmed by the next castrate value of the period 21 days later or more; the day of the first.

    Source: PCWG3, Scher et al., J Clin Oncol 2016;34:1402-18.
    """
    chosen = rule or PsaProgression().model_copy(update={"no_decline_gate": 0.0, "confirm_no_decline": True})
    held = castrate_rises(series)
    first = held.psa.first().over(ibis.window(group_by=["patient_id", "period"], order_by="day"))
    held = held.mutate(baseline=first, person="patient_id", patient_id=_period_name(held))
    judged = judge_rises(held.filter(held.step_days.notnull()), chosen)
    least = psa_thresholds(chosen.criteria).least_start
    judged = judged.filter(judged.progresses & (judged.psa >= least - SAME))
    return _first(judged.mutate(patient_id="person"))


def _period_name(held: ir.Table) -> ir.StringValue:
    return held.patient_id.concat(":", held.period.cast("string"))


def _first(values: ir.Table) -> ir.Table:
    return ranked_first(values, ["patient_id"], ["day"]).select("patient_id", crpc_day="day", crpc_row="psa_row")
