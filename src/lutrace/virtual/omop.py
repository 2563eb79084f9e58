"""The charts as an OMOP common data model 5.4: a folder of Parquet files, as a hospital's own ETL would fill it.

Names and types of columns: field list of the OHDSI CommonDataModel 5.4. Where the model has no place for a fact, the
centre's own source values hold it; `SITE_LINES` says in the site profile what they mean.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lutrace.core import Row
from lutrace.terms import analyte_named
from lutrace.virtual.chart import Chart, Milestone
from lutrace.virtual.records import HAEMOGLOBIN_MMOL_PER_G_DL, LIMITS

SITE_LINES = {
    "omop": {
        "synthetic": True,
        "source_values": {
            "FRACTURE-PATH": "lutrace:fracture",
            "HOSPICE-CARE": "lutrace:hospice",
            "SYRINGE-ASSAY": "lutrace:syringe_assay",
            "SYRINGE-REST": "lutrace:residual_activity",
            "END-OF-RLT": "lutrace:disposition",
            "MCRPC": "lutrace:mcrpc",
        },
    }
}
"""Lines of the site profile: what this centre's own source values mean."""
_EHR, _MALE = 32817, 8507
_VISITS = {"admission": 9201, "visit": 9202}
_EVENTS = {"fracture": "FRACTURE-PATH", "hospice": "HOSPICE-CARE"}
_CYCLE, _PROGRESSION = 32532, 32677
_CONDITION_KEY, _DRUG_KEY = 1147127, 1147094
"""Concepts of the fields condition_occurrence_id and drug_exposure_id, by which rows refer to others."""
_CONCEPTS: dict[tuple[str, str], tuple[int, str, str]] = {
    ("LOINC", "2857-1"): (3013603, "Prostate specific Ag [Mass/volume] in Serum or Plasma", "Measurement"),
    ("LOINC", "718-7"): (3000963, "Hemoglobin [Mass/volume] in Blood", "Measurement"),
    ("LOINC", "777-3"): (3024929, "Platelets [#/volume] in Blood by Automated count", "Measurement"),
    ("LOINC", "6690-2"): (3000905, "Leukocytes [#/volume] in Blood by Automated count", "Measurement"),
    ("LOINC", "751-8"): (3013650, "Neutrophils [#/volume] in Blood by Automated count", "Measurement"),
    ("LOINC", "731-0"): (3004327, "Lymphocytes [#/volume] in Blood by Automated count", "Measurement"),
    ("LOINC", "2160-0"): (3016723, "Creatinine [Mass/volume] in Serum or Plasma", "Measurement"),
    ("LOINC", "6768-6"): (
        3035995,
        "Alkaline phosphatase [Enzymatic activity/volume] in Serum or Plasma",
        "Measurement",
    ),
    ("LOINC", "1920-8"): (3013721, "Aspartate aminotransferase in Serum or Plasma", "Measurement"),
    ("LOINC", "1742-6"): (3006923, "Alanine aminotransferase in Serum or Plasma", "Measurement"),
    ("LOINC", "1751-7"): (3024561, "Albumin [Mass/volume] in Serum or Plasma", "Measurement"),
    ("LOINC", "1975-2"): (3024128, "Bilirubin.total [Mass/volume] in Serum or Plasma", "Measurement"),
    ("SNOMED", "93974005"): (200962, "Primary malignant neoplasm of prostate", "Condition"),
    ("RxNorm", "72962"): (1315942, "docetaxel", "Drug"),
    ("RxNorm", "996051"): (40222431, "cabazitaxel", "Drug"),
    ("RxNorm", "1100072"): (40239056, "abiraterone", "Drug"),
    ("RxNorm", "1307298"): (42900250, "enzalutamide", "Drug"),
    ("RxNorm", "993449"): (40222444, "denosumab", "Drug"),
    ("UCUM", "ng/mL"): (8842, "nanogram per milliliter", "Unit"),
    ("UCUM", "g/dL"): (8713, "gram per deciliter", "Unit"),
    ("UCUM", "U/L"): (8645, "unit per liter", "Unit"),
}
"""Concepts with the number that public material shows beside them; all others stand as source values, concept 0."""
_INGREDIENTS = {
    "docetaxel": "72962",
    "cabazitaxel": "996051",
    "abiraterone": "1100072",
    "enzalutamide": "1307298",
    "denosumab": "993449",
}
_TYPES = {"int": pa.int64(), "num": pa.float64(), "str": pa.string(), "date": pa.date32(), "time": pa.timestamp("us")}
_COLUMNS = {
    "person": "person_id gender_concept_id year_of_birth month_of_birth day_of_birth race_concept_id "
    "ethnicity_concept_id person_source_value:str gender_source_value:str",
    "observation_period": "observation_period_id person_id observation_period_start_date:date "
    "observation_period_end_date:date period_type_concept_id",
    "death": "person_id death_date:date death_type_concept_id",
    "visit_occurrence": "visit_occurrence_id person_id visit_concept_id visit_start_date:date visit_end_date:date "
    "visit_type_concept_id visit_source_value:str",
    "condition_occurrence": "condition_occurrence_id person_id condition_concept_id condition_start_date:date "
    "condition_end_date:date condition_type_concept_id condition_source_value:str condition_source_concept_id "
    "condition_status_source_value:str",
    "drug_exposure": "drug_exposure_id person_id drug_concept_id drug_exposure_start_date:date "
    "drug_exposure_start_datetime:time drug_exposure_end_date:date verbatim_end_date:date drug_type_concept_id "
    "stop_reason:str quantity:num sig:str drug_source_value:str drug_source_concept_id dose_unit_source_value:str",
    "procedure_occurrence": "procedure_occurrence_id person_id procedure_concept_id procedure_date:date "
    "procedure_type_concept_id quantity procedure_source_value:str procedure_source_concept_id",
    "measurement": "measurement_id person_id measurement_concept_id measurement_date:date measurement_type_concept_id "
    "value_as_number:num unit_concept_id range_low:num range_high:num measurement_source_value:str "
    "measurement_source_concept_id unit_source_value:str value_source_value:str measurement_event_id "
    "meas_event_field_concept_id",
    "observation": "observation_id person_id observation_concept_id observation_date:date observation_datetime:time "
    "observation_type_concept_id value_as_number:num qualifier_source_value:str observation_source_value:str "
    "observation_source_concept_id unit_source_value:str value_source_value:str",
    "episode": "episode_id person_id episode_concept_id episode_start_date:date episode_end_date:date episode_number "
    "episode_object_concept_id episode_type_concept_id",
    "episode_event": "episode_id event_id episode_event_field_concept_id",
    "concept": "concept_id concept_name:str domain_id:str vocabulary_id:str concept_class_id:str standard_concept:str "
    "concept_code:str valid_start_date:date valid_end_date:date",
    "cdm_source": "cdm_source_name:str cdm_source_abbreviation:str cdm_holder:str source_release_date:date "
    "cdm_release_date:date cdm_version:str cdm_version_concept_id vocabulary_version:str",
}


