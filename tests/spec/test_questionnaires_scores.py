"""Scores by rule: how many items must be answered, which are reversed, and what a scale can show at most."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Mapping
from typing import Any

import hypothesis.strategies as st
import ibis
import pyarrow as pa
import pytest
from hypothesis import given
from tests.conftest import AT_RANDOM, HandFacts, day
from tests.spec.questionnaire_patient import basis_of, bpi_rows, fact_rows, protocol_of

from lutrace.core import Row, UnusableInputError
from lutrace.endpoints import (
    count_completion,
    derive_score_courses,
    derive_scores,
    derive_values,
    derive_visits_by_cycle,
    derive_visits_by_day,
    score_long,
    score_wide,
)
from lutrace.protocol import parse_protocol
from lutrace.tables import COMPLETIONS, QUESTIONNAIRES, SCORE_COURSES, SCORES
from lutrace.terms import Instrument, Scale, instrument_named, instruments

Answers = Mapping[str, float | None]


def named(name: str) -> Instrument:
    found = instrument_named(name)
    assert found is not None
    return found


def scores_of(name: str, *sheets: Answers) -> list[dict[str, Row]]:
    """The scales of each sheet, by name."""
    instrument = named(name)
    columns = {item: pa.array([sheet.get(item) for sheet in sheets], pa.float64()) for item in instrument.items}
    table = pa.table({"sheet": list(range(len(sheets))), **columns})
    rows = score_wide(ibis.memtable(table), instrument, ["sheet"]).to_pyarrow().to_pylist()
    return [{row["scale"]: row for row in rows if row["sheet"] == number} for number in range(len(sheets))]


def answered(scale: Scale, instrument: Instrument, n: int, value: float) -> Answers:
    """The first `n` items of a scale, all answered alike."""
    return dict.fromkeys(instrument.items_of(scale)[:n], value)


THRESHOLDS = [
    ("fact-p", "pwb", 4, 7),
    ("fact-p", "swb", 4, 7),
    ("fact-p", "ewb", 4, 6),
    ("fact-p", "fwb", 4, 7),
    ("fact-p", "pcs", 7, 12),
    ("fact-p", "pcs_pain", 3, 4),
    ("bpi-sf", "severity", 4, 4),
    ("bpi-sf", "interference", 4, 7),
    ("xq", "xq", 5, 8),
    ("xi", "xi", 11, 11),
    ("xi-3", "xi", 11, 11),
    ("sxi", "sxi", 5, 5),
]


FACT_P: list[tuple[str, str, str, float]] = [
    # scale, items, those of them that are reversed, highest score
    ("pwb", "GP1 GP2 GP3 GP4 GP5 GP6 GP7", "GP1 GP2 GP3 GP4 GP5 GP6 GP7", 28),
    ("swb", "GS1 GS2 GS3 GS4 GS5 GS6 GS7", "", 28),
    ("ewb", "GE1 GE2 GE3 GE4 GE5 GE6", "GE1 GE3 GE4 GE5 GE6", 24),
    ("fwb", "GF1 GF2 GF3 GF4 GF5 GF6 GF7", "", 28),
    ("pcs", "C2 C6 P1 P2 P3 P4 P5 P6 P7 BL2 P8 BL5", "C2 P1 P2 P3 P6 P7 BL2 P8", 48),
    ("pcs_pain", "P1 P2 P3 P4", "P1 P2 P3", 16),
]


@pytest.mark.parametrize(("scale", "items", "turned", "high"), FACT_P, ids=[one[0] for one in FACT_P])
def test_each_item_of_fact_p_counts_in_its_direction(scale: str, items: str, turned: str, high: float) -> None:
    best = {item: 0.0 if item in turned.split() else 4.0 for item in items.split()}
    others = [{**best, item: 4.0 - best[item]} for item in best]
    first, *rest = scores_of("fact-p", best, *others)
    assert first[scale]["score"] == high
    assert [sheet[scale]["score"] for sheet in rest] == [high - 4] * len(best)


def in_turn(stem: str, *answers: float) -> Answers:
    """Items `stem`1, `stem`2, ... with these answers."""
    return {f"{stem}{place}": answer for place, answer in enumerate(answers, start=1)}


ONES = dict.fromkeys((item for _, items, *_ in FACT_P[:5] for item in items.split()), 1.0)
"""FACT-P with 1 everywhere: PWB 7 x 3, SWB 7 x 1, EWB 5 x 3 + 1, FWB 7 x 1, PCS 8 x 3 + 4 x 1."""
PAIN_ITEMS = {"P1": 0.0, "P2": 1.0, "P3": 3.0}
BY_HAND: list[tuple[str, str, Answers, str, float]] = [
    ("a_reversed_scale_adds_4_minus_the_answer", "fact-p", in_turn("GP", 0, 1, 2, 3, 4, 0, 1), "pwb", 17.0),
    ("one_item_of_emotional_well_being_is_not_reversed", "fact-p", in_turn("GE", 1, 3, 0, 4, 2, 1), "ewb", 15.0),
    ("a_skipped_item_is_prorated_to_three_decimals", "fact-p", in_turn("GS", 3, 3, 2, 4, 1, 3), "swb", 18.667),
    ("codes_8_and_9_are_no_answer", "fact-p", in_turn("GP", 8, 9, 1, 1, 1, 1, 1), "pwb", 21.0),
    (
        "seven_of_twelve_are_prorated",  # 3 + 2 + 4 + 3 + 1 + 2 + 3 = 18 points
        "fact-p",
        {**PAIN_ITEMS, "C2": 1.0, "C6": 2.0, "P4": 2.0, "P5": 3.0},
        "pcs",
        30.857,
    ),
    ("the_pain_items_have_a_score_of_their_own", "fact-p", {**PAIN_ITEMS, "P4": 2.0}, "pcs_pain", 10.0),
    ("fact_g_is_the_sum_of_four_scales", "fact-p", ONES, "fact_g", 51.0),
    ("the_index_is_the_sum_of_three", "fact-p", ONES, "toi", 56.0),
    ("the_total_is_the_sum_of_five", "fact-p", ONES, "fact_p", 79.0),
    ("severity_is_the_mean_of_four", "bpi-sf", {"Q3": 5, "Q4": 1, "Q5": 3, "Q6": 2}, "severity", 2.75),
    ("interference_is_the_mean_of_those_answered", "bpi-sf",
     {"Q9A": 3, "Q9B": 4, "Q9D": 5, "Q9G": 5}, "interference", 4.25),
    ("xq_is_the_sum_of_eight_in_percent_of_80", "xq", in_turn("XQ", 1, 2, 3, 4, 5, 6, 7, 8), "xq", 45.0),
    ("five_of_eight_are_prorated", "xq", in_turn("XQ", 2, 4, 6, 8, 9), "xq", 58.0),
    ("xi_is_a_sum_of_eleven", "xi", in_turn("XI", 1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1), "xi", 31.0),
    ("so_is_its_short_form", "xi-3", in_turn("XI", 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2), "xi", 21.0),
    ("sxi_is_a_sum_of_five", "sxi", in_turn("SXI", 1, 2, 3, 3, 2), "sxi", 11.0),
]  # fmt: skip


@pytest.mark.parametrize(("name", "sheet", "scale", "score"), [c[1:] for c in BY_HAND], ids=[c[0] for c in BY_HAND])
def test_scores_by_hand(name: str, sheet: Answers, scale: str, score: float) -> None:
    (found,) = scores_of(name, sheet)
    assert found[scale]["score"] == score


RANGES: list[tuple[str, str, float, float]] = [
    ("fact-p", "fact_g", 0, 108),
    ("fact-p", "toi", 0, 104),
    ("fact-p", "fact_p", 0, 156),
    ("bpi-sf", "severity", 0, 10),
    ("bpi-sf", "interference", 0, 10),
    ("xq", "xq", 0, 100),
    ("xi", "xi", 11, 55),
    ("xi-3", "xi", 11, 33),
    ("sxi", "sxi", 5, 15),
]


@pytest.mark.parametrize(("name", "scale", "low", "high"), RANGES)
def test_the_published_range(name: str, scale: str, low: float, high: float) -> None:
    which = named(name).scale(scale)
    assert (which.low, which.high) == (low, high)


CHANGES: list[tuple[str, str, tuple[float, float, str] | None]] = [
    ("fact-p", "fact_p", (6, 10, "points")),
    ("fact-p", "toi", (5, 9, "points")),
    ("fact-p", "pcs", (2, 3, "points")),
    ("fact-p", "pcs_pain", (1, 2, "points")),
    ("fact-p", "fact_g", None),
    ("bpi-sf", "severity", (30, 50, "percent")),
    ("bpi-sf", "interference", (1, 1, "points")),
    ("xq", "xq", None),
]


@pytest.mark.parametrize(("name", "scale", "expected"), CHANGES)
def test_the_change_that_matters_is_that_of_the_paper_that_was_read(
    name: str, scale: str, expected: tuple[float, float, str] | None
) -> None:
    change = named(name).scale(scale).change
    assert (None if change is None else (change.low, change.high, change.unit)) == expected


@pytest.mark.parametrize(("name", "scale", "least", "n_items"), THRESHOLDS)
def test_a_scale_stands_from_its_least_number_of_items_on(name: str, scale: str, least: int, n_items: int) -> None:
    instrument = named(name)
    which = instrument.scale(scale)
    assert len(which.items) == n_items
    enough, one_less = scores_of(
        name, answered(which, instrument, least, 1.0), answered(which, instrument, least - 1, 1.0)
    )
    assert enough[scale]["valid"] is True
    assert one_less[scale]["valid"] is False
    assert one_less[scale]["score"] is None
    assert one_less[scale]["reason"] == f"{least - 1} of {n_items} items answered, at least {least} are needed"


@pytest.mark.parametrize(("name", "scale", "least", "n_items"), THRESHOLDS[:5] + THRESHOLDS[8:9])
def test_more_than_half_is_strict(name: str, scale: str, least: int, n_items: int) -> None:
    assert least / n_items > 0.5
    assert (least - 1) / n_items <= 0.5


def without(n: int, items: tuple[str, ...]) -> Answers:
    """FACT-P with 2 everywhere but for the first `n` of the given items."""
    return {**dict.fromkeys(named("fact-p").items, 2.0), **dict.fromkeys(items[:n], None)}


TOTALS = [
    ("fact_g_stands_with_22_of_27", "fact_g", ("GP1", "GP2", "GS1", "GS2", "GF1"), 5, True),
    ("fact_g_does_not_with_21_of_27", "fact_g", ("GP1", "GP2", "GS1", "GS2", "GF1", "GF2"), 6, False),
    ("the_total_stands_with_32_of_39", "fact_p", ("GP1", "GP2", "GS1", "GS2", "GF1", "C2", "C6"), 7, True),
    ("the_total_does_not_with_31_of_39", "fact_p", ("GP1", "GP2", "GS1", "GS2", "GF1", "C2", "C6", "P1"), 8, False),
    (
        "the_index_has_no_rule_of_its_own",
        "toi",
        ("GP1", "GP2", "GP3", "GF1", "GF2", "GF3", "C2", "C6", "P1", "P2", "P3"),
        11,
        True,
    ),
    ("one_lost_subscale_loses_the_total", "fact_p", ("GE1", "GE2", "GE3"), 3, False),
    ("a_lost_subscale_that_is_no_part_leaves_the_index", "toi", ("GE1", "GE2", "GE3"), 3, True),
]


@pytest.mark.parametrize(("scale", "items", "n", "stands"), [case[1:] for case in TOTALS], ids=[c[0] for c in TOTALS])
def test_totals(scale: str, items: tuple[str, ...], n: int, stands: bool) -> None:
    (found,) = scores_of("fact-p", without(n, items))
    assert found[scale]["valid"] is stands


@pytest.mark.parametrize("instrument", instruments(), ids=lambda one: one.name)
def test_best_and_worst_answers_reach_the_ends_of_every_scale(instrument: Instrument) -> None:
    turned = {item for scale in instrument.scales for item in scale.reversed}
    up = {item: instrument.low if item in turned else instrument.high for item in instrument.items}
    down = {item: instrument.high if item in turned else instrument.low for item in instrument.items}
    highest, lowest = scores_of(instrument.name, up, down)
    for scale in instrument.scales:
        assert highest[scale.name]["score"] == scale.high
        assert lowest[scale.name]["score"] == scale.low
        assert scale.worst in (scale.low, scale.high)


def test_every_scale_has_a_published_change_or_says_that_none_was_read() -> None:
    for instrument in instruments():
        for scale in instrument.scales:
            assert (scale.change is None) == bool(scale.change_not_read)
            assert set(scale.reversed) <= set(scale.items)
            assert bool(scale.items) != bool(scale.parts)


def test_an_answer_outside_the_range_is_never_counted_and_never_hidden() -> None:
    (found,) = scores_of("bpi-sf", {"Q3": 1, "Q4": 2, "Q5": 3, "Q6": 11})
    assert found["severity"]["valid"] is False
    assert found["severity"]["reason"] == "1 of 4 answers is no whole number of 0-10"
    (found,) = scores_of("fact-p", {**without(0, ()), "GP1": 2.5})
    assert found["pwb"]["reason"] == "1 of 7 answers is no whole number of 0-4"
    assert found["fact_p"]["valid"] is False


SHEETS = st.lists(st.one_of(st.none(), st.integers(0, 4), st.sampled_from((8, 9))), min_size=39, max_size=39)


@AT_RANDOM
@given(st.lists(SHEETS, min_size=8, max_size=20))
def test_reversal_is_symmetric(sheets: list[list[int | None]]) -> None:
    """A scale of reversed items only: mirrored answers mirror the score; so does one without any."""
    items = named("fact-p").items
    straight = [dict(zip(items, sheet, strict=True)) for sheet in sheets]
    mirrored = [{k: v if v is None or v > 4 else 4 - v for k, v in sheet.items()} for sheet in straight]
    for one, other in zip(scores_of("fact-p", *straight), scores_of("fact-p", *mirrored), strict=True):
        for scale in named("fact-p").scales:
            left, right = one[scale.name], other[scale.name]
            assert left["n_answered"] == right["n_answered"]
            if left["valid"]:
                assert left["score"] + right["score"] == pytest.approx(scale.high, abs=0.006)


@AT_RANDOM
@given(st.lists(SHEETS, min_size=8, max_size=20), st.randoms(use_true_random=False))
def test_stored_item_by_item_in_any_order_a_sheet_scores_the_same(
    sheets: list[list[int | None]], chance: random.Random
) -> None:
    fact = named("fact-p")
    rows = [
        {"sheet": number, "item": item, "answer": float(answer), "row_id": f"{number}:{item}"}
        for number, sheet in enumerate(sheets)
        for item, answer in zip(fact.items, sheet, strict=True)
        if answer is not None
    ]
    chance.shuffle(rows)
    schema = pa.schema(
        [("sheet", pa.int64()), ("item", pa.string()), ("answer", pa.float64()), ("row_id", pa.string())]
    )
    long = score_long(ibis.memtable(pa.Table.from_pylist(rows, schema=schema)), fact, ["sheet"])
    found = {(row["sheet"], row["scale"]): row for row in long.to_pyarrow().to_pylist()}
    wide = scores_of("fact-p", *[dict(zip(fact.items, sheet, strict=True)) for sheet in sheets])
    for (number, scale), row in found.items():
        same = wide[number][scale]
        assert [row[name] for name in ("score", "n_answered", "valid", "reason")] == [
            same[name] for name in ("score", "n_answered", "valid", "reason")
        ]
        assert (row["evidence_row"] is None) == (row["n_answered"] == 0)


def test_scores_of_a_snapshot_name_a_row_that_exists(
    make_facts: Callable[..., Any], on_day: Callable[[int], dt.date]
) -> None:
    answers = [*bpi_rows(((0, 2.5), (42, 4.0)), on_day), *fact_rows(((0, 106),), on_day)]
    basis = basis_of(protocol_of("instrument: bpi-sf, scale: severity"), make_facts, on_day, questionnaires=answers)
    rows = derive_scores(basis).to_pyarrow().to_pylist()
    assert set(rows[0]) == set(SCORES.by_name)
    existing = {QUESTIONNAIRES.row_id(row): row for row in answers}
    with pytest.raises(UnusableInputError, match="expected an instrument of the vocabulary, got 'phq-9'"):
        derive_score_courses(basis, "phq-9", "total")
    for row in rows:
        if row["source_row"] is not None:
            assert existing[row["source_row"]]["date"] == row["date"]
            assert existing[row["source_row"]]["instrument"] == row["instrument"]
    found = {(row["date"], row["scale"]): row["score"] for row in rows}
    assert found[on_day(0), "severity"] == 2.5
    assert found[on_day(0), "fact_p"] == 106
    assert found[on_day(0), "interference"] is None


def test_a_course_begins_at_the_baseline_and_counts_the_cycles_before_each_answer(
    make_facts: Callable[..., Any], on_day: Callable[[int], dt.date]
) -> None:
    answers = bpi_rows(((-20, 1.0), (0, 2.0), (42, 4.0), (84, 3.0)), on_day)
    basis = basis_of(protocol_of("instrument: bpi-sf, scale: severity"), make_facts, on_day, questionnaires=answers)
    rows = derive_score_courses(basis, "bpi-sf", "severity").to_pyarrow().to_pylist()
    assert set(rows[0]) == set(SCORE_COURSES.by_name)
    told = sorted((row["days"], row["cycles"], row["score"], row["change"]) for row in rows)
    assert told == [(0, 0, 2.0, 0.0), (42, 1, 4.0, 2.0), (84, 1, 3.0, 1.0)]


def test_completion_adds_up_and_says_why_a_sheet_is_missing(
    make_facts: Callable[..., Any], on_day: Callable[[int], dt.date]
) -> None:
    dead = {"patient_id": "dead", "status": "dead", "date": on_day(30), "date_precision": "day", "row_id": "f:1"}
    alive = [
        {"patient_id": name, "status": "alive", "date": on_day(200), "date_precision": "day", "row_id": f"f:{name}"}
        for name in ("full", "half", "silent")
    ]
    half = [row for row in bpi_rows(((42, 3.0),), on_day, "half") if row["item"] != "Q6"]
    basis = basis_of(
        protocol_of("instrument: bpi-sf, scale: severity"),
        make_facts,
        on_day,
        patients=("full", "half", "silent", "dead", "gone"),
        follow_up=[dead, *alive],
        questionnaires=[*bpi_rows(((0, 1.0), (40, 2.0)), on_day, "full"), *half],
    )
    rows = count_completion(derive_visits_by_day(basis, "bpi-sf", "severity", days=(0, 42))).to_pyarrow().to_pylist()
    assert set(rows[0]) == set(COMPLETIONS.by_name)
    counts = {row["visit"]: {name: row[name] for name in COUNTS} for row in rows}
    assert counts[0] == dict(zip(COUNTS, (5, 5, 1, 1, 0, 0, 4, 0), strict=True))
    assert counts[42] == dict(zip(COUNTS, (5, 3, 2, 1, 1, 1, 1, 1), strict=True))
    for row in rows:
        assert row["expected"] + row["dead"] + row["not_followed"] == row["n"]
        assert row["valid"] + row["too_few_items"] + row["no_sheet"] == row["expected"]
    (first,) = count_completion(derive_visits_by_cycle(basis, "bpi-sf", "severity")).to_pyarrow().to_pylist()
    assert (first["visit"], first["expected"], first["received"]) == (1, 5, 1)


COUNTS = ("n", "expected", "received", "valid", "dead", "not_followed", "no_sheet", "too_few_items")


def test_a_baseline_score_is_a_covariate_where_a_study_asks_for_it(
    make_facts: Callable[..., Any], on_day: Callable[[int], dt.date]
) -> None:
    plain = protocol_of("instrument: bpi-sf, scale: severity")
    text = plain.as_yaml().replace(
        "covariates: []",
        "covariates: [{name: pain, label: Pain, value: bpi_severity_baseline, transform: identity, unit: per point}]",
    )
    asking = parse_protocol(text, "x")
    basis = basis_of(asking, make_facts, on_day, questionnaires=bpi_rows(((-5, 2.0), (0, 2.5)), on_day))
    (row,) = [row for row in derive_values(basis, "bpi_severity_baseline") if row["population"] == "C1"]
    assert (row["value"], row["days"], row["unit"], row["source_table"]) == (2.5, 0, "points", "questionnaires")


def test_a_later_visit_never_changes_the_first_unconfirmed_date_and_order_of_rows_nothing() -> None:
    """Sixty random courses, each once as it is and once with a visit more at its end; rows in random order."""
    chance = random.Random(11)
    rows: list[Row] = []
    for number in range(60):
        days = sorted(chance.sample(range(1, 300), chance.randint(1, 6)))
        course = [(0, 3.0), *((one, chance.randint(0, 40) / 4) for one in days)]
        more = [*course, (days[-1] + chance.randint(1, 100), chance.randint(0, 40) / 4)]
        rows += [*bpi_rows(course, day, f"a{number}"), *bpi_rows(more, day, f"b{number}")]
    patients = tuple(sorted({row["patient_id"] for row in rows}))
    found = []
    for _ in range(2):
        chance.shuffle(rows)
        facts = HandFacts({"questionnaires": rows})
        basis = basis_of(protocol_of("instrument: bpi-sf, scale: severity"), lambda **_: facts, day, patients=patients)  # noqa: B023
        found.append({r["patient_id"]: r for r in derive_values(basis, "ttw") if r["population"] == "C1"})
    assert found[0] == found[1]
    n_events = 0
    for number in range(60):
        short, long = found[0][f"a{number}"], found[0][f"b{number}"]
        n_events += short["event"]
        if short["event"]:
            assert {**long, "patient_id": None} == {**short, "patient_id": None, "source_row": long["source_row"]}
        else:
            assert long["days"] > short["days"]
    assert 20 < n_events < 60
