"""PSA progression by PCWG3, every ambiguity a switch of the protocol."""

from __future__ import annotations

import math
from typing import Any

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import attach, ranked_first
from lutrace.endpoints.psa.series import after_index
from lutrace.protocol import PsaProgression
from lutrace.tables import without

SAME = 1e-9
"""Two PSA values closer than this (ng/mL) are equal: thresholds are products of decimal numbers."""


def find_psa_progression(
    clocked: ir.Table, baseline: ir.Table, rule: PsaProgression, stops: ir.Table | None = None
) -> ir.Table:
    """One row per patient whose PSA progressed: `patient_id progression_date progression_day progression_row
    confirming_row nadir case`.

    `clocked` is `patient_id psa_date psa psa_row day` with one value per day, `day` from the first cycle; `baseline`
    is `patient_id baseline`; `stops` is `patient_id stop_day`, of death or a new treatment, where the rule asks for it.
    `case` is `decline` or `no_decline`, as known on that day; the nadir is the lowest value since the start, baseline
    included.

    Source: PCWG3, Scher et al., J Clin Oncol 2016;34:1402-18, table of PSA outcomes.
    """
    after = after_index(clocked, baseline)
    if stops is not None:
        after = attach(after, stops.select("patient_id", "stop_day"), ["patient_id"])
    judged = judge_rises(after, rule)
    first = ranked_first(judged.filter(judged.progresses), ["patient_id"], ["day"])
    return first.select(
        "patient_id",
        "confirming_row",
        "nadir",
        progression_date="psa_date",
        progression_day="day",
        progression_row="psa_row",
        case=ibis.cases((first.declined, "decline"), else_="no_decline"),
    )


def judge_rises(after: ir.Table, rule: PsaProgression) -> ir.Table:
    """The values of `after_index` with what each shows: `lowest nadir declined rise confirming_day confirming_row
    progresses`.

    `lowest` is the lowest value after day 0 before it, `nadir` includes the baseline; `rise` says that the value is
    past its gate and high enough. A column `stop_day` of the patient makes an `event_at_stop` possible.
    """
    earlier = ibis.window(group_by="patient_id", order_by="day", preceding=(None, 1))
    after = after.mutate(lowest=after.psa.min().over(earlier), **_seconds(after, rule))
    after = after.mutate(declined=(after.lowest < after.baseline).fill_null(False))
    after = after.mutate(nadir=ibis.cases((after.declined, after.lowest), else_=after.baseline))
    late = ibis.cases((after.declined, after.day > rule.decline_gate), else_=after.day > rule.no_decline_gate)
    judged = after.baseline >= rule.minimum_baseline - SAME
    after = after.mutate(rise=_is_above(after.psa, after.nadir, rule) & late & judged)
    whole = (_holds(after.least_between, after, rule) | after.least_between.isnull()).fill_null(True)
    second = _holds(after.second_psa, after, rule).fill_null(False) & whole
    after = after.mutate(
        confirming_day=ibis.cases((after.rise & second, after.second_day)),
        confirming_row=ibis.cases((after.rise & second, after.second_row)),
        enough=second | _unasked(after, rule) | (_open_end(after, rule) & whole),
    )
    after = after.mutate(progresses=after.rise & after.enough)
    return without(after, "second_psa", "second_day", "second_row", "least_between", "enough")


def _seconds(after: ir.Table, rule: PsaProgression) -> dict[str, Any]:
    """The first value at least the gap later, and the lowest one in between where that must hold too."""
    gap = math.ceil(rule.confirmation_gap)
    nothing = ibis.null("float64")
    if rule.confirmation == "none":
        empty = ibis.null("string")
        return {"second_psa": nothing, "second_day": ibis.null("int64"), "second_row": empty, "least_between": nothing}
    far = ibis.range_window(following=(gap, None), group_by="patient_id", order_by="day")
    near = ibis.range_window(following=(1, gap - 1), group_by="patient_id", order_by="day")
    between = after.psa.min().over(near) if rule.confirmation == "unbroken" and gap > 1 else nothing
    return {
        "second_psa": after.psa.first().over(far),
        "second_day": after.day.first().over(far),
        "second_row": after.psa_row.first().over(far),
        "least_between": between,
    }


def _unasked(after: ir.Table, rule: PsaProgression) -> ir.BooleanValue:
    """Whether the value needs no second one."""
    if rule.confirmation == "none":
        return ibis.literal(True)
    return ibis.literal(False) if rule.confirm_no_decline else ~after.declined


def _open_end(after: ir.Table, rule: PsaProgression) -> ir.BooleanValue:
    """Whether no value follows that could confirm, and the rule counts that as an event."""
    if rule.unconfirmed == "no_event":
        return ibis.literal(False)
    alone = after.second_psa.isnull()
    if rule.unconfirmed == "event":
        return alone
    if "stop_day" not in after.columns:
        return ibis.literal(False)
    return alone & (after.stop_day >= after.day).fill_null(False)


def _holds(psa: ir.FloatingValue, first: ir.Table, rule: PsaProgression) -> ir.BooleanValue:
    """Whether a later value confirms the value of the row."""
    return psa > first.psa + SAME if rule.second_value == "rises" else _is_above(psa, first.nadir, rule)


def _is_above(psa: ir.FloatingValue, nadir: ir.FloatingValue, rule: PsaProgression) -> ir.BooleanValue:
    relative, absolute = nadir * (1 + rule.rise / 100), nadir + rule.rise_absolute
    if rule.strict:
        return (psa > relative + SAME) & (psa > absolute + SAME)
    return (psa >= relative - SAME) & (psa >= absolute - SAME) & (psa > nadir + SAME)


def without_percentage(rule: PsaProgression) -> str:
    """What is said of a baseline of 0: any value is 25 % above it, so that the absolute rise decides alone."""
    judged = "progression is not judged"
    if not rule.minimum_baseline:
        judged = f"{rule.rise_absolute:g} ng/mL above the nadir alone decide on progression"
    return f"baseline is 0 ng/mL: no percentage can be formed, {judged}"


def describe_rule(rule: PsaProgression) -> str:
    """The rule in words, for the column `rule` and the report."""
    above = "above" if rule.strict else "at least"
    rise = f"{above} {rule.rise:g} % and {rule.rise_absolute:g} ng/mL"
    gap = f"{rule.confirmation_gap:g} days"
    against = "against the same nadir" if rule.second_value == "meets_both" else "that is higher still"
    confirmed = {
        "next": f"confirmed by the first value {gap} or more later {against}",
        "unbroken": f"confirmed by a value {gap} or more later, none in between lower",
        "none": "without confirmation",
    }[rule.confirmation]
    early = f" later than day {rule.decline_gate:g}" if rule.decline_gate else ""
    second = ", confirmed likewise" if rule.confirm_no_decline and rule.confirmation != "none" else ""
    gate = f" later than day {rule.no_decline_gate:g}" if rule.no_decline_gate else ""
    alone = {
        "no_event": "",
        "event": "; a rise that nothing follows counts",
        "event_at_stop": "; a rise that only death or a new treatment follows counts",
    }[rule.unconfirmed]
    least = f"; not judged below a baseline of {rule.minimum_baseline:g} ng/mL" if rule.minimum_baseline else ""
    return (
        f"PCWG3: after a decline {rise} above the nadir{early}, {confirmed}; "
        f"without a decline {rise} above baseline{gate}{second}{alone}{least}"
    )