def write_omop(folder: Path, charts: Sequence[Chart]) -> None:
    """Write the tables of the model as `person.parquet` and so on into `folder`.

    A date known to the month is its first day, a death its last day, as conventions of the model have it: it has no
    place for how exactly a day is known.
    """
    cdm = _Cdm()
    for chart in charts:
        _write_patient(cdm, chart)
    for (vocabulary, code), (number, name, domain) in _CONCEPTS.items():
        cdm.add(
            "concept",
            concept_id=number,
            concept_name=name,
            domain_id=domain,
            vocabulary_id=vocabulary,
            concept_class_id={"LOINC": "Lab Test", "RxNorm": "Ingredient", "UCUM": "Unit"}.get(vocabulary, "Disorder"),
            standard_concept="S",
            concept_code=code,
            valid_start_date=dt.date(1970, 1, 1),
            valid_end_date=dt.date(2099, 12, 31),
        )
    day = max(chart.patient.last_date for chart in charts)
    cdm.add(
        "cdm_source",
        cdm_source_name="Virtual centre (synthetic)",
        cdm_source_abbreviation="SYNTHETIC",
        cdm_holder="nobody",
        source_release_date=day,
        cdm_release_date=day,
        cdm_version="v5.4",
        cdm_version_concept_id=756265,
        vocabulary_version="subset",
    )
    folder.mkdir(parents=True, exist_ok=True)
    for name, columns in _COLUMNS.items():
        fields = [part.partition(":")[::2] for part in columns.split()]
        schema = pa.schema([(column, _TYPES[kind or "int"]) for column, kind in fields])
        pq.write_table(pa.Table.from_pylist(cdm.rows[name], schema=schema), folder / f"{name}.parquet")


