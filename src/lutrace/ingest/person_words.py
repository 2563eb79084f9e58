"""Words of accepted rows that may name a person: a fact whose text holds some is refused, and the text is not kept."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace

from lutrace.core import Column, Disclosure, Row, Table, Type
from lutrace.ehr import Fault, RecordBatch
from lutrace.tables import FACT_TABLES
from lutrace.terms import is_word

_OF_THE_HOUSE = frozenset({"code_system", "canonical_unit", "loinc", "value_text", "analyte", "agent_class"})
"""Text columns that the readers fill from the vocabularies, or that hold a number as it was reported."""
_SHORTEST = 4
_SHORTEST_INSIDE = 6
_LONG_NUMBER = re.compile(r"\d{5}|(?:\d[ /-]?){7}")
_CODE = re.compile(r"[\w.:/+*^-]{1,24}")
_REMEDY = "put a term of the vocabulary, or a code, in the place of the words, and read the source again"


class PersonWords:
    """What is known of names and identifiers of people, to be found in the texts of rows."""

    def __init__(self, names: Iterable[str], identifiers: Iterable[str]) -> None:
        """Hold the parts of names and, where they have digits, of identifiers; short ones say nothing."""
        self._parts: set[str] = set()
        self._found: dict[tuple[str, str], str | None] = {}
        self._add(names, identifiers)

    def without(self, batch: RecordBatch) -> RecordBatch:
        """The batch with rows whose text may name a person as faults, which hold nothing of that text."""
        said = [name for one in batch.identities for name in (one.family, one.given) if name]
        self._add(said, [value for one in batch.identities for _, value in one.identifiers])
        faults: list[Fault] = []
        rows = {name: self._kept(FACT_TABLES[name], given, faults) for name, given in batch.rows.items()}
        return replace(batch, rows=rows, faults=(*batch.faults, *faults)) if faults else batch

    def _add(self, names: Iterable[str], identifiers: Iterable[str]) -> None:
        parts = {part for one in names for part in _words(one)}
        parts |= {part for one in identifiers for part in _words(one.rpartition("|")[2]) if not part.isalpha()}
        parts = {part for part in parts if len(part) >= _SHORTEST and not is_word(part)}
        if not parts <= self._parts:
            self._parts |= parts
            self._found.clear()

    def _kept(self, table: Table, rows: Sequence[Row], faults: list[Fault]) -> Sequence[Row]:
        texts = [column for column in table.columns if _may_name(column)]
        told = [(row, self._first_fault(texts, row)) for row in rows] if texts else [(row, None) for row in rows]
        for row, found in told:
            if found is not None:
                column, why = found
                rest = {name: value for name, value in row.items() if name != column}
                place = str(row.get("source_locator") or "")
                faults.append(Fault(table.name, place, column, f"{column} {why}", _REMEDY, rest))
        return [row for row, found in told if found is None] if faults else rows

    def _first_fault(self, texts: Sequence[Column], row: Row) -> tuple[str, str] | None:
        for column in texts:
            text = row.get(column.name)
            if isinstance(text, str) and text and (why := self._why(column.name, text)) is not None:
                return column.name, why
        return None

    def _why(self, name: str, text: str) -> str | None:
        key = (name, text)
        if key not in self._found:
            self._found[key] = None if is_word(text) else self._looked_at(name, text)
        return self._found[key]

    def _looked_at(self, name: str, text: str) -> str | None:
        if name == "code":
            named = not self._parts.isdisjoint(_words(text))
            return "holds words, expected a code" if named or _CODE.fullmatch(text) is None else None
        if _LONG_NUMBER.search(text) is not None:
            return "holds a number as people or their telephones have"
        words = set(_words(text))
        plain = _plain(text)
        if any(part in words or (len(part) >= _SHORTEST_INSIDE and part in plain) for part in self._parts):
            return "holds a part of a name or identifier of a patient"
        return None


def _may_name(column: Column) -> bool:
    """Whether a column may hold words of its source."""
    if column.type is not Type.TEXT or column.codes is not None or column.name in _OF_THE_HOUSE:
        return False
    return column.disclosure in (Disclosure.SENSITIVE, Disclosure.OPEN)


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\W_]+", _plain(text)) if word]


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()
