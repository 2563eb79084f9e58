"""One outcome under every rule that trials use: who worsens, and when, side by side."""

from __future__ import annotations

import ibis.expr.types as ir

from lutrace.core import Row
from lutrace.endpoints.basis import Basis
from lutrace.endpoints.questionnaires.worsening import derive_worsenings
from lutrace.protocol import TimeToWorsening

AS_STATED = "as stated"
ANY_RECORDED = ("psa_progression", "radiological_progression", "clinical_progression")
PAUSE_DAYS = 126.0
"""Two missed visits of a six-week rhythm: the next answer may come up to three intervals after the last."""


def read_worsening_variants(basis: Basis, outcome: TimeToWorsening, progressions: ir.Table | None = None) -> list[Row]:
    """Rows of WORSENINGS of every variant of `outcome`, one query each; its own rule is the variant `as stated`."""
    rows: list[Row] = []
    for name, changed in worsening_variants(outcome).items():
        known = progressions if changed.progression else None
        table = derive_worsenings(basis, changed, known, variant=name)
        rows += table.order_by(["population", "patient_id"]).to_pyarrow().to_pylist()
    return rows


def worsening_variants(outcome: TimeToWorsening) -> dict[str, TimeToWorsening]:
    """The outcome as stated, and changed in one respect at a time; a variant equal to another is left out."""
    rule = outcome.rule
    changed: dict[str, dict[str, object]] = {
        AS_STATED: {},
        "at least": {"change": rule.model_copy(update={"strict": False})},
        "more than": {"change": rule.model_copy(update={"strict": True})},
    }
    if rule.points is not None and rule.percent is not None:
        changed |= {
            "points only": {"change": rule.model_copy(update={"percent": None, "need": "either"})},
            "percent only": {"change": rule.model_copy(update={"points": None, "need": "either"})},
            "either": {"change": rule.model_copy(update={"need": "either"})},
            "both": {"change": rule.model_copy(update={"need": "both"})},
        }
    changed |= {
        "unconfirmed": {"confirmation": "none"},
        "confirmed by the next": {"confirmation": "next", "alone_at_end": "does_not_count"},
        "confirmed by the next or last": {"confirmation": "next", "alone_at_end": "counts"},
        "definitive": {"confirmation": "definitive", "alone_at_end": "does_not_count"},
        "definitive or last": {"confirmation": "definitive", "alone_at_end": "counts"},
        "death competes": {"death": "competes"},
        "or death": {"death": "event"},
        "or recorded progression": {"recorded": ANY_RECORDED},
        "or death or recorded progression": {"death": "event", "recorded": ANY_RECORDED},
        "no pause over 126 days": {"longest_gap": PAUSE_DAYS},
    }
    kept: dict[str, TimeToWorsening] = {}
    for name, update in changed.items():
        variant = outcome.model_copy(update=update)
        if variant not in kept.values():
            kept[name] = variant
    return kept
