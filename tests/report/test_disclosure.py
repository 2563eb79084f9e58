from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lutrace.core import DisclosureError
from lutrace.report import Notice, apply_disclosure, release_notices, withhold_columns
from lutrace.report.suppression import find_hidden
from lutrace.report.wording import Suppressed

UNDATED: dict[str, Any] = {"date": None}


def test_a_date_column_is_refused_by_the_gate(sample: Any) -> None:
    with pytest.raises(DisclosureError, match=r"endpoint_values\.date is a calendar date, which never leaves"):
        apply_disclosure({"endpoint_values": [sample.value_row(1, "psa")]}, min_cell=None)


def test_a_date_hidden_in_a_text_is_refused(sample: Any) -> None:
    row = sample.value_row(1, "psa", category="2024-03-01", **UNDATED)
    with pytest.raises(DisclosureError, match=r"endpoint_values\.category holds a calendar date"):
        apply_disclosure({"endpoint_values": [row]}, min_cell=None)


def test_a_date_typed_into_a_number_is_refused(sample: Any) -> None:
    with pytest.raises(DisclosureError, match=r"estimates\.estimate holds a calendar date"):
        apply_disclosure({"estimates": [sample.estimate_row(estimate=dt.date(2024, 3, 1))]}, min_cell=None)


def test_a_table_or_column_that_nobody_declared_is_refused(sample: Any) -> None:
    with pytest.raises(DisclosureError, match="letters: not a declared result table"):
        apply_disclosure({"letters": []}, min_cell=None)
    with pytest.raises(DisclosureError, match=r"estimates\.surname: not a declared column"):
        apply_disclosure({"estimates": [sample.estimate_row(surname="x")]}, min_cell=None)


def test_withheld_columns_are_named_and_the_rest_passes(sample: Any) -> None:
    kept, withheld = withhold_columns({"endpoint_values": [sample.value_row(1, "psa")]})
    assert withheld == ("endpoint_values.date",)
    assert apply_disclosure(kept, min_cell=None)["endpoint_values"][0]["days"] == 0.0


def test_patients_leave_under_study_numbers_only(sample: Any) -> None:
    rows = [sample.value_row(patient, "psa", **UNDATED) for patient in (9, 2, 5)]
    left = apply_disclosure({"endpoint_values": rows}, min_cell=None)["endpoint_values"]
    assert [row["patient_id"] for row in left] == ["S003", "S001", "S002"]
    assert rows[0]["patient_id"] == "pseudonym-009"


def test_without_a_smallest_cell_all_counts_leave(sample: Any) -> None:
    rows = [sample.summary_row(1, "Alive", "count", 1.0)]
    assert apply_disclosure({"summaries": rows}, min_cell=None)["summaries"] == rows


def test_a_smallest_cell_of_one_is_refused_because_it_hides_nothing() -> None:
    with pytest.raises(DisclosureError, match="min_cell must be at least 2 or absent, got 1"):
        apply_disclosure({}, min_cell=1)


def values_of(rows: list[dict[str, Any]]) -> list[str]:
    return [str(row["value"]) for row in rows]


def test_a_small_level_takes_the_next_smallest_with_it(sample: Any) -> None:
    rows = [
        sample.summary_row(1, "ECOG", "count", 40.0, level="0"),
        sample.summary_row(2, "ECOG", "count", 23.0, level="1"),
        sample.summary_row(3, "ECOG", "count", 3.0, level="2"),
    ]
    assert values_of(apply_disclosure({"summaries": rows}, min_cell=5)["summaries"]) == ["40.0", "hidden", "<5"]


def test_a_yes_that_leaves_few_noes_is_hidden_too(sample: Any) -> None:
    rows = [sample.summary_row(1, "Alive", "count", 64.0)]
    assert values_of(apply_disclosure({"summaries": rows}, min_cell=5)["summaries"]) == ["hidden"]


def test_a_small_yes_needs_no_partner_when_its_rest_is_not_shown(sample: Any) -> None:
    rows = [sample.summary_row(1, "Bone", "count", 3.0), sample.summary_row(2, "Liver", "count", 20.0)]
    assert values_of(apply_disclosure({"summaries": rows}, min_cell=5)["summaries"]) == ["<5", "20.0"]


def test_a_zero_is_shown(sample: Any) -> None:
    rows = [sample.summary_row(1, "Brain", "count", 0.0)]
    assert values_of(apply_disclosure({"summaries": rows}, min_cell=5)["summaries"]) == ["0.0"]


