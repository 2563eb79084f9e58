"""OMOP CDM 5.4 into rows: person by person, in groups of bounded size, on ibis tables of any engine."""

from __future__ import annotations

import datetime as dt
import functools
import operator
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import ibis.expr.types as ir

from lutrace.core import Row, Source, UnusableInputError
from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_elements import RecordError, Resource, codes, drugs_of
from lutrace.ehr.fhir_milestones import milestone_of
from lutrace.ehr.fhir_output import Collected
from lutrace.ehr.omop_concepts import Codes, read_concepts, system_at
from lutrace.ehr.omop_diagnoses import add_metastases, add_staging, read_adverse_event, read_condition
from lutrace.ehr.omop_measurements import CYCLE_FACTS, cycle_fact, meaning_of, read_measured
from lutrace.ehr.omop_notes import read_note
from lutrace.ehr.omop_output import CdmRow, PersonOutput
from lutrace.ehr.omop_people import day_of_death, read_death, read_person, read_visit
from lutrace.ehr.omop_tables import COUNTED_TABLES, READ_TABLES, SYNTHETIC
from lutrace.ehr.omop_treatments import SUPPORT, Treated, is_cycle, read_cycles, read_progressions, read_treated
from lutrace.ehr.records import Letter, RecordBatch
from lutrace.terms import omop_meanings

ROWS_PER_GROUP = 100_000
"""A group of persons ends when their rows in the tables that are read are this many."""

_CODED = {
    "condition_occurrence": ("condition_concept_id", "condition_source_concept_id", "condition_source_value"),
    "drug_exposure": ("drug_concept_id", "drug_source_concept_id", "drug_source_value"),
    "procedure_occurrence": ("procedure_concept_id", "procedure_source_concept_id", "procedure_source_value"),
    "measurement": ("measurement_concept_id", "measurement_source_concept_id", "measurement_source_value"),
    "observation": ("observation_concept_id", "observation_source_concept_id", "observation_source_value"),
}
_OTHER_CONCEPTS = {
    "death": ("cause_concept_id", "cause_source_concept_id"),
    "visit_occurrence": ("visit_concept_id", "discharged_to_concept_id", "discharge_to_concept_id"),
    "drug_exposure": ("drug_type_concept_id",),
    "procedure_occurrence": ("procedure_type_concept_id",),
    "measurement": ("unit_concept_id", "value_as_concept_id"),
    "observation": ("unit_concept_id", "value_as_concept_id"),
    "note": ("note_class_concept_id", "language_concept_id"),
}
_QUALIFIERS = {"condition_occurrence": "condition_status_source_value", "observation": "qualifier_source_value"}
_NOBODY = -1
"""The number of a person where a row holds none that can be read."""
_EVENT_FIELDS = omop_meanings().fields
_ONE = "keep one row for each person in the CDM"
_TABLE_OF = {
    "death": "follow_up",
    "visit_occurrence": "contacts",
    "condition_occurrence": "diagnoses",
    "drug_exposure": "treatments",
    "procedure_occurrence": "treatments",
    "measurement": "labs",
    "observation": "disease_events",
}

_NOT_NEEDED = {
    "race_concept_id",
    "ethnicity_concept_id",
    "encoding_concept_id",
    "language_concept_id",
    "note_class_concept_id",
    "episode_object_concept_id",
    "drug_exposure_end_date",
    "visit_end_date",
    "domain_id",
    "valid_start_date",
    "valid_end_date",
    "min_levels_of_separation",
    "max_levels_of_separation",
}
"""Columns that the model requires and no row needs: earlier versions and small exports leave them out."""


@dataclass(frozen=True)
class OmopSettings:
    """What a site states of its CDM.

    `codes` are those of its own concepts and source values; `stable_ids`: a record keeps its number from load to load;
    `patient_id` is the column of PERSON that names a patient, in the identifier system `system`; `synthetic`: its
    persons do not exist.
    """

    codes: Codes = field(default_factory=Codes)
    stable_ids: bool = False
    patient_id: Literal["person_source_value", "person_id"] = "person_source_value"
    system: str = ""
    synthetic: bool = False


