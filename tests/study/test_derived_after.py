"""A study that asks for what happened after the first cycle: course, times, toxicity, questionnaires, PSA switches.

Of the 66 patients 51 have three doses (days 0, 42, 84), 15 have two; 19 die. Six have more, told in `more_rows`.
"""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from tests.conftest import HandFacts
from tests.study.conftest import N_C2, N_C3, WithPictures, on

from lutrace.core import MissingFactError, ProtocolError, Row
from lutrace.protocol import parse_protocol
from lutrace.study import Computation, RunResult, run_study
from lutrace.study.derived import derive_item
from lutrace.study.derived_parts import Ground
from lutrace.study.presentation import compose_spec
from lutrace.study.review_status import ReviewStatus
from lutrace.tables import FACT_TABLES

STUDY = """
study: after
title: What came after
question: What happened after the first cycle?
population: {agents: [lu177_psma_617]}
landmarks:
  - {name: C2, label: SPECT of cycle 2, cycle: 2}
  - {name: C3, label: SPECT of cycle 3, cycle: 3, within: C2}
measures: {plan: suv3}
endpoints:
  - {kind: os, name: os, label: Overall survival}
  - {kind: psa_pfs, name: psa_pfs, label: PSA-PFS}
  - {kind: time_to_worsening, name: pain, label: Worse pain, instrument: bpi-sf, scale: severity}
analyses: []
derived:
  - {kind: course, name: course, label: Course of therapy, rules: {planned_cycles: 3}}
  - kind: survival_times
    name: times
    label: Survival from several days
    indexes:
      - {name: first_dose}
      - {name: second_dose, event: cycle, number: 2, entry: spect, entry_number: 2}
      - {name: after_12_weeks, landmark: 84 days}
      - {name: next, event: next_line}
    endpoints: [os, time_on_treatment]
    censor_rules: [data_cut, last_activity]
    rules: {planned_cycles: 3}
  - {kind: toxicity, name: toxicity, label: Toxicity}
  - {kind: grade_flips, name: versions, label: Grades by other versions}
  - {kind: completion, name: by_cycle, label: Pain questionnaires by cycle, instrument: bpi-sf, scale: severity}
  - {kind: completion, name: by_day, label: By day, instrument: bpi-sf, scale: severity, by: day, days: [0, 60]}
  - {kind: worsening_variants, name: variants, label: Worse pain by rule, of: pain}
  - {kind: psa_switches, name: switches, label: PSA by switch, of: psa_pfs}
"""
CUT = on(420)
_LIMITS = {
    "haemoglobin": (13.0, 17.0, "g/dL"),
    "neutrophils": (2.0, 7.0, "10^9/L"),
    "platelets": (None, None, "10^9/L"),
    "psa": (None, None, "ng/mL"),
}


def _lab(patient: str, analyte: str, day: int, value: float) -> Row:
    lln, uln, unit = _LIMITS[analyte]
    row = {"patient_id": patient, "date": on(day), "analyte": analyte, "value": value, "value_text": str(value)}
    return row | {"unit": unit, "canonical_unit": unit, "lln": lln, "uln": uln, "record_key": f"{analyte}{day}"}


def _sheet(patient: str, day: int, answers: tuple[float, ...]) -> list[Row]:
    items = zip(("Q3", "Q4", "Q5", "Q6"), answers, strict=False)
    stem = {"patient_id": patient, "date": on(day), "instrument": "bpi-sf"}
    return [{**stem, "item": item, "answer": answer} for item, answer in items]


