from __future__ import annotations

import html
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import docx
import pytest

from lutrace.core import read_rows
from lutrace.report import (
    AgreementTable,
    AttritionTable,
    EstimateTable,
    RegressionTable,
    ReportFiles,
    ReportInput,
    SummaryTable,
)
from lutrace.report.composition import compose_table
from lutrace.report.evidence import index_evidence
from lutrace.report.material import Material
from lutrace.report.table_files import format_latex
from lutrace.report.text_table import Cell, TextTable


class TableReader(HTMLParser):
    """The cells of each table of a page, by the table's id, as a reader sees them."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self._name, self._cell = "", False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._name = dict(attrs).get("id") or ""
            self.tables[self._name] = []
        elif tag == "tr":
            self.tables[self._name].append([])
        elif tag in ("td", "th"):
            self.tables[self._name][-1].append("")
            self._cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._cell = False

    def handle_data(self, data: str) -> None:
        if self._cell:
            self.tables[self._name][-1][-1] += data


def read_html(rendered: ReportFiles) -> dict[str, list[list[str]]]:
    reader = TableReader()
    reader.feed(rendered.html.read_text(encoding="utf-8"))
    return reader.tables


def read_file(rendered: ReportFiles, name: str) -> list[list[str]]:
    path = next(path for path in rendered.tables if path.name == name)
    rows = read_rows(path)
    return [list(rows[0]), *([cell or "" for cell in row.values()] for row in rows)]


def padded(lines: list[list[str]]) -> list[list[str]]:
    return [line + [""] * (len(lines[0]) - len(line)) for line in lines]


NAMES = ("attrition", "table1", "cox", "medians", "concordance", "warnings")


@pytest.mark.parametrize("name", NAMES)
def test_html_csv_and_xlsx_show_the_same_text_in_each_cell(rendered: ReportFiles, name: str) -> None:
    in_page = padded(read_html(rendered)[name])
    in_csv = read_file(rendered, f"{name}.csv")
    in_xlsx = read_file(rendered, f"{name}.xlsx")
    assert in_csv[: len(in_page)] == in_page
    assert in_xlsx == in_csv


def test_word_shows_the_same_text_in_each_cell(rendered: ReportFiles) -> None:
    pages = read_html(rendered)
    tables = docx.Document(str(rendered.docx)).tables
    assert len(tables) == len(NAMES)
    for name, table in zip(NAMES, tables, strict=True):
        for line, row in zip(pages[name], table.rows, strict=True):
            texts = [cell.text for cell in row.cells]
            assert texts == (line if len(line) == len(texts) else line * len(texts))


def test_latex_escapes_what_tex_would_run() -> None:
    table = TextTable("t", "50% & more", ("a_b", "n"), ((Cell(r"\input{x}"), Cell("#1$")),))
    text = format_latex(table, ())
    assert r"50\% \& more" in text
    assert r"a\_b & n" in text
    assert r"\textbackslash{}input\{x\} & \#1\$" in text


def test_table1_reads_as_a_statistician_expects(rendered: ReportFiles) -> None:
    assert read_html(rendered)["table1"] == [
        ["Characteristic", "start of cycle 2, N = 66", "start of cycle 3, N = 51"],
        ["Age, years", "73.5 (68.0, 79.0)", "73.5 (68.0, 79.0)"],
        ["PSA, ng/mL", "82 (20, 310)", "82 (20, 310)"],
        ["Unknown", "1", "1"],
        ["ECOG", "", ""],
        ["0", "30/64 (47%)", "30/49 (61%)"],
        ["1 or more", "34/64 (53%)", "19/49 (39%)"],
        ["Unknown", "2", "2"],
        ["Alive", "47/66 (71%)", "32/51 (63%)"],
    ]


def test_the_eight_cell_table_has_each_ratio_with_its_unit_counts_and_adjustment(rendered: ReportFiles) -> None:
    lines = read_html(rendered)["cox"]
    assert lines[:4] == [
        [
            "Covariate (unit)",
            "n (events), unadjusted",
            "HR (95% CI), unadjusted",
            "p, unadjusted",
            "n (events), adjusted",
            "HR (95% CI), adjusted",
            "p, adjusted",
        ],
        ["PSA-PFS · start of cycle 2"],
        [
            "TTV change (per doubling)",
            "66 (43)",
            "1.31 (1.02–1.68) [1]",
            "0.034",
            "66 (43)",
            "1.18 (0.92–1.51) [1]",
            "0.034",
        ],
        [
            "New lesions (yes against no)",
            "66 (43)",
            "4.53 (2.10–9.80) [2]",
            "<0.001",
            "66 (43)",
            "4.08 (1.89–8.82) [2]",
            "<0.001",
        ],
    ]
    assert sum(len(line) == 7 for line in lines[1:]) == 8


def test_footnotes_name_the_methods_in_the_words_of_the_code_that_ran_them(rendered: ReportFiles) -> None:
    page = html.unescape(rendered.html.read_text(encoding="utf-8"))
    assert "[1] Cox, Efron ties, profile-likelihood interval, Wald p." in page
    assert "[2] Cox, Firth penalty, profile-likelihood interval." in page
    assert "Adjusted models: adjusted for PSA change." in page


def test_concordance_stands_under_its_confusion_matrix(rendered: ReportFiles) -> None:
    lines = read_html(rendered)["concordance"]
    assert lines[0] == ["TTV \\ PSA", "fall", "rise"]
    assert lines[2:4] == [["fall", "31", "7"], ["rise", "9", "19"]]
    assert lines[4:] == [["Concordance: 76% (64–86%), n = 66"], ["Kappa: 0.51 (0.30–0.72), n = 66"]]


def test_definitions_with_classes_of_their_own_each_name_their_columns(sample: Any) -> None:
    two = sample.agreement_rows({("fell", "fell"): 40, ("fell", "not_fell"): 26})
    three = sample.agreement_rows({("up", "down"): 1, ("up", "same"): 2, ("up", "up"): 3})
    rows = [*two, *({**row, "definition": "zone"} for row in three)]
    spec = AgreementTable("t", "", "concordance", "PSA", "TTV")
    assert compose_table(spec, material({"agreements": rows})).texts() == [
        ["PSA \\ TTV", "class 1", "class 2", "class 3"],
        ["c2 · same sign", "fell", "not fell", ""],
        ["fell", "40", "26", ""],
        ["c2 · zone", "down", "same", "up"],
        ["up", "1", "2", "3"],
    ]


def test_names_of_the_study_become_words_in_footnotes_and_notices(sample: Any) -> None:
    row = sample.estimate_row(method="Pearson; of ttv_log_ratio with other_name")
    table = compose_table(EstimateTable("t", ""), material({"estimates": [row]}, ttv_log_ratio="volume change"))
    assert table.notes == ("Method: Pearson; of volume change with other_name.",)


def test_a_heading_stands_once_however_the_rows_are_ordered(sample: Any) -> None:
    rows = [sample.estimate_row(population=name, term=term) for term in ("a", "b") for name in ("c2", "c3")]
    table = compose_table(EstimateTable("t", ""), material({"estimates": rows}))
    assert [line[0] for line in table.texts()[1:]] == [
        "c2 · os", "a (per doubling)", "b (per doubling)", "c3 · os", "a (per doubling)", "b (per doubling)",
    ]  # fmt: skip


def test_a_share_is_not_headed_by_its_own_name(sample: Any) -> None:
    row = sample.estimate_row(measure="proportion", endpoint="psa50", term="psa50", covariate_unit="1", estimate=0.5)
    assert compose_table(EstimateTable("t", ""), material({"estimates": [row]})).texts()[1][0] == "c2"


def test_a_correlation_is_headed_by_what_is_correlated(sample: Any) -> None:
    row = sample.estimate_row(analysis="r", measure="correlation", term="pearson", covariate_unit="1")
    table = compose_table(EstimateTable("t", ""), material({"estimates": [row]}, r="volume with PSA"))
    assert [line[0] for line in table.texts()[1:]] == ["c2 · volume with PSA", "pearson"]


def material(tables: dict[str, list[dict[str, Any]]], **labels: str) -> Material:
    index = index_evidence((), {}, labels=labels, values_of={})
    return Material(tables, labels, index)


def test_a_share_counts_those_with_a_value(sample: Any) -> None:
    rows = [sample.summary_row(1, "Alive", "count", 30.0, n=60)]
    table = compose_table(SummaryTable("t", "", "table1"), material({"summaries": rows}))
    assert table.texts()[1] == ["Alive", "30/60 (50%)"]


def test_a_variable_given_as_number_and_as_classes_has_both_under_its_name(sample: Any) -> None:
    rows = [
        sample.summary_row(1, "Hours", "median_iqr", 24.0, low=22.0, high=26.0, unit="h"),
        sample.summary_row(2, "Hours", "count", 60.0, level="20 to 28 h"),
        sample.summary_row(3, "Hours", "count", 6.0, level="other"),
    ]
    table = compose_table(SummaryTable("t", "", "table1"), material({"summaries": rows}))
    assert [line[:2] for line in table.texts()[1:]] == [
        ["Hours", ""],
        ["Median (Q1, Q3), h", "24 (22, 26)"],
        ["20 to 28 h", "60/66 (91%)"],
        ["other", "6/66 (9.1%)"],
    ]


def test_groups_are_named_and_all_patients_are_overall(sample: Any) -> None:
    rows = [
        sample.summary_row(1, "Alive", "count", 47.0, group="all"),
        sample.summary_row(1, "Alive", "count", 7.0, group="new", n=13, total=13),
        sample.summary_row(2, "Bone", "count", 9.0, group="new", n=13, total=13),
    ]
    table = compose_table(SummaryTable("t", "", "table1"), material({"summaries": rows}))
    assert table.headers == ("Characteristic", "Overall, N = 66", "new, N = 13")
    assert table.texts()[2] == ["Bone", "–", "9/13 (69%)"]


def test_a_table_of_wrong_width_or_doubled_headers_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="a line has 2 cells, expected 3 or 1"):
        TextTable("t", "", ("a", "b", "c"), ((Cell("1"), Cell("2")),))
    with pytest.raises(ValueError, match="a header stands twice"):
        TextTable("t", "", ("a", "a"), ())


def test_a_column_that_no_row_fills_is_left_out(sample: Any) -> None:
    rows = [sample.estimate_row(measure="correlation", covariate_unit="1", events=None)]
    table = compose_table(EstimateTable("t", ""), material({"estimates": rows}))
    assert table.headers == ("Term", "n", "Correlation (95% CI)", "p")


def test_several_measures_are_named_line_by_line_with_their_units(sample: Any) -> None:
    rows = [
        sample.estimate_row(covariate_unit="1", measure="median", estimate=26.0, low=21.0, high=36.0, unit="weeks"),
        sample.estimate_row(covariate_unit="1", measure="count", estimate=13.0),
    ]
    table = compose_table(EstimateTable("t", ""), material({"estimates": rows}))
    assert [line[0] for line in table.texts()[2:]] == ["ttv log2, median", "ttv log2, count"]
    assert [line[3] for line in table.texts()[2:]] == ["26.0 (21.0–36.0) weeks", "13 / 66"]


def test_a_missing_model_leaves_a_dash_not_a_gap(sample: Any) -> None:
    spec = RegressionTable("t", "", ("cox",), ("ttv_log2", "age"), ("c2",), ("os",))
    rows = [sample.estimate_row(), sample.estimate_row(term="age", adjusted=True, adjusted_for="ttv_log2")]
    table = compose_table(spec, material({"estimates": rows}))
    assert table.texts()[2] == ["ttv log2 (per doubling)", "66 (24)", "1.42 (1.10–1.84)", "0.007", "–", "–", "–"]
    assert table.texts()[3][1:4] == ["–", "–", "–"]


def test_models_of_one_kind_only_have_no_empty_block(sample: Any) -> None:
    spec = RegressionTable("t", "", ("cox",))
    table = compose_table(spec, material({"estimates": [sample.estimate_row(q=0.02, measure="odds_ratio")]}))
    assert table.headers[1:] == ("n (events), unadjusted", "OR (95% CI), unadjusted", "p, unadjusted", "q, unadjusted")
    assert "q: p value adjusted for the number of tests of its family." in table.notes
    assert table.notes[0] == "OR: odds ratio; CI: confidence interval."


def test_a_table_without_rows_is_a_header(sample: Any) -> None:
    for spec in (SummaryTable("t", "", "none"), AttritionTable("t", ""), EstimateTable("t", "")):
        assert compose_table(spec, material({})).lines == ()


def test_a_spreadsheet_never_runs_a_text_as_a_formula(report_input: ReportInput, tmp_path: Any) -> None:
    from lutrace.report.table_files import write_table_files

    table = TextTable("t", "=1+1", ("a",), ((Cell("=HYPERLINK(1)"),),))
    csv_path, _, _ = write_table_files(table, tmp_path, ())
    assert re.findall(r"^'=", csv_path.read_text(encoding="utf-8"), flags=re.MULTILINE) == ["'=", "'="]


def test_a_hidden_count_looks_the_same_wherever_it_stands(report_input: ReportInput, tmp_path: Any) -> None:
    from lutrace.report import ReleasePolicy, render_report

    strict = replace(report_input, policy=ReleasePolicy(min_cell=5))
    files = render_report(strict, tmp_path)
    lines = read_html(files)["table1"]
    assert ["Unknown", "<5", "<5"] in lines
    assert files.evidence is None
    assert not [path for path in files.figures if path.stem in ("waterfall", "scatter", "mip")]
    assert "data-ev" not in files.html.read_text(encoding="utf-8")
