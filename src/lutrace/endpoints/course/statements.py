"""Why radioligand therapy ended and what followed, as records, series statements and letters say it."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import attach
from lutrace.endpoints.course.basis import CourseBasis
from lutrace.endpoints.disposition_codes import mean_own_word, with_meaning
from lutrace.endpoints.letters import said_in_letters
from lutrace.tables import DISEASE_EVENTS, DISPOSITIONS, TEXT_FINDINGS, TREATMENTS
from lutrace.terms import disposition_meanings

_PLACES = {DISPOSITIONS.name: 0, TREATMENTS.name: 1, TEXT_FINDINGS.name: 2, DISEASE_EVENTS.name: 3}
"""Of two statements of one day the one of the first table stands."""
COLUMNS = ("patient_id", "date", "meaning", "precedence", "source_table", "source_row")


def list_statements(basis: CourseBasis, doses: ir.Table) -> ir.Table:
    """`patient_id date meaning precedence source_table source_row stated`: every statement with a day up to the cut.

    Sources: DISPOSITIONS; TREATMENTS rows of radioligands (a whole series) with a stop reason; letters as the rules
    allow; hospice among DISEASE_EVENTS. A statement without a day, or known to the month or year, is of the last dose
    that its span holds, else of the first day of its span; one without a day and without a dose by then is dropped.
    `stated` is whether the record itself gives the day.
    """
    every = ibis.union(*[part.select(*COLUMNS, "begin", "until") for part in _sources(basis)])
    placed = _placed(every, doses, basis)
    return basis.known(placed, "date")


def ends_of(statements: ir.Table) -> ir.Table:
    """The statements that say why therapy ended; unknown is no reason."""
    reasons = [name for name in disposition_meanings("end") if name != "unknown"]
    return statements.filter(statements.meaning.isin(reasons))


def _sources(basis: CourseBasis) -> list[ir.Table]:
    left = with_meaning(basis.facts.table(DISPOSITIONS))
    left = left.mutate(day=left.date, exactness=left.date_precision)
    series = basis.facts.table(TREATMENTS)
    series = series.filter((series.agent_class == "rlt") & series.stop_reason.notnull())
    series = series.mutate(
        meaning=mean_own_word(series.stop_reason), day=series.end_date, exactness=series.end_date_precision
    )
    hospice = basis.facts.table(DISEASE_EVENTS)
    hospice = hospice.filter(hospice.kind == "hospice")
    hospice = hospice.mutate(meaning=ibis.literal("hospice"), day=hospice.date, exactness=hospice.date_precision)
    parts = [(left, DISPOSITIONS.name), (series, TREATMENTS.name), (hospice, DISEASE_EVENTS.name)]
    if basis.rules.letters != "none":
        parts.append((_letters(basis), TEXT_FINDINGS.name))
    return [_spanned(table.filter(table.meaning.notnull()), name) for table, name in parts]


def _letters(basis: CourseBasis) -> ir.Table:
    said = said_in_letters(basis.facts, ("stop_reason",), basis.rules.letters)
    said = said.filter(~said.historical)
    return said.mutate(
        meaning=mean_own_word(said.value),
        day=ibis.coalesce(said.date, said.note_date),
        exactness=ibis.cases((said.date.notnull(), said.date_precision), else_=ibis.literal("day")),
    )


def _spanned(rows: ir.Table, name: str) -> ir.Table:
    """`begin` and `until`, the span that the statement's day can mean; both empty without a day."""
    month, year = rows.day.truncate("M").cast("date"), rows.day.truncate("Y").cast("date")
    month_end = ((month + ibis.interval(months=1)).cast("date") - ibis.interval(days=1)).cast("date")
    year_end = ((year + ibis.interval(months=12)).cast("date") - ibis.interval(days=1)).cast("date")
    return rows.select(
        "patient_id",
        "meaning",
        date="day",
        precedence=ibis.literal(_PLACES[name]).cast("int64"),
        source_table=ibis.literal(name),
        source_row="row_id",
        begin=ibis.cases((rows.exactness == "month", month), (rows.exactness == "year", year), else_=rows.day),
        until=ibis.cases((rows.exactness == "month", month_end), (rows.exactness == "year", year_end), else_=rows.day),
    )


def _placed(every: ir.Table, doses: ir.Table, basis: CourseBasis) -> ir.Table:
    """Statements without an exact day, on the last dose of the first series that their span holds."""
    given = doses.filter((doses.series == 1) & (doses.dose_date <= ibis.date(basis.data_cut)))
    given = given.select("patient_id", "dose_date")
    vague = every.filter(every.begin.isnull() | (every.begin < every.until))
    held = vague.inner_join(given, "patient_id")
    held = held.filter(held.until.isnull() | (held.dose_date <= held.until))
    last = held.group_by("source_row").aggregate(last_dose=held.dose_date.max())
    rows = attach(every, last, ["source_row"])
    exact = (rows.begin == rows.until).fill_null(False)
    day = ibis.cases(
        (exact, rows.begin),
        (rows.begin.isnull(), rows.last_dose),
        else_=ibis.greatest(rows.begin, ibis.coalesce(rows.last_dose, rows.begin)),
    )
    rows = rows.mutate(date=day, stated=exact)
    return rows.filter(rows.date.notnull()).select(*COLUMNS, "stated")
