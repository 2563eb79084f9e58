"""Derived tables of lines of therapy: how many began before the day asked about, and which records raise questions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from lutrace.core import Row
from lutrace.endpoints import find_line_queries, find_setting_queries
from lutrace.protocol import DerivedLines
from lutrace.study.derived_parts import Derivation, Ground, Reading, Variable, having
from lutrace.tables import LINE_AGENTS, LINE_QUERIES, LINES, PRIOR_REGIMENS

_MOST = 3
"""So many lines and more are one class."""
_CLASSES = {
    "taxane": "Taxane",
    "arpi": "Androgen receptor pathway inhibitor",
    "parp": "PARP inhibitor",
    "ra223": "Radium-223",
    "rlt": "Radioligand therapy",
    "platinum": "Platinum",
    "immune": "Immunotherapy",
}


def derive_line_tables(ground: Ground, item: DerivedLines) -> Derivation:
    """Lines, their drugs, and the regimens before the day asked about."""
    history, rules = ground.history, ground.protocol.history.lines
    regimens = (
        _counted(f"{name}_regimens", f"{label}: regimens before", _drugs_before(name))
        for name, label in _CLASSES.items()
    )
    two_doses = "Taxane: regimens of two doses or more before"
    return Derivation(
        {
            LINES.name: history.lines,
            LINE_AGENTS.name: history.line_agents,
            PRIOR_REGIMENS.name: history.prior_regimens(ground.index(item.as_of)),
        },
        (
            _counted("lines", "Lines of therapy before", (LINES.name, _is_before)),
            _counted("mcrpc_lines", "Lines of mCRPC before", (LINES.name, _is_of_mcrpc_before)),
            *regimens,
            _counted("taxane_regimens_two_doses", two_doses, _drugs_before("taxane")),
        ),
        (
            f"A line: drugs begun within {rules.combination_window:g} days of its first; a pause of more than "
            f"{rules.gap:g} days ({rules.rlt_gap:g} for radioligands) begins a new one. Androgen deprivation, steroids "
            "and bone agents are none. A line of mCRPC does not begin before the preferred date of mCRPC; where a "
            "month or year does not tell which came first, it is taken as one, and the line says that this is assumed.",
        ),
        item.as_of,
    )


_Shown = tuple[str, Callable[[Row, dt.date], bool]]


def _counted(column: str, label: str, shown: _Shown) -> Variable:
    """The number of a column of PRIOR_REGIMENS in classes, shown by the lines or drugs that it counts."""

    def read(rows: Sequence[Row]) -> Reading:
        number = rows[0][column]
        return str(number) if number < _MOST else f"{_MOST} or more"

    levels = (*map(str, range(_MOST)), f"{_MOST} or more")
    return Variable(column, label, "classes", PRIOR_REGIMENS.name, read, levels=levels, shown_by=shown)


def _is_before(row: Row, day: dt.date) -> bool:
    """Lines that began before the day."""
    return bool(row["begin_date"] < day)


def _is_of_mcrpc_before(row: Row, day: dt.date) -> bool:
    """Lines of mCRPC that began before the day."""
    return row["mcrpc_line_number"] is not None and _is_before(row, day)


def _drugs_before(agent_class: str) -> _Shown:
    """The drugs of a class that began with a line before the day."""

    def holds(row: Row, day: dt.date) -> bool:
        ours = row["agent_class"] == agent_class and row["role"] != "carried"
        return bool(ours and row["begin_date"] < day)

    return LINE_AGENTS.name, holds


def derive_line_queries(ground: Ground) -> Derivation:
    """Records of treatments that raise a question, and lines whose setting is assumed."""
    name, history = LINE_QUERIES.name, ground.history
    settings = find_setting_queries(history.line_agents, history.lines)
    queries = enumerate(LINE_QUERIES.by_name["query"].codes or (), start=1)
    return Derivation(
        {name: find_line_queries(ground.facts).union(settings)},
        tuple(
            Variable(f"query_{number}", f"Record: {query}", "yes", name, bool, having("query", query))
            for number, query in queries
        ),
        ("Patients with at least one such record. A record without a begin makes no line.",),
    )
