"""Drugs and scores that a table of a centre gives in words: regimens, brands with their depot, Gleason scores."""

from __future__ import annotations

from collections import Counter

from lutrace.core import Row
from lutrace.ehr.fhir_elements import RecordError
from lutrace.terms import (
    depot_days_in_text,
    drug_named,
    drugs_in_text,
    grade_group_of,
    parse_gleason,
    parse_regimen,
    product_in_text,
)

_TREATMENTS = ("line", "rlt", "local")
_OTHER_SUM = "the sum is not that of its patterns"
GLEASON = ("gleason_primary", "gleason_secondary", "gleason_sum")


def treatments_of(row: Row, unread: Counter[str]) -> list[Row]:
    """A row per drug that `agent` names, by its name and class in the vocabulary; partners such as prednisone are none.

    A drug that another follows ("then", "replaced by") has no end of its own, and the other no begin: the text gives no
    day of the change. Raises RecordError when the vocabulary knows nothing of the text and the row states no class.
    """
    words = str(row.get("agent") or "")
    whole = drug_named(words)
    if whole is not None:
        return [_named(row, whole.name)]
    regimen = parse_regimen(words)
    named = [(one, drug_named(one.drug)) for one in regimen.agents]
    kept = [(one.relation, drug.name) for one, drug in named if drug is not None and drug.purpose in _TREATMENTS]
    if not kept and row.get("agent_class"):
        return [row]
    if not kept:
        raise RecordError(
            "agent",
            "agent names no drug or procedure of the vocabulary",
            "name it as the vocabulary does (investigational_drug for one without a name), or state agent_class",
        )
    unread["column agent (words of a regimen not understood)"] += len(regimen.unread)
    changes = [relation in ("then", "instead") for relation, _ in kept]
    rows = {}
    for place, (_, name) in enumerate(kept):
        later, earlier = any(changes[: place + 1]), any(changes[place + 1 :])
        rows[name] = _named(_without(row, "begin") if later else _without(row, "end") if earlier else row, name)
    return list(rows.values())


def medication_of(row: Row) -> Row:
    """The row with the drug by its name in the vocabulary; brand and days that a dose acts as its text says them."""
    words = str(row.get("agent") or "")
    found = drugs_in_text(words)
    if len(found) != 1:
        return row
    said = {"product": product_in_text(words, found[0]), "depot_days": depot_days_in_text(words)}
    return {**row, **{name: value for name, value in said.items() if row.get(name) is None}, "agent": found[0].name}


def gleason_of(cells: Row) -> Row:
    """The cells with patterns and sum as numbers, where one of them holds words such as `3+4=7` or `Gleason 8 (4+4)`.

    Raises RecordError for words that state no score, several, or one whose sum is not that of its patterns.
    """
    worded = [name for name in GLEASON if isinstance(cells.get(name), str) and not str(cells[name]).strip().isdecimal()]
    if not worded:
        return cells
    reading = parse_gleason(f"Gleason {cells[worded[0]]}")
    if reading is None or (reading.total is None and reading.primary is None):
        why = "states no score with patterns or sum" if reading is None or not reading.reason else reading.reason
        raise RecordError(worded[0], f"{worded[0]}: {why}", "write 3+4=7, or patterns and sum in columns of their own")
    found = dict(zip(GLEASON, (reading.primary, reading.secondary, reading.total), strict=True))
    given = {name: cells.get(name) for name in GLEASON if name not in worded}
    apart = [name for name, value in given.items() if value is not None and str(value).strip() != str(found[name])]
    _, fault = grade_group_of(reading.primary, reading.secondary, reading.total)
    if apart or fault == _OTHER_SUM:
        why = _OTHER_SUM if not apart else "the score and its parts disagree"
        raise RecordError(worded[0], f"{worded[0]}: {why}", "correct the score at the source")
    return {**cells, **found}


def _named(row: Row, name: str) -> Row:
    drug = drug_named(name)
    return {**row, "agent": name, "agent_class": drug.agent_class if drug is not None else None}


def _without(row: Row, edge: str) -> Row:
    return {**row, f"{edge}_date": None, f"{edge}_date_precision": None}
