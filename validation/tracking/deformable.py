"""What a deformable registration does for links and new lesions, on virtual patients as painted and bent, at what cost.

    python validation/tracking/deformable.py [--patients N] [--jobs 2] [--work FOLDER] [--body bent] [--look ct]

writes deformable.json; with --work the rows of a patient are kept, and a run that was stopped goes on. The virtual
patients move as stiff bodies; a bend (12 mm to the side, 6 mm forward over the trunk, another phase for each scan) is
laid on every SPECT, its CT, its masks and its truth. PSMA-PET to each SPECT by CT; SPECT to the next SPECT by CT and by
uptake. Organ masks are given. Synthetic: never how it does on patients. The stored numbers: --patients 3 --body bent
--look ct.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK

from lutrace import __version__
from lutrace.core import EstimationError
from lutrace.dicom import index_folder, is_image_series, read_masks, read_series
from lutrace.imaging import (
    DisplacementField,
    Geometry,
    Mask,
    PreparedScan,
    Registration,
    Volume,
    bend_prepared,
    prepare_scan,
    register_prepared,
    resample_labels_by,
    to_suvbw,
)
from lutrace.imaging.itk import to_itk
from lutrace.ingest import quantify_image
from lutrace.physics import QuantProfile
from lutrace.segment import LesionSet, compute_overlaps, find_lesions, load_plan, track, track_points
from lutrace.segment.longitudinal import points_of
from lutrace.virtual import SPECT_CALIBRATION, CohortParameters, make_centre, paint_truth

HERE = Path(__file__).parent
PATIENTS, SEED, PLAN = 6, 11, "suv3"
PARAMETERS = CohortParameters(share_new_lesion=(0.7, 0.6), share_new_avid=(0.9, 0.9), new_lesion_ml=(0.4, 30.0))
WINDOWS = {"ct": (-500.0, 500.0), "uptake": (0.0, 10.0)}
METRICS = {"ct": "mutual_information", "uptake": "correlation"}
GRID_MM = 9.0
BODIES, LOOKS = ("stiff", "bent"), ("ct", "uptake")


@dataclass(frozen=True)
class Wanted:
    """Which bodies are measured, registered by what."""

    bodies: tuple[str, ...]
    looks: tuple[str, ...]


@dataclass(frozen=True)
class Scan:
    """What tracking needs of a scan, and its truth: places (mm) and components of the painted lesions."""

    name: str
    suv: Volume
    found: LesionSet
    looks: dict[str, PreparedScan]
    owners: dict[str, int]
    painted: dict[str, np.ndarray]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=PATIENTS)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--work", type=Path, help="folder that keeps the centre")
    parser.add_argument("--body", action="append", choices=BODIES, help="as painted (stiff) or bent (default: both)")
    parser.add_argument("--look", action="append", choices=LOOKS, help="what is registered (default: both)")
    options = parser.parse_args()
    what = Wanted(tuple(options.body or BODIES), tuple(options.look or LOOKS))
    with tempfile.TemporaryDirectory() as base:
        centre = (options.work or Path(base)) / "centre"
        if not (centre / "truth.json").exists():
            make_centre(centre, patients=options.patients, seed=SEED, jobs=options.jobs, parameters=PARAMETERS)
        people = json.loads((centre / "truth.json").read_text(encoding="utf-8"))["patients"][: options.patients]
        folders = [centre / "dicom" / one["patient_id"] for one in people]
        with ProcessPoolExecutor(options.jobs) as pool:
            tasks = (folders, people, itertools.repeat(what))
            rows = [row for rows in pool.map(measure_patient_once, *tasks) for row in rows]
    result = {"version": __version__, "seed": SEED, "patients": len(people), "plan": PLAN, "pairs": summarise(rows)}
    (HERE / "deformable.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8", newline="\n")
    print(json.dumps(result, indent=1))
    return 0


def summarise(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row per kind of pair, body, look and way: sums of counts, F1 of links and of new lesions, error, seconds."""
    heads = ("pair", "body", "look", "way", "by")
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in heads), []).append(row)
    lines = []
    for head, several in groups.items():
        total: Counter[str] = Counter()
        for one in several:
            total.update(one["counts"])
        missed = np.concatenate([np.asarray(one["missed_mm"], dtype=float) for one in several])
        right, wrong, both = total["right_links"], total["wrong_links"], total["in_both"]
        lines.append(
            dict(zip(heads, head, strict=True))
            | {"scan_pairs": len(several), **total}
            | {"share_linked": _share(total["linked"], both), "share_right": _share(right, right + wrong)}
            | {"new_f1": _share(2 * total["new_hit"], total["new_painted"] + total["new_called"])}
            | {"error_rms_mm": round(float(np.sqrt((missed**2).mean())), 2), "error_most_mm": round(missed.max(), 1)}
            | {"seconds": round(float(np.mean([one["seconds"] for one in several])), 2)}
        )
    return lines


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 3) if whole else None