def read_omop(
    tables: Mapping[str, ir.Table], digest: str, settings: OmopSettings | None = None
) -> Iterator[RecordBatch]:
    """The rows of a CDM, group of persons by group; docs/reference/omop.md. `digest` names the source.

    Raises UnusableInputError where PERSON or a column that is needed is missing.
    """
    settings = settings or OmopSettings()
    kept = {name: _checked(name, table) for name, table in tables.items() if name in READ_TABLES}
    if "person" not in kept:
        known = sorted(set(tables) & (READ_TABLES.keys() | set(COUNTED_TABLES)))
        found = f"{', '.join(known) or 'none'} of {len(tables)} tables"
        raise UnusableInputError(f"the source holds no table PERSON (found: {found}); name the schema of the CDM")
    reading = _Reading(kept, settings)
    source = Source("omop", digest)
    unread = Counter(reading.unread)
    for name in COUNTED_TABLES:
        if name in tables:
            unread[f"{name} (gives no row)"] += int(tables[name].count().execute())
    for group in reading.groups():
        collected = Collected()
        letters = reading.read_group(group, collected)
        collected.unread.update(unread)
        unread.clear()
        yield _batch(source, collected, letters)


def _checked(name: str, table: ir.Table) -> ir.Table:
    """The columns of a table that the model has, all that rows need being there; `person_id` as a whole number."""
    declared = {column.name: column for column in READ_TABLES[name].columns}
    older = {"discharge_to_concept_id", "discharge_to_source_value"}
    required = (column.name for column in declared.values() if column.required and column.name not in _NOT_NEEDED)
    needed = {column for column in required if not column.endswith("_type_concept_id")}
    missing = sorted(needed - set(table.columns))
    if missing:
        raise UnusableInputError(
            f"{name}: the columns {', '.join(missing)} of OMOP CDM 5.4 are missing; it has {len(table.columns)} columns"
        )
    kept = table.select(*[column for column in table.columns if column in declared or column in older])
    if "person_id" not in declared:
        return kept
    number = kept.person_id.try_cast("int64") if kept.person_id.type().is_string() else kept.person_id.cast("int64")
    return kept.mutate(person_id=number.fill_null(_NOBODY))


