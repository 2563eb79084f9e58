"""Rows of the registry as FHIR R4: persons, diagnoses, measures and what happened; docs/reference/fhir.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lutrace.core import Row, UnusableInputError
from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_milestones import milestone_of
from lutrace.ehr.fhir_write_therapy import (
    add_cycles,
    add_medication,
    add_statements,
    add_support,
    add_treatment,
    leave_dispositions,
    stays_of,
)
from lutrace.ehr.fhir_writing import (
    Resource,
    Resources,
    coding,
    concept,
    extensions,
    partial,
    quantity,
    words,
)
from lutrace.terms import analyte_named, canonical_lab, parse_reported_value, site_of_obds

PSEUDONYM_SYSTEM = "urn:lutrace:pseudonym"
"""The system of the identifiers written: pseudonyms of the registry."""
_ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_ENCOUNTERS = {
    "visit": (_ACT, "AMB"),
    "admission": (_ACT, "IMP"),
    "telephone": (_ACT, "VR"),
    "other": ("http://terminology.hl7.org/CodeSystem/v3-NullFlavor", "OTH"),
}
_BODY = {
    "height_cm": ("8302-2", "Body height", "cm"),
    "weight_kg": ("29463-7", "Body weight", "kg"),
    "bmi_kg_m2": ("39156-5", "Body mass index", "kg/m2"),
}
_SIZES = {"long_axis": "Long axis", "short_axis": "Short axis"}
_IMAGING = ("363679005", "Imaging")
_STATUSES = {"radiological_progression": True, "clinical_progression": False}


def make_fhir(tables: Mapping[str, Sequence[Row]]) -> Resources:
    """Resources of the rows of fact tables, as `read_fhir` reads them; what has no place is counted in `left`."""
    made = Resources()
    dead = _deaths(tables.get("follow_up", ()))
    for row in tables.get("patients", ()):
        _add_patient(made, row, dead.get(row["patient_id"]))
    known = {name: [row for row in rows if _is_known(made, name, row)] for name, rows in tables.items()}
    for name, rows in known.items():
        write = _WRITERS.get(name)
        for row in rows if name not in _TOGETHER else ():
            if write is None:
                made.leave(name, row, "", "the table has no place in FHIR")
            else:
                write(made, row)
    add_cycles(made, known)
    add_statements(made, known)
    leave_dispositions(made, known)
    _add_contacts(made, known)
    _add_answers(made, known.get("questionnaires", ()))
    for row in known.get("follow_up", ()):
        _add_follow_up(made, row, dead)
    return made


def _is_known(made: Resources, table: str, row: Row) -> bool:
    known = row.get("patient_id") in made.synthetic
    if not known:
        made.leave(table, row, "patient_id", "the patient is not among the patients written")
    return known


def _deaths(rows: Sequence[Row]) -> dict[str, Row]:
    """The first statement of death of each patient: it stands in the Patient."""
    found: dict[str, Row] = {}
    for row in rows:
        if row["status"] == "dead":
            found.setdefault(row["patient_id"], row)
    return found


def _add_patient(made: Resources, row: Row, death: Row | None) -> None:
    patient = row["patient_id"]
    made.synthetic[patient] = bool(row["synthetic"])
    kind = {"coding": [coding(profile.IDENTIFIER_TYPES[1], "PSEUDED", "pseudonymized")]}
    made.add(
        "Patient",
        row,
        identifier=[{"type": kind, "system": PSEUDONYM_SYSTEM, "value": patient}],
        gender=row["sex"],
        birthDate=str(row["birth_year"]) if row["birth_year"] is not None else None,
        deceasedDateTime=_date(death) if death is not None else None,
    )


def _date(row: Row) -> str | None:
    return partial(row["date"], row.get("date_precision"))


def _observe(made: Resources, row: Row, code: Resource, *names: object, **elements: Any) -> Resource:
    when = elements.pop("when", None) or _date(row)
    return made.add("Observation", row, *names, status="final", code=code, effectiveDateTime=when, **elements)


def _add_follow_up(made: Resources, row: Row, dead: Mapping[str, Row]) -> None:
    """Seen alive, the cause of the death that stands in the Patient, and every further statement of a death."""
    if row["status"] == "alive":
        alive = concept(profile.GERMAN_VITAL_STATUS, "L")
        _observe(made, row, concept(profile.LOINC, "67162-8", "Vital status"), valueCodeableConcept=alive)
    elif row["status"] != "dead":
        made.leave("follow_up", row, "status", "lost to follow-up has no code that is read")
    elif row["cause"] is not None or dead[row["patient_id"]] is not row:
        cause = concept(profile.ICD10[0], "C61") if row["cause"] == "prostate_cancer" else words(row["cause"])
        unknown = concept(profile.ABSENT[0], "unknown") if cause is None else None
        other = [concept(profile.OBDS_DEATH, "N")] if row["cause"] == "other" else []
        code = concept(profile.LOINC, "79378-6", "Cause of death")
        _observe(made, row, code, valueCodeableConcept=cause, dataAbsentReason=unknown, interpretation=other)


def _add_diagnosis(made: Resources, row: Row) -> None:
    """The Condition of a diagnosis with its TNM as stages and its Gleason as an Observation of it."""
    system, code = row["code_system"], row["code"]
    if system in profile.OBDS_METASTASES and code is not None and site_of_obds(code) is not None:
        site = concept(system, code)
        _observe(made, row, concept(profile.SNOMED, "385421009", "Site of metastases"), valueCodeableConcept=site)
        return
    if row["method"] == "physician":
        system, code = profile.MILESTONE_SYSTEM, row["milestone"]
    coded = concept(system, code) if system is not None and code is not None else {}
    if row["method"] in ("text", "derived") or milestone_of({"code": coded})[0] != row["milestone"]:
        made.leave("diagnoses", row, "method", "no Condition says the milestone by this method and code")
        return
    condition = made.add(
        "Condition",
        row,
        code=coded,
        onsetDateTime=_date(row),
        stage=[{"summary": {"text": row[axis]}} for axis in "tnm" if row[axis] is not None],
    )
    parts = {"44641-9": row["gleason_primary"], "44642-7": row["gleason_secondary"]}
    if row["gleason_sum"] is not None or any(one is not None for one in parts.values()):
        _observe(
            made,
            row,
            concept(profile.LOINC, "35266-6", "Gleason score"),
            "gleason",
            focus=[{"reference": f"Condition/{condition['id']}"}],
            valueInteger=row["gleason_sum"],
            component=[
                {"code": concept(profile.LOINC, loinc), "valueInteger": part}
                for loinc, part in parts.items()
                if part is not None
            ],
        )


def _add_vital(made: Resources, row: Row) -> None:
    if row["measure"] == "ecog":
        code = concept(profile.LOINC, "89247-1", "ECOG performance status")
        _observe(made, row, code, valueInteger=int(row["value"]))
        return
    loinc, display, unit = _BODY[row["measure"]]
    _observe(made, row, concept(profile.LOINC, loinc, display), valueQuantity=quantity(row["value"], unit))


def _add_lab(made: Resources, row: Row) -> None:
    """A result as a Quantity, with the text as reported where that is written otherwise, and its limits of normal."""
    analyte = analyte_named(row["analyte"])
    if analyte is None:
        made.leave("labs", row, "analyte", "the analyte has no LOINC code in the vocabulary")
        return
    limits = {"low": row["lln"], "high": row["uln"]}
    found = {name: quantity(value, row["canonical_unit"]) for name, value in limits.items() if value is not None}
    _observe(
        made,
        row,
        concept(profile.LOINC, row["loinc"] or analyte.loinc[0], analyte.title),
        when=f"{row['date']}T{row['time']}:00Z" if row["time"] is not None else None,
        referenceRange=[found] if found else [],
        **_result(row),
    )


def _result(row: Row) -> Resource:
    """The value that counts: as reported, in the canonical unit where the text says another or may mean two."""
    reported, sign = str(row["value_text"]), row["comparator"]
    signed = {"comparator": sign} if sign is not None else {}
    try:
        said = canonical_lab(row["analyte"], reported, row["unit"])
    except UnusableInputError:
        said = None
    if said is None or (said.value, said.comparator) != (row["value"], sign):
        return {"valueQuantity": (quantity(row["value"], row["canonical_unit"]) or {}) | signed}
    value = parse_reported_value(reported).value
    plain = reported.removeprefix(sign or "")
    exact = int(value) if value.is_integer() and plain != str(value) else value
    return {
        "extension": extensions((profile.AS_REPORTED, "valueString", reported if plain != str(exact) else None)),
        "valueQuantity": (quantity(exact, row["unit"]) or {}) | signed,
    }


def _finding(code: str) -> Resource:
    return concept(profile.FINDING_SYSTEM, code, code.replace("_", " "))


def _add_event(made: Resources, row: Row) -> None:
    """An event by this program's code; a progression that is not of PSA as a disease status with its evidence."""
    kind, basis = row["kind"], row["basis"]
    if kind not in _STATUSES:
        _observe(made, row, _finding(kind), valueBoolean=True, method=words(basis))
        return
    evidence = words(basis) or {}
    if _STATUSES[kind]:
        evidence["coding"] = [coding(profile.SNOMED, *_IMAGING)]
    _observe(
        made,
        row,
        concept(profile.LOINC, "97509-4", "Cancer disease progression"),
        valueCodeableConcept=concept(profile.SNOMED, "271299001", "Patient's condition worsened"),
        extension=extensions((profile.EVIDENCE_TYPE, "valueCodeableConcept", evidence or None)),
    )


