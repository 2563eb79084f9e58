"""`lutrace track` on public real lesion pairs with one lesion hidden at a time, and on dense synthetic sets.

Beside it a Hungarian assignment (scipy) with a distance gate, whose published numbers check the table of coordinates.
"""

from __future__ import annotations

import csv
import itertools
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from lutrace import __version__
from lutrace.core import Row, write_rows
from lutrace.ingest import run_track

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from dense_sets import DenseSet, draw_set  # noqa: E402

GATES_MM = (15.0, 20.0, 30.0, 40.0)
PUBLISHED = {15: (0.853, 0.708, 1.0, 0.829), 20: (0.932, 0.830, 1.0, 0.907), 30: (0.981, 0.943, 1.0, 0.970),
             40: (0.993, 0.988, 0.997, 0.992)}  # fmt: skip
"""F1 of matches, precision, recall and F1 of new lesions of the plain assignment on the same trials, by gate."""

FORBIDDEN = 1e6
SEEDS = 10
SHIFT_SD_MM = 20.0
SIZES, NOISES_MM = (10, 30, 80), (2.0, 3.0, 4.0)
BINS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 1.0001)

Answer = tuple[set[tuple[int, int]], set[int]]
"""Pairs (baseline, follow-up) and new lesions, by index."""


def read_pairs(name: str = "deeplesion_pairs.csv") -> list[tuple[np.ndarray, np.ndarray]]:
    """Predicted and true places (n, 3), mm, of the lesions of each pair of scans."""
    pairs: dict[str, list[list[float]]] = {}
    with (HERE / name).open(encoding="utf-8") as file:
        for row in csv.reader(file):
            if row[0] != "pair":
                pairs.setdefault(row[0], []).append([float(cell) for cell in row[2:]])
    return [(np.asarray(rows)[:, :3], np.asarray(rows)[:, 3:]) for rows in pairs.values()]


