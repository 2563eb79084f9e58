"""The rows that count: overrides and reviews applied, and of rows of several sources that state one fact the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from lutrace.core import Row, Table
from lutrace.registry.corrections import Patches
from lutrace.registry.precedence import DEFAULT_ORDER, SourceRules, rank_sources, read_source_kinds
from lutrace.registry.precedence_match import MATCHED, ROWS, differing, find_same_facts, known, sharper, sql_literal
from lutrace.registry.schema import column_list, create_statement, quoted
from lutrace.tables import FACT_TABLES, MERGE_RULES, MERGES, MergeRule

VERDICTS: tuple[str, ...] = MERGES.by_name["verdict"].codes or ()
STATED = "the site profile"
DEFAULT = f"the default order ({', '.join(DEFAULT_ORDER)}), as the site profile states none"


@contextmanager
def counting_rows(
    connection: duckdb.DuckDBPyConnection,
    rules: SourceRules,
    patches: Mapping[str, Patches],
    tables: Sequence[Table] = tuple(FACT_TABLES.values()),
) -> Iterator[None]:
    """Inside, the name of each of `tables` stands for the rows that count, and `merges` for what became of the others.

    Tables in which nothing is corrected or merged are read as they are. The stored rows stay; what is laid over them is
    temporary and leaves with the context.
    """
    over = _Overlay(connection)
    try:
        for name, patch in patches.items():
            over.correct(FACT_TABLES[name], patch)
        connection.execute(create_statement(MERGES).replace("CREATE TABLE", "CREATE TEMP TABLE"))
        kinds = read_source_kinds(connection)
        for rule in MERGE_RULES:
            if rule.table in tables:
                over.merge(rule, kinds, rules)
        for table in tables:
            over.lay(table)
        yield
    finally:
        over.remove()


def read_merges(connection: duckdb.DuckDBPyConnection, verdicts: Sequence[str] = VERDICTS) -> list[Row]:
    """The rows of MERGES with these verdicts, inside `counting_rows`: what is not the same first, then by row."""
    chosen = ", ".join(map(sql_literal, verdicts))
    found = connection.execute(
        f"SELECT {column_list(MERGES)} FROM merges WHERE verdict IN ({chosen}) "
        "ORDER BY verdict = 'same', \"table\", patient_id, kept_row_id, dropped_row_id"
    ).fetchall()
    return [dict(zip(MERGES.by_name, row, strict=True)) for row in found]


class _Overlay:
    """Temporary tables and views over the stored tables of one connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        catalog = connection.execute("SELECT current_database()").fetchall()[0][0]
        self._stored = f"{quoted(catalog)}.main."
        self._corrected: dict[str, str] = {}
        self._merged: dict[str, list[tuple[str, MergeRule]]] = {}
        self._views: list[str] = []

    def correct(self, table: Table, patch: Patches) -> None:
        """Let the changed rows of a table stand in the place of the stored ones."""
        schema = pa.schema([pa.field(column.name, column.arrow_type) for column in table.columns])
        kept = [row for row in patch.rows.values() if row is not None]
        for name, rows in (
            (f"patched_{table.name}", pa.Table.from_pylist(kept, schema)),
            (f"touched_{table.name}", pa.table({"row_id": pa.array(list(patch.rows), pa.string())})),
        ):
            self._connection.register("given_rows", rows)
            self._connection.execute(f"CREATE TEMP TABLE {quoted(name)} AS SELECT * FROM given_rows")
            self._connection.unregister("given_rows")
        columns = column_list(table)
        self._corrected[table.name] = (
            f"SELECT {columns} FROM {self._stored}{quoted(table.name)} "
            f"WHERE row_id NOT IN (SELECT row_id FROM {quoted(f'touched_{table.name}')}) "
            f"UNION ALL SELECT {columns} FROM {quoted(f'patched_{table.name}')}"
        )

    def merge(self, rule: MergeRule, kinds: Mapping[str, str], rules: SourceRules) -> None:
        """Find what rows of several sources state together, and keep what is to be done with them."""
        source = self._source(rule.table)
        here = {
            name
            for (name,) in self._connection.execute(
                f'SELECT DISTINCT coalesce(s."name", s.kind) FROM (SELECT DISTINCT source_id FROM ({source})) '
                "JOIN sources s USING (source_id)"
            ).fetchall()
        }
        if len(here) < 2:
            return
        ranks = rank_sources(rules, rule.table.name, {name: kind for name, kind in kinds.items() if name in here})
        find_same_facts(self._connection, rule, source, ranks)
        done = self._merged.setdefault(rule.table.name, [])
        suffix = f"{rule.table.name}_{len(done)}"
        for statement in _actions(rule, suffix):
            self._connection.execute(statement)
        done.append((suffix, rule))
        self._connection.execute(f"DROP TABLE {ROWS}; DROP TABLE {MATCHED}")

    def lay(self, table: Table) -> None:
        """Give the rows that count the name of their table."""
        merged = self._merged.get(table.name, [])
        if not merged and table.name not in self._corrected:
            return
        columns = ", ".join(f"{_value(column.name, merged)} AS {quoted(column.name)}" for column in table.columns)
        joins = "".join(
            f" LEFT JOIN given_{suffix} g_{suffix} ON g_{suffix}.given_to = t.row_id" for suffix, _ in merged
        )
        left_out = "".join(
            f" AND NOT EXISTS (SELECT 1 FROM dropped_{suffix} d WHERE d.row_id = t.row_id)" for suffix, _ in merged
        )
        kind = "TABLE" if merged else "VIEW"
        self._connection.execute(
            f"CREATE TEMP {kind} {quoted(table.name)} AS "
            f"SELECT {columns} FROM ({self._source(table)}) t{joins} WHERE true{left_out}"
        )
        if not merged:
            self._views.append(table.name)

    def remove(self) -> None:
        """Take all of it away."""
        for name in self._views:
            self._connection.execute(f"DROP VIEW temp.main.{quoted(name)}")
        found = self._connection.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()
        for (name,) in found:
            self._connection.execute(f"DROP TABLE temp.main.{quoted(name)}")

    def _source(self, table: Table) -> str:
        whole = f"SELECT {column_list(table)} FROM {self._stored}{quoted(table.name)}"
        return self._corrected.get(table.name, whole)


