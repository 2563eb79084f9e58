"""FHIR files on disk: bundles, single resources, NDJSON, folders of them; one resource after the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lutrace.core import UnusableInputError
from lutrace.ehr.fhir_elements import Resource, child, text

ENDINGS = (".json", ".ndjson", ".jsonl")


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
        raise UnusableInputError(f"{path.name}: no such file or folder")
    if not files or files[0].suffix.lower() not in ENDINGS:
        raise UnusableInputError(
            f"{path.name}: expected FHIR files ending in {', '.join(ENDINGS)}, found none; "
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
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, UnicodeDecodeError):
        yield Broken("file", "the file is not valid JSON in UTF-8")
        return
    yield from _unpack(content, "", str(path))


def _read_lines(path: Path, wanted: Callable[[bytes], bool] | None) -> Iterator[Located | Broken]:
    scope = str(path)
    with path.open("rb") as file:
        for count, line in enumerate(file, start=1):
            if line.isspace() or (wanted is not None and not wanted(line)):
                continue
            try:
                content = json.loads(line)
            except (ValueError, UnicodeDecodeError):
                yield Broken(f"line {count}", "the line is not valid JSON in UTF-8")
                continue
            yield from _unpack(content, f"line {count}", scope)


def _unpack(content: object, place: str, scope: str) -> Iterator[Located | Broken]:
    if not isinstance(content, dict) or text(content, "resourceType") is None:
        yield Broken(place or "file", "a FHIR resource is an object with a resourceType")
        return
    if content["resourceType"] != "Bundle":
        yield Located(content, place or "resource", scope)
        return
    inside = f"{scope}#{place}"
    entries = content.get("entry")
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        locator = f"{place} entry[{index}]".strip()
        resource = child(entry, "resource") if isinstance(entry, dict) else {}
        if text(resource, "resourceType") is None:
            yield Broken(locator, "an entry of a Bundle holds a resource with a resourceType")
        elif resource["resourceType"] == "Bundle":
            yield from _unpack(resource, locator, scope)
        else:
            yield Located(resource, locator, inside, text(entry, "fullUrl"))
