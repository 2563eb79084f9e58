"""Lesions, volumes and new lesions on a virtual centre, from its DICOM files to a score against its truth file.

    python validation/imaging/evaluate.py [--patients N] [--jobs 2] [--work FOLDER] [--commit WORD]

writes results.json, the tables of docs/methods/imaging-evaluation.md and its pictures. Synthetic: ellipsoids that were
painted, blurred and made noisy. It shows what the steps do with a known truth, never how they do on patients.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lutrace.core import LutraceError
from lutrace.dicom import index_folder, is_image_series, read_masks, read_series
from lutrace.imaging import Mask, Registration, Volume, label_components, register_rigid, to_suvbw
from lutrace.ingest import quantify_image
from lutrace.physics import QuantProfile
from lutrace.segment import LesionSet, ScanFacts, find_lesions_by_plans, load_plan, track
from lutrace.virtual import (
    SPECT_CALIBRATION,
    CohortParameters,
    PaintedTruth,
    ScanScore,
    compute_scan_score,
    make_centre,
    paint_truth,
)

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

PATIENTS, SEED = 20, 11
PLANS = ("suv3", "suv4", "liver", "percent41", "percent50", "adaptive")
MODES = ("masks", "labeller_ct", "labeller")
"""Organ masks given; the labeller with the CT; the labeller with uptake alone."""
PARAMETERS = CohortParameters(share_new_lesion=(0.7, 0.6), share_new_avid=(0.9, 0.9), new_lesion_ml=(0.4, 30.0))
"""More new lesions than real cohorts have (20 and 17 %), and of all sizes: an evaluation needs them."""
_CT_WINDOW, _REGISTRATION_GRID_MM = (-500.0, 500.0), 9.0


@dataclass(frozen=True)
class _Scan:
    """One scan as read from its files."""

    name: str
    modality: str
    tracer: str
    suv: Volume
    ct: Volume
    masks: tuple[Mask, ...]
    truth: dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=PATIENTS)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--commit", help="what was measured; default: the commit that is checked out")
    parser.add_argument("--work", type=Path, help="folder that keeps what is done, to go on with later")
    parser.add_argument("--results", type=Path, default=HERE / "results.json")
    parser.add_argument("--pages", type=Path, default=HERE.parents[1] / "docs")
    options = parser.parse_args()
    started = time.perf_counter()
    results = run_evaluation(options.patients, options.jobs, options.work)
    results["commit"] = options.commit or commit()
    options.results.write_text(as_text(results), encoding="utf-8", newline="\n")
    write_pages(results, options.pages)
    print(f"{results['scans']} in {time.perf_counter() - started:.0f} s")
    return 0


def as_text(results: dict[str, Any]) -> str:
    """JSON with one row of a table per line."""
    parts = []
    for name, value in results.items():
        rows = isinstance(value, list) and value and isinstance(value[0], dict)
        text = "[\n  " + ",\n  ".join(json.dumps(row) for row in value) + "\n ]" if rows else json.dumps(value)
        parts.append(f" {json.dumps(name)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def commit() -> str:
    words = ["git", "-C", str(HERE), "log", "-1", "--format=%h"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def write_pages(results: dict[str, Any], docs: Path) -> None:
    from draw import draw_figures

    from tables import write_tables

    write_tables(results, docs / "methods" / "imaging-evaluation.md")
    draw_figures(results, docs / "pictures")


def run_evaluation(patients: int, jobs: int, work: Path | None = None) -> dict[str, Any]:
    """Make the centre, measure each patient in a process of his own, and sum up.

    `work` keeps the centre and what is done of it, so that a run that was stopped goes on.
    """
    from summarise import summarise

    with tempfile.TemporaryDirectory() as base:
        folder = work or Path(base)
        centre, done = folder / "centre", folder / "patients"
        if not (centre / "truth.json").exists():
            make_centre(centre, patients=patients, seed=SEED, jobs=jobs, parameters=PARAMETERS)
        done.mkdir(exist_ok=True)
        truth = json.loads((centre / "truth.json").read_text(encoding="utf-8"))
        tasks = [(centre / "dicom" / one["patient_id"], one, done) for one in truth["patients"]]
        with ProcessPoolExecutor(jobs) as pool:
            files = list(pool.map(keep_patient, *zip(*tasks, strict=True)))
        rows = [row for file in files for row in json.loads(file.read_text(encoding="utf-8"))]
    about = {"seed": SEED, "patients": len(files), "plans": list(PLANS), "modes": list(MODES)}
    return {**about, **summarise(rows, PLANS, MODES)}


def keep_patient(folder: Path, person: dict[str, Any], done: Path) -> Path:
    """The rows of a patient in a file of his own; a file that is there is not made again."""
    file = done / f"{person['patient_id']}.json"
    if not file.exists():
        text = json.dumps(measure_patient(folder, person))
        part = file.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        part.replace(file)
    return file


def measure_patient(folder: Path, person: dict[str, Any]) -> list[dict[str, Any]]:
    """All scans of a patient under all plans and modes, scored; and what is new from one SPECT to the next."""
    scans = [_read(folder / "PET", "PET", person["pet"])]
    scans += [_read(folder / f"SPECT{one['cycle']}", f"SPECT{one['cycle']}", one) for one in person["spect"]]
    rows: list[dict[str, Any]] = []
    found: dict[tuple[str, str, str], tuple[LesionSet, dict[str, Any]]] = {}
    for scan in scans:
        truth = paint_truth(scan.truth, scan.suv.geometry, "PET" if scan.modality == "PET" else "SPECT")
        for mode in MODES:
            sets, refused = _find(scan, mode)
            head = {"kind": "scan", "patient": person["patient_id"], "scan": scan.name, "mode": mode}
            head |= {"modality": scan.modality, "tracer": scan.tracer}
            rows += [head | {"plan": plan, "refused": reason} for plan, reason in refused.items()]
            for plan, lesions in sets.items():
                row = head | {"plan": plan} | asdict(_score(scan, truth, lesions, sets))
                rows.append(row)
                found[scan.name, plan, mode] = (lesions, row)
    return rows + _new_lesions(person["patient_id"], [one for one in scans if one.modality == "SPECT"], found)


def _read(folder: Path, name: str, truth: dict[str, Any]) -> _Scan:
    """A scan through the readers that a centre's files go through."""
    index = index_folder([folder])
    emission = read_series(next(one for one in index.of_modality("PT", "NM") if is_image_series(one)))
    profile = QuantProfile(spect_calibrations=(SPECT_CALIBRATION,))
    done = quantify_image(emission, [], profile)
    suv = to_suvbw(emission.volume, done.factor)
    ct = read_series(next(iter(index.of_modality("CT")))).volume
    masks = tuple(read_masks(folder / "SEG", suv.geometry))
    modality = "SPECT" if done.facts.radionuclide == "Lu-177" else "PET"
    return _Scan(name, modality, done.facts.tracer or "", suv, ct, masks, truth)


