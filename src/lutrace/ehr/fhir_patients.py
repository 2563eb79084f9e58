"""Patient and Condition in FHIR: who is in the registry, who has died, and the milestones of the disease."""

from __future__ import annotations

from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_elements import RecordError, Resource, children, moment_of, text
from lutrace.ehr.fhir_milestones import milestone_of, onset_of
from lutrace.ehr.fhir_output import Output
from lutrace.ehr.fhir_references import identity_of
from lutrace.ehr.fhir_staging import staging_of_condition

_SEXES = ("male", "female", "other", "unknown")


def read_patient(patient: Resource, out: Output) -> None:
    """A patients row, the identity for the identities file, and the death when the record has one."""
    identity = identity_of(patient, out.survey.identifier_system)
    who = {"patient_id": identity.identifiers[0][1], "source_locator": out.located.locator}
    out.collected.identities.append(identity)
    with out.refusing("patients"):
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
        died = moment_of(patient, "date", "deceasedDateTime")
        if died is not None:
            death = {"status": "dead", "date": died.first_day(), "date_precision": died.precision, "basis": "record"}
            out.collected.rows["follow_up"].append(who | death)
        elif patient.get("deceasedBoolean") is True:
            rule = "date: the patient is recorded as deceased without a date"
            raise RecordError("date", rule, "record deceasedDateTime, to the month or year if need be")


def read_condition(condition: Resource, out: Output) -> None:
    """A diagnoses row of the milestone that the code means; other conditions are counted."""
    milestone, system, code = milestone_of(condition)
    if milestone is None:
        out.unread("code not read")
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
    same = (out.patient, milestone, row["method"], row["date"])
    if same in out.survey.milestones:
        out.unread("the milestone and day of another Condition")
        return
    out.survey.milestones.add(same)
    observed = out.survey.staging.get(out.located.key, {})
    staged = staging_of_condition(condition)
    clash = next((name for name, value in staged.items() if observed.get(name, value) != value), None)
    if clash is not None:
        raise RecordError(clash, f"{clash} of the stage contradicts an Observation", "keep the one that holds")
    out.row("diagnoses", row | observed | staged)
