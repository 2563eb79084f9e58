"""Contradictions within tables of texts, as reports print them; every number is made up."""

from __future__ import annotations

import pytest

from lutrace.prose import find_table_faults

HEADERS = ["Characteristic", "SPECT of cycle 2, N = 66"]


def rules(cell: str, headers: list[str] | None = None) -> list[str]:
    return [fault.rule for fault in find_table_faults([headers or HEADERS, ["A line", cell]])]


@pytest.mark.parametrize(
    "cell",
    [
        "33 (50%)",
        "7 (11%)",
        "1 (1.5%)",
        "65 (>99%)",
        "0 (0%)",
        "7 (14%)",  # of the 51 with a value
        "23/51 (45%)",
        "69 (66, 72)",
        "−32.6 (−53.0, −20.8)",
        "0.89 (0.35–2.26)",
        "50% (37–63%)",
        "36.4 (33.1 to 38.3)",
        "not reached (12.1–not reached)",
        "66 (24)",
        "<5",
        "hidden",
        "–",
        "",
    ],
)
def test_a_cell_that_is_right_is_left_alone(cell: str) -> None:
    assert rules(cell) == []


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ("33 (37.9%)", "denominator"),
        ("70 (99%)", "denominator"),
        ("3 (38.1%)", "no_whole_number"),
        ("23/51 (50%)", "percentage"),
        ("52/51 (102%)", "percentage"),
        ("69 (72, 66)", "order"),
        ("80 (66, 72)", "outside"),
        ("0.89 (1.35–2.26)", "outside"),
    ],
)
def test_a_cell_that_contradicts_itself_or_its_column_is_found(cell: str, rule: str) -> None:
    assert rules(cell) == [rule]


def test_a_percentage_is_held_against_the_counts_of_its_line() -> None:
    headers = ["Term", "n", "n with", "Proportion (95% CI)"]
    right, wrong = ["PSA50", "66", "33", "50% (37–63%)"], ["PSA90", "66", "7", "18% (5–20%)"]
    (fault,) = find_table_faults([headers, right, ["A head", "", "", ""], wrong])
    assert (fault.rule, fault.sentence, fault.arithmetic) == ("percentage", 3, "7/66 = 10.6 %, written as 18%")


def test_a_table_without_lines_has_no_fault() -> None:
    assert find_table_faults([]) == ()
    assert find_table_faults([HEADERS]) == ()
