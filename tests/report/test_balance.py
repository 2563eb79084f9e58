"""The balance of two cohorts as a table, and with small counts hidden."""

from __future__ import annotations

from typing import Any

from lutrace.core import Row
from lutrace.report import BalanceTable
from lutrace.report.balance_suppression import suppress_balances
from lutrace.report.balance_table import compose_balance
from lutrace.report.evidence import index_evidence
from lutrace.report.material import Material


def balance(term: str = "liver", **values: Any) -> Row:
    row: Row = {
        "analysis": "beside", "population": "a+b", "term": term, "unit": "yes against no", "is_share": True,
        "weights": "none", "stage": "before", "mean_first": 0.25, "mean_second": 0.5, "difference": -0.53,
        "variance_ratio": None, "n_first": 20, "n_second": 40, "missing_first": 0, "missing_second": 10,
        "unbalanced": True, "ascertainment": None, "method": "pooled",
    }  # fmt: skip
    return row | values


def texts(rows: list[Row]) -> tuple[list[str], list[list[str]], tuple[str, ...]]:
    labels = {"a": "Cohort A", "b": "Cohort B", "liver": "Liver", "age": "Age"}
    index = index_evidence((), {}, labels=labels, values_of={})
    table = compose_balance(
        BalanceTable("balance", "Balance", "beside", ("a", "b")), Material({"balances": rows}, labels, index)
    )
    header, *lines = table.texts()
    return header, lines, table.notes


def test_shares_missing_values_and_the_mark_of_a_large_difference_stand_beside_each_other() -> None:
    header, lines, _ = texts([balance()])
    assert header == ["Characteristic", "Cohort A", "Cohort A: missing", "Cohort B", "Cohort B: missing", "SMD"]
    assert lines == [["Liver, yes against no", "25.0%", "0/20 (0%)", "50.0%", "10/50 (20%)", "−0.53 !"]]


def test_the_difference_after_each_weighting_has_a_column_of_its_own() -> None:
    after = balance(weights="overlap", stage="after", difference=0.004, unbalanced=False)
    header, lines, _ = texts([balance(), after])
    assert header[-2:] == ["SMD", "SMD, overlap weights"]
    assert lines[0][-2:] == ["−0.53 !", "0.00"]


def test_a_covariate_looked_for_differently_is_marked_with_why() -> None:
    _, lines, notes = texts([balance(ascertainment="PET in one cohort only")])
    assert lines[0][0] == "Liver, yes against no †"
    assert any("Liver: PET in one cohort only" in note for note in notes)


def test_small_counts_and_shares_that_tell_them_are_hidden_in_every_row_of_the_covariate() -> None:
    rows = [
        balance(mean_first=0.1, n_first=20),  # two of 20
        balance(weights="overlap", stage="after", mean_first=0.3),
        balance(term="age", is_share=False, mean_first=70.0, mean_second=72.0, missing_first=3),
    ]
    hidden = suppress_balances(rows, 5)
    assert [row["mean_first"] for row in hidden] == [None, None, 70.0]
    assert [row["difference"] for row in hidden[:2]] == [None, None]
    assert (str(hidden[2]["n_first"]), str(hidden[2]["missing_first"])) == ("hidden", "<5")
    assert hidden[2]["n_second"] == 40
