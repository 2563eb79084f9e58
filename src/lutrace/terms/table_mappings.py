"""Mappings for tables of other software, to start one's own from; they hold open lines until a person settles them."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent / "data" / "table_mappings"


def table_mapping_names() -> tuple[str, ...]:
    """The names of the shipped mappings, in alphabetical order."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def table_mapping_text(name: str) -> str:
    """The text of a shipped mapping, with its comments."""
    return (_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
