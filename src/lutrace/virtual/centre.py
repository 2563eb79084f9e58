"""Makes a whole virtual centre on disk: DICOM, FHIR and letters of its patients, and the truth about them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lutrace.core import Progress, UnusableInputError, format_yaml, silent, spawn_workers
from lutrace.physics import SpectCalibration
from lutrace.virtual.chart import Chart
from lutrace.virtual.examinations import (
    GE_CALIBRATION_DATE,
    GE_SENSITIVITY_CPS_PER_MBQ,
    Scene,
    tracer_of,
    write_pet,
    write_spect,
)
from lutrace.virtual.lesions import LARGEST_TTV_ML
from lutrace.virtual.letters import LETTER_NAMES, make_letters, write_letter_files
from lutrace.virtual.parameters import CohortParameters
from lutrace.virtual.people import make_generator, make_lesions, make_people
from lutrace.virtual.physiology import body_of_scan, draw_habitus
from lutrace.virtual.records import IDENTIFIER_SYSTEM, make_bundle
from lutrace.virtual.timeline import Patient
from lutrace.virtual.uptake import draw_organ_factors, pet_uptake, spect_uptake

SPECT_CALIBRATION = SpectCalibration(
    manufacturer="GE",
    radionuclide="Lu-177",
    value=GE_SENSITIVITY_CPS_PER_MBQ,
    unit="cps/MBq",
    counts_of="one_detector",
    calibration_date=GE_CALIBRATION_DATE,
    rotation_frames_count="all_detectors",
)
"""What the site profile must state so that the camera that writes counts can be measured."""


@dataclass(frozen=True)
class CentreSummary:
    """What was written: the folder, numbers of patients, scans and letters, bytes, and the site profile's text.

    `profile_text` (also in `site.yaml`) is what a registry must be told of this site before its scans are measured.
    """

    folder: Path
    patients: int
    pet_scans: int
    spect_scans: int
    letters: int
    size_bytes: int
    profile_text: str


@dataclass(frozen=True)
class _Job:
    """All that a worker process needs for one patient."""

    chart: Chart
    out: Path
    seed: int


def make_centre(
    out: Path,
    *,
    patients: int = 24,
    seed: int = 1,
    jobs: int = 2,
    parameters: CohortParameters | None = None,
    progress: Progress = silent,
) -> CentreSummary:
    """Write a virtual centre into the new folder `out`: `dicom/`, `fhir/`, letters and what they state, `truth.json`.

    The same patients, seed and parameters give the same bytes, whatever the number of `jobs` (worker processes).
    Each patient has a PSMA-PET/CT before therapy and a SPECT/CT after each of the first three cycles that he reaches.
    Everything is marked synthetic. Raises UnusableInputError when `out` holds files already or patients is below 1.
    """
    if out.exists() and any(out.iterdir()):
        raise UnusableInputError(f"{out.name}: the folder for the virtual centre must be empty; name a new one")
    chosen = parameters or CohortParameters()
    people = make_people(patients, seed=seed, parameters=chosen)
    for name in ("dicom", "fhir"):
        (out / name).mkdir(parents=True, exist_ok=True)
    truths: list[dict[str, Any]] = []
    jobs_of = [_Job(chart, out, seed) for chart in people]
    progress("virtual centre", 0, patients)
    for done, truth in enumerate(_run(jobs_of, jobs), start=1):
        truths.append(truth)
        progress("virtual centre", done, patients)
    truths.sort(key=lambda one: str(one["patient_id"]))
    letters = make_letters(people, seed=seed)
    write_letter_files(out, letters)
    profile = _site_profile()
    (out / "site.yaml").write_text(profile, encoding="utf-8", newline="\n")
    content = {
        "note": "Synthetic. The truth that the virtual centre was made from; never evidence about patients.",
        "seed": seed,
        "largest_ttv_ml": LARGEST_TTV_ML,
        "parameters": asdict(chosen),
        "spect_calibrations": [SPECT_CALIBRATION.model_dump(mode="json")],
        "patients": truths,
    }
    _write_json(out / "truth.json", content)
    return CentreSummary(
        folder=out,
        patients=patients,
        pet_scans=patients,
        spect_scans=sum(len(truth["spect"]) for truth in truths),
        letters=len(letters),
        size_bytes=sum(path.stat().st_size for path in out.rglob("*") if path.is_file()),
        profile_text=profile,
    )


def _run(work: list[_Job], jobs: int) -> Iterator[dict[str, Any]]:
    if jobs <= 1:
        yield from map(_write_patient, work)
        return
    with spawn_workers(jobs) as pool:
        for future in as_completed([pool.submit(_write_patient, one) for one in work]):
            yield future.result()


def _write_patient(job: _Job) -> dict[str, Any]:
    """Write the scans and the bundle of one patient; the truth about him."""
    patient = job.chart.patient
    index = patient.number - 1
    body, cycles = make_lesions(patient, seed=job.seed)
    factors = draw_organ_factors(make_generator(job.seed, index, 2), patient.burden)
    every = [lesion for lesions in cycles for lesion in lesions]
    habitus = draw_habitus(body, every, make_generator(job.seed, index, 20))
    folder = job.out / "dicom" / patient.identifier
    tracer = tracer_of(patient)
    shapes, foci = body_of_scan(body, habitus, tracer, make_generator(job.seed, index, 21))
    scene = Scene(patient, shapes, cycles[0], job.seed, foci)
    rng = make_generator(job.seed, index, 3)
    pet = write_pet(scene, uptake=pet_uptake(factors, tracer), folder=folder / "PET", rng=rng)
    spect = []
    for given, start, lesions in zip(patient.administrations, patient.spect_datetimes, cycles, strict=False):
        rng = make_generator(job.seed, index, 3 + given.cycle)
        day = make_generator(job.seed, index, 21 + given.cycle)
        shapes, foci = body_of_scan(body, habitus, "177Lu-PSMA-617", day)
        scene = Scene(patient, shapes, lesions, job.seed, foci)
        place = folder / f"SPECT{given.cycle}"
        spect.append(write_spect(scene, given, start, uptake=spect_uptake(factors, rng), folder=place, rng=rng))
    _write_json(job.out / "fhir" / f"{patient.identifier}.json", make_bundle(job.chart, cycles))
    return {"patient_id": patient.identifier, "pet": pet, "spect": spect, "cohort": _cohort_truth(patient)}


def _cohort_truth(patient: Patient) -> dict[str, Any]:
    return {
        "ln_ttv": list(patient.course.ln_ttv),
        "new_lesion": list(patient.course.new_lesion),
        "new_avid": list(patient.course.new_avid),
        "cycles": len(patient.administrations),
        "stop_reason": patient.stop_reason,
        "first_cycle_date": patient.administrations[0].injection.date().isoformat(),
        "last_date": patient.last_date.isoformat(),
        "dead": patient.dead,
        "psa_progression_date": patient.progression_date.isoformat() if patient.progression_date else None,
    }


def _site_profile() -> str:
    """The lines of the site profile that this centre needs: name, identifier system, languages, calibration."""
    return format_yaml(
        {
            "centre": "Virtual centre (synthetic)",
            "languages": ["en", "de"],
            "letter_file_names": LETTER_NAMES,
            "patient_identifier_system": IDENTIFIER_SYSTEM,
            "quantification": {"spect_calibrations": [SPECT_CALIBRATION.model_dump(mode="json")]},
        }
    )


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
