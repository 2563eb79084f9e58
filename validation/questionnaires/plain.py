"""Scoring and worsening a second time, in plain Python and exact fractions, from the published rules alone.

Nothing of lutrace is imported here. Each rule is written out for its instrument; nothing is shared between them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

Sheet = Mapping[str, int | None]
Score = Fraction | None

_PHYSICAL = [f"GP{n}" for n in range(1, 8)]
_SOCIAL = [f"GS{n}" for n in range(1, 8)]
_EMOTIONAL = [f"GE{n}" for n in range(1, 7)]
_FUNCTIONAL = [f"GF{n}" for n in range(1, 8)]
_PROSTATE = ["C2", "C6", "P1", "P2", "P3", "P4", "P5", "P6", "P7", "BL2", "P8", "BL5"]
_TURNED = {*_PHYSICAL, "GE1", "GE3", "GE4", "GE5", "GE6", "C2", "P1", "P2", "P3", "P6", "P7", "BL2", "P8"}


def _given(sheet: Sheet, items: Sequence[str]) -> list[int]:
    return [answer for answer in (sheet.get(item) for item in items) if answer is not None]


def _fact_subscale(sheet: Sheet, items: Sequence[str]) -> tuple[Score, int]:
    points = []
    for item in items:
        answer = sheet.get(item)
        if answer is None or answer in (8, 9):
            continue
        points.append(4 - answer if item in _TURNED else answer)
    if 2 * len(points) <= len(items):
        return None, len(points)
    return Fraction(sum(points) * len(items), len(points)), len(points)


def score_fact_p(sheet: Sheet) -> dict[str, tuple[Score, int]]:
    """Each scale with its score and the number of answered items."""
    pwb, n1 = _fact_subscale(sheet, _PHYSICAL)
    swb, n2 = _fact_subscale(sheet, _SOCIAL)
    ewb, n3 = _fact_subscale(sheet, _EMOTIONAL)
    fwb, n4 = _fact_subscale(sheet, _FUNCTIONAL)
    pcs, n5 = _fact_subscale(sheet, _PROSTATE)
    pain, n6 = _fact_subscale(sheet, ["P1", "P2", "P3", "P4"])
    general, total, index = None, None, None
    if None not in (pwb, swb, ewb, fwb) and 10 * (n1 + n2 + n3 + n4) > 8 * 27:
        general = pwb + swb + ewb + fwb  # type: ignore[operator]
    if None not in (pwb, swb, ewb, fwb, pcs) and 10 * (n1 + n2 + n3 + n4 + n5) > 8 * 39:
        total = pwb + swb + ewb + fwb + pcs  # type: ignore[operator]
    if None not in (pwb, fwb, pcs):
        index = pwb + fwb + pcs  # type: ignore[operator]
    return {
        "pwb": (pwb, n1),
        "swb": (swb, n2),
        "ewb": (ewb, n3),
        "fwb": (fwb, n4),
        "pcs": (pcs, n5),
        "pcs_pain": (pain, n6),
        "fact_g": (general, n1 + n2 + n3 + n4),
        "toi": (index, n1 + n4 + n5),
        "fact_p": (total, n1 + n2 + n3 + n4 + n5),
    }


def score_bpi(sheet: Sheet) -> dict[str, tuple[Score, int]]:
    """Severity: mean of four, all answered. Interference: mean of the answered of seven, more than half."""
    pain = _given(sheet, ["Q3", "Q4", "Q5", "Q6"])
    life = _given(sheet, [f"Q9{letter}" for letter in "ABCDEFG"])
    severity = Fraction(sum(pain), 4) if len(pain) == 4 else None
    interference = Fraction(sum(life), len(life)) if len(life) > 3.5 else None
    return {"severity": (severity, len(pain)), "interference": (interference, len(life))}


def score_xq(sheet: Sheet) -> dict[str, tuple[Score, int]]:
    """Sum of eight items of 0-10, times 100/80; with more than half answered the sum is prorated."""
    answers = _given(sheet, [f"XQ{n}" for n in range(1, 9)])
    score = Fraction(100, 80) * Fraction(8 * sum(answers), len(answers)) if len(answers) > 4 else None
    return {"xq": (score, len(answers))}


def score_xi(sheet: Sheet) -> dict[str, tuple[Score, int]]:
    """Sum of eleven items, all answered."""
    answers = _given(sheet, [f"XI{n}" for n in range(1, 12)])
    return {"xi": (Fraction(sum(answers)) if len(answers) == 11 else None, len(answers))}


def score_sxi(sheet: Sheet) -> dict[str, tuple[Score, int]]:
    """Sum of five items, all answered."""
    answers = _given(sheet, [f"SXI{n}" for n in range(1, 6)])
    return {"sxi": (Fraction(sum(answers)) if len(answers) == 5 else None, len(answers))}


def find_pain_worsening(
    visits: Sequence[tuple[int, Fraction]], *, confirmation: str, death: int | None, composite: bool
) -> tuple[str, int | None]:
    """Category and day by the defaults for pain: at least 2 points or 30 % above the last score of days -28 to 0.

    `confirmation` is none, next (the next visit too; the last confirms nothing) or definitive (all later visits, of
    which there is one at least). Death counts within 84 days of the last visit, or of day 0.
    """
    before = [(day, score) for day, score in sorted(visits) if -28 <= day <= 0]
    if not before:
        return "no baseline score", None
    base = before[-1][1]
    after = [(day, score) for day, score in sorted(visits) if day > 0]

    def worse(score: Fraction) -> bool:
        return score - base >= 2 or (base > 0 and score >= base * Fraction(13, 10))

    if not worse(Fraction(10)):
        return "baseline too near the worst score to worsen", None
    event = None
    for place, (day, score) in enumerate(after):
        later = after[place + 1 :]
        if not worse(score):
            continue
        if confirmation == "next" and not (later and worse(later[0][1])):
            continue
        if confirmation == "definitive" and not (later and all(worse(one) for _, one in later)):
            continue
        event = day
        break
    last = after[-1][0] if after else 0
    if death is not None and death - last > 84:
        death = None
    if event is not None and (death is None or event <= death):
        return "worsening", event
    if death is not None:
        return ("death" if composite else "death, competing"), death
    return "censored", last