def more_rows(rows: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """What six of the patients have beside the rows of the cohort.

    patient-00: cabazitaxel from day 150, red cells on days 100 and 160; haemoglobin 12.0 before, 9.5, then 7.5;
    clinicians: anaemia grade 2 before and going on, grade 3 on day 50; pain 2 before, 4 on day 60, 2 on day 100.
    patient-01: stopped for progression on day 84, hospice on day 120; neutrophils 0.4; PSA doubles on day 200.
    patient-02: pain 3 before; three of four items at cycle 2. patient-03: PSA back at the nadir between rise and
    confirmation. patient-04: a reason of the stop that means nothing. patient-05: platelets 120 without a lower limit.
    """
    psa = {row["patient_id"]: row["value"] for row in rows["labs"] if row["record_key"] == "-5"}
    labs = [
        _lab("patient-00", "haemoglobin", -3, 12.0),
        _lab("patient-00", "haemoglobin", 20, 9.5),
        _lab("patient-00", "haemoglobin", 50, 7.5),
        _lab("patient-01", "neutrophils", 30, 0.4),
        _lab("patient-01", "psa", 200, 2 * psa["patient-01"]),
        _lab("patient-03", "psa", 140, 0.38 * psa["patient-03"]),
        _lab("patient-05", "platelets", 30, 120.0),
    ]
    anaemia = {"patient_id": "patient-00", "term": "Anemia", "criteria": "ctcae-5.0", "reporter": "clinician"}
    line = {"patient_id": "patient-00", "agent": "cabazitaxel", "agent_class": "taxane", "record_key": "1"}
    ends = [("patient-01", "obds_therapy_end", "P", 84), ("patient-04", "obds_therapy_end", "Z", 84)]
    return {
        "labs": [*rows["labs"], *labs],
        "treatments": [{**line, "begin_date": on(150), "begin_date_precision": "day"}],
        "support": [
            {"patient_id": "patient-00", "date": on(day), "kind": "red_cells", "record_key": str(day)}
            for day in (100, 160)
        ],
        "adverse_events": [
            {**anaemia, "grade": grade, "begin_date": on(day), "begin_date_precision": "day", "record_key": str(day)}
            for grade, day in ((2, -10), (3, 50))
        ],
        "dispositions": [
            {"patient_id": name, "code_system": system, "code": code, "date": on(day), "date_precision": "day"}
            | {"record_key": "1"}
            for name, system, code, day in ends
        ],
        "disease_events": [
            {"patient_id": "patient-01", "kind": "hospice", "date": on(120), "date_precision": "day", "record_key": "1"}
        ],
        "questionnaires": [
            *_sheet("patient-00", -1, (2, 2, 2, 2)),
            *_sheet("patient-00", 60, (4, 4, 4, 4)),
            *_sheet("patient-00", 100, (2, 2, 2, 2)),
            *_sheet("patient-02", -1, (3, 3, 3, 3)),
            *_sheet("patient-02", 42, (3, 3, 3)),
        ],
    }


@pytest.fixture(scope="module")
def facts(abstract_rows: dict[str, list[Row]], abstract_facts: WithPictures) -> WithPictures:
    return WithPictures(HandFacts({**abstract_rows, **more_rows(abstract_rows)}), abstract_facts.picture("any"))


@pytest.fixture(scope="module")
def ran(facts: WithPictures, tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """The study, run once for all tests of this file."""
    return run_study(parse_protocol(STUDY, "after.yaml"), facts, tmp_path_factory.mktemp("out"), data_cut=CUT)


@pytest.fixture
def computed(ran: RunResult) -> Computation:
    return ran.computation


@pytest.fixture
def written(ran: RunResult) -> Path:
    return ran.results.parent


def counted(computed: Computation, variable: str, landmark: str = "C2") -> dict[str | None, float]:
    """Patients by level; those of a yes under None; the missing by why, or under `missing`."""
    return {
        row["level"] or ("missing" if row["statistic"] == "missing" else None): row["value"]
        for row in computed.tables["summaries"]
        if row["variable"] == variable and row["group"] == landmark and row["value"]
    }


def deaths(rows: dict[str, list[Row]]) -> dict[str, int]:
    """The day of each death."""
    return {row["patient_id"]: (row["date"] - on(0)).days for row in rows["follow_up"] if row["status"] == "dead"}


def test_the_course_adds_up_and_names_each_end(computed: Computation, abstract_rows: dict[str, list[Row]]) -> None:
    two_doses = {f"patient-{number:02d}" for number in range(N_C3, N_C2)}
    died_on_treatment = sum(1 for name, day in deaths(abstract_rows).items() if name in two_doses and day <= 42 + 112)
    ended = {"completed": 50.0, "progression": 1.0, "death": died_on_treatment, "not_recorded": 15 - died_on_treatment}

    assert counted(computed, "course.ended") == {name: n for name, n in ended.items() if n}
    assert sum(counted(computed, "course.followed_by").values()) == N_C2
    followed = counted(computed, "course.followed_by")
    assert (followed["next_line"], followed["hospice"]) == (1, 1)
    assert sum(counted(computed, "course.state_at_cut").values()) == N_C2


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ("course.support_0_red_cells", {None: 1}),
        ("course.support_1_red_cells", {None: 1}),
        ("course.support_2_any", {}),
        ("course.query_code_not_counted", {None: 1}),
        ("times.first_dose_os_data_cut", {"death": 19, "censored": 47}),
        ("times.next_os_data_cut", {"censored": 1, "no_index": 65}),
        ("toxicity.anemia_laboratory_worst", {"3": 1, "no_value": 65}),
        ("toxicity.anemia_laboratory_shift", {"1 to 3": 1, "no_value": 65}),
        ("toxicity.anemia_laboratory_cycle_1", {"2": 1, "no_value": 65}),
        ("toxicity.anemia_laboratory_cycle_2", {"3": 1, "no_value": 65}),
        ("toxicity.anemia_laboratory_severe", {None: 1, "no_value": 65}),
        ("toxicity.anemia_clinician_shift", {"2 to 3": 1, "no_value": 65}),
        ("toxicity.anemia_clinician_emergent", {None: 1, "no_value": 65}),
        ("toxicity.platelet_count_decreased_laboratory_worst", {"cannot_be_graded": 1, "no_value": 65}),
        ("toxicity.platelet_count_decreased_laboratory_shift", {"cannot_be_graded": 1, "no_value": 65}),
        ("toxicity.platelet_count_decreased_laboratory_severe", {"cannot_be_graded": 1, "no_value": 65}),
        ("toxicity.platelet_count_decreased_laboratory_to_severe", {"cannot_be_graded": 1, "no_value": 65}),
        ("toxicity.neutrophil_count_decreased_laboratory_emergent", {"no_baseline": 1, "no_value": 65}),
        ("toxicity.neutrophil_count_decreased_laboratory_to_recovery", {"not_recovered": 1, "no_value": 65}),
        ("versions.platelet_count_decreased_ctcae_4_0_worst", {"cannot_be_graded": 1, "no_value": 65}),
        ("toxicity.neutrophil_count_decreased_laboratory_worst", {"4": 1, "no_value": 65}),
        ("versions.neutrophil_count_decreased_ctcae_6_0_worst", {"lower": 1, "no_value": 65}),
        ("versions.neutrophil_count_decreased_ctcae_4_0_worst", {"same": 1, "no_value": 65}),
        ("versions.anemia_ctcae_6_0_any", {"no_value": 65}),
        ("by_cycle.cycle_1", {"valid": 2, "no_sheet": 64}),
        ("by_cycle.cycle_2", {"too_few_items": 1, "no_sheet": 65}),
        ("by_day.day_60", {"valid": 1, "too_few_items": 1, "no_sheet": 64}),
        ("variants.as_stated", {"worsening": 1, "censored": 1, "left_out": 64}),
        ("variants.confirmed_by_the_next", {"censored": 2, "left_out": 64}),
        ("switches.confirmation_unbroken_progression", {"same": 65, "event lost": 1}),
        ("switches.unconfirmed_event_progression", {"same": 65, "event gained": 1}),
        ("switches.minimum_baseline_2_ng/mL_progression", {"same": 66}),
        ("switches.confirmation_unbroken_psa50", {}),
    ],
)
def test_patients_are_counted_as_by_hand(computed: Computation, variable: str, expected: dict[str, float]) -> None:
    assert counted(computed, variable) == expected


