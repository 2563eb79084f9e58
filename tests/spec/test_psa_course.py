"""PSA of one patient as tables: a series in, what holds of it out. Days count from the index day; values in ng/mL."""

from __future__ import annotations

import math
from typing import Any

import ibis
import pyarrow as pa
import pytest
from tests.spec.psa_series import clocked, course_of, rounded, told

from lutrace.endpoints import (
    SUMMARY_COLUMNS,
    baseline_of,
    classify_course,
    derive_dose_response,
    dose_windows,
    keep_baseline_assay,
)
from lutrace.protocol import PsaBaseline, PsaRules

Case = tuple[str, tuple[tuple[Any, ...], ...], dict[str, Any], dict[str, Any]]

BASELINE: list[Case] = [
    ("last_value_before_the_index", ((-20, 90), (-3, 100), (5, 80)), {}, {"baseline_ng_ml": 100, "baseline_day": -3}),
    ("a_value_of_the_index_day_is_before_the_dose", ((-3, 100), (0, 90), (5, 80)), {}, {"baseline_ng_ml": 90}),
    ("28_days_are_within_the_window", ((-28, 90), (5, 80)), {}, {"baseline_ng_ml": 90, "baseline_flagged": False}),
    ("29_days_are_flagged", ((-29, 90), (5, 80)), {}, {"baseline_ng_ml": 90, "baseline_flagged": True}),
    ("60_days_are_flagged", ((-60, 90), (5, 80)), {}, {"baseline_ng_ml": 90, "baseline_flagged": True}),
    (
        "61_days_are_too_old",
        ((-61, 90), (5, 80)),
        {},
        {
            "baseline_ng_ml": None,
            "evaluable": False,
            "progressed": None,
            "reason": "no PSA on or before the index day within 60 days",
        },
    ),
    (
        "without_a_value_after_the_index_nothing_is_evaluable",
        ((-3, 90),),
        {},
        {"evaluable": False, "reason": "no PSA after the index day", "psa50": None, "progressed": None},
    ),
    (
        "a_baseline_of_0_has_no_percentage_but_progresses_by_2_ng_ml",
        ((0, 0.0), (90, 2.0)),
        {},
        {
            "evaluable": False,
            "best_change_pct": None,
            "psa50": None,
            "progressed": True,
            "progression_day": 90,
            "reason": "baseline is 0 ng/mL: no percentage can be formed, "
            "2 ng/mL above the nadir alone decide on progression",
        },
    ),
    (
        "a_baseline_of_0_does_not_progress_by_less_than_2_ng_ml",
        ((0, 0.0), (90, 1.99)),
        {},
        {"evaluable": False, "progressed": False},
    ),
    (
        "a_baseline_of_0_is_not_judged_below_a_least_baseline",
        ((0, 0.0), (90, 50.0)),
        {"progression": {"minimum_baseline": "2 ng/mL"}},
        {
            "progressed": None,
            "reason": "baseline is 0 ng/mL: no percentage can be formed, progression is not judged",
        },
    ),
    (
        "a_value_of_0_is_no_rise_above_a_nadir_of_0_even_without_a_least_rise",
        ((0, 0.0), (90, 0.0)),
        {"progression": {"rise_absolute": "0 ng/mL"}},
        {"progressed": False},
    ),
    (
        "after_a_fall_to_0_the_absolute_rise_decides",
        ((0, 10.0), (30, 0.0), (60, 2.0), (90, 2.0)),
        {},
        {"evaluable": True, "progressed": True, "progression_day": 60, "progression_nadir_ng_ml": 0.0},
    ),
    (
        "the_mean_of_the_values_in_the_window",
        ((-40, 7), (-20, 90), (-3, 100), (5, 80)),
        {"baseline": {"method": "mean"}},
        {"baseline_ng_ml": 95, "baseline_day": -3},
    ),
    (
        "the_highest_value_in_the_window",
        ((-40, 700), (-20, 110), (-3, 100), (5, 80)),
        {"baseline": {"method": "max"}},
        {"baseline_ng_ml": 110, "baseline_day": -20},
    ),
    (
        "the_first_value_in_the_window",
        ((-40, 700), (-20, 110), (-3, 100), (5, 80)),
        {"baseline": {"method": "first"}},
        {"baseline_ng_ml": 110},
    ),
]

