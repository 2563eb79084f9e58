"""Small counts hidden, and with them the counts that would give them away."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from lutrace.core import Row, canonical_json
from lutrace.report.balance_suppression import suppress_balances
from lutrace.report.wording import Suppressed

Cell = tuple[Hashable, Hashable]
REST: Hashable = "the rest"
ALL = "all"
_SHARE = re.compile(r"(?<![\d.,])(?P<part>\d+)(?: of |/)(?P<whole>\d+)(?: \(\d+(?:\.\d+)? ?%\))?(?![.,]?\d)")
_PER_TERM = re.compile(r"(?<![\w.,])(\d+(?:\.\d+)?) events per term")
_COUNTED = re.compile(r"(?<![\w.,])(\d+) (patients|events)(?! per)")
_SHARES = ("proportion", "cumulative_incidence", "occupancy", "survival")
_COUNTED_SUMMARIES = ("count", "missing")
_OF_NUMBERS = ("median_iqr", "median_range", "mean_sd", "smd", "p")
_COMPARED = ("smd", "p")
_COUNTS_OF_CHECKS = (
    "events_per_term",
    "events_in_rarer_group",
    "influential_patients",
    "n_missing",
    *("n_changed", "n_rows", "n_left_out", "n_competing", "n_exact"),
)


def suppress_small_counts(tables: Mapping[str, Sequence[Row]], min_cell: int) -> dict[str, list[Row]]:
    """The tables with every count of patients from 1 to `min_cell` - 1 hidden.

    Hidden as well: what would give a hidden count away by one subtraction in a table with margins. Steps of an
    attrition that left out few are joined with the next; curves fall in steps of at least `min_cell` patients and end
    where fewer are at risk; those of states, where every move is one patient's, do not leave.
    """
    by_table = {
        "summaries": _suppress_summaries,
        "agreements": _suppress_agreements,
        "attrition": _join_small_steps,
        "estimates": _suppress_estimates,
        "curves": _end_curves,
        "incidences": _end_incidences,
        "occupancies": _leave_out,
        "validations": _leave_out,
        "balances": suppress_balances,
    }
    return {
        name: by_table[name](rows, min_cell) if name in by_table else [dict(row) for row in rows]
        for name, rows in tables.items()
    }


def blur_counts(text: str, min_cell: int) -> str:
    """A sentence with `3 of 66`, `3/66`, `3 patients`, `3 events` in words where a count is small; else as it is.

    >>> blur_counts("3 of 66 patients have no PSA", 5)
    'fewer than 5 of 66 patients have no PSA'
    """
    text = _SHARE.sub(lambda found: _blurred(found, min_cell), text)
    few = f"fewer than {min_cell}"
    text = _PER_TERM.sub(lambda one: f"{few} events per term" if float(one[1]) < min_cell else one[0], text)
    return _COUNTED.sub(lambda one: f"{few} {one[2]}" if 0 < int(one[1]) < min_cell else one[0], text)


def _blurred(found: re.Match[str], min_cell: int) -> str:
    part, whole = int(found["part"]), int(found["whole"])
    if 0 < whole < min_cell:
        return f"some of fewer than {min_cell}"
    if 0 < part < min_cell:
        return f"fewer than {min_cell} of {whole}"
    if 0 < whole - part < min_cell:
        return f"more than {whole - min_cell} of {whole}"
    return found[0]


def find_hidden(counts: Mapping[Cell, int], min_cell: int, *, across: bool = True) -> dict[Cell, Suppressed]:
    """Which cells of a two-way table to hide: the small ones, then a partner in each line that has only one hidden.

    `counts` maps (row, column) to patients. Columns are taken to have known totals, and rows too when `across`. The
    partner is a cell that is shown nowhere (REST) if there is one, else the smallest above zero, else a zero.
    """
    hidden = {cell: Suppressed(min_cell) for cell, n in counts.items() if 0 < n < min_cell}
    lines: dict[tuple[str, Hashable], list[Cell]] = defaultdict(list)
    for cell in counts:
        lines["column", cell[1]].append(cell)
        if across:
            lines["row", cell[0]].append(cell)
    changed = True
    while changed:
        changed = False
        for cells in lines.values():
            shown = [cell for cell in cells if cell not in hidden]
            if shown and len(cells) - len(shown) == 1:
                partner = min(shown, key=lambda cell: (cell[0] != REST, counts[cell] == 0, counts[cell], str(cell)))
                hidden[partner] = Suppressed()
                changed = True
    return hidden


def _suppress_agreements(rows: Sequence[Row], min_cell: int) -> list[Row]:
    matrices: dict[tuple[Any, ...], dict[Cell, int]] = defaultdict(dict)
    for row in rows:
        matrices[_matrix(row)][row["row_class"], row["column_class"]] = row["n"]
    hidden = {name: find_hidden(counts, min_cell) for name, counts in matrices.items()}
    return [{**row, "n": hidden[_matrix(row)].get((row["row_class"], row["column_class"]), row["n"])} for row in rows]


def _matrix(row: Row) -> tuple[Any, ...]:
    return row["analysis"], row["population"], row["definition"]


def _suppress_summaries(rows: Sequence[Row], min_cell: int) -> list[Row]:
    """Levels of a variable and those without any add up to the group, and groups to `all`: a two-way table each."""
    variables: dict[tuple[Any, ...], dict[Cell, int]] = defaultdict(dict)
    totals: dict[tuple[Any, ...], dict[str, int]] = defaultdict(dict)
    for row in rows:
        if row["statistic"] in _COUNTED_SUMMARIES and row.get("value") is not None:
            variable = row["table"], row["variable"]
            variables[variable][_level(row), row["group"]] = int(row["value"])
            totals[variable][row["group"]] = row["total"]
    hidden = {}
    for variable, counts in variables.items():
        for group, total in totals[variable].items():
            rest = total - sum(n for (_, column), n in counts.items() if column == group)
            if rest > 0:
                counts[REST, group] = rest
        hidden[variable] = find_hidden(counts, min_cell, across=ALL in totals[variable])
    return [_hide_summary(row, hidden.get((row["table"], row["variable"]), {}), min_cell) for row in rows]


def _level(row: Row) -> Hashable:
    return row["statistic"], row.get("level")


def _hide_summary(row: Row, hidden: Mapping[Cell, Suppressed], min_cell: int) -> Row:
    """The row without what tells of few: a minimum or maximum is one person's, a comparison tells of hidden counts."""
    mark = hidden.get((_level(row), row["group"])) if row["statistic"] in _COUNTED_SUMMARIES else None
    left = {**row, "value": mark} if mark is not None else dict(row)
    of_few = row["statistic"] in _OF_NUMBERS and 0 < row["n"] < min_cell
    if of_few or row["statistic"] == "median_range" or (row["statistic"] in _COMPARED and hidden):
        left |= {"value": Suppressed(), "low": None, "high": None, "sd": None}
    if _is_small(row["n"], row["total"], min_cell):
        left["n"] = Suppressed()
    return left


