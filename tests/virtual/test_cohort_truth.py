"""The records of a centre say what is true of its patients: toxicity, scores, lines before the index, missed deaths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pyarrow import csv
from validation.virtual.check_recovery import CRITERIA
from validation.virtual.recovery import Recovery
from validation.virtual.stored import PAGE, read_recovery, with_table

from lutrace.terms import instrument_named
from lutrace.virtual import GRADE_3, DrawnPatients, draw_patients, make_cohort_tables, read_centre
from lutrace.virtual.cohorts.answers import list_answers, spread_total


def rows_of(path: Path) -> list[dict[str, Any]]:
    return list(csv.read_csv(path).to_pylist())


def draw(name: str, n: int) -> tuple[DrawnPatients, np.random.Generator]:
    drawn, rng = next(iter(draw_patients(read_centre(name), n, seed=8)))
    assert isinstance(drawn, DrawnPatients)
    return drawn, rng


def test_no_count_is_of_grade_3_before_the_day_that_is_true_and_one_is_at_the_next_draw() -> None:
    drawn, _ = draw("baseline-pet-toxicity", 3_000)
    blood = drawn.blood
    days = np.where(np.isfinite(blood.values["haemoglobin"]), blood.days, np.nan)
    severe = np.any([blood.values[name] < limit for name, limit in GRADE_3.items()], axis=0)
    early = days < blood.toxicity_day[:, None]
    assert not (severe & early).any()
    late = np.isfinite(days) & ~early
    seen = late.any(axis=1)
    first: NDArray[np.int64] = late.argmax(axis=1)
    assert seen.sum() > 400
    assert severe[seen, first[seen]].all()


@pytest.mark.parametrize(("items", "reach"), [(39, 4), (4, 10), (11, 2)])
def test_items_add_up_to_the_total_and_stay_within_their_range(items: int, reach: int) -> None:
    totals = np.arange(items * reach + 1)
    split = spread_total(totals, items, reach, np.random.default_rng(1))
    assert (split.sum(axis=1) == totals).all()
    assert split.min() == 0 and split.max() == reach


def test_answers_of_a_full_sheet_give_the_score_that_is_true() -> None:
    """FACT-P by hand: reversed items count 4 less the answer, all 39 are summed."""
    drawn, rng = draw("baseline-pet-toxicity", 150)
    instrument, answers = instrument_named("fact-p"), drawn.answers
    assert instrument is not None and answers is not None
    turned = {item for scale in instrument.scales for item in scale.reversed}
    part = list_answers(drawn.people, answers, rng)[0]
    sums: dict[tuple[str, str], list[float]] = {}
    for patient, date, item, raw in zip(
        *(part.columns[k] for k in ("patient_id", "date", "item", "answer")), strict=True
    ):
        sums.setdefault((str(patient), str(date)), []).append(4 - raw if item in turned else raw)
    checked = 0
    for number, patient in enumerate(drawn.people.ids):
        for visit in np.flatnonzero(answers.answered[number]):
            date = str(drawn.people.start[number] + int(answers.days[number, visit]))
            told = sums[(str(patient), date)]
            if len(told) == 39:
                assert sum(told) == answers.fact_p[number, visit]
                checked += 1
    assert checked > 150


def test_scores_change_by_the_studys_rule_from_the_true_day_on_and_not_before() -> None:
    """Worse: FACT-P more than 10 points lower; pain 30 % higher or by at least 2 points."""
    drawn, _ = draw("baseline-pet-toxicity", 2_000)
    answers = drawn.answers
    assert answers is not None
    there = np.isfinite(answers.days)
    for scores, day, items in ((answers.severity, answers.pain_day, 4), (answers.interference, answers.pain_day, 7)):
        first = scores[:, [0]] / items
        rise = scores / items - first
        worse = (rise >= 2) | ((first > 0) & (rise >= 0.3 * first))
        late = answers.days >= day[:, None]
        assert not (worse & there & ~late).any()
        assert worse[there & late & (first <= 7.5)].all()
    worse = answers.fact_p < answers.fact_p[:, [0]] - 10
    late = answers.days >= answers.fact_p_day[:, None]
    assert (worse == late)[there].all()


def test_the_index_of_the_comparator_is_the_first_line_after_a_taxane_and_an_inhibitor(tmp_path: Path) -> None:
    made = make_cohort_tables("real-world-survival", 400, 6, tmp_path / "centre")
    lines: dict[str, list[tuple[Any, str]]] = {}
    for row in rows_of(made.folder / "records" / "treatments.csv"):
        if row["patient_id"].startswith("SYN-E"):
            lines.setdefault(row["patient_id"], []).append((row["begin_date"], row["agent"]))
    psa = {row["patient_id"]: row["date"] for row in rows_of(made.folder / "records" / "labs.csv")}
    kinds = {"docetaxel": "taxane", "cabazitaxel": "taxane", "abiraterone": "arpi", "enzalutamide": "arpi"}
    checked = 0
    for patient, begun in lines.items():
        seen: set[str] = set()
        for begin, agent in sorted(begun):
            if {"taxane", "arpi"} <= seen:
                if patient in psa:
                    assert 0 <= (begin - psa[patient]).days <= 20  # PSA is drawn up to three weeks before the index
                    checked += 1
                break
            seen.add(kinds.get(agent, "other"))
        else:
            pytest.fail("a patient of the comparator has no line after a taxane and an inhibitor")
    assert checked > 200


def test_one_death_in_eight_of_the_comparator_is_not_on_record_and_the_patient_is_last_seen_before_it(
    tmp_path: Path,
) -> None:
    made = make_cohort_tables("real-world-survival", 2_000, 6, tmp_path / "centre")
    truth = [row for row in rows_of(made.folder / "truth.csv") if row["patient_id"].startswith("SYN-E")]
    dead = {row["patient_id"] for row in rows_of(made.folder / "records" / "follow_up.csv") if row["status"] == "dead"}
    died = [row for row in truth if row["death_day"] <= row["cut_day"]]
    missed = [row for row in died if row["patient_id"] not in dead]
    assert 0.09 < len(missed) / len(died) < 0.15
    assert all(row["last_contact_day"] <= row["death_day"] for row in died)


def test_what_was_put_in_is_found_by_the_stored_simulation_and_the_page_says_the_same() -> None:
    stored = read_recovery()
    found = {name: Recovery(**one) for name, one in stored["found"].items()}
    assert stored["sets"] >= 500 and stored["synthetic"]
    assert [text for text, holds in CRITERIA if not holds(found)] == []
    page = PAGE.read_text(encoding="utf-8")
    assert with_table(page, stored) == page