def _find(scan: _Scan, mode: str) -> tuple[dict[str, LesionSet], dict[str, str]]:
    """The lesions by plan, and why a plan is refused for this scan."""
    masks = scan.masks if mode == "masks" else ()
    ct = None if mode == "labeller" else scan.ct
    plans = [load_plan(name) for name in PLANS]
    facts: ScanFacts = {"ct": ct, "tracer": scan.tracer, "modality": scan.modality}
    sets: dict[str, LesionSet] = {}
    refused: dict[str, str] = {}
    for group in ([plan for plan in plans if plan.threshold.kind != "liver"], [load_plan("liver")]):
        try:
            sets |= find_lesions_by_plans(scan.suv, masks, group, **facts)
        except LutraceError as error:
            refused |= {plan.name: str(error) for plan in group}
    return {name: sets[name] for name in PLANS if name in sets}, refused


def _score(scan: _Scan, truth: PaintedTruth, lesions: LesionSet, sets: dict[str, LesionSet]) -> ScanScore:
    """A plan with a second level has the candidates of SUV 3, its first threshold."""
    first = sets["suv3"] if lesions.plan.threshold.kind in ("percent", "adaptive") else lesions
    if first.threshold_suv != lesions.threshold_suv:
        raise ValueError(f"plan {lesions.plan.name}: expected the first threshold of suv3")
    return compute_scan_score(
        truth,
        lesions.labels,
        {one.lesion: one.category for one in lesions.lesions},
        above=_taken(scan, first),
        candidates=first.array_of("tumour") | first.array_of("uncertain"),
    )


