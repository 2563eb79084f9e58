"""Rows of the registry as rows of OMOP CDM 5.4: what `read_omop` reads comes back as it was; docs/reference/omop.md."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from lutrace.core import Row, UnusableInputError
from lutrace.ehr.fhir_milestones import milestone_of
from lutrace.ehr.omop_concepts import OWN, source_value_of, system_at
from lutrace.ehr.omop_measurements import OPERATORS
from lutrace.ehr.omop_people import SEXES
from lutrace.ehr.omop_treatments import OPEN_END, TREATMENT_CYCLE
from lutrace.ehr.omop_writing import ADMINISTERED, CLAIM, EHR, NLP, REGISTRY, Cdm
from lutrace.terms import (
    Drug,
    analyte_named,
    drug_named,
    omop_concept_of,
    omop_concepts,
    omop_meanings,
    parse_reported_value,
)

DRUG_KEY, CONDITION_KEY = (omop_meanings().written_fields[one] for one in ("drug_exposure", "condition_occurrence"))
"""Concepts of the fields drug_exposure_id and condition_occurrence_id, by which rows refer to others."""
_VISITS = omop_meanings().written_visits
_TYPES = {"registry": REGISTRY, "text": NLP}
_GLEASON = {"gleason_primary": "44641-9", "gleason_secondary": "44642-7", "gleason_sum": "35266-6"}
_TNM = {"t": ("21905-5", "21899-0"), "n": ("21906-3", "21900-6"), "m": ("21907-1", "21901-4")}
_SIGNS = {sign: number for number, sign in OPERATORS.items()}
_LOINC_OF = {"height_cm": ("8302-2", "cm"), "weight_kg": ("29463-7", "kg"), "bmi_kg_m2": ("39156-5", "kg/m2")}
_TRANSFUSIONS = {"platelets": "platelets_transfusion"}
_FINDING_LEFT = ("cycle", "slice", "x_mm", "y_mm", "z_mm", "soft_tissue", "suv_max", "suv_mean", "short_axis_mm")


def fill_cdm(cdm: Cdm, tables: Mapping[str, Sequence[Row]]) -> None:
    """Put the rows of fact tables into the CDM; what has no place there is counted in `cdm.left`."""
    for row in tables.get("patients", ()):
        _add_person(cdm, row)
    for name, rows in tables.items():
        write = _WRITERS.get(name)
        for row in rows if name != "patients" else ():
            if write is None:
                cdm.leave(name, "", "the table has no place in the model")
            elif row["patient_id"] not in cdm.persons:
                cdm.leave(name, "patient_id", "the patient is not among the persons written")
            else:
                write(cdm, row)


def _add_person(cdm: Cdm, row: Row) -> None:
    if row["birth_year"] is None:
        cdm.leave("patients", "birth_year", "year_of_birth may not be empty in PERSON; the patient is left out")
        return
    number = len(cdm.persons) + 1
    cdm.persons[row["patient_id"]] = number
    sexes = {sex: concept for concept, sex in SEXES.items()}
    if row.get("site") is not None:
        cdm.leave("patients", "site", "the centre stands in CDM_SOURCE")
    cdm.add(
        "person",
        person_id=number,
        gender_concept_id=sexes.get(row["sex"], 0),
        year_of_birth=row["birth_year"],
        race_concept_id=0,
        ethnicity_concept_id=0,
        person_source_value=row["patient_id"],
        gender_source_value=row["sex"],
    )


def _add_follow_up(cdm: Cdm, row: Row) -> None:
    patient, precision = row["patient_id"], row["date_precision"]
    if row["status"] != "dead":
        if precision != "day":
            cdm.leave("follow_up", "date_precision", "the first day that the date can mean is written")
        cdm.observe(patient, f"{OWN}:{row['status']}", row["date"], qualifier_source_value=row["basis"])
        return
    if any(one["person_id"] == cdm.persons[patient] for one in cdm.rows["death"]):
        cdm.leave("follow_up", "", "a person has one row of DEATH: the first statement is written")
        return
    if row["basis"] != "record":
        cdm.leave("follow_up", "basis", "DEATH does not say how a death is known")
    if precision != "day":
        cdm.leave("follow_up", "date_precision", "the last day that the date can mean is written, as the model has it")
    is_cancer = row["cause"] == "prostate_cancer"
    cdm.add(
        "death",
        patient,
        death_date=_last_day(row["date"], precision),
        death_type_concept_id=EHR,
        cause_concept_id=omop_concept_of("SNOMED", "93974005") if is_cancer else 0,
        cause_source_value="ICD10:C61" if is_cancer else f"{OWN}:{row['cause']}" if row["cause"] else None,
    )


def _last_day(first: dt.date, precision: str) -> dt.date:
    if precision == "day":
        return first
    month = 12 if precision == "year" else first.month
    return dt.date(first.year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)


def _add_contact(cdm: Cdm, row: Row) -> None:
    kind = row["kind"]
    cdm.add(
        "visit_occurrence",
        row["patient_id"],
        visit_concept_id=_VISITS.get(kind, 0),
        visit_start_date=row["date"],
        visit_end_date=row["date"],
        visit_type_concept_id=EHR,
        visit_source_value=f"{OWN}:{kind}",
    )


def _add_diagnosis(cdm: Cdm, row: Row) -> None:
    """CONDITION_OCCURRENCE of a diagnosis, with Gleason and TNM of the initial one in MEASUREMENT."""
    if row["date"] is None:
        cdm.leave("diagnoses", "date", "a condition needs a day; the diagnosis is left out")
        return
    concept = {"coding": [{"system": row["code_system"], "code": row["code"]}]}
    known = milestone_of({"code": concept})[0] == row["milestone"]
    coded = source_value_of(row["code_system"], row["code"]) if known else None
    if coded is None or (row["method"] == "physician") != coded.startswith(OWN):
        cdm.leave("diagnoses", "method", "code and way of knowing come back as one of them")
    if row["method"] == "derived":
        cdm.leave("diagnoses", "method", "what was derived comes back as a code of the record")
    vocabulary = system_at(row["code_system"]) or ""
    number = cdm.add(
        "condition_occurrence",
        row["patient_id"],
        condition_concept_id=omop_concept_of(vocabulary, row["code"] or "") if coded is not None else 0,
        condition_start_date=row["date"],
        condition_type_concept_id=_TYPES.get(row["method"], EHR),
        condition_source_value=coded or f"{OWN}:{row['milestone']}",
        condition_status_source_value=_known_to(row["date_precision"]),
    )
    staged = [name for name in (*_GLEASON, *_TNM) if row[name] is not None]
    for name in staged:
        if row["milestone"] != "initial":
            cdm.leave("diagnoses", name, "only that of the initial diagnosis is written")
            continue
        value = row[name]
        loinc = _GLEASON[name] if name in _GLEASON else _TNM[name]["p" in value[:3]]
        cdm.measure(
            row["patient_id"],
            loinc,
            row["date"],
            value_as_number=value if name in _GLEASON else None,
            value_source_value=None if name in _GLEASON else value,
            measurement_event_id=number,
            meas_event_field_concept_id=CONDITION_KEY,
        )


def _known_to(precision: str | None) -> str | None:
    return None if precision in (None, "day") else f"date known to the {precision}"


def _add_adverse_event(cdm: Cdm, row: Row) -> None:
    if row["begin_date_precision"] != "day":
        cdm.leave("adverse_events", "begin_date_precision", "the first day that the date can mean is written")
    if row["reporter"] != "clinician":
        cdm.leave("adverse_events", "reporter", "comes back as the clinician")
    graded = [row["criteria"] or "ctcae", f"grade {row['grade'] or 'unknown'}", row["attribution"]]
    cdm.add(
        "condition_occurrence",
        row["patient_id"],
        condition_concept_id=0,
        condition_start_date=row["begin_date"],
        condition_end_date=row["end_date"],
        condition_type_concept_id=EHR,
        condition_source_value=row["term"],
        condition_status_source_value=" ".join(part for part in graded if part),
    )


def _add_lab(cdm: Cdm, row: Row) -> None:
    analyte = analyte_named(row["analyte"])
    if analyte is None:
        cdm.leave("labs", "analyte", "the analyte is not in the vocabulary")
        return
    if row["loinc"] is None:
        cdm.leave("labs", "loinc", "comes back as the first LOINC code of the analyte")
    factor = analyte.factor(row["unit"])
    clock = dt.time.fromisoformat(row["time"]) if row["time"] is not None else None
    cdm.measure(
        row["patient_id"],
        row["loinc"] or analyte.loinc[0],
        row["date"],
        measurement_datetime=dt.datetime.combine(row["date"], clock) if clock is not None else None,
        operator_concept_id=_SIGNS.get(row["comparator"]),
        value_as_number=_as_reported(row, factor),
        unit_concept_id=omop_concept_of("UCUM", row["unit"]),
        range_low=_in_unit(row["lln"], factor),
        range_high=_in_unit(row["uln"], factor),
        unit_source_value=row["unit"],
        value_source_value=row["value_text"],
    )


def _as_reported(row: Row, factor: float) -> float | None:
    """The number in the unit of the report; from the canonical value where the text can be read in two ways."""
    try:
        return parse_reported_value(row["value_text"]).value
    except UnusableInputError:
        return _in_unit(row["value"], factor)


def _in_unit(value: float | None, factor: float) -> float | None:
    return None if value is None else value / factor


def _add_vital(cdm: Cdm, row: Row) -> None:
    if row["measure"] == "ecog":
        cdm.measure(row["patient_id"], "89247-1", row["date"], value_as_number=row["value"])
        return
    code, unit = _LOINC_OF[row["measure"]]
    number = omop_concept_of("UCUM", unit)
    said = {"value_as_number": row["value"], "unit_source_value": unit, "unit_concept_id": number}
    cdm.measure(row["patient_id"], code, row["date"], **said)


def _add_cycle(cdm: Cdm, row: Row) -> None:
    day, patient = row["administered_date"], row["patient_id"]
    if drug_named(row["agent"]) is None:
        cdm.leave("cycles", "agent", "the agent is not in the vocabulary and does not come back")
    if row["weight_kg"] is not None:
        cdm.leave("cycles", "weight_kg", "comes back where vitals hold the weight of that day")
    exposure = cdm.add(
        "drug_exposure",
        patient,
        drug_concept_id=_concept_of_drug(row["agent"]),
        drug_exposure_start_date=day,
        drug_exposure_start_datetime=row["injection_datetime"],
        drug_exposure_end_date=day,
        drug_type_concept_id=ADMINISTERED,
        quantity=row["administered_mbq"],
        drug_source_value=row["agent"],
        dose_unit_source_value="MBq" if row["administered_mbq"] is not None else None,
    )
    episode = cdm.add(
        "episode",
        patient,
        episode_concept_id=TREATMENT_CYCLE,
        episode_start_date=day,
        episode_end_date=day,
        episode_number=row["cycle"],
        episode_object_concept_id=0,
        episode_type_concept_id=EHR,
    )
    cdm.add("episode_event", episode_id=episode, event_id=exposure, episode_event_field_concept_id=DRUG_KEY)
    if row["assay_datetime"] is not None:
        cdm.observe(patient, f"{OWN}:syringe_assay", day, observation_datetime=row["assay_datetime"])
    if row["residual_mbq"] is not None:
        said = {"value_as_number": row["residual_mbq"], "unit_source_value": "MBq"}
        cdm.observe(patient, f"{OWN}:residual_activity", day, observation_datetime=row["residual_datetime"], **said)


def _add_statement(cdm: Cdm, row: Row) -> None:
    if row["begin_precision"] != "day" or row["kind"] not in ("procedure", "billing") or row["code_system"] is None:
        cdm.leave("cycle_statements", "", f"a statement of kind {row['kind']} without day and code has no place")
        return
    coded = f"{row['code_system'].upper()}:{row['code']}"
    if row["kind"] == "billing":
        cdm.add(
            "drug_exposure",
            row["patient_id"],
            drug_concept_id=0,
            drug_exposure_start_date=row["begin_date"],
            drug_exposure_end_date=row["begin_date"],
            drug_type_concept_id=CLAIM,
            drug_source_value=coded,
        )
        return
    cdm.add(
        "procedure_occurrence",
        row["patient_id"],
        procedure_concept_id=0,
        procedure_date=row["begin_date"],
        procedure_end_date=row["end_date"],
        procedure_type_concept_id=EHR,
        procedure_source_value=coded,
    )


def _add_treatment(cdm: Cdm, row: Row) -> None:
    drug = drug_named(row["agent"])
    if row["begin_date"] is None:
        cdm.leave("treatments", "begin_date", "an exposure needs a first day; the treatment is left out")
        return
    if drug is None or drug.agent_class != row["agent_class"]:
        cdm.leave("treatments", "agent", "the agent or its class is not in the vocabulary and does not come back")
    if drug is not None and drug.purpose == "local":
        cdm.add(
            "procedure_occurrence",
            row["patient_id"],
            procedure_concept_id=0,
            procedure_date=row["begin_date"],
            procedure_end_date=row["end_date"],
            procedure_type_concept_id=EHR,
            procedure_source_value=row["agent"],
            modifier_source_value="; ".join(_said_of_period(cdm, "treatments", row)) or None,
        )
        return
    _add_exposure(cdm, "treatments", row, row["agent"], stop_reason=row["stop_reason"])


def _add_medication(cdm: Cdm, row: Row) -> None:
    drug = drug_named(row["agent"])
    if row["begin_date"] is None:
        cdm.leave("medications", "begin_date", "an exposure needs a first day; the medication is left out")
        return
    if drug is None or drug.purpose != row["kind"]:
        cdm.leave("medications", "agent", "the drug or its kind is not in the vocabulary and does not come back")
    _add_exposure(cdm, "medications", row, row["product"] or row["agent"], depot_days=row["depot_days"])


def _add_exposure(
    cdm: Cdm,
    table: str,
    row: Row,
    source_value: str,
    *,
    stop_reason: str | None = None,
    depot_days: int | None = None,
) -> None:
    said = _said_of_period(cdm, table, row)
    if depot_days is not None and depot_days % 7 == 0:
        said.append(f"every {depot_days // 7} weeks")
    elif depot_days is not None:
        cdm.leave(table, "depot_days", "written where it is whole weeks")
    cdm.add(
        "drug_exposure",
        row["patient_id"],
        drug_concept_id=_concept_of_drug(row["agent"]),
        drug_exposure_start_date=row["begin_date"],
        drug_exposure_end_date=row["end_date"] or row["begin_date"],
        verbatim_end_date=row["end_date"],
        drug_type_concept_id=EHR,
        stop_reason=stop_reason,
        sig="; ".join(said) or None,
        drug_source_value=source_value,
    )


def _said_of_period(cdm: Cdm, table: str, row: Row) -> list[str]:
    if row["end_date_precision"] not in (None, "day"):
        cdm.leave(table, "end_date_precision", "the first day that the date can mean is written")
    begin = _known_to(row["begin_date_precision"])
    return [part for part in (begin, OPEN_END if row["end_date"] is None else None) if part is not None]


def _concept_of_drug(agent: str) -> int:
    """The ingredient of the shipped list that a drug of the vocabulary is, 0 where none is known."""
    drug = drug_named(agent)
    found = (one.id for one in omop_concepts().values() if one.vocabulary == "RxNorm" and _is(drug, one.name))
    return next(found, 0)


def _is(drug: Drug | None, name: str) -> bool:
    return drug is not None and drug_named(name) == drug


def _add_support(cdm: Cdm, row: Row) -> None:
    drug = drug_named(str(_TRANSFUSIONS.get(row["kind"], row["kind"])))
    coded = f"SNOMED:{drug.snomed[0]}" if drug is not None and drug.snomed else f"{OWN}:{row['kind']}"
    cdm.add(
        "procedure_occurrence",
        row["patient_id"],
        procedure_concept_id=0,
        procedure_date=row["date"],
        procedure_type_concept_id=EHR,
        quantity=row["units"],
        procedure_source_value=coded,
    )


def _add_answer(cdm: Cdm, row: Row) -> None:
    item = f"{row['instrument'].upper()}:{row['item']}"
    cdm.observe(row["patient_id"], item, row["date"], value_as_number=row["answer"])


def _add_event(cdm: Cdm, row: Row) -> None:
    precision = row["date_precision"]
    cdm.observe(
        row["patient_id"],
        f"{OWN}:{row['kind']}",
        row["date"],
        value_as_string=None if precision == "day" else precision,
        qualifier_source_value=row["basis"],
    )


def _add_finding(cdm: Cdm, row: Row) -> None:
    for name in _FINDING_LEFT:
        if row[name] is not None:
            cdm.leave("reader_findings", name, "has no place beside site and long axis")
    kind = row["kind"] if row["kind"].startswith("ct_") else f"reader_{row['kind']}"
    cdm.observe(
        row["patient_id"],
        f"{OWN}:{kind}",
        row["date"],
        value_as_string=row["site"],
        qualifier_source_value=row["basis"],
        value_as_number=row["long_axis_mm"],
        unit_source_value="mm" if row["long_axis_mm"] is not None else None,
    )


def _add_disposition(cdm: Cdm, row: Row) -> None:
    if row["date"] is None:
        cdm.leave("dispositions", "date", "an observation needs a day; the statement is left out")
        return
    if row["date_precision"] != "day":
        cdm.leave("dispositions", "date_precision", "the first day that the date can mean is written")
    told = {"qualifier_source_value": row["code_system"], "value_source_value": row["code"]}
    cdm.observe(row["patient_id"], f"{OWN}:disposition", row["date"], **told)


_WRITERS: dict[str, Callable[[Cdm, Row], None]] = {
    "diagnoses": _add_diagnosis,
    "follow_up": _add_follow_up,
    "contacts": _add_contact,
    "adverse_events": _add_adverse_event,
    "labs": _add_lab,
    "vitals": _add_vital,
    "cycles": _add_cycle,
    "cycle_statements": _add_statement,
    "treatments": _add_treatment,
    "medications": _add_medication,
    "support": _add_support,
    "questionnaires": _add_answer,
    "disease_events": _add_event,
    "reader_findings": _add_finding,
    "dispositions": _add_disposition,
}
CARRIED_TABLES = ("patients", *_WRITERS)
"""The fact tables that a CDM can carry."""