VALUES: list[Case] = [
    ("below_the_limit_is_the_limit", ((0, 10), (30, 0.02, "<")), {}, {"nadir_ng_ml": 0.02}),
    (
        "below_the_limit_is_half",
        ((0, 10), (30, 0.02, "<")),
        {"values": {"below_limit": "half"}},
        {"nadir_ng_ml": 0.01},
    ),
    ("below_the_limit_is_0", ((0, 10), (30, 0.02, "<")), {"values": {"below_limit": "zero"}}, {"nadir_ng_ml": 0.0}),
    ("above_the_limit_is_the_limit", ((0, 5000, ">"), (30, 40)), {}, {"baseline_ng_ml": 5000.0}),
    ("of_one_day_the_highest", ((0, 10), (0, 12), (0, 11), (9, 6)), {}, {"baseline_ng_ml": 12, "n_values": 2}),
    (
        "of_one_day_the_mean",
        ((0, 10), (0, 12), (0, 11), (9, 6)),
        {"values": {"same_day": "mean"}},
        {"baseline_ng_ml": 11},
    ),
    (
        "of_one_day_the_last",
        ((0, 10), (0, 12), (0, 11), (9, 6)),
        {"values": {"same_day": "last"}},
        {"baseline_ng_ml": 11, "baseline_row": "of_one_day_the_last:2"},
    ),
]

RESPONSE: list[Case] = [
    (
        "exactly_50_percent_is_a_response",
        ((0, 100), (30, 50)),
        {},
        {"psa50": True, "psa50_day": 30, "psa50_confirmed": False, "psa90": False, "best_change_pct": -50},
    ),
    ("49_9_percent_is_none", ((0, 100), (30, 50.1)), {}, {"psa50": False, "psa50_day": None}),
    ("exactly_30_percent_is_a_psa30", ((0, 100), (30, 70)), {}, {"psa30": True, "psa50": False}),
    ("29_9_percent_is_no_psa30", ((0, 100), (30, 70.1)), {}, {"psa30": False}),
    ("exactly_80_percent_is_a_psa80", ((0, 100), (30, 20)), {}, {"psa80": True, "psa90": False}),
    ("79_9_percent_is_no_psa80", ((0, 100), (30, 20.1)), {}, {"psa50": True, "psa80": False}),
    ("exactly_90_percent_is_a_psa90", ((0, 100), (30, 10)), {}, {"psa90": True, "psa90_day": 30}),
    ("89_9_percent_is_no_psa90", ((0, 100), (30, 10.1)), {}, {"psa80": True, "psa90": False}),
    (
        "a_psa90_is_confirmed_by_90_percent_alone",
        ((0, 100), (30, 10), (51, 10.1)),
        {},
        {"psa50_confirmed": True, "psa80_confirmed": True, "psa90_confirmed": False},
    ),
    (
        "a_second_value_21_days_later_confirms",
        ((0, 100), (30, 50), (51, 49)),
        {},
        {"psa50_confirmed": True, "psa50_day": 30},
    ),
    ("20_days_later_it_does_not", ((0, 100), (30, 50), (50, 49)), {}, {"psa50_confirmed": False}),
    (
        "unless_the_gap_is_shorter",
        ((0, 100), (30, 50), (50, 49)),
        {"response_confirmation": "18 days"},
        {"psa50_confirmed": True},
    ),
    ("a_higher_second_value_does_not_confirm", ((0, 100), (30, 50), (51, 51)), {}, {"psa50_confirmed": False}),
    (
        "a_value_between_that_is_high_does_not_undo_a_later_second_one",
        ((0, 100), (30, 50), (51, 60), (80, 50)),
        {},
        {"psa50_confirmed": True},
    ),
    (
        "a_rise_of_the_first_weeks_does_not_undo_a_response",
        ((0, 100), (20, 200), (84, 8), (120, 9)),
        {},
        {"psa90": True, "psa90_day": 84, "psa90_confirmed": True, "psa80_day": 84, "psa30_day": 84},
    ),
    (
        "who_only_rises_has_the_baseline_as_nadir_and_a_positive_best_change",
        ((0, 100), (30, 120), (60, 150)),
        {},
        {"nadir_ng_ml": 100, "nadir_day": 0, "best_change_pct": 20, "best_change_day": 30},
    ),
    ("the_nadir_is_dated_at_its_first_day", ((0, 100), (30, 40), (60, 40)), {}, {"nadir_ng_ml": 40, "nadir_day": 30}),
    (
        "week_12_is_the_value_nearest_to_day_84",
        ((0, 100), (70, 60), (82, 40), (90, 30)),
        {},
        {"week12_day": 82, "change_12wk_pct": -60, "psa50_12wk": True, "psa80_12wk": False},
    ),
    ("of_two_as_near_the_earlier", ((0, 100), (80, 60), (88, 40)), {}, {"week12_day": 80, "change_12wk_pct": -40}),
    ("day_98_is_within_week_12", ((0, 100), (98, 60)), {}, {"week12_day": 98}),
    ("day_99_is_not", ((0, 100), (99, 60)), {}, {"week12_day": None, "psa50_12wk": None, "psa50": False}),
    (
        "a_flare_rises_25_percent_by_day_84_and_falls_below_baseline",
        ((0, 100), (84, 125), (120, 99)),
        {},
        {"flare": True, "flare_day": 84},
    ),
    ("a_rise_on_day_85_is_no_flare", ((0, 100), (85, 125), (120, 99)), {}, {"flare": False}),
    ("a_rise_of_24_percent_is_no_flare", ((0, 100), (40, 124), (120, 99)), {}, {"flare": False}),
    ("back_at_baseline_is_no_flare", ((0, 100), (40, 130), (120, 100)), {}, {"flare": False, "flare_day": None}),
    ("a_fall_before_the_rise_is_no_flare", ((0, 100), (20, 90), (40, 130), (120, 140)), {}, {"flare": False}),
]


