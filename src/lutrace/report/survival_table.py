"""Times to an outcome by group: patients, events, medians, shares without the event and restricted means by a time."""

from __future__ import annotations

from lutrace.core import Row
from lutrace.report.contents import SurvivalTable
from lutrace.report.estimate_tables import MEASURES, method_notes
from lutrace.report.material import Material
from lutrace.report.suppression import ALL
from lutrace.report.text_table import Cell, TextTable
from lutrace.report.wording import EMPTY, format_estimate, format_p, format_value, with_unit

_MEASURES = ("median", "lower_quartile", "upper_quartile", "survival", "rmst")
_AT_TIMES = ("survival", "rmst")


def compose_survival(spec: SurvivalTable, material: Material) -> TextTable:
    """The table: a line per group under headings of outcome and population, a column per measure and time."""
    wanted = {"analysis": spec.analyses, "population": spec.populations, "endpoint": spec.endpoints}
    rows = material.rows("estimates", **wanted, measure=_MEASURES)
    marks, told = method_notes(material, rows)
    columns = {_column(row): None for row in sorted(rows, key=lambda row: _MEASURES.index(row["measure"]))}
    tests = {name: None for name in ("p",) if any(row.get(name) is not None for row in rows)}
    by_head: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        head = f"{material.word(row['endpoint'])} · {material.word(row['population'])}"
        by_head.setdefault(head, {}).setdefault(_group(row), []).append(row)
    lines: list[tuple[Cell, ...]] = []
    for head, groups in by_head.items():
        lines.append((Cell(head, strong=True),))
        for group, own in groups.items():
            first = own[0]
            link = material.link(first, f"{head} · {material.word(group)}")
            found = {_column(row): row for row in own}
            cells = [
                Cell(f"{format_estimate(found[name])}{marks[found[name]['method']]}", link)
                if name in found
                else Cell(EMPTY)
                for name in columns
            ]
            p = next((row["p"] for row in own if row.get("p") is not None), None)
            lines.append(
                (
                    Cell(material.word(group), indent=1),
                    Cell(format_value(first["n"]), link),
                    Cell(format_value(first.get("events")), link),
                    *cells,
                    *(Cell(format_p(p), link if p is not None else None) for _ in tests),
                )
            )
    headers = ("Group", "n", "Events", *columns, *tests)
    return TextTable(spec.name, spec.caption, headers, tuple(lines), (*told, *spec.notes))


def _group(row: Row) -> str:
    """The group that a row is of; of a measure at a time the term names it before the time, or not where it is all."""
    if row["measure"] not in _AT_TIMES:
        return str(row["term"])
    return row["term"].rpartition(", ")[0] or ALL


def _column(row: Row) -> str:
    name = MEASURES[row["measure"]].capitalize()
    if row["measure"] not in _AT_TIMES:
        return f"{with_unit(name, row['unit'])} (95% CI)"
    at = row["term"].rpartition(", ")[2]
    told = f"{name} up to {at}, in {row['unit']}" if row["measure"] == "rmst" else f"{name} at {at}"
    return f"{told} (95% CI)"
