"""Castrate on a day: by testosterone, by androgen deprivation of known duration, or by orchiectomy."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from lutrace.endpoints.history.exposures import FAR
from lutrace.endpoints.history.partial_dates import last_day_of, stands_for
from lutrace.protocol import McrpcRules
from lutrace.tables import LABS, MEDICATIONS, TREATMENTS, Facts, without
from lutrace.terms import line_vocabulary

_DATE_LENGTH = 10
_MARK = ("patient_id", "date", "kind", "point", "measured", "began", "until", "since")


def list_deprivations(facts: Facts, rules: McrpcRules) -> ir.Table:
    """`patient_id began until source`: unbroken androgen deprivation; orchiectomy has no end.

    A dose of one day acts for its depot (of the rules, else as recorded, else as is usual of the drug); a period until
    its end and one depot longer. A dose at most `late_dose` after the last one ceased goes on with it. Antiandrogens
    alone are none.
    """
    castrating = line_vocabulary().castrating
    days = ibis.memtable(
        pa.table(
            {
                "agent": [one.agent for one in castrating],
                "usual_days": [int(rules.depot or one.depot_days) for one in castrating],
            }
        )
    )
    given = facts.table(MEDICATIONS).inner_join(days, "agent")
    given = given.filter(given.begin_date.notnull())
    begin = stands_for(given.begin_date, given.begin_date_precision, rules.partial_date)
    end = last_day_of(given.end_date, given.end_date_precision)
    acts = given.usual_days if rules.depot else ibis.coalesce(given.depot_days, given.usual_days)
    open_until = ibis.date(FAR) if rules.open_deprivation == "ongoing" else _later(begin, acts)
    until = ibis.cases((end.notnull(), _later(ibis.greatest(end, begin), acts)), else_=open_until)
    drugs = given.select("patient_id", began=begin, until=until)
    done = facts.table(TREATMENTS)
    done = done.filter(done.agent.isin(list(line_vocabulary().castrating_operations)) & done.begin_date.notnull())
    operations = done.select(
        "patient_id",
        began=stands_for(done.begin_date, done.begin_date_precision, rules.partial_date),
        until=ibis.date(FAR),
    )
    return _joined(drugs.union(operations), rules)


def _later(date: ir.DateValue, days: ir.IntegerValue) -> ir.DateValue:
    """The date so many days later."""
    later: ir.DateValue = (date + days.as_interval("D")).cast("date")
    return later


def _joined(spans: ir.Table, rules: McrpcRules) -> ir.Table:
    earlier = ibis.window(group_by="patient_id", order_by=["began", "until"], preceding=(None, 1))
    ceased = spans.until.max().over(earlier)
    pause = spans.began.delta(ceased, unit="day")
    rows = spans.mutate(cut=ibis.ifelse((pause > rules.late_dose).fill_null(True), 1, 0))
    until = ibis.window(group_by="patient_id", order_by=["began", "until"], preceding=(None, 0))
    rows = rows.mutate(island=rows.cut.sum().over(until))
    islands = rows.group_by(["patient_id", "island"]).aggregate(began=rows.began.min(), until=rows.until.max())
    return without(islands, "island")


def castrate_on(points: ir.Table, facts: Facts, rules: McrpcRules) -> ir.Table:
    """`patient_id date point castrate castrate_by deprived_since` for `points` (`patient_id date point`).

    Testosterone of the last `testosterone_age` days decides where it is known, but one that is not castrate and older
    than the effect of deprivation does not. Else androgen deprivation that has lasted `castrate_after` days. Empty
    where neither is known.
    """
    labs = facts.table(LABS)
    labs = labs.filter((labs.analyte == "testosterone") & (labs.canonical_unit == "ng/dL"))
    at_limit = (labs.comparator == "<").fill_null(False) & (labs.value <= rules.castrate_ng_dl)
    low = ibis.cases(((labs.value < rules.castrate_ng_dl) | at_limit, "1"), else_="0")
    text, day, number = ibis.null("string"), ibis.null("date"), ibis.literal(0)
    measured = labs.select("patient_id", "date", kind=number, point=text, measured=low, began=day, until=day, since=day)
    spans = list_deprivations(facts, rules)
    works = (spans.began + ibis.interval(days=int(rules.castrate_after))).cast("date")
    deprived = spans.select(
        "patient_id", date=works, kind=number, point=text, measured=text, began="began", until="until", since=works
    )
    asked = points.select(
        "patient_id", "date", kind=ibis.literal(1), point="point", measured=text, began=day, until=day, since=day
    )
    marks = ibis.union(*[table.select(*_MARK) for table in (measured, deprived, asked)])
    marks = marks.mutate(key=marks.date.cast("string") + ibis.literal("|") + marks.measured)
    so_far = ibis.window(group_by="patient_id", order_by=["date", "kind", "point", "key"], preceding=(None, 0))
    marks = marks.mutate(
        key=marks.key.max().over(so_far),
        began=marks.began.max().over(so_far),
        until=marks.until.max().over(so_far),
        since=marks.since.max().over(so_far),
    )
    return _judged(marks.filter(marks.kind == 1), rules)


def _judged(rows: ir.Table, rules: McrpcRules) -> ir.Table:
    rows = rows.mutate(measured_date=rows.key.left(_DATE_LENGTH).cast("date"), low=rows.key.right(1) == "1")
    fresh = (rows.date.delta(rows.measured_date, unit="day") <= rules.testosterone_age).fill_null(False)
    deprived = (rows.date <= rows.until).fill_null(False)
    newer = (rows.measured_date >= rows.since).fill_null(False)
    by_value = fresh & (rows.low | ~deprived | newer)
    return rows.select(
        "patient_id",
        "date",
        "point",
        castrate=ibis.cases((by_value, rows.low), (deprived, True), else_=ibis.null("boolean")),
        castrate_by=ibis.cases((by_value, "testosterone"), (deprived, "exposure")),
        deprived_since=ibis.cases((deprived, rows.began)),
    )
