"""PSA as a series: one value per patient and day, and the baseline that all changes refer to."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, finish, ranked_first
from lutrace.protocol import PsaBaseline
from lutrace.tables import LABS


def psa_series(basis: Basis) -> ir.Table:
    """`patient_id psa_date psa psa_row`: of several values of one day the highest; `<x` counts as x."""
    return psa_values(basis.known(basis.facts.table(LABS), "date"))


def psa_values(labs: ir.Table) -> ir.Table:
    """The series of `psa_series` from rows of LABS."""
    values = labs.filter((labs.analyte == "psa") & (labs.canonical_unit == "ng/mL"))
    values = values.select("patient_id", psa_date="date", psa="value", psa_row="row_id")
    return ranked_first(values, ["patient_id", "psa_date"], [ibis.desc("psa"), "psa_row"])


def on_clock(series: ir.Table, index: ir.Table) -> ir.Table:
    """The series with `day`, counted from `c1_date` of `index` (one row per patient); others are left out."""
    joined = series.inner_join(index.select("patient_id", "c1_date"), "patient_id")
    return joined.select(
        "patient_id", "psa_date", "psa", "psa_row", day=joined.psa_date.delta(joined.c1_date, unit="day")
    )


def baseline_of(clocked: ir.Table, rule: PsaBaseline) -> ir.Table:
    """`patient_id baseline baseline_date baseline_row flagged`: last value on or before day 0, not older than allowed.

    `flagged` is true for a value older than the window but within the fallback.
    """
    before = clocked.filter((clocked.day <= 0) & (clocked.day >= -max(rule.window, rule.fallback)))
    last = ranked_first(before, ["patient_id"], [ibis.desc("day"), "psa_row"])
    return last.select(
        "patient_id",
        baseline="psa",
        baseline_date="psa_date",
        baseline_row="psa_row",
        flagged=last.day < -rule.window,
    )


def first_cycles(basis: Basis) -> ir.Table:
    """`patient_id c1_date` of the members of any landmark."""
    return basis.time_zero().select("patient_id", "c1_date").distinct()


def psa_and_baseline(basis: Basis) -> tuple[ir.Table, ir.Table]:
    """The PSA series on the clock of the first cycle, and each patient's baseline."""
    clocked = on_clock(psa_series(basis), first_cycles(basis))
    return clocked, baseline_of(clocked, basis.protocol.psa.baseline)


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
    words = f"last PSA on or before cycle 1 within {rule.window:g} days, else {rule.fallback:g} days (flagged)"
    return finish(rows, endpoint="psa_baseline", rule=words, unit="ng/mL")
