"""From a table of laboratory results on disk to the CTCAE grade of every row, a portion of the rows at a time."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lutrace.core import Row, UnusableInputError, write_rows
from lutrace.endpoints import (
    check_plausible,
    correct_calcium,
    find_albumin_days,
    find_baseline_series,
    grade_labs,
    mark_baselines,
    to_canonical_units,
)
from lutrace.study.lab_store import LabStore, Scratch
from lutrace.study.text_columns import INPUT_ROW
from lutrace.terms import CTCAE_VERSIONS, ctcae_version

DEFAULT_CRITERIA = "ctcae-5.0"
CORRECTED = ("corrected_value", "albumin_g_dl")
"""Of total calcium: the value that was graded, in the row's own unit, and the albumin that corrected it."""
ADDED = ("term", "direction", "grade", "rule", "reason", "other_grade", "note", *CORRECTED, "criteria", INPUT_ROW)
"""What the output adds to the columns of the file."""
_ORDER = (INPUT_ROW, "criteria", "place")
_MOST_TOLD = 200
_DECIMALS = 6
_NUMERIC = ("value", "lln", "uln", "baseline_value")


@dataclass(frozen=True)
class GradeResult:
    """Grades of a file: `file` holds the rows as Parquet; `warnings` name rows by their number; `n_refused` counts bad
    rows.
    """

    file: Path
    warnings: tuple[str, ...]
    n_refused: int
    scratch: Scratch = field(repr=False)

    @cached_property
    def table(self) -> ir.Table:
        """All rows as an expression; plain numbers of the file are text."""
        return ibis.read_parquet(self.file)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of all columns."""
        return tuple(pq.read_schema(self.file).names)

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return int(pq.read_metadata(self.file).num_rows)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """All rows; plain numbers of the file as numbers."""
        return tuple(_typed(row) for row in pq.read_table(self.file).to_pylist())

    def count_grades(self) -> list[Row]:
        """How many rows have each grade, by version and term (`none` = cannot be graded)."""
        table = self.table
        by = table.group_by(["criteria", "term", "direction"])
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

    Rows are read, graded and kept in a temporary file by portions, so that the table need not fit into memory.
    Raises UnusableInputError for an unknown version, or a file that cannot be read.
    """
    for name in criteria:
        ctcae_version(name)
    scratch = Scratch()
    store = LabStore(path, scratch)
    whole = _Whole(store, accept_implausible)
    told = _Told(path.name, accept_implausible)
    file = scratch.folder / "grades.parquet"
    writer: pq.ParquetWriter | None = None
    for given, read in store.portions():
        with whole.prepare(read).cache() as prepared:
            told.add(prepared)
            graded = grade_labs(prepared, tuple(dict.fromkeys(criteria)), with_symptoms=with_symptoms)
            rows = _beside(given, graded.select(*ADDED, "place").order_by(list(_ORDER)).to_pyarrow())
        writer = writer or pq.ParquetWriter(file, rows.schema)
        writer.write_table(rows)
    assert writer is not None  # a file without rows is one portion
    writer.close()
    return GradeResult(file, told.warnings(), told.n_bad, scratch)


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
        sides[f"{key}_term"] = graded.term.max(where=here)
        sides[f"{key}_rule"] = graded.rule.max(where=here)
        sides[f"{key}_reason"] = graded.reason.max(where=here)
    keys = [INPUT_ROW, "direction", *[name for name in result.columns if name not in ADDED], *CORRECTED]
    wide = graded.group_by(keys).aggregate(**sides)
    first, *others = [name.replace("-", "_").replace(".", "_") for name in names]
    changed = ibis.literal(False)
    for other in others:
        changed = changed | ~wide[first].fill_null(-1).identical_to(wide[other].fill_null(-1))
    flips = wide.filter(changed).order_by([INPUT_ROW, "direction"])
    file = result.scratch.folder / "flips.parquet"
    flips.to_parquet(file)
    return GradeResult(file, result.warnings, result.n_refused, result.scratch)


