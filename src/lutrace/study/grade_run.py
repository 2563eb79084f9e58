"""From a table of laboratory results on disk to the CTCAE grade of every row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir

from lutrace.core import Row, UnusableInputError, write_rows
from lutrace.endpoints import check_plausible, correct_calcium, grade_labs, mark_baselines, to_canonical_units
from lutrace.study.lab_file import LabFile, read_lab_file
from lutrace.study.text_columns import INPUT_ROW
from lutrace.terms import CTCAE_VERSIONS, ctcae_version

DEFAULT_CRITERIA = "ctcae-5.0"
ADDED = ("term", "direction", "grade", "rule", "reason", "other_grade", "note", "criteria", INPUT_ROW)
"""What the output adds to the columns of the file."""
_MOST_TOLD = 200
_NUMERIC = ("value", "lln", "uln", "baseline_value")


@dataclass(frozen=True)
class GradeResult:
    """Grades of a file: `table` is not yet run; `warnings` name rows by their number; `n_refused` counts bad rows."""

    table: ir.Table
    columns: tuple[str, ...]
    warnings: tuple[str, ...]
    n_refused: int

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """All rows; plain numbers of the file as numbers."""
        return tuple(_typed(row) for row in self.table.to_pyarrow().to_pylist())

    def count_grades(self) -> list[Row]:
        """How many rows have each grade, by version and term (`none` = cannot be graded)."""
        by = self.table.group_by(["criteria", "term", "direction"])
        table = self.table
        counts: dict[str, Any] = {f"grade_{g}": (table.grade == g).sum().fill_null(0) for g in range(5)}
        counts["none"] = table.grade.isnull().sum()
        rows: list[Row] = by.aggregate(**counts).order_by(["criteria", "term", "direction"]).to_pyarrow().to_pylist()
        return rows


def run_grades(
    path: Path,
    *,
    criteria: Sequence[str] = (DEFAULT_CRITERIA,),
    with_symptoms: bool = False,
    accept_implausible: bool = False,
) -> GradeResult:
    """The CTCAE grade of every row of a laboratory table, one row per applicable term and version.

    Raises UnusableInputError for an unknown version, or a file that cannot be read.
    """
    for name in criteria:
        ctcae_version(name)
    file = read_lab_file(path)
    prepared = _prepared(file, accept_implausible)
    bad = prepared.filter(prepared["fault"].notnull()).select(INPUT_ROW, "fault")
    told = bad.order_by(INPUT_ROW).limit(_MOST_TOLD).to_pyarrow().to_pylist()
    n_bad = int(bad.count().to_pyarrow().as_py())
    warnings = [f"{path.name}, row {row[INPUT_ROW]}: {row['fault']}; the row is not graded" for row in told]
    if n_bad > len(told):
        warnings.append(f"{path.name}: and {n_bad - len(told)} more rows are not graded")
    if accept_implausible:
        warnings += _suspicions(prepared, path.name)
    table, columns = _beside(file, grade_labs(prepared, tuple(dict.fromkeys(criteria)), with_symptoms=with_symptoms))
    return GradeResult(table, columns, tuple(warnings), n_bad)


def run_comparison(path: Path, versions: Sequence[str] = CTCAE_VERSIONS, **switches: bool) -> GradeResult:
    """The rows whose grade differs between versions: `direction`, one column per version, and their rules.

    Raises UnusableInputError for fewer than two versions, and what `run_grades` raises.
    """
    names = tuple(dict.fromkeys(versions))
    if len(names) < 2:
        raise UnusableInputError(f"a comparison needs two versions at least, got {', '.join(names) or 'none'}")
    result = run_grades(path, criteria=names, **switches)
    graded = result.table.filter(result.table.direction.notnull())
    sides: dict[str, Any] = {}
    for name in names:
        key = name.replace("-", "_").replace(".", "_")
        here = graded.criteria == name
        sides[key] = graded.grade.max(where=here)
        sides[f"{key}_rule"] = graded.rule.max(where=here)
        sides[f"{key}_reason"] = graded.reason.max(where=here)
    keys = [INPUT_ROW, "direction", *[name for name in result.columns if name not in ADDED]]
    wide = graded.group_by(keys).aggregate(**sides)
    first, *others = [name.replace("-", "_").replace(".", "_") for name in names]
    changed = ibis.literal(False)
    for other in others:
        changed = changed | ~wide[first].fill_null(-1).identical_to(wide[other].fill_null(-1))
    flips = wide.filter(changed).order_by([INPUT_ROW, "direction"])
    return GradeResult(flips, tuple(flips.columns), result.warnings, result.n_refused)


def write_grades(result: GradeResult, path: Path) -> None:
    """The rows in a CSV, TSV, XLSX or Parquet file by its ending; only XLSX holds all rows in Python."""
    kind = path.suffix.lower()
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == ".parquet":
        result.table.to_parquet(path)
    elif kind in {".csv", ".tsv"}:
        result.table.to_csv(path, header=True, delimiter="," if kind == ".csv" else "\t")
    else:
        write_rows(path, result.rows, result.columns)


def _prepared(file: LabFile, accept_implausible: bool) -> ir.Table:
    labs = to_canonical_units(ibis.memtable(file.read))
    labs = check_plausible(labs)
    if not accept_implausible:
        labs = labs.mutate(fault=ibis.coalesce(labs["fault"], labs.suspicion))
    if "calcium" in file.analytes:
        labs = correct_calcium(labs if "date" in labs.columns else labs.mutate(date=ibis.null("string")))
    if "baseline_record" in labs.columns:
        return labs.mutate(is_baseline=labs.baseline_record)
    return mark_baselines(labs) if {"baseline_value", "date"} <= set(labs.columns) else labs


def _suspicions(prepared: ir.Table, name: str) -> list[str]:
    doubted = prepared.filter(prepared.suspicion.notnull() & prepared["fault"].isnull())
    rows = doubted.select(INPUT_ROW, "suspicion").order_by(INPUT_ROW).limit(_MOST_TOLD).to_pyarrow().to_pylist()
    return [f"{name}, row {row[INPUT_ROW]}: {row['suspicion']}; graded all the same, as asked" for row in rows]


def _beside(file: LabFile, graded: ir.Table) -> tuple[ir.Table, tuple[str, ...]]:
    """The grades beside the columns of the file; a column that has a name of ours gets `_given` behind it."""
    taken = set(ADDED) - {INPUT_ROW}
    renamed = {name: f"{name}_given" if name in taken else name for name in file.given.column_names}
    given = ibis.memtable(file.given.rename_columns(list(renamed.values())))
    own = graded.select(*ADDED, "place").rename(graded_row=INPUT_ROW)
    joined = given.inner_join(own, given[INPUT_ROW] == own.graded_row)
    joined = joined.order_by([INPUT_ROW, "criteria", "place"])
    columns = tuple(dict.fromkeys([*(name for name in given.columns if name != INPUT_ROW), *ADDED]))
    return joined.select(*columns), columns


def _typed(row: Mapping[str, Any]) -> Row:
    """The row with the plain numbers of the file as numbers."""
    typed = dict(row)
    for name in _NUMERIC:
        text = typed.get(name)
        if isinstance(text, str):
            try:
                typed[name] = float(text)
            except ValueError:
                continue
    return typed
