"""Pages of single patients: what they hold, and that they leave only where rows of persons may."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.report.test_course_figures import BANDS, EVENTS, HB, SERIES, STATES, outside, overlapping, texts_of

from lutrace.core import Row
from lutrace.report import PatientSheets, ReleasePolicy, ReportFiles, ReportInput, RowTable, Section, render_report
from lutrace.report.evidence import index_evidence
from lutrace.report.material import Material
from lutrace.report.patient_sheet_figure import draw_sheet, list_facts
from lutrace.report.timeline_figure import PatientRows

_DATED = {"trajectories": "date", "timeline_events": "date", "course_states": "entry_date"}


def tables() -> tuple[RowTable, ...]:
    """Row tables as a run gives them: pseudonyms, and dates that must not leave."""
    rows = {"trajectories": [*SERIES, *HB], "timeline_events": EVENTS, "course_states": STATES}
    return tuple(RowTable(f"t_{name}", name, [_as_derived(row, name) for row in own]) for name, own in rows.items())


def _as_derived(row: Row, table: str) -> Row:
    dates = {"date": None, "end_date": None} if table == "timeline_events" else {_DATED[table]: None}
    dates |= {"exit_date": None} if table == "course_states" else {}
    return {**row, **dates, "patient_id": f"pseudonym-{row['patient_id'][1:]}"}


@pytest.fixture(scope="module")
def made(report_input: ReportInput, tmp_path_factory: pytest.TempPathFactory) -> tuple[ReportFiles, Path]:
    folder = tmp_path_factory.mktemp("sheets")
    return render_report(with_sheets(report_input), folder), folder


def with_sheets(report_input: ReportInput, policy: ReleasePolicy | None = None) -> ReportInput:
    """The sample report with a section of pages and nothing else; the pictures are those of one patient."""
    sheets = PatientSheets("sheets", "Pages of patients", "t", "t", first=2)
    pictures = [replace(one, panel="sheets", patient_id="pseudonym-001") for one in report_input.pictures]
    spec = replace(report_input.spec, sections=(Section("Patients", (), (sheets,)),), key_numbers=())
    return replace(
        report_input, spec=spec, row_tables=tables(), pictures=pictures, policy=policy or report_input.policy
    )


def test_each_patient_has_a_page_under_the_number_of_the_report(made: tuple[ReportFiles, Path]) -> None:
    _, folder = made
    pages = sorted(path.name for path in (folder / "patients").iterdir())
    assert pages == ["S001.csv", "S001.html", "S001.pdf", "S002.csv", "S002.html", "S002.pdf", "index.html"]
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert 'href="patients/index.html"' in report and ">S001<" in report
    index = (folder / "patients" / "index.html").read_text(encoding="utf-8")
    assert 'href="S001.html"' in index and 'href="S002.html"' in index


def test_a_page_says_what_it_is_and_holds_no_pseudonym_and_no_date(made: tuple[ReportFiles, Path]) -> None:
    page = (made[1] / "patients" / "S001.html").read_text(encoding="utf-8")
    for words in ("SYNTHETIC DATA", "Research software, not a medical device", "No recommendation", "Patient S001"):
        assert words in page
    assert "pseudonym" not in page
    assert set(re.findall(r"\d{4}-\d{2}-\d{2}", page)) == {"2025-01-31"}  # the data cut


def test_the_facts_of_a_page_are_those_of_the_patient_with_row_and_rule(made: tuple[ReportFiles, Path]) -> None:
    page = (made[1] / "patients" / "S001.html").read_text(encoding="utf-8")
    facts = re.findall(r'<th scope="row">([^<]*)</th><td class="w">([^<]*)</td><td>([^<]*)</td>', page)
    assert ("Overall survival (start of cycle 2)", "no event (censored)", "7") in facts  # days 7, event every third
    assert len(facts) == 5 and f"labs:{1:020x}" in page and "last value on or before time zero" in page


def test_the_rows_of_a_page_are_written_beside_it(made: tuple[ReportFiles, Path]) -> None:
    with (made[1] / "patients" / "S001.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["patient_id"] for row in rows} == {"S001"}
    kinds = [(row["drawn_as"], row["name"], row["begin_day"]) for row in rows]
    assert ("event", "psa50", "35.0") in kinds and ("state", "on_treatment", "0") in kinds
    assert [row["value"] for row in rows if row["name"] == "haemoglobin"] == ["12.4", "9.6", "7.4"]


@pytest.mark.parametrize("policy", [ReleasePolicy(min_cell=5), ReleasePolicy(patient_level=False)])
def test_no_page_leaves_where_rows_of_persons_may_not(
    report_input: ReportInput, tmp_path: Path, policy: ReleasePolicy
) -> None:
    render_report(with_sheets(report_input, policy), tmp_path)
    assert not (tmp_path / "patients").exists()
    assert "S001" not in (tmp_path / "report.html").read_text(encoding="utf-8")


def sheet(results: Sequence[Row], values: Sequence[Row] = (), events: Sequence[Row] = EVENTS) -> Any:
    material = Material({}, {"psa": "PSA"}, index_evidence((), {}, labels={}, values_of={}))
    own = [[row for row in rows if row["patient_id"] == "S001"] for rows in (results, events, STATES)]
    rows = PatientRows("S001", own[0], own[1], own[2], BANDS)
    return draw_sheet(rows, list_facts(values, material), material, title="A study", pictures=())


@pytest.mark.usefixtures("themed")
def test_the_page_is_one_sheet_on_which_no_texts_touch(sample: Any) -> None:
    values = [{**sample.value_row(1, f"value_{n}", value=float(n), unit="g/dL"), "date": None} for n in range(80)]
    figure = sheet([*SERIES, *HB], values)
    assert tuple(figure.get_size_inches()) == (8.27, 11.69)
    assert overlapping(figure) == [] and outside(figure) == []
    assert any("further facts on the page of the patient" in text.get_text() for text in texts_of(figure))


@pytest.mark.usefixtures("themed")
def test_psa_is_on_a_log_axis_with_the_lines_of_the_baseline() -> None:
    psa = next(axes for axes in sheet(SERIES).axes if axes.get_yscale() == "log")
    levels = [line.get_ydata()[0] for line in psa.lines if list(line.get_xdata()) == [0, 1]]
    assert levels == [100.0, 50.0]  # 90 % below lies outside of what was measured
    assert {text.get_text() for text in psa.texts} == {"baseline", "−50%"}


@pytest.mark.usefixtures("themed")
def test_series_without_room_are_named_and_left_to_the_files() -> None:
    many = [{**row, "series": f"analyte_{n}"} for n in range(14) for row in HB]
    figure = sheet([*SERIES, *many])
    assert any("not drawn for want of room: analyte" in text.get_text() for text in texts_of(figure))
    assert outside(figure) == []


@pytest.mark.usefixtures("themed")
def test_a_patient_of_one_event_has_a_page_too() -> None:
    figure = sheet([], events=[event for event in EVENTS if event["kind"] == "dose"][:1])
    assert [label.get_text() for label in figure.axes[-2].get_yticklabels()] == ["Doses, GBq", "Course"]