def _is_small(part: float, whole: float, min_cell: int) -> bool:
    """Whether a part of a whole, or what is left of it, is from 1 to `min_cell` - 1."""
    return 0 < part < min_cell or 0 < whole - part < min_cell


def _join_small_steps(rows: Sequence[Row], min_cell: int) -> list[Row]:
    populations: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row["population"], row["step"])):
        steps = populations[row["population"]]
        if steps and 0 < steps[-1]["excluded"] < min_cell:
            steps[-1] = _joined(steps[-1], row)
        else:
            steps.append(dict(row))
    for steps in populations.values():
        while len(steps) > 1 and 0 < steps[-1]["excluded"] < min_cell:
            last = steps.pop()
            steps[-1] = _joined(steps[-1], last)
        if 0 < steps[0]["excluded"] < min_cell:
            steps[0]["excluded"] = Suppressed(min_cell)
    return [row for steps in populations.values() for row in steps]


def _joined(first: Row, second: Row) -> Row:
    reasons = [row["reason"] for row in (first, second) if row.get("reason")]
    is_start = first.get("reason") is None and first["excluded"] == 0
    return {
        **second,
        "rule": f"{first['rule']}; {second['rule']}",
        "excluded": 0 if is_start else first["excluded"] + second["excluded"],
        "reason": None if is_start else "; ".join(reasons) or None,
    }


