"""Every kind of table, in every format: the same text, cell for cell."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest
from tests.report.test_tables import padded, read_file, read_html

from lutrace.report import (
    AgreementTable,
    AttritionTable,
    CheckTable,
    EstimateTable,
    MergedTable,
    NoticeTable,
    RegressionTable,
    ReportFiles,
    ReportInput,
    ReportSpec,
    Section,
    StackedTable,
    SummaryTable,
    SurvivalTable,
    render_report,
)

GRID = RegressionTable("grid", "Models", ("cox",), ("ttv_log2", "new_lesions"), ("c2", "c3"), ("psa_pfs", "os"))
ITEMS = (
    AttritionTable("attrition", "Selection", ("c2", "c3")),
    SummaryTable("table1", "Patients at each landmark", "table1"),
    SummaryTable("of_all", "Patients, percent of all", "table1", percent_of="all", remarks={"PSA": "Two assays."}),
    SummaryTable("compared", "Two groups", "compared"),
    GRID,
    replace(GRID, name="by_population", beside="population"),
    EstimateTable("estimates", "All estimates"),
    SurvivalTable("times", "Survival by new lesions", ("km", "at")),
    AgreementTable("concordance", "Concordance of TTV and PSA", "concordance", "TTV", "PSA"),
    CheckTable("checks", "Checks", ("cox",)),
    MergedTable(
        "merged", "Two tables", (SummaryTable("m1", "at cycle 2", "table1"), SummaryTable("m2", "b", "table1"))
    ),
    StackedTable("stacked", "Three tables", (GRID, EstimateTable("s1", "Medians", ("km",)), NoticeTable("s2"))),
    NoticeTable(),
)
SIGNS = {
    r"\textbackslash{}": "\\", r"\&": "&", r"\%": "%", r"\$": "$", r"\#": "#", r"\_": "_", r"\{": "{", r"\}": "}",
    r"\textasciitilde{}": "~", r"\textasciicircum{}": "^", r"\textless{}": "<", r"\textgreater{}": ">",
    r"\ensuremath{-}": "−", "---": "—", "--": "–", r"\ensuremath{\geq}": "≥", r"\ensuremath{\leq}": "≤",
    r"\textperiodcentered{}": "·", "{[}": "[", "{]}": "]", r"\ensuremath{\surd}": "√",
}  # fmt: skip


@pytest.fixture(scope="module")
def files(report_input: ReportInput, sample: Any, tmp_path_factory: pytest.TempPathFactory) -> ReportFiles:
    """A report of one section with every kind of table."""
    row, tables = sample.summary_row, dict(report_input.tables)
    own = {"table": "compared"}
    tables["summaries"] = [
        *tables["summaries"],
        *(row(1, "Age", "median_range", 70.0, low=51.0, high=88.0, group=name, unit="years", **own) for name in "ab"),
        *(row(2, "Age", "mean_sd", 70.25, sd=8.125, group=name, unit="years", **own) for name in "ab"),
        *(row(3, "Bone", "count", 33.0, group=name, **own) for name in "ab"),
        row(4, "Age", "smd", -0.25, group="all", n=132, total=132, method="standardised by the pooled variance", **own),
        row(5, "Age", "p", 0.0312, group="all", n=132, total=132, method="Welch's t test", **own),
        row(6, "Bone", "p", 1.0, group="all", n=132, total=132, method="Fisher's exact test", **own),
    ]
    of_new = {"analysis": "at", "population": "c2", "n": 13, "events": 11, "p": None, "covariate_unit": "1"}
    tables["estimates"] = [
        *tables["estimates"],
        sample.estimate_row(**of_new, term="new, 6 months", measure="survival", estimate=0.382, low=0.21, high=0.54),
        sample.estimate_row(
            **of_new, term="new, 12 months", measure="rmst", unit="months", estimate=6.13, low=4.9, high=7.26
        ),
    ]
    changed = replace(
        report_input, tables=tables, spec=ReportSpec((Section("s", (), ITEMS),), labels=report_input.spec.labels)
    )
    return render_report(changed, tmp_path_factory.mktemp("formats"))


def read_latex(path: Path) -> list[list[str]]:
    """The cells of the first tabular of a LaTeX file, commands undone; a spanning line has one cell."""
    text = path.read_text(encoding="utf-8")
    body = text.split(r"\toprule", 1)[1].split(r"\bottomrule", 1)[0].replace(r"\midrule", "")
    lines = [line.strip().removesuffix(r"\\").strip() for line in body.strip().splitlines() if line.strip()]
    return [[undone(cell) for cell in re.split(r"(?<!\\)&", line)] for line in lines]


def undone(cell: str) -> str:
    cell = cell.strip()
    spans = re.fullmatch(r"\\multicolumn\{\d+\}\{l\}\{(.*)\}", cell)
    cell = spans[1] if spans else cell
    strong = re.fullmatch(r"\\textbf\{(.*)\}", cell)
    cell = (strong[1] if strong else cell).replace(r"\quad ", "")
    pattern = "|".join(re.escape(sign) for sign in SIGNS)
    return re.sub(pattern, lambda found: SIGNS[found[0]], cell)


@pytest.mark.parametrize("name", [item.name for item in ITEMS])
def test_all_formats_show_the_same_text_cell_for_cell(files: ReportFiles, name: str) -> None:
    page = read_html(files)[name]
    assert len(page) > 1
    width = len(page[0])
    assert read_file(files, f"{name}.csv")[: len(page)] == padded(page)
    sheet = openpyxl.load_workbook(next(path for path in files.tables if path.name == f"{name}.xlsx")).active
    assert sheet is not None
    cells = [["" if cell is None else cell for cell in line] for line in sheet.iter_rows(values_only=True)]
    assert [line[:width] for line in cells[: len(page)]] == padded(page)
    assert read_latex(next(path for path in files.tables if path.name == f"{name}.tex")) == page
    place = [item.name for item in ITEMS].index(name)
    table = docx.Document(str(files.docx)).tables[place]
    in_word = [[cell.text for cell in row.cells] for row in table.rows]
    assert in_word == [line if len(line) == width else line * width for line in page]


def test_every_table_names_its_data_and_their_cut(files: ReportFiles) -> None:
    stamp = f"Data: Virtual centre (synthetic), data cut 2025-01-31, snapshot {'a' * 12}."
    assert files.html.read_text(encoding="utf-8").count(f"<li>{stamp}</li>") == len(ITEMS)
    assert sum(one.text == stamp for one in docx.Document(str(files.docx)).paragraphs) == len(ITEMS)
    for path in files.tables:
        if path.suffix == ".csv":
            assert stamp in path.read_text(encoding="utf-8"), path.name
            assert "SYNTHETIC DATA" in path.read_text(encoding="utf-8"), path.name
        if path.suffix == ".tex":
            assert stamp in path.read_text(encoding="utf-8"), path.name


def test_groups_compared_carry_their_difference_and_the_name_of_the_test(files: ReportFiles) -> None:
    assert read_html(files)["compared"] == [
        ["Characteristic", "a, N = 66", "b, N = 66", "SMD", "p"],
        ["Age", "", "", "−0.25 *", "0.031 [1]"],
        ["Median (minimum, maximum), years", "70 (51, 88)", "70 (51, 88)", "", ""],
        ["Mean (SD), years", "70.3 (8.1)", "70.3 (8.1)", "", ""],
        ["Bone", "33/66 (50%)", "33/66 (50%)", "", ">0.99 [2]"],
    ]
    notes = files.html.read_text(encoding="utf-8")
    assert "[1] Welch&#39;s t test." in notes and "[2] Fisher&#39;s exact test." in notes
    assert "above 0.1 in size" in notes


def test_percent_of_all_counts_the_unknown_as_a_class(files: ReportFiles) -> None:
    lines = read_html(files)["of_all"]
    assert lines[2:7] == [
        ["PSA, ng/mL [a]", "82 (20, 310)", "82 (20, 310)"],
        ["Unknown", "1/66 (1.5%)", "1/51 (2.0%)"],
        ["ECOG", "", ""],
        ["0", "30/66 (45%)", "30/51 (59%)"],
        ["1 or more", "34/66 (52%)", "19/51 (37%)"],
    ]
    assert "[a] Two assays." in files.html.read_text(encoding="utf-8")


def test_populations_stand_side_by_side(files: ReportFiles) -> None:
    lines = read_html(files)["by_population"]
    assert lines[0] == [
        "Covariate (unit)",
        *("n (events), start of cycle 2", "HR (95% CI), start of cycle 2", "p, start of cycle 2"),
        *("n (events), start of cycle 3", "HR (95% CI), start of cycle 3", "p, start of cycle 3"),
    ]
    assert lines[1] == ["PSA-PFS"]
    assert lines[2][:2] == ["TTV change (per doubling)", "66 (43)"]
    assert lines[2][4:] == ["51 (43)", "1.22 (0.91–1.64) [1]", "0.18"]
    assert lines[3][0] == "TTV change (per doubling), adjusted for PSA change"


def test_merged_columns_say_whose_they_are(files: ReportFiles) -> None:
    lines = read_html(files)["merged"]
    assert lines[0][1:] == [
        "start of cycle 2, N = 66, at cycle 2",
        "start of cycle 3, N = 51, at cycle 2",
        "start of cycle 2, N = 66, b",
        "start of cycle 3, N = 51, b",
    ]
    assert lines[1] == ["Age, years", *["73.5 (68.0, 79.0)"] * 4]


def test_stacked_tables_keep_their_own_columns_and_share_one_numbering(files: ReportFiles) -> None:
    lines = read_html(files)["stacked"]
    assert ["Medians"] in lines and ["Warnings raised by the run"] in lines
    median = next(line for line in lines if line[0] == "New lesions" and len(line) > 1)
    assert median[lines[0].index("Median, weeks (95% CI)")] == "20.3 (13.0–29.0)"
    assert median[lines[0].index("HR (95% CI), adjusted")] == "–"


def test_a_survival_table_has_a_line_per_group_and_a_column_per_measure_and_time(files: ReportFiles) -> None:
    lines = read_html(files)["times"]
    assert lines[0] == [
        "Group",
        "n",
        "Events",
        "Median, weeks (95% CI)",
        "Share without the event at 6 months (95% CI)",
        "Restricted mean time up to 12 months, in months (95% CI)",
        "p",
    ]
    assert lines[1] == ["Overall survival · start of cycle 2"]
    assert lines[2] == [
        "New lesions",
        "13",
        "11",
        "20.3 (13.0–29.0) [1]",
        "38% (21–54%) [2]",
        "6.1 (4.9–7.3) [2]",
        "0.001",
    ]
    assert lines[3][:4] == ["No new lesions", "53", "31", "57.4 (44.3 to not reached) [1]"]
    assert lines[3][4:6] == ["–", "–"]
