"""`lutrace export` through the command line: the plan asked for, and calls that cannot be done."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.ingest.small_centre import fill, write_sources

from lutrace.cli.app import run
from lutrace.core import read_rows
from lutrace.ingest import run_init, run_measure


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("centre")
    write_sources(base)
    run_init(base / "registry")
    fill(base / "registry", base)
    run_measure(base / "registry", ["suv3", "suv4"], jobs=1)
    return base


def test_csv_holds_the_plan_that_was_asked_for_and_all_scans(measured: Path, tmp_path: Path) -> None:
    registry = str(measured / "registry")
    assert run(["export", "csv", str(tmp_path / "all"), "--registry", registry]) == 0
    assert run(["export", "csv", str(tmp_path / "one"), "--registry", registry, "--plan", "suv4"]) == 0
    for name in ("lesions", "tumour_burdens"):
        every, one = (read_rows(tmp_path / place / f"{name}.csv") for place in ("all", "one"))
        assert {row["plan"] for row in every} == {"suv3", "suv4"}
        assert one == [row for row in every if row["plan"] == "suv4"]
    scans = [read_rows(tmp_path / place / "scans.csv") for place in ("all", "one")]
    assert scans[0] == scans[1] != []


@pytest.mark.parametrize(
    ("kind", "extra", "words"),
    [
        ("csv", ["--plan", "liver"], "nothing was measured under plan liver, expected one of suv3, suv4"),
        ("csv", ["--dicom", "empty"], "--dicom goes with `export seg`"),
        ("seg", [], "name the folder of the original series: --dicom FOLDER"),
        ("seg", ["--dicom", "empty"], "empty: expected the original PET and SPECT series, found none"),
    ],
)
def test_a_call_that_cannot_be_done_is_2_and_writes_nothing(
    measured: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    kind: str,
    extra: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert run(["export", kind, "out", "--registry", str(measured / "registry"), *extra]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
