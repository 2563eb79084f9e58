"""A table is graded by portions; where it is cut changes no row."""

from __future__ import annotations

import functools
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lutrace.study import GradeResult, lab_file, run_grades
from lutrace.study.text_columns import read_text_portions

HEADER = "patient_id date analyte value unit lln uln baseline_value"
ROWS = """
a 2023-01-01 ALT 100 U/L 5 40 100
a 2023-01-02 calcium 8.0 mg/dL 8.6 10.3 -
b 2023-01-01 haemoglobin 0.99 g/dL 13 17 -
a 2023-02-01 ALT 120 U/L 5 40 100
a 2023-03-01 ALT 150 U/L 5 40 100
b 2023-01-02 calcium 8.0 mg/dL 8.6 10.3 -
b 2023-02-01 platelets <10 Tsd/µl 150 400 -
a 2023-01-02 albumin 3.0 g/dL 3.5 5.2 -
"""


@pytest.fixture
def labs(tmp_path: Path) -> Path:
    cells = [[None if cell == "-" else cell for cell in line.split()] for line in ROWS.strip().splitlines()]
    columns = dict(zip(HEADER.split(), zip(*cells, strict=True), strict=True))
    pq.write_table(pa.table({name: pa.array(column, pa.string()) for name, column in columns.items()}),
                   tmp_path / "labs.parquet")  # fmt: skip
    return tmp_path / "labs.parquet"


def graded(path: Path, n_rows: int, monkeypatch: pytest.MonkeyPatch) -> GradeResult:
    monkeypatch.setattr(lab_file, "read_text_portions", functools.partial(read_text_portions, n_rows=n_rows))
    return run_grades(path)


def test_rows_are_the_same_wherever_the_table_is_cut(labs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = graded(labs, 100, monkeypatch)

    for n_rows in (1, 3):
        cut = graded(labs, n_rows, monkeypatch)
        assert cut.rows == whole.rows
        assert (cut.warnings, cut.n_refused) == (whole.warnings, whole.n_refused)
    assert [portion.num_rows for portion in read_text_portions(labs, 3)] == [3, 3, 2]


def test_a_portion_knows_the_albumin_and_the_baseline_of_others(labs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = graded(labs, 1, monkeypatch).rows

    found = {(row["input_row"], row["direction"]): (row["grade"], row["note"], row["reason"]) for row in rows}
    assert found[2, "high"] == (1, "baseline row: graded by the limit of normal alone", None)
    assert found[5, "high"] == (0, "baseline abnormal: graded against the baseline", None)
    assert found[3, "low"][0] == 0, "8.0 mg/dL is 8.8 when corrected for an albumin of 3.0 g/dL"
    assert found[7, "low"] == (None, None, "total calcium: no albumin of that day to correct it with")


def test_the_folder_of_the_rows_under_way_goes_with_the_result(labs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = graded(labs, 3, monkeypatch)
    folder = result.file.parent

    assert folder.is_dir()
    del result
    assert not folder.exists()
