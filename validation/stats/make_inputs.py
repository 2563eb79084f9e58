"""Write the synthetic inputs of the comparison with R: `python validation/stats/make_inputs.py`.

They are drawn to be hard rather than real: heavy ties, events and censorings at one time, a flat piece of the curve at
exactly one half, delayed entry, strata without events, covariates far from zero.
"""

from pathlib import Path

import numpy as np

from lutrace.core import write_rows

FOLDER = Path(__file__).parent / "inputs"


def draw(n: int, *, seed: int, unit: float) -> list[dict[str, object]]:
    """n synthetic patients whose times are whole multiples of `unit`."""
    rng = np.random.default_rng(seed)
    age = np.round(rng.normal(73, 8, n), 1)
    marker = np.round(rng.normal(0, 1.2, n), 3)
    treated = rng.integers(0, 2, n)
    stratum = rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2])
    rate = np.exp(0.03 * (age - 73) + 0.5 * marker - 0.6 * treated) / 300
    death, leaving = rng.exponential(1 / rate), rng.exponential(420, n)
    start = np.floor(rng.uniform(0, 120, n) / unit) * unit * (rng.random(n) < 0.5)
    end = np.ceil((start + np.minimum(death, leaving)) / unit) * unit
    return [
        {
            "entry": start[i],
            "time": end[i] + (unit if end[i] == start[i] else 0),
            "event": int(death[i] <= leaving[i]),
            "age": age[i],
            "marker": marker[i],
            "treated": int(treated[i]),
            "stratum": str(stratum[i]),
        }
        for i in range(n)
    ]


def main() -> None:
    """Write the three inputs."""
    write_rows(FOLDER / "months.csv", draw(160, seed=20241, unit=60.0))
    write_rows(FOLDER / "days.csv", draw(700, seed=20242, unit=1.0))
    flat = [(2, 1), (3, 0), (4, 1), (5, 1), (7, 0), (9, 1), (9, 0), (12, 1)]
    write_rows(FOLDER / "flat.csv", [{"time": time, "event": event} for time, event in [(1, 1), (1, 1), *flat]])
    flat_half = [(1, 1), (2, 1), (3, 1), (4, 1), (5, 0), (6, 0), (7, 1), (8, 0)]
    write_rows(FOLDER / "flat_half.csv", [{"time": time, "event": event} for time, event in flat_half])


if __name__ == "__main__":
    main()
