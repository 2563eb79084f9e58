"""Declared values of laboratory, body and questionnaires: the last result before time zero."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis
from lutrace.endpoints.declared.ground import aged, last_of, told
from lutrace.endpoints.questionnaires.scores import valid_scores
from lutrace.protocol import LabValue, ScoreValue, VitalValue
from lutrace.tables import LABS, VITALS
from lutrace.terms import analyte_named

_VITAL_UNITS = {"height_cm": "cm", "weight_kg": "kg", "bmi_kg_m2": "kg/m2", "ecog": "1"}


def derive_lab_value(basis: Basis, value: LabValue) -> ir.Table:
    """Rows of ENDPOINT_VALUES of a laboratory result in the analyte's canonical unit.

    Of several results of a day the highest counts; `<x` and `>x` count as x.
    """
    analyte = analyte_named(value.analyte)
    unit = analyte.unit if analyte is not None else "1"
    labs = basis.known(basis.facts.table(LABS), "date")
    labs = labs.filter((labs.analyte == value.analyte) & (labs.canonical_unit == unit))
    near = aged(basis, labs.select("patient_id", "date", "value", row="row_id"), window=value.window, after=value.after)
    orders: dict[str, list[Any]] = {
        "last": ["age", ibis.desc("value")],
        "nearest": [near.age.abs(), ibis.desc("age"), ibis.desc("value")],
        "lowest": ["value", "age"],
        "highest": [ibis.desc("value"), "age"],
    }
    found = last_of(near, "value", order=orders[value.take])
    span = f"{value.window:g} days before time zero" + (f" to {value.after:g} after it" if value.after else "")
    rule = f"{value.take} {value.analyte} within {span}"
    missing = f"no {value.analyte} within {span}"
    return told(basis, found, endpoint=value.name, rule=rule, unit=unit, table=LABS.name, missing=missing)


def derive_vital_value(basis: Basis, value: VitalValue) -> ir.Table:
    """Rows of ENDPOINT_VALUES of a body measure, or of ECOG with its class.

    A body-mass index that is not recorded is the last weight in the window over the square of the last height ever.
    """
    vitals = basis.known(basis.facts.table(VITALS), "date").select("patient_id", "date", "measure", "value", "row_id")
    facts = vitals.filter(vitals.measure == value.measure).select("patient_id", "date", "value", row="row_id")
    if value.measure == "bmi_kg_m2":
        facts = facts.union(_computed_bmi(vitals))
    found = last_of(aged(basis, facts, window=value.window), "value", order=["age", ibis.desc("value")])
    if value.measure == "ecog":
        found = found.mutate(category=found.value.cast("int64").cast("string"))
    rule = f"last {value.measure} at most {value.window:g} days before time zero"
    missing = f"no {value.measure} in the {value.window:g} days before time zero"
    unit = _VITAL_UNITS[value.measure]
    return told(basis, found, endpoint=value.name, rule=rule, unit=unit, table=VITALS.name, missing=missing)


def _computed_bmi(vitals: ir.Table) -> ir.Table:
    """Each weight with the last height on or before its day, else the first after it."""
    weights = vitals.filter(vitals.measure == "weight_kg").select("patient_id", "date", weight="value", row="row_id")
    heights = vitals.filter((vitals.measure == "height_cm") & (vitals.value > 0))
    heights = heights.select("patient_id", height_date="date", height="value", height_row="row_id")
    pairs = weights.inner_join(heights, "patient_id")
    apart = pairs.date.delta(pairs.height_date, unit="day")
    window = ibis.window(
        group_by=["patient_id", "row"], order_by=[ibis.ifelse(apart >= 0, 0, 1), apart.abs(), pairs.height_row]
    )
    pairs = pairs.mutate(place=ibis.row_number().over(window))
    nearest = pairs.filter(pairs.place == 0)
    bmi = nearest.weight / (nearest.height / 100.0) ** 2
    return nearest.select("patient_id", "date", value=bmi, row="row")


def derive_score_value(basis: Basis, value: ScoreValue) -> ir.Table:
    """Rows of ENDPOINT_VALUES of the last valid score of a scale, in points."""
    scores = valid_scores(basis, value.instrument, value.scale)
    facts = scores.select("patient_id", date="score_date", value="score", row="score_row")
    found = last_of(aged(basis, facts, window=value.window), "value")
    rule = f"last score of {value.scale} ({value.instrument}) at most {value.window:g} days before time zero"
    missing = f"no score of {value.scale} in the {value.window:g} days before time zero"
    return told(basis, found, endpoint=value.name, rule=rule, unit="points", table="questionnaires", missing=missing)
