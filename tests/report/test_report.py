from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from lutrace.core import DisclosureError, MissingFactError, read_rows
from lutrace.report import (
    AgreementTable,
    AttritionTable,
    EstimateTable,
    EvidenceRow,
    KeyNumber,
    Notice,
    NoticeTable,
    ReleasePolicy,
    ReportFiles,
    ReportInput,
    ReportSpec,
    Section,
    SummaryTable,
    render_report,
)
from lutrace.report.composition import compose_table
from lutrace.report.evidence import index_evidence
from lutrace.report.material import Material

HOSTILE = '</script><script>alert(1)</script><img src=x onerror="alert(2)">&amp;'


def all_files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def texts_of(name: str, content: bytes) -> str:
    """What stands in a file, packages opened."""
    if name.endswith((".docx", ".xlsx")):
        package = zipfile.ZipFile(io.BytesIO(content))
        return "".join(package.read(part).decode("utf-8", "replace") for part in package.namelist())
    return content.decode("utf-8", "replace")


def test_the_same_input_gives_the_same_bytes_in_every_file(
    rendered: ReportFiles, report_input: ReportInput, tmp_path: Path
) -> None:
    render_report(report_input, tmp_path)
    first, second = all_files(rendered.html.parent), all_files(tmp_path)
    assert list(first) == list(second)
    assert [name for name in first if first[name] != second[name]] == []


def test_every_kind_of_file_is_written(rendered: ReportFiles) -> None:
    names = set(all_files(rendered.html.parent))
    assert {"report.html", "report.docx", "evidence.csv"} <= names
    assert {f"tables/cox.{ending}" for ending in ("csv", "xlsx", "tex")} <= names
    for figure in ("flow", "forest", "km_os", "waterfall", "scatter", "mip"):
        assert {f"figures/{figure}.{ending}" for ending in ("svg", "png", "pdf", "csv")} <= names
    assert len(rendered.tables) == 18
    assert len(rendered.figures) == 24


