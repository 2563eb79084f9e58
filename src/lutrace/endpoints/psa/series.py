"""PSA as a series: one value per patient and day, and the baseline that all changes refer to."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, finish, ranked_first
from lutrace.protocol import PsaBaseline, PsaRules, PsaValues
from lutrace.tables import LABS, without


def psa_values(labs: ir.Table, rule: PsaValues | None = None) -> ir.Table:
    """`patient_id psa_date psa psa_row` from rows of LABS: one value per day by the rule (default: the highest).

    `<x` is x by default; the last result of a day is by its clock time, then its row.
    """
    values = labs.filter((labs.analyte == "psa") & (labs.canonical_unit == "ng/mL"))
    values = values.select(
        "patient_id", "comparator", psa_date="date", psa="value", psa_row="row_id", turn=values.time.fill_null("")
    )
    chosen = one_per_day(values, "psa_date", rule or PsaValues())
    return chosen.select("patient_id", "psa_date", "psa", "psa_row")


def one_per_day(results: ir.Table, day: str, rule: PsaValues) -> ir.Table:
    """One of the results of each patient and `day`, its number in `psa` as the rule counts it.

    `results` has `patient_id psa comparator psa_row turn`; `turn` orders the results of a day. A mean keeps the row
    of the highest result as its evidence. Further columns are those of the result that is kept.
    """
    below = results.comparator.isin(["<", "<="])
    share = {"limit": 1.0, "half": 0.5, "zero": 0.0}[rule.below_limit]
    counted = results.mutate(psa=ibis.cases((below, results.psa * share), else_=results.psa))
    keys = ["patient_id", day]
    match rule.same_day:
        case "highest":
            return ranked_first(counted, keys, [ibis.desc("psa"), "psa_row"])
        case "last":
            return ranked_first(counted, keys, [ibis.desc("turn"), ibis.desc("psa_row")])
    mean = counted.psa.mean().over(ibis.window(group_by=keys))
    highest = ranked_first(counted.mutate(mean=mean), keys, [ibis.desc("psa"), "psa_row"])
    return without(highest.mutate(psa="mean"), "mean")


def on_clock(series: ir.Table, index: ir.Table) -> ir.Table:
    """The series with `day`, counted from `c1_date` of `index` (one row per patient); others are left out."""
    joined = series.inner_join(index.select("patient_id", "c1_date"), "patient_id")
    return joined.select(
        "patient_id", "psa_date", "psa", "psa_row", day=joined.psa_date.delta(joined.c1_date, unit="day")
    )


def baseline_of(clocked: ir.Table, rule: PsaBaseline) -> ir.Table:
    """`patient_id baseline baseline_date baseline_day baseline_row flagged`, from the values on or before day 0.

    `flagged` is true for values older than the window but within the fallback. A mean has the day and row of the last.
    """
    before = clocked.filter((clocked.day <= 0) & (clocked.day >= -max(rule.window, rule.fallback)))
    patient = ibis.window(group_by="patient_id")
    before = before.mutate(newest=before.day.max().over(patient))
    fresh = before.filter((before.day >= -rule.window) | (before.newest < -rule.window))
    fresh = fresh.mutate(mean=fresh.psa.mean().over(patient))
    order: dict[str, list[Any]] = {
        "first": ["day", "psa_row"],
        "max": [ibis.desc("psa"), ibis.desc("day"), "psa_row"],
    }
    chosen = ranked_first(fresh, ["patient_id"], order.get(rule.method, [ibis.desc("day"), "psa_row"]))
    return chosen.select(
        "patient_id",
        baseline="mean" if rule.method == "mean" else "psa",
        baseline_date="psa_date",
        baseline_day="day",
        baseline_row="psa_row",
        flagged=chosen.day < -rule.window,
    )


def keep_baseline_assay(clocked: ir.Table, rule: PsaBaseline) -> ir.Table:
    """The values of the assay that measured the baseline; a value without a known assay is of another one."""
    rows = baseline_of(clocked, rule).select("patient_id", psa_row="baseline_row")
    at = clocked.inner_join(rows, ["patient_id", "psa_row"]).select("patient_id", baseline_assay="assay")
    joined = clocked.inner_join(at, "patient_id")
    return without(joined.filter(joined.assay == joined.baseline_assay), "baseline_assay")


def first_cycles(basis: Basis) -> ir.Table:
    """`patient_id c1_date` of the members of any landmark."""
    return basis.keep("first_cycles", lambda: basis.time_zero().select("patient_id", "c1_date").distinct())


def psa_and_baseline(basis: Basis, other: PsaRules | None = None) -> tuple[ir.Table, ir.Table]:
    """The PSA series on the clock of the first cycle, and each patient's baseline, by the protocol's or other rules."""
    rules = other or basis.protocol.psa
    clocked = basis.keep(("psa", rules.values), lambda: _clocked_psa(basis, rules.values))
    key = ("psa_baseline", rules.values, rules.baseline)
    return clocked, basis.keep(key, lambda: baseline_of(clocked, rules.baseline))


def _clocked_psa(basis: Basis, rule: PsaValues) -> ir.Table:
    return on_clock(psa_values(basis.known(basis.facts.table(LABS), "date"), rule), first_cycles(basis))


def after_index(clocked: ir.Table, baseline: ir.Table) -> ir.Table:
    """`patient_id psa_date psa psa_row day baseline`: the values after day 0 of those who have a baseline."""
    after = clocked.filter(clocked.day > 0).inner_join(baseline.select("patient_id", "baseline"), "patient_id")
    return after.select("patient_id", "psa_date", "psa", "psa_row", "day", "baseline")


def derive_psa_baseline(basis: Basis) -> ir.Table:
    """`psa_baseline` in ng/mL: last value on or before the first cycle, by the protocol's window.

    Source: PCWG3, Scher et al., J Clin Oncol 2016;34:1402.
    """
    rule = basis.protocol.psa.baseline
    _, baseline = psa_and_baseline(basis)
    rows = attach(basis.time_zero(), baseline, ["patient_id"])
    rows = rows.mutate(
        date=rows.baseline_date,
        value=rows.baseline,
        category=ibis.cases((rows.flagged, "older than the window"), (rows.baseline.notnull(), "within the window")),
        source_table=ibis.cases((rows.baseline.notnull(), "labs")),
        source_row=rows.baseline_row,
        reason=ibis.cases((rows.baseline.isnull(), "no PSA before cycle 1 within the window")),
    )
    which = {"last": "last", "mean": "mean", "max": "highest", "first": "first"}[rule.method]
    words = f"{which} PSA on or before cycle 1 within {rule.window:g} days, else {rule.fallback:g} days (flagged)"
    return finish(rows, endpoint="psa_baseline", rule=words, unit="ng/mL")