def _suppress_estimates(rows: Sequence[Row], min_cell: int) -> list[Row]:
    return [_hide_estimate(row, min_cell) for row in rows]


def _hide_estimate(row: Row, min_cell: int) -> Row:
    n, events, estimate = row["n"], row.get("events"), row.get("estimate")
    left = dict(row)
    few = 0 < n < min_cell
    if events is not None and (few or _is_small(events, n, min_cell)):
        left["events"] = Suppressed(min_cell if 0 < events < min_cell else None)
    if few:
        left["n"] = Suppressed(min_cell)
    if estimate is not None and (few or _is_small_estimate(row, min_cell)):
        left |= dict.fromkeys(("coef", "se", "low", "high", "statistic", "p", "q"))
        left["estimate"] = Suppressed()
    if isinstance(row.get("method"), str):
        left["method"] = blur_counts(row["method"], min_cell)
    if isinstance(row.get("checks"), str):
        left["checks"] = _hide_checks(json.loads(row["checks"]), min_cell)
    return left


def _hide_checks(checks: dict[str, Any], min_cell: int) -> str:
    """The checks of a model without small counts, and without words or numbers that tell of single patients."""
    left = {name: value for name, value in checks.items() if name != "largest_dfbetas"}
    for name in _COUNTS_OF_CHECKS:
        if isinstance(left.get(name), int | float) and 0 < left[name] < min_cell:
            left[name] = str(Suppressed(min_cell))
    if isinstance(left.get("left_out"), dict):
        small = {name: str(Suppressed(min_cell)) for name, n in left["left_out"].items() if 0 < n < min_cell}
        left["left_out"] = left["left_out"] | small
    for name in ("warnings", "reason"):
        if name in left:
            told = left[name]
            is_text = isinstance(told, str)
            left[name] = blur_counts(told, min_cell) if is_text else [blur_counts(one, min_cell) for one in told]
    return canonical_json(left)


def _is_small_estimate(row: Row, min_cell: int) -> bool:
    """Whether the estimate itself is a count of few patients, or a share of few."""
    if row["measure"] == "count":
        return _is_small(row["estimate"], row["n"], min_cell)
    if row["measure"] in _SHARES:
        scale = 100 if row.get("unit") == "%" else 1
        return _is_small(round(row["estimate"] / scale * row["n"]), row["n"], min_cell)
    return False


def _end_curves(rows: Sequence[Row], min_cell: int) -> list[Row]:
    """The curves in steps of at least `min_cell` patients each: a step of one patient is the day of one person."""
    left: list[Row] = []
    since = {"events": 0, "censored": 0}
    before: Row | None = None
    for row in rows:
        if before is None or _curve(before) != _curve(row):
            since = {"events": 0, "censored": 0}
        before = row
        since = {name: since[name] + int(row[name]) for name in since}
        if row["at_risk"] >= min_cell and sum(since.values()) >= min_cell:
            left.append({**row, **since})
            since = {"events": 0, "censored": 0}
    return left


def _leave_out(rows: Sequence[Row], min_cell: int) -> list[Row]:
    """None of the rows: each step of a state is the day of few."""
    return []


def _end_incidences(rows: Sequence[Row], min_cell: int) -> list[Row]:
    """The incidences in steps in which of each cause, and of the censored, nobody or at least `min_cell` patients left.

    The causes of a group are thinned together: those at risk betray what the others lost.
    """
    groups: dict[tuple[Any, ...], dict[float, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        groups[_curve(row)][row["time"]].append(row)
    left: list[Row] = []
    for times in groups.values():
        since: dict[str, int] = defaultdict(int)
        for time in sorted(times):
            here = times[time]
            since["censored"] += int(here[0]["censored"])
            for row in here:
                since[f"events of {row['cause']}"] += int(row["events"])
            if (
                here[0]["at_risk"] >= min_cell
                and any(since.values())
                and not any(0 < n < min_cell for n in since.values())
            ):
                left += [
                    {**row, "events": since[f"events of {row['cause']}"], "censored": since["censored"]} for row in here
                ]
                since.clear()
    return sorted(left, key=lambda row: (*_curve(row), row["cause"], row["time"]))


def _curve(row: Row) -> tuple[Any, ...]:
    return row["analysis"], row["population"], row["endpoint"], row["group"]
