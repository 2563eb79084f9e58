"""MEASUREMENT and OBSERVATION in OMOP: laboratory results, vitals, answers, findings; Gleason and TNM for diagnoses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from lutrace.core import Row, UnusableInputError
from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_elements import RecordError, Resource, children, codes
from lutrace.ehr.fhir_files import Located
from lutrace.ehr.fhir_irradiation import ACTIVITY_MBQ
from lutrace.ehr.fhir_observations import ECOG_ANSWERS, ECOG_CODES, VITALS
from lutrace.ehr.fhir_staging import STAGING_CODES
from lutrace.ehr.omop_concepts import Concepts
from lutrace.ehr.omop_output import CdmRow, PersonOutput
from lutrace.ehr.table_labs import complete_lab
from lutrace.terms import (
    analyte_named,
    analyte_of_loinc,
    disposition_of,
    instrument_named,
    instruments,
    omop_meanings,
    parse_reported_value,
    split_result,
    tell,
)

Kind = Literal["lab", "vital", "staging", "tnm", "metastasis", "item", "event", "finding", "status", "own"]

EVENTS = ("psa_progression", "radiological_progression", "clinical_progression", "fracture", "hospice")
FINDINGS = ("ct_read", "ct_only_lesion", "reader_clinical_progression", "reader_radiological_progression")
STATUS = ("alive", "lost")
OPERATORS = omop_meanings().operators
_TNM = re.compile(r"^(?:([cpy]+)-)?(?:\d+th_)?AJCC/UICC-([TNM])([^_\s]+)$")
_TNM_LOINC = {"T": "21905-5", "N": "21906-3", "M": "21907-1"}
_ITEM = re.compile(r"^(fact-p|bpi-sf|xq|xi-3|xi|sxi)\s*[:/|_ .-]\s*([A-Za-z]+\d+[A-Za-z]?)$", re.IGNORECASE)
_CLOCK = re.compile(r"^\d{1,2}:\d{2}")


@dataclass(frozen=True)
class Meaning:
    """What a row is about: its kind, the name in the vocabulary (with the instrument of an item), and its codes."""

    kind: Kind
    name: str
    code: str | None = None
    concept: Resource | None = None


def meaning_of(concept: Resource, source_value: str | None, qualifier: str | None) -> Meaning | None:
    """What a coded row of MEASUREMENT or OBSERVATION is about; None when it is not read."""
    loinc = codes(concept, profile.LOINC)
    for code in loinc:
        analyte = analyte_of_loinc(code)
        if analyte is not None:
            return Meaning("lab", analyte.name, code)
        if code in VITALS:
            return Meaning("vital", VITALS[code][0], code)
    snomed = codes(concept, profile.SNOMED)
    if ECOG_CODES & {*loinc, *snomed}:
        return Meaning("vital", "ecog")
    if set(loinc) & STAGING_CODES or set(snomed) & STAGING_CODES:
        return Meaning("staging", "gleason or tnm", concept=concept)
    own = next(iter(codes(concept, profile.FINDING_SYSTEM)), None)
    if own is not None:
        kind: Kind = "event" if own in EVENTS else "finding" if own in FINDINGS else "own"
        return Meaning("status" if own in STATUS else kind, own)
    return _modifier(concept) or _item(source_value, qualifier)


def _modifier(concept: Resource) -> Meaning | None:
    """A category of TNM, or a metastasis, by the vocabulary Cancer Modifier."""
    for coding in children(concept, "coding"):
        if coding.get("system") != "Cancer Modifier":
            continue
        match = _TNM.match(str(coding["code"]))
        if match is not None:
            prefix, axis, value = match.groups()
            asked = {"coding": [{"system": profile.LOINC, "code": _TNM_LOINC[axis]}]}
            return Meaning("tnm", axis.lower(), f"{(prefix or '').lower()}{axis}{value}", asked)
        if "metasta" in str(coding.get("display", "")).casefold():
            return Meaning("metastasis", "metastatic", str(coding["code"]))
    return None


def _item(source_value: str | None, qualifier: str | None) -> Meaning | None:
    """An item of a questionnaire: `FACT-P:GP1`, or `GP1` where the qualifier names the instrument or one has it."""
    if source_value is None:
        return None
    match = _ITEM.match(source_value)
    name, item = match.groups() if match is not None else (qualifier or "", source_value)
    known = instrument_named(name) if name else None
    if known is None and not re.fullmatch(r"Q\d+[A-G]?", item):
        holding = [one for one in instruments() if item in one.items]
        known = holding[0] if len(holding) == 1 else None
    if known is None or item.upper() not in known.items:
        return None
    return Meaning("item", item.upper(), known.name)


def read_measured(row: CdmRow, meaning: Meaning, concepts: Concepts, out: PersonOutput) -> None:
    """The rows that a MEASUREMENT or OBSERVATION gives of itself; staging and metastases wait for the diagnoses."""
    prefix = row.table
    date = f"{prefix}_date"
    match meaning.kind:
        case "lab":
            with out.refusing("labs", row, {"analyte": meaning.name, "loinc": meaning.code}):
                _read_lab(row, meaning, concepts, out)
        case "vital":
            with out.refusing("vitals", row, {"measure": meaning.name}):
                _read_vital(row, meaning, concepts, out)
        case "item":
            with out.refusing("questionnaires", row, {"instrument": meaning.code, "item": meaning.name}):
                answer = _whole_answer(row, meaning.name)
                said: Row = {"instrument": meaning.code, "item": meaning.name, "answer": answer}
                out.row("questionnaires", {"date": row.required_day(date), **said}, row)
        case "event":
            with out.refusing("disease_events", row):
                precise = row.text("value_as_string")
                day = row.required_day(date)
                known: Row = {"date": day, "date_precision": precise if precise in ("month", "year") else "day"}
                said = {"kind": meaning.name, "basis": row.text("qualifier_source_value")}
                out.row("disease_events", known | said, row)
        case "finding":
            with out.refusing("reader_findings", row):
                _read_finding(row, meaning, out)
        case "status":
            with out.refusing("follow_up", row):
                basis = row.text("qualifier_source_value") or "contact"
                known = {"status": meaning.name, "date": row.required_day(date), "date_precision": "day"}
                out.row("follow_up", {**known, "basis": basis}, row)
        case "own":
            _read_own(row, meaning, out)


def _read_lab(row: CdmRow, meaning: Meaning, concepts: Concepts, out: PersonOutput) -> None:
    value = _result(row)
    if value is None:
        out.unread(row, "no value")
        return
    unit = unit_of(row, concepts, meaning.name)
    clock = row.moment(f"{row.table}_datetime")
    said = row.text("measurement_time")
    time = clock.strftime("%H:%M") if clock is not None else said if said and _CLOCK.match(said) else None
    out.row(
        "labs",
        complete_lab(
            {
                "patient_id": out.patient_id,
                "date": row.required_day(f"{row.table}_date"),
                "time": None if time in ("00:00", "00:00:00") else time,
                "analyte": meaning.name,
                "loinc": meaning.code,
                "value": value,
                "unit": unit,
                "lln": _limit(row, "range_low"),
                "uln": _limit(row, "range_high"),
            },
            None,
        ),
        row,
    )


def _result(row: CdmRow) -> str | None:
    """The result as reported; the number and the source's text must say the same, and so must their comparators."""
    number, written = row.number_of("value_as_number"), row.text("value_source_value") or row.text("value_as_string")
    sign = OPERATORS.get(row.concept("operator_concept_id"), "") if "operator_concept_id" in row.cells else ""
    text = None if number is None else f"{sign}{plain_number(number)}"
    if written is None:
        return text
    try:
        value = split_result(written)[0]
        reported = parse_reported_value(value)
    except UnusableInputError:
        if number is None:
            raise
        return text
    if number is None:
        return value
    if abs(reported.value - float(number)) > 0.005 * abs(float(number)) + 1e-9:
        rule = "value_as_number and value_source_value are different numbers"
        raise RecordError("value", rule, "correct the value in the CDM")
    if sign and reported.comparator is not None and sign != reported.comparator:
        rule = "operator_concept_id and value_source_value are different comparators"
        raise RecordError("comparator", rule, "correct the operator in the CDM")
    return value if reported.comparator is not None or not sign else f"{sign}{value}"