def test_a_count_hidden_in_one_group_is_not_left_to_all_minus_the_other(sample: Any) -> None:
    rows = [
        sample.summary_row(1, "Bone", "count", 3.0, group="a", n=30, total=30),
        sample.summary_row(1, "Bone", "count", 20.0, group="b", n=36, total=36),
        sample.summary_row(1, "Bone", "count", 23.0, group="all"),
    ]
    left = values_of(apply_disclosure({"summaries": rows}, min_cell=5)["summaries"])
    assert left == ["<5", "hidden", "23.0"]


def test_a_confusion_matrix_keeps_no_margin_that_gives_a_small_cell_away(sample: Any) -> None:
    rows = sample.agreement_rows({("a", "a"): 30, ("a", "b"): 8, ("b", "a"): 2, ("b", "b"): 26})
    left = apply_disclosure({"agreements": rows}, min_cell=5)["agreements"]
    assert [str(row["n"]) for row in left] == ["hidden", "hidden", "<5", "hidden"]


@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(st.integers(0, 40), min_size=width, max_size=width), min_size=1, max_size=4)
    ),
    st.integers(2, 11),
)
def test_no_line_of_a_table_hides_exactly_one_of_several_cells(matrix: list[list[int]], min_cell: int) -> None:
    counts = {(i, j): n for i, line in enumerate(matrix) for j, n in enumerate(line)}
    hidden = find_hidden(counts, min_cell)
    lines: dict[tuple[str, Any], list[bool]] = defaultdict(list)
    for cell, n in counts.items():
        assert cell in hidden or n == 0 or n >= min_cell
        lines["row", cell[0]].append(cell in hidden)
        lines["column", cell[1]].append(cell in hidden)
    assert all(sum(line) != 1 or len(line) == 1 for line in lines.values())


def step(number: int, n: int, excluded: int, reason: str | None) -> dict[str, Any]:
    return {
        "population": "c2",
        "step": number,
        "rule": f"rule {number}",
        "n": n,
        "excluded": excluded,
        "reason": reason,
    }


def test_a_step_that_left_out_few_is_joined_with_the_next() -> None:
    rows = [step(0, 80, 0, None), step(1, 77, 3, "first"), step(2, 60, 17, "second")]
    left = apply_disclosure({"attrition": rows}, min_cell=5)["attrition"]
    assert [(row["rule"], row["n"], row["excluded"], row["reason"]) for row in left] == [
        ("rule 0", 80, 0, None),
        ("rule 1; rule 2", 60, 20, "first; second"),
    ]


def test_a_last_step_that_left_out_few_is_joined_with_the_one_before() -> None:
    rows = [step(0, 80, 0, None), step(1, 70, 10, "first"), step(2, 68, 2, "second")]
    left = apply_disclosure({"attrition": rows}, min_cell=5)["attrition"]
    assert [(row["n"], row["excluded"]) for row in left] == [(80, 0), (68, 12)]


def test_an_only_step_that_left_out_few_disappears_into_the_start() -> None:
    rows = [step(0, 80, 0, None), step(1, 78, 2, "first")]
    left = apply_disclosure({"attrition": rows}, min_cell=5)["attrition"]
    assert [(row["n"], row["excluded"], row["reason"]) for row in left] == [(78, 0, None)]


@pytest.mark.parametrize(
    ("values", "events", "estimate"),
    [
        ({"n": 66, "events": 3}, "<5", "1.42"),
        ({"n": 66, "events": 64}, "hidden", "1.42"),
        ({"n": 66, "events": 24}, "24", "1.42"),
        ({"n": 4, "events": 4}, "<5", "hidden"),
        ({"n": 66, "events": None, "measure": "count", "estimate": 65.0}, "None", "hidden"),
        ({"n": 66, "events": None, "measure": "proportion", "estimate": 2 / 66}, "None", "hidden"),
        ({"n": 66, "events": None, "measure": "proportion", "estimate": 50.0, "unit": "%"}, "None", "50.0"),
    ],
)
def test_estimates_that_are_counts_of_few_are_hidden(
    sample: Any, values: dict[str, Any], events: str, estimate: str
) -> None:
    [row] = apply_disclosure({"estimates": [sample.estimate_row(**values)]}, min_cell=5)["estimates"]
    assert (str(row["events"]), str(row["estimate"])) == (events, estimate)
    assert estimate != "hidden" or row["low"] is None


