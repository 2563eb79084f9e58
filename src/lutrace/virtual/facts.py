"""The truth of the charts field by field, the same fields read off a registry's rows, and how the two agree."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lutrace.core import PartialDate, Row
from lutrace.virtual.chart import SITES, Chart
from lutrace.virtual.records import LIMITS

Facts = dict[tuple[Any, ...], Any]
"""By field, patient and what else names one fact: its value."""
_TOLERANCE = 2e-3
"""Numbers that went through another unit are rounded to two decimals there."""
_CONCOMITANT = ("leuprorelin", "denosumab")
_SITE_OF_CODE = {code: site for site, code in SITES.items()}


@dataclass(frozen=True)
class FieldAgreement:
    """How often a registry and the truth agree on one field; `faults` name what differs by field and kind only."""

    field: str
    true: int
    found: int
    right: int
    faults: tuple[tuple[Any, ...], ...]

    @property
    def agrees(self) -> bool:
        """Whether every fact is there with its value, and no other."""
        return self.true == self.found == self.right


def make_true_facts(charts: Iterable[Chart]) -> Facts:
    """All facts of the charts that records can carry; patients are named by their identifier."""
    return {key: value for chart in charts for key, value in _of_chart(chart)}


def read_facts(tables: Mapping[str, Sequence[Row]], patients: Mapping[str, str]) -> Facts:
    """The same fields off the rows of fact tables; `patients` gives the identifier of each `patient_id`.

    Where two rows state one fact in two ways, the value is the set of both: it never agrees.
    """
    found: dict[tuple[Any, ...], list[Any]] = {}
    for table, read in _READERS.items():
        for row in tables.get(table, ()):
            for field, *key, value in read(row):
                found.setdefault((field, patients.get(str(row["patient_id"]), "unknown"), *key), []).append(value)
    return {key: values[0] if _same(values) else tuple(sorted(map(str, values))) for key, values in found.items()}


def compare_facts(true: Facts, found: Facts) -> tuple[FieldAgreement, ...]:
    """A row for each field, in the order of the truth; a fact is right when its value is the true one."""
    fields = list(dict.fromkeys(key[0] for key in (*true, *found)))
    results = []
    for field in fields:
        mine = {key: value for key, value in true.items() if key[0] == field}
        theirs = {key: value for key, value in found.items() if key[0] == field}
        right = [key for key in mine if key in theirs and _same([mine[key], theirs[key]])]
        faults = [(*key, mine.get(key), theirs.get(key)) for key in {**mine, **theirs} if key not in right]
        results.append(FieldAgreement(field, len(mine), len(theirs), len(right), tuple(faults)))
    return tuple(results)


def _same(values: Sequence[Any]) -> bool:
    first = values[0]
    return all(_equal(first, other) for other in values[1:])


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(_equal(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=_TOLERANCE)
    return bool(one == other)


def _of_chart(chart: Chart) -> Iterator[tuple[tuple[Any, ...], Any]]:
    for field, *key, value in (*_of_person(chart), *_of_measures(chart), *_of_therapy(chart), *_of_course(chart)):
        yield (field, chart.patient.identifier, *key), value


def _of_person(chart: Chart) -> Iterator[tuple[Any, ...]]:
    patient = chart.patient
    yield "year of birth", patient.birth_date.year
    yield "sex", "male"
    if chart.death is not None:
        yield "death", str(chart.death)
    yield "first diagnosis", chart.milestone("initial").month
    yield "mCRPC", chart.milestone("mcrpc").month
    for one in chart.milestones:
        if one.site is not None:
            yield "site of metastases", one.site, one.month
    yield "Gleason", patient.gleason
    yield "TNM", tuple(f"c{value}" for value in chart.tnm)


def _of_measures(chart: Chart) -> Iterator[tuple[Any, ...]]:
    patient = chart.patient
    yield "height", patient.administrations[0].injection.date(), patient.height_cm
    for one in patient.administrations:
        yield "weight", one.injection.date(), one.weight_kg
    for day, grade in patient.ecog:
        yield "ECOG", day, float(grade)
    for lab in patient.labs:
        yield _lab_field(lab.analyte), lab.analyte, lab.date, lab.value
        if lab.analyte in LIMITS:
            yield "limits of normal", lab.analyte, lab.date, LIMITS[lab.analyte]
    for form in chart.answers:
        for item, answer in form.items:
            yield "questionnaire", form.instrument, item, form.date, float(answer)


def _of_therapy(chart: Chart) -> Iterator[tuple[Any, ...]]:
    for one in chart.patient.administrations:
        yield "cycle: day", one.cycle, one.injection.date()
        yield "cycle: time of injection", one.cycle, one.injection
        yield "cycle: activity", one.cycle, one.administered_mbq
        yield "cycle: weight", one.cycle, one.weight_kg
        yield "cycle: assay", one.cycle, one.assay
        yield "cycle: residual", one.cycle, (one.residual_mbq, one.residual_at)
    for treatment in chart.patient.treatments:
        if treatment.agent in _CONCOMITANT:
            yield "concomitant medication", treatment.agent, treatment.begin, treatment.end
        else:
            yield "line of therapy", treatment.agent, treatment.begin, (treatment.end, treatment.stop_reason)


def _of_course(chart: Chart) -> Iterator[tuple[Any, ...]]:
    if chart.end_of_therapy is not None:
        reason, day = chart.end_of_therapy
        yield "end of therapy", reason, day
    for transfusion in chart.transfusions:
        yield "transfusion", transfusion.kind, transfusion.date, transfusion.units
    for kind, day in chart.events:
        yield kind, day, True
    if chart.clinical_progression is not None:
        yield "clinical progression", chart.clinical_progression, True
    if chart.dry_mouth is not None:
        yield "dry mouth", chart.dry_mouth[0], chart.dry_mouth[1]
    for stay in chart.stays:
        for day in dict.fromkeys((stay.begin, stay.end)):
            yield "contact", stay.kind, day, True


def _lab_field(analyte: str) -> str:
    return "PSA" if analyte == "psa" else "laboratory"


def _partial(row: Row, name: str = "date") -> str | None:
    """A date no more exactly than its row says that it is known."""
    day = row.get(name)
    if day is None:
        return None
    precision = row.get(f"{name}_precision") or "day"
    parts = {"year": 1, "month": 2, "day": 3}[precision]
    return str(PartialDate(*(day.year, day.month, day.day)[:parts]))


def _patient_facts(row: Row) -> Iterator[tuple[Any, ...]]:
    yield "year of birth", row["birth_year"]
    yield "sex", row["sex"]


def _follow_up_facts(row: Row) -> Iterator[tuple[Any, ...]]:
    if row["status"] == "dead":
        yield "death", _partial(row)


def _diagnosis_facts(row: Row) -> Iterator[tuple[Any, ...]]:
    """Diagnoses to the month: how exactly a source states them is its own matter."""
    month = (_partial(row) or "")[:7]
    match row["milestone"]:
        case "initial":
            yield "first diagnosis", month
            if row.get("gleason_primary") is not None:
                yield "Gleason", (row["gleason_primary"], row["gleason_secondary"])
            if row.get("t") is not None:
                yield "TNM", (row["t"], row["n"], row["m"])
        case "metastatic":
            yield "site of metastases", _SITE_OF_CODE.get(str(row["code"]), str(row["code"])), month
        case "mcrpc":
            yield "mCRPC", month


def _vital_facts(row: Row) -> Iterator[tuple[Any, ...]]:
    field = {"height_cm": "height", "weight_kg": "weight", "ecog": "ECOG"}.get(row["measure"], row["measure"])
    yield field, row["date"], row["value"]


def _lab_facts(row: Row) -> Iterator[tuple[Any, ...]]:
    yield _lab_field(row["analyte"]), row["analyte"], row["date"], row["value"]
    if row.get("lln") is not None or row.get("uln") is not None:
        yield "limits of normal", row["analyte"], row["date"], (row["lln"], row["uln"])


def _answer_facts(row: Row) -> Iterator[tuple[Any, ...]]:
    yield "questionnaire", row["instrument"], row["item"], row["date"], row["answer"]


def _cycle_facts(row: Row) -> Iterator[tuple[Any, ...]]:
    told = {
        "cycle: day": row["administered_date"],
        "cycle: time of injection": row["injection_datetime"],
        "cycle: activity": row["administered_mbq"],
        "cycle: weight": row["weight_kg"],
        "cycle: assay": row["assay_datetime"],
        "cycle: residual": (row["residual_mbq"], row["residual_datetime"]),
    }
    for field, value in told.items():
        if value is not None and value != (None, None):
            yield field, row["cycle"], value


def _treatment_facts(row: Row) -> Iterator[tuple[Any, ...]]:
    yield "line of therapy", row["agent"], row["begin_date"], (row["end_date"], row["stop_reason"])


def _medication_facts(row: Row) -> Iterator[tuple[Any, ...]]:
    yield "concomitant medication", row["agent"], row["begin_date"], row["end_date"]


def _disposition_facts(row: Row) -> Iterator[tuple[Any, ...]]:
    yield "end of therapy", row["code"], row["date"]


def _support_facts(row: Row) -> Iterator[tuple[Any, ...]]:
    yield "transfusion", row["kind"], row["date"], row["units"]


def _event_facts(row: Row) -> Iterator[tuple[Any, ...]]:
    yield str(row["kind"]).replace("_", " "), row["date"], True


def _finding_facts(row: Row) -> Iterator[tuple[Any, ...]]:
    if row["kind"] == "clinical_progression":
        yield "clinical progression", row["date"], True


def _adverse_facts(row: Row) -> Iterator[tuple[Any, ...]]:
    yield str(row["term"]).lower(), row["begin_date"], row["grade"]


def _contact_facts(row: Row) -> Iterator[tuple[Any, ...]]:
    if row["kind"] in ("visit", "admission"):
        yield "contact", row["kind"], row["date"], True


_READERS = {
    "patients": _patient_facts,
    "follow_up": _follow_up_facts,
    "diagnoses": _diagnosis_facts,
    "vitals": _vital_facts,
    "labs": _lab_facts,
    "questionnaires": _answer_facts,
    "cycles": _cycle_facts,
    "treatments": _treatment_facts,
    "medications": _medication_facts,
    "dispositions": _disposition_facts,
    "support": _support_facts,
    "disease_events": _event_facts,
    "reader_findings": _finding_facts,
    "adverse_events": _adverse_facts,
    "contacts": _contact_facts,
}
