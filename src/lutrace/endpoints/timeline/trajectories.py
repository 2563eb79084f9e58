"""Results over time on one clock: laboratory values with their grades, tumour volume, weight, questionnaires."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from lutrace.endpoints.basis import FIRST_CYCLE, Basis, attach, ranked_first
from lutrace.endpoints.psa.series import baseline_of, on_clock, psa_values
from lutrace.endpoints.questionnaires.scores import valid_scores
from lutrace.endpoints.toxicity.graded_events import ToxicityBasis, grade_facts
from lutrace.protocol import SCORE_SEPARATOR, TUMOUR_VOLUME, WEIGHT, DerivedTimeline, ToxicityRules
from lutrace.tables import CYCLES, LABS, QUESTIONNAIRES, SCANS, TRAJECTORIES, TUMOUR_BURDENS, VITALS

BASELINE_DAYS = 28.0
"""A result older than this on the day of the first cycle is no baseline; PSA has the rule of the study."""
_PSA = "psa"
_EVER = 36500.0
_COLUMNS = ("patient_id", "series", "date", "value", "unit", "comparator", "grade", "source_table", "source_row")


def first_cycles_of(basis: Basis) -> ir.Table:
    """`patient_id c1_date` of all treated patients, in a landmark or not."""
    rows = [row for row in basis.members if row["population"] == FIRST_CYCLE]
    columns = {
        "patient_id": pa.array([row["patient_id"] for row in rows], pa.string()),
        "c1_date": pa.array([row["index_date"] for row in rows], pa.date32()),
    }
    return ibis.memtable(pa.table(columns))


def derive_trajectories(basis: Basis, item: DerivedTimeline) -> ir.Table:
    """Rows of TRAJECTORIES of the series that the item names, each result with its dose, baseline, change and grade.

    A change refers to the last result on or before the first cycle (PSA: the baseline of the study's rules); a result
    of the day of a dose is before that dose.
    """
    first = first_cycles_of(basis)
    results = ibis.union(*[part.select(*_COLUMNS) for part in _parts(basis, item)])
    rows = results.inner_join(first, "patient_id")
    rows = rows.mutate(day=rows.date.delta(rows.c1_date, unit="day"))
    rows = attach(rows, _baselines(basis, rows, first), ["patient_id", "series"])
    rows = attach(rows, _doses_before(basis, rows), ["patient_id", "date"])
    rows = rows.mutate(dose=rows.dose.fill_null(0).cast("int64"))
    latest = ibis.window(
        group_by=["patient_id", "series", "dose"], order_by=[ibis.desc("date"), ibis.desc("source_row")]
    )
    rows = rows.mutate(
        is_last=ibis.row_number().over(latest) == 0,
        is_baseline=(rows.source_row == rows.baseline_row).fill_null(False),
    )
    rows = rows.mutate(last_of_dose=ibis.ifelse(rows.dose > 0, rows.is_last, rows.is_baseline))
    counts = (rows.day > 0) | rows.is_baseline
    change = ibis.cases((counts & (rows.baseline > 0), 100 * (rows.value - rows.baseline) / rows.baseline))
    changed: dict[str, Any] = {"day": rows.day.cast("float64"), "change_pct": change}
    return rows.select(**{name: changed[name] if name in changed else rows[name] for name in TRAJECTORIES.by_name})


def _parts(basis: Basis, item: DerivedTimeline) -> list[ir.Table]:
    """The results of each kind of series that is asked for."""
    analytes = [name for name in item.analytes if name != _PSA]
    parts = [_labs(basis, analytes, item.criteria)] if analytes else []
    if _PSA in item.series:
        parts.append(_psa(basis))
    if TUMOUR_VOLUME in item.series:
        parts.append(_volumes(basis))
    if WEIGHT in item.series:
        parts.append(_weights(basis))
    return [*parts, *(_scores(basis, *name.split(SCORE_SEPARATOR)) for name in item.scores)]


def _labs(basis: Basis, analytes: Sequence[str], criteria: str) -> ir.Table:
    """Results as they stand in LABS with the worst grade of any term of their analyte, whatever the window."""
    known = basis.known(basis.facts.table(LABS), "date")
    known = known.filter(known.analyte.isin(list(analytes)))
    rules = ToxicityRules.model_validate(
        {"criteria": criteria, "after_last_dose": f"{_EVER:g} days", "until_next_line": False}
    )
    graded = grade_facts(ToxicityBasis(basis.facts, rules, basis.data_cut))
    grades = graded.group_by("row_id").aggregate(grade=graded.grade.max())
    rows = attach(known, grades, ["row_id"])
    return rows.select(
        "patient_id", "date", "value", "comparator", "grade",
        series="analyte",
        unit="canonical_unit",
        source_table=ibis.literal(LABS.name),
        source_row="row_id",
    )  # fmt: skip


def _psa(basis: Basis) -> ir.Table:
    """PSA, one value a day by the study's rule."""
    labs = basis.known(basis.facts.table(LABS), "date")
    values = psa_values(labs, basis.protocol.psa.values)
    signs = labs.select("comparator", psa_row="row_id")
    return _plain(
        attach(values, signs, ["psa_row"]), _PSA, "ng/mL", LABS.name, day="psa_date", value="psa", row="psa_row"
    )


def _volumes(basis: Basis) -> ir.Table:
    """Tumour volume of every scan after a cycle, under the plan and the source that the study takes."""
    measures = basis.protocol.measures
    burdens = basis.facts.table(TUMOUR_BURDENS)
    if measures is None:
        burdens, taken = burdens.filter(ibis.literal(False)), "tumour_auto_ml"
    else:
        burdens = burdens.filter(burdens.plan == measures.plan)
        taken = "tumour_auto_ml" if measures.ttv_source == "auto" else "tumour_reviewed_ml"
    burdens = burdens.select("scan_id", "plan_digest", volume=taken, burden_row="row_id")
    burdens = ranked_first(burdens.filter(burdens.volume.notnull()), ["scan_id"], [ibis.desc("plan_digest")])
    scans = basis.known(basis.facts.table(SCANS), "date").filter(lambda t: t.purpose == "rlt_spect")
    rows = scans.select("patient_id", "scan_id", "date").inner_join(burdens, "scan_id")
    return _plain(rows, TUMOUR_VOLUME, "mL", TUMOUR_BURDENS.name, day="date", value="volume", row="burden_row")


def _weights(basis: Basis) -> ir.Table:
    vitals = basis.known(basis.facts.table(VITALS), "date").filter(lambda t: t.measure == WEIGHT)
    return _plain(vitals, WEIGHT, "kg", VITALS.name, day="date", value="value", row="row_id")


def _scores(basis: Basis, instrument: str, scale: str) -> ir.Table:
    rows = valid_scores(basis, instrument, scale)
    name = f"{instrument}{SCORE_SEPARATOR}{scale}"
    return _plain(rows, name, "points", QUESTIONNAIRES.name, day="score_date", value="score", row="score_row")


def _plain(rows: ir.Table, series: str, unit: str, table: str, *, day: str, value: str, row: str) -> ir.Table:
    """Rows in the columns of a result; without a grade, and exact where the rows say nothing of it."""
    sign = rows["comparator"] if "comparator" in rows.columns else ibis.null("string")
    return rows.select(
        "patient_id",
        series=ibis.literal(series),
        date=rows[day],
        value=rows[value].cast("float64"),
        unit=ibis.literal(unit),
        comparator=sign,
        grade=ibis.null("int64"),
        source_table=ibis.literal(table),
        source_row=rows[row],
    )


def _baselines(basis: Basis, rows: ir.Table, first: ir.Table) -> ir.Table:
    """`patient_id series baseline baseline_row`: PSA by the study's rule, others the last one."""
    early = rows.filter((rows.day <= 0) & (rows.day >= -BASELINE_DAYS) & (rows.series != _PSA))
    last = ranked_first(early, ["patient_id", "series"], [ibis.desc("day"), "source_row"])
    others = last.select("patient_id", "series", baseline="value", baseline_row="source_row")
    labs = basis.known(basis.facts.table(LABS), "date")
    clocked = on_clock(psa_values(labs, basis.protocol.psa.values), first)
    found = baseline_of(clocked, basis.protocol.psa.baseline)
    psa = found.select("patient_id", series=ibis.literal(_PSA), baseline="baseline", baseline_row="baseline_row")
    return others.union(psa)


def _doses_before(basis: Basis, rows: ir.Table) -> ir.Table:
    """`patient_id date dose`: the doses of the study's agents given before each day with a result."""
    given = doses_of(basis).select("patient_id", "administered_date").distinct()
    pairs = rows.select("patient_id", "date").distinct().inner_join(given, "patient_id")
    pairs = pairs.filter(pairs.administered_date < pairs.date)
    return pairs.group_by(["patient_id", "date"]).aggregate(dose=pairs.count())


def doses_of(basis: Basis) -> ir.Table:
    """The rows of CYCLES with an agent of the study that are known."""
    cycles = basis.known(basis.facts.table(CYCLES), "administered_date")
    return cycles.filter(cycles.agent.isin(list(basis.protocol.population.agents)))