def test_days_are_medians_with_the_number_behind_them(computed: Computation) -> None:
    found = {
        row["variable"]: (row["value"], row["n"], row["unit"])
        for row in computed.tables["summaries"]
        if row["statistic"] == "median_iqr" and row["group"] == "C2"
    }
    assert found["toxicity.anemia_laboratory_to_severe"] == (50.0, 1, "d")
    assert found["course.n_doses"] == (3.0, 66, "doses")
    assert found["times.second_dose_dates"] == (1.0, 66, "dates")


def test_times_of_each_kind_have_their_median_with_patients_and_events(
    computed: Computation, abstract_rows: dict[str, list[Row]]
) -> None:
    found = {(row["population"], row["endpoint"]): row for row in computed.derived.estimates}
    whole, delayed = found["C2", "times.first_dose_os_data_cut"], found["C2", "times.second_dose_os_data_cut"]
    late = found["C2", "times.after_12_weeks_os_data_cut"]
    none = found["C3", "times.next_os_last_activity"]
    died = deaths(abstract_rows)
    three = {f"patient-{number:02d}" for number in range(N_C3)}

    assert (whole["n"], whole["events"], whole["unit"], whole["measure"]) == (66, 19, "weeks", "median")
    assert (delayed["n"], delayed["events"]) == (66, 19)
    assert "delayed entry" in delayed["method"] and "delayed entry" not in whole["method"]
    assert (late["n"], late["events"]) == (66, 19)
    assert (none["n"], none["events"]) == (1, 0)
    assert found["C3", "times.first_dose_os_data_cut"]["events"] == len(three & set(died))


def test_every_class_adds_up_and_every_row_points_to_rows_that_exist(
    computed: Computation, facts: WithPictures
) -> None:
    totals = {"C2": 66, "C3": 51}
    for row in computed.derived.summaries:
        assert row["total"] == totals[row["group"]]
    tables = ("treatments", "labs", "cycles", "follow_up", "dispositions", "disease_events", "support", "scans")
    tables = (*tables, "adverse_events", "questionnaires", "reader_findings")
    known = {i for name in tables for i in facts.table(FACT_TABLES[name]).row_id.to_pyarrow().to_pylist()}
    named = [row for row in computed.derived.evidence if row.source_row is not None]
    assert len(named) > 1000
    assert {row.source_row for row in named} <= known
    assert all(row.source_row.startswith(f"{row.source_table}:") for row in named)


