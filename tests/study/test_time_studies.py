"""Studies of when things happen, run on small cohorts written by hand; every person in them is synthetic."""

from __future__ import annotations

from typing import Any

import pytest
from tests.conftest import day
from tests.spec.course_patients import facts_of, rows_of

from lutrace.endpoints import CourseBasis, derive_index_dates
from lutrace.protocol import IndexDate, parse_protocol
from lutrace.study import compute_study
from lutrace.study.results import collect_numbers

CUT = 230
HEAD = """
study: by-dose
title: Responses by dose
question: By which dose do patients respond?
population: {agents: [lu177_psma_617], minimum_cycles: 1}
populations: [{name: treated_all, label: All treated, index: {event: first_cycle}}]
endpoints:
  - {kind: psa_response, name: psa50_time, label: PSA50}
  - {kind: psa_response, name: psa90_time, label: PSA90, fall: 90 %}
  - {kind: os, name: os, label: Overall survival}
"""
STUDY = (
    HEAD
    + """
analyses:
  - kind: response_by_dose
    name: doses
    label: Responses by dose
    populations: [treated_all]
    endpoints: [psa50_time, psa90_time]
    responders: psa50_time
    doses: 6
  - kind: cumulative_incidence
    name: days
    label: Time to PSA50
    populations: [treated_all]
    endpoints: [psa50_time]
    times: [12 weeks, 6 months]
  - {kind: landmark, name: after, label: Survival by response, populations: [treated_all], endpoints: [os],
     by: psa50_time, dose: 3}
  - {kind: time_varying_cox, name: moving, label: Doses and survival, populations: [treated_all], endpoints: [os],
     terms: [cycles_received, psa50_time]}
  - {kind: occupancy, name: states, label: Course, populations: [treated_all], of: course, times: [3 months, 6 months]}
  - {kind: milestones, name: alive, label: Alive, populations: [treated_all], endpoints: [os], times: [3 months]}
  - {kind: restricted_mean, name: mean, label: Mean, populations: [treated_all], endpoints: [os],
     horizons: [100 days], time_unit: days}
derived:
  - {kind: course, name: course, label: Course}
  - {kind: survival_times, name: times, label: Survival from several days,
     indexes: [{name: first_dose}, {name: third_dose, event: cycle, number: 3}], censor_rules: [data_cut]}
"""
)


def patient(name: str, n_doses: int, psa: dict[int, float], *events: tuple[Any, ...]) -> dict[str, list[Any]]:
    """Doses every 42 days, PSA 100 before the first and as given by day; seen last on the cut unless dead."""
    dead = any(event[0] == "dead" for event in events)
    rows = rows_of(name, [42 * k for k in range(n_doses)], [*events, *(() if dead else (("seen", CUT),))])
    rows["labs"] = [
        {
            "patient_id": name,
            "date": day(when),
            "analyte": "psa",
            "value": value,
            "canonical_unit": "ng/mL",
            "row_id": f"labs:{name}:{when}",
        }
        for when, value in {-2: 100.0, **psa}.items()
    ]
    return rows


def cohort() -> Any:
    """21 patients: eight respond, seven of them after dose 2 and one after dose 3; six also by 90 % after dose 4."""
    deep = {42: 80.0, 84: 45.0, 126: 30.0, 168: 9.0, 210: 9.0}
    patients = [patient(f"r{n}", 6, deep) for n in range(6)]
    patients.append(patient("r6", 4, {42: 80.0, 84: 45.0, 126: 40.0, 168: 40.0}))
    patients.append(patient("r7", 4, {42: 80.0, 84: 60.0, 126: 45.0, 168: 40.0}))
    patients += [patient(f"p{n}", 2, {42: 100.0, 84: 120.0}, ("series", 90, "progression")) for n in range(5)]
    patients += [patient(f"d{n}", 3, {42: 90.0, 84: 95.0}, ("dead", 110)) for n in range(4)]
    patients += [patient(f"o{n}", 4, {42: 90.0, 84: 80.0, 126: 75.0, 168: 70.0}) for n in range(3)]
    patients.append(patient("o3", 4, {42: 90.0, 84: 80.0}))
    return facts_of(patients)


@pytest.fixture(scope="module")
def run() -> Any:
    return compute_study(parse_protocol(STUDY, "study.yaml"), cohort(), data_cut=day(CUT))


@pytest.fixture(scope="module")
def numbers(run: Any) -> dict[str, Any]:
    return collect_numbers(run.tables, parse_protocol(STUDY, "study.yaml"))