def _value(name: str, merged: Sequence[tuple[str, MergeRule]]) -> str:
    """SQL of a column of the rows that count: as given by another row where it was, else the row's own."""
    value = f"t.{quoted(name)}"
    for suffix, rule in merged:
        given = f"g_{suffix}"
        if name == "row_id":
            value = f"coalesce({given}.named, {value})"
        elif name == "changed_by":
            value = f"coalesce({value}, {given}.merge_id)"
        elif rule.numbered is not None and name == rule.numbered[0]:
            value = f"coalesce({given}.number, {value})"
        for index, (group, _) in enumerate(_gifts(rule)):
            if name in group:
                value = (
                    f"CASE WHEN {given}.gift_{index} IS NULL THEN {value} ELSE {given}.gift_{index}.{quoted(name)} END"
                )
    return value


def _gifts(rule: MergeRule) -> list[tuple[tuple[str, ...], str]]:
    """The groups of columns that a row can be given, and when."""
    gifts = [
        (group, f"{known(rule, 'k', group[0])} IS NULL AND {known(rule, 'o', group[0])} IS NOT NULL")
        for group in rule.filled
    ]
    return gifts + [((name, f"{name}_precision"), sharper(rule, name)) for name in rule.sharpened]


def _actions(rule: MergeRule, suffix: str) -> list[str]:
    """SQL that names the rows that stay, writes `merges`, and keeps what is left out and what is given to whom."""
    pairs = f"FROM {MATCHED} m JOIN {ROWS} k ON k.rowid = m.k JOIN {ROWS} o ON o.rowid = m.o"
    return [
        _names(suffix),
        _numbers(rule, suffix),
        f"CREATE TEMP TABLE dropped_{suffix} AS SELECT o.row_id {pairs} WHERE m.dropped",
        _merges_of_pairs(rule, suffix, pairs),
        *_merges_of_numbers(rule, suffix),
        _given(rule, suffix, pairs),
    ]


def _names(suffix: str) -> str:
    """SQL of `names_*`: how rows are called whose key another source has too; of those that stay the first has no ~."""
    return (
        f"CREATE TEMP TABLE names_{suffix} AS SELECT i, CASE WHEN stays AND first THEN base "
        "ELSE base || '~' || source END AS named FROM ("
        "SELECT *, row_number() OVER (PARTITION BY base, stays ORDER BY rank) = 1 AS first FROM ("
        f"SELECT rowid AS i, base, source, rank, rowid NOT IN (SELECT o FROM {MATCHED} WHERE dropped) AS stays "
        f"FROM {ROWS} WHERE base IN (SELECT base FROM {ROWS} GROUP BY base HAVING count(*) > 1)))"
    )


def _numbers(rule: MergeRule, suffix: str) -> str:
    """SQL of `numbers_*`: numbers by date for patients in whom two sources give one number to two facts."""
    if rule.numbered is None:
        return f"CREATE TEMP TABLE numbers_{suffix} (i BIGINT, number BIGINT, was BIGINT)"
    number, day = map(quoted, rule.numbered)
    stays = f"(SELECT rowid AS i, * FROM {ROWS} WHERE rowid NOT IN (SELECT o FROM {MATCHED} WHERE dropped))"
    return (
        f"CREATE TEMP TABLE numbers_{suffix} AS SELECT * FROM (SELECT i, {number} AS was, "
        f"min({number}) OVER p - 1 + row_number() OVER (p ORDER BY {day}, {number}, rank, base) AS number FROM {stays} "
        f"WHERE patient_id IN (SELECT patient_id FROM {stays} GROUP BY patient_id, {number} HAVING count(*) > 1) "
        "WINDOW p AS (PARTITION BY patient_id)) WHERE was <> number"
    )


