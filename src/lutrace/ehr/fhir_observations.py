"""Observation and DiagnosticReport in FHIR: laboratory results, vitals, what readers found, what happened."""

from __future__ import annotations

from lutrace.core import Row
from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_course import course_reader, effective, metastatic_row
from lutrace.ehr.fhir_deaths import DEATH_CODES
from lutrace.ehr.fhir_documents import read_report_texts
from lutrace.ehr.fhir_elements import (
    EFFECTIVE,
    RecordError,
    Resource,
    child,
    children,
    codes,
    codes_of_any,
    concept_text,
    extension,
    extension_count,
    is_absent,
    measured,
    moment_of,
    number,
    quantity_text,
    text,
)
from lutrace.ehr.fhir_output import Output
from lutrace.ehr.fhir_patients import read_death
from lutrace.ehr.fhir_staging import STAGING_CODES, staging_of_observation
from lutrace.ehr.fhir_survey import WEIGHT_CODES, WEIGHT_KG
from lutrace.terms import (
    Analyte,
    analyte_of_loinc,
    canonical_lab,
    canonical_limit,
    parse_reported_value,
    split_result,
    tell,
)

VITALS = {
    "8302-2": ("height_cm", {"cm": 1.0, "m": 100.0, "[in_i]": 2.54, "in": 2.54}),
    "39156-5": ("bmi_kg_m2", {"kg/m2": 1.0, "kg/m²": 1.0}),
    **dict.fromkeys(WEIGHT_CODES, ("weight_kg", WEIGHT_KG)),
}
"""Measures of the body by code: the name in VITALS and the factors of the units read."""
ECOG_CODES = frozenset({"89247-1", "89262-0", "423740007"})
ECOG_ANSWERS = {"LA9622-7": 0, "LA9623-5": 1, "LA9624-3": 2, "LA9625-0": 3, "LA9626-8": 4, "LA9627-6": 5}
_READER = ("ct_read", "ct_only_lesion", "clinical_progression", "radiological_progression")
_EVENTS = ("psa_progression", "fracture", "hospice")
_LENGTH_MM = {"mm": 1.0, "cm": 10.0}
_LONGEST = "33728-7"


def read_observation(observation: Resource, out: Output) -> None:
    """Rows of labs, vitals, diagnoses, deaths, reader_findings or disease_events, by the code; others are counted."""
    code = child(observation, "code")
    coded = frozenset(codes(code, profile.LOINC, profile.SNOMED))
    if coded & STAGING_CODES:
        with out.refusing("diagnoses"):
            _read_staging(observation, out)
        return
    finding = next(iter(codes(code, profile.FINDING_SYSTEM)), None)
    if finding is not None:
        with out.refusing("disease_events" if finding in _EVENTS else "reader_findings"):
            _read_finding(observation, finding, out)
    elif coded & DEATH_CODES:
        with out.refusing("follow_up"):
            read_death(observation, moment_of(observation, "date", *EFFECTIVE), out)
    elif is_absent(observation) and not children(observation, "component"):
        out.unread("no value, with a reason")
    elif coded & ECOG_CODES or coded & VITALS.keys():
        with out.refusing("vitals"):
            _read_vital(observation, coded, out)
    elif (course := course_reader(observation, coded)) is not None:
        read_course, table = course
        with out.refusing(table):
            if out.survey.is_of_another_tumour(out.located):
                out.unread("course of another disease")
            else:
                read_course(observation, out)
    else:
        _read_labs(observation, out)


def read_report(report: Resource, out: Output) -> None:
    """Rows of the findings that a DiagnosticReport concludes, and its text; other conclusions are counted."""
    findings = [code for item in children(report, "conclusionCode") for code in codes(item, profile.FINDING_SYSTEM)]
    with out.refusing("text_findings"):
        if not read_report_texts(report, out) and not findings:
            out.unread("no conclusion code that is read")
    for index, finding in enumerate(findings):
        place = f".conclusionCode[{index}]"
        with out.refusing("disease_events" if finding in _EVENTS else "reader_findings", place=place):
            _read_finding(report, finding, out, place)


