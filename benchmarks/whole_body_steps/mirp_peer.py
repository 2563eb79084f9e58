"""Some of the same lesions measured by MIRP from the same DICOM files; imports nothing of lutrace.

MIRP finds no lesions: their masks are given as one label file. It reads the series and applies its own SUV, then
measures each region by the feature families that hold volume, mean, maximum, peak and integral; each region is cropped
to 10 mm around it, without which MIRP works on the whole body for each. Prints the seconds as JSON and writes a CSV.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import sys
import time
from importlib.metadata import version
from pathlib import Path

from mirp import extract_features

FAMILIES = ["statistics", "local_intensity", "morphology"]
MARGIN_MM = 10.0
COLUMNS = {  # ours: MIRP's; volumes in mm3, the integral is mean x volume of the mesh
    "volume_ml": "morph_vol_approx",
    "suv_mean": "stat_mean",
    "suv_max": "stat_max",
    "suv_peak": "loc_peak_glob",
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("pet", type=Path)
    parser.add_argument("lesions", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    started = time.perf_counter()
    (found,) = extract_features(
        image=str(given.pet),
        mask=str(given.lesions),
        image_modality="pet",
        base_feature_families=FAMILIES,
        crop_around_roi=True,
        crop_distance=MARGIN_MM,
    )
    rows = [{ours: float(row[theirs]) for ours, theirs in COLUMNS.items()} for _, row in found.iterrows()]
    for row in rows:
        row["volume_ml"] /= 1000.0
    with given.out.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(COLUMNS))
        writer.writeheader()
        writer.writerows(rows)
    steps = {"read, SUV and measures": time.perf_counter() - started}
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    versions = {"mirp": version("mirp"), "python": sys.version.split()[0]}
    print(json.dumps({"steps": steps, "lesions": len(rows), "peak_gb": peak_gb, "versions": versions}))


if __name__ == "__main__":
    main()
