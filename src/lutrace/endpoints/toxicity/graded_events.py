"""Every graded fact of toxicity in one shape: laboratory rows, transfusions, events that clinicians recorded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import attach, ranked_first
from lutrace.endpoints.toxicity.grading import grade_labs
from lutrace.endpoints.toxicity.preparation import correct_calcium
from lutrace.protocol import ToxicityRules
from lutrace.tables import ADVERSE_EVENTS, CYCLES, LABS, SUPPORT, TREATMENTS, Facts, without
from lutrace.terms import ctcae_version

NEXT_LINE = ("taxane", "arpi", "parp", "ra223", "platinum", "immune", "trial")
"""Classes of treatment whose begin after the last cycle ends the window; radioligand therapy is a cycle itself."""
_BY_TRANSFUSION = (
    ("red_cells", "haemoglobin", ("ctcae-4.0", "ctcae-5.0", "ctcae-6.0")),
    ("platelets", "platelets", ("ctcae-6.0",)),
)
_COLUMNS = (
    "patient_id",
    "term",
    "source",
    "criteria",
    "date",
    "grade",
    "amount",
    "sense",
    "source_table",
    "source_row",
)


@dataclass(frozen=True)
class ToxicityBasis:
    """The frozen facts, the rules, and the data cut after which nothing is known."""

    facts: Facts
    rules: ToxicityRules
    data_cut: dt.date | None = None

    def known(self, table: ir.Table, date: str) -> ir.Table:
        """The rows whose `date` is not after the data cut."""
        return table if self.data_cut is None else table.filter(table[date] <= ibis.date(self.data_cut))


def find_windows(basis: ToxicityBasis) -> ir.Table:
    """Of each treated patient: `patient_id c1_date last_date window_end`; a value of the last day still counts."""
    cycles = basis.known(basis.facts.table(CYCLES), "administered_date")
    doses = cycles.group_by("patient_id").aggregate(
        c1_date=cycles.administered_date.min(), last_date=cycles.administered_date.max()
    )
    days = int(basis.rules.after_last_dose)
    doses = doses.mutate(window_end=(doses.last_date + ibis.interval(days=days)).cast("date"))
    if not basis.rules.until_next_line:
        return doses
    given = basis.facts.table(TREATMENTS)
    given = given.filter(given.agent_class.isin(list(NEXT_LINE)) & given.begin_date.notnull())
    after = given.inner_join(doses.select("patient_id", "last_date"), "patient_id")
    after = after.filter(after.begin_date > after.last_date)
    lines = after.group_by("patient_id").aggregate(next_line=after.begin_date.min())
    rows = attach(doses, lines, ["patient_id"])
    end = ibis.least(rows.window_end, ibis.coalesce(rows.next_line, rows.window_end))
    return without(rows.mutate(window_end=end), "next_line")


def grade_facts(basis: ToxicityBasis, versions: Sequence[str] = ()) -> ir.Table:
    """The LABS rows of treated patients up to the end of the window, graded, with `c1_date` and `window_end`.

    By the version of the rules, or by each of `versions`.

    The baseline of an analyte is its last value on or before the first cycle, at most `baseline_window` days old; it is
    itself graded by the limits of normal alone. A value of the day of the dose was drawn before it.
    """
    windows = find_windows(basis)
    labs = basis.known(basis.facts.table(LABS), "date")
    labs = labs.inner_join(windows.select("patient_id", "c1_date", "window_end"), "patient_id")
    labs = labs.filter(labs.date <= labs.window_end)
    age = labs.c1_date.delta(labs.date, unit="day")
    early = labs.filter((age >= 0) & (age <= basis.rules.baseline_window))
    base = ranked_first(early, ["patient_id", "analyte"], [ibis.desc("date"), "record_key", "row_id"])
    base = base.select("patient_id", "analyte", baseline_value="value", baseline_row="row_id")
    rows = attach(labs, base, ["patient_id", "analyte"])
    unit = rows.unit.fill_null("").lower()
    rows = rows.mutate(
        molar=unit.contains("mol/"),
        is_baseline=(rows.row_id == rows.baseline_row).fill_null(False),
        before=(rows.date <= rows.c1_date),
    )
    fault = ibis.null("string")
    rows = rows.mutate(baseline_value=ibis.cases((~rows.before, rows.baseline_value)), fault=fault)
    rows = correct_calcium(rows)
    return grade_labs(rows, tuple(versions) or (basis.rules.criteria,), with_symptoms=basis.rules.with_symptoms)


def list_events(basis: ToxicityBasis) -> ir.Table:
    """All graded facts of treated patients in the window and before it, with `c1_date window_end is_baseline end`.

    The baseline of clinicians is what they recorded as begun on or before the first cycle and not ended before it; an
    event without an end goes on. Where they recorded none, none is assumed: no row is no grade 0.
    `end` is the day on which such an event ended; empty for one that goes on, and for laboratory values.
    `grade` is empty where a laboratory row could not be graded. `amount` is the value, mirrored for terms that point
    low, so that the highest is the worst.
    """
    graded = grade_facts(basis)
    graded = graded.filter(graded.term.notnull())
    sense = ibis.cases((graded.direction == "high", 1.0), else_=-1.0)
    labs = graded.select(
        "patient_id",
        "term",
        "criteria",
        "date",
        "grade",
        "c1_date",
        "window_end",
        "is_baseline",
        source=ibis.literal("laboratory"),
        end=ibis.null("date"),
        amount=sense * graded.value,
        sense=sense,
        source_table=ibis.literal(LABS.name),
        source_row=graded.row_id,
    )
    others = [_clinicians(basis), *_transfusions(basis)]
    windows = find_windows(basis).select("patient_id", "c1_date", "window_end")
    added = [table.inner_join(windows, "patient_id") for table in others]
    added = [table.filter(table.date <= table.window_end) for table in added]
    added = [table.mutate(is_baseline=_is_ongoing(table)) for table in added]
    columns = [*_COLUMNS, "c1_date", "window_end", "is_baseline", "end"]
    return ibis.union(labs.select(*columns), *[table.select(*columns) for table in added])


def _clinicians(basis: ToxicityBasis) -> ir.Table:
    """Events that clinicians graded, under the term of this version when its name or former name is that of a term."""
    events = basis.known(basis.facts.table(ADVERSE_EVENTS), "begin_date")
    events = events.filter(events.grade.notnull() & events.begin_date.notnull() & (events.reporter != "laboratory"))
    names = {
        name.lower(): term.term
        for term in ctcae_version(basis.rules.criteria).terms
        for name in (term.term, *term.formerly)
    }
    spelled = [(events.term.lower() == name, term) for name, term in sorted(names.items())]
    return events.select(
        "patient_id",
        "criteria",
        "grade",
        date=events.begin_date,
        term=ibis.cases(*spelled, else_=events.term),
        source=ibis.literal("clinician"),
        **_nothing(),
        end=events.end_date,
        source_table=ibis.literal(ADVERSE_EVENTS.name),
        source_row=events.row_id,
    )


def _is_ongoing(events: ir.Table) -> ir.BooleanValue:
    """Whether a fact with a begin and an `end` held on the day of the first cycle."""
    going_on = events.end.isnull() | (events.end >= events.c1_date)
    return ((events.date <= events.c1_date) & going_on).fill_null(False)


def _transfusions(basis: ToxicityBasis) -> list[ir.Table]:
    """Transfusions as grade 3 of the term whose clause is "transfusion indicated", when the rules count them."""
    if basis.rules.transfusions == "ignored":
        return []
    support = basis.known(basis.facts.table(SUPPORT), "date")
    tables = []
    for kind, analyte, versions in _BY_TRANSFUSION:
        if basis.rules.criteria not in versions:
            continue
        terms = ctcae_version(basis.rules.criteria).terms
        term = next(one.term for one in terms if analyte in one.analytes and one.direction == "low")
        given = support.filter(support.kind == kind)
        tables.append(
            given.select(
                "patient_id",
                "date",
                term=ibis.literal(term),
                source=ibis.literal("laboratory"),
                criteria=ibis.literal(basis.rules.criteria),
                grade=ibis.literal(3).cast("int64"),
                **_nothing(),
                end=given.date,
                source_table=ibis.literal(SUPPORT.name),
                source_row=given.row_id,
            )
        )
    return tables


def _nothing() -> dict[str, Any]:
    """What a fact without a value has."""
    return {"amount": ibis.null("float64"), "sense": ibis.null("float64")}
