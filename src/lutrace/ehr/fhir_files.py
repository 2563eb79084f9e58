"""FHIR files on disk: bundles, single resources, NDJSON, folders of them; one resource after the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lutrace.core import UnusableInputError, tell_file
from lutrace.ehr.fhir_elements import Resource, child, text

ENDINGS = (".json", ".ndjson", ".jsonl")
DEEPEST = 100
"""Levels of objects and lists in a resource that are read: what is made by FHIR's rules has fewer than thirty."""
_DOUBLED = "a key stands twice in one object of the {}, and only one of its values could be read"
_TOO_DEEP = f"a resource is nested no deeper than {DEEPEST} levels"


@dataclass(frozen=True)
class Located:
    """One resource and its place; references are looked up in `scope` (its bundle or file) before anywhere else."""

    resource: Resource
    locator: str
    scope: str
    full_url: str | None = None

    @property
    def key(self) -> str:
        """The one place that this resource stands at, among all files."""
        return f"{self.scope}|{self.locator}"


@dataclass(frozen=True)
class Broken:
    """A place that holds no resource, and why."""

    locator: str
    rule: str


def list_all_files(paths: Sequence[Path]) -> list[Path]:
    """The FHIR files under all `paths`, each once; refused when there is none under one of them."""
    return list({file.resolve(): file for path in paths for file in list_files(path)}.values())


def list_files(path: Path) -> list[Path]:
    """The FHIR files under `path`, in order of name; refused when there is none."""
    if path.is_file():
        files = [path]
    elif path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file() and file.suffix.lower() in ENDINGS)
    else:
        raise UnusableInputError(f"{tell_file(path)}: no such file or folder")
    if not files or files[0].suffix.lower() not in ENDINGS:
        raise UnusableInputError(
            f"{tell_file(path)}: expected FHIR files ending in {', '.join(ENDINGS)}, found none; "
            "tables are read by `lutrace add table`, images by `lutrace add dicom`"
        )
    return files


def read_resources(path: Path, *, wanted: Callable[[bytes], bool] | None = None) -> Iterator[Located | Broken]:
    """The resources of one file, in order; of NDJSON, only lines that are `wanted` are parsed."""
    if path.suffix.lower() == ".json":
        yield from _read_json(path)
    else:
        yield from _read_lines(path, wanted)


def _read_json(path: Path) -> Iterator[Located | Broken]:
    raw = path.read_bytes()
    try:
        content = _parse(raw)
    except ValueError as error:
        yield Broken("file", _why(error, "file"))
        return
    yield from _unpack(content, "", str(path), _may_be_deep(raw))


def _read_lines(path: Path, wanted: Callable[[bytes], bool] | None) -> Iterator[Located | Broken]:
    scope = str(path)
    with path.open("rb") as file:
        for count, line in enumerate(file, start=1):
            if line.isspace() or (wanted is not None and not wanted(line)):
                continue
            try:
                content = _parse(line)
            except ValueError as error:
                yield Broken(f"line {count}", _why(error, "line"))
                continue
            yield from _unpack(content, f"line {count}", scope, _may_be_deep(line))


class _DoubledKeyError(ValueError):
    """A key stands twice in one object, so that one of its values would be lost."""


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _DoubledKeyError
    return found


def _why(error: ValueError, what: str) -> str:
    return _DOUBLED.format(what) if isinstance(error, _DoubledKeyError) else f"the {what} is not valid JSON in UTF-8"


def _parse(raw: bytes) -> object:
    """The JSON in the bytes; raises ValueError where it is none, not in UTF-8, nested beyond reading, or doubled."""
    try:
        return json.loads(raw, object_pairs_hook=_object)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _may_be_deep(raw: bytes) -> bool:
    """Whether anything in the bytes can be nested deeper than is read; cheap, and true of few lines."""
    return raw.count(b"{") + raw.count(b"[") > DEEPEST


def _is_deep(content: object) -> bool:
    level = [content]
    for _ in range(DEEPEST):
        level = [inner for one in level if isinstance(one, (dict, list))
                 for inner in (one.values() if isinstance(one, dict) else one)]  # fmt: skip
        if not level:
            return False
    return True


def _unpack(content: object, place: str, scope: str, may_be_deep: bool) -> Iterator[Located | Broken]:
    if not isinstance(content, dict) or text(content, "resourceType") is None:
        yield Broken(place or "file", "a FHIR resource is an object with a resourceType")
        return
    if content["resourceType"] != "Bundle":
        if may_be_deep and _is_deep(content):
            yield Broken(place or "resource", _TOO_DEEP)
        else:
            yield Located(content, place or "resource", scope)
        return
    inside = f"{scope}#{place}"
    entries = content.get("entry", [])
    if not isinstance(entries, list):
        yield Broken(place or "file", "the entry of a Bundle is a list of objects that hold resources")
        return
    for index, entry in enumerate(entries):
        locator = f"{place} entry[{index}]".strip()
        resource = child(entry, "resource") if isinstance(entry, dict) else {}
        if text(resource, "resourceType") is None:
            yield Broken(locator, "an entry of a Bundle holds a resource with a resourceType")
        elif resource["resourceType"] == "Bundle":
            yield from _unpack(resource, locator, scope, may_be_deep)
        elif may_be_deep and _is_deep(resource):
            yield Broken(locator, _TOO_DEEP)
        else:
            yield Located(resource, locator, inside, text(entry, "fullUrl"))
