"""A test whose server is missing is skipped with the command that brings it; under CI it fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEST = """
import pytest

@pytest.mark.server("orthanc-dicomweb")
@pytest.mark.skipif(True, reason="not there either")
def test_that_needs_it():
    raise AssertionError
"""


@pytest.mark.parametrize(("ci", "outcome"), [("true", "1 error"), ("", "1 skipped")])
def test_a_missing_plug_in_fails_under_ci_and_is_named_elsewhere(ci: str, outcome: str, tmp_path: Path) -> None:
    own = (ROOT / "conftest.py").read_text(encoding="utf-8")
    (tmp_path / "conftest.py").write_text(f"{own}\nPROGRAMS['orthanc-dicomweb'] = ('x-x', '/x-x')\n", encoding="utf-8")
    (tmp_path / "test_one.py").write_text(TEST, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = server\n", encoding="utf-8")
    call = [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", "-p", "no:xdist", "-c", "pytest.ini"]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "CI": ci}, timeout=120)
    assert outcome in done.stdout
    assert "needs orthanc-dicomweb; to run it: sudo apt-get install orthanc-dicomweb" in done.stdout


def test_every_server_that_tests_name_is_one_that_the_script_installs() -> None:
    script = (ROOT / "scripts" / "test-servers").read_text(encoding="utf-8")
    conftest = (ROOT / "conftest.py").read_text(encoding="utf-8")
    listed = conftest.split("PROGRAMS = {")[1].split("\n}")[0]
    names = [line.split('"')[1] for line in listed.splitlines() if '"' in line]
    assert "orthanc-dicomweb" in names
    assert [name for name in names if f" {name}" not in script] == []
