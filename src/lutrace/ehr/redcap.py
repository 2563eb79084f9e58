"""A REDCap project by a centre's mapping: entries of forms into rows of declared fact tables."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lutrace.core import Row, digest_of
from lutrace.ehr.mapping import CellRule, RowRule
from lutrace.ehr.mapping_rows import rows_by_mapping
from lutrace.ehr.records import Fault, Identity, Letter, RecordBatch
from lutrace.ehr.redcap_columns import EVENT, REPEAT_FORM, REPEAT_INSTANCE, form_columns
from lutrace.ehr.redcap_dictionary import Dictionary, tell_name
from lutrace.ehr.redcap_forms import Entry, find_entries
from lutrace.ehr.redcap_mapping import EVENT_DATE, LetterRule, RedcapMapping, check_mapping, form_of_rule
from lutrace.ehr.redcap_project import ExportedRows, Project

_SEVERAL = "has several values in this record, of which none is of the row's own event"
_REMEDY = "correct the record in REDCap and export it again"
_LETTERS = "text_findings"
_OF_ROW = frozenset({EVENT, REPEAT_FORM, REPEAT_INSTANCE})


def read_redcap(project: Project, mapping: RedcapMapping, *, mapping_name: str) -> Iterator[RecordBatch]:
    """The rows, identities, letters and faults of each export of a project; every place is a row of the export.

    A rule reads the entries of one form. A column of another form is looked up in the same event, else in the whole
    record, where it must have one value. Raises ProtocolError when the mapping does not fit the dictionary.
    """
    dictionary = project.dictionary
    check_mapping(mapping, dictionary, mapping_name)
    mapping = mapping.model_copy(update={"missing": (*mapping.missing, *project.missing)})
    found = [_entries(export, dictionary, mapping) for export in project.exports]
    values = _Values.of([row.cells for export in project.exports for row in export.rows], dictionary, mapping)
    for number, (export, (entries, faults)) in enumerate(zip(project.exports, found, strict=True)):
        reading = _Reading(export, dictionary, mapping, values, faults=faults)
        reading.unread.update(export.unread)
        reading.unread.update(project.unread if number == 0 else {})
        reading.notes.update(dict.fromkeys(_absent(project, mapping) if number == 0 else ()))
        yield reading.batch(entries)


def _absent(project: Project, mapping: RedcapMapping) -> list[str]:
    """What to say of each column that the mapping reads and no export has: none of its facts can be there."""
    there = {name for export in project.exports for row in export.rows for name in row.cells}
    told = project.dictionary.tell
    absent = sorted(mapping.needed_columns() - _OF_ROW - there) if there else []
    return [f"{told(name)}: the mapping reads it, and no export has it; nothing was read of it" for name in absent]


def _entries(
    export: ExportedRows, dictionary: Dictionary, mapping: RedcapMapping
) -> tuple[dict[str, list[Entry]], list[Fault]]:
    """The entries of an export by form, and its rows that belong to no record or form."""
    entries: dict[str, list[Entry]] = defaultdict(list)
    faults = []
    for row in export.rows:
        found, problems = find_entries(row, dictionary, mapping.missing, mapping.forms)
        for entry in found:
            entries[entry.form].append(entry)
        faults += [Fault("patients", f"row {row.number}", None, words, _REMEDY) for words in problems]
    return entries, faults


@dataclass(frozen=True)
class _Values:
    """The values of columns that rules read from other forms: by event and instance, and of the whole record."""

    at: Mapping[tuple[str | None, ...], Mapping[str, str]]
    of_record: Mapping[tuple[str, str], frozenset[str]]

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, str | None]], dictionary: Dictionary, mapping: RedcapMapping) -> _Values:
        """The values in all rows of the project, without those that stand for nothing known."""
        at: dict[tuple[str | None, ...], dict[str, str]] = defaultdict(dict)
        of_record: dict[tuple[str, str], set[str]] = defaultdict(set)
        needed, missing = mapping.needed_columns() - _OF_ROW, {one.casefold() for one in mapping.missing}
        for cells in rows:
            record = cells.get(dictionary.record_field)
            for name in needed & cells.keys():
                text = cells[name]
                if record is None or text is None or text.casefold() in missing:
                    continue
                of_record[record, name].add(text)
                if cells.get(REPEAT_FORM) is None:
                    at[record, cells.get(EVENT), cells.get(REPEAT_INSTANCE)][name] = text
        return cls(at, {key: frozenset(texts) for key, texts in of_record.items()})

    def find(self, entry: Entry, name: str) -> tuple[str | None, bool]:
        """The value of a column for an entry, and whether it is beyond doubt."""
        for place in ((entry.record, entry.event, entry.instance), (entry.record, entry.event, None)):
            if name in (known := self.at.get(place, {})):
                return known[name], True
        values = self.of_record.get((entry.record, name), frozenset())
        return (next(iter(values)), True) if len(values) == 1 else (None, not values)


@dataclass
class _Reading:
    """What one export gives, form by form and rule by rule."""

    export: ExportedRows
    dictionary: Dictionary
    mapping: RedcapMapping
    values: _Values
    faults: list[Fault] = field(default_factory=list)
    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    identities: dict[str, Identity] = field(default_factory=dict)
    unread: Counter[str] = field(default_factory=Counter)
    notes: dict[str, None] = field(default_factory=dict)
    letters: list[Letter] = field(default_factory=list)

    def batch(self, entries: Mapping[str, Sequence[Entry]]) -> RecordBatch:
        """All that the export gives."""
        read = self.mapping.needed_columns() | set(self.mapping.not_read) | {self.dictionary.record_field}
        for form, filled in entries.items():
            self._read_form(form, filled)
            for entry in filled:
                self.unread.update(
                    f"field {tell_name(self.dictionary.by_column[name][0].name)} of form {tell_name(form)}"
                    for name, text in entry.cells.items()
                    if name in self.dictionary.by_column and name not in read and self._says(name, text)
                )
        return RecordBatch(
            self.export.source,
            {table: tuple(rows) for table, rows in self.rows.items()},
            tuple(self.identities.values()),
            tuple(self.faults),
            dict(sorted((+self.unread).items())),
            tuple(self.notes),
            tuple(self.letters),
        )

    def _says(self, name: str, text: str | None) -> bool:
        """Whether a cell says something: an unticked box does not."""
        return text is not None and (self.dictionary.by_column[name][1] is None or text != "0")

    def _read_form(self, form: str, entries: Sequence[Entry]) -> None:
        untaken = [self._read_rule(rule, form, entries) for rule in self.mapping.rules if self._form_of(rule) == form]
        if untaken:
            self.unread[f"entries of form {tell_name(form)} that no rule of the mapping takes"] += len(
                set.intersection(*untaken)
            )
        for letter in self.mapping.letters:
            if self.dictionary.by_name[letter.text].form == form:
                self._read_letters(letter, form, entries)

    def _read_rule(self, rule: RowRule, form: str, entries: Sequence[Entry]) -> set[str]:
        """Add the rows of one rule; gives the places of entries that it does not take.

        It alone reads the entries, so that each of its rows can be told from others.
        """
        mapping = self.mapping.model_copy(update={"rules": (rule.model_copy(update={"sheet": form}),)})
        wanted = mapping.columns_read()
        records, by_number = self._records(rule.table, wanted, form, entries)
        if not records:
            return set()
        if all(self._is_number(one) for one in wanted) and mapping.decimal is None:
            mapping = mapping.model_copy(update={"decimal": "."})
        made = rows_by_mapping(
            mapping, records, self.export.source, name=self.export.name, sheet=form, told=self.dictionary.tell
        )
        names = list(records[0][1])
        alike = [one for one in self.mapping.rules if one.table == rule.table and self._form_of(one) == form]
        for table, rows in made.rows.items():
            keyed = [_keyed(row, names, by_number, f"{table}/{alike.index(rule)}") for row in rows]
            self.rows[table] += [row | {"source_locator": self._told_place(row["source_locator"])} for row in keyed]
        self.faults += [replace(one, locator=self._told_place(_named(one.locator, names))) for one in made.faults]
        for identity in made.identities:
            self.identities.setdefault(identity.identifiers[0][1], identity)
        self.notes.update(dict.fromkeys(made.notes))
        return {place for place, _ in made.rowless}

    def _records(
        self, table: str, wanted: frozenset[str], form: str, entries: Sequence[Entry]
    ) -> tuple[list[tuple[int, Row]], dict[str, Entry]]:
        """The entries with the columns wanted of other forms, and each by its place; doubtful ones become faults."""
        foreign = sorted(wanted - set(form_columns(self.dictionary, form)) - _OF_ROW)
        records, by_number = [], {}
        for entry in entries:
            place = {EVENT: entry.event, REPEAT_FORM: entry.form, REPEAT_INSTANCE: entry.instance}
            record: Row = {**entry.cells, **place}
            doubtful = self._add_foreign(record, entry, foreign)
            if doubtful:
                words = f"{', '.join(map(self.dictionary.tell, doubtful))} {_SEVERAL}"
                self.faults.append(Fault(table, f"row {entry.number}", None, words, _REMEDY))
                continue
            records.append((entry.number, record))
            by_number[f"row {entry.number}"] = entry
        return records, by_number

    def _add_foreign(self, record: Row, entry: Entry, names: Sequence[str]) -> list[str]:
        """Put the columns of other forms into the record; gives those of which the project holds several values."""
        doubtful: list[str] = []
        for name in names:
            if name == EVENT_DATE:
                record[name] = self._event_date(entry, doubtful)
            elif name == self.dictionary.record_field:
                record[name] = entry.record
            else:
                record[name], is_sure = self.values.find(entry, name)
                doubtful += [] if is_sure else [name]
        return doubtful

    def _event_date(self, entry: Entry, doubtful: list[str]) -> str | None:
        """The planned day of the entry's event; None for an event without one."""
        planned = self.mapping.event_days
        if planned is None or entry.event not in planned.days:
            return None
        since, is_sure = self.values.find(entry, planned.since)
        if not is_sure:
            doubtful.append(planned.since)
        if since is None:
            return None
        return (dt.date.fromisoformat(since[:10]) + dt.timedelta(days=planned.days[entry.event])).isoformat()

    def _told_place(self, place: str) -> str:
        """A place with the field as messages call it."""
        number, _, column = place.partition(", ")
        return f"{number}, {self.dictionary.tell(column)}" if column else number

    def _form_of(self, rule: RowRule) -> str | None:
        return form_of_rule(rule, self.dictionary)

    def _is_number(self, column: str) -> bool:
        """Whether a column is no free text: then a point in it is a decimal point."""
        known, _ = self.dictionary.by_column.get(column, (None, None))
        return known is None or known.type != "text" or bool(known.validation)

    def _read_letters(self, rule: LetterRule, form: str, entries: Sequence[Entry]) -> None:
        """Add the letters in one field; whose each is, is read as for rows."""
        owner = RowRule(table="patients", sheet=form, columns={"synthetic": CellRule(constant=False)})
        mapping = self.mapping.model_copy(update={"rules": (owner,)})
        wanted = mapping.columns_read() | {one for one in (rule.text, rule.date) if one is not None}
        written = [entry for entry in entries if entry.cells.get(rule.text) is not None]
        records, by_number = self._records(_LETTERS, wanted, form, written)
        made = rows_by_mapping(
            mapping, records, self.export.source, name=self.export.name, sheet=form, told=self.dictionary.tell
        )
        self.faults += [replace(one, table=_LETTERS, row={}) for one in made.faults]
        patients = {row["source_locator"]: row["patient_id"] for row in made.rows.get("patients", ())}
        for number, record in records:
            place = f"row {number}"
            if place not in patients:
                continue
            date = None if rule.date is None else record[rule.date]
            self.letters.append(
                Letter(
                    key="/".join(str(part or "") for part in (*by_number[place].key, rule.text)),
                    patient_id=str(patients[place]),
                    text=record[rule.text],
                    source_locator=f"{place}, {self.dictionary.tell(rule.text)}",
                    date=None if date is None else str(date)[:10],
                    language=rule.language,
                    kind=rule.kind,
                )
            )


def _keyed(row: Row, names: Sequence[str], entries: Mapping[str, Entry], rule: str) -> Row:
    """The row with a place that names the field, and keyed by the entry that it is of: a correction replaces it."""
    place = _named(str(row["source_locator"]), names)
    keyed = {**row, "source_locator": place}
    if "record_key" in row:
        number, _, column = place.partition(", ")
        keyed["record_key"] = digest_of([*entries[number].key, rule, column])[:20]
    return keyed


def _named(place: str, names: Sequence[str]) -> str:
    """A place with the field's name for the letter of a spreadsheet's column."""
    number, _, letters = place.partition(", column ")
    if not letters:
        return number
    index = 0
    for sign in letters:
        index = index * 26 + ord(sign) - 64
    return f"{number}, {names[index - 1]}"
