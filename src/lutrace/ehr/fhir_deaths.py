"""Deaths in FHIR: the Patient's own date and what Observations and Conditions say of the cause, brought together."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from lutrace.core import PartialDate
from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_elements import EFFECTIVE, Moment, Resource, child, children, codes, moment_of
from lutrace.ehr.fhir_files import Located
from lutrace.ehr.fhir_milestones import onset_of
from lutrace.terms import cause_of_death, milestone_of_snomed

DEATH_CODES = frozenset({"184305005", "79378-6", "16100001"})
"""Cause of death (SNOMED, LOINC) as the code of an Observation, death diagnosis (SNOMED) as category of a Condition."""
_BY_TUMOUR = {"J": True, "N": False}


@dataclass(frozen=True)
class _Statement:
    key: str
    date: PartialDate | None
    icd10: tuple[str, ...]
    by_tumour: bool | None


class Deaths:
    """What was said of each patient's death outside the Patient resource."""

    def __init__(self) -> None:
        """Begin empty."""
        self._said: dict[str, list[_Statement]] = defaultdict(list)

    def take(self, located: Located, patient: str) -> None:
        """Take in an Observation or Condition for which `states_death` holds; raises RecordError for a broken date."""
        resource = located.resource
        condition = resource["resourceType"] == "Condition"
        when = onset_of(resource) if condition else moment_of(resource, "date", *EFFECTIVE)
        value = child(resource, "code") if condition else child(resource, "valueCodeableConcept")
        icd10 = [code.strip() for code in codes(value, *profile.ICD10)]
        icd10 += ["C61" for code in codes(value, profile.SNOMED) if milestone_of_snomed(code) == "initial"]
        said = [code for item in children(resource, "interpretation") for code in codes(item, profile.OBDS_DEATH)]
        tumour = next((_BY_TUMOUR[code] for code in said if code in _BY_TUMOUR), None)
        self._said[patient].append(_Statement(located.key, when.date if when else None, tuple(icd10), tumour))

    def cause(self, patient: str, died: Moment) -> str | None:
        """The cause that statements of a day that may be this one, or of none, agree on; None when it is left open."""
        said = [one for one in self._said.get(patient, ()) if one.date is None or _may_be_one(one.date, died.date)]
        tumours = {one.by_tumour for one in said} - {None}
        by_tumour = next(iter(tumours)) if len(tumours) == 1 else None
        return cause_of_death([code for one in said for code in one.icd10], by_tumour=by_tumour)

    def is_first_of_its_day(self, patient: str, key: str, when: Moment) -> bool:
        """Whether no statement before this one gives the same day of death."""
        return next((one.key for one in self._said.get(patient, ()) if one.date == when.date), key) == key


def _may_be_one(one: PartialDate, other: PartialDate) -> bool:
    return one.first_day() <= other.last_day() and other.first_day() <= one.last_day()


def states_death(resource: Resource) -> bool:
    """Whether an Observation is of the cause of death, or a Condition of the category of death diagnoses."""
    concepts = children(resource, "category") if resource["resourceType"] == "Condition" else [child(resource, "code")]
    return any(DEATH_CODES & set(codes(concept, profile.SNOMED, profile.LOINC)) for concept in concepts)
