"""What the steps of this corridor answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from lutrace.core import Row
from lutrace.registry import AddReport


@dataclass(frozen=True)
class AddResult:
    """How many rows a step added, updated, found unchanged and put into quarantine; `by_table` the same per table."""

    added: int
    updated: int
    unchanged: int
    quarantined: int
    by_table: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    """What was done beside rows, in words: identifiers linked."""
    choices: tuple[Row, ...] = ()
    """Of image series: which are used, and why."""
    explained: tuple[Row, ...] = ()
    """Of a table in a dry run: what becomes of each of its rows."""

    def with_account(self, explained: Sequence[Row]) -> AddResult:
        """The answer with what becomes of each row."""
        return replace(self, explained=tuple(explained))

    def plus(self, other: AddResult) -> AddResult:
        """The answer of both steps."""
        names = {*self.by_table, *other.by_table}
        counts = ("added", "updated", "unchanged", "quarantined")
        by_table = {
            name: {one: sum(part.by_table.get(name, {}).get(one, 0) for part in (self, other)) for one in counts}
            for name in sorted(names)
        }
        choices = tuple({row["scan_id"]: row for row in (*self.choices, *other.choices)}.values())
        added, updated, unchanged, refused = (getattr(self, one) + getattr(other, one) for one in counts)
        return AddResult(
            added,
            updated,
            unchanged,
            refused,
            by_table,
            (*self.warnings, *other.warnings),
            (*self.told, *other.told),
            choices,
        )


def result_of(report: AddReport, warnings: tuple[str, ...] = (), choices: tuple[Row, ...] = ()) -> AddResult:
    """The answer made of a registry's report."""
    by_table = {
        name: {
            "added": one.added,
            "updated": one.updated,
            "unchanged": one.unchanged,
            "quarantined": one.quarantined,
        }
        for name, one in sorted(report.by_table.items())
    }
    return AddResult(
        report.added, report.updated, report.unchanged, report.quarantined, by_table, warnings, (), choices
    )
