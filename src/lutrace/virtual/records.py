"""FHIR R4 bundles of virtual patients: what a hospital would hold of them, marked as test data."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from lutrace.core import UnsupportedError
from lutrace.ehr import fhir_profile as profile
from lutrace.terms import analyte_named
from lutrace.virtual.chart import Answers, Chart, Stay, Transfusion
from lutrace.virtual.lesions import Lesion
from lutrace.virtual.timeline import Administration, LabValue, Patient, Treatment

Resource = dict[str, Any]

IDENTIFIER_SYSTEM = "urn:lutrace:virtual-centre"

_NAMESPACE = uuid.UUID("5d5f6f6e-5b2a-5c38-9d43-6c7574726163")
LIMITS: dict[str, tuple[float | None, float | None]] = {
    "haemoglobin": (13.5, 17.5),
    "platelets": (150.0, 400.0),
    "leukocytes": (4.0, 10.0),
    "neutrophils": (1.8, 7.5),
    "lymphocytes": (1.0, 4.0),
    "creatinine": (0.7, 1.2),
    "alp": (40.0, 130.0),
    "ldh": (135.0, 225.0),
    "ast": (None, 50.0),
    "alt": (None, 50.0),
    "albumin": (3.5, 5.2),
    "bilirubin": (None, 1.2),
}
"""Limits of normal in the units of the virtual laboratory."""
HAEMOGLOBIN_MMOL_PER_G_DL = 0.6206
_TRANSFUSIONS = {
    "red_cells": ("116863004", "Transfusion of red cells"),
    "platelets": ("12719002", "Platelet transfusion"),
}
_STAYS = {"visit": ("AMB", "ambulatory"), "admission": ("IMP", "inpatient encounter")}


def make_bundle(chart: Chart, lesions: Sequence[Sequence[Lesion]]) -> Resource:
    """The FHIR R4 collection Bundle of one virtual patient; `lesions` are those of each SPECT, for its CT reading.

    Every bundle carries HTEST (test health data), and so does its Patient. Identifiers and ids depend on the patient's
    number only. Elements and codes are those of docs/reference/fhir.md.
    """
    patient = chart.patient
    resources = [
        _patient(chart),
        *_conditions(chart),
        *_body(patient),
        *(_lab(patient, index, lab) for index, lab in enumerate(patient.labs)),
        *(_administration(chart, one) for one in patient.administrations),
        *(_statement(patient, index, one) for index, one in enumerate(patient.treatments)),
        *_readings(patient, lesions),
        *_events(chart),
        *(_answers(patient, one) for one in chart.answers),
        *(_transfusion(patient, one) for one in chart.transfusions),
        *(_encounter(patient, one) for one in chart.stays),
    ]
    return {
        "resourceType": "Bundle",
        "id": _id(patient, "bundle"),
        "meta": {"security": [_coding(profile.TEST_DATA_SYSTEM, "HTEST", "test health data")]},
        "type": "collection",
        "entry": [{"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource} for resource in resources],
    }


def _id(patient: Patient, *names: object) -> str:
    return str(uuid.uuid5(_NAMESPACE, "/".join([patient.identifier, *map(str, names)])))


def _coding(system: str, code: str, display: str) -> Resource:
    return {"system": system, "code": code, "display": display}


def _concept(system: str, code: str, display: str) -> Resource:
    return {"coding": [_coding(system, code, display)], "text": display}


def _subject(patient: Patient) -> Resource:
    return {"reference": f"urn:uuid:{_id(patient, 'patient')}"}


def _quantity(value: float, unit: str) -> Resource:
    return {"value": value, "unit": unit, "system": profile.UCUM, "code": unit}


def _moment(moment: dt.datetime) -> str:
    """A FHIR dateTime; the site's clock is UTC, as the virtual centre has no zone."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"


def _patient(chart: Chart) -> Resource:
    patient = chart.patient
    resource: Resource = {
        "resourceType": "Patient",
        "id": _id(patient, "patient"),
        "meta": {"security": [_coding(profile.TEST_DATA_SYSTEM, "HTEST", "test health data")]},
        "identifier": [
            {
                "type": {"coding": [_coding(profile.MR_SYSTEM, "MR", "Medical record number")]},
                "system": IDENTIFIER_SYSTEM,
                "value": patient.identifier,
            }
        ],
        "name": [{"family": "SYNTHETIC", "given": [f"{patient.number:04d}"]}],
        "gender": "male",
        "birthDate": patient.birth_date.isoformat(),
    }
    if chart.death is not None:
        resource["deceasedDateTime"] = str(chart.death)
    return resource


