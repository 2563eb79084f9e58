"""What was checked of each Cox model, side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lutrace.core import Row
from lutrace.report.contents import CheckTable
from lutrace.report.estimate_tables import describe_heading
from lutrace.report.material import Material, group_rows
from lutrace.report.text_table import Cell, TextTable
from lutrace.report.wording import EMPTY, format_estimate, format_fixed, format_p, format_value

_HEADERS = (
    "Model",
    "n (events)",
    "Events per term",
    "Events in rarer group",
    "PH p, covariate",
    "PH p, model",
    "Influential patients",
    "Firth HR (95% CI)",
)
_NOTES = (
    "Events per term: events for each covariate of the model; below 10 the hazard ratio may be biased. Events in rarer "
    "group: of a yes/no covariate; below 5 the interval of the main table (Wald) is not to be trusted.",
    "PH p: score test of proportional hazards (Grambsch and Therneau, Kaplan-Meier time), of the covariate and of the "
    "whole model; a small p says that the hazard ratio changes with time. Influential: patients without whom the "
    "coefficient would move by more than 2/√n standard errors.",
    "Firth HR: the same model with Firth's penalty and profile-likelihood interval, given where events are few; "
    "'used' where the main table itself rests on it.",
)
_OPTIMISM = "Concordance, corrected"
_OPTIMISM_NOTE = (
    "Concordance, corrected: Harrell's concordance of the whole model less its optimism (bootstrap): what new patients "
    "may be expected to show."
)


def compose_checks(spec: CheckTable, material: Material) -> TextTable:
    """The checks of each model, under headings of outcome and population."""
    rows = material.rows("estimates", analysis=spec.analyses, measure="hazard_ratio")
    rows = [row for row in rows if "/" not in row["term"]]
    has_optimism = any("optimism" in _checks_of(row) for row in rows)
    lines: list[tuple[Cell, ...]] = []
    for head, own in group_rows(rows, lambda row: describe_heading(material, row)).items():
        lines.append((Cell(head, strong=True),))
        lines += [_line(material, row, has_optimism=has_optimism) for row in own]
    headers = (*_HEADERS, _OPTIMISM) if has_optimism else _HEADERS
    notes = (*_NOTES, *((_OPTIMISM_NOTE,) if has_optimism else ()), *spec.notes)
    return TextTable(spec.name, spec.caption, headers, tuple(lines), notes)


def _checks_of(row: Row) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(row["checks"]) if isinstance(row.get("checks"), str) else {}
    return found


def _line(material: Material, row: Row, *, has_optimism: bool) -> tuple[Cell, ...]:
    checks = _checks_of(row)
    hazards = checks.get("proportional_hazards_p") or {}
    link = material.link(row, f"{describe_heading(material, row)} · {material.word(row['term'])}, checks")
    texts = (
        f"{format_value(row['n'])} ({format_value(row.get('events'))})",
        _per_term(checks.get("events_per_term")),
        format_value(checks.get("events_in_rarer_group")),
        _p(hazards.get(row["term"])),
        _p(hazards.get("global")),
        format_value(checks.get("influential_patients")),
        _firth(checks),
        *((_corrected(checks),) if has_optimism else ()),
    )
    name = f"{material.word(row['term'])}{', adjusted' if row['adjusted'] else ''}"
    return (Cell(name, indent=1), *(Cell(text, link if text != EMPTY else None) for text in texts))


def _per_term(value: Any) -> str:
    return format_fixed(value, 1) if isinstance(value, int | float) else format_value(value)


def _p(value: Any) -> str:
    return EMPTY if value is None else format_p(value)


def _corrected(checks: Mapping[str, Any]) -> str:
    found = checks.get("optimism") or {}
    return EMPTY if found.get("corrected") is None else format_fixed(found["corrected"], 2)


def _firth(checks: Mapping[str, Any]) -> str:
    if checks.get("firth"):
        return "used"
    firth = checks.get("sparse_firth")
    if not firth:
        return EMPTY
    return format_estimate({**firth, "measure": "hazard_ratio", "estimate": firth["hazard_ratio"]})