@pytest.mark.parametrize(
    ("key", "value", "n"),
    [
        ("psa50_time/by dose 2, of the responders (PSA50)", 7 / 8, 8),
        ("psa50_time/by dose 3, of the responders (PSA50)", 1.0, 8),
        ("psa90_time/by dose 4, of the responders (PSA50)", 6 / 8, 8),
        ("psa50_time/by dose 6, of all treated", 8 / 21, 21),
        ("psa50_time/by dose 6, of those evaluable", 8 / 21, 21),
        # At risk at dose 3: 21 less 7 responders, 5 stopped and 1 not followed; one of 8 responds, 9/21 had not before.
        ("psa50_time/by dose 3, incidence", 7 / 21 + 9 / 21 / 8, 21),
    ],
)
def test_responses_by_dose_have_every_denominator_and_an_incidence(
    numbers: dict[str, Any], key: str, value: float, n: int
) -> None:
    found = numbers[f"doses/treated_all/{key}/unadjusted"]
    assert (found["value"], found["n"]) == (pytest.approx(value), n)
    assert "treated_all/psa" in found["evidence"][0]


def test_eight_of_21_have_the_exact_interval_of_r(numbers: dict[str, Any]) -> None:
    found = numbers["doses/treated_all/psa50_time/by dose 6, of all treated/unadjusted"]
    assert (found["low"], found["high"]) == (pytest.approx(0.1810716, abs=1e-6), pytest.approx(0.6156456, abs=1e-6))


def test_the_timing_of_responders_is_said_to_be_conditional(run: Any) -> None:
    texts = [notice.text for notice in run.notices if notice.where == "doses, treated_all, psa50_time"]
    assert len(texts) == 1
    assert texts[0].startswith("8 of 21 responded; the dose at which responders responded is counted among those who")


def test_the_landmark_of_dose_3_leaves_out_who_never_had_it_and_calls_no_later_response_one(
    run: Any, numbers: dict[str, Any]
) -> None:
    groups = {
        answer: numbers[f"after/treated_all/os/PSA50 by dose 3: {answer}/unadjusted"]["n"] for answer in ("yes", "no")
    }
    assert groups == {"yes": 7, "no": 9}
    assert any("no landmark: 5 patients" in notice.text for notice in run.notices)


def test_states_of_the_course_add_up_and_lead_to_their_evidence(run: Any, numbers: dict[str, Any]) -> None:
    stopped = numbers["states/treated_all/course/stopped progression, 6 months/unadjusted"]
    dead = numbers["states/treated_all/course/dead, 6 months/unadjusted"]
    assert (stopped["value"], dead["value"]) == (pytest.approx(5 / 21), pytest.approx(4 / 21))
    assert stopped["evidence"] == ["treated_all/course.state_at_cut"]
    places = {(row.population, row.endpoint) for row in run.evidence}
    assert ("treated_all", "course.state_at_cut") in places
    times = {row["time_days"] for row in run.tables["occupancies"]}
    assert min(times) == 0


def test_survival_from_each_index_has_its_curve_and_its_own_patients(run: Any) -> None:
    curves = [row for row in run.tables["curves"] if row["analysis"] == "times"]
    first = {row["endpoint"]: row["at_risk"] for row in reversed(curves)}
    assert first == {"times.first_dose_os_data_cut": 21, "times.third_dose_os_data_cut": 16}


def test_every_number_has_a_key_of_its_own(run: Any, numbers: dict[str, Any]) -> None:
    of_time = [
        row for row in run.tables["estimates"] if row["analysis"] in ("doses", "days", "after", "moving", "states")
    ]
    keys = [key for key in numbers if key.split("/")[0] in ("doses", "days", "after", "moving", "states")]
    assert len(keys) == len(of_time) > 60


def test_every_patient_of_an_incidence_is_an_event_or_censored(run: Any) -> None:
    rows = [row for row in run.tables["incidences"] if (row["analysis"], row["endpoint"]) == ("doses", "psa50_time")]
    left = sum(row["events"] for row in rows) + sum(row["censored"] for row in rows if row["cause"] == "death")
    assert left == 21
    assert {row["time_unit"] for row in rows} == {"doses"}


def test_a_documented_stop_can_leave_out_who_completed() -> None:
    completed = rows_of("completed", (0, 42), [("say", 60, "obds_therapy_end", "F")])
    stopped = rows_of("stopped", (0, 42), [("say", 60, "obds_therapy_end", "P")])
    basis = CourseBasis(facts_of([completed, stopped]), day(CUT))
    plain = IndexDate(name="stop", event="documented_stop")
    assert "reasons" not in plain.model_dump()
    discontinued = IndexDate(name="stop", event="documented_stop", reasons=("progression", "toxicity"))
    names = [
        sorted(derive_index_dates(basis, index).patient_id.to_pyarrow().to_pylist()) for index in (plain, discontinued)
    ]
    assert names == [["completed", "stopped"], ["stopped"]]