def _conditions(chart: Chart) -> Iterable[Resource]:
    patient = chart.patient
    clinical = {"coding": [_coding("http://terminology.hl7.org/CodeSystem/condition-clinical", "active", "Active")]}
    mcrpc = _concept(profile.MILESTONE_SYSTEM, "mcrpc", "Metastatic castration-resistant prostate cancer")
    for one in chart.milestones:
        display = "Prostate cancer" if one.site is None else "Metastasis"
        yield {
            "resourceType": "Condition",
            "id": _id(patient, "condition", one.name, *([one.site] if one.site else [])),
            "clinicalStatus": clinical,
            "code": _concept("http://hl7.org/fhir/sid/icd-10", one.code, display) if one.code is not None else mcrpc,
            "subject": _subject(patient),
            "onsetDateTime": one.month,
        }
    primary, secondary = patient.gleason
    yield _staging(chart, "gleason", "35266-6", "Gleason score") | {
        "valueInteger": primary + secondary,
        "component": [
            {"code": _concept(profile.LOINC, "44641-9", "Gleason primary"), "valueInteger": primary},
            {"code": _concept(profile.LOINC, "44642-7", "Gleason secondary"), "valueInteger": secondary},
        ],
    }
    for name, code, value in zip("TNM", ("21905-5", "21906-3", "21907-1"), chart.tnm, strict=True):
        yield _staging(chart, name, code, f"Primary tumor.clinical [Class] Cancer, {name}") | {
            "valueCodeableConcept": {"text": value}
        }


def _staging(chart: Chart, name: str, code: str, display: str) -> Resource:
    """An observation about the first diagnosis."""
    initial = chart.milestone("initial")
    observation = _observation(chart.patient, (name,), _concept(profile.LOINC, code, display), initial.month)
    return observation | {"focus": [{"reference": f"urn:uuid:{_id(chart.patient, 'condition', 'initial')}"}]}


def _observation(patient: Patient, names: tuple[object, ...], code: Resource, date: str) -> Resource:
    return {
        "resourceType": "Observation",
        "id": _id(patient, "observation", *names),
        "status": "final",
        "code": code,
        "subject": _subject(patient),
        "effectiveDateTime": date,
    }


def _body(patient: Patient) -> Iterable[Resource]:
    first = patient.administrations[0].injection.date().isoformat()
    height = _observation(patient, ("height",), _concept(profile.LOINC, "8302-2", "Body height"), first)
    yield height | {"valueQuantity": _quantity(patient.height_cm, "cm")}
    for one in patient.administrations:
        date = one.injection.date().isoformat()
        code = _concept(profile.LOINC, "29463-7", "Body weight")
        weight = _observation(patient, ("weight", one.cycle), code, date)
        yield weight | {"valueQuantity": _quantity(one.weight_kg, "kg")}
    for number, (day, grade) in enumerate(patient.ecog):
        code = _concept(profile.LOINC, "89247-1", "ECOG performance status")
        yield _observation(patient, ("ecog", number), code, day.isoformat()) | {"valueInteger": grade}


def _lab(patient: Patient, index: int, lab: LabValue) -> Resource:
    """One result; every third patient's haemoglobin is in mmol/L, as parts of Europe report it."""
    analyte = analyte_named(lab.analyte)
    if analyte is None:
        raise UnsupportedError(f"{lab.analyte} is no analyte of the vocabulary")
    value, unit, factor = lab.value, lab.unit, 1.0
    code = analyte.loinc[0]
    if lab.analyte == "haemoglobin" and patient.number % 3 == 0:
        factor, unit, code = HAEMOGLOBIN_MMOL_PER_G_DL, "mmol/L", "59260-0"
        value = round(value * factor, 2)
    resource = _observation(patient, ("lab", index), _concept(profile.LOINC, code, analyte.title), lab.date.isoformat())
    resource["valueQuantity"] = _quantity(value, unit)
    if lab.analyte in LIMITS:
        low, high = LIMITS[lab.analyte]
        limits = {"low": low, "high": high}
        resource["referenceRange"] = [
            {name: _quantity(round(limit * factor, 2), unit) for name, limit in limits.items() if limit is not None}
        ]
    return resource


def _administration(chart: Chart, one: Administration) -> Resource:
    """A cycle; the last one says why therapy ended, where it did."""
    patient = chart.patient
    resource: Resource = {
        "resourceType": "MedicationAdministration",
        "id": _id(patient, "cycle", one.cycle),
        "extension": [
            {"url": profile.CYCLE_NUMBER, "valuePositiveInt": one.cycle},
            {"url": profile.ASSAY_DATETIME, "valueDateTime": _moment(one.assay)},
            {"url": profile.RESIDUAL_ACTIVITY, "valueQuantity": _quantity(one.residual_mbq, "MBq")},
            {"url": profile.RESIDUAL_DATETIME, "valueDateTime": _moment(one.residual_at)},
        ],
        "status": "completed",
        "medicationCodeableConcept": _concept(profile.ATC, "V10XX05", "Lutetium (177Lu) vipivotide tetraxetan"),
        "subject": _subject(patient),
        "effectiveDateTime": _moment(one.injection),
        "dosage": {"dose": _quantity(one.administered_mbq, "MBq")},
    }
    if chart.end_of_therapy is not None and one is patient.administrations[-1]:
        reason = chart.end_of_therapy[0]
        resource["statusReason"] = [_concept(profile.STOP_REASON_SYSTEM, reason, reason)]
    return resource