def _taken(scan: _Scan, lesions: LesionSet) -> np.ndarray:
    """Voxels above the threshold in components of the plan's size: what the plan could have taken for a lesion."""
    plan, geometry = lesions.plan, scan.suv.geometry
    above = scan.suv.array >= np.float32(lesions.threshold_suv)
    least = plan.min_voxels_of("PET" if scan.modality == "PET" else "SPECT", geometry.voxel_volume_ml)
    return np.asarray(label_components(above, connectivity=plan.connectivity, min_voxels=least).labels > 0)


def _new_lesions(
    patient: str, scans: list[_Scan], found: dict[tuple[str, str, str], tuple[LesionSet, dict[str, Any]]]
) -> list[dict[str, Any]]:
    """A row per SPECT after the first, plan and mode: which components are called new, against which scans."""
    moved = _motions(scans)
    volumes = {scan.name: scan.suv for scan in scans}
    rows = []
    for number in range(1, len(scans)):
        for plan in PLANS:
            for mode in MODES:
                names = [scan.name for scan in scans[: number + 1]]
                if any((name, plan, mode) not in found for name in names):
                    continue
                new = [
                    _called_new(
                        [found[name, plan, mode][0] for name in (one, names[-1])], volumes[one], moved[one, names[-1]]
                    )
                    for one in names[:-1]
                ]
                rows.append(
                    {
                        "kind": "new",
                        "patient": patient,
                        "scan": names[-1],
                        "plan": plan,
                        "mode": mode,
                        "called": {"any_earlier": sorted(set.intersection(*new)), "previous": sorted(new[-1])},
                        "seen_before": sorted(_seen(found, names[:-1], plan, mode)),
                        "followup": found[names[-1], plan, mode][1],
                    }
                )
    return rows


def _motions(scans: list[_Scan]) -> dict[tuple[str, str], Registration]:
    """As a registry's scans are registered: each to the first by its CT, any two over the first."""
    first = scans[0]
    matrices = {first.name: np.eye(4)} | {
        scan.name: register_rigid(
            first.ct, scan.ct, metric="mutual_information", window=_CT_WINDOW, grid_mm=_REGISTRATION_GRID_MM
        ).matrix
        for scan in scans[1:]
    }
    return {
        (one, other): Registration(matrices[other] @ np.linalg.inv(matrices[one]), None, "over the first scan")
        for one, other in itertools.combinations(matrices, 2)
    }


def _called_new(pair: list[LesionSet], earlier: Volume, motion: Registration) -> set[int]:
    """The follow-up's components that are new: not those whose place held focal uptake below the threshold before."""
    links = track(pair[0], pair[1], registration=motion, earlier=earlier).links
    return {link.followup_lesion for link in links if link.status == "new" and link.followup_lesion is not None}


def _seen(
    found: dict[tuple[str, str, str], tuple[LesionSet, dict[str, Any]]], names: list[str], plan: str, mode: str
) -> set[str]:
    """The painted lesions that an earlier scan showed as tumour."""
    return {
        one["identity"] for name in names for one in found[name, plan, mode][1]["lesions"] if one["fate"] == "tumour"
    }


if __name__ == "__main__":
    sys.exit(main())
