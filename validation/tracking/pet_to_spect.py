"""Links from the PSMA-PET to each post-therapy SPECT of virtual patients, against the identities in the truth file.

    python validation/tracking/pet_to_spect.py [--patients N] [--jobs 2] [--work FOLDER]

writes pet_to_spect.json. Places and overlap are used, as between any PET and SPECT; beside it, what places alone and
volumes would have made of it. Organ masks are given, registration is by CT. Synthetic: never how it does on patients.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from lutrace import __version__
from lutrace.dicom import index_folder, is_image_series, read_masks, read_series
from lutrace.imaging import Registration, Volume, register_rigid, to_suvbw
from lutrace.ingest import quantify_image
from lutrace.physics import QuantProfile
from lutrace.segment import LesionSet, Link, find_lesions, load_plan, track, track_points
from lutrace.segment.longitudinal import points_of
from lutrace.virtual import SPECT_CALIBRATION, make_centre, paint_truth

HERE = Path(__file__).parent
PATIENTS, SEED, PLAN = 6, 5, "suv3"
_CT_WINDOW, _REGISTRATION_GRID_MM = (-500.0, 500.0), 9.0
WAYS = ("places_alone", "with_overlap", "with_overlap_and_volume")
Owners = Mapping[str, int]
"""By painted lesion: the component that holds most of its voxels."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=PATIENTS)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--work", type=Path, help="folder that keeps the centre")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as base:
        centre = (options.work or Path(base)) / "centre"
        if not (centre / "truth.json").exists():
            make_centre(centre, patients=options.patients, seed=SEED, jobs=options.jobs)
        people = json.loads((centre / "truth.json").read_text(encoding="utf-8"))["patients"]
        folders = [centre / "dicom" / one["patient_id"] for one in people]
        with ProcessPoolExecutor(options.jobs) as pool:
            rows = [row for rows in pool.map(measure_patient, folders, people) for row in rows]
    result = {"version": __version__, "seed": SEED, "patients": len(people), "plan": PLAN, "spect": len(rows)}
    result |= {way: summarise([row[way] for row in rows]) for way in WAYS}
    (HERE / "pet_to_spect.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8", newline="\n")
    print(json.dumps(result, indent=1))
    return 0


def summarise(counts: list[dict[str, int]]) -> dict[str, Any]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    joined = total["right_links"] + total["wrong_links"]
    return {
        **total,
        "share_right": round(total["right_links"] / joined, 3) if joined else None,
        "share_linked": round(total["linked"] / total["in_both"], 3) if total["in_both"] else None,
    }


def measure_patient(folder: Path, person: dict[str, Any]) -> list[dict[str, dict[str, int]]]:
    """Counts for each SPECT of a patient, by the way of tracking."""
    pet, pet_ct, pet_owners = _read(folder / "PET", "PET", person["pet"])
    rows = []
    for truth in person["spect"]:
        spect, ct, owners = _read(folder / f"SPECT{truth['cycle']}", "SPECT", truth)
        motion = register_rigid(
            pet_ct, ct, metric="mutual_information", window=_CT_WINDOW, grid_mm=_REGISTRATION_GRID_MM
        )
        rows.append({way: _count((pet, pet_owners), (spect, owners), _links(pet, spect, motion, way)) for way in WAYS})
    return rows


def _read(folder: Path, modality: str, truth: dict[str, Any]) -> tuple[LesionSet, Volume, Owners]:
    index = index_folder([folder])
    emission = read_series(next(one for one in index.of_modality("PT", "NM") if is_image_series(one)))
    done = quantify_image(emission, [], QuantProfile(spect_calibrations=(SPECT_CALIBRATION,)))
    suv = to_suvbw(emission.volume, done.factor)
    ct = read_series(next(iter(index.of_modality("CT")))).volume
    masks = read_masks(folder / "SEG", suv.geometry)
    found = find_lesions(suv, masks, load_plan(PLAN), ct=ct, modality=modality, tracer=done.facts.tracer)
    painted = paint_truth(truth, suv.geometry, "PET" if modality == "PET" else "SPECT")
    tracked = np.isin(found.labels, [one.lesion for one in found.lesions if one.category != "physiological"])
    labels = np.where(tracked, found.labels, 0)
    owners = {}
    for lesion in painted.lesions:
        inside = np.bincount(labels[painted.labels == lesion.number], minlength=2)
        inside[0] = 0
        if inside.any():
            owners[lesion.identity] = int(inside.argmax())
    return found, ct, owners


def _links(one: LesionSet, other: LesionSet, motion: Registration, way: str) -> Sequence[Link]:
    if way != "places_alone":
        return track(one, other, registration=motion, like_scans=way == "with_overlap_and_volume").links
    places = [points_of(side, volumes=False) for side in (one, other)]
    return track_points(*places, registration=motion, views=(one.geometry, other.geometry)).links


def _count(one: tuple[LesionSet, Owners], other: tuple[LesionSet, Owners], links: Sequence[Link]) -> dict[str, int]:
    """A link is right when both ends hold most of one painted lesion; `in_both` are lesions that both scans show.

    A link with an end that holds no painted lesion is told apart: nobody can say whether it is right.
    """
    joined = {(link.baseline_lesion, link.followup_lesion) for link in links if None not in _ends(link)}
    true = {(one[1][name], other[1][name]) for name in one[1].keys() & other[1].keys()}
    telling = {pair for pair in joined if pair[0] in one[1].values() and pair[1] in other[1].values()}
    both = one[1].keys() & other[1].keys()
    return {
        "links": len(joined),
        "right_links": len(telling & true),
        "wrong_links": len(telling - true),
        "links_of_unpainted": len(joined - telling),
        "in_both": len(both),
        "linked": sum((one[1][name], other[1][name]) in joined for name in both),
    }


def _ends(link: Any) -> tuple[int | None, int | None]:
    return link.baseline_lesion, link.followup_lesion


if __name__ == "__main__":
    sys.exit(main())