class _Reading:
    """One CDM being read: its tables with only those rows that mean something, and what they mean."""

    def __init__(self, tables: dict[str, ir.Table], settings: OmopSettings) -> None:
        self.unread: Counter[str] = Counter()
        self._settings = settings
        self._tables = tables
        self._combinations = {name: self._read_combinations(name) for name in _CODED if name in tables}
        self._concepts = read_concepts(tables, self._used(), settings.codes)
        self._meanings = {name: self._keep_meant(name) for name in self._combinations}
        self._events = self._read_events()
        self._naming = _naming_column(tables["person"], settings)
        self._numbers: Counter[str] = Counter()
        self._synthetic = settings.synthetic or _says_synthetic(tables.get("cdm_source"))

    def _read_combinations(self, name: str) -> list[tuple[tuple[Any, ...], int]]:
        """Concept, source concept, source value and qualifier of all rows, as written, with their number."""
        table = self._tables[name]
        columns = [*_CODED[name], *([_QUALIFIERS[name]] if name in _QUALIFIERS else [])]
        present = [column for column in columns if column in table.columns]
        counted = table.group_by(present).agg(n=table.count()).to_pyarrow().to_pylist()
        return [(tuple(row.get(column) for column in columns), row["n"]) for row in counted]

    def _used(self) -> set[int]:
        """The numbers of all concepts that may be asked for."""
        used = {_int(number) for rows in self._combinations.values() for written, _ in rows for number in written[:2]}
        for name, columns in _OTHER_CONCEPTS.items():
            table = self._tables.get(name)
            for column in columns:
                if table is not None and column in table.columns:
                    values = table.select(column).distinct().to_pyarrow().column(column).to_pylist()
                    used |= {_int(value) for value in values}
        return used

    def _keep_meant(self, name: str) -> dict[tuple[Any, ...], Any]:
        """Leave out the rows of a table that mean nothing here, counted by why; the meaning of the others."""
        meanings: dict[tuple[Any, ...], Any] = {}
        for written, n in self._combinations[name]:
            concept = self._concepts.concept(_int(written[0]), _int(written[1]), _text(written[2]))
            meant = _meaning(name, concept, [_text(one) for one in written[2:]])
            if meant is None:
                self.unread[f"{name} ({_why(_int(written[0]) or _int(written[1]), concept, _text(written[2]))})"] += n
            else:
                meanings[written] = meant
        table = self._tables[name]
        columns = [*_CODED[name], *([_QUALIFIERS[name]] if name in _QUALIFIERS else [])]
        parts = [(column, {key[place] for key in meanings} - {None}) for place, column in enumerate(columns)]
        wanted = [table[column].isin(sorted(values)) for column, values in parts if values and column in table.columns]
        self._tables[name] = table.filter(functools.reduce(operator.or_, wanted)) if wanted else table.limit(0)
        return meanings

    def _read_events(self) -> dict[int, list[tuple[str, int]]]:
        """The records that each episode names, by table."""
        found: dict[int, list[tuple[str, int]]] = defaultdict(list)
        links = self._tables.get("episode_event")
        for row in links.to_pyarrow().to_pylist() if links is not None else ():
            name = _EVENT_FIELDS.get(_int(row["episode_event_field_concept_id"]))
            if name is not None:
                found[_int(row["episode_id"])].append((name, _int(row["event_id"])))
        return found

    def groups(self) -> Iterator[list[int]]:
        """The persons in order of their number, in groups of at most `ROWS_PER_GROUP` rows."""
        sizes: Counter[int] = Counter()
        for table in self._of_persons().values():
            for row in table.group_by("person_id").agg(n=table.count()).to_pyarrow().to_pylist():
                sizes[row["person_id"]] += row["n"]
        group: list[int] = []
        n = 0
        for person in sorted(sizes):
            if group and n + sizes[person] > ROWS_PER_GROUP:
                yield group
                group, n = [], 0
            group.append(person)
            n += sizes[person]
        if group:
            yield group

    def _of_persons(self) -> dict[str, ir.Table]:
        return {name: table for name, table in self._tables.items() if "person_id" in table.columns}

    def read_group(self, persons: Sequence[int], collected: Collected) -> list[Letter]:
        """The rows of a group of persons, and their letters."""
        by_person: dict[int, dict[str, list[CdmRow]]] = defaultdict(lambda: defaultdict(list))
        for name, table in self._of_persons().items():
            found = table.filter(table.person_id.between(persons[0], persons[-1])).to_pyarrow().to_pylist()
            key = READ_TABLES[name].key or "person_id"
            for cells in sorted(found, key=lambda one: (one["person_id"], _int(one.get(key)))):
                self._numbers[name] += 1
                by_person[cells["person_id"]][name].append(CdmRow(name, self._numbers[name], cells))
        letters: list[Letter] = []
        for person in persons:
            letters += self._read_one(by_person[person], collected)
        return letters

    def _read_one(self, rows: Mapping[str, list[CdmRow]], collected: Collected) -> list[Letter]:
        """One person: who it is first, then the facts, those last that rest on several records."""
        patient_id = self._patient(rows.get("person", []), collected)
        if patient_id is None:
            for row in (one for name, found in rows.items() if name != "person" for one in found):
                with collected.refusing(_TABLE_OF.get(row.table, "unknown"), row.locator):
                    rule = "patient_id: person_id answers to no usable row of PERSON"
                    raise RecordError("patient_id", rule, "correct the person in the CDM, or the record's person_id")
            return []
        out = PersonOutput(patient_id, collected, stable_ids=self._settings.stable_ids)
        birth_year: int | None = None
        for row in rows["person"][:1]:
            with out.refusing("patients", row):
                birth_year = read_person(row, out, system=self._settings.system, synthetic=self._synthetic)
        for row in rows.get("death", ()):
            with out.refusing("follow_up", row):
                read_death(row, birth_year, self._concepts, out)
        died = day_of_death(rows)
        for row in rows.get("visit_occurrence", ()):
            with out.refusing("contacts", row):
                read_visit(row, self._concepts, out, died=died)
        self._read_facts(rows, out)
        letters = []
        for row in rows.get("note", ()):
            with out.refusing("unknown", row):
                letters.append(read_note(row, self._concepts, patient_id))
        return letters

    def _patient(self, found: Sequence[CdmRow], collected: Collected) -> str | None:
        """The identifier of the person that these rows of PERSON are; None, with faults, where they are not one."""
        different = {str(sorted(row.cells.items(), key=str)) for row in found}
        for row in found:
            with collected.refusing("patients", row.locator):
                if len(different) > 1:
                    raise RecordError("patient_id", "person_id stands in two different rows of PERSON", _ONE)
                named = row.text(self._naming.column)
                if named is None:
                    rule = f"patient_id: {self._naming.column} is empty, and filled in other rows"
                    raise RecordError("patient_id", rule, "fill it, or set omop: patient_id: person_id in the profile")
                if named in self._naming.twice:
                    rule = "patient_id: two persons have the same person_source_value"
                    raise RecordError("patient_id", rule, _ONE)
                if row.cells["person_id"] == _NOBODY:
                    raise RecordError("patient_id", "person_id must be a whole number", "correct it in the CDM")
                return named
        return None

    def _read_facts(self, rows: Mapping[str, list[CdmRow]], out: PersonOutput) -> None:
        seen: dict[tuple[object, ...], Row] = {}
        conditions: list[tuple[CdmRow, Row]] = []
        for row, concept in self._meant(rows, "condition_occurrence"):
            if read_adverse_event(row, out):
                continue
            with out.refusing("diagnoses", row):
                known = read_condition(row, concept, out, seen)
                if known is not None:
                    conditions.append((row, known))
        measured = [*self._meant(rows, "measurement"), *self._meant(rows, "observation")]
        stagings = [(row, meaning) for row, meaning in measured if meaning.kind in ("staging", "tnm")]
        add_staging(stagings, conditions, self._concepts, out)
        for row, known in conditions:
            out.row("diagnoses", known, row)
        add_metastases([(row, meaning) for row, meaning in measured if meaning.kind == "metastasis"], out, seen)
        weights: dict[dt.date, set[float]] = defaultdict(set)
        facts: list[tuple[dt.date | None, Row]] = []
        earlier = len(out.collected.rows["vitals"])
        for row, meaning in measured:
            read_measured(row, meaning, self._concepts, out)
            if meaning.name in CYCLE_FACTS:
                with out.refusing("cycles", row):
                    facts.append((row.day(f"{row.table}_date"), cycle_fact(row, meaning)))
        for one in out.collected.rows["vitals"][earlier:]:
            if one["measure"] == "weight_kg":
                weights[one["date"]].add(one["value"])
        self._read_therapies(rows, weights, facts, out)

    def _read_therapies(
        self,
        rows: Mapping[str, list[CdmRow]],
        weights: Mapping[dt.date, set[float]],
        facts: Sequence[tuple[dt.date | None, Row]],
        out: PersonOutput,
    ) -> None:
        cycles = []
        for name in ("drug_exposure", "procedure_occurrence"):
            for row, meant in self._meant(rows, name):
                with out.refusing("treatments", row):
                    if isinstance(meant, RecordError):
                        raise meant
                    one = Treated(row, *meant)
                    if is_cycle(one):
                        cycles.append(one)
                    else:
                        read_treated(one, out)
        episodes = [
            CdmRow(one.table, one.number, {**one.cells, "events": self._events.get(_int(one.cells["episode_id"]), [])})
            for one in rows.get("episode", ())
        ]
        read_cycles(cycles, episodes, weights, facts, self._concepts, out)
        read_progressions(episodes, out)

    def _meant(self, rows: Mapping[str, list[CdmRow]], name: str) -> Iterator[tuple[CdmRow, Any]]:
        columns = [*_CODED[name], *([_QUALIFIERS[name]] if name in _QUALIFIERS else [])]
        for row in rows.get(name, ()):
            meant = self._meanings[name].get(tuple(row.cells.get(column) for column in columns))
            if meant is not None:
                yield row, meant


