"""FHIR R4 bundles of virtual patients: what a hospital would hold of them, marked as test data."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from lutrace.core import UnsupportedError
from lutrace.ehr import fhir_profile as profile
from lutrace.terms import analyte_named
from lutrace.virtual.lesions import Lesion
from lutrace.virtual.timeline import Administration, LabValue, Patient, Treatment

Resource = dict[str, Any]

IDENTIFIER_SYSTEM = "urn:lutrace:virtual-centre"

_NAMESPACE = uuid.UUID("5d5f6f6e-5b2a-5c38-9d43-6c7574726163")
_LIMITS: dict[str, tuple[float | None, float | None]] = {
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
_HAEMOGLOBIN_MMOL_PER_G_DL = 0.6206


def make_bundle(patient: Patient, lesions: Sequence[Sequence[Lesion]]) -> Resource:
    """The FHIR R4 collection Bundle of one virtual patient; `lesions` are those of each SPECT, for its CT reading.

    Every bundle carries HTEST (test health data), and so does its Patient. Identifiers and ids depend on the patient's
    number only. Elements and codes are those of docs/reference/fhir.md.
    """
    resources = [
        _patient(patient),
        *_conditions(patient),
        *_body(patient),
        *(_lab(patient, index, lab) for index, lab in enumerate(patient.labs)),
        *(_administration(patient, one) for one in patient.administrations),
        *(_statement(patient, index, one) for index, one in enumerate(patient.treatments)),
        *_readings(patient, lesions),
        *_events(patient),
        *_encounters(patient),
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


def _patient(patient: Patient) -> Resource:
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
    if patient.dead:
        resource["deceasedDateTime"] = patient.last_date.isoformat()
    return resource


def _conditions(patient: Patient) -> Iterable[Resource]:
    clinical = {"coding": [_coding("http://terminology.hl7.org/CodeSystem/condition-clinical", "active", "Active")]}
    facts = (
        ("initial", _concept("http://hl7.org/fhir/sid/icd-10", "C61", "Prostate cancer"), patient.initial_date),
        (
            "metastatic",
            _concept("http://hl7.org/fhir/sid/icd-10", "C79.5" if patient.course.has_bone else "C77.9", "Metastasis"),
            patient.metastatic_date,
        ),
        (
            "mcrpc",
            _concept(profile.MILESTONE_SYSTEM, "mcrpc", "Metastatic castration-resistant prostate cancer"),
            patient.mcrpc_date,
        ),
    )
    for milestone, code, date in facts:
        yield {
            "resourceType": "Condition",
            "id": _id(patient, "condition", milestone),
            "clinicalStatus": clinical,
            "code": code,
            "subject": _subject(patient),
            "onsetDateTime": f"{date:%Y-%m}",
        }
    primary, secondary = patient.gleason
    gleason = _observation(
        patient, ("gleason",), _concept(profile.LOINC, "35266-6", "Gleason score"), f"{patient.initial_date:%Y-%m}"
    )
    yield gleason | {
        "focus": [{"reference": f"urn:uuid:{_id(patient, 'condition', 'initial')}"}],
        "valueInteger": primary + secondary,
        "component": [
            {"code": _concept(profile.LOINC, "44641-9", "Gleason primary"), "valueInteger": primary},
            {"code": _concept(profile.LOINC, "44642-7", "Gleason secondary"), "valueInteger": secondary},
        ],
    }


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
        factor, unit, code = _HAEMOGLOBIN_MMOL_PER_G_DL, "mmol/L", "59260-0"
        value = round(value * factor, 2)
    resource = _observation(patient, ("lab", index), _concept(profile.LOINC, code, analyte.title), lab.date.isoformat())
    resource["valueQuantity"] = _quantity(value, unit)
    if lab.analyte in _LIMITS:
        low, high = _LIMITS[lab.analyte]
        limits = {"low": low, "high": high}
        resource["referenceRange"] = [
            {name: _quantity(round(limit * factor, 2), unit) for name, limit in limits.items() if limit is not None}
        ]
    return resource


def _administration(patient: Patient, one: Administration) -> Resource:
    return {
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


def _events(patient: Patient) -> Iterable[Resource]:
    """Clinical progression of those who stopped for it, and dry mouth."""
    if patient.stop_reason == "progression":
        day = min(patient.administrations[-1].injection.date() + dt.timedelta(days=40), patient.last_date)
        code = _concept(profile.FINDING_SYSTEM, "clinical_progression", "Clinical progression")
        event = _observation(patient, ("clinical_progression",), code, day.isoformat())
        yield event | {"valueBoolean": True, "method": {"text": "treating physician"}}
    if patient.dry_mouth_from is not None and patient.dry_mouth_from <= patient.last_date:
        yield {
            "resourceType": "AdverseEvent",
            "id": _id(patient, "dry_mouth"),
            "extension": [
                {"url": profile.CTCAE_GRADE, "valueInteger": 1 + patient.number % 2},
                {"url": profile.CTCAE_VERSION, "valueString": "5.0"},
            ],
            "actuality": "actual",
            "event": {"text": "Dry mouth"},
            "subject": _subject(patient),
            "date": patient.dry_mouth_from.isoformat(),
        }


def _encounters(patient: Patient) -> Iterable[Resource]:
    """Admissions for the cycles, visits for the blood draws, and the last contact of those alive."""
    admissions = {one.injection.date(): one.injection.date() + dt.timedelta(days=2) for one in patient.administrations}
    visits = {lab.date for lab in patient.labs} | ({patient.last_date} if not patient.dead else set())
    for day, end in sorted(admissions.items()):
        yield _encounter(patient, "IMP", "inpatient encounter", day, min(end, patient.last_date))
    for day in sorted(visits - set(admissions)):
        yield _encounter(patient, "AMB", "ambulatory", day, day)


def _encounter(patient: Patient, code: str, display: str, begin: dt.date, end: dt.date) -> Resource:
    return {
        "resourceType": "Encounter",
        "id": _id(patient, "encounter", code, begin.isoformat()),
        "status": "finished",
        "class": _coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", code, display),
        "subject": _subject(patient),
        "period": {"start": begin.isoformat(), "end": end.isoformat()},
    }
