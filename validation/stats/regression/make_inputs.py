"""Write the synthetic inputs: `python validation/stats/regression/make_inputs.py` (see README.md of the topics)."""

from pathlib import Path

import numpy as np

from lutrace.core import Row, write_rows

FOLDER = Path(__file__).parent / "inputs"


def draw_visits() -> list[Row]:
    """61 patients with up to 8 visits, a quarter of which is missing; `flat` has no variance between patients."""
    rng = np.random.default_rng(20251)
    rows: list[Row] = []
    for patient in range(1, 62):
        treated, age = int(rng.integers(0, 2)), round(float(rng.normal(72, 7)), 1)
        level, slope = rng.normal(0, 8), rng.normal(0, 1.5)
        site = str(rng.choice(["a", "b", "c"]))
        for visit in range(8):
            pain = rng.normal(3 + 0.2 * visit, 1.5)
            score = 60 + level + (slope - 1 + 0.8 * treated) * visit - 0.2 * (age - 72) - 2 * pain + rng.normal(0, 6)
            flat = 50 - visit + rng.normal(0, 6) - 0.6 * level / 8
            if rng.random() < 0.75 or visit == 0:
                rows.append(
                    {
                        "patient": patient,
                        "site": site,
                        "treated": treated,
                        "age": age,
                        "visit": visit,
                        "pain": round(float(pain), 2),
                        "score": round(float(np.clip(score, 0, 100)), 1),
                        "flat": round(float(flat), 1),
                        "class": int(np.clip(np.floor(score / 20), 0, 4)),
                        "event": int(rng.random() < 1 / (1 + np.exp(-(score - 55) / 12))),
                        "weight": round(float(rng.uniform(0.4, 2.2)), 2),
                        "count": int(rng.integers(1, 4)),
                        "offset": round(float(rng.normal(0, 0.4)), 2),
                    }
                )
    return rows


def draw_separated() -> list[Row]:
    """21 patients, 8 events; `marker` is present in five of those with an event and in none without."""
    rng = np.random.default_rng(20252)
    event = [1] * 8 + [0] * 13
    marker = [1] * 5 + [0] * 16
    age = np.round(rng.normal(72, 7, 21), 1)
    return [{"event": event[i], "marker": marker[i], "age": float(age[i])} for i in range(21)]


def draw_pairs() -> list[Row]:
    """40 patients measured by three readers, twice by the first, with ties; and what else describes them."""
    rng = np.random.default_rng(20253)
    rows: list[Row] = []
    for patient in range(1, 41):
        truth = rng.normal(50, 12)
        for repeat in range(1 + patient % 3):
            x, y, z = (truth + bias + rng.normal(0, 4) for bias in (0, 2, -1))
            rows.append(
                {
                    "patient": patient,
                    "repeat": repeat,
                    "group": "abc"[patient % 3],
                    "x": round(float(x), 1),
                    "y": round(float(y), 1),
                    "z": round(float(z)),
                    "grade_x": int(np.clip(x // 18, 0, 4)),
                    "grade_y": int(np.clip(y // 18, 0, 4)),
                    "weight": round(float(rng.uniform(0.3, 3)), 2),
                }
            )
    return rows


def main() -> None:
    """Write the three inputs."""
    write_rows(FOLDER / "visits.csv", draw_visits())
    write_rows(FOLDER / "separated.csv", draw_separated())
    write_rows(FOLDER / "pairs.csv", draw_pairs())


if __name__ == "__main__":
    main()