def curve_step(at_risk: int, events: int, censored: int, group: str = "all") -> dict[str, Any]:
    place = {"analysis": "km", "population": "C2", "endpoint": "os", "group": group}
    return {**place, "at_risk": at_risk, "events": events, "censored": censored, "time_days": 100.0 - at_risk}


def test_a_curve_ends_where_few_are_at_risk() -> None:
    rows = [curve_step(20, 5, 0), curve_step(15, 6, 0), curve_step(9, 5, 0), curve_step(4, 4, 0)]
    assert [row["at_risk"] for row in apply_disclosure({"curves": rows}, min_cell=5)["curves"]] == [20, 15, 9]


def test_a_step_of_one_patient_is_joined_with_the_next_until_enough_have_left() -> None:
    rows = [curve_step(20 - n, n % 2, 1 - n % 2) for n in range(7)]
    [row] = apply_disclosure({"curves": [*rows, curve_step(30, 1, 0, "other")]}, min_cell=5)["curves"]
    assert (row["at_risk"], row["events"], row["censored"]) == (16, 2, 3)


def test_checks_of_a_model_tell_no_small_count(sample: Any) -> None:
    checks = {"events_in_rarer_group": 3, "n_missing": 0, "largest_dfbetas": 0.9, "warnings": ["x: 3 events in all"]}
    row = sample.estimate_row(checks=json.dumps(checks))
    [left] = apply_disclosure({"estimates": [row]}, min_cell=5)["estimates"]
    assert json.loads(left["checks"]) == {
        "events_in_rarer_group": "<5",
        "n_missing": 0,
        "warnings": ["x: fewer than 5 events in all"],
    }


def test_a_median_of_few_is_hidden_with_its_quartiles(sample: Any) -> None:
    row = sample.summary_row(1, "Age", "median_iqr", 70.0, low=60.0, high=80.0, n=3)
    [left] = apply_disclosure({"summaries": [row]}, min_cell=5)["summaries"]
    assert (left["value"], left["low"], left["n"]) == (Suppressed(), None, Suppressed())


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("3 of 66 patients have no PSA", "fewer than 5 of 66 patients have no PSA"),
        ("64 of 66 are left", "more than 61 of 66 are left"),
        ("50/66 (76 %)", "50/66 (76 %)"),
        ("3/66 (4.5 %)", "fewer than 5 of 66"),
        ("0 of 66 patients", "0 of 66 patients"),
        ("at cycle 2 of 6.5 months", "at cycle 2 of 6.5 months"),
        ("3 events in its rarer group, below 5", "fewer than 5 events in its rarer group, below 5"),
        ("4.0 events per term, below 10", "fewer than 5 events per term, below 10"),
        ("8.5 events per term, below 10", "8.5 events per term, below 10"),
        ("new lesions of 4 patients", "new lesions of fewer than 5 patients"),
    ],
)
def test_small_shares_in_sentences_become_words(text: str, left: str) -> None:
    assert release_notices([Notice("x", text)], min_cell=5)[0].text == left
    assert release_notices([Notice("x", text)], min_cell=None)[0].text == text


def test_a_hidden_count_can_be_written_as_json() -> None:
    assert json.dumps([Suppressed(5), Suppressed()]) == '["<5", "hidden"]'


def test_an_undeclared_table_is_not_withheld_but_refused() -> None:
    with pytest.raises(DisclosureError, match="letters: not a declared result table"):
        withhold_columns({"letters": []})


def test_a_patient_without_a_study_number_is_refused(sample: Any) -> None:
    with pytest.raises(DisclosureError, match="without a study number"):
        apply_disclosure({"endpoint_values": [sample.value_row(1, "psa", **UNDATED)]}, min_cell=None, study_numbers={})


def test_a_lone_small_step_of_a_population_is_hidden() -> None:
    [row] = apply_disclosure({"attrition": [step(1, 70, 2, "why")]}, min_cell=5)["attrition"]
    assert row["excluded"] == "<5"


def test_parts_of_a_group_that_is_itself_too_small_are_not_told() -> None:
    from lutrace.report.suppression import blur_counts

    assert blur_counts("reviewed 2 of 2 patients", 5) == "reviewed some of fewer than 5 patients"
