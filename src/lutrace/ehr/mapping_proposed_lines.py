"""Lines of a proposed mapping: where a declared column comes from, with the reason, and rules made of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lutrace.ehr.mapping import OPEN
from lutrace.ehr.mapping_columns import Profile

SURE, LIKELY = "sure", "likely"
Put = Callable[[str, str], None]


@dataclass(frozen=True)
class Line:
    """One declared column: what the mapping says of it, why, and the column of the source that it reads."""

    name: str
    said: str
    why: str
    reads: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether a person must settle it."""
        return f'"{OPEN}"' in self.said


@dataclass(frozen=True)
class ProposedRule:
    """A rule: shared lines, entries of lines, and the words of a column that choose the rows it takes."""

    table: str
    why: str
    columns: Sequence[Line] = ()
    each: Sequence[Sequence[Line]] = ()
    where: tuple[str, Sequence[str]] | None = None
    only_with: str | None = None

    def reads(self) -> set[str]:
        """The columns of the source that it reads."""
        lines = [*self.columns, *(line for entry in self.each for line in entry)]
        return {line.reads for line in lines if line.reads is not None}

    def put(self, put: Put) -> None:
        """Write it, a line for each declared column or entry."""
        put(f"  - table: {self.table}", self.why)
        if self.columns:
            put("    columns:", "")
        for line in self.columns:
            put(f"      {line.name}: {line.said}", line.why)
        if self.each:
            put("    each:", "")
        for entry in self.each:
            cells = ", ".join(f"{line.name}: {line.said}" for line in entry)
            whys = dict.fromkeys(line.why for line in sorted(entry, key=lambda one: not one.is_open) if line.why)
            put(f"      - columns: {{{cells}}}", "; ".join(whys))
        if self.where is not None:
            column, words = self.where
            put(f"    where: {{{quoted(column)}: [{', '.join(map(quoted, words))}]}}", "only these give rows")
        if self.only_with is not None:
            put(f"    only_with: {self.only_with}", "")


@dataclass(frozen=True)
class Shared:
    """The dates of a table: of every row, and of the columns of one occasion (`cycle 2`)."""

    row: Line
    occasions: Mapping[str, Profile]

    @classmethod
    def of(cls, profiles: Sequence[Profile]) -> Shared:
        """The dates that headings and cells show."""
        dated = [one for one in profiles if one.mostly(one.dates) or one.mostly(one.serials)]
        occasions = {
            one.heading.group: one
            for one in dated
            if one.heading.group is not None and one.heading.fact in _DATES and one.mostly(one.dates)
        }
        for fact in ("labs.date", "any.date", "cycles.administered_date"):
            found = [one for one in dated if one.heading.fact == fact and one.heading.group is None]
            if found:
                sure = len(found) == 1 and found[0].mostly(found[0].dates)
                return cls(date_line("date", found[0], f"{SURE}: heading and cells" if sure else ""), occasions)
        alone = [one for one in dated if one.heading.fact is None and one.heading.analyte is None]
        alone = [one for one in alone if one.mostly(one.dates)]
        hint = f"; may be {alone[0].column}, the only column of dates" if len(alone) == 1 else ""
        return cls(Line("date", quoted(OPEN), f"open: no heading names the date of the row{hint}"), occasions)

    def of_group(self, group: str | None, name: str = "date") -> Line | None:
        """The date of an occasion, under the declared name; None where it has none of its own."""
        if group is None or group not in self.occasions:
            return None
        return date_line(name, self.occasions[group], f"{SURE}: date of {group}")

    def of_row(self, name: str = "date") -> Line:
        """The date of the row, under the declared name."""
        return Line(name, self.row.said, self.row.why, self.row.reads)


_DATES = ("labs.date", "any.date", "cycles.administered_date")


def date_line(name: str, profile: Profile, why: str = "") -> Line:
    """A line for a column of dates; days that a spreadsheet counts are stated as such."""
    if not profile.mostly(profile.dates) and profile.mostly(profile.serials):
        said = f"{{column: {quoted(profile.column)}, dates: excel}}"
        return Line(
            name, said, f"{LIKELY}: numbers as a spreadsheet counts days; excel1904 is the other way", profile.column
        )
    return Line(name, quoted(profile.column), why or f"{LIKELY}: heading and cells", profile.column)


def column_line(name: str, profile: Profile, why: str) -> Line:
    """A line that reads a column as it is."""
    return Line(name, quoted(profile.column), why, profile.column)


def constant_line(name: str, value: str | int, why: str = "") -> Line:
    """A line that states the same for every row."""
    said = str(value) if isinstance(value, int) else quoted(value)
    return Line(name, f"{{constant: {said}}}", why)


def coded_line(name: str, profile: Profile, codes: Mapping[str, str | None], why: str) -> Line:
    """A line with the meaning of each code; those not known are open."""
    known = {word: code for word, code in codes.items() if code != word}
    if not known:
        return column_line(name, profile, why)
    said = ", ".join(f"{quoted(word)}: {quoted(OPEN) if code is None else code}" for word, code in codes.items())
    if any(code is None for code in codes.values()):
        why = f"open: what these codes mean; {why}"
    return Line(name, f"{{column: {quoted(profile.column)}, values: {{{said}}}}}", why, profile.column)


def quoted(text: str) -> str:
    """A text as YAML, whatever signs it holds."""
    return json.dumps(text, ensure_ascii=False)