def _add_finding(made: Resources, row: Row) -> None:
    sizes = {name: quantity(row[f"{name}_mm"], "mm") for name in _SIZES}
    _observe(
        made,
        row,
        _finding(row["kind"]),
        extension=extensions((profile.CYCLE_NUMBER, "valuePositiveInt", row["cycle"])),
        valueBoolean=True,
        bodySite=words(row["site"]),
        method=words(row["basis"]),
        component=[
            {"code": concept(profile.FINDING_SYSTEM, name, _SIZES[name]), "valueQuantity": size}
            for name, size in sizes.items()
            if size is not None
        ],
    )


def _add_adverse_event(made: Resources, row: Row) -> None:
    version = str(row["criteria"]).removeprefix("ctcae-") if row["criteria"] is not None else None
    suspect = {"instance": {"display": "radioligand therapy"}, "causality": [{"assessment": words(row["attribution"])}]}
    made.add(
        "AdverseEvent",
        row,
        extension=extensions(
            (profile.CTCAE_GRADE, "valueInteger", row["grade"]),
            (profile.CTCAE_VERSION, "valueString", version),
            (profile.END_DATE, "valueDateTime", partial(row["end_date"], "day")),
        ),
        actuality="actual",
        event=words(row["term"]),
        date=partial(row["begin_date"], row["begin_date_precision"]),
        suspectEntity=[suspect] if row["attribution"] is not None else [],
    )