def measure_patient_once(folder: Path, person: dict[str, Any], what: Wanted) -> list[dict[str, Any]]:
    """The rows of a patient, from the file beside the scans where an earlier run of the same kind left them."""
    kept = folder / f"rows-{'-'.join((*what.bodies, *what.looks))}.json"
    if not kept.exists():
        begun = kept.with_suffix(".part")
        begun.write_text(json.dumps(measure_patient(folder, person, what)), encoding="utf-8")
        begun.replace(kept)
    rows: list[dict[str, Any]] = json.loads(kept.read_text(encoding="utf-8"))
    return rows


def measure_patient(folder: Path, person: dict[str, Any], what: Wanted) -> list[dict[str, Any]]:
    """Counts for each pair of scans, by the way of tracking."""
    pet = _read(folder / "PET", "PET", person["pet"], None)
    rows = []
    for body in what.bodies:
        spects = [
            _read(folder / f"SPECT{one['cycle']}", "SPECT", one, one["cycle"] if body == "bent" else None)
            for one in person["spect"]
        ]
        for one, other in [*((pet, spect) for spect in spects), *itertools.pairwise(spects)]:
            kind = f"{one.name} to {other.name}"
            for look in what.looks if one.name == other.name else ("ct",):
                for way, motion, seconds in _motions(one, other, look):
                    counted = {"pair": kind, "body": body, "look": look, "way": way, "seconds": seconds}
                    counted["missed_mm"] = _missed_mm(one, other, motion).tolist()
                    for by, counts in _counts(one, other, motion).items():
                        rows.append(counted | {"by": by, "counts": counts})
    return rows


def _motions(one: Scan, other: Scan, look: str) -> Iterator[tuple[str, Registration, float]]:
    start = time.process_time()
    try:
        rigid = register_prepared(one.looks[look], other.looks[look], metric=METRICS[look])  # type: ignore[arg-type]
    except EstimationError:
        return
    middle = time.process_time()
    bent = bend_prepared(one.looks[look], other.looks[look], rigid)
    yield "rigid", rigid, middle - start
    yield "deformable", bent, time.process_time() - start


def _read(folder: Path, modality: str, truth: dict[str, Any], phase: int | None) -> Scan:
    index = index_folder([folder])
    emission = read_series(next(one for one in index.of_modality("PT", "NM") if is_image_series(one)))
    done = quantify_image(emission, [], QuantProfile(spect_calibrations=(SPECT_CALIBRATION,)))
    suv = to_suvbw(emission.volume, done.factor)
    ct = read_series(next(iter(index.of_modality("CT")))).volume
    masks = list(read_masks(folder / "SEG", suv.geometry))
    painted = paint_truth(truth, suv.geometry, modality)  # type: ignore[arg-type]
    labels = painted.labels.astype(np.int32)
    if phase is not None:
        suv, ct = _bent(suv, phase), _bent(ct, phase)
        masks = [_bent_mask(mask, phase) for mask in masks]
        labels = resample_labels_by(_bend(suv.geometry, phase), labels, suv.geometry, suv.geometry)
    found = find_lesions(suv, masks, load_plan(PLAN), ct=ct, modality=modality, tracer=done.facts.tracer)
    looks = {name: prepare_scan(volume, WINDOWS[name], GRID_MM) for name, volume in (("ct", ct), ("uptake", suv))}
    places = {}
    for lesion in painted.lesions:
        index_zyx = np.argwhere(labels == lesion.number)
        if len(index_zyx):
            places[lesion.identity] = suv.geometry.to_mm(index_zyx.astype(float)).mean(axis=0)
    owners = _owners(found, labels, {one.number: one.identity for one in painted.lesions})
    return Scan(modality, suv, found, looks, owners, places)


def _owners(found: LesionSet, painted: np.ndarray, names: dict[int, str]) -> dict[str, int]:
    """By painted lesion: the component that holds most of its voxels."""
    tracked = np.isin(found.labels, [one.lesion for one in found.lesions if one.category != "physiological"])
    labels, owners = np.where(tracked, found.labels, 0), {}
    for number, name in names.items():
        inside = np.bincount(labels[painted == number], minlength=2)
        inside[0] = 0
        if inside.any():
            owners[name] = int(inside.argmax())
    return owners


