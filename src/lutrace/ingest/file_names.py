"""File names that every file system takes, from names that people gave."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_KEPT = " ._-+()"
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
_LONGEST = 100


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


def _safe(name: str) -> str:
    text = unicodedata.normalize("NFC", name)
    text = "".join(letter if letter.isalnum() or letter in _KEPT else "_" for letter in text)[:_LONGEST].strip(" .")
    if not text:
        return "region"
    return f"_{text}" if text.split(".")[0].casefold() in _RESERVED else text