def _read_staging(observation: Resource, out: Output) -> None:
    """Nothing for what the initial diagnosis carries; M1 of a later time is a metastatic diagnosis of its day."""
    key, joined = out.located.key, out.survey.staging
    if key in joined.faults:
        raise joined.faults[key]
    if is_absent(observation):
        out.unread("no value, with a reason")
    elif key in joined.elsewhere:
        out.unread("Gleason or TNM of another disease")
    elif key in joined.later:
        category = staging_of_observation(observation).get("m")
        if category is None or "M1" not in category:
            out.unread("Gleason or TNM of a later time than the first diagnosis")
            return
        out.row("diagnoses", metastatic_row(observation, {"method": "code", "code": category, "m": category}))


def _read_labs(observation: Resource, out: Output) -> None:
    """The result of the Observation itself and those of its components."""
    parts = [("", observation, codes(child(observation, "code"), profile.LOINC))]
    for index, component in enumerate(children(observation, "component")):
        parts.append((f".component[{index}]", component, codes(child(component, "code"), profile.LOINC)))
    known = 0
    for place, part, part_codes in parts:
        found = next(((item, code) for code in part_codes if (item := analyte_of_loinc(code)) is not None), None)
        if found is None:
            continue
        known += 1
        row: Row = {"analyte": found[0].name, "loinc": found[1]}
        with out.refusing("labs", row, place):
            _read_lab(observation, part, out, found[0], row, place)
    if known == 0:
        out.unread_code("code not read", child(observation, "code"))


def _read_lab(observation: Resource, part: Resource, out: Output, analyte: Analyte, row: Row, place: str) -> None:
    if is_absent(part):
        out.unread("no value, with a reason")
        return
    when = effective(observation)
    row["date"] = when.day("date")
    value_text, unit = _result(part)
    row |= {"value_text": value_text[:24], "unit": unit}
    _check_display_unit(child(part, "valueQuantity"), analyte, unit)
    lab = canonical_lab(analyte.name, value_text, unit)
    lln, uln = _limits(part, analyte, unit)
    out.row(
        "labs",
        row
        | {
            "time": when.time.isoformat("minutes") if when.time is not None else None,
            "value_text": value_text,
            "comparator": lab.comparator,
            "value": lab.value,
            "canonical_unit": lab.canonical_unit,
            "lln": lln,
            "uln": uln,
        },
        place,
    )


def _result(part: Resource) -> tuple[str, str | None]:
    """The result as reported and its unit."""
    stated = quantity_text(child(part, "valueQuantity"))
    if stated is not None:
        reported = text(extension(part, profile.AS_REPORTED), "valueString") or stated[0]
        if parse_reported_value(reported) != parse_reported_value(stated[0]):
            raise RecordError("value_text", "value_text: the result as reported is not its Quantity", "keep what holds")
        return reported, stated[1]
    said = text(part, "valueString")
    if said is not None:
        return split_result(said)
    if number(part, "valueInteger") is not None:
        return str(part["valueInteger"]), None
    raise RecordError("value", "value: neither valueQuantity nor valueString is given", "record the result")


def _check_display_unit(quantity: Resource, analyte: Analyte, unit: str | None) -> None:
    """Refuse a Quantity whose display unit is another known unit than its code."""
    shown = text(quantity, "unit")
    if shown is None or not analyte.knows(shown) or not analyte.knows(unit):
        return
    if analyte.factor(shown) != analyte.factor(unit):
        rule = f"{analyte.name}: unit {tell(shown)} and its code {tell(unit)} are different units"
        raise RecordError("unit", rule, "correct the unit at the source")


