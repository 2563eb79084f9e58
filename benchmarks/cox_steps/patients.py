"""Simulated follow-up for the Cox benchmark: `patients.py FOLDER N TERMS`, as raw doubles that R and numpy read alike.

Half of the covariates are normal, half binary; four of five patients have the event. `time.bin` is continuous,
`daily.bin` the same rounded up to days. For a study's size `samples.bin` holds the rows (from 0) of bootstrap samples.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

STUDY, SAMPLES = 500, 1000


def main(folder: Path, n: int, p: int) -> None:
    rng = np.random.default_rng([n, p])
    half = p // 2
    x = np.column_stack([rng.normal(size=(n, p - half)), (rng.random((n, half)) < 0.4).astype(float)])
    effects = np.resize([0.3, -0.2, 0.1, 0.05, -0.4, 0.5, -0.3, 0.2, 0.1, -0.1], p)
    death = rng.exponential(np.exp(-x @ effects)) * 700
    leaving = np.minimum(rng.exponential(4000, n), 2500)
    time = np.minimum(death, leaving)
    x.T.tofile(folder / "x.bin")
    time.tofile(folder / "time.bin")
    np.ceil(time).tofile(folder / "daily.bin")
    if n <= STUDY:
        rng.integers(0, n, (SAMPLES, n), dtype=np.int32).tofile(folder / "samples.bin")
    (death <= leaving).astype(float).tofile(folder / "event.bin")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
