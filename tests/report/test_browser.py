from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from lutrace.report import ReportFiles

CHROMIUM = os.environ.get("LUTRACE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.server("chromium"),
    pytest.mark.skipif(CHROMIUM is None, reason="not run: no Chromium"),
]


@pytest.fixture
def page(rendered: ReportFiles) -> Iterator[tuple[Any, list[str], list[str]]]:
    """The report opened from disk with the network off, what it asked for, and what it complained about."""
    playwright = pytest.importorskip("playwright.sync_api")
    asked: list[str] = []
    complaints: list[str] = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(offline=True)
        opened = context.new_page()
        opened.on("request", lambda request: asked.append(request.url))
        opened.on("console", lambda message: complaints.append(message.text))
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.goto(rendered.html.as_uri())
        yield opened, asked, complaints
        browser.close()


def test_a_report_opened_from_disk_asks_for_nothing_and_opens_its_evidence(
    page: tuple[Any, list[str], list[str]],
) -> None:
    opened, asked, complaints = page
    opened.get_by_text("2.10 (1.50–2.94)").click()
    panel = opened.locator("#evidence-panel")
    assert panel.is_visible()
    assert panel.locator("h2").inner_text() == "start of cycle 2 · Overall survival · TTV change"
    assert panel.locator("h3").all_inner_texts() == ["Overall survival (66 rows)", "TTV change (66 rows)"]
    assert panel.locator("tbody tr").count() == 132
    assert panel.locator("tbody tr").first.inner_text().startswith("S001")
    opened.locator("#evidence-close").click()
    assert not panel.is_visible()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert complaints == []


def test_the_panel_of_a_group_lists_the_patients_of_that_group(page: tuple[Any, list[str], list[str]]) -> None:
    opened, _, _ = page
    opened.locator("#medians").get_by_text("20.3 (13.0–29.0)").click()
    assert "Overall survival (13 rows)" in opened.locator("#evidence-panel h3").all_inner_texts()


def test_the_panel_opens_and_closes_by_keyboard(page: tuple[Any, list[str], list[str]]) -> None:
    opened, _, _ = page
    opened.locator("#cox a.ev").first.focus()
    opened.keyboard.press("Enter")
    assert opened.locator("#evidence-panel").is_visible()
    opened.keyboard.press("Escape")
    assert not opened.locator("#evidence-panel").is_visible()


def test_every_figure_has_a_text_for_those_who_cannot_see_it(page: tuple[Any, list[str], list[str]]) -> None:
    opened, _, _ = page
    texts = opened.locator("figure img").evaluate_all("images => images.map(image => image.alt)")
    assert len(texts) == 6
    assert all(len(text) > 20 for text in texts)
