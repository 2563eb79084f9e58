"""PSA progression by PCWG3: a series in, a day out. Days count from the first cycle; values in ng/mL."""

from __future__ import annotations

from typing import Any

import ibis
import pyarrow as pa
import pytest
from pydantic import ValidationError
from tests.spec.psa_series import results, table

from lutrace.endpoints import find_psa_progression
from lutrace.protocol import PsaProgression

Series = tuple[tuple[int, float], ...]


def progression(series: Series, **switches: Any) -> tuple[int, str] | None:
    """Day and case of the progression of one patient whose baseline is the value of day 0."""
    rows = [
        {"patient_id": "p", "psa_date": None, "psa": psa, "psa_row": f"labs:{day}", "day": day} for day, psa in series
    ]
    schema = pa.schema(
        [
            ("patient_id", pa.string()),
            ("psa_date", pa.date32()),
            ("psa", pa.float64()),
            ("psa_row", pa.string()),
            ("day", pa.int64()),
        ]
    )
    clocked = ibis.memtable(pa.Table.from_pylist(rows, schema=schema))
    baseline = ibis.memtable(pa.table({"patient_id": ["p"], "baseline": [dict(series)[0]]}))
    found = find_psa_progression(clocked, baseline, PsaProgression.model_validate(switches)).to_pyarrow().to_pylist()
    assert len(found) <= 1
    return (found[0]["progression_day"], found[0]["case"]) if found else None


LITERAL: list[tuple[str, Series, tuple[int, str] | None]] = [
    (
        "after_a_decline_the_first_value_above_the_nadir_that_the_next_confirms_is_progression",
        ((0, 100.0), (21, 50.0), (42, 40.0), (84, 50.0), (105, 55.0)),
        (84, "decline"),
    ),
    (
        "a_rise_before_week_12_after_a_decline_is_progression_by_the_literal_text",
        ((0, 100.0), (21, 40.0), (42, 60.0), (63, 70.0)),
        (42, "decline"),
    ),
    (
        "a_rise_before_week_12_without_a_decline_is_not_progression",
        ((0, 10.0), (42, 20.0), (63, 25.0), (84, 30.0)),
        None,
    ),
    (
        "without_a_decline_the_first_value_beyond_day_84_is_progression_and_needs_no_second",
        ((0, 10.0), (42, 20.0), (85, 12.5)),
        (85, "no_decline"),
    ),
    (
        "a_flare_that_falls_below_baseline_later_is_not_progression",
        ((0, 10.0), (21, 20.0), (63, 8.0), (105, 6.0)),
        None,
    ),
    (
        "an_unconfirmed_rise_is_not_progression",
        ((0, 100.0), (42, 40.0), (84, 55.0), (105, 45.0), (126, 44.0)),
        None,
    ),
    (
        "the_last_value_is_not_progression_after_a_decline",
        ((0, 100.0), (42, 40.0), (84, 60.0)),
        None,
    ),
    (
        "25_percent_without_2_ng_ml_is_not_progression",
        ((0, 4.0), (42, 2.0), (84, 3.9), (105, 3.9)),
        None,
    ),
    (
        "2_ng_ml_without_25_percent_is_not_progression",
        ((0, 100.0), (42, 40.0), (84, 49.9), (105, 49.9)),
        None,
    ),
    (
        "exactly_25_percent_and_2_ng_ml_is_progression",
        ((0, 100.0), (42, 8.0), (84, 10.0), (105, 10.0)),
        (84, "decline"),
    ),
    (
        "a_confirming_value_of_20_days_later_is_too_early_and_the_one_after_it_counts",
        ((0, 100.0), (42, 40.0), (84, 50.0), (104, 45.0), (105, 55.0)),
        (84, "decline"),
    ),
    (
        "the_confirming_value_is_held_against_the_same_nadir",
        ((0, 100.0), (42, 40.0), (84, 50.0), (105, 49.0), (126, 50.0), (147, 51.0)),
        (126, "decline"),
    ),
    (
        "a_value_equal_to_baseline_is_no_decline",
        ((0, 10.0), (42, 10.0), (90, 15.0)),
        (90, "no_decline"),
    ),
    (
        "a_value_of_day_84_is_not_beyond_day_84",
        ((0, 10.0), (84, 15.0)),
        None,
    ),
    (
        "the_nadir_is_the_lowest_value_before_the_rise_not_after_it",
        ((0, 100.0), (42, 40.0), (63, 52.0), (84, 52.0), (105, 10.0)),
        (63, "decline"),
    ),
    ("without_a_decline_exactly_25_percent_and_2_ng_ml_is_progression", ((0, 8.0), (90, 10.0)), (90, "no_decline")),
    ("without_a_decline_25_percent_without_2_ng_ml_is_not", ((0, 4.0), (90, 5.99)), None),
    ("without_a_decline_2_ng_ml_without_25_percent_is_not", ((0, 100.0), (90, 124.9)), None),
    ("a_series_that_only_falls_never_progresses", ((0, 100.0), (42, 50.0), (84, 20.0), (126, 10.0)), None),
    ("without_a_value_after_cycle_1_there_is_no_progression", ((0, 100.0),), None),
]


@pytest.mark.parametrize(("series", "expected"), [case[1:] for case in LITERAL], ids=[case[0] for case in LITERAL])
def test_literal_pcwg3(series: Series, expected: tuple[int, str] | None) -> None:
    assert progression(series) == expected


