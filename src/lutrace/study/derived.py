"""The tables that a study asks for beside its endpoints: their rows, the patients in each class, and the evidence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import ibis.expr.types as ir

from lutrace.core import Row
from lutrace.models import SummaryLine
from lutrace.protocol import (
    Derived,
    DerivedAfter,
    DerivedCompletion,
    DerivedCourse,
    DerivedCycles,
    DerivedGradeFlips,
    DerivedGradeGroups,
    DerivedLineQueries,
    DerivedLines,
    DerivedMcrpc,
    DerivedPsaSwitches,
    DerivedSites,
    DerivedSurvivalTimes,
    DerivedTimeline,
    DerivedToxicity,
    DerivedWorseningVariants,
)
from lutrace.report import EvidenceRow, RowTable
from lutrace.study.derived_course import derive_course_tables
from lutrace.study.derived_history import derive_cycle_tables, derive_grade_tables, derive_site_tables
from lutrace.study.derived_lines import derive_line_queries, derive_line_tables
from lutrace.study.derived_mcrpc import derive_mcrpc_tables
from lutrace.study.derived_parts import Derivation, Ground, Variable, by_patient, sources_of
from lutrace.study.derived_psa import derive_switch_tables
from lutrace.study.derived_questionnaires import derive_completion_tables, derive_variant_tables
from lutrace.study.derived_survival import derive_survival_tables
from lutrace.study.derived_timeline import derive_timeline_tables
from lutrace.study.derived_toxicity import derive_flip_tables, derive_toxicity_tables
from lutrace.study.summaries import summarise_lines
from lutrace.tables import RESULT_TABLES


@dataclass(frozen=True)
class DerivedTables:
    """All derived tables of a run: `rows`, `summaries`, `estimates`, `curves`, evidence, words, rules.

    `notes` are the rules of each derived table in words, by its name.
    """

    rows: tuple[RowTable, ...] = ()
    summaries: tuple[Row, ...] = ()
    evidence: tuple[EvidenceRow, ...] = ()
    estimates: tuple[Row, ...] = ()
    curves: tuple[Row, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def derive_tables(ground: Ground) -> DerivedTables:
    """Run every derived table of the protocol, in its order; counts are of the members of each landmark."""
    made = DerivedTables()
    for item in ground.protocol.derived:
        made = _with(made, item, derive_item(ground, item), ground)
    return made


def derive_item(ground: Ground, item: Derived) -> Derivation:
    """The expressions and variables of one derived table."""
    match item:
        case DerivedLines():
            return derive_line_tables(ground, item)
        case DerivedLineQueries():
            return derive_line_queries(ground)
        case DerivedMcrpc():
            return derive_mcrpc_tables(ground)
        case DerivedCycles():
            return derive_cycle_tables(ground)
        case DerivedGradeGroups():
            return derive_grade_tables(ground, item)
        case DerivedSites():
            return derive_site_tables(ground, item)
        case _:
            return _derive_after(ground, item)


def _derive_after(ground: Ground, item: DerivedAfter) -> Derivation:
    """The same of what happened after the first cycle."""
    match item:
        case DerivedCourse():
            return derive_course_tables(ground, item)
        case DerivedSurvivalTimes():
            return derive_survival_tables(ground, item)
        case DerivedToxicity():
            return derive_toxicity_tables(ground, item)
        case DerivedGradeFlips():
            return derive_flip_tables(ground, item)
        case DerivedCompletion():
            return derive_completion_tables(ground, item)
        case DerivedWorseningVariants():
            return derive_variant_tables(ground, item)
        case DerivedPsaSwitches():
            return derive_switch_tables(ground, item)
        case DerivedTimeline():
            return derive_timeline_tables(ground, item)


def _with(made: DerivedTables, item: Derived, derivation: Derivation, ground: Ground) -> DerivedTables:
    """What was made so far, and what this derived table adds."""
    rows = {name: _rows_of(name, table) for name, table in derivation.tables.items()}
    asked = ground.asked(derivation.as_of)
    values: list[Row] = []
    evidence: list[EvidenceRow] = []
    for variable in derivation.variables:
        name, own = f"{item.name}.{variable.name}", by_patient(row for row in rows[variable.table] if variable.of(row))
        table, holds = variable.shown_by or (variable.table, _of_any_day)
        shown = {} if variable.shown_by is None else by_patient(rows[table])
        for (patient, population), day in sorted(asked.items()):
            taken = [row for row in own.get(patient, ()) if _is_asked(row, population, day, by_day=derivation.by_day)]
            value = _value(variable, taken, endpoint=name) | {"patient_id": patient, "population": population}
            values.append(value)
            behind = taken
            if variable.shown_by is not None:
                near = (row for row in shown.get(patient, ()) if holds(row, day))
                behind = [row for row in near if _is_asked(row, population, day, by_day=derivation.by_day)]
            evidence += _evidence_of(value, variable, behind)
    lines = tuple(SummaryLine(f"{item.name}.{one.name}", one.kind, one.levels) for one in derivation.variables)
    labels = {f"{item.name}.{one.name}": one.label for one in derivation.variables}
    return DerivedTables(
        (*made.rows, *(RowTable(f"{item.name}_{name}", name, tuple(own)) for name, own in rows.items())),
        (*made.summaries, *summarise_lines({item.name: lines}, values, ground.protocol)),
        (*made.evidence, *evidence),
        (*made.estimates, *derivation.estimates),
        (*made.curves, *derivation.curves),
        {**made.labels, **derivation.labels, **labels},
        {**made.notes, item.name: derivation.notes},
    )


def _rows_of(name: str, table: ir.Table) -> list[Row]:
    """The rows of a declared result table by its key."""
    declared = RESULT_TABLES[name]
    rows: list[Row] = table.select(*declared.by_name).order_by(*declared.key).to_pyarrow().to_pylist()
    return rows


def _value(variable: Variable, rows: Sequence[Row], *, endpoint: str) -> Row:
    """What a variable says of one patient, in the columns that summaries read."""
    read = variable.read(rows)
    number, category = (read, None) if variable.kind == "number" else (None, read)
    if variable.kind == "yes" and read is not None:
        number, category = float(bool(read)), "yes" if read else "no"
    if variable.kind == "classes" and read is not None and read not in variable.levels:
        raise ValueError(f"{endpoint}: expected one of {', '.join(variable.levels)}, got {read!r}")
    gap = variable.gap(rows) if read is None else None
    value = {"endpoint": endpoint, "value": number, "category": category, "unit": variable.unit, "reason": None}
    return value | {"gap": gap}


def _of_any_day(row: Row, day: dt.date) -> bool:
    """Rows that hold on every day."""
    return True


def _is_asked(row: Row, population: str, day: dt.date, *, by_day: bool) -> bool:
    """Whether a row counts at a landmark: of its population and of the day asked about, where it names them."""
    if row.get("population", population) != population:
        return False
    return not by_day or row.get("index_date", day) == day


def _evidence_of(value: Row, variable: Variable, rows: Sequence[Row]) -> Iterable[EvidenceRow]:
    """The value beside each fact that it rests on; one row without a fact when it rests on none."""
    sources = dict.fromkeys((place, row.get("rule")) for row in rows for place in sources_of(row, variable.proof))
    for (table, source_row), rule in sources or [((None, None), None)]:
        yield EvidenceRow(
            patient_id=value["patient_id"],
            population=value["population"],
            endpoint=value["endpoint"],
            value=value["value"],
            unit=value["unit"],
            category=value["category"],
            source_table=table,
            source_row=source_row,
            rule=rule or variable.label,
        )
