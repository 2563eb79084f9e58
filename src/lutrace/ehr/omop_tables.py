"""The tables of the OMOP common data model 5.4 that are read or written: columns, types, keys.

Source: the field list and DDL of the OHDSI CommonDataModel, version 5.4 (Apache-2.0), whose names and order these are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

Kind = Literal["int", "num", "str", "date", "time"]

_ARROW: dict[str, pa.DataType] = {
    "int": pa.int64(),
    "num": pa.float64(),
    "str": pa.string(),
    "date": pa.date32(),
    "time": pa.timestamp("us"),
}


@dataclass(frozen=True)
class CdmColumn:
    """One column: `required` may not be empty, a text has at most `length` characters (None: any number)."""

    name: str
    kind: Kind
    required: bool
    length: int | None = None


@dataclass(frozen=True)
class CdmTable:
    """One table; `key` is its primary key, None where the model has none."""

    name: str
    columns: tuple[CdmColumn, ...]
    key: str | None

    @property
    def arrow_schema(self) -> pa.Schema:
        """The types of the columns in Arrow and Parquet."""
        return pa.schema([pa.field(one.name, _ARROW[one.kind], nullable=not one.required) for one in self.columns])


def _table(name: str, columns: str, *, key: str | None) -> CdmTable:
    """From `name:kind[length][!]` separated by spaces; `!` is not null, kind int when left out."""
    found = []
    for item in columns.split():
        word, _, kind = item.rstrip("!").partition(":")
        letters = kind.rstrip("0123456789") or "int"
        length = kind[len(letters) :] if kind else ""
        found.append(CdmColumn(word, letters, item.endswith("!"), int(length) if length else None))  # type: ignore[arg-type]
    return CdmTable(name, tuple(found), key)


_LINKS = "provider_id visit_occurrence_id visit_detail_id"

PERSON = _table(
    "person",
    "person_id! gender_concept_id! year_of_birth! month_of_birth day_of_birth birth_datetime:time race_concept_id! "
    "ethnicity_concept_id! location_id provider_id care_site_id person_source_value:str50 gender_source_value:str50 "
    "gender_source_concept_id race_source_value:str50 race_source_concept_id ethnicity_source_value:str50 "
    "ethnicity_source_concept_id",
    key="person_id",
)
OBSERVATION_PERIOD = _table(
    "observation_period",
    "observation_period_id! person_id! observation_period_start_date:date! observation_period_end_date:date! "
    "period_type_concept_id!",
    key="observation_period_id",
)
VISIT_OCCURRENCE = _table(
    "visit_occurrence",
    "visit_occurrence_id! person_id! visit_concept_id! visit_start_date:date! visit_start_datetime:time "
    "visit_end_date:date! visit_end_datetime:time visit_type_concept_id! provider_id care_site_id "
    "visit_source_value:str50 visit_source_concept_id admitted_from_concept_id admitted_from_source_value:str50 "
    "discharged_to_concept_id discharged_to_source_value:str50 preceding_visit_occurrence_id",
    key="visit_occurrence_id",
)
CONDITION_OCCURRENCE = _table(
    "condition_occurrence",
    "condition_occurrence_id! person_id! condition_concept_id! condition_start_date:date! "
    "condition_start_datetime:time condition_end_date:date condition_end_datetime:time "
    f"condition_type_concept_id! condition_status_concept_id stop_reason:str20 {_LINKS} "
    "condition_source_value:str50 condition_source_concept_id condition_status_source_value:str50",
    key="condition_occurrence_id",
)
DRUG_EXPOSURE = _table(
    "drug_exposure",
    "drug_exposure_id! person_id! drug_concept_id! drug_exposure_start_date:date! drug_exposure_start_datetime:time "
    "drug_exposure_end_date:date! drug_exposure_end_datetime:time verbatim_end_date:date drug_type_concept_id! "
    "stop_reason:str20 refills quantity:num days_supply sig:str route_concept_id lot_number:str50 "
    f"{_LINKS} drug_source_value:str50 drug_source_concept_id route_source_value:str50 dose_unit_source_value:str50",
    key="drug_exposure_id",
)
PROCEDURE_OCCURRENCE = _table(
    "procedure_occurrence",
    "procedure_occurrence_id! person_id! procedure_concept_id! procedure_date:date! procedure_datetime:time "
    "procedure_end_date:date procedure_end_datetime:time procedure_type_concept_id! modifier_concept_id quantity "
    f"{_LINKS} procedure_source_value:str50 procedure_source_concept_id modifier_source_value:str50",
    key="procedure_occurrence_id",
)
MEASUREMENT = _table(
    "measurement",
    "measurement_id! person_id! measurement_concept_id! measurement_date:date! measurement_datetime:time "
    "measurement_time:str10 measurement_type_concept_id! operator_concept_id value_as_number:num value_as_concept_id "
    f"unit_concept_id range_low:num range_high:num {_LINKS} measurement_source_value:str50 "
    "measurement_source_concept_id unit_source_value:str50 unit_source_concept_id value_source_value:str50 "
    "measurement_event_id meas_event_field_concept_id",
    key="measurement_id",
)
OBSERVATION = _table(
    "observation",
    "observation_id! person_id! observation_concept_id! observation_date:date! observation_datetime:time "
    "observation_type_concept_id! value_as_number:num value_as_string:str60 value_as_concept_id qualifier_concept_id "
    f"unit_concept_id {_LINKS} observation_source_value:str50 observation_source_concept_id unit_source_value:str50 "
    "qualifier_source_value:str50 value_source_value:str50 observation_event_id obs_event_field_concept_id",
    key="observation_id",
)
DEATH = _table(
    "death",
    "person_id! death_date:date! death_datetime:time death_type_concept_id cause_concept_id cause_source_value:str50 "
    "cause_source_concept_id",
    key=None,
)
NOTE = _table(
    "note",
    "note_id! person_id! note_date:date! note_datetime:time note_type_concept_id! note_class_concept_id! "
    "note_title:str250 note_text:str! encoding_concept_id! language_concept_id! "
    f"{_LINKS} note_source_value:str50 note_event_id note_event_field_concept_id",
    key="note_id",
)
EPISODE = _table(
    "episode",
    "episode_id! person_id! episode_concept_id! episode_start_date:date! episode_start_datetime:time "
    "episode_end_date:date episode_end_datetime:time episode_parent_id episode_number episode_object_concept_id! "
    "episode_type_concept_id! episode_source_value:str50 episode_source_concept_id",
    key="episode_id",
)
EPISODE_EVENT = _table("episode_event", "episode_id! event_id! episode_event_field_concept_id!", key=None)
CDM_SOURCE = _table(
    "cdm_source",
    "cdm_source_name:str255! cdm_source_abbreviation:str25! cdm_holder:str255! source_description:str "
    "source_documentation_reference:str255 cdm_etl_reference:str255 source_release_date:date! cdm_release_date:date! "
    "cdm_version:str10 cdm_version_concept_id! vocabulary_version:str20!",
    key=None,
)
CONCEPT = _table(
    "concept",
    "concept_id! concept_name:str255! domain_id:str20! vocabulary_id:str20! concept_class_id:str20! "
    "standard_concept:str1 concept_code:str50! valid_start_date:date! valid_end_date:date! invalid_reason:str1",
    key="concept_id",
)
CONCEPT_ANCESTOR = _table(
    "concept_ancestor",
    "ancestor_concept_id! descendant_concept_id! min_levels_of_separation! max_levels_of_separation!",
    key=None,
)

CONCEPT_RELATIONSHIP = _table(
    "concept_relationship", "concept_id_1! concept_id_2! relationship_id:str20! invalid_reason:str1", key=None
)

READ_TABLES: dict[str, CdmTable] = {
    one.name: one
    for one in (
        PERSON,
        DEATH,
        VISIT_OCCURRENCE,
        CONDITION_OCCURRENCE,
        DRUG_EXPOSURE,
        PROCEDURE_OCCURRENCE,
        MEASUREMENT,
        OBSERVATION,
        NOTE,
        EPISODE,
        EPISODE_EVENT,
        CDM_SOURCE,
        CONCEPT,
        CONCEPT_ANCESTOR,
        CONCEPT_RELATIONSHIP,
    )
}
"""Tables that give rows, or meanings; only PERSON must be there."""

COUNTED_TABLES = ("observation_period", "device_exposure", "specimen", "note_nlp", "visit_detail")
"""Tables of patients that give no row by design; their rows are counted."""

SYNTHETIC = "lutrace synthetic"
"""The abbreviation in CDM_SOURCE of an export whose persons do not exist."""

WRITTEN_TABLES: dict[str, CdmTable] = {
    one.name: one
    for one in (
        PERSON,
        OBSERVATION_PERIOD,
        VISIT_OCCURRENCE,
        CONDITION_OCCURRENCE,
        DRUG_EXPOSURE,
        PROCEDURE_OCCURRENCE,
        MEASUREMENT,
        OBSERVATION,
        DEATH,
        NOTE,
        EPISODE,
        EPISODE_EVENT,
        CDM_SOURCE,
    )
}
"""Tables of an export, each written even when it is empty."""
