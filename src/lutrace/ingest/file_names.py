"""File names that every file system takes, from names that people gave."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from lutrace.core import tell_file, withheld_name

_KEPT = " ._-+()"
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
_LONGEST = 100
_TELLING = 3
_TELLING_INSIDE = 5


def safe_file_names(names: Sequence[str]) -> list[str]:
    """One file name (without ending) per name, distinct even where capitals do not count.

    Letters, digits, spaces and `._-+()` stay, all else becomes `_`; ends are freed of spaces and dots, device names of
    Windows get a leading `_`, and names are cut at 100 characters.
    """
    taken: set[str] = set()
    safe = []
    for name in names:
        stem = _safe(name)
        unique, number = stem, 2
        while unique.casefold() in taken:
            unique, number = f"{stem}_{number}", number + 1
        taken.add(unique.casefold())
        safe.append(unique)
    return safe


def shown_file_name(path: Path, people: Iterable[str | None]) -> str:
    """The file's name for a message as `tell_file` tells it; its digest, too, where it holds a part of these names.

    Parts of three letters or more count, as whole words; of five or more, inside words too.
    """
    return withheld_name(path) if holds_part_of(path.name, people) else tell_file(path)


def holds_part_of(text: str, people: Iterable[str | None]) -> bool:
    """Whether a text holds a part of these names or identifiers.

    Parts of three letters or more count, as whole words; of five or more, inside words too.
    """
    plain = unicodedata.normalize("NFC", text).casefold()
    parts = {part for one in people if one for part in re.split(r"[\W_]+", one.casefold()) if len(part) >= _TELLING}
    words = set(re.split(r"[\W_]+", plain))
    return any(part in words or (len(part) >= _TELLING_INSIDE and part in plain) for part in parts)


def _safe(name: str) -> str:
    text = unicodedata.normalize("NFC", name)
    text = "".join(letter if letter.isalnum() or letter in _KEPT else "_" for letter in text)[:_LONGEST].strip(" .")
    if not text:
        return "region"
    return f"_{text}" if text.split(".")[0].casefold() in _RESERVED else text
