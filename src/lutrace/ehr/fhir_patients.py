"""Patient and Condition in FHIR: who is in the registry, who has died, and the milestones of the disease."""

from __future__ import annotations

from lutrace.core import Row
from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_deaths import states_death
from lutrace.ehr.fhir_elements import Moment, RecordError, Resource, child, children, moment_of, text
from lutrace.ehr.fhir_milestones import milestone_of, onset_of
from lutrace.ehr.fhir_output import Output
from lutrace.ehr.fhir_references import identity_of
from lutrace.ehr.fhir_staging import staging_of_condition

_NAMELESS = "patients without an identifier are named by the id of their resource, which only its own server knows"
_SEXES = ("male", "female", "other", "unknown")


def read_patient(patient: Resource, out: Output) -> None:
    """A patients row, the identity for the identities file, and the death when the record has one."""
    identity = identity_of(patient, out.survey.identifier_system)
    who = {"patient_id": identity.identifiers[0][1], "source_locator": out.located.locator}
    out.collected.identities.append(identity)
    if not children(patient, "identifier"):
        out.collected.notes[_NAMELESS] += 1
    with out.refusing("patients"):
        _check_type(patient, "birth_year", "birthDate", str)
        _check_type(patient, "sex", "gender", str)
        born = moment_of(patient, "birth_year", "birthDate")
        sex = text(patient, "gender")
        security = children(patient.get("meta") or {}, "security") if isinstance(patient.get("meta"), dict) else []
        out.collected.rows["patients"].append(
            who
            | {
                "birth_year": born.date.year if born is not None else None,
                "sex": sex if sex in _SEXES else None,
                "synthetic": any(
                    label.get("system") == profile.TEST_DATA_SYSTEM and label.get("code") == "HTEST"
                    for label in security
                ),
            }
        )
    with out.refusing("follow_up"):
        _check_type(patient, "date", "deceasedDateTime", str)
        _check_type(patient, "date", "deceasedBoolean", bool)
        died = moment_of(patient, "date", "deceasedDateTime")
        if died is not None:
            cause = out.survey.deaths.cause(who["patient_id"], died)
            out.collected.rows["follow_up"].append(who | _death(died, cause))
        elif patient.get("deceasedBoolean") is True or child(patient, "_deceasedDateTime"):
            rule = "date: the patient is recorded as deceased without a date"
            raise RecordError("date", rule, "record deceasedDateTime, to the month or year if need be")


def _check_type(patient: Resource, column: str, element: str, kind: type) -> None:
    """Raise RecordError where an element is there and is not of its FHIR type: it would be lost without a word."""
    if not isinstance(patient.get(element), kind | None):
        words = "true or false, without quotes" if kind is bool else "text in quotes"
        raise RecordError(column, f"{column}: {element} is not {words}", f"write {element} as {words}")


def read_death(resource: Resource, when: Moment | None, out: Output) -> None:
    """A follow_up row of a death whose day the Patient resource does not give; its cause stands in that row."""
    known = out.survey.deceased.get(out.patient)
    if when is None or known == when.date:
        if known is None:
            out.unread("cause of a death without a day")
        return
    if out.survey.deaths.is_first_of_its_day(out.patient, out.located.key, when):
        out.row("follow_up", _death(when, out.survey.deaths.cause(out.patient, when)))


def _death(when: Moment, cause: str | None) -> Row:
    return {
        "status": "dead",
        "date": when.first_day(),
        "date_precision": when.precision,
        "cause": cause,
        "basis": "record",
    }


def read_condition(condition: Resource, out: Output) -> None:
    """A diagnoses row of the milestone that the code means, or a death; other conditions are counted."""
    if states_death(condition):
        with out.refusing("follow_up"):
            read_death(condition, onset_of(condition), out)
        return
    milestone, system, code = milestone_of(condition)
    if milestone is None:
        out.unread_code("code not read", child(condition, "code"))
        return
    onset = onset_of(condition)
    row = {
        "milestone": milestone,
        "date": onset.first_day() if onset is not None else None,
        "date_precision": onset.precision if onset is not None else None,
        "method": "physician" if system == profile.MILESTONE_SYSTEM else "code",
        "code_system": system,
        "code": code,
    }
    same = (out.patient, milestone, row["method"], row["date"], code if milestone == "metastatic" else None)
    if same in out.survey.milestones:
        out.unread("the milestone and day of another Condition")
        return
    out.survey.milestones.add(same)
    observed = out.survey.staging.columns.get(out.located.key, {})
    staged = staging_of_condition(condition)
    clash = next((name for name, value in staged.items() if observed.get(name, value) != value), None)
    if clash is not None:
        raise RecordError(clash, f"{clash} of the stage contradicts an Observation", "keep the one that holds")
    out.row("diagnoses", row | observed | staged)