SWITCHES: list[tuple[str, Series, dict[str, Any], tuple[int, str] | None]] = [
    (
        "without_the_gate_an_early_rise_without_a_decline_is_progression",
        ((0, 10.0), (42, 20.0), (63, 25.0)),
        {"no_decline_gate": "0 days"},
        (42, "no_decline"),
    ),
    (
        "with_the_gate_on_the_decline_case_a_rise_of_day_42_waits_for_a_later_value",
        ((0, 100.0), (21, 40.0), (42, 60.0), (63, 70.0), (90, 80.0), (111, 90.0)),
        {"decline_gate": "84 days"},
        (90, "decline"),
    ),
    (
        "no_decline_with_confirmation_asked_needs_a_second_value",
        ((0, 10.0), (90, 15.0)),
        {"confirm_no_decline": True},
        None,
    ),
    (
        "no_decline_with_confirmation_asked_is_dated_at_the_first_value",
        ((0, 10.0), (90, 15.0), (111, 16.0)),
        {"confirm_no_decline": True},
        (90, "no_decline"),
    ),
    (
        "without_confirmation_a_single_rise_is_enough",
        ((0, 100.0), (42, 40.0), (84, 60.0)),
        {"confirmation": "none"},
        (84, "decline"),
    ),
    (
        "unbroken_lets_a_later_value_confirm_when_none_in_between_falls_short",
        ((0, 100.0), (42, 40.0), (84, 50.0), (94, 52.0), (105, 55.0)),
        {"confirmation": "unbroken"},
        (84, "decline"),
    ),
    (
        "unbroken_is_broken_by_one_value_in_between",
        ((0, 100.0), (42, 40.0), (84, 50.0), (94, 41.0), (105, 55.0)),
        {"confirmation": "unbroken"},
        None,
    ),
    (
        "next_does_not_care_for_a_value_in_between_that_is_too_early_to_confirm",
        ((0, 100.0), (42, 40.0), (84, 50.0), (94, 41.0), (105, 55.0)),
        {"confirmation": "next"},
        (84, "decline"),
    ),
    (
        "strict_excludes_exactly_25_percent",
        ((0, 100.0), (42, 8.0), (84, 10.0), (105, 10.0)),
        {"strict": True},
        None,
    ),
    (
        "a_second_value_that_only_rises_confirms_though_it_misses_a_threshold",
        ((0, 100.0), (42, 4.0), (84, 6.0), (105, 6.1)),
        {"second_value": "rises", "rise_absolute": "2 ng/mL"},
        (84, "decline"),
    ),
    (
        "a_second_value_that_is_no_higher_does_not_confirm_where_it_must_rise",
        ((0, 100.0), (42, 40.0), (84, 60.0), (105, 60.0)),
        {"second_value": "rises"},
        None,
    ),
    (
        "an_unconfirmed_last_rise_is_an_event_where_the_study_says_so",
        ((0, 100.0), (42, 40.0), (84, 60.0)),
        {"unconfirmed": "event"},
        (84, "decline"),
    ),
    (
        "a_value_too_early_to_confirm_leaves_the_rise_unconfirmed",
        ((0, 100.0), (42, 40.0), (84, 60.0), (90, 30.0)),
        {"unconfirmed": "event"},
        (84, "decline"),
    ),
    (
        "a_rise_that_was_not_confirmed_by_a_later_value_is_no_event_even_then",
        ((0, 100.0), (42, 40.0), (84, 60.0), (110, 41.0)),
        {"unconfirmed": "event"},
        None,
    ),
    (
        "without_a_known_stop_an_event_at_stop_is_none",
        ((0, 100.0), (42, 40.0), (84, 60.0)),
        {"unconfirmed": "event_at_stop"},
        None,
    ),
    (
        "below_the_least_baseline_progression_is_not_judged",
        ((0, 1.9), (42, 1.0), (84, 9.0), (105, 10.0)),
        {"minimum_baseline": "2 ng/mL"},
        None,
    ),
    (
        "at_the_least_baseline_it_is",
        ((0, 2.0), (42, 1.0), (84, 9.0), (105, 10.0)),
        {"minimum_baseline": "2 ng/mL"},
        (84, "decline"),
    ),
    (
        "a_gap_of_18_days_accepts_a_second_value_after_18_days",
        ((0, 100.0), (42, 40.0), (84, 50.0), (102, 55.0)),
        {"confirmation_gap": "18 days"},
        (84, "decline"),
    ),
]


@pytest.mark.parametrize(
    ("series", "switches", "expected"), [case[1:] for case in SWITCHES], ids=[case[0] for case in SWITCHES]
)
def test_switches(series: Series, switches: dict[str, Any], expected: tuple[int, str] | None) -> None:
    assert progression(series, **switches) == expected


@pytest.mark.parametrize(("stop_day", "expected"), [(84, 84), (200, 84), (83, None), (None, None)])
def test_a_last_rise_is_an_event_where_death_or_a_new_treatment_follows(
    stop_day: int | None, expected: int | None
) -> None:
    clocked = table(results(((0, 100.0), (42, 40.0), (84, 60.0))))
    baseline = ibis.memtable(pa.table({"patient_id": ["p"], "baseline": [100.0]}))
    stops = ibis.memtable(pa.table({"patient_id": ["p"], "stop_day": pa.array([stop_day], pa.int64())}))
    rule = PsaProgression(unconfirmed="event_at_stop")
    found = find_psa_progression(clocked, baseline, rule, stops).to_pyarrow().to_pylist()
    assert [row["progression_day"] for row in found] == ([] if expected is None else [expected])


def test_criteria_that_were_not_transcribed_are_refused_with_what_is_missing() -> None:
    with pytest.raises(ValidationError, match=r"PCWG4 has no thresholds here .* Missing from .*JCO-25-02834"):
        PsaProgression(criteria="pcwg4")
