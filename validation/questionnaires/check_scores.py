"""10,000 random sheets of each instrument, and 3,000 random courses: lutrace beside the second implementation."""

from __future__ import annotations

import datetime as dt
import random
import sys
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from validation.questionnaires import plain

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
N_SHEETS = 10_000
N_COURSES = 3_000
FACT_TOLERANCE = 0.0031
"""Three decimals of each of up to five subscales that FACIT's programs add after rounding."""
TOLERANCE = 0.00051


def check_instrument(name: str, score: Callable[..., Any], low: int, high: int, items: list[str]) -> list[str]:
    """Faults of one instrument; a tenth to a half of the answers is missing, in every way of writing it."""
    from lutrace.core import write_rows
    from lutrace.study import run_score

    chance = random.Random(20 + len(items) + high)
    missing: list[Any] = ["", "NA", "8", "9"] if name == "fact-p" else ["", "NA", "nan"]
    sheets: list[dict[str, int | None]] = []
    rows = []
    for number in range(N_SHEETS):
        gone = chance.choice((0.0, 0.1, 0.2, 0.3, 0.5))
        sheet = {item: None if chance.random() < gone else chance.randint(low, high) for item in items}
        sheets.append(sheet)
        cells = {item: chance.choice(missing) if answer is None else answer for item, answer in sheet.items()}
        order = chance.sample(items, len(items))
        rows.append({"patient_id": f"P{number}", "date": "2024-01-01", **{item: cells[item] for item in order}})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.csv"
        write_rows(path, rows, ["patient_id", "date", *reversed(items)])
        found = run_score(path, name).rows
    faults, standing = [], 0
    for row in found:
        expected, n_answered = score(sheets[int(row["patient_id"][1:])])[row["scale"]]
        standing += row["valid"]
        bound = FACT_TOLERANCE if row["scale"] in ("fact_g", "toi", "fact_p") else TOLERANCE
        same = (row["score"] is None) == (expected is None) == (not row["valid"])
        if same and expected is not None:
            same = abs(row["score"] - float(expected)) <= bound
        if not same or row["n_answered"] != n_answered:
            faults.append(f"{name} {row['scale']} of sheet {row['patient_id']}: {row['score']}, expected {expected}")
    print(f"   {name}: {len(found)} scores of {N_SHEETS} sheets, {standing} stand, {len(faults)} differ")
    return faults[:5]


def check_courses(plain: Any) -> list[str]:
    """Faults of the time to worsening of pain in random courses, by six rules."""
    sys.path.insert(0, str(ROOT))
    from tests.conftest import HandFacts, day
    from tests.spec.questionnaire_patient import basis_of, bpi_rows, cycle_rows, protocol_of

    from lutrace.endpoints import derive_values

    chance = random.Random(7)
    names = [f"P{number}" for number in range(N_COURSES)]
    visits = {name: _course(chance) for name in names}
    deaths = {name: chance.randint(1, 500) if chance.random() < 0.4 else None for name in names}
    visits = {name: [one for one in found if one[0] <= (deaths[name] or 999)] for name, found in visits.items()}
    rows = [row for name in names for row in bpi_rows([(d, float(s)) for d, s in visits[name]], day, name)]
    chance.shuffle(rows)
    dead = [_dead(name, day(when)) for name, when in deaths.items() if when is not None]
    cycles = [row for name in names for row in cycle_rows(name, day)]
    facts = HandFacts({"questionnaires": rows, "follow_up": dead, "cycles": cycles})
    faults = []
    for confirmation in ("none", "next", "definitive"):
        for composite in (False, True):
            switches = f"confirmation: {confirmation}, death: {'event' if composite else 'competes'}"
            protocol = protocol_of(f"instrument: bpi-sf, scale: severity, {switches}")
            basis = basis_of(protocol, lambda **_: facts, day, patients=names)
            found = {row["patient_id"]: row for row in derive_values(basis, "ttw") if row["population"] == "C1"}
            differ = 0
            for name in names:
                given = {"confirmation": confirmation, "death": deaths[name], "composite": composite}
                if _told(found[name]) != plain.find_pain_worsening(visits[name], **given):
                    differ += 1
                    faults.append(f"{switches}: {name}: {_told(found[name])}")
            print(f"   {switches}: {N_COURSES} courses, {differ} differ")
    return faults[:5]


def _course(chance: random.Random) -> list[tuple[int, Fraction]]:
    days = sorted({chance.randint(-40, 0), *(chance.randint(1, 400) for _ in range(chance.randint(0, 7)))})
    level = chance.randint(0, 36)
    found = []
    for day in days:
        level = min(40, max(0, level + chance.randint(-8, 10)))
        found.append((day, Fraction(level, 4)))
    return found


def _dead(name: str, date: dt.date) -> dict[str, Any]:
    row = {"patient_id": name, "status": "dead", "date": date, "date_precision": "day"}
    return {**row, "row_id": f"follow_up:{name}"}


def _told(row: dict[str, Any]) -> tuple[str, int | None]:
    if row["reason"] is not None:
        return row["reason"], None
    competing = row["category"] == "death" and not row["event"]
    return ("death, competing" if competing else row["category"]), int(row["days"])


def main() -> list[str]:
    fact = [*plain._PHYSICAL, *plain._SOCIAL, *plain._EMOTIONAL, *plain._FUNCTIONAL, *plain._PROSTATE]
    bpi = ["Q3", "Q4", "Q5", "Q6", *(f"Q9{letter}" for letter in "ABCDEFG")]
    inventory = [f"XI{n}" for n in range(1, 12)]
    return [
        *check_instrument("fact-p", plain.score_fact_p, 0, 4, fact),
        *check_instrument("bpi-sf", plain.score_bpi, 0, 10, bpi),
        *check_instrument("xq", plain.score_xq, 0, 10, [f"XQ{n}" for n in range(1, 9)]),
        *check_instrument("xi", plain.score_xi, 1, 5, inventory),
        *check_instrument("xi-3", plain.score_xi, 1, 3, inventory),
        *check_instrument("sxi", plain.score_sxi, 1, 3, [f"SXI{n}" for n in range(1, 6)]),
        *check_courses(plain),
    ]


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