def write_grades(result: GradeResult, path: Path) -> None:
    """The rows in a CSV, TSV, XLSX or Parquet file by its ending; only XLSX holds all rows in Python."""
    kind = path.suffix.lower()
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == ".parquet":
        shutil.copyfile(result.file, path)
    elif kind in {".csv", ".tsv"}:
        whole = result.scratch.folder / f"written{kind}"
        result.table.to_csv(whole, header=True, delimiter="," if kind == ".csv" else "\t")
        shutil.copyfile(whole, path)
    else:
        write_rows(path, result.rows, result.columns)


class _Whole:
    """What a portion cannot know alone: the albumins of each day, and the rows that each baseline was taken from."""

    def __init__(self, store: LabStore, accept_implausible: bool) -> None:
        self._accepts = accept_implausible
        self._days: ir.Table | None = None
        self._series: ir.Table | None = None
        rows = self._plausible(ibis.read_parquet(store.read))
        if "calcium" in store.analytes:
            self._days = find_albumin_days(rows).cache()
            rows = correct_calcium(rows, self._days)
        if "baseline_value" in rows.columns and "baseline_record" not in rows.columns:
            self._series = find_baseline_series(rows).cache()

    def prepare(self, labs: ir.Table) -> ir.Table:
        """The rows of a portion, ready to be graded."""
        rows = self._plausible(labs)
        if self._days is None:
            rows = rows.mutate(albumin_g_dl=ibis.null("float64"))
        else:
            rows = correct_calcium(rows, self._days)
        was = rows.albumin_g_dl.notnull() & rows["fault"].isnull()
        rows = rows.mutate(corrected_value=ibis.cases((was, (rows.value / rows.factor).round(_DECIMALS))))
        if "baseline_record" in rows.columns:
            return rows.mutate(is_baseline=rows.baseline_record)
        return rows if self._series is None else mark_baselines(rows, self._series)

    def _plausible(self, labs: ir.Table) -> ir.Table:
        labs = check_plausible(to_canonical_units(labs))
        return labs if self._accepts else labs.mutate(fault=ibis.coalesce(labs["fault"], labs.suspicion))


class _Told:
    """What is said of refused and doubted rows, the first of each in words; `n_bad` counts the refused."""

    def __init__(self, name: str, accept_implausible: bool) -> None:
        self._name, self._accepts = name, accept_implausible
        self._bad: list[Row] = []
        self._doubted: list[Row] = []
        self.n_bad = 0

    def add(self, prepared: ir.Table) -> None:
        """Take in the rows of a portion."""
        bad = prepared.filter(prepared["fault"].notnull())
        self.n_bad += int(bad.count().to_pyarrow().as_py())
        self._bad += _first(bad, "fault", _MOST_TOLD - len(self._bad))
        if self._accepts:
            doubted = prepared.filter(prepared.suspicion.notnull() & prepared["fault"].isnull())
            self._doubted += _first(doubted, "suspicion", _MOST_TOLD - len(self._doubted))

    def warnings(self) -> tuple[str, ...]:
        """A sentence each, with the number of the row."""
        said = [f"{self._at(row)}: {row['fault']}; the row is not graded" for row in self._bad]
        if self.n_bad > len(self._bad):
            said.append(f"{self._name}: and {self.n_bad - len(self._bad)} more rows are not graded")
        said += [f"{self._at(row)}: {row['suspicion']}; graded all the same, as asked" for row in self._doubted]
        return tuple(said)

    def _at(self, row: Row) -> str:
        return f"{self._name}, row {row[INPUT_ROW]}"


def _first(rows: ir.Table, why: str, most: int) -> list[Row]:
    told: list[Row] = rows.select(INPUT_ROW, why).order_by(INPUT_ROW).limit(most).to_pyarrow().to_pylist()
    return told


def _beside(given: pa.Table, own: pa.Table) -> pa.Table:
    """The grades beside the columns of the file; a column that has a name of ours gets `_given` behind it."""
    numbers = given[INPUT_ROW].to_numpy()
    places = pa.array(np.searchsorted(numbers, own[INPUT_ROW].to_numpy()))
    taken = given.drop_columns(INPUT_ROW).take(places)
    names = [f"{name}_given" if name in ADDED else name for name in taken.column_names]
    return pa.table([*taken.columns, *own.select(ADDED).columns], names=[*names, *ADDED])


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