def unit_of(row: CdmRow, concepts: Concepts, analyte_name: str | None = None) -> str | None:
    """The unit as the source writes it, else by its concept; refused where both are known and differ."""
    written = row.text("unit_source_value")
    number = row.concept("unit_concept_id")
    found = concepts.find(number)
    coded = found.code if found is not None else None
    analyte = analyte_named(analyte_name) if analyte_name is not None else None
    if number and found is None and written is None:
        rule = f"unit_concept_id {number} is a concept whose meaning is not known"
        raise RecordError("unit", rule, "add the table CONCEPT, or state the concept in the site profile")
    if analyte is None or written is None or coded is None or not analyte.knows(coded):
        return written or coded
    if not analyte.knows(written):
        return coded
    if analyte.factor(written) != analyte.factor(coded):
        rule = f"{analyte.name}: unit_source_value and unit_concept_id are different units"
        raise RecordError("unit", rule, "correct the unit in the CDM")
    return written


def _limit(row: CdmRow, name: str) -> str | None:
    value = row.number_of(name)
    return None if value is None else plain_number(value)


def plain_number(value: Decimal) -> str:
    """A number without trailing zeros and without an exponent."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _read_vital(row: CdmRow, meaning: Meaning, concepts: Concepts, out: PersonOutput) -> None:
    said: Row = {"date": row.required_day(f"{row.table}_date"), "measure": meaning.name}
    if meaning.name == "ecog":
        answer = concepts.find(row.concept("value_as_concept_id"))
        value = ECOG_ANSWERS[answer.code] if answer is not None and answer.code in ECOG_ANSWERS else None
        number = value if value is not None else _whole_answer(row, "ecog")
        if number not in range(6):
            raise RecordError("value", "ecog: expected a whole number from 0 to 5", "record the performance status")
        out.row("vitals", said | {"value": float(number)}, row)
        return
    value_text = _result(row)
    if value_text is None:
        out.unread(row, "no value")
        return
    reported = parse_reported_value(value_text)
    factors = VITALS[meaning.code or ""][1]
    unit = unit_of(row, concepts)
    if reported.comparator is not None or unit not in factors:
        shown = "none" if unit is None else tell(unit)
        rule = f"{meaning.name} must be exact and in one of {', '.join(factors)}, got {shown}"
        raise RecordError("value", rule, "state a known unit")
    out.row("vitals", said | {"value": float(f"{reported.value * factors[unit]:.12g}")}, row)


def _whole_answer(row: CdmRow, name: str) -> float:
    """The number that a row answers, in value_as_number or as text."""
    number = row.number_of("value_as_number")
    for column in ("value_source_value", "value_as_string"):
        written = row.text(column)
        if number is None and written is not None and re.fullmatch(r"\d{1,3}(?:\.\d+)?", written):
            number = Decimal(written)
    if number is None:
        raise RecordError("answer", f"{name}: expected a number as value", "record the answer in value_as_number")
    return float(number)


def _read_finding(row: CdmRow, meaning: Meaning, out: PersonOutput) -> None:
    length = row.number_of("value_as_number")
    if length is not None and row.text("unit_source_value") != "mm":
        raise RecordError("long_axis_mm", "long_axis_mm must be in mm", "state the unit mm in unit_source_value")
    out.row(
        "reader_findings",
        {
            "date": row.required_day(f"{row.table}_date"),
            "kind": meaning.name.removeprefix("reader_"),
            "site": row.text("value_as_string"),
            "long_axis_mm": None if length is None else float(length),
            "basis": row.text("qualifier_source_value"),
        },
        row,
    )


def _read_own(row: CdmRow, meaning: Meaning, out: PersonOutput) -> None:
    """What a disposition says; facts of a cycle wait for the cycles, others are counted."""
    if meaning.name != "disposition":
        if meaning.name not in CYCLE_FACTS:
            out.unread(row, "code not read")
        return
    with out.refusing("dispositions", row):
        system, code = row.text("qualifier_source_value"), row.text("value_source_value")
        if system is None or code is None or disposition_of(system, code) is None:
            rule = "code: value_source_value holds no code of the system in qualifier_source_value"
            raise RecordError("code", rule, "record it by a code of docs/reference/dispositions.md")
        known: Row = {"date": row.required_day(f"{row.table}_date"), "date_precision": "day"}
        out.row("dispositions", known | {"code_system": system, "code": code}, row)


CYCLE_FACTS = ("residual_activity", "syringe_assay")
"""Own words for facts of a cycle: the activity left in the syringe, and when the syringe was measured."""


def cycle_fact(row: CdmRow, meaning: Meaning) -> Row:
    """The columns of cycles that a fact of a cycle fills; activities in MBq."""
    moment = row.moment(f"{row.table}_datetime")
    if meaning.name == "syringe_assay":
        return {"assay_datetime": moment}
    value, unit = row.number_of("value_as_number"), row.text("unit_source_value")
    if value is None or unit not in ACTIVITY_MBQ:
        rule = f"residual_mbq must be a number in one of {', '.join(ACTIVITY_MBQ)}"
        raise RecordError("residual_mbq", rule, "state a known unit")
    return {"residual_mbq": float(f"{float(value) * ACTIVITY_MBQ[unit]:.12g}"), "residual_datetime": moment}


def staging_observation(row: CdmRow, meaning: Meaning, concepts: Concepts) -> Located:
    """A row on Gleason or TNM as the FHIR Observation that says the same, for the join with the diagnoses."""
    observation: dict[str, Any] = {"resourceType": "Observation", "code": meaning.concept}
    observation["effectiveDateTime"] = row.required_day(f"{row.table}_date").isoformat()
    number, written = row.number_of("value_as_number"), row.text("value_source_value") or row.text("value_as_string")
    answer = concepts.find(row.concept("value_as_concept_id"))
    if meaning.kind == "tnm":
        observation["valueString"] = meaning.code
    elif answer is not None:
        observation["valueCodeableConcept"] = concepts.concept(answer.id, 0, answer.name)
    elif number is not None and (written is None or "+" not in written):
        observation["valueQuantity"] = {"value": float(number)}
    elif written is not None:
        observation["valueString"] = written
    event = row.integer("measurement_event_id") if row.table == "measurement" else None
    if event is not None:
        observation["focus"] = [{"reference": f"condition_occurrence_id {event}"}]
    return Located(observation, row.locator, row.table)
