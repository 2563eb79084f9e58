"""FHIR R4 into rows: two passes over bundles, NDJSON and folders of them, on plain JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from lutrace.core import Source, UnusableInputError, digest_of_file, tell_file
from lutrace.ehr.fhir_code_maps import CodeMaps
from lutrace.ehr.fhir_documents import read_binary, read_care_plan, read_composition, read_document
from lutrace.ehr.fhir_elements import Resource
from lutrace.ehr.fhir_events import read_adverse_event, read_encounter, read_questionnaire
from lutrace.ehr.fhir_files import Broken, Located, list_all_files, read_resources
from lutrace.ehr.fhir_observations import read_observation, read_report
from lutrace.ehr.fhir_output import Collected, Output
from lutrace.ehr.fhir_patients import read_condition, read_patient
from lutrace.ehr.fhir_status import unread_status
from lutrace.ehr.fhir_survey import Survey
from lutrace.ehr.fhir_treatments import read_medication, read_procedure
from lutrace.ehr.records import Fault, RecordBatch
from lutrace.terms import fhir_words

RESOURCES_PER_BATCH = 50_000
"""A batch ends after this many resources, so that a large export does not have to fit into memory."""

_BROKEN_REMEDY = "export the resource again"

_CONVERTERS: dict[str, tuple[Callable[[Resource, Output], None], str]] = {
    "Patient": (read_patient, "patients"),
    "Condition": (read_condition, "diagnoses"),
    "Observation": (read_observation, "labs"),
    "DiagnosticReport": (read_report, "reader_findings"),
    "MedicationAdministration": (read_medication, "treatments"),
    "MedicationStatement": (read_medication, "medications"),
    "MedicationRequest": (read_medication, "medications"),
    "Procedure": (read_procedure, "treatments"),
    "AdverseEvent": (read_adverse_event, "adverse_events"),
    "Encounter": (read_encounter, "contacts"),
    "QuestionnaireResponse": (read_questionnaire, "questionnaires"),
    "DocumentReference": (read_document, "text_findings"),
    "Composition": (read_composition, "text_findings"),
    "CarePlan": (read_care_plan, "text_findings"),
    "Binary": (read_binary, "text_findings"),
}
_LOOKED_UP = frozenset({"Medication"})
RESOURCE_TYPES = tuple(sorted({*_CONVERTERS, *_LOOKED_UP} - {"Binary"}))
"""The resource types that are read: what a server is asked for."""


def read_fhir(
    path: Path | Sequence[Path], *, identifier_system: str | None = None, code_maps: Mapping[str, str] | None = None
) -> Iterator[RecordBatch]:
    """The rows of FHIR R4 bundles, resources, NDJSON files or folders of them, file by file; docs/reference/fhir.md.

    Paths given together are read as one export. A long file comes in parts, in order. Of a resource that stands more
    than once the newest version counts; a file that is there twice is read once. `identifier_system` names the
    identifier of patients that rows carry in `patient_id` (default: type MR). A record that cannot become a row is a
    fault of its batch; resources and codes that are not read are counted. `code_maps` say what local codes
    (`system|code`) and words mean (`LOINC:2857-1`).

    Raises UnusableInputError when there is no FHIR file, or the only file is not JSON.
    """
    files: dict[str, Path] = {}
    for file in list_all_files([path] if isinstance(path, Path) else path):
        files.setdefault(digest_of_file(file), file)
    survey = Survey(identifier_system, CodeMaps(code_maps or {}))
    survey.read(list(files.values()))
    for digest, file in files.items():
        alone = isinstance(path, Path) and path.is_file()
        yield from _read_file(file, Source("fhir", digest), survey, alone=alone)


def _read_file(file: Path, source: Source, survey: Survey, *, alone: bool) -> Iterator[RecordBatch]:
    collected, count = Collected(), 0
    for found in read_resources(file):
        if isinstance(found, Broken):
            if alone and found.locator == "file":
                raise UnusableInputError(f"{tell_file(file)}: {found.rule}")
            fault = Fault("unknown", found.locator, None, found.rule, _BROKEN_REMEDY)
            collected.faults.append(fault)
        else:
            _read_resource(survey.completed(found), survey, collected)
        count += 1
        if count % RESOURCES_PER_BATCH == 0:
            yield _batch(source, collected)
            collected = Collected()
    if count == 0 or count % RESOURCES_PER_BATCH:
        yield _batch(source, collected)


def _read_resource(located: Located, survey: Survey, collected: Collected) -> None:
    kind = located.resource["resourceType"]
    out = Output(located, survey, collected)
    if kind not in _CONVERTERS:
        if kind not in _LOOKED_UP:
            collected.unread[fhir_words().tell_type(kind)] += 1
        return
    if located.key in survey.repeats.older:
        out.unread("stands more than once, and another is read")
        return
    status = unread_status(located.resource) or survey.related.left_out.get(located.key)
    if status is not None:
        out.unread(status)
        out.restate()
        return
    convert, table = _CONVERTERS[kind]
    faults = len(collected.faults)
    with out.refusing(table):
        if located.key in survey.repeats.open:
            raise survey.repeats.open[located.key]
        convert(located.resource, out)
    if len(collected.faults) == faults:
        out.restate()


def _batch(source: Source, collected: Collected) -> RecordBatch:
    notes = [f"{text} ({count})" for text, count in sorted(collected.notes.items())]
    return RecordBatch(
        source,
        {table: tuple(rows) for table, rows in collected.rows.items()},
        tuple(collected.identities),
        tuple(collected.faults),
        dict(sorted(collected.unread.items())),
        tuple(notes),
        tuple(collected.letters),
        restated=tuple(collected.restated),
    )
