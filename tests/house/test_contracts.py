"""The import contracts that no general tool checks: who imports whom, one owner per library, one door per room."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "lutrace"

MAY_IMPORT: dict[str, set[str]] = {
    "core": set(),
    "terms": {"core"},
    "tables": {"core"},
    "physics": {"core"},
    "stats": {"core"},
    "imaging": {"core", "physics", "tables"},
    "segment": {"core", "imaging", "terms", "tables"},
    "dicom": {"core", "terms", "imaging", "physics", "tables"},
    "ehr": {"core", "terms", "tables"},
    "notes": {"core", "terms", "tables"},
    "prose": {"core", "terms"},
    "registry": {"core", "terms", "tables"},
    "ingest": {"core", "terms", "tables", "physics", "imaging", "segment", "dicom", "ehr", "notes", "registry"},
    "review": {"core", "terms", "tables", "physics", "imaging", "segment", "dicom", "ehr", "notes", "registry"},
    "protocol": {"core", "terms", "tables"},
    "cohort": {"core", "tables", "protocol"},
    "endpoints": {"core", "terms", "tables", "protocol"},
    "models": {"core", "tables", "protocol", "stats"},
    "report": {"core", "tables", "protocol"},
    "study": {
        *("core", "tables", "terms", "protocol", "registry"),
        *("cohort", "endpoints", "models", "report", "stats", "prose"),
    },
    "federation": {"core", "study", "models", "report", "stats", "protocol"},
    "virtual": {"core", "physics", "terms", "tables", "imaging", "dicom", "ehr"},
    "web": {"core", "ingest", "review", "study", "federation"},
    "cli": {"core", "ingest", "review", "virtual", "study", "federation", "web"},
}
OWNER: dict[str, str] = {
    "pint": "core",
    "openpyxl": "core",
    "pydantic": "core",
    "ruamel": "core",
    "scipy": "stats",
    "statsmodels": "stats",
    "SimpleITK": "imaging",
    "spacy": "notes",
    "cc3d": "imaging",
    "pydicom": "dicom",
    "highdicom": "dicom",
    "pynetdicom": "dicom",
    "dicomweb_client": "dicom",
    "requests": "core",
    "urllib3": "core",
    "torch": "segment",
    "totalsegmentator": "segment",
    "nnunetv2": "segment",
    "duckdb": "registry",
    "pyspark": "registry",
    "psycopg": "registry",
    "matplotlib": "report",
    "jinja2": "report",
    "markupsafe": "report",
    "docx": "report",
    "typer": "cli",
    "click": "cli",
    "rich": "cli",
    "dask": "ingest",
    "distributed": "ingest",
    "pandas": "",
}
COMMON = {"numpy", "pyarrow", "ibis"}
POSIX_ONLY = {"fcntl", "pwd", "grp", "resource", "termios", "tty", "pty", "crypt", "syslog"}


def files() -> list[Path]:
    return sorted(path for path in SOURCE.rglob("*.py") if path.parent != SOURCE)


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0]


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            yield node.module


def test_every_room_is_placed() -> None:
    assert {path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists()} == set(MAY_IMPORT)


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_a_room_imports_only_what_it_may_and_only_through_the_door(room: str) -> None:
    faults = []
    for path in files():
        if room_of(path) != room:
            continue
        for name in imports_of(path):
            parts = name.split(".")
            if parts[0] != "lutrace" or len(parts) == 1 or parts[1] == room:
                continue
            if parts[1] not in MAY_IMPORT[room]:
                faults.append(f"{path.relative_to(SOURCE)} imports {parts[1]}")
            elif len(parts) > 2:
                faults.append(f"{path.relative_to(SOURCE)} reaches past the door: {name}")
    assert faults == []


def test_each_library_is_imported_by_its_owner_only() -> None:
    faults = [
        f"{path.relative_to(SOURCE)} imports {name}"
        for path in files()
        for name in imports_of(path)
        if (top := name.split(".")[0]) in OWNER and OWNER[top] != room_of(path)
    ]
    assert faults == []


def test_no_room_imports_a_library_without_an_owner() -> None:
    import sys

    known = set(sys.stdlib_module_names) | set(OWNER) | COMMON | {"lutrace"}
    faults = [
        f"{path.relative_to(SOURCE)} imports {name}"
        for path in files()
        for name in imports_of(path)
        if name.split(".")[0] not in known
    ]
    assert faults == []


def test_nothing_in_the_package_needs_posix() -> None:
    faults = []
    for path in files():
        faults += [f"{path.name} imports {name}" for name in imports_of(path) if name.split(".")[0] in POSIX_ONLY]
        text = path.read_text(encoding="utf-8")
        faults += [
            f"{path.relative_to(SOURCE)} says {word}"
            for word in ("os.fork", '"fork"', "symlink_to", "os.symlink", '"/tmp', '"/dev/')
            if word in text
        ]
    assert faults == []


def test_columns_of_expressions_are_chosen_and_never_dropped() -> None:
    """ibis writes out a step that drops columns, and all before it, at each use: `tables.without` chooses the rest."""
    rooms = {room for room in MAY_IMPORT if {"tables", "protocol"} <= MAY_IMPORT[room]}
    faults = [
        f"{path.relative_to(SOURCE)}:{node.lineno} drops columns"
        for path in files()
        if room_of(path) in rooms
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "drop"
    ]
    assert {"cohort", "endpoints", "study"} <= rooms
    assert faults == []


def test_no_file_is_longer_than_600_lines() -> None:
    assert [p.name for p in files() if len(p.read_text(encoding="utf-8").splitlines()) > 600] == []


def test_only_the_command_line_prints() -> None:
    faults = [
        str(path.relative_to(SOURCE))
        for path in files()
        if room_of(path) != "cli"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert faults == []


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_the_door_says_what_the_room_knows(room: str) -> None:
    tree = ast.parse((SOURCE / room / "__init__.py").read_text(encoding="utf-8"))
    words = ast.get_docstring(tree) or ""
    assert words.startswith(f"{room} knows ")
    names = {
        target.id
        for node in tree.body
        for target in (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if isinstance(target, ast.Name)
    }
    assert "__all__" in names
