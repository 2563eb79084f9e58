"""Laboratory rows made ready for grading: one unit, plausible numbers, calcium corrected, baseline rows recognised."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from lutrace.core import Row
from lutrace.endpoints.toxicity.criteria_table import TOLERANCE
from lutrace.terms import all_analytes

AMOUNTS = ("value", "lln", "uln", "baseline_value")
"""The numbers of a row, all in the row's own unit."""
ALBUMIN_G_DL = 4.0
CALCIUM_PER_ALBUMIN = 0.8
"""Corrected calcium, mg/dL = total calcium + 0.8 x (4.0 - albumin in g/dL), the correction of CTCAE 3.0's footnote."""
_EXCHANGED = ": lln is above uln; are the limits exchanged?"


def to_canonical_units(labs: ir.Table) -> ir.Table:
    """The rows with `AMOUNTS` in the canonical unit of their analyte: each times `factor`."""
    present = [name for name in AMOUNTS if name in labs.columns]
    return labs.mutate(**{name: labs[name] * labs.factor for name in present})


def check_plausible(labs: ir.Table) -> ir.Table:
    """The rows with `suspicion`: why a number cannot be meant in its unit (canonical units in, empty when it can).

    A slip of units (g/L filed as g/dL, /uL as 10^9/L, umol/L as mg/dL) leaves the bounds of the analyte; the text names
    the unit in which the number would be plausible. Bounds are wide: they judge the unit, never the patient. A limit or
    baseline of 0 is a missing one. A lower limit above the upper one is told too.
    """
    bounds = ibis.memtable(pa.Table.from_pylist(_bounds(), schema=_BOUNDS))
    rows = labs.left_join(bounds, labs.analyte == bounds.bounds_of)
    sign = rows["comparator"] if "comparator" in labs.columns else ibis.null("string")
    low, high = rows.bound_low * (1 - TOLERANCE), rows.bound_high * (1 + TOLERANCE)
    doubts: list[tuple[Any, Any]] = []
    for name in (name for name in AMOUNTS if name in labs.columns):
        amount = rows[name]
        below = amount < low
        if name == "value":
            below = below & ~sign.isin(["<", "<="]).fill_null(False)
        if name == "lln":
            below = ibis.literal(False)
        elif name != "value":
            below = below & (amount != 0)
        doubts.append(((below | (amount > high)).fill_null(False), _suspicion(rows, name)))
    if {"lln", "uln"} <= set(labs.columns):
        exchanged = (rows.uln > 0) & (rows.lln > rows.uln)
        doubts.append((exchanged.fill_null(False), rows.analyte + ibis.literal(_EXCHANGED)))
    return rows.mutate(suspicion=ibis.cases(*doubts)).select(*labs.columns, "suspicion")


def find_albumin_days(labs: ir.Table) -> ir.Table:
    """`patient_id date least most`: the albumins (g/dL) of each patient and day that a correction may take."""
    albumin = labs.filter((labs.analyte == "albumin") & labs["fault"].isnull() & labs.value.notnull())
    return albumin.group_by(["patient_id", "date"]).aggregate(least=albumin.value.min(), most=albumin.value.max())


def correct_calcium(labs: ir.Table, days: ir.Table | None = None) -> ir.Table:
    """The rows with total calcium (mg/dL) corrected for the albumin of the same patient and day, and `albumin_g_dl`.

    Without one albumin of that day, or with two that differ, the row gets a `fault`. Other analytes are left alone;
    their `albumin_g_dl`, which is the albumin that was taken, is empty.
    `days` are those of `find_albumin_days`, where `labs` are not all rows of their patients.
    """
    days = find_albumin_days(labs) if days is None else days
    days = days.rename(albumin_patient="patient_id", albumin_date="date")
    rows = labs.left_join(days, [labs.patient_id == days.albumin_patient, labs.date == days.albumin_date])
    total = rows.analyte == "calcium"
    fault = ibis.cases(
        (rows.least.isnull(), "total calcium: no albumin of that day to correct it with"),
        (rows.least < rows.most, "total calcium: two albumins of that day differ"),
    )
    corrected = rows.value + CALCIUM_PER_ALBUMIN * (ALBUMIN_G_DL - rows.least)
    changed: dict[str, Any] = {
        "fault": ibis.coalesce(rows["fault"], ibis.cases((total, fault))),
        "value": ibis.cases((total, corrected), else_=rows.value),
        "albumin_g_dl": ibis.cases((total & (rows.least == rows.most), rows.least)),
    }
    return rows.mutate(**changed).select(*labs.columns, "albumin_g_dl")


