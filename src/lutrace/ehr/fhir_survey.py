"""The first pass over FHIR files: who is who, and what can only be told from several resources together."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path

from lutrace.core import PartialDate
from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_binaries import Binaries
from lutrace.ehr.fhir_code_maps import CodeMaps
from lutrace.ehr.fhir_cycles import (
    Draft,
    draft_of_administration,
    draft_of_procedure,
    is_rlt_procedure,
    number_cycles,
)
from lutrace.ehr.fhir_deaths import DEATH_CODES, Deaths, states_death
from lutrace.ehr.fhir_elements import (
    EFFECTIVE,
    RecordError,
    Resource,
    child,
    children,
    codes,
    drugs_of,
    measured,
    moment_of,
    text,
)
from lutrace.ehr.fhir_files import Located, read_resources
from lutrace.ehr.fhir_milestones import milestone_of
from lutrace.ehr.fhir_references import References, patient_identifier
from lutrace.ehr.fhir_related import RelatedDocuments
from lutrace.ehr.fhir_repeats import Repeats
from lutrace.ehr.fhir_reports import ReportDates, has_no_date, may_have_no_date
from lutrace.ehr.fhir_staging import STAGING_CODES
from lutrace.ehr.fhir_staging_join import JoinedStaging, join_staging
from lutrace.ehr.fhir_status import unread_status
from lutrace.ehr.fhir_therapies import Therapies
from lutrace.terms import Drug

WEIGHT_CODES = ("29463-7", "3141-9")
WEIGHT_KG = {"kg": 1.0, "g": 0.001, "[lb_av]": 0.45359237, "lb": 0.45359237, "lbs": 0.45359237}

_RELEVANT = re.compile(
    rb'"(?:Bundle|Patient|Binary|DocumentReference|Composition|presentedForm|partOf|Medication|MedicationAdministration'
    rb'|Procedure|Condition)"'
)
_OBSERVATION = re.compile(rb'\s*\{\s*"resourceType"\s*:\s*"Observation"')
_CODE = re.compile(rb'"code"\s*:\s*"([^"]+)"')
_CODES = frozenset((*WEIGHT_CODES, *STAGING_CODES, *DEATH_CODES))


class Survey:
    """What the first pass has learned; `finish` joins it, then the second pass asks."""

    def __init__(self, identifier_system: str | None, code_maps: CodeMaps) -> None:
        """Begin empty; `identifier_system` names the identifier of patients that rows carry."""
        self._code_maps = code_maps
        local = code_maps.standing_for(_CODES)
        self._codes = local | {code.encode() for code in _CODES} if local is not None else None
        self.identifier_system = identifier_system
        self.repeats = Repeats(identifier_system)
        self.deceased: dict[str, PartialDate | None] = {}
        """The day of death by patient as the Patient resource gives it; None when it is no date."""
        self.deaths = Deaths()
        self.therapies = Therapies()
        self.binaries = Binaries()
        self.related = RelatedDocuments()
        self.report_dates = ReportDates()
        self.cycles: dict[str, Draft | RecordError] = {}
        self.staging = JoinedStaging()
        self.milestones: set[tuple[object, ...]] = set()
        """Patient, milestone, method and date of the diagnoses given so far: several codes may say one milestone."""
        self.named_codes: dict[tuple[str, str], str] = {}
        """Codes (system and code) that are not read and are counted by name, with what a message calls them."""
        self._patients: References[str] = References()
        self._by_identifier: dict[tuple[str, str], str] = {}
        self._medications: References[Resource] = References()
        self._procedures: References[str] = References()
        self._conditions: References[str] = References()
        self._of_the_disease: set[str] = set()
        self._events: list[Located] = []
        self._weights: list[Located] = []
        self._initial: list[Located] = []
        self._stagings: list[Located] = []
        self._died: list[Located] = []

    def read(self, files: Sequence[Path]) -> None:
        """Take in the resources of `files` that the second pass will ask about, and join them."""
        self.repeats.read(files)
        for file in files:
            for located in read_resources(file, wanted=self._is_relevant):
                if isinstance(located, Located) and not self.repeats.is_left_out(located):
                    self._take(self.completed(located))
        self.therapies.finish()
        self.related.finish(self.binaries, self.patient)
        self.binaries.finish(self.patient, self.related.left_out)
        self.report_dates.finish(files, self.patient, self.repeats.is_left_out)
        for undated in (self._weights, self._stagings, self._died):
            undated[:] = map(self.report_dates.dated, undated)
        self._join_deaths()
        self._join_cycles()
        self.staging = self._join_staging()
        for joined in (self._events, self._weights, self._initial, self._stagings, self._died):
            joined.clear()

    def completed(self, located: Located) -> Located:
        """The resource as it is read: with the meanings that the site states, and the date of its report."""
        return self.report_dates.dated(self._code_maps.applied(located))

    def patient(self, located: Located) -> str:
        """The identifier of the patient that a resource is about; refused when it is not among the files."""
        subject = child(located.resource, "subject")
        if not subject and located.resource["resourceType"] == "QuestionnaireResponse":
            subject = child(located.resource, "source")
        found = self._patients.find(text(subject, "reference"), located.scope)
        if found is None:
            identifier = child(subject, "identifier")
            system, value = text(identifier, "system") or "", text(identifier, "value") or ""
            found = self._by_identifier.get((system, value))
            if not found and "MR" in codes(child(identifier, "type"), profile.MR_SYSTEM):
                found = value if self.identifier_system in (None, system) else None
            elif not found and system == self.identifier_system:
                found = value
        if not found:
            rule = "patient_id: the subject refers to no Patient with a usable identifier among the files read"
            raise RecordError("patient_id", rule, "add the Patient resource, or read the whole export at once")
        return found

    def drugs(self, located: Located) -> tuple[Drug, ...]:
        """The drugs that a medication resource is about, through its reference when it has one."""
        return drugs_of(self.medication(located))

    def medication(self, located: Located) -> Resource:
        """The concept that names the medication of a resource, its own or that of the one it refers to."""
        resource = located.resource
        concept = child(resource, "medicationCodeableConcept")
        reference = text(child(resource, "medicationReference"), "reference")
        if not concept and reference is not None:
            if reference.startswith("#"):
                inside = [item for item in children(resource, "contained") if item.get("id") == reference[1:]]
                concept = _concept_of(inside[0]) if inside else {}
            else:
                concept = _concept_of(self._medications.find(reference, located.scope) or {})
            concept = concept or _display(child(resource, "medicationReference"))
        if not concept:
            raise RecordError("agent", "no medication is named", "add the Medication resource or its code")
        return concept

    def _is_relevant(self, line: bytes) -> bool:
        """Whether the first pass needs a line; most are Observations, for which their codes decide, much faster."""
        if may_have_no_date(line):
            return True
        if _OBSERVATION.match(line) is None and _RELEVANT.search(line) is not None:
            return True
        return self._codes is None or not self._codes.isdisjoint(_CODE.findall(line))

    def _take(self, located: Located) -> None:
        resource = located.resource
        match resource["resourceType"]:
            case "Patient":
                self._take_patient(located)
            case "Medication":
                self._medications.add(located, resource)
            case "Composition":
                self.related.take(located)
            case "Binary" | "DocumentReference" | "DiagnosticReport" as kind:
                self.binaries.take(located)
                if kind == "DocumentReference":
                    self.related.take(located)
            case "MedicationAdministration" | "MedicationStatement" | "MedicationRequest" as kind:
                if kind == "MedicationAdministration":
                    self._events.append(located)
                self._take_frame(located)
            case "Procedure":
                self._procedures.add(located, located.key)
                self._events.append(located)
                self._take_frame(located)
            case "Condition":
                self._conditions.add(located, located.key)
                self._take_condition(located)
            case "Observation" if unread_status(resource) is None:
                self._take_observation(located)

    def _take_condition(self, located: Located) -> None:
        milestone = milestone_of(located.resource)[0]
        if states_death(located.resource):
            self._died.append(located)
        elif milestone is not None:
            self._of_the_disease.add(located.key)
            if milestone == "initial" and unread_status(located.resource) is None:
                self._initial.append(located)

    def _take_observation(self, located: Located) -> None:
        if has_no_date(located.resource):
            self.report_dates.take(located)
        coded = set(codes(child(located.resource, "code"), profile.LOINC, profile.SNOMED))
        if coded & set(WEIGHT_CODES):
            self._weights.append(located)
        elif coded & STAGING_CODES:
            self._stagings.append(located)
        elif states_death(located.resource):
            self._died.append(located)

    def _take_frame(self, located: Located) -> None:
        try:
            if unread_status(located.resource) is None:
                self.therapies.take(located)
        except RecordError:
            return  # the second pass reports it

    def _take_patient(self, located: Located) -> None:
        resource = located.resource
        try:
            identifier = patient_identifier(resource, self.identifier_system)[1]
        except RecordError:
            return  # the second pass reports it
        self._patients.add(located, identifier)
        for item in children(resource, "identifier"):
            value = text(item, "value")
            if value is not None:
                self._by_identifier[(text(item, "system") or "", value)] = identifier
        if text(resource, "deceasedDateTime") is not None:
            self.deceased[identifier] = _date_of_death(resource)

    def _join_deaths(self) -> None:
        for located in self._died:
            try:
                self.deaths.take(located, self.patient(located))
            except RecordError:
                continue  # the second pass reports it

    def _join_cycles(self) -> None:
        drafts: list[Draft] = []
        for located in self._events:
            try:
                draft = self._draft(located)
            except RecordError as error:
                self.cycles[located.key] = error
                continue
            if draft is not None:
                drafts.append(draft)
                self.cycles[located.key] = draft
        same = {
            draft.located.key: {
                key
                for reference in draft.part_of
                if (key := self._procedures.find(reference, draft.located.scope)) is not None
            }
            for draft in drafts
        }
        number_cycles(drafts, self._weights_by_day(), same)

    def _draft(self, located: Located) -> Draft | None:
        """The draft of a resource that records a cycle; None for any other."""
        resource = located.resource
        if unread_status(resource) is not None:
            return None
        if resource["resourceType"] == "Procedure":
            if not is_rlt_procedure(resource):
                return None
            return draft_of_procedure(located, self.patient(located))
        radioligands = [drug for drug in self.drugs(located) if drug.purpose == "rlt"]
        if not radioligands:
            return None
        return draft_of_administration(located, self.patient(located), radioligands[0])

    def _weights_by_day(self) -> dict[tuple[str, dt.date], set[float]]:
        weights: dict[tuple[str, dt.date], set[float]] = {}
        for located in self._weights:
            try:
                when = moment_of(located.resource, "date", *EFFECTIVE)
                value = measured(child(located.resource, "valueQuantity"), "weight_kg", WEIGHT_KG)
                patient = self.patient(located)
            except RecordError:
                continue  # the second pass reports it
            if when is not None and when.precision == "day" and value is not None:
                weights.setdefault((patient, when.first_day()), set()).add(value)
        return weights

    def _join_staging(self) -> JoinedStaging:
        """Give each Gleason or TNM Observation to the initial diagnosis that it is of."""
        diagnoses: dict[str, list[Located]] = {}
        for located in self._initial:
            try:
                diagnoses.setdefault(self.patient(located), []).append(located)
            except RecordError:
                continue  # the second pass reports it
        return join_staging(
            self._stagings,
            diagnoses,
            patient_of=self.patient,
            focus_of=self._focus,
            is_ours=self._of_the_disease.__contains__,
        )

    def is_of_another_tumour(self, located: Located) -> bool:
        """Whether an Observation says that it is of Conditions of the export that are not of the disease read."""
        focus = self._focus(located)
        return bool(focus) and self._of_the_disease.isdisjoint(focus)

    def _focus(self, located: Located) -> tuple[str, ...]:
        named = (text(item, "reference") for item in children(located.resource, "focus"))
        found = (self._conditions.find(reference, located.scope) for reference in named)
        return tuple(key for key in found if key is not None)


def _date_of_death(patient: Resource) -> PartialDate | None:
    try:
        died = moment_of(patient, "date", "deceasedDateTime")
    except RecordError:
        return None  # the second pass reports it
    return died.date if died is not None else None


def _concept_of(medication: Resource) -> Resource:
    """The code of a Medication together with those of its ingredients; empty when it has none."""
    concepts = [
        child(medication, "code"),
        *(child(one, "itemCodeableConcept") for one in children(medication, "ingredient")),
    ]
    codings = [coding for concept in concepts for coding in children(concept, "coding")]
    words = [said for concept in concepts if (said := text(concept, "text")) is not None]
    return ({"coding": codings} if codings else {}) | ({"text": "; ".join(words)} if words else {})


def _display(reference: Resource) -> Resource:
    """A concept of the words beside a reference; empty when there are none."""
    words = text(reference, "display")
    return {"text": words} if words is not None else {}