def doubling(months: float, days: tuple[int, ...], start: float = 10.0) -> tuple[tuple[int, float], ...]:
    return tuple((day, start * 2 ** (day / 30.4375 / months)) for day in days)


NOT = {"psadt_months": None, "psadt_reason": "not doubling"}
DOUBLING: list[Case] = [
    ("an_exponential_rise_doubles_at_its_own_rate", doubling(3, (0, 30, 60, 90)), {}, {"psadt_months": 3.0}),
    (
        "three_months_between_10_and_20_double_in_three_months_by_two_points",
        ((0, 10), (45, 99), (91, 20)),
        {"doubling": {"method": "two_points", "window": "all"}},
        {"psadt_months": round(91 / 30.4375, 6)},
    ),
    (
        "least_squares_of_three_values_by_hand",  # ln 1, ln 2, ln 8 at days 0, 30, 60: slope ln 8 / 60
        ((0, 1), (30, 2), (60, 8)),
        {},
        {"psadt_months": round(math.log(2) / (math.log(8) / 60) / 30.4375, 6), "psadt_n": 3},
    ),
    ("a_falling_psa_is_not_doubling", ((-9, 9), (0, 7), (30, 6), (60, 5)), {"doubling": {"window": "all"}}, NOT),
    ("a_level_psa_is_not_doubling", ((0, 7), (30, 7), (60, 7)), {"doubling": {"window": "all"}}, NOT),
    (
        "two_values_are_too_few",
        ((0, 7), (30, 9)),
        {},
        {"psadt_months": None, "psadt_reason": "fewer than 3 values above 0 in the window"},
    ),
    (
        "values_before_the_nadir_do_not_count",
        ((0, 400), (30, 100), *((day + 60, psa) for day, psa in doubling(2, (0, 20, 40)))),
        {},
        {"psadt_months": 2.0, "psadt_n": 3},
    ),
    (
        "of_a_flat_nadir_the_last_day_counts",
        ((0, 100), (20, 10), (40, 10), *((day + 60, psa) for day, psa in doubling(2, (0, 20, 40)))),
        {},
        {"psadt_months": 2.0, "psadt_n": 3},
    ),
    (
        "before_the_index_only",
        (*((day - 90, psa) for day, psa in doubling(5, (0, 30, 60, 90))), (30, 1.0), (60, 500.0)),
        {"doubling": {"window": "before_index"}},
        {"psadt_months": 5.0, "psadt_n": 4},
    ),
    (
        "from_the_baseline_on",
        ((-30, 1), (0, 10), (30, 20), (60, 40)),
        {"doubling": {"window": "since_baseline"}},
        {"psadt_months": round(30 / 30.4375, 6), "psadt_n": 3},
    ),
    (
        "before_the_index_the_12_months_count_back_from_the_last_value",
        ((-366, 99999.0), *((day - 100, psa) for day, psa in doubling(5, (0, 40, 100))), (30, 1.0)),
        {"doubling": {"window": "before_index", "convention": "psawg"}},
        {"psadt_months": 5.0, "psadt_n": 3},
    ),
    (
        "values_of_0_do_not_count",
        ((0, 0.0), *((day + 30, psa) for day, psa in doubling(2, (0, 20, 40)))),
        {},
        {"psadt_months": 2.0},
    ),
    (
        "velocity_is_the_slope_in_ng_ml_per_year",
        ((0, 1), (100, 2), (200, 3)),
        {},
        {"velocity_ng_ml_year": 3.6525},
    ),
]
PSAWG: list[Case] = [
    ("values_over_3_months_are_enough", doubling(3, (0, 30, 92)), {}, {"psadt_months": 3.0}),
    (
        "91_days_are_less_than_3_months",
        doubling(3, (0, 30, 91)),
        {},
        {"psadt_months": None, "psadt_reason": "values span less than 3 months"},
    ),
    (
        "a_value_27_days_from_the_first_is_no_third_one",
        doubling(3, (0, 27, 100)),
        {},
        {"psadt_months": None, "psadt_reason": "no three values at least 28 days apart"},
    ),
    (
        "a_value_28_days_from_the_first_is_a_third_one",
        doubling(3, (0, 28, 100)),
        {},
        {"psadt_months": 3.0},
    ),
    ("and_28_days_from_the_last", doubling(3, (0, 72, 100)), {}, {"psadt_months": 3.0}),
    ("a_value_of_0_2_counts", doubling(3, (0, 40, 100), start=0.2), {}, {"psadt_months": 3.0, "psadt_n": 3}),
    ("a_value_after_365_days_counts", doubling(3, (0, 40, 365)), {}, {"psadt_months": 3.0, "psadt_n": 3}),
    ("values_below_0_2_do_not_count", ((0, 0.19), *doubling(3, (1, 40, 100))), {}, {"psadt_months": 3.0}),
    ("values_after_12_months_do_not_count", (*doubling(3, (0, 40, 100)), (366, 99999.0)), {}, {"psadt_months": 3.0}),
]