def _merges_of_pairs(rule: MergeRule, suffix: str, pairs: str) -> str:
    """SQL that writes the rows of `merges` for rows that state one fact."""
    unlike = [
        f"CASE WHEN {differing(rule, one)} THEN '\"{one.column}\":[' || {_json('k', one.column)} || ',' || "
        f"{_json('o', one.column)} || ']' END"
        for one in rule.compared
    ]
    differences = f"'{{' || nullif(concat_ws(',', {', '.join(unlike)}), '') || '}}'" if unlike else "NULL"
    given = [f"CASE WHEN {condition} THEN {list(group)} END" for group, condition in _gifts(rule)]
    filled = f"to_json(list_sort(list_distinct(flatten([{', '.join(given)}]))))::VARCHAR" if given else "NULL"
    verdict = "CASE WHEN NOT m.contradicts THEN 'same' WHEN m.dropped THEN 'contradiction' ELSE 'both_kept' END"
    return (
        f"INSERT INTO merges SELECT {_merge_id(rule, 'o')}, o.patient_id, {sql_literal(rule.table.name)}, "
        "coalesce(kn.named, k.row_id), k.source, coalesce(dn.named, o.row_id), o.source, "
        f"o.source_id, o.source_locator, {verdict}, {_words()}, k.stated, {differences}, "
        f"CASE WHEN m.dropped THEN nullif({filled}, '[]') END "
        f"{pairs} LEFT JOIN names_{suffix} kn ON kn.i = k.rowid LEFT JOIN names_{suffix} dn ON dn.i = o.rowid"
    )


def _words() -> str:
    """SQL of why the kept row stays."""
    before = "k.source || ' stands before ' || o.source || ' in ' || "
    order = f"CASE WHEN k.stated THEN {sql_literal(STATED)} ELSE {sql_literal(DEFAULT)} END"
    return (
        f"CASE WHEN NOT m.contradicts THEN 'states the same: ' || {before}{order} "
        f"WHEN m.dropped THEN 'contradicts: ' || {before}{order} "
        "ELSE 'contradicts: both stay until the site profile states the precedence' END"
    )


def _merges_of_numbers(rule: MergeRule, suffix: str) -> list[str]:
    """SQL that writes the rows of `merges` for rows that were counted anew."""
    if rule.numbered is None:
        return []
    column, day = rule.numbered
    return [
        f"INSERT INTO merges SELECT {_merge_id(rule, 'r')}, r.patient_id, {sql_literal(rule.table.name)}, "
        "coalesce(n.named, r.row_id), r.source, NULL, NULL, NULL, NULL, 'renumbered', "
        f"'two sources give one {column} to two facts: counted by {day}', false, "
        f"'{{\"{column}\":[' || c.number || ',' || c.was || ']}}', NULL FROM numbers_{suffix} c "
        f"JOIN {ROWS} r ON r.rowid = c.i LEFT JOIN names_{suffix} n ON n.i = c.i"
    ]


def _given(rule: MergeRule, suffix: str, pairs: str) -> str:
    """SQL of `given_*`: by stored row its name, its number, and what it has from the first source that has it."""
    gifts = _gifts(rule)
    picked = ""
    for index, (group, condition) in enumerate(gifts):
        values = ", ".join(f"{quoted(name)} := o.{quoted(name)}" for name in group)
        picked += f", arg_min(struct_pack({values}), o.rank) FILTER ({condition}) AS gift_{index}"
    giving = " OR ".join(condition for _, condition in gifts) or "false"
    return (
        f"CREATE TEMP TABLE given_{suffix} AS SELECT r.row_id AS given_to, n.named, c.number, "
        f"coalesce(f.merge_id, CASE WHEN c.number IS NOT NULL THEN {_merge_id(rule, 'r')} END) AS merge_id"
        f"{''.join(f', f.gift_{index}' for index in range(len(gifts)))} FROM {ROWS} r "
        f"LEFT JOIN names_{suffix} n ON n.i = r.rowid LEFT JOIN numbers_{suffix} c ON c.i = r.rowid "
        f"LEFT JOIN (SELECT m.k, arg_min({_merge_id(rule, 'o')}, o.rank) AS merge_id{picked} {pairs} "
        f"WHERE m.dropped AND ({giving}) GROUP BY m.k) f ON f.k = r.rowid "
        "WHERE n.named IS NOT NULL OR c.number IS NOT NULL OR f.merge_id IS NOT NULL"
    )


def _merge_id(rule: MergeRule, row: str) -> str:
    """SQL of the id of what became of a row: its table, its key and its source."""
    return f"'merge:' || substr(sha256({sql_literal(rule.table.name)} || {row}.base || '~' || {row}.source), 1, 20)"


def _json(row: str, name: str) -> str:
    return f"coalesce(to_json({row}.{quoted(name)})::VARCHAR, 'null')"
