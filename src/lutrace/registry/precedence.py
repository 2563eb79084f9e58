"""Which source is believed before which: stated in the site profile by table, else a default order that is printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

import duckdb

from lutrace.core import Field, FrozenModel, field_validator, parse_document, suggest
from lutrace.tables import MERGED_TABLES, SOURCES
from lutrace.terms import tell

DEFAULT_ORDER = ("fhir", "omop", "redcap", "table", "notes")
"""The nearer to the hospital's own record, the earlier; what was found in letters comes last."""

EVERY_TABLE = "default"
KINDS: tuple[str, ...] = SOURCES.by_name["kind"].codes or ()


class SourceRules(FrozenModel):
    """The lines of the site profile on sources: names of files, and who is believed before whom."""

    sources: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Name of a source to the patterns of its files' names; others are known by their kind."""
    precedence: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Table (or default) to the order of its sources, the one believed first."""
    identifier_systems: dict[str, str] = Field(default_factory=dict)
    """Source to the name of its own numbering of patients; others use the number that DICOM's PatientID is."""

    @field_validator("sources")
    @classmethod
    def _check_names(cls, sources: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        odd = [name for name in sources if name in KINDS or not name.replace("_", "").replace("-", "").isalnum()]
        if odd:
            raise ValueError(f"{', '.join(odd)}: expected a name of letters, digits, _ and - that is no kind of source")
        return sources

    @field_validator("precedence")
    @classmethod
    def _check_order(cls, precedence: dict[str, tuple[str, ...]], info: Any) -> dict[str, tuple[str, ...]]:
        for table, order in precedence.items():
            _check_known(table, (EVERY_TABLE, *MERGED_TABLES), "no table")
            for name in order:
                _check_known(name, (*KINDS, *info.data.get("sources", ())), f"{table}: no source")
            if len(set(order)) < len(order):
                raise ValueError(f"{table}: a source stands twice; name each once")
        return precedence

    @field_validator("identifier_systems")
    @classmethod
    def _check_systems(cls, systems: dict[str, str], info: Any) -> dict[str, str]:
        for source, system in systems.items():
            _check_known(source, (*DEFAULT_ORDER, *info.data.get("sources", ())), "no source of records")
            if not system.strip() or "|" in system:
                raise ValueError(f"{source}: expected the name of a system, without |")
        return systems

    def system_of(self, kind: str, name: str | None) -> str | None:
        """The system in which a source numbers its patients; None for the hospital's own numbers."""
        return self.identifier_systems.get(name or kind, self.identifier_systems.get(kind))

    def source_named(self, file_name: str) -> str | None:
        """The name of the source that a file belongs to, by the first pattern that fits; None for one known by kind."""
        for name, patterns in self.sources.items():
            if any(fnmatch(file_name, pattern) for pattern in patterns):
                return name
        return None


class _StatedRules(SourceRules, extra="ignore"):
    """The same lines in a whole site profile."""


@dataclass(frozen=True)
class Rank:
    """A source's place in the order of one table, and whether the profile says so."""

    source: str
    place: int
    stated: bool


def parse_source_rules(profile_text: str, *, name: str = "site.yaml") -> SourceRules:
    """What a site profile says of its sources; raises ProtocolError with the line of each fault in these lines."""
    return parse_document(profile_text, name, _StatedRules, tell=tell)


def rank_sources(rules: SourceRules, table: str, kinds: Mapping[str, str]) -> list[Rank]:
    """The sources (name to kind) in the order of a table: as the profile lists them, then by the default order."""
    stated = rules.precedence.get(table, rules.precedence.get(EVERY_TABLE, ()))

    def place(source: str) -> tuple[int, int, str]:
        kind = kinds[source]
        named = next((stated.index(one) for one in (source, kind) if one in stated), len(stated))
        default = DEFAULT_ORDER.index(kind) if kind in DEFAULT_ORDER else len(DEFAULT_ORDER)
        return named, default, source

    ordered = sorted(kinds, key=place)
    places = [place(source)[0] for source in ordered]
    return [
        Rank(source, number, places[number] < len(stated) and places.count(places[number]) == 1)
        for number, source in enumerate(ordered)
    ]


def read_source_kinds(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Each source that rows may come from: its name in the profile (else its kind), and its kind."""
    found: Sequence[tuple[str, str]] = connection.execute(
        'SELECT DISTINCT coalesce("name", kind) AS source, kind FROM sources ORDER BY source, kind'
    ).fetchall()
    return dict(found)


def _check_known(name: str, allowed: Sequence[str], words: str) -> None:
    if name not in allowed:
        meant = suggest(name, allowed)
        raise ValueError(f"{words} is called {tell(name)}; {f'{meant} ' if meant else ''}expected {', '.join(allowed)}")
