"""Total tumour volume at a landmark and its change against the SPECT of cycle 1."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, finish

RESPONSE_PCT = -30.0
PROGRESSION_PCT = 20.0
"""Classes of a volume change: the cut points of RECIP 1.0."""


def derive_tumour_volume(basis: Basis) -> ir.Table:
    """`ttv_ml`, `ttv_log_ml`, `ttv_baseline_ml`, `ttv_change_pct`, `ttv_ratio`, `ttv_log_ratio` at each landmark.

    Change refers to the SPECT of cycle 1, the same kind of scan and the same plan. In ratios and logarithms a volume
    below the floor counts as the floor (category `below floor`, `no tumour` when nothing is left), so none is
    infinite; no percentage is formed on a baseline below the floor.
    """
    spects = basis.spects()
    zero = basis.time_zero()
    here = spects.select("patient_id", "cycle", "scan_date", "burden_row", "ttv_ml")
    first = spects.filter(spects.cycle == 1)
    first = first.select("patient_id", base_ml="ttv_ml", base_date="scan_date", base_row="burden_row")
    rows = attach(attach(zero, here, ["patient_id", "cycle"]), first, ["patient_id"])
    floor = basis.protocol.measures.floor
    rows = rows.mutate(
        date=rows.scan_date,
        source_table=ibis.cases((rows.burden_row.notnull(), "tumour_burdens")),
        source_row=rows.burden_row,
        no_volume=ibis.cases((rows.ttv_ml.isnull(), "no measured SPECT of this cycle")),
        no_base=ibis.cases((rows.base_ml.isnull(), "no measured SPECT of cycle 1")),
        floored=_at_least(rows.ttv_ml, floor),
        base_floored=_at_least(rows.base_ml, floor),
        category=ibis.cases((rows.ttv_ml == 0, "no tumour"), (rows.ttv_ml < floor, "below floor")),
    )
    measures = basis.protocol.measures
    words = f"tumour volume of plan {measures.plan}, {measures.ttv_source}"
    return ibis.union(*_absolute(rows, words, floor), _percent(rows, words, floor), *_ratios(rows, words, floor))


def _absolute(rows: ir.Table, words: str, floor: float) -> tuple[ir.Table, ir.Table, ir.Table]:
    here = rows.mutate(value=rows.ttv_ml, reason=rows.no_volume)
    logarithm = rows.mutate(value=rows.floored.ln(), reason=rows.no_volume)
    base = rows.mutate(
        value=rows.base_ml,
        date=rows.base_date,
        reason=rows.no_base,
        source_row=rows.base_row,
        source_table=ibis.cases((rows.base_row.notnull(), "tumour_burdens")),
        category=ibis.null("string"),
    )
    return (
        finish(here, endpoint="ttv_ml", rule=words, unit="mL"),
        finish(logarithm, endpoint="ttv_log_ml", rule=f"{words}, at least {floor:g} mL", unit="ln mL"),
        finish(base, endpoint="ttv_baseline_ml", rule=f"{words}, SPECT of cycle 1", unit="mL"),
    )


def _percent(rows: ir.Table, words: str, floor: float) -> ir.Table:
    small = ibis.cases(
        (rows.base_ml < floor, f"tumour volume of cycle 1 below {floor:g} mL: a percentage means nothing")
    )
    rows = rows.mutate(reason=ibis.coalesce(rows.no_volume, rows.no_base, small))
    rows = rows.mutate(value=ibis.cases((rows.reason.isnull(), 100 * (rows.ttv_ml - rows.base_ml) / rows.base_ml)))
    rows = rows.mutate(
        category=ibis.cases(
            (rows.value <= RESPONSE_PCT, "response"),
            (rows.value >= PROGRESSION_PCT, "progression"),
            (rows.value.notnull(), "stable"),
        )
    )
    return finish(rows, endpoint="ttv_change_pct", rule=f"{words}, against the SPECT of cycle 1", unit="%")


def _ratios(rows: ir.Table, words: str, floor: float) -> tuple[ir.Table, ir.Table]:
    rows = rows.mutate(value=rows.floored / rows.base_floored, reason=ibis.coalesce(rows.no_volume, rows.no_base))
    words = f"{words}, against the SPECT of cycle 1, both at least {floor:g} mL"
    logarithm = rows.mutate(value=rows.value.ln())
    return (
        finish(rows, endpoint="ttv_ratio", rule=words, unit="1"),
        finish(logarithm, endpoint="ttv_log_ratio", rule=words, unit="ln ratio"),
    )


def _at_least(volume: ir.FloatingValue, floor: float) -> ir.FloatingValue:
    return ibis.cases((volume < floor, floor), else_=volume)
