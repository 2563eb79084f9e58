"""The rows of several sources that state one fact, found by SQL on whole columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from lutrace.core import Column, Type
from lutrace.registry.precedence import Rank
from lutrace.registry.schema import quoted
from lutrace.tables import Compared, MergeRule

ROWS, MATCHED = "merge_rows", "merge_matched"
"""Temporary tables: the rows that a rule looks at, and the pairs of a kept row and one that says the same."""

WHOLE_DAYS_ONLY = ("omop",)
"""Kinds of sources that hold a day for every date: a day there does not say how exactly it is known."""

_COSTS = "c_key, c_differing, c_days, c_far, k_base, k_rank, o_base"
_ROUNDING = 1 - 1e-6
_NEARLY = 1e-9


def find_same_facts(connection: duckdb.DuckDBPyConnection, rule: MergeRule, source: str, ranks: Sequence[Rank]) -> None:
    """Fill the tables `merge_rows` and `merge_matched` for one rule; `source` is the SQL of the table's rows.

    The sources are taken in their order: each row of one is laid to the nearest kept row of those before it that states
    the same fact, every row once; what finds none is kept itself. In which order sources were added does not matter.
    """
    _load_rows(connection, rule, source, ranks)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {MATCHED} (k BIGINT, o BIGINT, contradicts BOOLEAN, dropped BOOLEAN)"
    )
    for rank in range(1, len(ranks)):
        connection.execute(_pairs(rule, rank))
        while connection.execute("SELECT count(*) FROM merge_pairs").fetchall()[0][0]:
            connection.execute(
                "CREATE OR REPLACE TEMP TABLE merge_best AS SELECT * FROM merge_pairs QUALIFY "
                f"row_number() OVER (PARTITION BY k ORDER BY {_COSTS}) = 1 "
                f"AND row_number() OVER (PARTITION BY o ORDER BY {_COSTS}) = 1"
            )
            dropped = "c_differing = 0 OR k_stated" if rule.keep_both else "true"
            connection.execute(f"INSERT INTO {MATCHED} SELECT k, o, c_differing > 0, {dropped} FROM merge_best")
            connection.execute(
                "DELETE FROM merge_pairs WHERE k IN (SELECT k FROM merge_best) OR o IN (SELECT o FROM merge_best)"
            )
    connection.execute("DROP TABLE IF EXISTS merge_pairs; DROP TABLE IF EXISTS merge_best")


def differing(rule: MergeRule, compared: Compared) -> str:
    """SQL that is true where the rows k and o contradict each other in a column."""
    column = rule.table.by_name[compared.column]
    k, o = known(rule, "k", column.name), known(rule, "o", column.name)
    if compared.partial:
        test = f"NOT ({_spans_meet(compared.column)})"
    elif compared.as_reported is not None:
        step = f"{_half_step(compared, 'k')} + {_half_step(compared, 'o')}"
        most = f"least(({step}) * {_ROUNDING}, {compared.relative} * greatest(abs({k}), abs({o})))"
        test = f"abs({k} - {o}) > greatest({most}, {_NEARLY} * greatest(abs({k}), abs({o})))"
    elif compared.relative:
        test = f"abs({k} - {o}) > {compared.relative} * greatest(abs({k}), abs({o}))"
    else:
        test = f"{k} <> {o}"
    return f"coalesce({test}, false)"


def known(rule: MergeRule, row: str, name: str) -> str:
    """SQL of a row's value in a column; NULL where it is empty or so vague that it says nothing."""
    value = f"{row}.{quoted(name)}"
    if name not in rule.vague:
        return value
    return (
        f"CASE WHEN {value} IN ({', '.join(sql_literal(one) for one in rule.vague[name])}) THEN NULL ELSE {value} END"
    )


def sharper(rule: MergeRule, name: str) -> str:
    """SQL that is true where the date of row o says the day of row k more exactly, and its source can hold months."""
    ranks = [
        f"CASE {row}.{quoted(f'{name}_precision')} WHEN 'year' THEN 2 WHEN 'month' THEN 1 ELSE 0 END" for row in "ko"
    ]
    partial = f"o.kind NOT IN ({', '.join(map(sql_literal, WHOLE_DAYS_ONLY))})"
    return f"coalesce({_spans_meet(name)} AND {ranks[0]} > {ranks[1]} AND {partial}, false)"


def _load_rows(connection: duckdb.DuckDBPyConnection, rule: MergeRule, source: str, ranks: Sequence[Rank]) -> None:
    """The rows of patients of whom more than one source speaks, with the place of their source in the order."""
    order = ", ".join(f"({sql_literal(one.source)}, {one.place}, {sql_literal(one.stated)})" for one in ranks)
    names = ["row_id", "source_id", "source_locator", "patient_id", *_columns(rule)]
    where = "" if rule.where is None else f"WHERE {quoted(rule.where[0])} = {sql_literal(rule.where[1])}"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {ROWS} AS "
        f"SELECT {', '.join(f't.{quoted(name)}' for name in dict.fromkeys(names))}, "
        "split_part(t.row_id, '~', 1) AS base, r.source, s.kind, r.rank, r.stated "
        f"FROM (SELECT * FROM ({source}) {where}) t JOIN sources s USING (source_id) "
        f'JOIN (VALUES {order}) r(source, rank, stated) ON r.source = coalesce(s."name", s.kind) '
        "QUALIFY min(r.rank) OVER (PARTITION BY t.patient_id) < max(r.rank) OVER (PARTITION BY t.patient_id)"
    )


