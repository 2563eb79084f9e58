"""Where converters put what they find: rows with patient, place and record key; faults; counts of what is not read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from lutrace.core import Row, UnusableInputError, shape_of
from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_elements import RecordError, Resource, child, children, system_of, text
from lutrace.ehr.fhir_files import Located
from lutrace.ehr.fhir_references import record_key
from lutrace.ehr.fhir_survey import Survey
from lutrace.ehr.records import Fault, Identity, Letter
from lutrace.tables import FACT_TABLES
from lutrace.terms import fhir_words

_CODES_NAMED = 200
"""So many different codes are counted by name; an export of a whole hospital holds thousands."""
_DATE_OF_REPORT = "results without a date of their own: that of the report that names them"
REMEDY = "correct the record at the source and read it again"


class Collected:
    """What has been found since the last batch."""

    def __init__(self) -> None:
        """Begin empty."""
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.identities: list[Identity] = []
        self.faults: list[Fault] = []
        self.letters: list[Letter] = []
        self.unread: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self.restated: list[tuple[str, str]] = []

    @contextmanager
    def refusing(self, table: str, locator: str, row: Row | None = None) -> Iterator[None]:
        """Turn an error of a record into a fault of `table` at its place; `row` is what was read of it before."""
        try:
            yield
        except UnusableInputError as error:
            column, rule, remedy = None, str(error), REMEDY
            if isinstance(error, RecordError):
                column, rule, remedy = error.column, error.rule, error.remedy
            self.faults.append(Fault(table, locator, column, rule, remedy, dict(row or {})))


class Output:
    """The place for what one resource gives."""

    def __init__(self, located: Located, survey: Survey, collected: Collected) -> None:
        """Bind the resource to the survey that it asks and the collection that it fills."""
        self.located = located
        self.survey = survey
        self.collected = collected
        self._patient: str | None = None

    @property
    def patient(self) -> str:
        """The identifier of the patient that the resource is about; refused when unknown."""
        if self._patient is None:
            self._patient = self.survey.patient(self.located)
        return self._patient

    def row(self, table: str, row: Row, place: str = "") -> None:
        """Add a row; patient, place and record key are filled in here."""
        filled = {"patient_id": self.patient, **row, "source_locator": self.located.locator + place}
        if "record_key" in FACT_TABLES[table].by_name:
            content = {key: value for key, value in filled.items() if key != "source_locator"}
            filled["record_key"] = record_key(self.located.resource, content)
        self.collected.rows[table].append(filled)
        if self.survey.report_dates.has(self.located):
            self.collected.notes[_DATE_OF_REPORT] += 1

    def restate(self) -> None:
        """Say that the rows given are all that the record states now, where its version is dated or numbered.

        Without a version nothing is said: the files of some senders use one id for several resources.
        """
        resource = self.located.resource
        meta = child(resource, "meta")
        if text(meta, "lastUpdated") is None and text(meta, "versionId") is None:
            return
        try:
            self.collected.restated.append((self.patient, record_key(resource, resource)))
        except RecordError:
            return

    def unread(self, reason: str) -> None:
        """Count the resource, or a part of it, as not read by design."""
        self.collected.unread[f"{self.located.resource['resourceType']} ({reason})"] += 1

    def unread_code(self, reason: str, concept: Resource) -> None:
        """Count a part as not read, by its first code, so that a centre sees which codes it would have to map.

        A code of a system of the centre's own may be words on a person: it is told by its shape.
        """
        codings = [coding for coding in children(concept, "coding") if text(coding, "code") is not None]
        if not codings:
            self.unread(reason)
            return
        code = text(codings[0], "code") or ""
        named, key = self.survey.named_codes, (system_of(codings[0]) or "", code)
        if key in named or len(named) < _CODES_NAMED:
            system = profile.SYSTEM_NAMES.get(key[0])
            is_code = system is not None and fhir_words().is_code(system, code)
            told = code if is_code else f"{shape_of(code)}, first at {self.located.locator}"
            name = named.setdefault(key, f"{system or 'another system'} {told}")
            self.unread(f"{reason}: {name}")
        else:
            self.unread(f"{reason}: codes beyond the first {_CODES_NAMED}")

    @contextmanager
    def refusing(self, table: str, row: Row | None = None, place: str = "") -> Iterator[None]:
        """Turn an error of the record into a fault of `table`; `row` is what was read of it before."""
        with self.collected.refusing(table, self.located.locator + place, row):
            yield
