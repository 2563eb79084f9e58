"""Time to worsening: scores by day in, day and category out. Days count from the first cycle."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from tests.conftest import HandFacts, day
from tests.spec.questionnaire_patient import Scores, basis_of, bpi_rows, cycle_rows, fact_rows, protocol_of

from lutrace.core import ProtocolError, Row
from lutrace.endpoints import derive_values, derive_worsening_rows, derive_worsenings, worsening_variants
from lutrace.protocol import TimeToWorsening
from lutrace.tables import QUESTIONNAIRES

Found = tuple[float | None, str]
PAIN = "instrument: bpi-sf, scale: severity"
FACT = "instrument: fact-p, scale: fact_p"


class Judged:
    """The rows of one outcome for many patients, one per case: each distinct rule is run once on all of them."""

    def __init__(self) -> None:
        self.tables: dict[str, list[Row]] = {"questionnaires": [], "follow_up": [], "disease_events": []}
        self.patients: list[str] = []
        self._facts: HandFacts | None = None
        self._rows: dict[tuple[str, int | None], dict[tuple[str, str], Row]] = {}

    def add(
        self,
        name: str,
        scores: Scores,
        outcome: str = PAIN,
        *,
        dead: int | None = None,
        alive: int | None = None,
        recorded: tuple[str, int] | None = None,
    ) -> None:
        self.patients.append(name)
        self.tables["questionnaires"] += (fact_rows if outcome == FACT else bpi_rows)(scores, day, name)
        for status, when in (("dead", dead), ("alive", alive)):
            if when is not None:
                self.tables["follow_up"].append(_status(status, day(when), name))
        if recorded is not None:
            event = {"patient_id": name, "kind": recorded[0], "date": day(recorded[1]), "date_precision": "day"}
            self.tables["disease_events"].append({**event, "record_key": "k", "row_id": f"disease_events:{name}"})

    def row(
        self, name: str, outcome: str = PAIN, switches: str = "", *, population: str = "C1", data_cut: int | None = None
    ) -> Row:
        rule = f"{outcome}, {switches}" if switches else outcome
        if (rule, data_cut) not in self._rows:
            cycles = [row for one in self.patients for row in cycle_rows(one, day)]
            self._facts = self._facts or HandFacts({**self.tables, "cycles": cycles})
            basis = basis_of(protocol_of(rule), lambda **_: self._facts, day, patients=self.patients, data_cut=data_cut)
            rows = derive_values(basis, "ttw")
            self._rows[rule, data_cut] = {(row["patient_id"], row["population"]): row for row in rows}
        return self._rows[rule, data_cut][name, population]


@pytest.fixture(scope="module")
def judged() -> Judged:
    """All patients of the tables below, each under the name of its case."""
    patients = Judged()
    for name, outcome, scores, _ in DEFAULTS:
        patients.add(name, scores, outcome)
    for name, _, scores, _ in SWITCHES:
        patients.add(name, scores)
    for name, scores, _, more, _ in OTHERS:
        given = {key: value for key, value in more.items() if key in ("dead", "alive", "recorded")}
        patients.add(name, scores, **given)
    return patients


def _status(status: str, date: dt.date, patient: str = "p") -> Row:
    row_id = f"follow_up:{patient}:{status}"
    return {"patient_id": patient, "status": status, "date": date, "date_precision": "day", "row_id": row_id}


def found(row: Row) -> Found:
    return row["days"], row["category"] if row["reason"] is None else row["reason"]


DEFAULTS: list[tuple[str, str, Scores, Found]] = [
    ("a_fall_of_11_points_of_fact_p_is_worsening", FACT, ((0, 106), (42, 100), (84, 95)), (84, "worsening")),
    ("a_fall_of_exactly_10_points_is_not_more_than_10", FACT, ((0, 106), (42, 96)), (42, "censored")),
    ("a_rise_of_fact_p_is_never_worsening", FACT, ((0, 60), (42, 90)), (42, "censored")),
    (
        "a_fact_p_baseline_of_10_cannot_fall_by_more_than_10",
        FACT,
        ((0, 10), (42, 0)),
        (None, "baseline too near the worst score to worsen"),
    ),
    ("a_fact_p_baseline_of_11_can", FACT, ((0, 11), (42, 0)), (42, "worsening")),
    ("30_percent_of_a_pain_of_3_is_enough_without_2_points", PAIN, ((0, 3.0), (42, 4.0)), (42, "worsening")),
    ("exactly_30_percent_is_worsening", PAIN, ((0, 2.5), (42, 3.25)), (42, "worsening")),
    ("less_than_30_percent_and_less_than_2_points_is_not", PAIN, ((0, 4.0), (42, 5.0)), (42, "censored")),
    ("2_points_count_where_30_percent_would_be_more", PAIN, ((0, 7.0), (42, 9.0)), (42, "worsening")),
    ("from_a_pain_of_0_only_2_points_count", PAIN, ((0, 0.0), (42, 1.75), (84, 2.0)), (84, "worsening")),
    ("a_pain_of_8_can_worsen_by_2_points", PAIN, ((0, 8.0), (42, 10.0)), (42, "worsening")),
    (
        "a_pain_above_8_cannot_worsen_by_2_points_or_30_percent",
        PAIN,
        ((0, 8.25), (42, 10.0)),
        (None, "baseline too near the worst score to worsen"),
    ),
    ("the_first_worse_score_counts_though_it_recovers", PAIN, ((0, 2.0), (42, 4.0), (84, 2.0)), (42, "worsening")),
    (
        "the_last_score_on_or_before_cycle_1_is_the_baseline",
        PAIN,
        ((-20, 6.0), (-1, 2.0), (42, 4.0)),
        (42, "worsening"),
    ),
    ("a_score_29_days_before_cycle_1_is_no_baseline", PAIN, ((-29, 2.0), (42, 4.0)), (None, "no baseline score")),
    ("a_score_28_days_before_cycle_1_is_one", PAIN, ((-28, 2.0), (42, 4.0)), (42, "worsening")),
    ("a_score_of_the_day_of_cycle_1_is_the_baseline", PAIN, ((-3, 8.0), (0, 2.0), (42, 4.0)), (42, "worsening")),
    ("without_worsening_follow_up_ends_at_the_last_answer", PAIN, ((0, 4.0), (42, 4.0), (84, 4.0)), (84, "censored")),
    ("without_an_answer_after_cycle_1_follow_up_has_no_length", PAIN, ((0, 4.0),), (0, "censored")),
]


@pytest.mark.parametrize(
    ("name", "outcome", "expected"),
    [(case[0], case[1], case[3]) for case in DEFAULTS],
    ids=[case[0] for case in DEFAULTS],
)
def test_defaults(judged: Judged, name: str, outcome: str, expected: Found) -> None:
    assert found(judged.row(name, outcome)) == expected


ONE: Scores = ((0, 2.0), (42, 4.0), (84, 2.0), (126, 4.0), (168, 5.0))
SWITCHES: list[tuple[str, str, Scores, Found]] = [
    (
        "strict_leaves_out_exactly_2_points",
        "change: {points: 2, strict: true}",
        ((0, 2.0), (42, 4.0), (84, 4.25)),
        (84, "worsening"),
    ),
    ("points_alone_do_not_look_at_percent", "change: {points: 2}", ((0, 2.0), (42, 3.75)), (42, "censored")),
    ("percent_alone_does_not_look_at_points", "change: {percent: 30 %}", ((0, 7.0), (42, 9.0)), (42, "censored")),
    (
        "a_percentage_of_0_is_not_formed",
        "change: {percent: 30 %}",
        ((0, 0.0), (42, 9.0)),
        (None, "no percentage of so small a baseline"),
    ),
    (
        "nor_of_a_baseline_at_the_limit_that_is_set",
        "change: {percent: 30 %, percent_above: 1}",
        ((0, 1.0), (42, 9.0)),
        (None, "no percentage of so small a baseline"),
    ),
    (
        "either_then_looks_at_points_only",
        "change: {points: 2, percent: 30 %, percent_above: 1}",
        ((0, 1.0), (42, 2.0), (84, 3.0)),
        (84, "worsening"),
    ),
    (
        "both_asks_for_the_larger",
        "change: {points: 2, percent: 30 %, need: both}",
        ((0, 3.0), (42, 4.0), (84, 5.0)),
        (84, "worsening"),
    ),
    (
        "both_cannot_do_without_a_percentage",
        "change: {points: 2, percent: 30 %, need: both}",
        ((0, 0.0), (42, 5.0)),
        (None, "no percentage of so small a baseline"),
    ),
    ("confirmed_dates_the_first_of_two_in_a_row", "confirmation: next", ONE, (126, "worsening")),
    ("a_last_score_confirms_nothing", "confirmation: next", ((0, 2.0), (42, 2.0), (84, 4.0)), (84, "censored")),
    (
        "unless_it_is_said_to_count",
        "confirmation: next, alone_at_end: counts",
        ((0, 2.0), (42, 2.0), (84, 4.0)),
        (84, "worsening"),
    ),
    (
        "definitive_waits_for_the_last_recovery",
        "confirmation: definitive",
        ((0, 2.0), (42, 4.0), (84, 4.0), (126, 2.0), (168, 4.0), (210, 4.0)),
        (168, "worsening"),
    ),
    (
        "definitive_is_undone_by_a_later_recovery",
        "confirmation: definitive",
        ((0, 2.0), (42, 4.0), (84, 4.0), (126, 2.0)),
        (126, "censored"),
    ),
    (
        "definitive_with_a_single_last_score_does_not_count",
        "confirmation: definitive",
        ((0, 2.0), (42, 2.0), (84, 4.0)),
        (84, "censored"),
    ),
    (
        "unless_that_is_said_to_count_too",
        "confirmation: definitive, alone_at_end: counts",
        ((0, 2.0), (42, 2.0), (84, 4.0)),
        (84, "worsening"),
    ),
    (
        "an_answer_after_too_long_a_pause_is_not_used",
        "longest_gap: 126 days",
        ((0, 2.0), (42, 2.0), (169, 9.0)),
        (42, "censored"),
    ),
    (
        "a_pause_of_just_that_long_is_allowed",
        "longest_gap: 126 days",
        ((0, 2.0), (42, 2.0), (168, 9.0)),
        (168, "worsening"),
    ),
    ("the_first_pause_counts_from_cycle_1", "longest_gap: 60 days", ((-5, 2.0), (61, 9.0)), (0, "censored")),
    (
        "after_a_pause_nothing_comes_back",
        "longest_gap: 60 days",
        ((0, 2.0), (30, 2.0), (100, 2.0), (130, 9.0)),
        (30, "censored"),
    ),
    ("a_longer_window_takes_an_older_baseline", "baseline_window: 60 days", ((-50, 2.0), (42, 4.0)), (42, "worsening")),
]


@pytest.mark.parametrize(
    ("name", "switches", "expected"),
    [(case[0], case[1], case[3]) for case in SWITCHES],
    ids=[case[0] for case in SWITCHES],
)
def test_switches(judged: Judged, name: str, switches: str, expected: Found) -> None:
    assert found(judged.row(name, PAIN, switches)) == expected


STABLE: Scores = ((0, 2.0), (42, 2.0))
OTHERS: list[tuple[str, Scores, str, dict[str, Any], tuple[float, str, bool]]] = [
    ("death_competes_and_is_no_event", STABLE, "", {"dead": 100}, (100, "death", False)),
    ("death_is_an_event_of_the_composite", STABLE, "death: event", {"dead": 100}, (100, "death", True)),
    ("death_85_days_after_the_last_answer_is_not_seen", STABLE, "death: event", {"dead": 127}, (42, "censored", False)),
    ("death_84_days_after_it_is", STABLE, "death: event", {"dead": 126}, (126, "death", True)),
    (
        "without_a_limit_any_death_counts",
        STABLE,
        "death: event, counts_within: null",
        {"dead": 900},
        (900, "death", True),
    ),
    (
        "worsening_before_death_stays_worsening",
        ((0, 2.0), (42, 5.0)),
        "death: event",
        {"dead": 60},
        (42, "worsening", True),
    ),
    ("the_living_are_censored_at_their_last_answer", STABLE, "death: event", {"alive": 300}, (42, "censored", False)),
    (
        "progression_is_an_event_when_asked_for",
        STABLE,
        "recorded: [clinical_progression]",
        {"recorded": ("clinical_progression", 60)},
        (60, "progression", True),
    ),
    ("and_none_when_not", STABLE, "", {"recorded": ("clinical_progression", 60)}, (42, "censored", False)),
    (
        "another_kind_is_not_asked_for",
        STABLE,
        "recorded: [clinical_progression]",
        {"recorded": ("fracture", 60)},
        (42, "censored", False),
    ),
    (
        "progression_before_worsening_comes_first",
        ((0, 2.0), (42, 5.0)),
        "recorded: [radiological_progression]",
        {"recorded": ("radiological_progression", 30)},
        (30, "progression", True),
    ),
    (
        "on_one_day_worsening_comes_before_progression",
        ((0, 2.0), (42, 5.0)),
        "recorded: [radiological_progression]",
        {"recorded": ("radiological_progression", 42)},
        (42, "worsening", True),
    ),
    (
        "progression_before_death_comes_first",
        STABLE,
        "death: event, recorded: [radiological_progression]",
        {"recorded": ("radiological_progression", 50), "dead": 60},
        (50, "progression", True),
    ),
    (
        "what_is_later_than_the_data_cut_is_not_known",
        ((0, 2.0), (42, 2.0), (84, 9.0)),
        "death: event",
        {"dead": 90, "data_cut": 50},
        (42, "censored", False),
    ),
    (
        "from_a_later_landmark_days_count_from_there",
        ((0, 2.0), (42, 2.0), (84, 5.0)),
        "",
        {"population": "C2"},
        (41, "worsening", True),
    ),
]


@pytest.mark.parametrize(
    ("name", "switches", "more", "expected"),
    [(case[0], case[2], case[3], case[4]) for case in OTHERS],
    ids=[case[0] for case in OTHERS],
)
def test_death_progression_and_time_zero(
    judged: Judged, name: str, switches: str, more: dict[str, Any], expected: tuple[float, str, bool]
) -> None:
    given = {key: value for key, value in more.items() if key in ("population", "data_cut")}
    row = judged.row(name, PAIN, switches, **given)
    assert (row["days"], row["category"], row["event"]) == expected


def test_worsening_on_or_before_a_later_landmark_leaves_the_patient_out(judged: Judged) -> None:
    row = judged.row("a_pain_of_8_can_worsen_by_2_points", population="C2")
    assert (row["reason"], row["category"], row["event"]) == ("event on or before the landmark", "left_out", None)


def test_every_row_names_the_row_that_decided(judged: Judged) -> None:
    answered = {QUESTIONNAIRES.row_id(row): row for row in judged.tables["questionnaires"]}
    worse = judged.row("the_first_worse_score_counts_though_it_recovers")
    assert answered[worse["source_row"]]["date"] == day(42)
    dead = judged.row("death_is_an_event_of_the_composite", switches="death: event")
    assert dead["source_row"] == "follow_up:death_is_an_event_of_the_composite:dead"
    silent = judged.row("without_an_answer_after_cycle_1_follow_up_has_no_length")
    assert (silent["source_table"], silent["source_row"]) == ("cycles", f"cycles:{silent['patient_id']}")
    name = "progression_is_an_event_when_asked_for"
    progressed = judged.row(name, switches="recorded: [clinical_progression]")
    assert (progressed["source_table"], progressed["source_row"]) == ("disease_events", f"disease_events:{name}")


BOUNDS: list[tuple[str, Scores, str, dict[str, Any], tuple[float, float | None]]] = [
    ("between_the_last_visit_without_and_the_first_with", ((0, 2.0), (42, 2.0), (84, 5.0)), "", {}, (42, 84)),
    ("from_cycle_1_when_the_first_visit_is_worse", ((-5, 2.0), (42, 5.0)), "", {}, (0, 42)),
    ("after_the_last_visit_when_none_is_worse", ((0, 2.0), (42, 2.0)), "", {}, (42, None)),
    ("a_competing_death_leaves_the_bound_at_the_last_visit", STABLE, "", {"dead": 100}, (42, None)),
    ("death_as_an_event_is_known_to_the_day", STABLE, "death: event", {"dead": 100}, (100, 100)),
    ("confirmed_takes_the_visit_before_the_first_of_both", ONE, "confirmation: next", {}, (84, 126)),
]


def test_bounds(make_facts: Callable[..., Any]) -> None:
    for switches in {case[2] for case in BOUNDS}:
        cases = [case for case in BOUNDS if case[2] == switches]
        answers = [row for name, scores, *_ in cases for row in bpi_rows(scores, day, name)]
        dead = [_status("dead", day(more["dead"]), name) for name, _, _, more, _ in cases if "dead" in more]
        rules = protocol_of(f"{PAIN}, {switches}" if switches else PAIN)
        patients = [case[0] for case in cases]
        basis = basis_of(rules, make_facts, day, patients=patients, questionnaires=answers, follow_up=dead)
        rows = derive_worsenings(basis, rules.endpoints[1]).to_pyarrow().to_pylist()
        bounds = {r["patient_id"]: (r["lower_days"], r["upper_days"]) for r in rows if r["population"] == "C1"}
        assert bounds == {case[0]: case[4] for case in cases}


def test_variants_stand_side_by_side_and_disagree_where_they_must(
    make_facts: Callable[..., Any], on_day: Callable[[int], dt.date]
) -> None:
    scores = ((0, 3.0), (42, 4.0), (84, 3.0), (126, 5.0))
    dead = [_status("dead", on_day(150))]
    basis = basis_of(protocol_of(PAIN), make_facts, on_day, questionnaires=bpi_rows(scores, on_day), follow_up=dead)
    rows = [row for row in derive_worsening_rows(basis, "ttw") if row["population"] == "C1"]
    assert {row["variant"]: (row["days"], row["category"]) for row in rows} == {
        "as stated": (42, "worsening"),
        "more than": (42, "worsening"),
        "points only": (126, "worsening"),
        "percent only": (42, "worsening"),
        "both": (126, "worsening"),
        "confirmed by the next": (150, "death"),
        "confirmed by the next or last": (126, "worsening"),
        "definitive": (150, "death"),
        "definitive or last": (126, "worsening"),
        "or death": (42, "worsening"),
        "or recorded progression": (42, "worsening"),
        "or death or recorded progression": (42, "worsening"),
        "no pause over 126 days": (42, "worsening"),
    }


def test_a_rule_of_points_alone_has_no_variant_in_percent() -> None:
    outcome = protocol_of(f"{PAIN}, change: {{points: 2}}").endpoints[1]
    assert isinstance(outcome, TimeToWorsening)
    assert not {"points only", "percent only", "either", "both"} & set(worsening_variants(outcome))


def test_variants_of_an_outcome_of_another_kind_are_refused(
    make_facts: Callable[..., Any], on_day: Callable[[int], dt.date]
) -> None:
    basis = basis_of(protocol_of(PAIN), make_facts, on_day)
    with pytest.raises(ProtocolError, match="psa_pfs: expected kind time_to_worsening, got psa_pfs"):
        derive_worsening_rows(basis, "psa_pfs")


def test_psa_progression_of_another_outcome_is_an_event_when_named(
    make_facts: Callable[..., Any], on_day: Callable[[int], dt.date]
) -> None:
    psa = [
        {"patient_id": "p", "date": on_day(day), "analyte": "psa", "value": value, "canonical_unit": "ng/mL"}
        | {"record_key": str(day), "row_id": f"labs:{day}"}
        for day, value in ((-3, 100.0), (30, 40.0), (60, 60.0), (90, 70.0))
    ]
    scores = bpi_rows(((0, 2.0), (42, 2.0), (84, 5.0)), on_day)
    basis = basis_of(protocol_of(f"{PAIN}, progression: psa_pfs"), make_facts, on_day, questionnaires=scores, labs=psa)
    (row,) = [row for row in derive_values(basis, "ttw") if row["population"] == "C1"]
    assert (row["days"], row["category"], row["source_row"]) == (60, "progression", "labs:60")


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("instrument: phq-9, scale: total", "expected one of fact-p, bpi-sf"),
        ("instrument: fact-p, scale: pain", "expected a scale of fact-p"),
        ("instrument: xq, scale: xq", "this scale has no default"),
        ("instrument: xq, scale: xq, change: {strict: true}", "expected points, percent, or both"),
        ("instrument: xq, scale: xq, change: {points: 10, need: both}", "asks for points and percent"),
        ("instrument: fact-p, scale: fact_p, progression: ttw", "expected one of psa_pfs"),
    ],
)
def test_a_study_that_leaves_worsening_open_is_refused(outcome: str, words: str) -> None:
    with pytest.raises(ProtocolError, match=words):
        protocol_of(outcome)
