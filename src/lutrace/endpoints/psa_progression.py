"""PSA progression by PCWG3, every ambiguity a switch of the protocol."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import ranked_first
from lutrace.protocol import PsaProgression

_SAME = 1e-9
"""Two PSA values closer than this (ng/mL) are equal: thresholds are products of decimal numbers."""


def find_psa_progression(clocked: ir.Table, baseline: ir.Table, rule: PsaProgression) -> ir.Table:
    """One row per patient whose PSA progressed: `patient_id progression_date progression_day progression_row
    confirming_row nadir case`.

    `clocked` is `patient_id psa_date psa psa_row day` with one value per day, `day` from the first cycle; `baseline`
    is `patient_id baseline`. `case` is `decline` or `no_decline`, as known on that day; the nadir is the lowest value
    since the start, baseline included.

    Source: PCWG3, Scher et al., J Clin Oncol 2016;34:1402-18, table of PSA outcomes.
    """
    rises = _rises(clocked, baseline, rule)
    confirmed = _confirmed(rises, clocked, rule)
    first = ranked_first(confirmed, ["patient_id"], ["day", "psa_row"])
    return first.select(
        "patient_id",
        progression_date="psa_date",
        progression_day="day",
        progression_row="psa_row",
        confirming_row="confirming_row",
        nadir="nadir",
        case=ibis.cases((first.declined, "decline"), else_="no_decline"),
    )


def _rises(clocked: ir.Table, baseline: ir.Table, rule: PsaProgression) -> ir.Table:
    """The values that rose enough above the nadir before them, past the gate of their case."""
    after = clocked.filter(clocked.day > 0).inner_join(baseline.select("patient_id", "baseline"), "patient_id")
    after = after.select("patient_id", "psa_date", "psa", "psa_row", "day", "baseline")
    earlier = ibis.window(group_by="patient_id", order_by=["day", "psa_row"], preceding=(None, 1))
    after = after.mutate(lowest=after.psa.min().over(earlier))
    after = after.mutate(declined=(after.lowest < after.baseline).fill_null(False))
    after = after.mutate(nadir=ibis.cases((after.declined, after.lowest), else_=after.baseline))
    late = ibis.cases((after.declined, after.day > rule.decline_gate), else_=after.day > rule.no_decline_gate)
    return after.filter(_is_above(after.psa, after.nadir, rule) & late)


def _is_above(psa: ir.FloatingValue, nadir: ir.FloatingValue, rule: PsaProgression) -> ir.BooleanValue:
    relative, absolute = nadir * (1 + rule.rise / 100), nadir + rule.rise_absolute
    if rule.strict:
        return (psa > relative + _SAME) & (psa > absolute + _SAME)
    return (psa >= relative - _SAME) & (psa >= absolute - _SAME)


def _confirmed(rises: ir.Table, clocked: ir.Table, rule: PsaProgression) -> ir.Table:
    later = clocked.select("patient_id", later_day="day", later_psa="psa", later_row="psa_row")
    pairs = rises.inner_join(later, [rises.patient_id == later.patient_id, later.later_day > rises.day]).drop(
        "patient_id_right"
    )
    pairs = pairs.mutate(
        holds=_is_above(pairs.later_psa, pairs.nadir, rule), far=pairs.later_day - pairs.day >= rule.confirmation_gap
    )
    keys = ["patient_id", "day"]
    match rule.confirmation:
        case "next":
            seconds = ranked_first(pairs.filter(pairs.far), keys, ["later_day", "later_row"])
            seconds = seconds.filter(seconds.holds)
        case "unbroken":
            until = ibis.window(group_by=keys, order_by=["later_day", "later_row"], preceding=(None, 0))
            unbroken = pairs.mutate(all_hold=pairs.holds.cast("int64").min().over(until) == 1)
            seconds = ranked_first(unbroken.filter(unbroken.far & unbroken.all_hold), keys, ["later_day", "later_row"])
        case _:
            return rises.mutate(confirming_row=ibis.null("string"))
    seconds = seconds.select("patient_id", "day", confirming_row="later_row")
    joined = rises.left_join(seconds, keys).drop("patient_id_right", "day_right")
    alone = ~joined.declined if not rule.confirm_no_decline else ibis.literal(False)
    return joined.filter(joined.confirming_row.notnull() | alone)


def describe_rule(rule: PsaProgression) -> str:
    """The rule in words, for the column `rule` and the report."""
    above = "above" if rule.strict else "at least"
    rise = f"{above} {rule.rise:g} % and {rule.rise_absolute:g} ng/mL"
    gap = f"{rule.confirmation_gap:g} days"
    confirmed = {
        "next": f"confirmed by the first value {gap} or more later against the same nadir",
        "unbroken": f"confirmed by a value {gap} or more later, none in between lower",
        "none": "without confirmation",
    }[rule.confirmation]
    early = f" later than day {rule.decline_gate:g}" if rule.decline_gate else ""
    second = ", confirmed likewise" if rule.confirm_no_decline and rule.confirmation != "none" else ""
    gate = f" later than day {rule.no_decline_gate:g}" if rule.no_decline_gate else ""
    return (
        f"PCWG3: after a decline {rise} above the nadir{early}, {confirmed}; "
        f"without a decline {rise} above baseline{gate}{second}"
    )
