"""Grades at the boundaries in the units that laboratories write: one file through the command's corridor.

Limits are in the row's own unit. Expected grades of CTCAE 5.0 were read by hand from the standard's clauses.
"""

from __future__ import annotations

from typing import Any

import ibis
import pyarrow as pa
import pytest

from lutrace.endpoints import check_plausible
from lutrace.study import run_grades

ANAEMIA, PLATELETS, NEUTROPHILS = "Anemia", "Platelet count decreased", "Neutrophil count decreased"
CREATININE, BILIRUBIN = "Creatinine increased", "Blood bilirubin increased"
Steps = list[tuple[str, int]]
"""Values as they are written, each with its grade."""

LADDERS: list[tuple[str, str, str, str, str, Steps]] = [
    # term, analyte, unit, lln, uln, steps
    (ANAEMIA, "haemoglobin", "g/L", "130", "",
     [("130", 0), ("129", 1), ("100", 1), ("99", 2), ("80", 2), ("79", 3)]),
    (ANAEMIA, "haemoglobin", "mmol/L", "8.1", "",
     [("8.1", 0), ("8.0", 1), ("6.2", 1), ("6.1", 2), ("4.9", 2), ("4.8", 3)]),
    (PLATELETS, "platelets", "/mm3", "150000", "",
     [("150000", 0), ("75000", 1), ("74999", 2), ("50000", 2), ("49999", 3), ("25000", 3), ("24999", 4)]),
    (PLATELETS, "platelets", "Tsd/µl", "150", "", [("75", 1), ("74,9", 2), ("25", 3), ("24,9", 4)]),
    (PLATELETS, "platelets", "/nl", "150", "", [("50", 2), ("49.9", 3)]),
    (PLATELETS, "platelets", "K/uL", "150", "", [("50", 2), ("49.9", 3)]),
    (PLATELETS, "platelets", "10^3/uL", "150", "", [("50", 2), ("49.9", 3)]),
    (PLATELETS, "platelets", "G/l", "150", "", [("50", 2), ("49.9", 3)]),
    (NEUTROPHILS, "neutrophils", "/mm3", "1800", "", [("1500", 1), ("1499", 2), ("500", 3), ("499", 4)]),
    (CREATININE, "creatinine", "umol/L", "", "100",
     [("100", 0), ("101", 1), ("150", 1), ("151", 2), ("300", 2), ("301", 3), ("600", 3), ("601", 4)]),
    (BILIRUBIN, "bilirubin", "umol/L", "", "20",
     [("20", 0), ("21", 1), ("30", 1), ("31", 2), ("60", 2), ("61", 3), ("200", 3), ("201", 4)]),
]  # fmt: skip
IDS = [f"{analyte}-{unit}" for _, analyte, unit, *_ in LADDERS]
REFUSED: list[tuple[str, str, str]] = [
    ("neutrophils", "60", "%"),
    ("neutrophils", "4", "%"),
    ("lymphocytes", "30", "%"),
]
"""A share of the white cells is no count: the count is not made of it."""


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The output rows of each ladder, and of what is refused, by analyte and unit."""
    lines = [
        f'p,2023-01-01,{analyte},"{value}",{unit},{lln},{uln}'
        for _, analyte, unit, lln, uln, steps in LADDERS
        for value, _ in steps
    ]
    lines += [f"p,2023-01-01,{analyte},{value},{unit},," for analyte, value, unit in REFUSED]
    path = tmp_path_factory.mktemp("units") / "labs.csv"
    path.write_text("patient_id,date,analyte,value,unit,lln,uln\n" + "\n".join(lines) + "\n", encoding="utf-8")
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in run_grades(path).rows:
        found.setdefault((row["analyte"], row["unit"]), []).append(row)
    return found


@pytest.mark.parametrize(("term", "analyte", "unit", "steps"), [(*one[:3], one[5]) for one in LADDERS], ids=IDS)
def test_a_value_at_a_cutoff_belongs_to_the_lower_grade_in_every_unit(
    graded: dict[tuple[str, str], list[dict[str, Any]]], term: str, analyte: str, unit: str, steps: Steps
) -> None:
    rows = [row for row in graded[analyte, unit] if row["term"] == term]

    assert [row["grade"] for row in rows] == [grade for _, grade in steps]


@pytest.mark.parametrize(("analyte", "unit"), sorted({(analyte, unit) for analyte, _, unit in REFUSED}))
def test_a_share_of_the_white_cells_is_not_graded(
    graded: dict[tuple[str, str], list[dict[str, Any]]], analyte: str, unit: str
) -> None:
    for row in graded[analyte, unit]:
        assert row["grade"] is None
        assert "unknown unit '%'" in row["reason"]


def test_a_value_without_limits_is_doubted_by_its_own_bounds() -> None:
    given = pa.table({"analyte": ["haemoglobin"] * 2, "value": [118.0, 11.8], "factor": [1.0, 1.0]})
    rows = check_plausible(ibis.memtable(given)).order_by("value").to_pyarrow().to_pylist()

    assert rows[0]["suspicion"] is None
    assert "it would be plausible in g/l" in rows[1]["suspicion"]
