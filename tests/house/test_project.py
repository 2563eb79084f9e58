"""The project around the package: locks, scripts, words."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def tracked() -> list[Path]:
    out = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [ROOT / name for name in out.split("\0") if name]


def test_locks_hold_hashes_and_no_address() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert re.search(r"https?://|file://", text) is None
        pins = re.findall(r"^[A-Za-z0-9._-]+==", text, flags=re.MULTILINE)
        assert len(pins) > 50
        assert text.count("--hash=sha256:") >= len(pins)


def test_every_dependency_is_locked_and_has_a_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8").lower().replace("_", "-")
    reasons = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").lower()
    for requirement in project["dependencies"]:
        name = re.split(r"[\[<>=,;]", requirement)[0].lower().replace("_", "-").replace(".", "-")
        assert re.search(rf"^{name}==", lock, flags=re.MULTILINE), name
        assert f"| {name} |" in reasons, f"docs/dependencies.md gives no reason for {name}"


def test_the_pin_that_keeps_ibis_whole_holds() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    found = re.search(r"^sqlglot==(\d+)\.(\d+)", lock, flags=re.MULTILINE)
    assert found is not None
    assert (int(found.group(1)), int(found.group(2))) < (30, 18)


def test_ci_runs_exactly_the_test_command_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8").strip().splitlines()
    assert "make demo" in readme
    assert "make test" in readme
    assert ci[-1] == "make test"


def test_decisions_are_numbered_without_gap() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_no_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    words = ("/wor" + "k/", "/hom" + "e/", "/roo" + "t/", "/opt/" + "pypi", "/tm" + "p/")
    faults = []
    for path in tracked():
        if path.suffix in {".png", ".lock", ".dcm", ".gz"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        faults += [f"{path.relative_to(ROOT)}: {word}" for word in words if word in text]
    assert faults == []


def test_the_medical_device_sentence_stands_in_the_readme() -> None:
    assert "not a medical device" in (ROOT / "README.md").read_text(encoding="utf-8")
