"""The documentation is run: its Python, its study files, its commands, its links."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.study.conftest import abstract_facts, abstract_rows  # noqa: F401

from lutrace.cli.app import build_command, run
from lutrace.core import parse_yaml
from lutrace.ingest import parse_profile
from lutrace.protocol import parse_protocol
from lutrace.study import run_study

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [str(page.relative_to(ROOT).as_posix()) for page in PAGES]
_BLOCK = re.compile(r"^```(\S+)(?: +([^\n]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
_LONGEST = 150
FILES = ("csv", "yaml")
WRITTEN = tuple(f"docs/reference/{name}.md" for name in ("tables", "ctcae", "dispositions", "checks"))  # by make docs


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, what stands after it (a file's name, `run` or `printed`), and its text."""

    language: str
    info: str
    text: str


def blocks(name: str) -> list[Block]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return [Block(language, info or "", body) for language, info, body in _BLOCK.findall(text)]


def commands(text: str) -> Iterator[list[str]]:
    """The arguments of each line that calls lutrace; a line may go on after a backslash."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line.split(" #")[0])
        if words and words[0].removeprefix(".venv/bin/") == "lutrace":
            yield words[1:]


def check_command(arguments: list[str]) -> None:
    """Raise when there is no such command, or it does not take these arguments."""
    group: Any = build_command()
    if arguments[:1] in (["--version"], ["--help"]):
        return
    command = group.commands.get(arguments[0])
    assert command is not None, f"there is no command lutrace {arguments[0]}"
    if hasattr(command, "commands"):
        named = command.commands.get(arguments[1])
        assert named is not None, f"there is no command lutrace {arguments[0]} {arguments[1]}"
        named.make_context(arguments[1], list(arguments[2:]))
        return
    command.make_context(arguments[0], list(arguments[1:]))


def is_study(block: Block) -> bool:
    return block.language == "yaml" and re.search(r"^study:", block.text, re.MULTILINE) is not None


def test_there_are_pages_for_every_need() -> None:
    for name in ("docs/index.md", "docs/tutorial/first-study.md", "docs/how-to/install.md", "docs/methods/suv.md"):
        assert name in NAMES


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WRITTEN])
def test_no_line_is_longer_than_a_screen(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    long = [number for number, line in enumerate(lines, start=1) if len(line) > _LONGEST and line[:1] not in "|┃│"]
    assert long == []


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_to_a_file(name: str) -> None:
    links = _LINK.findall((ROOT / name).read_text(encoding="utf-8"))
    lost = [link for link in links if not re.match(r"https?:", link) and not ((ROOT / name).parent / link).exists()]
    assert lost == []


@pytest.mark.parametrize("name", NAMES)
def test_every_page_can_be_reached_from_the_index(name: str) -> None:
    index = ROOT / "docs" / "index.md"
    linked = [(index.parent / link).resolve() for link in _LINK.findall(index.read_text(encoding="utf-8"))]
    assert (ROOT / name).resolve() in [index.resolve(), (ROOT / "README.md").resolve(), *linked]


@pytest.mark.parametrize("name", [name for name in NAMES if any(b.language == "sh" for b in blocks(name))])
def test_every_command_shown_exists_with_its_options(name: str) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for block in blocks(name):
        if block.language != "sh":
            continue
        for arguments in commands(block.text):
            check_command(arguments)
        for target in re.findall(r"^(?:\w+=\S+ )*make (\S+)", block.text, re.MULTILINE):
            assert target in targets


@pytest.mark.parametrize("name", [name for name in NAMES if any(b.language == "yaml" for b in blocks(name))])
def test_every_study_and_site_profile_shown_is_read(name: str) -> None:
    for number, block in enumerate(blocks(name), start=1):
        if is_study(block):
            parse_protocol(block.text, f"{name}, block {number}")
        elif block.info == "site.yaml":
            parse_profile(block.text)
        elif block.language == "yaml":
            parse_yaml(block.text, f"{name}, block {number}")


def test_the_study_of_the_readme_and_the_tutorial_is_one_and_runs(
    abstract_facts: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    texts = [
        block.text
        for name in ("README.md", "docs/tutorial/first-study.md")
        for block in blocks(name)
        if is_study(block)
    ]
    assert len(texts) == 2
    assert len(set(texts)) == 1
    assert len(texts[0].splitlines()) <= 12
    result = run_study(parse_protocol(texts[0], "my-study.yaml"), abstract_facts, tmp_path / "out")
    assert result.report.html.is_file()
    assert result.results.is_file()
    ratios = [row for row in result.computation.tables["estimates"] if row["measure"] == "hazard_ratio"]
    assert [(row["endpoint"], row["term"], row["n"]) for row in ratios] == [("os", "ttv", 66)]


def is_run(block: Block) -> bool:
    return block.language == "python" or (block.language == "sh" and block.info == "run")


@pytest.mark.parametrize("name", [name for name in NAMES if any(is_run(b) for b in blocks(name))])
def test_what_can_be_run_runs_and_prints_what_the_page_says(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    page = blocks(name)
    names: dict[str, Any] = {}
    for place, block in enumerate(page):
        if block.language in FILES and block.info.endswith(FILES):
            (tmp_path / block.info).write_text(block.text, encoding="utf-8")
        if not is_run(block):
            continue
        capsys.readouterr()
        if block.language == "python":
            exec(compile(block.text, name, "exec"), names)
        else:
            assert [run(arguments) for arguments in commands(block.text)] == [0] * len(list(commands(block.text)))
        printed = capsys.readouterr().out
        if place + 1 < len(page) and page[place + 1].info == "printed":
            assert printed == page[place + 1].text
