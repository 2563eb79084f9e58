"""Timelines of a study: results with dose, change and grade, events, bands of grades; checked by hand on five patients.

All have doses on days 0, 42 and 84 (one has two); their facts are those of the constructed cohort and `more_rows`.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.conftest import HandFacts
from tests.study.conftest import on
from tests.study.test_derived_after import CUT, more_rows

from lutrace.cohort import select_patients
from lutrace.core import ProtocolError, Row
from lutrace.protocol import parse_protocol
from lutrace.study.derived import DerivedTables, derive_tables
from lutrace.study.derived_parts import Ground

STUDY = """
study: timelines
title: Courses
question: What happened to each patient?
population: {agents: [lu177_psma_617]}
landmarks: [{name: C2, label: SPECT of cycle 2, cycle: 2}]
measures: {plan: suv3}
endpoints: [{kind: psa_pfs, name: psa_pfs, label: PSA-PFS}]
analyses: []
derived:
  - kind: timeline
    name: tl
    label: Course of each patient
    series: [psa, haemoglobin, neutrophils, platelets, tumour_volume, weight_kg, bpi-sf.severity]
"""
KEPT = {f"patient-{number:02d}" for number in (0, 1, 2, 3, 5, 60)}


@pytest.fixture(scope="module")
def facts(abstract_rows: dict[str, list[Row]]) -> HandFacts:
    rows = {**abstract_rows, **more_rows(abstract_rows)}
    rows["vitals"] = [
        {"patient_id": "patient-00", "date": on(day), "measure": "weight_kg", "value": weight, "record_key": str(day)}
        for day, weight in ((-7, 80.0), (42, 76.0))
    ]
    return HandFacts({name: [row for row in own if row["patient_id"] in KEPT] for name, own in rows.items()})


@pytest.fixture(scope="module")
def derived(facts: HandFacts) -> DerivedTables:
    protocol = parse_protocol(STUDY, "timelines.yaml")
    cohort = select_patients(facts, protocol)
    return derive_tables(Ground.of(facts, protocol, cohort.members, CUT, whole=facts))


def rows_of(derived: DerivedTables, table: str, **wanted: Any) -> list[Row]:
    [found] = [one.rows for one in derived.rows if one.table == table]
    return [row for row in found if all(row[key] == value for key, value in wanted.items())]


def test_a_result_has_its_dose_its_change_and_its_grade(derived: DerivedTables) -> None:
    found = rows_of(derived, "trajectories", patient_id="patient-00", series="haemoglobin")
    assert [(row["day"], row["dose"], row["value"], row["grade"], row["last_of_dose"]) for row in found] == [
        (-3.0, 0, 12.0, 1, True),
        (20.0, 1, 9.5, 2, True),
        (50.0, 2, 7.5, 3, True),
    ]
    assert [row["change_pct"] for row in found] == [0.0, pytest.approx(-20.8333, abs=1e-3), pytest.approx(-37.5)]


def test_a_result_of_the_day_of_a_dose_is_before_that_dose(derived: DerivedTables) -> None:
    [before, at_dose] = rows_of(derived, "trajectories", series="weight_kg")
    assert (at_dose["day"], at_dose["dose"]) == (42.0, 1)
    assert (before["baseline"], at_dose["change_pct"]) == (80.0, pytest.approx(-5.0))


def test_psa_changes_refer_to_the_baseline_of_the_study(derived: DerivedTables, facts: HandFacts) -> None:
    baseline = next(
        row["value"]
        for row in facts.rows["labs"]
        if (row["patient_id"], row["analyte"], row["record_key"]) == ("patient-01", "psa", "-5")
    )
    found = rows_of(derived, "trajectories", patient_id="patient-01", series="psa")
    assert [row["baseline"] for row in found] == [baseline] * len(found)
    [doubled] = [row for row in found if row["day"] == 200.0]
    assert (doubled["dose"], doubled["change_pct"]) == (3, pytest.approx(100.0))


def test_only_the_last_result_after_a_dose_stands_for_it(derived: DerivedTables) -> None:
    found = rows_of(derived, "trajectories", patient_id="patient-01", series="psa")
    last = {row["dose"]: row["day"] for row in found if row["last_of_dose"]}
    assert last == {dose: max(row["day"] for row in found if row["dose"] == dose) for dose in last}
    assert last[0] == -5.0 and len([row for row in found if row["last_of_dose"]]) == len(last)


def test_a_platelet_count_without_its_limit_has_no_grade_and_the_first_band_is_left_out(
    derived: DerivedTables,
) -> None:
    [platelets] = rows_of(derived, "trajectories", patient_id="patient-05", series="platelets")
    assert (platelets["value"], platelets["grade"]) == (120.0, None)
    bands = rows_of(derived, "grade_bands", series="platelets")
    assert [(row["grade"], row["low"], row["high"]) for row in bands] == [(2, 50, 75), (3, 25, 50), (4, None, 25)]


def test_bands_take_the_limit_that_all_results_share(derived: DerivedTables) -> None:
    bands = rows_of(derived, "grade_bands", series="haemoglobin", direction="low")
    assert [(row["grade"], row["low"], row["high"], row["rule"]) for row in bands] == [
        (1, 10.0, 13.0, "< LLN"),
        (2, 8.0, 10.0, "< 10.0 g/dL"),
        (3, None, 8.0, "< 8.0 g/dL"),
    ]


def test_volumes_and_scores_are_series_too(derived: DerivedTables) -> None:
    volumes = rows_of(derived, "trajectories", patient_id="patient-00", series="tumour_volume")
    assert [(row["day"], row["dose"], row["source_table"]) for row in volumes] == [
        (1.0, 1, "tumour_burdens"),
        (43.0, 2, "tumour_burdens"),
        (85.0, 3, "tumour_burdens"),
    ]
    pain = rows_of(derived, "trajectories", patient_id="patient-00", series="bpi-sf.severity")
    assert [(row["day"], row["value"]) for row in pain] == [(-1.0, 2.0), (60.0, 4.0), (100.0, 2.0)]


def test_every_event_has_its_day_and_its_row(derived: DerivedTables) -> None:
    events = rows_of(derived, "timeline_events", patient_id="patient-00")
    found = [(row["day"], row["track"], row["kind"]) for row in events]
    assert found == sorted(found, key=lambda one: (one[0], one[1], one[2]))
    assert [(day, kind) for day, track, kind in found if track in ("dose", "support", "line")] == [
        *((0.0, "dose"), (42.0, "dose"), (84.0, "dose"), (100.0, "red_cells"), (150.0, "line"), (160.0, "red_cells")),
    ]
    graded = [(row["day"], row["detail"], row["value"]) for row in events if row["track"] == "toxicity"]
    assert graded == [(-10.0, "Anemia", 2.0), (50.0, "Anemia", 3.0)]
    assert all(row["source_row"].startswith(f"{row['source_table']}:") for row in events)


def test_the_first_psa50_is_the_first_value_half_below_the_baseline(derived: DerivedTables) -> None:
    for row in rows_of(derived, "timeline_events", kind="psa50"):
        series = rows_of(derived, "trajectories", patient_id=row["patient_id"], series="psa")
        fallen = [one["day"] for one in series if one["day"] > 0 and one["change_pct"] <= -50]
        assert row["day"] == min(fallen)


def test_hospice_and_death_or_the_last_sign_of_life_are_status(derived: DerivedTables) -> None:
    status = rows_of(derived, "timeline_events", track="status")
    assert {(row["patient_id"], row["kind"]) for row in status} >= {("patient-01", "hospice")}
    ended = [row["patient_id"] for row in status if row["kind"] in ("death", "last_contact")]
    assert sorted(ended) == sorted(KEPT)  # each patient once


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("series: [psa, unobtainium]", "expected an analyte, tumour_volume, weight_kg or instrument.scale; got 'unob"),
        ("series: [bpi-sf.happiness]", "happiness"),
    ],
)
def test_a_series_that_there_is_not_is_refused(change: str, words: str) -> None:
    head, _, _ = STUDY.partition("    series:")
    with pytest.raises(ProtocolError, match=words):
        parse_protocol(f"{head}    {change}\n", "timelines.yaml")


def test_a_figure_of_a_timeline_that_the_study_has_not_is_refused() -> None:
    report = "report: {sections: [{title: A, items: [{show: spider, name: s, caption: c, timeline: other}]}]}"
    with pytest.raises(ProtocolError, match=r"report.s.timeline: expected one of tl, got 'other'"):
        parse_protocol(f"{STUDY}{report}\n", "timelines.yaml")


def test_a_figure_of_a_series_that_the_timeline_has_not_is_refused() -> None:
    item = "{show: spider, name: s, caption: c, timeline: tl, series: leukocytes}"
    with pytest.raises(ProtocolError, match=r"report.s.series: expected one of psa, haemoglobin"):
        parse_protocol(f"{STUDY}report: {{sections: [{{title: A, items: [{item}]}}]}}\n", "timelines.yaml")