def _statement(patient: Patient, index: int, one: Treatment) -> Resource:
    period = {"start": one.begin.isoformat()} | ({"end": one.end.isoformat()} if one.end is not None else {})
    resource: Resource = {
        "resourceType": "MedicationStatement",
        "id": _id(patient, "statement", index),
        "status": "active" if one.end is None else "completed",
        "medicationCodeableConcept": {"text": one.agent},
        "subject": _subject(patient),
        "effectivePeriod": period,
    }
    if one.stop_reason is not None:
        resource["statusReason"] = [_concept(profile.STOP_REASON_SYSTEM, one.stop_reason, one.stop_reason)]
    return resource


def _readings(patient: Patient, lesions: Sequence[Sequence[Lesion]]) -> Iterable[Resource]:
    """The CT of each SPECT/CT was read; what the reader saw that binds no tracer is a finding of its own."""
    for cycle, (moment, found) in enumerate(zip(patient.spect_datetimes, lesions, strict=False), start=1):
        date = moment.date().isoformat()
        code = _concept(profile.FINDING_SYSTEM, "ct_read", "CT of the SPECT/CT was read")
        read = _observation(patient, ("ct_read", cycle), code, date)
        yield read | {
            "extension": [{"url": profile.CYCLE_NUMBER, "valuePositiveInt": cycle}],
            "valueBoolean": True,
        }
        for lesion in found:
            if lesion.avid or not lesion.is_new:
                continue
            code = _concept(profile.FINDING_SYSTEM, "ct_only_lesion", "New lesion on CT without PSMA uptake")
            sizes = sorted((2 * half for half in lesion.half_mm), reverse=True)
            finding = _observation(patient, ("ct_only", cycle, lesion.identity), code, date)
            yield finding | {
                "extension": [{"url": profile.CYCLE_NUMBER, "valuePositiveInt": cycle}],
                "bodySite": {"text": "lymph_node" if lesion.site == "node" else lesion.site},
                "component": [
                    _size("long_axis", "Long axis", sizes[0]),
                    _size("short_axis", "Short axis", sizes[1]),
                ],
            }


def _size(code: str, display: str, value_mm: float) -> Resource:
    concept = _concept(profile.FINDING_SYSTEM, code, display)
    return {"code": concept, "valueQuantity": _quantity(round(value_mm, 1), "mm")}


def _events(chart: Chart) -> Iterable[Resource]:
    """Clinical progression as noted, fractures and hospice care, dry mouth."""
    patient = chart.patient
    if chart.clinical_progression is not None:
        day = chart.clinical_progression.isoformat()
        code = _concept(profile.FINDING_SYSTEM, "clinical_progression", "Clinical progression")
        event = _observation(patient, ("clinical_progression",), code, day)
        yield event | {"valueBoolean": True, "method": {"text": "treating physician"}}
    for kind, date in chart.events:
        code = _concept(profile.FINDING_SYSTEM, kind, kind)
        yield _observation(patient, (kind,), code, date.isoformat()) | {"valueBoolean": True}
    if chart.dry_mouth is not None:
        begin, grade = chart.dry_mouth
        yield {
            "resourceType": "AdverseEvent",
            "id": _id(patient, "dry_mouth"),
            "extension": [
                {"url": profile.CTCAE_GRADE, "valueInteger": grade},
                {"url": profile.CTCAE_VERSION, "valueString": "5.0"},
            ],
            "actuality": "actual",
            "event": {"text": "Dry mouth"},
            "subject": _subject(patient),
            "date": begin.isoformat(),
        }


def _answers(patient: Patient, one: Answers) -> Resource:
    return {
        "resourceType": "QuestionnaireResponse",
        "id": _id(patient, "answers", one.instrument, one.date.isoformat()),
        "questionnaire": f"urn:lutrace:questionnaire/{one.instrument}",
        "status": "completed",
        "subject": _subject(patient),
        "authored": one.date.isoformat(),
        "item": [{"linkId": item, "answer": [{"valueInteger": answer}]} for item, answer in one.items],
    }


def _transfusion(patient: Patient, one: Transfusion) -> Resource:
    code, display = _TRANSFUSIONS[one.kind]
    return {
        "resourceType": "Procedure",
        "id": _id(patient, "transfusion", one.kind, one.date.isoformat()),
        "extension": [{"url": profile.UNITS, "valuePositiveInt": one.units}],
        "status": "completed",
        "code": _concept(profile.SNOMED, code, display),
        "subject": _subject(patient),
        "performedDateTime": one.date.isoformat(),
    }


def _encounter(patient: Patient, stay: Stay) -> Resource:
    code, display = _STAYS[stay.kind]
    return {
        "resourceType": "Encounter",
        "id": _id(patient, "encounter", code, stay.begin.isoformat()),
        "status": "finished",
        "class": _coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", code, display),
        "subject": _subject(patient),
        "period": {"start": stay.begin.isoformat(), "end": stay.end.isoformat()},
    }
