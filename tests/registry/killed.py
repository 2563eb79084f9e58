"""Run as a process by the tests that kill it: add many synthetic batches and images to a registry, then stop."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from tests.registry.rows import batch, lab, make_registry

from lutrace.registry import Registry

N_BATCHES = 25
N_ROWS = 200


def fill(folder: Path) -> None:
    with Registry.open(folder, write=True) as registry:
        for number in range(N_BATCHES):
            patient_id = registry.pseudonym("patient", f"synthetic {number}")
            rows = [
                lab(1 + row % 28, float(row), patient_id=patient_id, record_key=f"k{row}", source_locator=f"row {row}")
                for row in range(N_ROWS)
            ]
            rows[7]["unit"] = None
            image = np.random.default_rng(number).normal(size=(8, 32, 32)).astype(np.float32)
            registry.images.put_array(f"S-{number}", image, {"number": number})
            registry.add(batch("labs", rows, name=f"file {number}"), path=folder / f"file{number}.csv")


if __name__ == "__main__":
    place = Path(sys.argv[1])
    if sys.argv[2] == "make":
        make_registry(place)
    elif sys.argv[2] == "hold":
        with Registry.open(place, write=True):
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            sys.stdin.readline()
    else:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        fill(place)
