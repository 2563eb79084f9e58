"""What tables and figures are drawn from: released rows, words and evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from lutrace.core import Row
from lutrace.report.contents import Notice, ReportPicture
from lutrace.report.evidence import EvidenceIndex
from lutrace.report.suppression import ALL
from lutrace.report.wording import word


@dataclass(frozen=True)
class Material:
    """Rows that passed the gate, with the words, notices, pictures and evidence of the report.

    `row_tables` are rows of derived tables by the name of their file, `theme` is that of all figures, `data_cut` the
    day after which nothing was known (empty: none).
    """

    tables: Mapping[str, Sequence[Row]]
    labels: Mapping[str, str]
    evidence: EvidenceIndex
    notices: Sequence[Notice] = ()
    pictures: Sequence[ReportPicture] = ()
    row_tables: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    theme: str = "default"
    data_cut: str = ""

    @property
    def groups_of(self) -> frozenset[str]:
        """The analyses whose terms are groups of patients: those with curves."""
        return frozenset(row["analysis"] for row in self.tables.get("curves", ()))

    synthetic: bool = False

    def word(self, name: str | None) -> str:
        """A reader's word for a name."""
        return word(self.labels, name)

    def start_of(self, population: str) -> str:
        """What time runs from in a population: its label `<population>.start`, or else its own."""
        return self.labels.get(f"{population}.start") or self.word(population)

    def rows(self, name: str, /, **wanted: str | Sequence[str] | None) -> list[Row]:
        """The rows of a table whose columns have the values wanted: a text, one of several, or any (None, empty)."""
        return [
            row for row in self.tables.get(name, ()) if all(_fits(row[key], value) for key, value in wanted.items())
        ]

    def derived(self, name: str, table: str) -> list[Row]:
        """The rows of `table` of the derived table `name`; none where they may not leave."""
        return list(self.row_tables.get(f"{name}_{table}", ()))

    def link(self, row: Row, title: str) -> int | None:
        """The evidence of a row of ESTIMATES: its population's values of endpoint, term and other covariates.

        The median of a group leads to the patients with that class somewhere in the evidence, and nowhere without.
        No link when neither endpoint nor term has evidence; nor for specifications, whose values are derived anew.
        """
        if row["measure"] in ("specification", "share_of_specifications"):
            return None
        population, main = row["population"], [row["endpoint"], *row["term"].split("/")]
        if row["analysis"] in self.groups_of and row["term"] != ALL:
            groups = group_endpoint(row["analysis"], row["endpoint"])
            known = self.evidence.has(population, groups)
            return self.evidence.link(title, population, [*main, groups], [(groups if known else None, row["term"])])
        if self.evidence.link(title, population, main) is None:
            return None
        others = [name.strip() for name in (row.get("adjusted_for") or "").split(",")]
        return self.evidence.link(title, population, [*main, *others])


def group_endpoint(analysis: str, endpoint: str) -> str:
    """The endpoint of the evidence whose category is the patient's group in an analysis of an outcome."""
    return f"{analysis}.{endpoint}"


def group_rows(rows: Sequence[Row], name: Callable[[Row], str]) -> dict[str, list[Row]]:
    """The rows by their heading, headings and rows in the order in which they came."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(name(row), []).append(row)
    return groups


def _fits(value: str, wanted: str | Sequence[str] | None) -> bool:
    if not wanted:
        return True
    return value == wanted if isinstance(wanted, str) else value in wanted