class Requests(HTMLParser):
    """Whatever a browser would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.handlers: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        for name, value in attrs:
            if name in ("src", "srcset", "poster", "data", "action", "background") or (name == "href" and tag != "a"):
                self.fetched.append(value or "")
            if name.startswith("on"):
                self.handlers.append(name)


def test_the_page_asks_for_nothing_outside_itself(rendered: ReportFiles) -> None:
    text = rendered.html.read_text(encoding="utf-8")
    requests = Requests()
    requests.feed(text)
    assert all(uri.startswith("data:image/") for uri in requests.fetched)
    assert "url(" not in text and "@import" not in text
    assert re.findall(r'href="(?:[a-z]+:)?//', text) == []
    assert "default-src 'none'" in text


def test_links_of_the_page_lead_to_files_that_are_there(rendered: ReportFiles) -> None:
    text = rendered.html.read_text(encoding="utf-8")
    links = set(re.findall(r'href="([^"#]+)"', text))
    assert len(links) == 18 + 24 + 1
    assert [link for link in links if not (rendered.html.parent / link).is_file()] == []


def test_nothing_in_the_input_can_become_markup_or_script(report_input: ReportInput, tmp_path: Path) -> None:
    tables = {name: [dict(row) for row in rows] for name, rows in report_input.tables.items()}
    tables["attrition"][1]["reason"] = HOSTILE
    tables["summaries"][0]["variable"] = HOSTILE
    evidence = [*report_input.evidence, EvidenceRow("pseudonym-001", "c2", "os", rule=HOSTILE)]
    hostile = replace(
        report_input,
        title=HOSTILE,
        subtitle=HOSTILE,
        meta=replace(report_input.meta, protocol_yaml=HOSTILE, centre=HOSTILE),
        tables=tables,
        evidence=evidence,
        notices=(Notice(HOSTILE, HOSTILE),),
        spec=replace(report_input.spec, labels={"c2": HOSTILE, "psa_change": HOSTILE}, methods=(HOSTILE,)),
    )
    files = render_report(hostile, tmp_path)
    requests = Requests()
    requests.feed(files.html.read_text(encoding="utf-8"))
    assert requests.scripts == 2
    assert requests.handlers == []
    assert all(uri.startswith("data:image/") for uri in requests.fetched)


def test_no_pseudonym_and_no_date_of_a_person_leaves_in_any_file(rendered: ReportFiles) -> None:
    for name, content in all_files(rendered.html.parent).items():
        text = texts_of(name, content)
        assert "pseudonym-" not in text, name
        assert "2024-03-01" not in text and "2024-02-01" not in text, name
    assert "endpoint_values.date" in rendered.html.read_text(encoding="utf-8")


def test_every_file_says_that_the_data_are_synthetic_and_that_this_is_no_device(rendered: ReportFiles) -> None:
    for name, content in all_files(rendered.html.parent).items():
        if name.endswith((".svg", ".png", ".pdf")):
            continue  # the words are drawn, seen by test_figures
        text = texts_of(name, content)
        assert "SYNTHETIC DATA" in text, name
        assert "Research software, not a medical device" in text, name


def test_the_banner_of_a_workbook_stands_in_its_sheet(rendered: ReportFiles) -> None:
    path = next(path for path in rendered.tables if path.name == "cox.xlsx")
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    assert "Research software, not a medical device" in [row[0] for row in sheet.iter_rows(values_only=True)]


def test_records_of_patients_carry_no_synthetic_mark(report_input: ReportInput, tmp_path: Path) -> None:
    meta = replace(report_input.meta, synthetic=False)
    spec = ReportSpec((Section("Patients", (), (SummaryTable("t", "Patients", "table1"),)),))
    files = render_report(replace(report_input, meta=meta, spec=spec), tmp_path)
    text = files.html.read_text(encoding="utf-8")
    assert "SYNTHETIC" not in text
    assert "Research software, not a medical device" in text


def test_the_report_names_what_it_was_made_from(rendered: ReportFiles) -> None:
    text = rendered.html.read_text(encoding="utf-8")
    for fact in ("a" * 64, "b" * 64, "2025-01-31", "study: early-spect-response", "Time zero is the start of cycle 2."):
        assert fact in text


def evidence_of(rendered: ReportFiles) -> dict[str, Any]:
    text = rendered.html.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="evidence-data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    document: dict[str, Any] = json.loads(found.group(1))
    return document


def test_each_number_with_evidence_leads_to_the_rows_behind_it(rendered: ReportFiles) -> None:
    document = evidence_of(rendered)
    text = rendered.html.read_text(encoding="utf-8")
    used = {int(number) for number in re.findall(r'data-ev="(\d+)"', text)}
    assert used == set(range(len(document["links"])))
    ratio = re.search(r'data-ev="(\d+)">2\.10 \(1\.50–2\.94\)', text)
    assert ratio is not None
    link = document["links"][int(ratio.group(1))]
    endpoints = [document["texts"][document["columns"]["endpoint"][begin]] for begin, _ in link["ranges"]]
    assert endpoints == ["os", "ttv_log2"]
    assert [end - begin for begin, end in link["ranges"]] == [66, 66]


def test_the_median_of_a_group_leads_to_the_patients_of_that_group(rendered: ReportFiles) -> None:
    document = evidence_of(rendered)
    classes = [link["classes"] for link in document["links"]]
    assert [[None, "new"]] in classes
    assert [[None, "none"]] in classes


def test_evidence_holds_the_same_rows_for_readers_without_scripts(rendered: ReportFiles) -> None:
    assert rendered.evidence is not None
    rows = read_rows(rendered.evidence)
    document = evidence_of(rendered)
    assert len(rows) == len(document["columns"]["patient"]) == 66 * 6 + 1
    assert rows[0]["patient"] == "S001"


def test_a_cell_of_a_confusion_matrix_leads_to_the_patients_in_it(report_input: ReportInput, tmp_path: Path) -> None:
    def classified(patient: int, side: str, category: str) -> EvidenceRow:
        endpoint = f"concordance.same sign.{side}"
        return EvidenceRow(f"pseudonym-{patient:03d}", "c2", endpoint, value=-1.0, category=category)

    pairs = [("fall", "fall"), ("fall", "rise"), ("rise", "rise"), ("fall", "rise")]
    evidence = [
        classified(patient, side, category)
        for patient, pair in enumerate(pairs, start=1)
        for side, category in zip(("row", "column"), pair, strict=True)
    ]
    spec = ReportSpec((Section("s", (), (AgreementTable("t", "", "concordance", "TTV", "PSA"),)),))
    index = index_evidence(evidence, {row.patient_id: row.patient_id for row in evidence}, labels={}, values_of={})
    compose_table(spec.sections[0].items[0], Material(report_input.tables, {}, index))
    found = {link.classes: sorted({row.patient_id for row in index.rows_of(link)}) for link in index.links}
    assert found[("concordance.same sign.row", "fall"), ("concordance.same sign.column", "rise")] == [
        "pseudonym-002",
        "pseudonym-004",
    ]


def test_the_patients_left_at_a_step_are_the_members_and_those_lost_later(
    report_input: ReportInput, tmp_path: Path
) -> None:
    lost = [EvidenceRow(f"pseudonym-{patient:03d}", "c2", "attrition:3") for patient in (70, 71, 72)]
    spec = ReportSpec((Section("s", (), (AttritionTable("t", "", ("c2",)),)),))
    changed = replace(report_input, spec=spec, evidence=[*report_input.evidence, *lost])
    document = evidence_of(render_report(changed, tmp_path))
    sizes = {link["title"]: sum(end - begin for begin, end in link["ranges"]) for link in document["links"]}
    assert sizes["c2 · left after: Quantitative SPECT/CT at cycles 1 and 2"] == 69
    assert sizes["c2 · left after: Alive and without progression at the start of cycle 2"] == 66
    assert sizes["c2 · left out: event before time zero"] == 3
    assert len(sizes) == 3, "steps whose patients are not all known have no link"


def test_a_covariate_leads_to_the_value_that_it_was_made_of(report_input: ReportInput, tmp_path: Path) -> None:
    spec = replace(
        report_input.spec,
        sections=(Section("s", (), (EstimateTable("t", "", ("cox",), endpoints=("psa_pfs",), populations=("c2",)),)),),
        values_of={"new_lesions": ("ttv_change",), "psa_pfs": ("os",)},
    )
    evidence = [row for row in report_input.evidence if row.endpoint in ("os", "ttv_change")]
    document = evidence_of(render_report(replace(report_input, spec=spec, evidence=evidence), tmp_path))
    columns, link = document["columns"], document["links"][-1]
    assert [document["texts"][columns["endpoint"][begin]] for begin, _ in link["ranges"]] == ["os", "ttv_change"]


def test_what_must_not_be_published_stands_at_the_top(report_input: ReportInput, tmp_path: Path) -> None:
    notices = (Notice("C2", "immortal time", "blocking"), Notice("C2", "few events"))
    spec = ReportSpec((Section("s", (), (NoticeTable(),)),))
    files = render_report(replace(report_input, spec=spec, notices=notices), tmp_path)
    top, below = files.html.read_text(encoding="utf-8").split('<nav class="toc"')
    assert "Not to be published:" in top and "C2: immortal time" in top
    assert "few events" not in top and "few events" in below
    assert "Not to be published: C2: immortal time" in texts_of("report.docx", files.docx.read_bytes())


def test_a_small_cell_policy_reaches_sentences_and_says_so(report_input: ReportInput, tmp_path: Path) -> None:
    spec = ReportSpec((Section("s", (), (NoticeTable(),)),), key_numbers=(KeyNumber("Alive", "64/66 (97 %)"),))
    strict = replace(
        report_input,
        spec=spec,
        notices=(Notice("c2", "2 of 66 patients have no PSA"),),
        policy=ReleasePolicy(min_cell=5, patient_level=False),
    )
    text = render_report(strict, tmp_path).html.read_text(encoding="utf-8")
    assert "fewer than 5 of 66 patients" in text and "2 of 66" not in text
    assert "more than 61 of 66" in text and "64/66" not in text
    assert "counts below 5 hidden; no row of one person" in text


def test_evidence_with_a_date_is_refused(report_input: ReportInput, tmp_path: Path) -> None:
    evidence = (EvidenceRow("pseudonym-001", "c2", "os", category="2024-03-01"),)
    with pytest.raises(DisclosureError, match=r"evidence\.category holds a calendar date"):
        render_report(replace(report_input, evidence=evidence), tmp_path)


def test_a_panel_without_pictures_is_refused_by_name(report_input: ReportInput, tmp_path: Path) -> None:
    with pytest.raises(MissingFactError, match="mip: expected pictures of panel 'example', found none"):
        render_report(replace(report_input, pictures=()), tmp_path)


@pytest.mark.parametrize("name", ["../up", "a/b", "a b", ""])
def test_a_name_that_is_no_file_name_is_refused(report_input: ReportInput, tmp_path: Path, name: str) -> None:
    spec = ReportSpec((Section("s", (), (SummaryTable(name, "", "table1"),)),))
    with pytest.raises(ValueError, match="file names of letters"):
        render_report(replace(report_input, spec=spec), tmp_path)


def test_two_items_of_one_name_are_refused(report_input: ReportInput, tmp_path: Path) -> None:
    spec = ReportSpec((Section("s", (), (SummaryTable("t", "", "table1"), SummaryTable("t", "", "table1"))),))
    with pytest.raises(ValueError, match="need names of their own; twice: t"):
        render_report(replace(report_input, spec=spec), tmp_path)
