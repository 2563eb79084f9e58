"""The whole way by one command, and its pages opened from disk in a browser without a network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, sync_playwright

BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo") / "out"
    code = "import sys; from lutrace.cli import main; main(sys.argv[1:])"
    done = subprocess.run(
        [
            *(sys.executable, "-c", code, "demo", "--out", str(out), "--patients", "8", "--seed", "3"),
            *("--study", "early-spect-response", "--study", "psa-kinetics"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == str(out / "index.html")
    return out


def test_the_demo_makes_every_file_that_the_manual_names(demo: Path) -> None:
    for study in ("early-spect-response", "psa-kinetics"):
        assert (demo / "reports" / study / "report.html").stat().st_size > 0
    report = demo / "reports" / "early-spect-response"
    for name in ("results.json", "report.html", "report.docx", "evidence.csv"):
        assert (report / name).stat().st_size > 0
    assert {path.suffix for path in (report / "figures").iterdir()} == {".svg", ".png", ".pdf", ".csv"}
    assert {path.suffix for path in (report / "tables").iterdir()} == {".csv", ".xlsx", ".tex"}


def test_the_numbers_are_those_of_the_synthetic_centre(demo: Path) -> None:
    truth = json.loads((demo / "centre" / "truth.json").read_text(encoding="utf-8"))
    results = json.loads((demo / "reports" / "early-spect-response" / "results.json").read_text(encoding="utf-8"))
    numbers = results["numbers"]
    screened = next(value for key, value in sorted(numbers.items()) if key.startswith("attrition/C2/0"))
    assert screened["value"] == len(truth["patients"]) == 8
    assert "synthetic" in json.dumps(results.get("meta", results)).lower()


def test_no_identifier_of_the_centre_leaves_in_the_report(demo: Path) -> None:
    for path in (demo / "reports").rglob("*"):
        if path.suffix in {".html", ".json", ".csv", ".tex", ".svg"}:
            text = path.read_text(encoding="utf-8")
            assert "SYN-" not in text, path.name
            assert "SYNTHETIC^" not in text, path.name


@pytest.mark.server("chromium")
def test_the_pages_open_from_disk_and_ask_for_nothing_outside(demo: Path) -> None:
    asked: list[str] = []
    complaints: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith(("file:", "data:")):
            asked.append(request.url)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=BROWSER_ARGUMENTS)
        context = browser.new_context(offline=True)
        page: Page = context.new_page()
        page.on("request", note)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.goto((demo / "index.html").as_uri())
        assert "SYNTHETIC DATA" in page.inner_text("body")
        page.click("a[href*='report.html']")
        assert "not a medical device" in page.inner_text("body")
        assert page.locator("img, svg").count() >= 8
        browser.close()
    assert asked == []
    assert complaints == []
