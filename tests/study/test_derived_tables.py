"""A study that asks for derived tables: rows, counts of patients and evidence, numbers by hand."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import HandFacts
from tests.study.conftest import WithPictures, on, run_computed

from lutrace.core import ProtocolError, Row
from lutrace.protocol import parse_protocol
from lutrace.report import ReleasePolicy
from lutrace.study import Computation, RunResult, compute_study, run_study
from lutrace.tables import FACT_TABLES

STUDY = """
study: history
title: What came before
question: What did the patients have before radioligand therapy?
population: {agents: [lu177_psma_617]}
landmarks:
  - {name: C2, label: SPECT of cycle 2, cycle: 2}
  - {name: C3, label: SPECT of cycle 3, cycle: 3, within: C2}
measures: {plan: suv3}
endpoints: [{kind: os, name: os, label: Overall survival}]
analyses: []
derived:
  - {kind: lines, name: before, label: Lines before radioligand therapy}
  - {kind: lines, name: by_landmark, label: Lines before the landmark, as_of: landmark}
  - {kind: line_queries, name: queries, label: Records that raise a question}
  - {kind: mcrpc, name: mcrpc, label: Date of mCRPC}
  - {kind: cycles, name: given, label: Cycles from all statements}
  - {kind: grade_groups, name: gleason, label: Grade group}
  - {kind: sites, name: sites, label: Sites of metastases}
