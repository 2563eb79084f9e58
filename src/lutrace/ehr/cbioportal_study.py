"""Rows of a registry as a study of cBioPortal: clinical data and timelines in days from a patient's day zero.

Source: cBioPortal, docs/File-Formats.md (sections Cancer Study, Clinical Data, Timeline Data) and the rules of its
scripts/importer/validateData.py, read 2026-11-22. No calendar date is written.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lutrace.core import DAYS_PER_MONTH, Row
from lutrace.tables import (
    ADVERSE_EVENTS,
    CONTACTS,
    CYCLES,
    DIAGNOSES,
    DISEASE_EVENTS,
    FOLLOW_UP,
    LABS,
    MEDICATIONS,
    PATIENTS,
    SCANS,
    TREATMENTS,
)

TABLES = (
    PATIENTS,
    DIAGNOSES,
    CYCLES,
    TREATMENTS,
    MEDICATIONS,
    LABS,
    ADVERSE_EVENTS,
    DISEASE_EVENTS,
    FOLLOW_UP,
    CONTACTS,
    SCANS,
)
"""The tables that a study is made of."""
_OLDEST_TOLD = 89
"""Ages above are not written: few people are as old."""
_SEX = {"male": "Male", "female": "Female"}
_EVENT_WORDS = {
    "psa_progression": "PSA progression",
    "radiological_progression": "Radiological progression",
    "clinical_progression": "Clinical progression",
    "fracture": "Fracture",
    "hospice": "Hospice",
}
_IMAGING = {"psma_pet": "PSMA PET", "rlt_spect": "Post-therapy SPECT"}
_DAY = "day"


@dataclass(frozen=True)
class _Attribute:
    """A column of clinical data: name, title, description, datatype."""

    name: str
    title: str
    meaning: str
    datatype: str = "STRING"


_PATIENT = (
    _Attribute("PATIENT_ID", "Patient Identifier", "Pseudonym of the patient"),
    _Attribute("SEX", "Sex", "Administrative sex"),
    _Attribute("AGE", "Age at day zero", "Year of day zero minus year of birth; empty above 89", "NUMBER"),
    _Attribute("OS_STATUS", "Overall Survival Status", "Whether a death is on record"),
    _Attribute("OS_MONTHS", "Overall Survival (Months)", "From day zero to death or last day known alive", "NUMBER"),
    _Attribute("RLT_CYCLES", "Cycles of radioligand therapy", "Number of cycles on record", "NUMBER"),
    _Attribute("RLT_GBQ", "Activity given (GBq)", "Sum of the cycles whose activity is on record", "NUMBER"),
)
_SAMPLE = (
    _Attribute("PATIENT_ID", "Patient Identifier", "Pseudonym of the patient"),
    _Attribute("SAMPLE_ID", "Sample Identifier", "A place for the patient: the registry holds no specimens"),
    _Attribute("CANCER_TYPE", "Cancer Type", "Cancer type"),
    _Attribute("CANCER_TYPE_DETAILED", "Cancer Type Detailed", "Cancer type detailed"),
)
_BASE = ("PATIENT_ID", "START_DATE", "STOP_DATE", "EVENT_TYPE")


@dataclass(frozen=True)
class CbioportalStudy:
    """The files of a study by name, and how many rows and patients were left out, by reason."""

    files: Mapping[str, str]
    left_out: Mapping[str, int]


def find_days_zero(tables: Mapping[str, Sequence[Row]], anchor: str) -> dict[str, dt.date]:
    """The day zero of each patient: of the first diagnosis (`diagnosis`), or of the first cycle (`first_cycle`).

    A diagnosis known to the month or year only is none: days from it would be made up.
    """
    if anchor == "first_cycle":
        days = [(row["patient_id"], row["administered_date"]) for row in tables[CYCLES.name]]
    else:
        days = [
            (row["patient_id"], row["date"])
            for row in tables[DIAGNOSES.name]
            if row["milestone"] == "initial" and row["date"] is not None and row["date_precision"] == _DAY
        ]
    zero: dict[str, dt.date] = {}
    for patient, day in days:
        zero[patient] = min(day, zero.get(patient, day))
    return zero


def make_cbioportal_study(
    tables: Mapping[str, Sequence[Row]], *, anchor: str, identifier: str, name: str
) -> CbioportalStudy:
    """The study of rows by table name, with `identifier` and `name`, days counted from `anchor`.

    Patients without a day zero, and rows whose day is not known exactly, are left out and counted.
    """
    zero = find_days_zero(tables, anchor)
    left: Counter[str] = Counter()
    everyone = {row["patient_id"] for table in TABLES for row in tables[table.name]}
    without = len(everyone - set(zero))
    if without:
        left[f"patients without a day zero ({anchor})"] = without
    files = _study_files(identifier, name, anchor)
    patients = [_patient_row(patient, zero[patient], tables) for patient in sorted(zero)]
    samples = [
        {
            "PATIENT_ID": patient,
            "SAMPLE_ID": f"{patient}-S1",
            "CANCER_TYPE": "Prostate Cancer",
            "CANCER_TYPE_DETAILED": "Prostate Adenocarcinoma",
        }
        for patient in sorted(zero)
    ]
    files |= _clinical(identifier, "patient", _PATIENT, patients)
    files |= _clinical(identifier, "sample", _SAMPLE, samples)
    for kind, made in _timelines(tables, zero, left).items():
        if made:
            files |= _timeline(identifier, kind, made)
    return CbioportalStudy(files, dict(sorted(left.items())))


def _study_files(identifier: str, name: str, anchor: str) -> dict[str, str]:
    words = {"diagnosis": "the first diagnosis", "first_cycle": "the first cycle"}[anchor]
    meta = {
        "type_of_cancer": "prad",
        "cancer_study_identifier": identifier,
        "name": name,
        "description": f"Radioligand therapy of prostate cancer; pseudonyms, days from {words}. Written by lutrace.",
        "add_global_case_list": "true",
    }
    return {"meta_study.txt": _meta(meta)}


def _meta(pairs: Mapping[str, str]) -> str:
    return "".join(f"{name}: {value}\n" for name, value in pairs.items())


def _clinical(
    identifier: str, level: str, attributes: Sequence[_Attribute], rows: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    """Meta and data file of the clinical data of one level; a column that is empty for all is left out."""
    kept = [one for one in attributes if any(row.get(one.name) not in (None, "") for row in rows) or not rows]
    heads = [
        "#" + "\t".join(words)
        for words in (
            [one.title for one in kept],
            [one.meaning for one in kept],
            [one.datatype for one in kept],
            ["1" for _ in kept],
        )
    ]
    data = f"data_clinical_{level}.txt"
    meta = {
        "cancer_study_identifier": identifier,
        "genetic_alteration_type": "CLINICAL",
        "datatype": f"{level.upper()}_ATTRIBUTES",
        "data_filename": data,
    }
    lines = [*heads, *_lines([one.name for one in kept], rows)]
    return {f"meta_clinical_{level}.txt": _meta(meta), data: "\n".join(lines) + "\n"}


def _timeline(identifier: str, kind: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    data = f"data_timeline_{kind}.txt"
    meta = {
        "cancer_study_identifier": identifier,
        "genetic_alteration_type": "CLINICAL",
        "datatype": "TIMELINE",
        "data_filename": data,
    }
    columns = [*_BASE, *dict.fromkeys(name for row in rows for name in row if name not in _BASE)]
    ordered = sorted(rows, key=lambda row: (row["PATIENT_ID"], row["START_DATE"], repr(row)))
    return {f"meta_timeline_{kind}.txt": _meta(meta), data: "\n".join(_lines(columns, ordered)) + "\n"}


def _lines(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return ["\t".join(columns), *("\t".join(_cell(row.get(name)) for name in columns) for row in rows)]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = f"{value:.10g}" if isinstance(value, float) else str(value)
    return " ".join(text.replace('"', "'").split())


def _patient_row(patient: str, zero: dt.date, tables: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    person = next((row for row in tables[PATIENTS.name] if row["patient_id"] == patient), {})
    cycles = [row for row in tables[CYCLES.name] if row["patient_id"] == patient]
    given = [row["administered_mbq"] for row in cycles if row["administered_mbq"] is not None]
    age = zero.year - person["birth_year"] if person.get("birth_year") else None
    return {
        "PATIENT_ID": patient,
        "SEX": _SEX.get(person.get("sex") or ""),
        "AGE": age if age is not None and age <= _OLDEST_TOLD else None,
        "RLT_CYCLES": len(cycles) or None,
        "RLT_GBQ": round(sum(given) / 1000, 3) if given else None,
        **_survival(patient, zero, tables),
    }


def _survival(patient: str, zero: dt.date, tables: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    """Status and months; a death whose day is not known exactly has no months."""
    stated = [row for row in tables[FOLLOW_UP.name] if row["patient_id"] == patient]
    deaths = [row for row in stated if row["status"] == "dead"]
    seen = [row["date"] for row in stated if row["date_precision"] == _DAY]
    seen += [row["date"] for row in tables[CONTACTS.name] if row["patient_id"] == patient and row["kind"] != "billing"]
    if deaths:
        exact = [row["date"] for row in deaths if row["date_precision"] == _DAY]
        return {"OS_STATUS": "1:DECEASED", "OS_MONTHS": _months(zero, min(exact)) if exact else None}
    if not seen:
        return {}
    return {"OS_STATUS": "0:LIVING", "OS_MONTHS": _months(zero, max(seen))}


def _months(zero: dt.date, day: dt.date) -> float | None:
    days = (day - zero).days
    return round(days / DAYS_PER_MONTH, 2) if days >= 0 else None


def _timelines(
    tables: Mapping[str, Sequence[Row]], zero: Mapping[str, dt.date], left: Counter[str]
) -> dict[str, list[dict[str, Any]]]:
    """The rows of each timeline by its name."""
    made: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for track in _TRACKS:
        for row in tables[track.table]:
            if row["patient_id"] not in zero or not (told := track.says(row)):
                continue
            begin, end = _exact(row, track.begin), _exact(row, track.end) if track.end else None
            if begin is None:
                left[f"rows of {track.table} without an exact day"] += 1
                continue
            start = (begin - zero[row["patient_id"]]).days
            stop = start + (end - begin).days if end is not None and end >= begin else None
            place = {"PATIENT_ID": row["patient_id"], "START_DATE": start, "STOP_DATE": stop, "EVENT_TYPE": track.event}
            made[track.kind].append(place | dict(told))
    return made


def _exact(row: Row, name: str) -> dt.date | None:
    day: dt.date | None = row[name]
    return day if row.get(f"{name}_precision") in (None, _DAY) else None


def _cycle(row: Row) -> dict[str, Any]:
    return {
        "TREATMENT_TYPE": "Radiation Therapy",
        "SUBTYPE": "Radioligand therapy",
        "AGENT": row["agent"],
        "CYCLE": row["cycle"],
        "ADMINISTERED_MBQ": row["administered_mbq"],
    }


def _treatment(row: Row) -> dict[str, Any]:
    kind = "Radiation Therapy" if row["agent"] == "radiotherapy" else "Medical Therapy"
    told = {"AGENT": row["agent"], "AGENT_CLASS": row["agent_class"], "STOP_REASON": row["stop_reason"]}
    return {"TREATMENT_TYPE": kind, "SUBTYPE": row["agent_class"], **told}


def _medication(row: Row) -> dict[str, Any]:
    return {"TREATMENT_TYPE": "Medical Therapy", "SUBTYPE": row["kind"], "AGENT": row["agent"]}


def _lab(row: Row) -> dict[str, Any]:
    return {
        "TEST": row["analyte"],
        "RESULT": row["value"],
        "UNIT": row["canonical_unit"],
        "COMPARATOR": row["comparator"],
    }


def _status(row: Row) -> dict[str, Any]:
    return {"dead": {"STATUS": "Deceased"}, "alive": {"STATUS": "Alive"}}.get(row["status"], {})


def _toxicity(row: Row) -> dict[str, Any]:
    return {"TERM": row["term"], "GRADE": row["grade"], "CRITERIA": row["criteria"]}


def _imaging(row: Row) -> dict[str, Any]:
    words = _IMAGING.get(row["purpose"])
    return {} if words is None else {"DIAGNOSTIC_TYPE": words}


@dataclass(frozen=True)
class _Track:
    """What one table gives to a timeline: its file, type of event, what a row says, and its columns of days."""

    kind: str
    event: str
    table: str
    says: Callable[[Row], Mapping[str, Any]]
    begin: str
    end: str | None = None


_TRACKS = (
    _Track("treatment", "TREATMENT", CYCLES.name, _cycle, "administered_date"),
    _Track("treatment", "TREATMENT", TREATMENTS.name, _treatment, "begin_date", "end_date"),
    _Track("treatment", "TREATMENT", MEDICATIONS.name, _medication, "begin_date", "end_date"),
    _Track("labtest", "LAB_TEST", LABS.name, _lab, "date"),
    _Track("status", "STATUS", DISEASE_EVENTS.name, lambda row: {"STATUS": _EVENT_WORDS[row["kind"]]}, "date"),
    _Track("status", "STATUS", FOLLOW_UP.name, _status, "date"),
    _Track("diagnosis", "DIAGNOSIS", DIAGNOSES.name, lambda row: {"MILESTONE": row["milestone"]}, "date"),
    _Track("toxicity", "TOXICITY", ADVERSE_EVENTS.name, _toxicity, "begin_date", "end_date"),
    _Track("imaging", "IMAGING", SCANS.name, _imaging, "date"),
)
