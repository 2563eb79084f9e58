"""Declared values of the history: lines before time zero, months since a milestone, sites, grade, age, centre."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.core import DAYS_PER_MONTH
from lutrace.endpoints.basis import Basis, attach, ranked_first
from lutrace.endpoints.declared.ground import KEYS, line_agents_of, mcrpc_choices_of, told
from lutrace.endpoints.history.exposures import row_of, table_of
from lutrace.endpoints.history.gleason import derive_grade_groups
from lutrace.endpoints.history.partial_dates import stands_for
from lutrace.endpoints.history.prior_regimens import begun_before
from lutrace.endpoints.history.sites import derive_sites
from lutrace.protocol import Age, Centre, GleasonSum, GradeGroup, Metastasis, MonthsSince, PriorTherapy
from lutrace.tables import DIAGNOSES, PATIENTS, TREATMENTS, without
from lutrace.terms import drugs

_VISCERAL = ("liver", "lung", "other_visceral")
_NODES = ("node", "node_pelvic", "node_distant")
_MILESTONES = {"diagnosis": ("initial",), "metastasis": ("metastatic", "mcrpc")}


def derive_prior_value(basis: Basis, value: PriorTherapy) -> ir.Table:
    """Rows of ENDPOINT_VALUES of lines, or different drugs, that began before time zero.

    A drug carried into a later line is not counted again. Where none is known and a record of the classes has no begin,
    the number is not known.
    """
    zero = basis.time_zero().select(*KEYS, "index_date")
    agents = line_agents_of(basis)
    classes = list(value.classes)
    if classes:
        agents = agents.filter(agents.agent_class.isin(classes))
    before = begun_before(agents, zero.select("patient_id", "index_date").distinct())
    what = before.line_number if value.count == "lines" else before.agent
    counts = before.group_by(["patient_id", "index_date"]).aggregate(number=what.nunique())
    last = ranked_first(before, ["patient_id", "index_date"], [ibis.desc("begin_date"), "agent", "line_number"])
    last = last.select("patient_id", "index_date", begun="begin_date", evidence="first_evidence")
    rows = attach(attach(zero, counts, ["patient_id", "index_date"]), last, ["patient_id", "index_date"])
    rows = attach(rows, undated_records(basis, classes), ["patient_id"])
    unknown = rows.number.isnull() & rows.undated_row.notnull()
    found = rows.select(
        *KEYS,
        date=ibis.coalesce(rows.begun, rows.index_date),
        value=rows.number.fill_null(0).cast("float64"),
        row=ibis.coalesce(row_of(rows.evidence), rows.undated_row, ibis.literal("none")),
        source=ibis.cases((rows.evidence.notnull(), table_of(rows.evidence)), (unknown, TREATMENTS.name)),
        reason=ibis.cases((unknown, "a record without a begin: before or after time zero is not known")),
    )
    of = f" with a drug of {', '.join(classes)}" if classes else ""
    rule = f"{value.count} of systemic therapy{of} that began before time zero"
    rows = told(basis, found, endpoint=value.name, rule=rule, unit=value.count, table=TREATMENTS.name, missing="")
    return _with_source(rows, found)


def _with_source(rows: ir.Table, found: ir.Table) -> ir.Table:
    """The rows with the table of their own evidence; none where nothing was counted."""
    own = attach(without(rows, "source_table"), found.select(*KEYS, source_table="source"), list(KEYS))
    own = own.mutate(source_row=ibis.cases((own.source_table.notnull(), own.source_row)))
    return own.select(*rows.columns)


def undated_records(basis: Basis, classes: list[str]) -> ir.Table:
    """`patient_id undated_row`: a record of a drug of the classes (all when none are given) without a day."""
    known = [drug for drug in drugs() if drug.purpose == "line"]
    names = [drug.name for drug in known if not classes or drug.agent_class in classes]
    given = basis.facts.table(TREATMENTS)
    ours = given.agent.isin(names)
    if classes:
        ours = ours | given.agent_class.isin(classes).fill_null(False)
    given = given.filter(ours & given.begin_date.isnull() & given.end_date.isnull())
    return given.group_by("patient_id").aggregate(undated_row=given.row_id.min())


def derive_months_since(basis: Basis, value: MonthsSince) -> ir.Table:
    """Rows of ENDPOINT_VALUES of the months from a milestone to time zero; a month or year stands for its middle."""
    zero = basis.time_zero().select(*KEYS, "index_date")
    rows = attach(zero, _milestones(basis, value), ["patient_id"])
    days = rows.index_date.delta(rows.day, unit="day").cast("float64")
    late = ibis.cases((days < 0, f"{value.of} dated after time zero"))
    found = rows.filter(rows.row.notnull())
    found = found.select(
        *KEYS, "row", date=ibis.least(found.day, found.index_date), value=days / DAYS_PER_MONTH, reason=late,
        source="source_table",
    )  # fmt: skip
    rule = f"months of 30.4375 days from {value.of} to time zero; a month or year stands for its middle"
    rows = told(
        basis, found, endpoint=value.name, rule=rule, unit="months", table=DIAGNOSES.name,
        missing=f"{value.of} not dated",
    )  # fmt: skip
    return _with_source(rows, found)


def _milestones(basis: Basis, value: MonthsSince) -> ir.Table:
    """`patient_id day row source_table` of the milestone of each patient."""
    if value.of == "mcrpc":
        chosen = mcrpc_choices_of(basis)
        chosen = chosen.filter(chosen.mcrpc_date.notnull())
        day = stands_for(chosen.mcrpc_date, chosen.mcrpc_precision, "middle")
        return chosen.select("patient_id", "source_table", day=day, row="source_row")
    dated = basis.facts.table(DIAGNOSES)
    dated = dated.filter(dated.milestone.isin(_MILESTONES[value.of]) & dated.date.notnull())
    dated = dated.mutate(day=stands_for(dated.date, dated.date_precision, "middle"))
    first = ranked_first(dated, ["patient_id"], ["day", "row_id"])
    return first.select("patient_id", "day", row="row_id", source_table=ibis.literal(DIAGNOSES.name))


def derive_metastasis(basis: Basis, value: Metastasis) -> ir.Table:
    """Rows of ENDPOINT_VALUES of whether metastases of a site are known: 1 or 0, category yes or no.

    A site that no scan, reader, diagnosis or letter names counts as no.
    """
    wanted = {"node": _NODES, "visceral": _VISCERAL}.get(value.site, (value.site,))
    zero = basis.time_zero().select(*KEYS, "index_date")
    sites = derive_sites(basis.facts, zero.select("patient_id", "index_date").distinct(), basis.protocol.history.sites)
    sites = sites.filter(sites.site.isin(list(wanted)))
    first = ranked_first(sites, ["patient_id", "index_date"], ["age_days", "modality", "site", "source_row"])
    first = first.select("patient_id", "index_date", seen="last_date", seen_row="source_row", source="source_table")
    rows = attach(zero, first, ["patient_id", "index_date"])
    there = rows.seen_row.notnull()
    found = rows.select(
        *KEYS, "source", date=ibis.coalesce(rows.seen, rows.index_date), row=rows.seen_row.fill_null("none"),
        value=ibis.ifelse(there, 1.0, 0.0), category=ibis.ifelse(there, "yes", "no"),
    )  # fmt: skip
    rule = f"metastases ({value.site}) known at time zero by scans, readers, diagnoses or letters"
    rows = told(basis, found, endpoint=value.name, rule=rule, unit="1", table=DIAGNOSES.name, missing="")
    return _with_source(rows, found)


def derive_grade(basis: Basis, value: GradeGroup | GleasonSum) -> ir.Table:
    """Rows of ENDPOINT_VALUES of the ISUP grade group or the Gleason sum, as number and class.

    A score without a date is taken as known at time zero: it is of the primary.
    """
    column = "grade_group" if value.kind == "grade_group" else "gleason_sum"
    graded = derive_grade_groups(basis.facts, value.which)
    graded = graded.select("patient_id", "date", "reason", number=graded[column], row="source_row")
    zero = basis.time_zero().select(*KEYS, "index_date")
    rows = attach(zero, graded, ["patient_id"])
    rows = rows.filter(rows.row.notnull())
    unknown = rows.reason if value.kind == "grade_group" else ibis.null("string")
    reason = ibis.cases(
        (rows.date > rows.index_date, "recorded after time zero"),
        (rows.number.isnull() & unknown.isnull(), "no sum recorded"),
        else_=unknown,
    )
    found = rows.select(
        *KEYS, "row", date=ibis.coalesce(rows.date, rows.index_date), value=rows.number.cast("float64"),
        category=rows.number.cast("string"), reason=reason,
    )  # fmt: skip
    rule = f"{column.replace('_', ' ')} of the {value.which} Gleason score of the primary"
    return told(
        basis, found, endpoint=value.name, rule=rule, unit="1", table=DIAGNOSES.name, missing="no Gleason score"
    )


def derive_age(basis: Basis, value: Age) -> ir.Table:
    """Rows of ENDPOINT_VALUES of the year of time zero less the year of birth."""
    rows = _of_patient(basis)
    years = (rows.index_date.year() - rows.birth_year).cast("float64")
    reason = ibis.cases((rows.birth_year.isnull(), "year of birth not recorded"))
    found = rows.select(*KEYS, "row", date="index_date", value=years, reason=reason)
    rule = "year of time zero less year of birth"
    return told(basis, found, endpoint=value.name, rule=rule, unit="years", table=PATIENTS.name, missing="no patient")


def derive_centre(basis: Basis, value: Centre) -> ir.Table:
    """Rows of ENDPOINT_VALUES whose category is the centre that treats."""
    rows = _of_patient(basis)
    reason = ibis.cases((rows.site.isnull(), "centre not recorded"))
    found = rows.select(*KEYS, "row", date="index_date", value=ibis.null("float64"), category="site", reason=reason)
    rule = "the centre that treats"
    return told(basis, found, endpoint=value.name, rule=rule, unit="1", table=PATIENTS.name, missing="no patient")


def _of_patient(basis: Basis) -> ir.Table:
    people = basis.facts.table(PATIENTS).select("patient_id", "birth_year", "site", row="row_id")
    return attach(basis.time_zero().select(*KEYS, "index_date"), people, ["patient_id"])
