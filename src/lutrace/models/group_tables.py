"""A table of characteristics by group: who is in which group, what each has, and how far they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lutrace.core import EstimationError, ProtocolError, Row, UnsupportedError, UnusableInputError
from lutrace.models.description import ALL, SummaryLine, describe_groups, known_numbers
from lutrace.models.results import ModelWarning
from lutrace.protocol import BY_POPULATION, GroupTable, TableVariable
from lutrace.stats import (
    compute_balance,
    compute_chi_square,
    compute_fisher,
    compute_kruskal_wallis,
    compute_rank_sum,
    compute_welch,
)

_TWO = 2
_UNTESTABLE = (EstimationError, UnsupportedError, UnusableInputError)


@dataclass(frozen=True)
class DescribedTable:
    """Rows of SUMMARIES of one table, and what a reader must be told of it."""

    summaries: tuple[Row, ...]
    warnings: tuple[ModelWarning, ...]


def describe_table(table: GroupTable, values: Sequence[Row]) -> DescribedTable:
    """The table from rows of ENDPOINT_VALUES: statistics by group, differences and tests where it asks for them.

    A test that cannot be made is a warning. Raises ProtocolError for a variable or group that no patient has, and for a
    comparison of populations that share patients.
    """
    here = [row for row in values if row["population"] in table.populations]
    _check_known(table, here)
    groups, left_out = _group(table, here)
    shown = {ALL: [row for rows in groups.values() for row in rows], **groups} if table.overall else groups
    lines = [SummaryLine(one.value, one.type, one.levels, one.statistics) for one in table.variables]
    rows = describe_groups(table.name, lines, shown)
    warnings = [_warn(table, f"{left_out} patients have no {table.by} and stand in no group")] if left_out else []
    for variable in table.variables:
        own = [[row for row in one if row["endpoint"] == variable.value] for one in groups.values()]
        compared, told = _compare(table, variable, own)
        rows += [{**row, "order": len(rows) + place} for place, row in enumerate(compared)]
        warnings += [_warn(table, f"{variable.value}: {text}") for text in told]
    return DescribedTable(tuple(rows), tuple(warnings))


def _warn(table: GroupTable, text: str) -> ModelWarning:
    return ModelWarning(table.name, text, "warning")


def _check_known(table: GroupTable, values: Sequence[Row]) -> None:
    known = {row["endpoint"] for row in values}
    wanted = [one.value for one in table.variables] + ([] if table.by == BY_POPULATION else [table.by])
    unknown = [name for name in wanted if name not in known]
    if values and unknown:
        raise ProtocolError(
            f"tables.{table.name}: no patient has a value of {', '.join(unknown)}; expected one of "
            f"{', '.join(sorted(known))}"
        )


def _group(table: GroupTable, values: Sequence[Row]) -> tuple[dict[str, list[Row]], int]:
    """The values of the patients of each group, in the order of the groups, and how many patients have none."""
    if table.by == BY_POPULATION:
        groups = {name: [row for row in values if row["population"] == name] for name in table.populations}
        times = Counter(patient for rows in groups.values() for patient in {row["patient_id"] for row in rows})
        shared = sum(1 for n in times.values() if n > 1)
        if shared and table.compares:
            raise ProtocolError(
                f"tables.{table.name}: {shared} patients are in more than one of {', '.join(table.populations)}; an "
                "overall column, a standardised difference and a test need groups that share nobody"
            )
        return groups, 0
    of = {row["patient_id"]: find_group(row) for row in values if row["endpoint"] == table.by}
    found = sorted({one for one in of.values() if one is not None})
    unlisted = [one for one in found if table.groups and one not in table.groups]
    if unlisted:
        raise ProtocolError(f"tables.{table.name}.groups: expected all groups that there are, lacks {unlisted}")
    names = table.groups or tuple(found)
    patients = {row["patient_id"] for row in values}
    left_out = sum(1 for patient in patients if of.get(patient) is None)
    return {name: [row for row in values if of.get(row["patient_id"]) == name] for name in names}, left_out


def find_group(row: Row) -> str | None:
    """The group that a value puts its patient into: its class, or yes and no where it is 0 or 1; None for neither."""
    if row["value"] in (0.0, 1.0) and row["reason"] is None:
        return "yes" if row["value"] else "no"
    category: str | None = row["category"]
    return category


def _compare(
    table: GroupTable, variable: TableVariable, groups: Sequence[Sequence[Row]]
) -> tuple[list[Row], list[str]]:
    rows: list[Row] = []
    warnings: list[str] = []
    made: list[Callable[[], list[Row]]] = []
    if table.smd:
        made.append(lambda: _differences(table, variable, groups))
    if variable.test is not None:
        made.append(lambda: [_tested(table, variable, groups)])
    for make in made:
        try:
            rows += make()
        except _UNTESTABLE as error:
            warnings.append(f"not compared: {error}")
    return rows, warnings


def _row(table: GroupTable, variable: TableVariable, statistic: str, value: float, **told: object) -> Row:
    empty = {"level": None, "low": None, "high": None, "sd": None}
    of = {"table": table.name, "group": ALL, "variable": variable.value, "statistic": statistic}
    return {**of, **empty, "unit": "1", "value": value, **told}


def _differences(table: GroupTable, variable: TableVariable, groups: Sequence[Sequence[Row]]) -> list[Row]:
    """The standardised mean difference of the first group less the second; of classes one for each, as yes and no."""
    if len(groups) != _TWO:
        raise UnusableInputError(f"a standardised mean difference needs two groups, got {len(groups)}")
    columns: list[tuple[str | None, list[list[float]]]] = []
    match variable.type:
        case "number":
            columns.append((None, [known_numbers(rows) for rows in groups]))
        case "yes":
            columns.append((None, [[float(one > 0) for one in known_numbers(rows)] for rows in groups]))
        case "classes":
            own = [_categories(rows) for rows in groups]
            levels = variable.levels or tuple(sorted({one for names in own for one in names}))
            columns += [(level, [[float(one == level) for one in names] for names in own]) for level in levels]
    made = []
    for level, (first, second) in columns:
        if min(len(first), len(second)) < _TWO:
            raise UnusableInputError("a standardised mean difference needs two patients with a value in each group")
        side = np.repeat([1.0, 0.0], [len(first), len(second)])
        found = compute_balance(side, [*first, *second], terms=["x"], weights=np.ones(side.size))
        n, total = len(side), sum(len(rows) for rows in groups)
        method = f"standardised mean difference by {found.denominator}"
        standardised = found.terms[0].before.standardised
        made.append(_row(table, variable, "smd", standardised, level=level, n=n, total=total, method=method))
    return made


def _categories(rows: Sequence[Row]) -> list[str]:
    return [row["category"] for row in rows if row["category"] is not None]


def _tested(table: GroupTable, variable: TableVariable, groups: Sequence[Sequence[Row]]) -> Row:
    if variable.type == "number":
        p, method, n = _test_numbers(str(variable.test), [known_numbers(rows) for rows in groups])
    else:
        p, method, n = _test_counts(str(variable.test), _count_table(variable, groups))
    return _row(table, variable, "p", p, n=n, total=sum(len(rows) for rows in groups), method=method)


def _test_numbers(test: str, groups: Sequence[Sequence[float]]) -> tuple[float, str, int]:
    if test == "kruskal_wallis":
        labels = [place for place, values in enumerate(groups) for _ in values]
        found = compute_kruskal_wallis([value for values in groups for value in values], labels)
        return found.p, found.method, found.n
    if len(groups) != _TWO:
        raise UnusableInputError(f"the test {test} needs two groups, got {len(groups)}; ask for kruskal_wallis")
    found = compute_rank_sum(*groups) if test == "rank_sum" else compute_welch(*groups).test
    return found.p, found.method, found.n


def _count_table(variable: TableVariable, groups: Sequence[Sequence[Row]]) -> list[list[int]]:
    """Counts of each class (lines) in each group (columns), without classes that nobody has."""
    if variable.type == "yes":
        answers = [Counter("yes" if one > 0 else "no" for one in known_numbers(rows)) for rows in groups]
    else:
        answers = [Counter(_categories(rows)) for rows in groups]
    classes = sorted({one for counts in answers for one in counts})
    return [[counts[one] for counts in answers] for one in classes]


def _test_counts(test: str, counts: Sequence[Sequence[int]]) -> tuple[float, str, int]:
    found = compute_chi_square(counts) if test == "chi_square" else compute_fisher(counts)
    return found.p, found.method, found.n
