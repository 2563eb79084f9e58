"""The page of acceptance: each proof that it names exists, each line stands once, and its counts are right."""

from __future__ import annotations

import ast
import functools
import re
from collections import Counter
from pathlib import Path
from typing import Any

from lutrace.protocol import Protocol
from lutrace.study import load_protocol, shipped_names

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "acceptance.md").read_text(encoding="utf-8")
_LINE = re.compile(
    r"^\| (S\d-\d+[a-z]?) \| (MUST|SHOULD|REJECT) \| [^|]+ \| (holds|partly|missing) \| ([^|]+) \|$", re.MULTILINE
)
_TEST = re.compile(r"`(tests/\w+/test_\w+\.py)::(test_\w+)`")
_PLACE = re.compile(r"`([a-z-]+)#(\w+)\.(\w+)`")
_PROOF = re.compile(rf"{_TEST.pattern}|{_PLACE.pattern}|\[[^]]+\]\([^)]+\)")
LINES = _LINE.findall(PAGE)
LAST = {"S0": 37, "S1": 31, "S2": 32, "S3": 32, "S4": 30}


@functools.cache
def names_of_tests(path: str) -> frozenset[str]:
    body = ast.parse((ROOT / path).read_text(encoding="utf-8")).body
    return frozenset(one.name for one in body if isinstance(one, ast.FunctionDef))


@functools.cache
def shipped(study: str) -> Protocol:
    return load_protocol(study)


def names_at(study: str, part: str) -> set[str]:
    """The names of a part of a shipped study; `items` are those of its report."""
    protocol: Any = shipped(study)
    if part == "items":
        return {item.name for section in protocol.report.sections for item in section.items}
    return {one.name for one in getattr(protocol, part)}


def test_every_line_of_the_lists_stands_once() -> None:
    wanted = [f"{study}-{n:02d}" for study, last in LAST.items() for n in range(1, last + 1)]
    assert sorted(line for line, *_ in LINES) == sorted([*wanted, "S0-22b", "S0-22c"])
    assert len(LINES) == len(re.findall(r"^\| S\d-", PAGE, re.MULTILINE))


def test_every_test_that_is_named_exists() -> None:
    named = _TEST.findall(PAGE)
    assert [(path, name) for path, name in named if name not in names_of_tests(path)] == []
    assert len(named) == PAGE.count("::test_") - PAGE.count("...py::test_...")


def test_every_place_of_a_shipped_study_exists() -> None:
    named = _PLACE.findall(PAGE)
    assert {study for study, _, _ in named} == set(shipped_names())
    assert [place for place in named if place[2] not in names_at(place[0], place[1])] == []


def test_what_holds_is_proven_by_a_test_and_what_does_not_says_what_lacks() -> None:
    for line, _, status, proof in LINES:
        told = [part for part in proof.split("; ") if not _PROOF.fullmatch(part)]
        if status == "missing":
            assert proof == "–", line
        else:
            assert _TEST.search(proof), line
            assert (status == "holds") == (not told), line


def test_the_counts_are_those_of_the_lines() -> None:
    found = Counter((kind, status) for _, kind, status, _ in LINES)
    for kind in ("MUST", "SHOULD", "REJECT"):
        counts = [found[kind, status] for status in ("holds", "partly", "missing")]
        row = f"| {kind} | {' | '.join(str(n) for n in (*counts, sum(counts)))} |"
        assert row in PAGE