def _columns(rule: MergeRule) -> list[str]:
    names = [*rule.same, *rule.both, *rule.groups, *(one.column for one in rule.compared)]
    names += [one.as_reported for one in rule.compared if one.as_reported is not None]
    names += [name for group in rule.filled for name in group]
    dated = [*rule.sharpened, *(one.column for one in rule.compared if one.partial)]
    dated += [rule.near] if rule.near is not None else []
    precisions = [f"{name}_precision" for name in dated]
    return [*names, *dated, *(name for name in precisions if name in rule.table.by_name), *(rule.numbered or ())]


def _pairs(rule: MergeRule, rank: int) -> str:
    """SQL that lists the pairs of a kept row and a row of the source `rank` that can state one fact, with costs."""
    joined = " AND ".join(f"k.{name} IS NOT DISTINCT FROM o.{name}" for name in map(quoted, ("patient_id", *rule.same)))
    further = [f"(k.{name} IS NULL OR o.{name} IS NULL OR k.{name} = o.{name})" for name in map(quoted, rule.both)]
    further += [
        f"coalesce({_group(groups, 'k', name)} = {_group(groups, 'o', name)}, true)"
        for name, groups in rule.groups.items()
    ]
    days = "0"
    if rule.near is not None:
        near = quoted(rule.near)
        days = f"coalesce(abs(date_diff('day', k.{near}, o.{near})), 0)"
        both_empty = f"k.{near} IS NULL AND o.{near} IS NULL"
        meet = _spans_meet(rule.near) if rule.span else f"{days} <= {rule.days}"
        further.append(f"({both_empty} OR (k.{near} IS NOT NULL AND o.{near} IS NOT NULL AND {meet}))")
    unlike = " + ".join(["0", *(f"({differing(rule, one)})::INTEGER" for one in rule.compared)])
    far = " + ".join(
        ["0.0", *(f"coalesce(abs(k.{quoted(one.name)} - o.{quoted(one.name)}), 0)" for one in _numbers(rule))]
    )
    return (
        "CREATE OR REPLACE TEMP TABLE merge_pairs AS "
        "SELECT k.rowid AS k, o.rowid AS o, k.stated AS k_stated, "
        "k.base AS k_base, k.rank AS k_rank, o.base AS o_base, "
        f"(k.base <> o.base)::INTEGER AS c_key, {unlike} AS c_differing, {days} AS c_days, {far} AS c_far "
        f"FROM (SELECT rowid, * FROM {ROWS} WHERE rank < {rank} "
        f"AND rowid NOT IN (SELECT o FROM {MATCHED} WHERE dropped)) k "
        f"JOIN (SELECT rowid, * FROM {ROWS} WHERE rank = {rank}) o ON {joined} "
        f"WHERE {' AND '.join(further) or 'true'}"
    )


def _numbers(rule: MergeRule) -> list[Column]:
    columns = [rule.table.by_name[one.column] for one in rule.compared]
    return [column for column in columns if column.type in (Type.FLOAT, Type.INT)]


def _group(groups: Mapping[str, str | None], row: str, name: str) -> str:
    cases = " ".join(f"WHEN {sql_literal(value)} THEN {sql_literal(group)}" for value, group in groups.items())
    return f"CASE {row}.{quoted(name)} {cases} ELSE {row}.{quoted(name)} END"


def _spans_meet(name: str) -> str:
    """SQL that is true where two partial dates can mean one day."""
    return f"k.{quoted(name)} <= {_last_day('o', name)} AND o.{quoted(name)} <= {_last_day('k', name)}"


def _last_day(row: str, name: str) -> str:
    day, precision = f"{row}.{quoted(name)}", f"{row}.{quoted(f'{name}_precision')}"
    return (
        f"CASE {precision} WHEN 'month' THEN last_day({day}) "
        f"WHEN 'year' THEN make_date(year({day}), 12, 31) ELSE {day} END"
    )


def _half_step(compared: Compared, row: str) -> str:
    """SQL of half a step of the last digit reported, in the unit of the value."""
    text = f"replace(replace({row}.{quoted(str(compared.as_reported))}, ' ', ''), ',', '.')"
    digits = f"regexp_extract({text}, '[0-9]+(\\.[0-9]+)?')"
    number = f"try_cast({digits} AS DOUBLE)"
    decimals = f"greatest(length(split_part({digits}, '.', 2)), 0)"
    factor = f"abs({row}.{quoted(compared.column)}) / nullif({number}, 0)"
    return f"coalesce(0.5 * pow(10, -{decimals}) * {factor}, 0)"


def sql_literal(value: object) -> str:
    """A declared or listed value as SQL writes it."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "'" + str(value).replace("'", "''") + "'"
