"""CONDITION_OCCURRENCE and what MEASUREMENT says of the tumour: milestones with Gleason and TNM, adverse events."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lutrace.core import Row
from lutrace.ehr.fhir_elements import RecordError, Resource
from lutrace.ehr.fhir_files import Located
from lutrace.ehr.fhir_milestones import milestone_of
from lutrace.ehr.fhir_profile import MILESTONE_SYSTEM
from lutrace.ehr.fhir_staging_join import join_staging
from lutrace.ehr.omop_concepts import Concepts
from lutrace.ehr.omop_measurements import Meaning, staging_observation
from lutrace.ehr.omop_output import CdmRow, PersonOutput
from lutrace.terms import omop_meanings

PRECISION = re.compile(r"^date known to the (month|year)$")
"""What `condition_status_source_value` and `sig` say of a day that is the first of a month or year."""
METHODS = omop_meanings().methods
"""By the type of the record: from a registry, or found in text; all others are codes of the record."""
_CTCAE = re.compile(
    r"^ctcae(?:-([456]\.0))? grade ([1-5]|unknown)(?: (unrelated|unlikely|possible|probable|definite))?$"
)


def read_condition(
    row: CdmRow, concept: Resource, out: PersonOutput, seen: dict[tuple[object, ...], Row]
) -> Row | None:
    """The diagnoses row of the milestone that the condition means, to be completed; None for any other."""
    milestone, system, code = milestone_of({"code": concept})
    if milestone is None:
        return None
    begin = row.required_day("condition_start_date")
    end = row.day("condition_end_date")
    if end is not None and end < begin:
        rule = "condition_end_date lies before condition_start_date"
        raise RecordError("date", rule, "correct the dates in the CDM")
    said = PRECISION.match(row.text("condition_status_source_value") or "")
    method = METHODS.get(row.concept("condition_type_concept_id"), "code")
    known: Row = {
        "milestone": milestone,
        "date": begin,
        "date_precision": said.group(1) if said is not None else "day",
        "method": "physician" if system == MILESTONE_SYSTEM else method,
        "code_system": system,
        "code": code,
    }
    same = (milestone, known["method"], begin, code)
    if same in seen:
        out.unread(row, "the milestone, code and day of another condition")
        return None
    return seen.setdefault(same, known)


def read_adverse_event(row: CdmRow, out: PersonOutput) -> bool:
    """An adverse_events row of a condition whose status is a grade of CTCAE; whether it was one."""
    match = _CTCAE.match(row.text("condition_status_source_value") or "")
    if match is None:
        return False
    version, grade, relation = match.groups()
    with out.refusing("adverse_events", row):
        term = row.text("condition_source_value")
        if term is None:
            raise RecordError("term", "term: the event is not named", "name it in condition_source_value")
        out.row(
            "adverse_events",
            {
                "term": term,
                "grade": None if grade == "unknown" else int(grade),
                "criteria": f"ctcae-{version}" if version else None,
                "begin_date": row.required_day("condition_start_date"),
                "begin_date_precision": "day",
                "end_date": row.day("condition_end_date"),
                "reporter": "clinician",
                "attribution": relation,
            },
            row,
        )
    return True


def add_staging(
    stagings: Sequence[tuple[CdmRow, Meaning]],
    conditions: Sequence[tuple[CdmRow, Row]],
    concepts: Concepts,
    out: PersonOutput,
) -> None:
    """Put each Gleason or TNM into the initial diagnosis that it is of, by its link, else its day, else the only one.

    Where several days say the same category, the first is that of the diagnosis; the others are counted.
    """
    initial = {_key(row): (_onset(row, known), known) for row, known in conditions if known["milestone"] == "initial"}
    found: dict[str, CdmRow] = {}
    observations = []
    for row, meaning in stagings:
        with out.refusing("diagnoses", row):
            one = staging_observation(row, meaning, concepts)
            observations.append(one)
            found[one.key] = row
    keys = {name: condition.key for name, (condition, _) in initial.items()}
    joined = join_staging(
        observations,
        {out.patient_id: [condition for condition, _ in initial.values()]},
        patient_of=lambda _: out.patient_id,
        focus_of=lambda one: tuple(keys.get(item["reference"], "") for item in one.resource.get("focus", ())),
        is_ours=set(keys.values()).__contains__,
    )
    for condition, known in initial.values():
        known.update(joined.columns.get(condition.key, {}))
    for key, row in found.items():
        if key in joined.later:
            out.unread(row, "Gleason or TNM of a later time")
        if key in joined.elsewhere:
            out.unread(row, "Gleason or TNM of no diagnosis that is read")
        with out.refusing("diagnoses", row):
            if key in joined.faults:
                raise joined.faults[key]


def _key(row: CdmRow) -> str:
    return f"condition_occurrence_id {row.integer('condition_occurrence_id')}"


def _onset(row: CdmRow, known: Row) -> Located:
    """The condition as far as the join asks for it: its place and its day."""
    return Located({"onsetDateTime": known["date"].isoformat()}, _key(row), "")


def add_metastases(
    found: Sequence[tuple[CdmRow, Meaning]], out: PersonOutput, seen: dict[tuple[object, ...], Row]
) -> None:
    """A metastatic milestone for each day on which a modifier of the tumour says a metastasis."""
    for row, meaning in found:
        with out.refusing("diagnoses", row):
            day = row.required_day(f"{row.table}_date")
            if row.concept("value_as_concept_id"):
                out.unread(row, "metastasis with a value")
                continue
            known: Row = {
                "milestone": meaning.name,
                "date": day,
                "date_precision": "day",
                "method": "code",
                "code_system": "Cancer Modifier",
                "code": meaning.code,
            }
            same = (meaning.name, "code", day, meaning.code)
            if same in seen:
                out.unread(row, "the milestone, code and day of another condition")
                continue
            seen[same] = known
            out.row("diagnoses", known, row)