def test_rows_and_counts_are_written_without_dates_and_pseudonyms(written: Path) -> None:
    names = {path.name for path in (written / "tables").glob("*.csv")}
    rows = ("course_courses", "course_course_states", "course_course_counts", "times_survival_times")
    rows = (*rows, "toxicity_toxicity_courses", "toxicity_toxicity_cycles", "versions_grade_flips")
    rows = (*rows, "by_cycle_completions", "by_cycle_completion_visits", "variants_worsenings", "switches_psa_flips")
    assert {f"{name}.csv" for name in rows} <= names
    for path in (*(written / "tables").glob("*.csv"), written / "results.json", written / "evidence.csv"):
        text = path.read_text(encoding="utf-8")
        assert "patient-0" not in text, path.name
        assert re.search(r"\b20(1\d|2\d)-\d{2}-\d{2}\b", text.replace(CUT.isoformat(), "")) is None, path.name


def test_results_and_report_show_counts_and_medians(written: Path) -> None:
    numbers = json.loads((written / "results.json").read_text(encoding="utf-8"))["numbers"]
    one = numbers["course/C2/course.ended/count/completed"]
    assert (one["value"], one["n"], one["N"]) == (50.0, 66, 66)
    median = numbers["times/C2/times.first_dose_os_data_cut/all/unadjusted"]
    assert (median["n"], median["events"], median["evidence"][0]) == (66, 19, "C2/times.first_dose_os_data_cut")
    with (written / "evidence.csv").open(encoding="utf-8", newline="") as file:
        evidence = {(row["population"], row["endpoint"]) for row in csv.DictReader(file)}
    assert ("C2", "times.first_dose_os_data_cut") in evidence
    page = (written / "report.html").read_text(encoding="utf-8")
    for words in ("How radioligand therapy ended", "planned cycles completed", "Anemia (clinician): shift", "medians"):
        assert words in page


WRITTEN_OUT = """
report:
  sections:
    - {title: Times, items: [{show: derived, name: shown, caption: Survival, of: times}]}
"""


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ("", ["shown", "times_medians"]),
        ("- {title: M, items: [{show: estimates, name: own, caption: M, analyses: [times]}]}", ["shown", "own"]),
    ],
)
def test_medians_follow_the_counts_of_times_in_a_report_that_is_written_out(
    computed: Computation, more: str, names: list[str]
) -> None:
    protocol = parse_protocol(f"{STUDY}{WRITTEN_OUT}    {more}\n", "after.yaml")
    spec = compose_spec(protocol, key_numbers=(), status=ReviewStatus("", ""), derived=computed.derived)
    assert [item.name for section in spec.sections for item in section.items] == names


def test_notes_name_each_index_date_with_its_number_and_say_each_rule_once(computed: Computation) -> None:
    notes = computed.derived.notes
    assert "second_dose: time runs from cycle 2; at risk from spect 2 on." in notes["times"]
    assert "after_12_weeks: time runs from first cycle, 84 days later (landmark)." in notes["times"]
    told = [note.partition(": ") for note in notes["variants"]]
    assert len({words for _, _, words in told}) == len(told)
    assert told[0][0] == (
        "as stated; or death; or recorded progression; or death or recorded progression; no pause over 126 days"
    )


def test_without_a_data_cut_the_course_is_refused_with_what_to_do(facts: WithPictures) -> None:
    protocol = parse_protocol(STUDY, "after.yaml")
    ground = Ground.of(facts, protocol, [], None, whole=facts)
    with pytest.raises(MissingFactError, match=r"derived\.course: .*--data-cut"):
        derive_item(ground, protocol.derived[0])


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        ("of: pain}", "of: os}", r"derived\.variants\.of: expected one of pain, got 'os'"),
        ("of: psa_pfs}", "of: pain}", r"derived\.switches\.of: expected one of psa_pfs, got 'pain'"),
        ("label: Grades by other versions", "label: g, against: [ctcae-5.0]", "another version than that of the rules"),
        ("label: Toxicity}", "label: t, terms: [Baldness]}", "expected laboratory terms of CTCAE, got Baldness"),
        ("label: By day, instrument: bpi-sf", "label: b, instrument: sf-36", "expected one of fact-p"),
        ("{name: first_dose}", "{name: next}", "index dates with names of their own"),
    ],
)
def test_what_a_derived_table_cannot_be_made_of_is_refused(right: str, wrong: str, fault: str) -> None:
    assert right in STUDY
    with pytest.raises(ProtocolError, match=fault):
        parse_protocol(STUDY.replace(right, wrong), "after.yaml")