AT_STOP = {"progression": {"unconfirmed": "event_at_stop"}}
STOPPED: list[Case] = [
    (
        "a_last_rise_is_progression_where_the_series_ends_with_a_stop",
        ((0, 100), (42, 40), (84, 60)),
        {**AT_STOP, "stop_day": 90},
        {"progressed": True, "progression_day": 84, "first_rise_day": 84},
    ),
    (
        "a_last_rise_that_no_stop_follows_is_none",
        ((0, 100), (42, 40), (84, 60)),
        AT_STOP,
        {"progressed": False, "first_rise_day": 84},
    ),
]


EVERY = (
    *BASELINE,
    *VALUES,
    *RESPONSE,
    *DOUBLING,
    *STOPPED,
    *((name, series, {"doubling": {"convention": "psawg"}}, expected) for name, series, _, expected in PSAWG),
)


@pytest.mark.parametrize("case", EVERY, ids=[case[0] for case in EVERY])
def test_course(case: Case) -> None:
    row = course_of(case[0], EVERY)
    assert list(row) == list(SUMMARY_COLUMNS)
    assert told(row, case[3]) == rounded(case[3])


FOLLOWED = ((0, 100), (42, 60), (70, 45), (84, 40), (120, 4), (150, 70))
"""Doses on days 0, 42 and 84."""


def doses(*days: int) -> Any:
    return ibis.memtable(pa.table({"patient_id": ["p"] * len(days), "dose_day": pa.array(days, pa.int64())}))


def test_a_value_of_a_dose_day_is_before_that_dose() -> None:
    placed = dose_windows(clocked(FOLLOWED), doses(0, 42, 42, 84)).order_by("day").to_pyarrow().to_pylist()
    assert [(row["day"], row["dose"]) for row in placed] == [(0, 0), (42, 1), (70, 2), (84, 2), (120, 3), (150, 3)]


def test_each_dose_has_its_own_last_and_lowest_value() -> None:
    series = clocked(FOLLOWED)
    rows = derive_dose_response(series, baseline_of(series, PsaBaseline()), doses(0, 42, 84))
    found = [
        (row["dose"], row["n_values"], row["last_ng_ml"], row["best_change_pct"], row["psa50"], row["psa90"])
        for row in rows.order_by("dose").to_pyarrow().to_pylist()
    ]
    assert found == [(1, 1, 60, -40, False, False), (2, 2, 40, -60, True, False), (3, 2, 70, -96, True, True)]


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        (FOLLOWED, ("fluctuation", 2, 3)),
        (((0, 100), (42, 60), (84, 40), (120, 4)), ("sustained_decrease", 2, 3)),
        (((0, 100), (42, 120), (84, 140), (120, 141)), ("increase", None, None)),
        (((0, 100), (42, 100), (84, 40)), ("fluctuation", 2, None)),
    ],
)
def test_the_course_is_classed_by_the_last_value_after_each_dose(series: Any, expected: Any) -> None:
    values = clocked(series)
    response = derive_dose_response(values, baseline_of(values, PsaBaseline()), doses(0, 42, 84))
    (row,) = classify_course(response).to_pyarrow().to_pylist()
    assert (row["course"], row["psa50_dose"], row["psa90_dose"]) == expected


def test_values_of_another_assay_than_that_of_the_baseline_can_be_left_out() -> None:
    series = clocked(((0, 10.0, None, "A"), (30, 1.0, None, "B"), (60, 8.0, None, "A"), (90, 7.0, None, None)))
    kept = keep_baseline_assay(series, PsaRules().baseline).order_by("day").to_pyarrow().to_pylist()
    assert [row["day"] for row in kept] == [0, 60]