def trials(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> list[DenseSet]:
    """Each pair of scans as often as it has lesions, each time one of them hidden at baseline."""
    made = []
    for before, after in pairs:
        for hidden in range(len(before)):
            left = [n for n in range(len(before)) if n != hidden]
            partner = tuple(-1 if n == hidden else left.index(n) for n in range(len(after)))
            made.append(DenseSet(before[left], after, partner))
    return made


def lone_lesions(pairs: Iterable[tuple[np.ndarray, np.ndarray]], rng: np.random.Generator) -> list[DenseSet]:
    """One lesion on each side, the table shifted by 20 mm per axis: the lesion itself, and the next of the patient."""
    made = []
    for before, after in pairs:
        for n in range(len(before)):
            for other in (n, (n + 1) % len(before)):
                shifted = after[other : other + 1] + rng.normal(0.0, SHIFT_SD_MM, 3)
                made.append(DenseSet(before[n : n + 1], shifted, (0 if other == n else -1,)))
    return made


def assign_with_gate(case: DenseSet, gate_mm: float) -> Answer:
    """Least total distance over as many pairs within the gate as there can be."""
    between = np.linalg.norm(case.baseline_mm[:, None] - case.followup_mm[None], axis=2)
    found = zip(*linear_sum_assignment(np.where(between <= gate_mm, between, FORBIDDEN)), strict=True)
    pairs = {(int(i), int(j)) for i, j in found if between[i, j] <= gate_mm}
    return pairs, set(range(len(case.followup_mm))) - {j for _, j in pairs}


def track_all(cases: Sequence[DenseSet]) -> tuple[list[Answer], list[tuple[float, bool]]]:
    """Answers of `lutrace track` on two tables with a column `pair`, and (confidence, right) of every link."""
    with tempfile.TemporaryDirectory() as base:
        paths = [Path(base) / name for name in ("baseline.csv", "followup.csv")]
        for path, side in zip(paths, ("baseline_mm", "followup_mm"), strict=True):
            write_rows(
                path, [_cells(n, k, p) for n, case in enumerate(cases) for k, p in enumerate(getattr(case, side))]
            )
        links = run_track(*paths).links
    answers: list[Answer] = [(set(), set()) for _ in cases]
    sure = []
    for link in links:
        case, answer = cases[int(link["pair"])], answers[int(link["pair"])]
        i, j = (None if link[name] is None else int(link[name]) for name in ("baseline_id", "followup_id"))
        if i is not None and j is not None:
            answer[0].add((i, j))
            right = case.partner[j] == i
        elif j is not None:
            answer[1].add(j)
            right = case.partner[j] == -1
        else:
            right = i not in case.partner
        if link["confidence"] is not None:
            sure.append((float(link["confidence"]), right))
    return answers, sure


def _cells(case: int, lesion: int, place: np.ndarray) -> Row:
    x, y, z = (float(value) for value in place)
    return {"pair": str(case), "lesion_id": str(lesion), "x_mm": x, "y_mm": y, "z_mm": z}


def score(cases: Sequence[DenseSet], answers: Iterable[Answer]) -> Row:
    """F1 of matches; precision, recall and F1 of new lesions."""
    n: Counter[str] = Counter()
    for case, (pairs, new) in zip(cases, answers, strict=True):
        true = {(i, j) for j, i in enumerate(case.partner) if i >= 0}
        fresh = {j for j, i in enumerate(case.partner) if i < 0}
        n.update(match=len(pairs & true), no_match=len(pairs - true), unmatched=len(true - pairs))
        n.update(hit=len(new & fresh), false=len(new - fresh), missed=len(fresh - new))
    f1 = 2 * n["match"] / (2 * n["match"] + n["no_match"] + n["unmatched"])
    precision, recall = n["hit"] / max(n["hit"] + n["false"], 1), n["hit"] / max(n["hit"] + n["missed"], 1)
    new_f1 = 2 * n["hit"] / max(2 * n["hit"] + n["false"] + n["missed"], 1)
    names = ("match_f1", "new_precision", "new_recall", "new_f1")
    return dict(zip(names, (round(v, 4) for v in (f1, precision, recall, new_f1)), strict=True))


def calibration(sure: Sequence[tuple[float, bool]]) -> list[Row]:
    """How often links of a stated confidence were right."""
    rows = []
    for low, high in itertools.pairwise(BINS):
        own = [(p, right) for p, right in sure if low <= p < high]
        if own:
            stated, true = (float(np.mean([one[k] for one in own])) for k in (0, 1))
            rows.append({"from": low, "links": len(own), "stated": round(stated, 3), "right": round(true, 3)})
    return rows


def _aligned(case: DenseSet) -> DenseSet:
    """The case with the true mean shift taken off: help that only the plain assignment gets."""
    known = [(i, j) for j, i in enumerate(case.partner) if i >= 0]
    shift = np.mean([case.followup_mm[j] - case.baseline_mm[i] for i, j in known], axis=0)
    return DenseSet(case.baseline_mm + shift, case.followup_mm, case.partner)


def main() -> list[str]:
    faults: list[str] = []
    pairs = read_pairs()
    real = trials(pairs)
    result: Row = {"version": __version__, "trials": len(real), "real": {}, "dense": {}, "calibration": {}}
    for gate in GATES_MM:
        found = score(real, [assign_with_gate(case, gate) for case in real])
        result["real"][f"assignment, gate {gate:g} mm"] = found
        if any(abs(a - b) > 6e-4 for a, b in zip(found.values(), PUBLISHED[int(gate)], strict=True)):
            faults.append(f"plain assignment, gate {gate:g} mm: expected {PUBLISHED[int(gate)]}, found {found}")
    answers, sure = track_all(real)
    ours = result["real"]["lutrace track"] = score(real, answers)
    for half in (0, 1):
        cases = trials(pairs[half::2])
        result["real"][f"lutrace track, half {half + 1}"] = score(cases, track_all(cases)[0])
    result["calibration"]["real"] = calibration(sure)
    if ours["new_f1"] < 0.992 - 0.005 or ours["new_recall"] < 0.99:
        faults.append(f"real pairs: expected new F1 of at least 0.987 and recall of at least 0.99, found {ours}")
    faults += _lone(result)
    faults += _held_out(result)
    faults += _dense(result)
    (HERE / "results.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))
    return faults


def _lone(result: Row) -> list[str]:
    """One lesion on each side cannot settle a shift: no more is stated than is right, but for two standard errors."""
    faults, result["one lesion on each side"] = [], {}
    for name in ("deeplesion_pairs.csv", "deeplesion_pairs_held_out.csv"):
        rows = calibration(track_all(lone_lesions(read_pairs(name), np.random.default_rng(7)))[1])
        result["one lesion on each side"][name] = rows
        bold = [row for row in rows if row["right"] < row["stated"] - 2 * _standard_error(row)]
        faults += [f"one lesion on each side, {name}: stated {row['stated']}, right {row['right']}" for row in bold]
    return faults


def _standard_error(row: Row) -> float:
    """Of the share that is right; a new and a resolved lesion of one case are right or wrong together."""
    return float(np.sqrt(row["stated"] * (1 - row["stated"]) / (row["links"] / 2)))


def _held_out(result: Row) -> list[str]:
    """Pairs that nobody looked at while the tracker was made: no worse than the best gate, chosen with hindsight."""
    cases = trials(read_pairs("deeplesion_pairs_held_out.csv"))
    own = {
        f"assignment, gate {gate:g} mm": score(cases, [assign_with_gate(one, gate) for one in cases])
        for gate in GATES_MM
    }
    best = max(found["new_f1"] for found in own.values())
    ours = own["lutrace track"] = score(cases, track_all(cases)[0])
    result["held out"] = {"trials": len(cases), **own}
    worse = ours["new_f1"] < best - 0.005 or ours["new_recall"] < 0.99
    return [f"held-out pairs: expected new F1 near {best} and recall of at least 0.99, found {ours}"] * worse


def _dense(result: Row) -> list[str]:
    faults, all_sure = [], []
    for kind in ("spine", "lattice"):
        cases = [
            draw_set(kind, size, noise, np.random.default_rng([2024, seed, size, int(noise)]))
            for size in SIZES
            for noise in NOISES_MM
            for seed in range(SEEDS)
        ]
        answers, sure = track_all(cases)
        all_sure += sure
        rows = {"lutrace track": score(cases, answers)}
        for gate in (10.0, *GATES_MM):
            rows[f"assignment, gate {gate:g} mm"] = score(cases, [assign_with_gate(c, gate) for c in cases])
            helped = [assign_with_gate(_aligned(case), gate) for case in cases]
            rows[f"assignment, true shift taken off, gate {gate:g} mm"] = score(cases, helped)
        result["dense"][kind] = rows
        plain = max(row["new_f1"] for name, row in rows.items() if name.startswith("assignment, gate"))
        aided = max(row["new_f1"] for name, row in rows.items() if "taken off" in name)
        found = rows["lutrace track"]["new_f1"]
        if found < plain + 0.3 or found < aided + 0.03:
            faults.append(f"dense {kind}: expected new F1 0.3 above {plain} and 0.03 above {aided}, found {found}")
    result["calibration"]["dense"] = calibration(all_sure)
    return faults


if __name__ == "__main__":
    print(main())
