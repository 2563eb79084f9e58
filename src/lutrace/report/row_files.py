"""Rows of derived tables as CSV files: what of them may leave, with days in place of dates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from lutrace.core import Row, write_rows
from lutrace.report.contents import ReleasePolicy, ReportInput, RowTable
from lutrace.report.disclosure import apply_disclosure, count_days, dates_as_days
from lutrace.report.table_files import inert
from lutrace.tables import RESULT_TABLES


def may_leave(table: str, policy: ReleasePolicy) -> bool:
    """Whether the rows of this result table may leave: those of patients with persons, counts where none is hidden."""
    return policy.shows_persons if "patient_id" in RESULT_TABLES[table].by_name else policy.min_cell is None


def release_row_tables(report_input: ReportInput, study_numbers: Mapping[str, str]) -> dict[str, list[Row]]:
    """The rows of each row table that may leave, by its name, in order.

    Patients stand under their study numbers, dates as days from day zero. Raises DisclosureError for what may not.
    """
    released = {}
    for one in report_input.row_tables:
        if may_leave(one.table, report_input.policy):
            days = {one.table: count_days(one.table, one.rows, report_input.day_zero)}
            released[one.name] = apply_disclosure(days, min_cell=None, study_numbers=study_numbers)[one.table]
    return released


def write_row_files(
    tables: Sequence[RowTable], released: Mapping[str, Sequence[Row]], folder: Path, banner: Sequence[str]
) -> tuple[Path, ...]:
    """Write each row table whose rows are `released` as `<name>.csv` into `folder`; the last column is the banner."""
    paths = []
    notice = "; ".join(banner)
    for one in tables:
        if one.name not in released:
            continue
        path = folder / f"{one.name}.csv"
        write_rows(path, [{**_inert(row), "notice": notice} for row in released[one.name]], _columns(one.table))
        paths.append(path)
    return tuple(paths)


def _columns(table: str) -> tuple[str, ...]:
    declared = RESULT_TABLES[table]
    days = dates_as_days(declared)
    return (*dict.fromkeys(days.get(name, name) for name in declared.by_name), "notice")


def _inert(row: Row) -> Row:
    return {key: inert(value) if isinstance(value, str) else value for key, value in row.items()}