def find_baseline_series(labs: ir.Table) -> ir.Table:
    """Of each patient and analyte with a `baseline_value`: the first day with that value, the last day, and the lowest
    and highest baseline that rows of it name (`patient_id analyte series_first series_last series_low series_high`).
    """
    named = labs.filter(labs.baseline_value.notnull() & labs.date.notnull())
    named = named.mutate(equal=_is_baseline_value(named))
    return named.group_by(["patient_id", "analyte"]).aggregate(
        series_first=named.date.min(where=named.equal),
        series_last=named.date.max(),
        series_low=named.baseline_value.min(),
        series_high=named.baseline_value.max(),
    )


def mark_baselines(labs: ir.Table, series: ir.Table | None = None) -> ir.Table:
    """The rows with `is_baseline`: whether a row is the very result that its `baseline_value` names.

    It is the first row of its patient and analyte with that value, when all rows of both name one baseline and later
    rows exist. A baseline is graded by the limits of normal alone: held against itself it would always be grade 0.
    `series` is that of `find_baseline_series`, where `labs` are not all rows of their patients.
    """
    series = find_baseline_series(labs) if series is None else series
    series = series.rename(series_patient="patient_id", series_analyte="analyte")
    rows = labs.left_join(series, [labs.patient_id == series.series_patient, labs.analyte == series.series_analyte])
    one = rows.series_high <= rows.series_low * (1 + TOLERANCE)
    first = (rows.date == rows.series_first) & (rows.series_first < rows.series_last)
    marked = (_is_baseline_value(rows) & one & first).fill_null(False)
    return rows.mutate(is_baseline=marked).select(*labs.columns, "is_baseline")


def _is_baseline_value(rows: ir.Table) -> ir.BooleanValue:
    return (rows.value - rows.baseline_value).abs() <= TOLERANCE * rows.baseline_value


_N_UNITS = 4
_BOUNDS = pa.schema(
    [
        ("bounds_of", pa.string()),
        ("bound_low", pa.float64()),
        ("bound_high", pa.float64()),
        ("bound_unit", pa.string()),
        *[(f"unit_{number}", pa.string()) for number in range(_N_UNITS)],
        *[(f"factor_{number}", pa.float64()) for number in range(_N_UNITS)],
    ]
)


def _bounds() -> list[Row]:
    """The bounds of each analyte, and units of another size that results of it also come in."""
    rows: list[Row] = []
    for known in all_analytes():
        sizes: dict[float, str] = {}
        for unit, factor in sorted(known.factors, key=lambda pair: ("m" in pair[0], len(pair[0]), pair[0])):
            sizes.setdefault(factor, unit)
        units = sorted(sizes.items())[:_N_UNITS]
        row: Row = {
            "bounds_of": known.name,
            "bound_low": known.low,
            "bound_high": known.high,
            "bound_unit": known.unit,
        }
        for number, (factor, unit) in enumerate(units):
            row |= {f"unit_{number}": unit, f"factor_{number}": factor}
        rows.append(row)
    return rows


def _suspicion(rows: ir.Table, name: str) -> Any:
    bounds = rows.bound_low.cast("string") + ibis.literal(" to ") + rows.bound_high.cast("string")
    text = rows.analyte + ibis.literal(f": {name} is outside the plausible ") + bounds + ibis.literal(" ")
    reported = rows[name] / rows.factor
    better = []
    for number in range(_N_UNITS):
        other = reported * rows[f"factor_{number}"]
        fits = (other >= rows.bound_low) & (other <= rows.bound_high) & (rows[f"factor_{number}"] != rows.factor)
        better.append((fits.fill_null(False), ibis.literal("; it would be plausible in ") + rows[f"unit_{number}"]))
    return text + rows.bound_unit + ibis.cases(*better, else_="; is the unit right?")