def _add_contacts(made: Resources, tables: Mapping[str, Sequence[Row]]) -> None:
    """Encounters of one day each; the first of a day carries how a stay ended on it."""
    stays = stays_of(tables)
    for row in tables.get("contacts", ()):
        if row["kind"] not in _ENCOUNTERS:
            made.leave("contacts", row, "kind", "an Encounter is no letter and no bill")
            continue
        ended = stays.pop((row["patient_id"], row["date"]), [])
        day = row["date"].isoformat()
        made.add(
            "Encounter",
            row,
            status="finished",
            class_=coding(*_ENCOUNTERS[row["kind"]]),
            period={"start": day, "end": day},
            hospitalization={"dischargeDisposition": {"coding": ended}} if ended else None,
        )


def _add_answers(made: Resources, rows: Sequence[Row]) -> None:
    """One QuestionnaireResponse for each instrument and day of a patient."""
    forms: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        forms.setdefault((row["patient_id"], row["instrument"], row["date"]), []).append(row)
    for (_, instrument, date), answered in forms.items():
        items = []
        for row in answered:
            whole = float(row["answer"]).is_integer()
            answer = {"valueInteger": int(row["answer"])} if whole else {"valueDecimal": row["answer"]}
            items.append({"linkId": row["item"], "answer": [answer]})
        made.add(
            "QuestionnaireResponse",
            answered[0],
            questionnaire=f"urn:lutrace:questionnaire/{instrument}",
            status="completed",
            authored=date.isoformat(),
            item=items,
        )


_TOGETHER = frozenset(
    {"patients", "follow_up", "cycles", "cycle_statements", "dispositions", "contacts", "questionnaires"}
)
"""Tables whose rows are written with those of others, or several in one resource."""
_WRITERS: dict[str, Callable[[Resources, Row], None]] = {
    "diagnoses": _add_diagnosis,
    "vitals": _add_vital,
    "labs": _add_lab,
    "treatments": add_treatment,
    "medications": add_medication,
    "support": add_support,
    "adverse_events": _add_adverse_event,
    "disease_events": _add_event,
    "reader_findings": _add_finding,
}
CARRIED_TABLES = (*_TOGETHER, *_WRITERS)
"""The fact tables that FHIR can carry."""
