"""Results without a date of their own: a DiagnosticReport that names them in `result` says when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from lutrace.ehr.fhir_elements import EFFECTIVE, Moment, RecordError, Resource, children, moment_of, text
from lutrace.ehr.fhir_files import Located, read_resources
from lutrace.ehr.fhir_references import References, only_whose
from lutrace.ehr.fhir_status import unread_status

_ELEMENTS = tuple(dict.fromkeys(path.partition(".")[0] for path in EFFECTIVE))


def has_no_date(observation: Resource) -> bool:
    """Whether an Observation says nothing of when it was made."""
    return not any(name.startswith("effective") for name in observation)


def may_have_no_date(line: bytes) -> bool:
    """Whether a line of NDJSON may be an Observation without a date."""
    return b'"Observation"' in line and b'"effective' not in line


class ReportDates:
    """The dates of reports for Observations that have none; those that two reports date otherwise stay without."""

    def __init__(self) -> None:
        """Begin empty."""
        self._undated: References[Located] = References()
        self._has_undated = False
        self._moments: dict[str, Moment | None] = {}
        self._elements: dict[str, Resource] = {}

    def take(self, observation: Located) -> None:
        """Take in an Observation without a date."""
        self._undated.add(observation, only_whose(observation))
        self._has_undated = True

    def finish(
        self, files: Sequence[Path], patient_of: Callable[[Located], str], is_left_out: Callable[[Located], bool]
    ) -> None:
        """Look for the reports; the files are read again only where something has no date."""
        for file in files if self._has_undated else ():
            for located in read_resources(file, wanted=_may_be_report):
                if isinstance(located, Located) and not is_left_out(located):
                    self._take_report(located, patient_of)
        self._undated = References()

    def dated(self, located: Located) -> Located:
        """The Observation with the date of its report, where it has none of its own."""
        if not self.has(located):
            return located
        return replace(located, resource={**located.resource, **self._elements[located.key]})

    def has(self, located: Located) -> bool:
        """Whether the date of an Observation is that of its report."""
        return self._moments.get(located.key) is not None

    def _take_report(self, report: Located, patient_of: Callable[[Located], str]) -> None:
        if report.resource["resourceType"] != "DiagnosticReport" or unread_status(report.resource) is not None:
            return
        try:
            when, patient = moment_of(report.resource, "date", *EFFECTIVE), patient_of(report)
        except RecordError:
            return  # the second pass reports it
        for reference in children(report.resource, "result") if when is not None else ():
            found = self._undated.find(text(reference, "reference"), report.scope)
            if found is not None and _is_of(found, patient, patient_of):
                self._moments[found.key] = when if self._moments.get(found.key, when) == when else None
                self._elements[found.key] = {
                    name: report.resource[name] for name in _ELEMENTS if name in report.resource
                }


def _may_be_report(line: bytes) -> bool:
    return b'"DiagnosticReport"' in line and b'"result"' in line


def _is_of(located: Located, patient: str, patient_of: Callable[[Located], str]) -> bool:
    try:
        return patient_of(located) == patient
    except RecordError:
        return False