def _limits(part: Resource, analyte: Analyte, unit: str | None) -> tuple[float | None, float | None]:
    """The limits of normal in the canonical unit; None when several ranges leave it open which holds."""
    ranges = children(part, "referenceRange")
    normal = [item for item in ranges if "normal" in codes_of_any(child(item, "type"))] or [
        item for item in ranges if not child(item, "type")
    ]
    if len(normal) != 1:
        return None, None
    low, high = child(normal[0], "low"), child(normal[0], "high")
    if low or high:
        return _limit(low, analyte, unit), _limit(high, analyte, unit)
    begin, dash, end = (text(normal[0], "text") or "").replace("\u2013", "-").partition("-")
    if not dash or not begin.strip() or not end.strip():
        return None, None
    value_text, own_unit = split_result(end)
    values = [parse_reported_value(item).value for item in (begin, value_text)]
    return tuple(canonical_limit(analyte, value, own_unit or unit) for value in values)  # type: ignore[return-value]


def _limit(quantity: Resource, analyte: Analyte, unit: str | None) -> float | None:
    value = number(quantity, "value")
    if value is None:
        return None
    return canonical_limit(analyte, float(value), text(quantity, "code") or text(quantity, "unit") or unit)


def _read_vital(observation: Resource, coded: frozenset[str], out: Output) -> None:
    row: Row = {"date": effective(observation).day("date")}
    if coded & ECOG_CODES:
        if codes(child(observation, "valueCodeableConcept"), profile.OBDS_ECOG) == ["U"]:
            out.unread("ECOG said to be unknown")
        else:
            out.row("vitals", row | {"measure": "ecog", "value": _ecog(observation)})
        return
    measure, factors = next(found for code, found in VITALS.items() if code in coded)
    value = measured(child(observation, "valueQuantity"), measure, factors)
    if value is None:
        raise RecordError("value", f"{measure}: valueQuantity is missing", "record the value with its unit")
    out.row("vitals", row | {"measure": measure, "value": value})


def _ecog(observation: Resource) -> float:
    answers = codes_of_any(child(observation, "valueCodeableConcept"))
    value = next((ECOG_ANSWERS[code] for code in answers if code in ECOG_ANSWERS), None)
    if value is None:
        value = next(
            (
                int(found)
                for found in (
                    number(observation, "valueInteger"),
                    number(child(observation, "valueQuantity"), "value"),
                    *(float(code) for code in answers if code in "012345"),
                )
                if found is not None and found in range(6)
            ),
            None,
        )
    if value is None:
        raise RecordError("value", "ecog: expected a whole number from 0 to 5", "record the performance status")
    return float(value)


def _read_finding(resource: Resource, finding: str, out: Output, place: str = "") -> None:
    if resource.get("valueBoolean") is False:
        out.unread(f"{finding}: said not to be")
        return
    when = effective(resource)
    basis = text(child(resource, "method"), "text")
    if finding in _EVENTS:
        row = {"kind": finding, "date": when.first_day(), "date_precision": when.precision, "basis": basis}
        out.row("disease_events", row, place)
        return
    if finding not in _READER:
        out.unread("finding not read")
        return
    sizes = {
        code: measured(child(component, "valueQuantity"), f"{code}_mm", _LENGTH_MM)
        for component in children(resource, "component")
        for code in _size_codes(child(component, "code"))
    }
    out.row(
        "reader_findings",
        {
            "date": when.day("date"),
            "kind": finding,
            "cycle": extension_count(resource, profile.CYCLE_NUMBER),
            "site": concept_text(child(resource, "bodySite")),
            "long_axis_mm": sizes.get("long_axis"),
            "short_axis_mm": sizes.get("short_axis"),
            "basis": basis,
        },
        place,
    )


def _size_codes(code: Resource) -> list[str]:
    return [*codes(code, profile.FINDING_SYSTEM), *("long_axis" for _ in set(codes(code, profile.LOINC)) & {_LONGEST})]
