"""Derived tables of castration resistance: by which definitions it is met, which is preferred, how far they agree."""

from __future__ import annotations

from collections.abc import Sequence

from lutrace.core import Row
from lutrace.endpoints import compare_mcrpc_dates
from lutrace.study.derived_parts import Derivation, Ground, Reading, Variable, any_in, having, only
from lutrace.tables import MCRPC_AGREEMENTS, MCRPC_CHOICES, MCRPC_DATES

_DEFINITIONS = {
    "physician": "physician's record",
    "registry": "tumour registry",
    "pcwg3": "PCWG3",
    "eau": "EAU",
    "aua": "AUA",
    "code": "diagnosis code",
    "text": "letter",
    "surrogate": "begin of a treatment",
}
_APART = ("within 30 days", "31 to 90 days apart", "more than 90 days apart", "by one of the two", "by neither")


def derive_mcrpc_tables(ground: Ground) -> Derivation:
    """Dates of mCRPC by definition, the preferred one, and agreement pair by pair."""
    history, rules = ground.history, ground.protocol.history.mcrpc
    agreements = compare_mcrpc_dates(history.mcrpc_dates)
    pairs = agreements.select("definition_a", "definition_b").order_by("definition_a", "definition_b")
    agreeing = (_agreement(row["definition_a"], row["definition_b"]) for row in pairs.to_pyarrow().to_pylist())
    met = (_met(name) for name in _DEFINITIONS)
    grades = MCRPC_DATES.by_name["grade"].meaning.removeprefix("evidence: ")
    return Derivation(
        {
            MCRPC_DATES.name: history.mcrpc_dates,
            MCRPC_CHOICES.name: history.mcrpc_choices,
            MCRPC_AGREEMENTS.name: agreements,
        },
        (*_preferred(), *met, *agreeing),
        (
            f"Grades of evidence: {grades}. The preferred date has the best grade.",
            f"A contradiction: a date of grade A to D more than {rules.conflict_after:g} days away.",
        ),
        labels=_DEFINITIONS,
    )


def _preferred() -> tuple[Variable, ...]:
    name, grades = MCRPC_CHOICES.name, MCRPC_CHOICES.by_name["grade"].codes or ()
    definition, grade = only("definition", "none"), only("grade", "none")
    return (
        Variable("definition", "Preferred date by", "classes", name, definition, levels=(*_DEFINITIONS, "none")),
        Variable("grade", "Grade of its evidence", "classes", name, grade, levels=(*grades, "none")),
        Variable("dated", "mCRPC dated (metastases too)", "yes", name, any_in("mcrpc_date")),
        Variable("conflict", "Another definition contradicts the date", "yes", name, any_in("conflict")),
    )


def _met(name: str) -> Variable:
    label = f"Castration resistance by {_DEFINITIONS[name]}"
    return Variable(f"by_{name}", label, "yes", MCRPC_DATES.name, bool, having("definition", name))


def _agreement(a: str, b: str) -> Variable:
    def read(rows: Sequence[Row]) -> Reading:
        dates = [row["crpc_date"] for row in rows]
        if len(dates) < len((a, b)):
            return _APART[3] if dates else _APART[4]
        days = abs((dates[0] - dates[1]).days)
        return _APART[0] if days <= 30 else _APART[1] if days <= 90 else _APART[2]

    label = f"Dates by {_DEFINITIONS[a]} and by {_DEFINITIONS[b]}"
    return Variable(f"{a}_{b}", label, "classes", MCRPC_DATES.name, read, having("definition", a, b), levels=_APART)