@dataclass(frozen=True)
class _Naming:
    """The column of PERSON that names a patient, and the values that stand there for two persons."""

    column: str
    twice: frozenset[str]


def _says_synthetic(source: ir.Table | None) -> bool:
    """Whether CDM_SOURCE carries the mark that this program gives exports of persons who do not exist."""
    found = source.to_pyarrow().column("cdm_source_abbreviation").to_pylist() if source is not None else []
    return found == [SYNTHETIC]


def _naming_column(person: ir.Table, settings: OmopSettings) -> _Naming:
    """The column that the site states; person_id where person_source_value is empty throughout."""
    name = settings.patient_id
    if name not in person.columns or not person.filter(person[name].notnull()).count().execute():
        return _Naming("person_id", frozenset())
    if name == "person_id":
        return _Naming(name, frozenset())
    counted = person.select("person_id", name).distinct()
    doubled = counted.group_by(name).agg(n=counted.count()).filter(lambda t: t.n > 1).to_pyarrow().column(name)
    return _Naming(name, frozenset(str(one).strip() for one in doubled.to_pylist() if one is not None))


def _meaning(name: str, concept: Resource, written: Sequence[str | None]) -> Any:
    """What a coded row is about: a Meaning, the concept of a milestone, or concept and drugs; None when not read."""
    if name in ("measurement", "observation"):
        return meaning_of(concept, written[0], written[1] if len(written) > 1 else None)
    if name == "condition_occurrence":
        graded = (written[1] or "").startswith("ctcae")
        return concept if graded or milestone_of({"code": concept})[0] is not None else None
    support = next((one for one in codes(concept, profile.FINDING_SYSTEM) if one in SUPPORT), None)
    try:
        found = (SUPPORT[support],) if support is not None else drugs_of(concept)
    except RecordError as error:
        return error
    return (concept, found) if found or codes(concept, profile.OPS, profile.HCPCS[0]) else None


def _why(number: int, concept: Resource, value: str | None) -> str:
    """Why a coded row is not read; of a source value without a concept the shape, never the text."""
    if number == 0:
        shape = re.sub(r"9+", "9", re.sub(r"\d", "9", re.sub(r"[^\W\d_]+", "a", value or "")))[:16]
        return f"no concept, source value of shape {shape!r}" if shape else "no concept, no source value"
    systems = [system_at(coding["system"]) or "another" for coding in concept["coding"]]
    return f"code of {systems[0]} not read" if systems else "concept whose meaning is not known"


def _int(value: Any) -> int:
    """A number as the database or a text table gives it; 0 for none."""
    try:
        return 0 if value is None else int(float(value))
    except (ValueError, OverflowError):
        return 0


def _text(value: Any) -> str | None:
    return None if value is None else str(value).strip() or None


def _batch(source: Source, collected: Collected, letters: Sequence[Letter]) -> RecordBatch:
    return RecordBatch(
        source,
        {table: tuple(rows) for table, rows in collected.rows.items() if rows},
        tuple(collected.identities),
        tuple(collected.faults),
        dict(sorted(collected.unread.items())),
        tuple(f"{text} ({count})" for text, count in sorted(collected.notes.items())),
        tuple(letters),
    )
