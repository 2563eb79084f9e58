"""Tumour volumes and new lesions of a measured virtual centre against the truth that it was painted from.

Synthetic, and so no proof for patients. Volumes are held to wide bands; what is found of new lesions is printed and
not held to any: this version's tracking is provisional.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from lutrace.core import Row
from lutrace.ingest import run_add_dicom, run_add_fhir, run_init, run_measure
from lutrace.registry import Registry
from lutrace.tables import LESION_LINKS, SCANS, TUMOUR_BURDENS
from lutrace.virtual import make_centre

PATIENTS, SEED = 12, 7


def main() -> list[str]:
    with tempfile.TemporaryDirectory() as base:
        centre, folder = Path(base) / "centre", Path(base) / "registry"
        summary = make_centre(centre, patients=PATIENTS, seed=SEED)
        run_init(folder, profile_text=summary.profile_text)
        run_add_fhir(folder, [centre / "fhir"])
        run_add_dicom(folder, [centre / "dicom"])
        run_measure(folder)
        truth = json.loads((centre / "truth.json").read_text(encoding="utf-8"))
        with Registry.open(folder, write=True) as registry:
            people = {registry.pseudonym("patient", one["patient_id"]): one for one in truth["patients"]}
            scans = {row["scan_id"]: row for row in registry.rows(SCANS)}
            burdens, links = registry.rows(TUMOUR_BURDENS), registry.rows(LESION_LINKS)
    painted = {(pid, scan["cycle"]): scan for pid, person in people.items() for scan in person["spect"]}
    measured = {
        (scan["patient_id"], scan["cycle"]): row["tumour_auto_ml"]
        for row in burdens
        if (scan := scans[row["scan_id"]])["purpose"] == "rlt_spect"
    }
    return [*_volumes(painted, measured), *_new_lesions(painted, links, scans)]


def _volumes(painted: dict[tuple[str, int], Row], measured: dict[tuple[str, int], float]) -> list[str]:
    ratio = np.asarray([measured[key] / painted[key]["ttv_ml"] for key in sorted(measured)])
    change = np.asarray(
        [
            (
                np.log(painted[pid, cycle]["ttv_ml"] / painted[pid, 1]["ttv_ml"]),
                np.log(max(measured[pid, cycle], 1) / max(measured[pid, 1], 1)),
            )
            for pid, cycle in sorted(measured)
            if cycle > 1
        ]
    )
    r = float(np.corrcoef(change.T)[0, 1])
    low, middle, high = np.percentile(ratio, [25, 50, 75])
    print(f"   {len(ratio)} SPECT: measured over painted volume, median {middle:.2f} ({low:.2f}-{high:.2f})")
    print(f"   {len(change)} changes from cycle 1: r {r:.3f} on the log scale")
    faults = [] if 0.8 <= middle <= 1.8 else [f"median volume ratio {middle:.2f}, expected 0.8 to 1.8"]
    return faults if r >= 0.85 else [*faults, f"correlation of changes {r:.2f}, expected at least 0.85"]


def _new_lesions(painted: dict[tuple[str, int], Row], links: list[Row], scans: dict[str, Row]) -> list[str]:
    found = {
        (later["patient_id"], later["cycle"])
        for link in links
        if link["status"] == "new"
        and (later := scans[link["followup_scan_id"]])["cycle"] - scans[link["baseline_scan_id"]]["cycle"] == 1
    }
    table = Counter(
        (any(one["new"] and one["avid"] for one in scan["lesions"]), key in found)
        for key, scan in painted.items()
        if key[1] > 1
    )
    hits, missed = table[True, True], table[True, False]
    print(f"   scans with a painted new avid lesion: {hits} of {hits + missed} found")
    print(f"   scans without one: {table[False, True]} of {table[False, True] + table[False, False]} falsely new")
    print(f"   links: {dict(Counter(link['status'] for link in links))}")
    return []


if __name__ == "__main__":
    print(main())
