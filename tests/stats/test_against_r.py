"""Every number of this room against R survival's, stored in validation/stats (which see for script and versions)."""

import runpy
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "validation" / "stats"
CASES = runpy.run_path(str(FOLDER / "r_cases.py"))
REFERENCE = CASES["read_reference"](FOLDER / "reference.csv")
FOUND = CASES["compute_own"](FOLDER / "inputs")


@pytest.mark.parametrize("case", sorted({case for case, _ in FOUND}))
def test_all_numbers_of_a_case_equal_r(case):
    ours = {key: values for key, values in FOUND.items() if key[0] == case}
    for name, quantity, difference in CASES["compare"](ours, REFERENCE):
        assert difference <= CASES["tolerance_of"](name), (quantity, difference)


def test_no_number_of_r_is_left_out():
    assert {key for key in REFERENCE if key[0] != "version"} == set(FOUND)
