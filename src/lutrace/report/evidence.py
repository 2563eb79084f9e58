"""The rows behind each number: who, when, which value, from which row of which table, by which rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lutrace.core import Row
from lutrace.report.contents import EvidenceRow
from lutrace.report.disclosure import refuse_date
from lutrace.report.wording import word

COHORT = "cohort"
_LEFT_OUT = "attrition:"
COLUMNS = (
    "patient",
    "population",
    "endpoint",
    "days",
    "value",
    "unit",
    "event",
    "category",
    "source_table",
    "source_row",
    "source",
    "source_place",
    "rule",
    "reason",
)
_SHARED = ("patient", "population", "endpoint", "unit", "category", "source_table", "source", "rule", "reason")


def collect_evidence(tables: Mapping[str, Sequence[Row]]) -> tuple[EvidenceRow, ...]:
    """The evidence that rows of `endpoint_values` and `cohort_members` carry; their calendar dates stay behind."""
    values = tuple(
        EvidenceRow(
            patient_id=row["patient_id"],
            population=row["population"],
            endpoint=row["endpoint"],
            days=row.get("days"),
            value=row.get("value"),
            unit=row.get("unit"),
            event=row.get("event"),
            category=row.get("category"),
            source_table=row.get("source_table"),
            source_row=row.get("source_row"),
            rule=row["rule"],
            reason=row.get("reason"),
        )
        for row in tables.get("endpoint_values", ())
    )
    members = tuple(
        EvidenceRow(
            patient_id=row["patient_id"],
            population=row["population"],
            endpoint=COHORT,
            days=0.0,
            source_table=row["index_row"].split(":")[0],
            source_row=row["index_row"],
            rule="time zero",
        )
        for row in tables.get("cohort_members", ())
    )
    return members + values


@dataclass(frozen=True)
class Link:
    """What one number leads to: a title, ranges of evidence rows, and the classes that its patients must have.

    A class is (endpoint, category): only patients with such a row in the population are meant; endpoint None is any.
    """

    title: str
    population: str
    ranges: tuple[tuple[int, int], ...]
    classes: tuple[tuple[str | None, str], ...]


@dataclass
class EvidenceIndex:
    """Evidence in one order, and the links of numbers to ranges of it; it grows while tables are composed."""

    rows: tuple[EvidenceRow, ...]
    labels: Mapping[str, str]
    values_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    _ranges: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    _known: dict[Link, int] = field(default_factory=dict)
    _classes: dict[tuple[str, str | None, str], frozenset[str]] = field(default_factory=dict)

    def link(
        self,
        title: str,
        population: str,
        endpoints: Sequence[str | None],
        classes: Sequence[tuple[str | None, str]] = (),
        *,
        n_rows: int | None = None,
    ) -> int | None:
        """The number of the link to the rows of those endpoints in a population, of patients with all those classes.

        None when there are no such rows, or not `n_rows` where that is given: a number without its evidence is no link.
        """
        names = [known for name in endpoints if name is not None for known in (name, *self.values_of.get(name, ()))]
        keys = [(population, name) for name in dict.fromkeys(names)]
        ranges = tuple(self._ranges[key] for key in keys if key in self._ranges)
        link = Link(title, population, ranges, tuple(classes))
        found = len(self.rows_of(link))
        if not found or (n_rows is not None and found != n_rows):
            return None
        if link not in self._known:
            self._known[link] = len(self.links)
            self.links.append(link)
        return self._known[link]

    def _word(self, text: str) -> str:
        if text == COHORT:
            return "Members"
        if text.startswith(_LEFT_OUT):
            return f"Left out at step {text.removeprefix(_LEFT_OUT)}"
        return self.labels.get(text, text)

    def has(self, population: str, endpoint: str) -> bool:
        """Whether there is evidence of that endpoint in the population."""
        return (population, endpoint) in self._ranges

    def has_population(self, name: str) -> bool:
        """Whether there is evidence of a population of that name."""
        return any(population == name for population, _ in self._ranges)

    def rows_of(self, link: Link) -> list[EvidenceRow]:
        """The evidence that a link leads to."""
        rows = [row for begin, end in link.ranges for row in self.rows[begin:end]]
        for endpoint, category in link.classes:
            patients = self._patients_with(link.population, endpoint, category)
            rows = [row for row in rows if row.patient_id in patients]
        return rows

    def _patients_with(self, population: str, endpoint: str | None, category: str) -> frozenset[str]:
        key = (population, endpoint, category)
        if key not in self._classes:
            begin, end = (0, len(self.rows)) if endpoint is None else self._ranges.get((population, endpoint), (0, 0))
            self._classes[key] = frozenset(
                row.patient_id
                for row in self.rows[begin:end]
                if row.population == population
                and (endpoint is None or row.endpoint == endpoint)
                and row.category is not None
                and category in (row.category, word(self.labels, row.category))
            )
        return self._classes[key]

    def endpoint_of(self, population: str, variable: str) -> str | None:
        """The endpoint that a variable in words stands for: given, the same name, or the name whose label it is."""
        if variable in self.values_of:
            return self.values_of[variable][0]
        for known_population, endpoint in self._ranges:
            if known_population == population and variable in (endpoint, word(self.labels, endpoint)):
                return endpoint
        return None

    def as_rows(self) -> list[Row]:
        """The evidence as plain rows, in its order."""
        return [_as_row(row) for row in self.rows]

    def as_document(self) -> dict[str, Any]:
        """The evidence by columns, repeated texts as numbers of a shared list: what the page embeds."""
        texts: dict[str, int] = {}
        rows = self.as_rows()
        columns: dict[str, list[Any]] = {}
        for name in COLUMNS:
            column = [row[name] for row in rows]
            if name in _SHARED:
                column = [None if text is None else texts.setdefault(text, len(texts)) for text in column]
            columns[name] = column
        return {
            "shared": list(_SHARED),
            "texts": list(texts),
            "columns": columns,
            "labels": {text: self._word(text) for text in texts if self._word(text) != text},
            "links": [
                {
                    "title": link.title,
                    "population": link.population,
                    "ranges": [list(pair) for pair in link.ranges],
                    "classes": [list(pair) for pair in link.classes],
                }
                for link in self.links
            ],
        }


def index_evidence(
    evidence: Sequence[EvidenceRow],
    study_numbers: Mapping[str, str],
    *,
    labels: Mapping[str, str],
    values_of: Mapping[str, tuple[str, ...]],
) -> EvidenceIndex:
    """The evidence under study numbers, ordered by population, endpoint and patient, ready for links.

    Raises DisclosureError when a text of it is a calendar date.
    """
    numbered = [replace(row, patient_id=study_numbers[row.patient_id]) for row in evidence]
    for row in numbered:
        for name, value in _as_row(row).items():
            refuse_date(f"evidence.{name}", value)
    ordered = sorted(numbered, key=lambda row: (row.population, row.endpoint, row.patient_id, row.days or 0.0))
    ranges: dict[tuple[str, str], tuple[int, int]] = {}
    for position, row in enumerate(ordered):
        key = row.population, row.endpoint
        ranges[key] = (ranges.get(key, (position, 0))[0], position + 1)
    return EvidenceIndex(tuple(ordered), labels, values_of, _ranges=ranges)


def _as_row(row: EvidenceRow) -> Row:
    return {name: row.patient_id if name == "patient" else getattr(row, name) for name in COLUMNS}
