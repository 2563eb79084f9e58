"""The frame of the command line: exit statuses, errors, JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.dicom.build import pet_slices, write

from lutrace.cli.app import run


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    for command in ("demo", "init", "add", "measure", "check", "run", "suv", "roi"):
        assert f"\n  {command} " in text
    assert "not a medical device" in text


@pytest.mark.parametrize("group", [[], ["pacs"]])
def test_every_command_is_listed_with_a_whole_sentence(
    group: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run([*group, "--help"]) == 0
    lines = capsys.readouterr().out.split("Commands:\n")[1].splitlines()
    listed = [line.split()[0] for line in lines if line.startswith("  ") and line[2] != " "]
    assert len(lines) == len(listed)
    assert set(listed) >= ({"receive", "find", "pull"} if group else {"suv", "track", "deidentify", "pacs", "response"})
    assert [line for line in lines if not line.endswith(".") or line.endswith("...")] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "No such command"),
        (["suv"], "Missing argument"),
        (["suv", "nowhere", "--json"], "no such file or folder"),
        (["add", "spreadsheet", "x", "--registry", "r"], "Invalid value"),
        (["measure", "--registry", "nowhere"], "lutrace init"),
    ],
)
def test_an_unusable_call_is_one_line_of_error_and_status_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert words in said.err
    assert "Traceback" not in said.err


def test_json_is_one_object_and_nothing_else(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write(tmp_path / "image", pet_slices(3))
    assert run(["suv", str(tmp_path), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert set(content) == {"series", "warnings"}
    assert len(content["series"]) == 1
