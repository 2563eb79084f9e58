"""PSA at a landmark against baseline: value, percentage, ratio and its logarithm."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, finish, ranked_first
from lutrace.endpoints.psa.series import psa_and_baseline

RESPONSE_PCT = -50.0
RISE_PCT = 25.0
"""Classes of a PSA change: PCWG3's 50 % decline and 25 % rise."""


def derive_psa_change(basis: Basis) -> ir.Table:
    """`psa_landmark` (ng/mL), `psa_change_pct` (%), `psa_ratio` and `psa_log_ratio` (natural logarithm).

    The landmark value is the last one after the first cycle, on or before the landmark, within the protocol's window;
    a value of the landmark's day counts. A logarithm needs both values above 0.
    """
    window = basis.protocol.psa.landmark_window
    clocked, baseline = psa_and_baseline(basis)
    zero = basis.time_zero()
    near = zero.inner_join(clocked, "patient_id")
    near = near.mutate(age=near.landmark_date.delta(near.psa_date, unit="day"))
    near = near.filter((near.day > 0) & (near.age >= 0) & (near.age <= window))
    last = ranked_first(near, ["patient_id", "population"], ["age", "psa_row"])
    rows = attach(
        zero, last.select("patient_id", "population", "psa_date", "psa", "psa_row"), ["patient_id", "population"]
    )
    rows = attach(rows, baseline, ["patient_id"])
    rows = rows.mutate(
        date=rows.psa_date,
        source_table=ibis.cases((rows.psa.notnull(), "labs")),
        source_row=rows.psa_row,
        no_value=ibis.cases((rows.psa.isnull(), "no PSA between cycle 1 and the landmark within the window")),
        no_baseline=ibis.cases((rows.baseline.isnull(), "no PSA baseline")),
    )
    words = f"last PSA after cycle 1 and on or before the landmark, within {window:g} days, against baseline"
    return ibis.union(_landmark_value(rows, words), _percent(rows, words), *_ratios(rows, words))


def _landmark_value(rows: ir.Table, words: str) -> ir.Table:
    rows = rows.mutate(value=rows.psa, reason=rows.no_value)
    return finish(rows, endpoint="psa_landmark", rule=words, unit="ng/mL")


def _percent(rows: ir.Table, words: str) -> ir.Table:
    rows = rows.mutate(
        reason=ibis.coalesce(rows.no_value, rows.no_baseline, _not_above_zero(rows.baseline, "baseline"))
    )
    rows = rows.mutate(value=ibis.cases((rows.reason.isnull(), 100 * (rows.psa - rows.baseline) / rows.baseline)))
    rows = rows.mutate(
        category=ibis.cases(
            (rows.value <= RESPONSE_PCT, "response"),
            (rows.value >= RISE_PCT, "progression"),
            (rows.value.notnull(), "stable"),
        )
    )
    return finish(rows, endpoint="psa_change_pct", rule=words, unit="%")


def _ratios(rows: ir.Table, words: str) -> tuple[ir.Table, ir.Table]:
    faults = (_not_above_zero(rows.baseline, "baseline"), _not_above_zero(rows.psa, "landmark"))
    rows = rows.mutate(reason=ibis.coalesce(rows.no_value, rows.no_baseline, *faults))
    rows = rows.mutate(value=ibis.cases((rows.reason.isnull(), rows.psa / rows.baseline)))
    ratio = finish(rows, endpoint="psa_ratio", rule=words, unit="1")
    logarithm = rows.mutate(value=ibis.cases((rows.reason.isnull(), rows.value)).ln())
    return ratio, finish(logarithm, endpoint="psa_log_ratio", rule=words, unit="ln ratio")


def _not_above_zero(value: ir.FloatingValue, what: str) -> ir.StringValue:
    return ibis.cases((value <= 0, f"PSA of the {what} is 0"))
