"""SUV of ten synthetic series, and of the real 177Lu pair, against MIRP 2.7.0 (its numbers are in mirp.json)."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from lutrace.dicom import index_folder, read_suv
from lutrace.physics import compute_suv_factor

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from cases import write_cases  # noqa: E402

TOLERANCE = 1e-6
"""Relative: both programs hold voxels as float32."""


def measure(folder: Path) -> dict[str, float]:
    (series,) = index_folder([folder]).of_modality("PT")
    image, _ = read_suv(series, compute_suv_factor)
    return {"max": float(image.volume.array.max()), "mean": float(image.volume.array.mean(dtype=np.float64))}


def compare(case: str, ours: dict[str, float], theirs: dict[str, float]) -> list[str]:
    off = max(abs(ours[key] / theirs[key] - 1) for key in ("max", "mean"))
    print(f"   {case:24s} max {ours['max']:.7g}, off by {off:.1e}")
    return [f"{case}: ours {ours}, MIRP {theirs}"] if off > TOLERANCE else []


def main() -> list[str]:
    known = json.loads((HERE / "mirp.json").read_text(encoding="utf-8"))["suv"]
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        for case in write_cases(Path(name)):
            faults += compare(case, measure(Path(name) / case), known[case])
    real = os.environ.get("LUTRACE_REAL_DATA")
    if real is None:
        print("   real pair: not run: no real data")
        return faults
    for scan in ("SCAN_001", "SCAN_002"):
        folder = Path(real) / "spect_lu177_xspect" / scan / "image"
        faults += compare(f"real/{scan}", measure(folder), known[f"real/{scan}"])
    return faults