"""


def _treatment(patient: str, agent: str, agent_class: str, begin: int | None, end: int | None) -> Row:
    return {
        "patient_id": patient,
        "agent": agent,
        "agent_class": agent_class,
        "begin_date": None if begin is None else on(begin),
        "begin_date_precision": "day",
        "end_date": None if end is None else on(end),
        "end_date_precision": None if end is None else "day",
        "record_key": f"{agent}{begin}",
    }


def history_rows() -> dict[str, list[Row]]:
    """The first five of the 66: two lines, one line, a taxane after the second SPECT, a record without begin, none.

    patient-00: docetaxel, then abiraterone, of mCRPC; patient-01: enzalutamide before mCRPC; patient-02: cabazitaxel
    from day 60; patient-03: olaparib without a begin; patient-04: nothing but metastases.
    """
    treatments = [
        _treatment("patient-00", "docetaxel", "taxane", -700, -600),
        _treatment("patient-00", "abiraterone", "arpi", -500, -100),
        _treatment("patient-01", "enzalutamide", "arpi", -900, -400),
        _treatment("patient-02", "cabazitaxel", "taxane", 60, 61),
        _treatment("patient-03", "olaparib", "parp", None, None),
    ]

    def diagnosis(patient: str, milestone: str, day: int, **more: Any) -> Row:
        return {"patient_id": patient, "milestone": milestone, "date": on(day), "date_precision": "day", **more}

    recorded: dict[str, Any] = {"method": "physician"}
    diagnoses = [
        diagnosis("patient-00", "mcrpc", -720, **recorded),
        diagnosis("patient-00", "crpc", -640, method="code", code="Z19.2"),
        diagnosis("patient-01", "mcrpc", -300, **recorded),
        diagnosis("patient-00", "initial", -2000, gleason_primary=4, gleason_secondary=3),
        diagnosis("patient-01", "initial", -2000, gleason_sum=7),
        diagnosis("patient-04", "metastatic", -10, code="C79.5"),
        diagnosis("patient-04", "metastatic", 50, code="C78.7"),
    ]
    said = [
        {
            "patient_id": "patient-00",
            "kind": "administration",
            "scope": "cycle",
            "begin_date": on(day),
            "begin_precision": "day",
            "agent": "lu177_psma_617",
            "activity_mbq": activity,
            "record_key": str(day),
        }
        for day, activity in ((1, 7000.0), (43, 7400.0))
    ]
    series = {
        "patient_id": "patient-01",
        "kind": "radiotherapy",
        "scope": "series",
        "begin_date": on(0),
        "begin_precision": "day",
        "end_date": on(90),
        "agent": "lu177_psma_617",
        "activity_mbq": 30000.0,
        "record_key": "series",
    }
    return {"treatments": treatments, "diagnoses": diagnoses, "cycle_statements": [*said, series]}


@pytest.fixture(scope="module")
def facts(abstract_rows: dict[str, list[Row]], abstract_facts: WithPictures) -> WithPictures:
    return WithPictures(HandFacts({**abstract_rows, **history_rows()}), abstract_facts.picture("any"))


@pytest.fixture(scope="module")
def ran(facts: WithPictures, tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """The study, run once for all tests of this file that only read."""
    return run_study(parse_protocol(STUDY, "history.yaml"), facts, tmp_path_factory.mktemp("out"))


@pytest.fixture
def computed(ran: RunResult) -> Computation:
    return ran.computation


def counted(computed: Computation, variable: str, landmark: str = "C2") -> dict[str | None, float]:
    """Patients by level; those of a yes under None; the unknown under `missing`."""
    return {
        "missing" if row["statistic"] == "missing" else row["level"]: row["value"]
        for row in computed.tables["summaries"]
        if row["variable"] == variable and row["group"] == landmark and row["value"]
    }


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ("before.lines", {"2": 1, "1": 1, "0": 64}),
        ("before.mcrpc_lines", {"2": 1, "0": 65}),
        ("before.taxane_regimens", {"1": 1, "0": 65}),
        ("before.arpi_regimens", {"1": 2, "0": 64}),
        ("before.parp_regimens", {"0": 66}),
        ("before.taxane_regimens_two_doses", {"1": 1, "0": 65}),
        ("by_landmark.taxane_regimens", {"1": 1, "0": 65}),
        ("queries.query_1", {None: 1}),
        ("queries.query_2", {}),
        ("mcrpc.definition", {"physician": 2, "surrogate": 64}),
        ("mcrpc.grade", {"A": 2, "E": 64}),
        ("mcrpc.dated", {None: 3}),
        ("mcrpc.conflict", {}),
        ("mcrpc.by_code", {None: 1}),
        ("mcrpc.code_physician", {"31 to 90 days apart": 1, "by one of the two": 1, "by neither": 64}),
        ("given.activity_conflict", {None: 1}),
        ("given.no_activity", {}),
        ("given.series", {None: 1}),
        ("given.series_differs", {None: 1}),
        ("gleason.grade_group", {"grade_group_3": 1, "not_knowable": 1, "missing": 64}),
        ("sites.bone", {None: 1}),
        ("sites.liver", {}),
    ],
)
def test_patients_are_counted_as_by_hand(computed: Computation, variable: str, expected: dict[str, float]) -> None:
    assert counted(computed, variable) == expected


def test_a_taxane_between_two_landmarks_is_prior_at_the_second_only(computed: Computation) -> None:
    assert counted(computed, "by_landmark.taxane_regimens", "C3") == {"1": 2, "0": 49}
    assert counted(computed, "before.taxane_regimens", "C3") == {"1": 1, "0": 50}


def test_every_number_adds_up_to_the_patients_of_its_landmark(computed: Computation) -> None:
    totals = {"C2": 66, "C3": 51}
    rows = [row for row in computed.derived.summaries if row["statistic"] != "median_iqr"]
    assert len(rows) > 200
    for row in rows:
        assert row["total"] == totals[row["group"]]
        assert 0 <= row["value"] <= row["total"]


def test_every_row_points_to_rows_that_exist(computed: Computation, facts: WithPictures) -> None:
    known = {
        row_id
        for table in ("treatments", "diagnoses", "cycles", "cycle_statements", "labs")
        for row_id in facts.table(FACT_TABLES[table]).row_id.to_pyarrow().to_pylist()
    }
    named = [row for row in computed.derived.evidence if row.source_row is not None]
    assert len(named) > 100
    assert {row.source_row for row in named} <= known
    assert all(row.source_row.startswith(f"{row.source_table}:") for row in named)


@pytest.fixture
def written(ran: RunResult) -> Path:
    return ran.results.parent


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_rows_leave_with_days_from_the_first_cycle_and_study_numbers(written: Path) -> None:
    lines = rows_of(written / "tables" / "before_lines.csv")
    own = [row for row in lines if row["patient_id"] == "S001"]
    assert [(row["line_number"], row["begin_day"], row["end_day"], row["agents"]) for row in own] == [
        ("1", "-700", "-600", "docetaxel"),
        ("2", "-500", "-100", "abiraterone"),
        ("3", "0", "84", "lu177_psma_617"),
    ]
    assert {row["notice"] for row in lines} == {
        "SYNTHETIC DATA: no person in this report exists; Research software, not a medical device; "
        "Data: Virtual (synthetic), no data cut, snapshot 000000000000."
    }


def test_no_date_and_no_pseudonym_is_in_any_file(written: Path) -> None:
    texts = [*(written / "tables").glob("*.csv"), written / "results.json", written / "evidence.csv"]
    assert len(texts) > 20
    for path in texts:
        text = path.read_text(encoding="utf-8")
        assert "patient-0" not in text, path.name
        assert re.search(r"\b20(1\d|2\d)-\d{2}-\d{2}\b", text) is None, path.name


def test_results_name_each_number_with_its_evidence_and_the_report_shows_it(written: Path) -> None:
    numbers = json.loads((written / "results.json").read_text(encoding="utf-8"))["numbers"]
    one = numbers["before/C2/before.taxane_regimens/count/1"]
    assert (one["value"], one["n"], one["N"], one["evidence"]) == (1.0, 66, 66, ["C2/before.taxane_regimens"])
    evidence = {(row["population"], row["endpoint"]) for row in rows_of(written / "evidence.csv")}
    assert ("C2", "before.taxane_regimens") in evidence
    page = (written / "report.html").read_text(encoding="utf-8")
    for words in ("Course and history", "Taxane: regimens before", "Grades of evidence", "Grade group 3"):
        assert words in page


def test_where_small_counts_are_hidden_no_row_leaves(
    ran: RunResult, facts: WithPictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_computed(monkeypatch, ran)
    policy = ReleasePolicy(min_cell=5)
    run_study(parse_protocol(STUDY, "history.yaml"), facts, tmp_path, policy=policy)
    assert [path.name for path in (tmp_path / "tables").glob("before_*.csv")] == ["before_counts.csv"]
    assert not (tmp_path / "tables" / "mcrpc_mcrpc_agreements.csv").exists()
    numbers = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["numbers"]
    assert numbers["before/C2/before.taxane_regimens/count/1"]["value"] == "<5"


def test_what_comes_after_the_data_cut_is_not_known(facts: WithPictures) -> None:
    cut = compute_study(parse_protocol(STUDY, "history.yaml"), facts, data_cut=on(86))
    tables = {one.name: one.rows for one in cut.derived.rows}
    assert {row["patient_id"]: row["verdict"] for row in tables["given_series_checks"]} == {}
    assert max(row["begin_date"] for row in tables["before_lines"]) <= on(86)
    early = compute_study(parse_protocol(STUDY, "history.yaml"), facts, data_cut=on(59))
    agents = {row["agent"] for one in early.derived.rows if one.table == "line_agents" for row in one.rows}
    assert "cabazitaxel" not in agents


def test_a_study_without_derived_tables_does_not_name_them() -> None:
    without = parse_protocol(STUDY[: STUDY.index("derived:")], "history.yaml")
    assert "derived" not in without.as_document()
    assert parse_protocol(without.as_yaml(), "again.yaml").digest == without.digest
    with_them = parse_protocol(STUDY, "history.yaml")
    assert parse_protocol(with_them.as_yaml(), "again.yaml").digest == with_them.digest != without.digest


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("name: sites", "name: components"), "a name that no analysis or table of the report has, got 'components'"),
        (("name: sites", "name: gleason"), "derived: the name 'gleason' stands twice"),
        (("kind: sites", "kind: places"), "derived"),
    ],
)
def test_a_fault_in_a_derived_table_is_told(change: tuple[str, str], words: str) -> None:
    with pytest.raises(ProtocolError, match=re.escape(words)):
        parse_protocol(STUDY.replace(*change), "history.yaml")
