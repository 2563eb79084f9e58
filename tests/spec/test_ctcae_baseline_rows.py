"""Which row is a patient's baseline, and which albumin corrects calcium: one file through the command's corridor.

ALT in U/L with ULN 40, calcium in mg/dL with LLN 8.5, albumin in g/dL. Grades of CTCAE 5.0 by hand: a baseline row is
graded by ULN, any other of an abnormal baseline by multiples of the baseline.
"""

from __future__ import annotations

from typing import Any

import pytest

from lutrace.study import run_grades

Rows = list[tuple[int, str, float, str]]
"""Day of January, analyte, value, named baseline."""

CASES: list[tuple[str, Rows, list[int | None]]] = [
    ("the_first_row_with_the_value_is_the_baseline", [(1, "ALT", 100, "100"), (2, "ALT", 149, "100")], [1, 0]),
    ("a_second_row_with_that_value_is_none", [(1, "ALT", 100, "100"), (2, "ALT", 100, "100")], [1, 0]),
    (
        "a_row_before_it_is_none",
        [(1, "ALT", 90, "100"), (2, "ALT", 100, "100"), (3, "ALT", 150, "100")],
        [0, 1, 1],
    ),
    ("without_a_later_row_no_row_is_the_baseline", [(1, "ALT", 100, "100")], [0]),
    ("where_two_baselines_are_named_no_row_is_one", [(1, "ALT", 100, "100"), (2, "ALT", 160, "90")], [0, 1]),
    (
        "calcium_is_corrected_by_the_albumin_of_its_day",  # 7.5 + 0.8 x (4.0 - 3.0) = 8.3
        [(1, "calcium", 7.5, ""), (1, "albumin", 3.0, "")],
        [1],
    ),
    ("an_albumin_of_another_day_corrects_nothing", [(1, "calcium", 7.5, ""), (2, "albumin", 3.0, "")], [None]),
    (
        "two_albumins_that_differ_correct_nothing",
        [(1, "calcium", 7.5, ""), (1, "albumin", 3.0, ""), (1, "albumin", 3.1, "")],
        [None],
    ),
    (
        "two_that_agree_correct",
        [(1, "calcium", 7.5, ""), (1, "albumin", 3.0, ""), (1, "albumin", 3.0, "")],
        [1],
    ),
]
UNITS = {"ALT": ("U/L", "", "40"), "calcium": ("mg/dL", "8.5", "10.5"), "albumin": ("g/dL", "3.5", "5.0")}
TERMS = ("Alanine aminotransferase increased", "Hypocalcemia")


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """The graded rows of ALT and calcium of each case, which is a patient of its name."""
    lines = []
    for name, rows, _ in CASES:
        for day, analyte, value, baseline in rows:
            unit, lln, uln = UNITS[analyte]
            lines.append(f"{name},2023-01-{day:02d},{analyte},{value},{unit},{lln},{uln},{baseline}")
    path = tmp_path_factory.mktemp("baselines") / "labs.csv"
    header = "patient_id,date,analyte,value,unit,lln,uln,baseline_value"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    found: dict[str, list[dict[str, Any]]] = {name: [] for name, _, _ in CASES}
    for row in run_grades(path).rows:
        if row["term"] in TERMS:
            found[row["patient_id"]].append(row)
    return found


@pytest.mark.parametrize(("name", "grades"), [(one[0], one[2]) for one in CASES], ids=[one[0] for one in CASES])
def test_baselines_and_corrections(
    graded: dict[str, list[dict[str, Any]]], name: str, grades: list[int | None]
) -> None:
    assert [row["grade"] for row in graded[name]] == grades
