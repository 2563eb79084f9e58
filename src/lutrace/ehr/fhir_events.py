"""Encounter, AdverseEvent and QuestionnaireResponse in FHIR: contacts, adverse events, answers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_dispositions import is_discharge_by_death, read_discharge
from lutrace.ehr.fhir_elements import (
    Moment,
    RecordError,
    Resource,
    child,
    children,
    codes,
    codes_of_any,
    concept_text,
    extension,
    extension_count,
    moment,
    moment_of,
    number,
    required,
    text,
    words_of,
)
from lutrace.ehr.fhir_output import Output
from lutrace.terms import Instrument, instrument_named, instruments_of_items

_CLASSES = {
    **dict.fromkeys(("AMB", "HH", "FLD", "EMER"), "visit"),
    **dict.fromkeys(("IMP", "ACUTE", "NONAC", "OBSENC", "SS"), "admission"),
    "VR": "telephone",
}
_ATTRIBUTIONS = {
    "unrelated": "unrelated",
    "unlikely": "unlikely",
    "possible": "possible",
    "possibly": "possible",
    "probable": "probable",
    "probably": "probable",
    "probably-likely": "probable",
    "definite": "definite",
    "definitely": "definite",
    "certain": "definite",
}
_VERSION = re.compile(r"(?<![\d.])([456])\.0\d?(?!\d)")


def read_encounter(encounter: Resource, out: Output) -> None:
    """Contacts on the first and last day; how the stay ended, where it was by death or to a hospice."""
    start = required(moment_of(encounter, "date", "period.start"), "date", "period.start")
    end = moment_of(encounter, "date", "period.end")
    kind = _CLASSES.get(text(child(encounter, "class"), "code") or "", "other")
    discharge = child(child(encounter, "hospitalization"), "dischargeDisposition")
    out.row("contacts", {"date": start.day("date"), "kind": kind})
    if end is None:
        return
    died = is_discharge_by_death(discharge)
    if not died and end.day("date") != start.day("date"):
        out.row("contacts", {"date": end.day("date"), "kind": kind}, ".period.end")
    if died and out.patient not in out.survey.deceased:
        death = {"status": "dead", "date": end.day("date"), "date_precision": "day", "basis": "record"}
        out.row("follow_up", death)
    read_discharge(discharge, end.day("date"), out)


def read_adverse_event(event: Resource, out: Output) -> None:
    """An adverse_events row with the grade and version of CTCAE when stated."""
    concept = child(event, "event")
    term = concept_text(concept)
    if term is None:
        raise RecordError("term", "term: the event is not named", "record the CTCAE term in event")
    begin = required(moment_of(event, "begin_date", "date", "detected"), "begin_date", "date, detected")
    end = _end(event)
    grade = _grade(event)
    assessed = [
        _ATTRIBUTIONS[word.lower()]
        for suspect in children(event, "suspectEntity")
        for causality in children(suspect, "causality")
        for word in words_of(child(causality, "assessment"))
        if word.lower() in _ATTRIBUTIONS
    ]
    out.row(
        "adverse_events",
        {
            "term": term,
            "grade": grade,
            "criteria": _criteria(event, concept),
            "begin_date": begin.first_day(),
            "begin_date_precision": begin.precision,
            "end_date": end.day("end_date") if end is not None else None,
            "reporter": "clinician",
            "attribution": assessed[0] if assessed else None,
        },
    )


def read_questionnaire(response: Resource, out: Output) -> None:
    """One questionnaires row per answered item of a known instrument."""
    answered = [(item_id, answer) for item_id, answer in _items(response) if answer]
    instrument = _instrument(response, frozenset(item_id for item_id, _ in answered))
    if instrument is None:
        out.unread("instrument not in the vocabulary")
        return
    date = required(moment_of(response, "date", "authored"), "date", "authored").day("date")
    for item_id, answer in answered:
        if item_id not in instrument.items:
            out.unread(f"item outside {instrument.name}")
            continue
        place = f".item {item_id}"
        with out.refusing("questionnaires", {"instrument": instrument.name, "item": item_id}, place):
            row = {"date": date, "instrument": instrument.name, "item": item_id, "answer": _answer(answer)}
            out.row("questionnaires", row, place)


def _end(event: Resource) -> Moment | None:
    own = text(extension(event, profile.END_DATE), "valueDateTime")
    resolved = extension(event, profile.US_RESOLVED_DATE)
    return moment(own or text(resolved, "valueDate") or text(resolved, "valueDateTime"), "end_date")


def _grade(event: Resource) -> int | None:
    """The CTCAE grade by this program's extension, that of the American guide, or the German code of seriousness."""
    grade = extension_count(event, profile.CTCAE_GRADE)
    said = codes_of_any(child(extension(event, profile.US_CTCAE_GRADE), "valueCodeableConcept"))
    said += codes(child(event, "seriousness"), profile.OBDS_CTCAE_GRADE)
    grades = {int(code) for code in said if code.isdecimal()} | ({grade} if grade is not None else set())
    if len(grades) > 1 or not grades <= {1, 2, 3, 4, 5}:
        raise RecordError("grade", "grade: a CTCAE grade is one number from 1 to 5", "correct the grade at the source")
    return next(iter(grades), None)


def _criteria(event: Resource, concept: Resource) -> str | None:
    german = child(extension(event, profile.OBDS_CTCAE_VERSION), "valueCodeableConcept")
    said = [text(extension(event, profile.CTCAE_VERSION), "valueString"), *codes_of_any(german)]
    for coding in children(concept, "coding"):
        if "ctcae" in (text(coding, "system") or "").lower():
            said += [text(coding, "version"), text(coding, "system")]
    versions = (match.group(1) for part in said if part is not None and (match := _VERSION.search(part)) is not None)
    version = next(versions, None)
    return f"ctcae-{version}.0" if version is not None else None


def _items(node: Resource) -> Iterator[tuple[str, list[Resource]]]:
    """Link id (its last part) and answers of each item, nested ones too."""
    for item in children(node, "item"):
        link = text(item, "linkId")
        answers = children(item, "answer")
        if link is not None:
            yield link.split("/")[-1], answers
        yield from _items(item)
        for answer in answers:
            yield from _items(answer)


def _instrument(response: Resource, items: frozenset[str]) -> Instrument | None:
    """By the questionnaire's name, else by the items when they belong to one instrument only."""
    name = (text(response, "questionnaire") or "").split("|")[0].rstrip("/").split("/")[-1]
    named = instrument_named(name)
    if named is not None:
        return named
    fitting = instruments_of_items(items)
    if len(fitting) > 1:
        names = ", ".join(instrument.name for instrument in fitting)
        rule = f"instrument: the items fit more than one ({names})"
        raise RecordError("instrument", rule, "name the instrument in questionnaire, as .../xi-3")
    return fitting[0] if fitting else None


def _answer(answers: list[Resource]) -> float:
    if len(answers) != 1:
        raise RecordError("answer", "answer: expected one answer to the item", "keep one answer")
    answer = answers[0]
    for value in (number(answer, "valueInteger"), number(answer, "valueDecimal")):
        if value is not None:
            return float(value)
    value = number(child(answer, "valueQuantity"), "value")
    coding = child(answer, "valueCoding")
    ordinal = number(extension(coding, profile.ORDINAL_VALUE), "valueDecimal")
    code = text(coding, "code") or ""
    for found in (value, ordinal, int(code) if code.isdecimal() else None):
        if found is not None:
            return float(found)
    raise RecordError("answer", "answer: expected a number or a coding whose code is one", "record the raw answer")
