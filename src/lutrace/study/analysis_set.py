"""The analysis set: one row per patient and landmark, as models take it.

Columns of a row:
- `patient_id`, `population` (the landmark);
- `entry_days`: the day, from time zero, from which the patient is at risk (delayed entry). Of a landmark 0 when time
  runs from the SPECT, with origin `administration` the day of the SPECT; of a population the entry of its index date.
  Origin `first_cycle` shows the bias of immortal time: no delayed entry, and covariates that lie after time zero;
- for each outcome of the protocol `<name>_days` (from the landmark), `<name>_event`, and what it was as
  `<name>_category`; None when not evaluable;
- for each endpoint value its number under its own name (`ttv_ml`, `psa_change_pct`, ...), its `_days` and its
  `_category`, None when not evaluable;
- for each covariate of the protocol `<name>` (transformed, a plain number) and `<name>_days` (day of the value from
  the landmark; above 0 means that it was not known at time zero); both None when not evaluable.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from lutrace.core import Row
from lutrace.protocol import Covariate, Landmark, Protocol

_VOLUMES = ("ttv_ml", "ttv_baseline_ml")
"""Values in mL, which have a floor in logarithms."""


def build_analysis_set(values: Sequence[Row], members: Sequence[Row], protocol: Protocol) -> list[Row]:
    """One row per patient and landmark from rows of ENDPOINT_VALUES and COHORT_MEMBERS, in the order of the members."""
    landmarks = {landmark.name for landmark in protocol.time_zeros}
    found = {(row["patient_id"], row["population"], row["endpoint"]): row for row in values}
    endpoints = sorted({row["endpoint"] for row in values})
    return [
        _analysis_row(member, endpoints, found, protocol) for member in members if member["population"] in landmarks
    ]


def _analysis_row(
    member: Row,
    endpoints: Sequence[str],
    found: Mapping[tuple[str, str, str], Row],
    protocol: Protocol,
) -> Row:
    patient, population = member["patient_id"], member["population"]
    outcomes = {outcome.name for outcome in protocol.endpoints}
    zero = protocol.landmark(population)
    entry = member.get("entry_days") or 0.0
    if isinstance(zero, Landmark):
        entry = _entry_days(found.get((patient, population, "ttv_ml")), zero)
    row: Row = {"patient_id": patient, "population": population, "entry_days": entry}
    for name in endpoints:
        value = found.get((patient, population, name))
        known = value is not None and value["reason"] is None
        if name in outcomes:
            known = value is not None and known and (entry == 0 or value["days"] > entry)
            row[f"{name}_event"] = value["event"] if value is not None and known else None
        else:
            row[name] = value["value"] if value is not None and known else None
        for part in ("days", "category"):
            row[f"{name}_{part}"] = value[part] if value is not None and known else None
    for covariate in protocol.covariates:
        value = found.get((patient, population, covariate.value))
        number = transform(covariate, row.get(covariate.value), floor_ml=protocol.measures.floor)
        row[covariate.name] = number
        row[f"{covariate.name}_days"] = value["days"] if value is not None and number is not None else None
    return row


def _entry_days(volume: Row | None, landmark: Landmark) -> float:
    if landmark.origin != "administration" or volume is None or volume["days"] is None:
        return 0.0
    return max(0.0, float(volume["days"]))


def transform(covariate: Covariate, value: float | None, *, floor_ml: float) -> float | None:
    """The value as the covariate enters a model; None stays None, and so does a logarithm of 0.

    A volume (mL) in a logarithm is at least `floor_ml`.
    """
    if value is None:
        return None
    if covariate.transform in ("log2", "log"):
        floored = max(value, floor_ml) if covariate.value in _VOLUMES else value
        if floored <= 0:
            return None
        return math.log2(floored) if covariate.transform == "log2" else math.log(floored)
    if covariate.transform == "present":
        return 1.0 if value > 0 else 0.0
    if covariate.transform == "per":
        return value / covariate.per
    return value