@dataclass
class _Cdm:
    """The rows of all tables; each table counts its own ids."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))

    def add(self, table: str, **cells: Any) -> int:
        """A row with the next id of the table, which is given back."""
        number = len(self.rows[table]) + 1
        key = f"{table}_id"
        named = key in _COLUMNS[table].split() and key not in cells
        self.rows[table].append({**({key: number} if named else {}), **cells})
        return number


def _write_patient(cdm: _Cdm, chart: Chart) -> None:
    patient = chart.patient
    birth = patient.birth_date
    person = cdm.add(
        "person",
        person_id=patient.number,
        gender_concept_id=_MALE,
        year_of_birth=birth.year,
        month_of_birth=birth.month,
        day_of_birth=birth.day,
        race_concept_id=0,
        ethnicity_concept_id=0,
        person_source_value=patient.identifier,
        gender_source_value="M",
    )
    cdm.add(
        "observation_period",
        person_id=person,
        observation_period_start_date=patient.initial_date,
        observation_period_end_date=patient.last_date,
        period_type_concept_id=_EHR,
    )
    if chart.death is not None:
        cdm.add("death", person_id=person, death_date=chart.death.last_day(), death_type_concept_id=_EHR)
    _write_conditions(cdm, person, chart)
    _write_measurements(cdm, person, chart)
    _write_drugs(cdm, person, chart)
    _write_events(cdm, person, chart)


def _concept(vocabulary: str, code: str) -> int:
    return _CONCEPTS.get((vocabulary, code), (0, "", ""))[0]


def _first(milestone: Milestone) -> dt.date:
    return milestone.date.replace(day=1)


def _write_conditions(cdm: _Cdm, person: int, chart: Chart) -> None:
    initial = 0
    for one in chart.milestones:
        number = cdm.add(
            "condition_occurrence",
            person_id=person,
            condition_concept_id=_concept("SNOMED", "93974005") if one.name == "initial" else 0,
            condition_start_date=_first(one),
            condition_type_concept_id=_EHR,
            condition_source_value=f"ICD10:{one.code}" if one.code is not None else "MCRPC",
            condition_source_concept_id=0,
        )
        initial = number if one.name == "initial" else initial
    if chart.dry_mouth is not None:
        begin, grade = chart.dry_mouth
        cdm.add(
            "condition_occurrence",
            person_id=person,
            condition_concept_id=0,
            condition_start_date=begin,
            condition_type_concept_id=_EHR,
            condition_source_value="Dry mouth",
            condition_source_concept_id=0,
            condition_status_source_value=f"ctcae-5.0 grade {grade}",
        )
    _write_staging(cdm, person, chart, initial)


def _write_staging(cdm: _Cdm, person: int, chart: Chart, condition: int) -> None:
    primary, secondary = chart.patient.gleason
    told: list[tuple[str, float | None, str | None]] = [
        ("35266-6", primary + secondary, None),
        ("44641-9", primary, None),
        ("44642-7", secondary, None),
        *((code, None, value) for code, value in zip(("21905-5", "21906-3", "21907-1"), chart.tnm, strict=True)),
    ]
    for code, number, text in told:
        cdm.add(
            "measurement",
            person_id=person,
            measurement_concept_id=0,
            measurement_date=_first(chart.milestone("initial")),
            measurement_type_concept_id=_EHR,
            value_as_number=number,
            measurement_source_value=f"LOINC:{code}",
            measurement_source_concept_id=0,
            value_source_value=text,
            measurement_event_id=condition,
            meas_event_field_concept_id=_CONDITION_KEY,
        )


def _write_measurements(cdm: _Cdm, person: int, chart: Chart) -> None:
    patient = chart.patient
    first = patient.administrations[0].injection.date()
    _measure(cdm, person, "8302-2", (first, patient.height_cm, "cm"))
    for one in patient.administrations:
        _measure(cdm, person, "29463-7", (one.injection.date(), one.weight_kg, "kg"))
    for day, grade in patient.ecog:
        _measure(cdm, person, "89247-1", (day, float(grade), None))
    for lab in patient.labs:
        analyte = analyte_named(lab.analyte)
        assert analyte is not None
        low, high = LIMITS.get(lab.analyte, (None, None))
        code, value, unit, factor = analyte.loinc[0], lab.value, lab.unit, 1.0
        if lab.analyte == "haemoglobin" and patient.number % 3 == 0:
            code, unit, factor = "59260-0", "mmol/L", HAEMOGLOBIN_MMOL_PER_G_DL
            value = round(value * factor, 2)
        limits = tuple(None if one is None else round(one * factor, 2) for one in (low, high))
        _measure(cdm, person, code, (lab.date, value, unit), limits)


def _measure(
    cdm: _Cdm,
    person: int,
    loinc: str,
    result: tuple[dt.date, float, str | None],
    limits: tuple[float | None, ...] = (None, None),
) -> None:
    day, value, unit = result
    cdm.add(
        "measurement",
        person_id=person,
        measurement_concept_id=_concept("LOINC", loinc),
        measurement_date=day,
        measurement_type_concept_id=_EHR,
        value_as_number=value,
        unit_concept_id=_concept("UCUM", unit or ""),
        range_low=limits[0],
        range_high=limits[1],
        measurement_source_value=f"LOINC:{loinc}",
        measurement_source_concept_id=_concept("LOINC", loinc),
        unit_source_value=unit,
    )


def _write_drugs(cdm: _Cdm, person: int, chart: Chart) -> None:
    patient = chart.patient
    for treatment in patient.treatments:
        number = _concept("RxNorm", _INGREDIENTS.get(treatment.agent, ""))
        cdm.add(
            "drug_exposure",
            person_id=person,
            drug_concept_id=number,
            drug_exposure_start_date=treatment.begin,
            drug_exposure_end_date=treatment.end or patient.last_date,
            verbatim_end_date=treatment.end,
            drug_type_concept_id=_EHR,
            stop_reason=treatment.stop_reason,
            sig=None if treatment.end is not None else "end not recorded",
            drug_source_value=treatment.agent,
            drug_source_concept_id=number,
        )
    for one in patient.administrations:
        day = one.injection.date()
        exposure = cdm.add(
            "drug_exposure",
            person_id=person,
            drug_concept_id=0,
            drug_exposure_start_date=day,
            drug_exposure_start_datetime=one.injection,
            drug_exposure_end_date=day,
            drug_type_concept_id=32818,
            quantity=one.administered_mbq,
            drug_source_value="ATC:V10XX05",
            drug_source_concept_id=0,
            dose_unit_source_value="MBq",
        )
        episode = cdm.add(
            "episode",
            person_id=person,
            episode_concept_id=_CYCLE,
            episode_start_date=day,
            episode_end_date=day,
            episode_number=one.cycle,
            episode_object_concept_id=0,
            episode_type_concept_id=_EHR,
        )
        cdm.add("episode_event", episode_id=episode, event_id=exposure, episode_event_field_concept_id=_DRUG_KEY)
        _observe(cdm, person, "SYRINGE-ASSAY", day, observation_datetime=one.assay)
        rest = {
            "observation_datetime": one.residual_at,
            "value_as_number": one.residual_mbq,
            "unit_source_value": "MBq",
        }
        _observe(cdm, person, "SYRINGE-REST", day, **rest)


def _observe(cdm: _Cdm, person: int, source_value: str, day: dt.date, **cells: Any) -> None:
    cdm.add(
        "observation",
        person_id=person,
        observation_concept_id=0,
        observation_date=day,
        observation_type_concept_id=_EHR,
        observation_source_value=source_value,
        observation_source_concept_id=0,
        **cells,
    )


def _write_events(cdm: _Cdm, person: int, chart: Chart) -> None:
    for stay in chart.stays:
        cdm.add(
            "visit_occurrence",
            person_id=person,
            visit_concept_id=_VISITS[stay.kind],
            visit_start_date=stay.begin,
            visit_end_date=stay.end,
            visit_type_concept_id=_EHR,
            visit_source_value=stay.kind,
        )
    for kind, day in chart.events:
        _observe(cdm, person, _EVENTS[kind], day)
    if chart.clinical_progression is not None:
        cdm.add(
            "episode",
            person_id=person,
            episode_concept_id=_PROGRESSION,
            episode_start_date=chart.clinical_progression,
            episode_object_concept_id=0,
            episode_type_concept_id=_EHR,
        )
    if chart.end_of_therapy is not None:
        reason, day = chart.end_of_therapy
        told = {"qualifier_source_value": "lutrace", "value_source_value": reason}
        _observe(cdm, person, "END-OF-RLT", day, **told)
    for one in chart.transfusions:
        code = {"red_cells": "116863004", "platelets": "12719002"}[one.kind]
        cdm.add(
            "procedure_occurrence",
            person_id=person,
            procedure_concept_id=0,
            procedure_date=one.date,
            procedure_type_concept_id=_EHR,
            quantity=one.units,
            procedure_source_value=f"SNOMED:{code}",
            procedure_source_concept_id=0,
        )
    for form in chart.answers:
        for item, answer in form.items:
            _observe(cdm, person, f"{form.instrument.upper()}:{item}", form.date, value_as_number=float(answer))
