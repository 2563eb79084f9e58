"""The date of metastatic castration-resistant disease: by each definition, and the preferred one with its evidence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from lutrace.endpoints.basis import attach, count_of, ranked_first
from lutrace.endpoints.history.castration import castrate_on
from lutrace.endpoints.history.exposures import list_exposures
from lutrace.endpoints.history.partial_dates import (
    bounds_of_later,
    first_day_of,
    last_day_of,
    precision_between,
    stands_for,
)
from lutrace.endpoints.letters import said_in_letters
from lutrace.endpoints.psa.castration_resistance import (
    aua_castration_resistance,
    eau_castration_resistance,
    pcwg3_castration_resistance,
)
from lutrace.endpoints.psa.series import psa_values
from lutrace.protocol import LineRules, McrpcRules
from lutrace.tables import DIAGNOSES, LABS, MCRPC_CHOICES, MCRPC_DATES, TEXT_FINDINGS, Facts
from lutrace.terms import line_vocabulary

EPOCH = dt.date(1970, 1, 1)
_BY_PSA: dict[str, tuple[Callable[[ir.Table], ir.Table], str]] = {
    "pcwg3": (pcwg3_castration_resistance, "PCWG3: 25 % and 2 ng/mL above the nadir, at least 1 ng/mL, confirmed"),
    "eau": (
        eau_castration_resistance,
        "EAU: three rises a week or more apart, two 50 % above the nadir, above 2 ng/mL",
    ),
    "aua": (aua_castration_resistance, "AUA: two rises in a row of at least 0.2 ng/mL"),
}
_RECORDED = {"physician": "physician", "registry": "registry", "code": "code", "text": "text"}
_SAID = ("castration_resistance", "crpc", "mcrpc")
_TAKEN = (
    "definition",
    "grade",
    "crpc_date",
    "crpc_precision",
    "metastatic_date",
    "metastatic_precision",
    "mcrpc_date",
    "mcrpc_precision",
    "source_table",
    "source_row",
)
_FIELDS = (
    "patient_id",
    "definition",
    "crpc_date",
    "crpc_precision",
    "castrate_by",
    "source_table",
    "source_row",
    "rule",
    "says_metastatic",
)


def derive_mcrpc_dates(facts: Facts, rules: McrpcRules | None = None, data_cut: dt.date | None = None) -> ir.Table:
    """Rows of MCRPC_DATES: each definition of castration resistance that a patient meets, with the date of mCRPC.

    mCRPC is the later of castration resistance and metastases; a record that says mCRPC is both. Sources: PCWG3 (Scher
    et al., J Clin Oncol 2016;34:1402); EAU and AUA guidelines as quoted in the comparison among 36,101 veterans.
    """
    chosen = rules or McrpcRules()
    parts = [
        *_by_psa(facts, chosen, data_cut),
        _recorded(facts, chosen),
        _said(facts, chosen),
        _surrogate(facts, chosen),
    ]
    every = ibis.union(*[part.select(*_FIELDS) for part in parts])
    if data_cut is not None:
        every = every.filter(every.crpc_date <= ibis.date(data_cut))
    order = ["crpc_date", "crpc_precision", "source_table", "source_row"]
    first = ranked_first(every, ["patient_id", "definition"], order)
    metastases = find_metastatic_dates(facts, chosen)
    if data_cut is not None:
        metastases = metastases.filter(metastases.metastatic_date <= ibis.date(data_cut))
    rows = attach(first, metastases, ["patient_id"])
    earlier = (rows.metastatic_date <= rows.crpc_date).fill_null(False)
    itself = (rows.says_metastatic == 1) & ~earlier
    rows = rows.mutate(
        metastatic_date=ibis.ifelse(itself, rows.crpc_date, rows.metastatic_date),
        metastatic_precision=ibis.ifelse(itself, rows.crpc_precision, rows.metastatic_precision),
    )
    return _with_mcrpc(rows).mutate(grade=_grade(rows)).select(*MCRPC_DATES.by_name)


def _with_mcrpc(rows: ir.Table) -> ir.Table:
    """`mcrpc_date`, the later of castration resistance and metastases, and `mcrpc_precision`."""
    first, last = bounds_of_later(
        (rows.crpc_date, rows.crpc_precision), (rows.metastatic_date, rows.metastatic_precision)
    )
    later = ibis.cases((rows.metastatic_date.notnull(), ibis.greatest(rows.crpc_date, rows.metastatic_date)))
    return rows.mutate(mcrpc_date=later, mcrpc_precision=precision_between(first, last))


def _grade(rows: ir.Table) -> ir.StringValue:
    person = rows.definition.isin(["physician", "registry"])
    by_psa = rows.definition.isin(list(_BY_PSA))
    grade: ir.StringValue = ibis.cases(
        (person & (rows.crpc_precision != "year"), "A"),
        (by_psa & (rows.castrate_by == "testosterone").fill_null(False), "B"),
        (person | by_psa, "C"),
        (rows.definition.isin(["code", "text"]), "D"),
        else_="E",
    )
    return grade


def _by_psa(facts: Facts, rules: McrpcRules, data_cut: dt.date | None) -> list[ir.Table]:
    labs = facts.table(LABS)
    values = psa_values(labs if data_cut is None else labs.filter(labs.date <= ibis.date(data_cut)))
    points = values.select("patient_id", date="psa_date", point="psa_row")
    state = castrate_on(points, facts, rules).select("patient_id", "castrate", "castrate_by", psa_row="point")
    series = attach(values, state, ["patient_id", "psa_row"])
    series = series.mutate(day=series.psa_date.delta(ibis.date(EPOCH), unit="day"))
    at = series.select("patient_id", "castrate_by", crpc_date="psa_date", source_row="psa_row")
    parts = []
    for name, (find, words) in _BY_PSA.items():
        found = find(series.select("patient_id", "psa", "psa_row", "day", "castrate"))
        found = found.select("patient_id", source_row="crpc_row").inner_join(at, ["patient_id", "source_row"])
        parts.append(
            found.mutate(
                definition=ibis.literal(name),
                crpc_precision=ibis.literal("day"),
                source_table=ibis.literal(LABS.name),
                rule=ibis.literal(words),
                says_metastatic=ibis.literal(0),
            )
        )
    return parts


def _recorded(facts: Facts, rules: McrpcRules) -> ir.Table:
    rows = facts.table(DIAGNOSES)
    rows = rows.filter(rows.milestone.isin(["crpc", "mcrpc"]) & rows.method.isin(list(_RECORDED)) & rows.date.notnull())
    return rows.select(
        "patient_id",
        definition="method",
        crpc_date=stands_for(rows.date, rows.date_precision, rules.partial_date),
        crpc_precision=rows.date_precision.fill_null("day"),
        castrate_by=ibis.null("string"),
        source_table=ibis.literal(DIAGNOSES.name),
        source_row="row_id",
        rule=ibis.literal("recorded diagnosis"),
        says_metastatic=ibis.ifelse(rows.milestone == "mcrpc", 1, 0),
    )


def _said(facts: Facts, rules: McrpcRules) -> ir.Table:
    rows = said_in_letters(facts, _SAID)
    rows = rows.filter(rows.date.notnull() | rows.note_date.notnull())
    return rows.select(
        "patient_id",
        definition=ibis.literal("text"),
        crpc_date=ibis.coalesce(stands_for(rows.date, rows.date_precision, rules.partial_date), rows.note_date),
        crpc_precision=ibis.cases((rows.date.notnull(), rows.date_precision.fill_null("day")), else_="day"),
        castrate_by=ibis.null("string"),
        source_table=ibis.literal(TEXT_FINDINGS.name),
        source_row="row_id",
        rule=ibis.literal("said in a letter, not negated, not uncertain; its day, else the letter's"),
        says_metastatic=ibis.ifelse(rows.fact == "mcrpc", 1, 0),
    )


def _surrogate(facts: Facts, rules: McrpcRules) -> ir.Table:
    """The first treatment of castration-resistant disease; an ARPI or docetaxel only under lasting deprivation."""
    given = list_exposures(facts, LineRules(partial_begin=rules.partial_date))
    given = given.mutate(point=given.source_table + ibis.literal(":") + given.source_row)
    points = given.select("patient_id", "point", date="begin")
    state = castrate_on(points, facts, rules).select("patient_id", "point", "castrate", "castrate_by", "deprived_since")
    rows = attach(given, state, ["patient_id", "point"])
    only = line_vocabulary().resistant_only
    always = rows.agent.isin(list(only.agents)) | rows.agent_class.isin(list(only.classes))
    lasting = rows.begin.delta(rows.deprived_since, unit="day") > rules.hormone_sensitive_within
    counts = rows.agent_class.isin(["arpi", "taxane"]) & (rows.castrate & lasting).fill_null(False)
    rows = rows.filter(always | counts)
    return rows.select(
        "patient_id",
        "castrate_by",
        "source_table",
        "source_row",
        definition=ibis.literal("surrogate"),
        crpc_date="begin",
        crpc_precision="begin_precision",
        rule=ibis.literal("first treatment of castration-resistant disease, or ARPI or taxane in castrate state"),
        says_metastatic=ibis.literal(0),
    )


def find_metastatic_dates(facts: Facts, rules: McrpcRules) -> ir.Table:
    """`patient_id metastatic_date metastatic_precision metastatic_row`: the first recorded metastases, M1 at first
    diagnosis included.
    """
    rows = facts.table(DIAGNOSES)
    primary = (rows.milestone == "initial") & rows.m.fill_null("").contains("M1")
    rows = rows.filter(((rows.milestone == "metastatic") | primary) & rows.date.notnull())
    rows = rows.select(
        "patient_id",
        metastatic_date=stands_for(rows.date, rows.date_precision, rules.partial_date),
        metastatic_precision=rows.date_precision.fill_null("day"),
        metastatic_row="row_id",
    )
    return ranked_first(rows, ["patient_id"], ["metastatic_date", "metastatic_precision", "metastatic_row"])


def choose_mcrpc_dates(dates: ir.Table, rules: McrpcRules | None = None) -> ir.Table:
    """Rows of MCRPC_CHOICES from rows of MCRPC_DATES: the best grade of evidence, then the order of definitions.

    The earliest and latest date by any definition stand beside it, and whether one of grade A to D contradicts it: by
    the nearest days that the two can mean.
    """
    chosen = rules or McrpcRules()
    order = MCRPC_DATES.by_name["definition"].codes or ()
    places = ibis.memtable(pa.table({"definition": list(order), "place": list(range(len(order)))}))
    ranked = dates.inner_join(places, "definition")
    order_by = [ranked.grade, ranked.place]
    ranked = ranked.mutate(turn=ibis.row_number().over(ibis.window(group_by="patient_id", order_by=order_by)))
    ranked = ranked.mutate(apart=_apart_from_preferred(ranked) > chosen.conflict_after)
    rows = ranked.group_by("patient_id").aggregate(
        n_definitions=ranked.count(),
        definitions=ranked.definition.collect(distinct=True).sort().join(" + "),
        earliest_date=ranked.crpc_date.min(),
        latest_date=ranked.crpc_date.max(),
        n_conflicts=count_of(ranked.apart & (ranked.grade != "E")),
        **{name: ranked[name].max(where=ranked.turn == 0) for name in _TAKEN},
    )
    return rows.mutate(
        spread_days=rows.latest_date.delta(rows.earliest_date, unit="day").cast("float64"),
        conflict=rows.n_conflicts > 0,
        rule=ibis.literal("best grade of evidence, then ") + ibis.literal(", ".join(order)),
    ).select(*MCRPC_CHOICES.by_name)


def _apart_from_preferred(ranked: ir.Table) -> ir.NumericValue:
    """Days between the nearest days that each date and the preferred one can mean; none above 0 where they overlap."""
    first = first_day_of(ranked.crpc_date, ranked.crpc_precision)
    last = last_day_of(ranked.crpc_date, ranked.crpc_precision)
    whole = ibis.window(group_by="patient_id")
    best_first = ibis.cases((ranked.turn == 0, first)).max().over(whole)
    best_last = ibis.cases((ranked.turn == 0, last)).max().over(whole)
    days: ir.NumericValue = ibis.greatest(best_first.delta(last, unit="day"), first.delta(best_last, unit="day"))
    return days