def _bend(geometry: Geometry, phase: int) -> Registration:
    """Where each place of the bent body was in the stiff one."""
    coarse = _coarse(geometry)
    points = coarse.to_mm(np.indices(coarse.shape_zyx).reshape(3, -1).T.astype(float))
    turn = 2 * np.pi * points[:, 2] / 700.0 + 2.4 * phase
    moved = np.stack([12.0 * np.sin(turn), 6.0 * np.sin(1.7 * turn), np.zeros(len(points))], axis=1)
    return Registration(np.eye(4), None, "bent", field=DisplacementField(moved.reshape(*coarse.shape_zyx, 3), coarse))


def _coarse(geometry: Geometry) -> Geometry:
    corners = geometry.corners_mm
    low, high = corners.min(axis=0), corners.max(axis=0)
    size = tuple(int(n) for n in np.ceil((high - low) / 10.0) + 1)
    return Geometry(size, (10.0, 10.0, 10.0), tuple(low))  # type: ignore[arg-type]


def _bent(volume: Volume, phase: int) -> Volume:
    """The volume of the bent body, linear between voxels."""
    field, image = _bend(volume.geometry, phase).field, to_itk(volume.array, volume.geometry)
    assert field is not None
    moved = SimpleITK.GetImageFromArray(field.array, isVector=True)
    moved.SetSpacing(field.geometry.spacing_mm)
    moved.SetOrigin(field.geometry.origin_mm)
    floor = float(volume.array.min())
    bent = SimpleITK.Resample(image, image, SimpleITK.DisplacementFieldTransform(moved), SimpleITK.sitkLinear, floor)
    return volume.with_array(SimpleITK.GetArrayFromImage(bent), volume.unit)


def _bent_mask(mask: Mask, phase: int) -> Mask:
    motion = _bend(mask.geometry, phase)
    labels = resample_labels_by(motion, mask.array.astype(np.int32), mask.geometry, mask.geometry)
    return replace(mask, array=labels > 0)


def _missed_mm(one: Scan, other: Scan, motion: Registration) -> np.ndarray:
    """How far the registration misses the painted places that both scans hold, mm."""
    names = sorted(one.painted.keys() & other.painted.keys())
    if not names:
        return np.zeros(0)
    start, end = (np.asarray([scan.painted[name] for name in names]) for scan in (one, other))
    return np.asarray(np.linalg.norm(motion.to_moving(start) - end, axis=1))


def _counts(one: Scan, other: Scan, motion: Registration) -> dict[str, dict[str, int]]:
    """Counts of links and new lesions; between PET and SPECT also by places alone, and with overlaps and volumes."""
    if one.name == other.name:
        links = track(one.found, other.found, registration=motion, earlier=one.suv).links
        return {"overlap and volume": _count(one, other, links)}
    shared = compute_overlaps(one.found, other.found, motion)
    counts = {}
    for by, overlaps, volumes in (
        ("places", None, False),
        ("overlap", shared, False),
        ("overlap and volume", shared, True),
    ):
        sides = [points_of(scan.found, volumes=volumes) for scan in (one, other)]
        found = track_points(
            *sides, registration=motion, overlaps=overlaps, views=(one.found.geometry, other.found.geometry)
        )
        counts[by] = _count(one, other, found.links)
    return counts


def _count(one: Scan, other: Scan, links: Any) -> dict[str, int]:
    """A link is right when both ends hold most of one painted lesion; new is what the earlier truth does not hold."""
    joined = {
        (link.baseline_lesion, link.followup_lesion)
        for link in links
        if link.baseline_lesion is not None and link.followup_lesion is not None
    }
    both = one.owners.keys() & other.owners.keys()
    true = {(one.owners[name], other.owners[name]) for name in both}
    held = [set(scan.owners.values()) for scan in (one, other)]
    telling = {pair for pair in joined if pair[0] in held[0] and pair[1] in held[1]}
    called = {link.followup_lesion for link in links if link.status == "new"} & held[1]
    new = {n for n in held[1] if all(name not in one.painted for name, own in other.owners.items() if own == n)}
    return {
        "links": len(joined),
        "right_links": len(telling & true),
        "wrong_links": len(telling - true),
        "links_of_unpainted": len(joined - telling),
        "in_both": len(both),
        "linked": sum((one.owners[name], other.owners[name]) in joined for name in both),
        "new_painted": len(new),
        "new_called": len(called),
        "new_hit": len(called & new),
    }


if __name__ == "__main__":
    sys.exit(main())
