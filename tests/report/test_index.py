from __future__ import annotations

from pathlib import Path

from lutrace.report import IndexEntry, IndexMeta, ReportInput, render_index


def make_index(folder: Path, report_input: ReportInput, title: str) -> str:
    entry = IndexEntry(
        title, folder / "runs" / "early response" / "report.html", ("66 patients",), report_input.pictures[0].png
    )
    meta = IndexMeta(
        "A virtual centre",
        "Made from nothing",
        "Virtual centre",
        "0.1.0",
        True,
        key_numbers=(("Patients", "80"),),
        pictures=tuple(report_input.pictures),
    )
    return render_index(folder, [entry], meta).read_text(encoding="utf-8")


def test_the_index_links_its_reports_relative_to_itself(tmp_path: Path, report_input: ReportInput) -> None:
    assert 'href="runs/early%20response/report.html"' in make_index(tmp_path, report_input, "Early response")


def test_the_index_carries_the_banner_and_its_pictures_in_itself(tmp_path: Path, report_input: ReportInput) -> None:
    text = make_index(tmp_path, report_input, "Early response")
    assert "SYNTHETIC DATA" in text and "Research software, not a medical device" in text
    assert text.count('src="data:image/png;base64,') == 4
    assert "//" not in text.split("</style>")[1].replace("data:image/png", "").split("base64,")[0]


def test_a_title_is_text_not_markup(tmp_path: Path, report_input: ReportInput) -> None:
    assert "<b>" not in make_index(tmp_path, report_input, "<b>bold</b>")
