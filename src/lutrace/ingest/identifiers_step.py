"""`lutrace add table identifiers.csv`: which identifiers are of one person, as a centre states it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lutrace.core import ContradictionError, Row, TableError, UnusableInputError, read_numbered_rows, tell_file
from lutrace.ehr import RecordBatch
from lutrace.registry import Registry

NAME = "identifiers"
COLUMNS = ("identifier", "same_as")
"""Needed; `system` and `same_as_system` name whose numbers they are, empty for the hospital's own."""


def is_identifiers(file: Path, table: str | None) -> bool:
    """Whether a file is a table of identifiers: by `--table`, else by its name."""
    return (table or file.stem.lower()) == NAME


@dataclass(frozen=True)
class LinkedRow:
    """A row of a table of identifiers that was linked, and the file that it stands in."""

    file: str
    number: int
    row: Row


def link_identifiers(
    registry: Registry, file: Path, *, systems: Collection[str]
) -> tuple[tuple[str, ...], tuple[LinkedRow, ...]]:
    """Link the identifiers of a table (`identifier same_as [system same_as_system]`); what was joined, in words, and
    the rows that were linked.

    `systems` are the numberings that the site profile names. The words tell also how many links are new.

    Raises UnusableInputError for missing columns, TableError for rows of a numbering that nobody has named (nothing is
    linked then), and with every row that cannot be linked: the others are.
    """
    numbered = read_numbered_rows(file)
    missing = [name for name in COLUMNS if numbered and name not in numbered[0][1]]
    if missing:
        raise UnusableInputError(f"{tell_file(file)}: needs the columns {', '.join(missing)} [system, same_as_system]")
    unknown = [fault for number, row in numbered for fault in _unknown_systems(number, row, systems)]
    if unknown:
        raise TableError(tell_file(file), unknown)
    told: list[str] = []
    faults: list[str] = []
    linked: list[LinkedRow] = []
    n_new = 0
    for number, row in numbered:
        try:
            one, other = _key(row, "identifier", "system"), _key(row, "same_as", "same_as_system")
            was_known = _is_one_person(registry, one, other)
            words = registry.link_patients(one, other)
        except (ContradictionError, UnusableInputError) as error:
            faults.append(f"row {number}: {error}")
            continue
        linked.append(LinkedRow(tell_file(file), number, row))
        n_new += not was_known
        if words is not None:
            told.append(f"row {number}: {words}")
    if faults:
        raise TableError(tell_file(file), faults)
    counts = f"linked {n_new}, known already {len(linked) - n_new}"
    return (f"{tell_file(file)}: {counts}", *told), tuple(linked)


def _is_one_person(registry: Registry, one: str, other: str) -> bool:
    known = registry.identities.known("patient", one)
    return known is not None and known == registry.identities.known("patient", other)


def _unknown_systems(number: int, row: Row, systems: Collection[str]) -> Iterator[str]:
    for column in ("system", "same_as_system"):
        named = _system(row, column)
        if named is not None and named not in systems:
            known = f"one of {', '.join(sorted(set(systems)))}" if systems else "none: the site profile names no system"
            yield (
                f"row {number}: {column}: unknown; expected {known}, or empty for the hospital's own numbers "
                "(`identifier_systems` of site.yaml names them)"
            )


def shared_numbers(linked: Sequence[LinkedRow]) -> Iterator[str]:
    """A warning for each person of whom rows, of one file or several, give two numbers or more of one numbering.

    A person may have two, but a slip looks the same.
    """
    people: list[tuple[set[tuple[str | None, str]], set[tuple[str, int]]]] = []
    for of_row in linked:
        one = {
            (_system(of_row.row, system), str(of_row.row[column]).strip())
            for column, system in (("identifier", "system"), ("same_as", "same_as_system"))
        }
        joined = [person for person in people if person[0] & one]
        people = [person for person in people if not person[0] & one]
        place = {(of_row.file, of_row.number)}
        people.append((one.union(*(p[0] for p in joined)), place.union(*(p[1] for p in joined))))
    for numbers, places in people:
        told = "; ".join(
            f"{name}: rows {', '.join(str(number) for found, number in sorted(places) if found == name)}"
            for name in sorted({name for name, _ in places})
        )
        for system, count in Counter(system for system, _value in numbers).items():
            if count > 1:
                where = "of the hospital's own" if system is None else f"of the system {system}"
                yield f"{told}: {count} numbers {where} become one person, for good; make sure that they are"


def name_in_system(system: str | None, identifier: str) -> str:
    """An identifier as it is known here: with the system whose number it is, the hospital's own without."""
    return identifier if system is None else f"{system}|{identifier}"


def with_system(batch: RecordBatch, system: str | None) -> RecordBatch:
    """The records of a source that numbers patients in its own way, under identifiers that name its system."""
    if system is None:
        return batch

    def named(row: Row) -> Row:
        return {**row, "patient_id": name_in_system(system, str(row["patient_id"]))} if row.get("patient_id") else row

    identities = [
        replace(one, identifiers=((system, name_in_system(system, one.identifiers[0][1])), *one.identifiers[1:]))
        for one in batch.identities
    ]
    return replace(
        batch,
        rows={table: [named(row) for row in rows] for table, rows in batch.rows.items()},
        identities=identities,
        faults=[replace(one, row=named(one.row)) for one in batch.faults],
        letters=[replace(one, patient_id=name_in_system(system, one.patient_id)) for one in batch.letters],
        restated=[(name_in_system(system, patient), record) for patient, record in batch.restated],
    )


def _key(row: Row, column: str, system: str) -> str:
    value = None if row.get(column) is None else str(row[column]).strip()
    if not value:
        raise UnusableInputError(f"{column}: may not be empty")
    return name_in_system(_system(row, system), value)


def _system(row: Row, column: str) -> str | None:
    return None if row.get(column) is None else str(row[column]).strip() or None
