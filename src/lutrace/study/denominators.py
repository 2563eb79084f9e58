"""The denominators of a run: every table and every sentence of a report, read before it is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from lutrace.core import Row
from lutrace.prose import Fault, find_contradictions, find_table_faults
from lutrace.report import BLOCKING, Notice, ReportInput, compose_report_texts
from lutrace.study.summaries import TABLES

_CERTAIN = "certain"


def find_denominator_faults(report_input: ReportInput, released: Mapping[str, Sequence[Row]]) -> tuple[Notice, ...]:
    """A blocking notice for each contradiction between numbers that the report would print.

    Counts of classes that do not add up to their n, a count above its n or an n above its total; in tables a percentage
    that its count is not, an estimate outside its interval; in paragraphs what `lutrace claims` calls certain. Where
    small counts are hidden, the notice names the place and not the numbers.
    """
    hidden = report_input.policy.min_cell is not None
    texts = compose_report_texts(report_input, released)
    notices = [Notice(place, text, BLOCKING) for place, text in _sums(report_input.tables.get("summaries", ()))]
    for table in texts.tables:
        faults = find_table_faults(table.texts())
        notices += [
            _notice(table.name, fault, f"row {fault.quote.partition(':')[0]}", hidden=hidden) for fault in faults
        ]
    for place, text in texts.prose:
        faults = tuple(fault for fault in find_contradictions(text) if fault.severity == _CERTAIN)
        notices += [_notice(place, fault, f"sentence {fault.sentence}", hidden=hidden) for fault in faults]
    return tuple(dict.fromkeys(notices))


def _notice(place: str, fault: Fault, where: str, *, hidden: bool) -> Notice:
    numbers = "" if hidden else f": {fault.arithmetic} ({fault.quote})"
    return Notice(place, f"numbers of the report contradict each other, {where}{numbers}", BLOCKING)


def _sums(rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """Rows of SUMMARIES whose counts cannot be: above their n, or of classes that do not add up to it."""
    classes: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["statistic"] != "count" or row["value"] is None:
            continue
        place = f"{row['table']}, {row['group']}, {row['variable']}"
        if row["n"] is not None and not 0 <= row["value"] <= row["n"] <= row["total"]:
            yield place, "counts do not add up: more patients than there are in a class"
        if row["level"] is not None and row["table"] in TABLES:
            classes[row["table"], row["group"], row["variable"]].append(row)
    for (table, group, variable), own in classes.items():
        if sum(row["value"] for row in own) != own[0]["n"]:
            yield f"{table}, {group}, {variable}", "counts do not add up: the classes are not all patients with a value"
