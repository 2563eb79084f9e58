"""Scans one virtual patient and writes the examinations as DICOM, each scanner in its own way."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from lutrace.core import Source, digest_of
from lutrace.dicom import (
    Algorithm,
    NmTiming,
    PetTiming,
    SeriesHeader,
    Tracer,
    make_uid,
    write_ct_series,
    write_nm_series,
    write_pet_series,
    write_seg,
)
from lutrace.imaging import Geometry, Mask, Volume
from lutrace.physics import decay_factor
from lutrace.virtual.anatomy import Point, Shape, grid_of
from lutrace.virtual.lesions import Lesion
from lutrace.virtual.physiology import Agent, identity_of
from lutrace.virtual.scanner import (
    CT,
    PET,
    SPECT,
    Camera,
    cover_lesions,
    draw_masks,
    make_geometry,
    scan_ct,
    scan_emission,
)
from lutrace.virtual.timeline import LU177_HALF_LIFE_S, Administration, Patient
from lutrace.virtual.uptake import Uptake

COMMENT = "SYNTHETIC: made by lutrace's virtual centre, no person"
SpectKind = Literal["pt_admin", "pt_start", "nm_map", "nm_counts"]
SPECT_KINDS: tuple[SpectKind, ...] = ("pt_admin", "pt_start", "nm_map", "nm_counts")
GE_SENSITIVITY_CPS_PER_MBQ = 5.48
"""Of one detector; the calibration that turns the counts of the GE camera into activity."""
GE_CALIBRATION_DATE = dt.date(2020, 1, 15)
SegKind = Literal["BINARY", "LABELMAP"]
SEG_KINDS: dict[SpectKind, SegKind] = {
    "pt_admin": "BINARY",
    "pt_start": "LABELMAP",
    "nm_map": "LABELMAP",
    "nm_counts": "LABELMAP",
}
"""How the segmentation program beside each camera writes: a bit plane per organ, or one number per voxel."""
LARGEST_ACTIVITY_SHARE = 0.95
"""Of the injected activity, decay taken out, that a scan may show; more uptake than that is shared out by all of it."""
_SPECT_FRAME_S = 15.0
_GE_FRAMES, _SPECT_DURATION_S = 120, 900.0
_BED_SLICES, _BED_S, _BED_STEP_S = 45, 120.0, 130.0
_PET_MAKERS = (("SIEMENS", "Biograph128 (simulated)"), ("GE MEDICAL SYSTEMS", "Discovery 690 (simulated)"))
_TRACERS: dict[Agent, tuple[str, float, float]] = {
    "68Ga-PSMA-11": ("Ga-68", 150e6, 4062.6),
    "18F-PSMA-1007": ("F-18", 280e6, 6586.2),
}
"""Radionuclide, activity in Bq, half-life in s (67.71 and 109.77 min, DDEP)."""


@dataclass(frozen=True)
class Scene:
    """What stands before the scanner: patient, body, lesions of this day, the seed that makes UIDs repeatable, foci.

    `foci` is uptake that is neither an organ of the body nor tumour (see `physiology`), painted before the lesions.
    """

    patient: Patient
    body: tuple[Shape, ...]
    lesions: tuple[Lesion, ...]
    seed: int
    foci: tuple[Shape, ...] = ()

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Body and foci, in the order of painting."""
        return (*self.body, *self.foci)


def tracer_of(patient: Patient) -> Agent:
    """What this patient is given for his PET."""
    return "18F-PSMA-1007" if patient.number % 2 else "68Ga-PSMA-11"


def spect_kind_of(patient: Patient) -> SpectKind:
    """The camera that this patient is always scanned with."""
    return SPECT_KINDS[(patient.number - 1) % len(SPECT_KINDS)]


def write_spect(
    scene: Scene, given: Administration, start: dt.datetime, *, uptake: Uptake, folder: Path, rng: np.random.Generator
) -> dict[str, Any]:
    """Write the SPECT/CT of one cycle with its organ masks; the truth of it as plain data."""
    shift = _lie_down(rng)
    geometry = _geometry(scene, SPECT, f"spect{given.cycle}")
    lesions = [(lesion, lesion.suv_spect) for lesion in scene.lesions]
    suv = scan_emission(SPECT, geometry, scene.shapes, lesions, uptake=uptake, shift_mm=shift, rng=rng)
    share = _share_shown(suv, geometry, given.weight_kg)
    suv, scene, uptake = suv * np.float32(share), _shared_out(scene, share), _scaled_uptake(uptake, share)
    kind = spect_kind_of(scene.patient)
    header = _header(scene, f"spect{given.cycle}", start, given.weight_kg, "SPECT/CT")
    header = replace(header, manufacturer="SIEMENS NM" if kind.startswith("pt") else "GE MEDICAL SYSTEMS")
    tracer = Tracer("Lu-177", "177Lu-PSMA-617", given.net_bq, given.injection, LU177_HALF_LIFE_S)
    _write_emission(kind, suv, geometry, folder, header=header, tracer=tracer)
    _write_anatomy(scene, f"spect{given.cycle}", folder, shift=shift, header=header, rng=rng)
    return _truth_of_scan(scene, geometry, shift, uptake) | {
        "cycle": given.cycle,
        "kind": kind,
        "hours_after_injection": round((start - given.injection).total_seconds() / 3600, 3),
        "series_uid": header.series_uid,
        "net_injected_bq": given.net_bq,
        "weight_kg": given.weight_kg,
    }


def write_pet(scene: Scene, *, uptake: Uptake, folder: Path, rng: np.random.Generator) -> dict[str, Any]:
    """Write the PSMA-PET/CT before therapy with its organ masks; the truth of it as plain data."""
    patient, shift = scene.patient, _lie_down(rng)
    geometry = _geometry(scene, PET, "pet")
    lesions = [(lesion, lesion.suv_pet) for lesion in scene.lesions]
    suv = scan_emission(PET, geometry, scene.shapes, lesions, uptake=uptake, shift_mm=shift, rng=rng)
    share = _share_shown(suv, geometry, patient.administrations[0].weight_kg)
    suv, scene, uptake = suv * np.float32(share), _shared_out(scene, share), _scaled_uptake(uptake, share)
    name = tracer_of(patient)
    nuclide, activity, half_life = _TRACERS[name]
    start = patient.pet_datetime
    tracer = Tracer(nuclide, name, activity * float(rng.uniform(0.9, 1.1)), start - dt.timedelta(minutes=72), half_life)
    weight = patient.administrations[0].weight_kg
    header = _header(scene, "pet", start, weight, "PSMA-PET/CT")
    maker, model = _PET_MAKERS[(patient.number // 2) % 2]
    header = replace(header, manufacturer=maker, model=model)
    dose = tracer.injected_bq * decay_factor(72 * 60.0, half_life)
    slices = geometry.size_xyz[2]
    starts = tuple(start + dt.timedelta(seconds=_BED_STEP_S * (index // _BED_SLICES)) for index in range(slices))
    write_pet_series(
        _volume(suv * np.float32(dose / (weight * 1000)), geometry, "Bq/mL"),
        folder / "PT",
        header=header,
        tracer=tracer,
        timing=PetTiming("START", starts, _BED_S),
        slope_per_slice=maker.startswith("GE"),
    )
    _write_anatomy(scene, "pet", folder, shift=shift, header=header, rng=rng)
    return _truth_of_scan(scene, geometry, shift, uptake) | {"series_uid": header.series_uid, "tracer": name}


def _share_shown(suv: np.ndarray, geometry: Geometry, weight_kg: float) -> float:
    """What all SUV is multiplied by, so that the image holds no more activity than was injected; 1 for most scans."""
    shown = float(suv.sum(dtype=np.float64)) * geometry.voxel_volume_ml / (1000.0 * weight_kg)
    return min(1.0, LARGEST_ACTIVITY_SHARE / shown)


def _shared_out(scene: Scene, share: float) -> Scene:
    """The scene as this scan shows it, for the truth: lesions and foci with their part of the activity."""
    lesions = tuple(replace(one, suv_pet=one.suv_pet * share, suv_spect=one.suv_spect * share) for one in scene.lesions)
    foci = tuple(one if one.suv is None else replace(one, suv=one.suv * share) for one in scene.foci)
    return replace(scene, lesions=lesions, foci=foci)


def _scaled_uptake(uptake: Uptake, share: float) -> Uptake:
    return Uptake({region: value * share for region, value in uptake.suv.items()})


def _lie_down(rng: np.random.Generator) -> Point:
    """Where the patient lies against the scanner's zero: up to 30 mm along the table, less across."""
    return (float(rng.uniform(-8, 8)), float(rng.uniform(-5, 5)), float(rng.uniform(-15, 15)))


def _geometry(scene: Scene, camera: Camera, examination: str) -> Geometry:
    frame = make_uid("frame", str(scene.seed), scene.patient.identifier, examination)
    return make_geometry(camera, scene.patient.height_cm, frame)


def _header(scene: Scene, examination: str, start: dt.datetime, weight_kg: float, words: str) -> SeriesHeader:
    patient, seed = scene.patient, str(scene.seed)
    return SeriesHeader(
        patient_id=patient.identifier,
        patient_name=patient.name,
        birth_date=patient.birth_date,
        sex="M",
        weight_kg=weight_kg,
        height_m=patient.height_cm / 100,
        study_uid=make_uid("study", seed, patient.identifier, examination),
        series_uid=make_uid("series", seed, patient.identifier, examination, "emission"),
        series_number=2,
        study_datetime=start - dt.timedelta(minutes=6),
        series_datetime=start,
        study_description=f"SYNTHETIC {words}",
        series_description=f"SYNTHETIC {words} emission",
        manufacturer="",
        model="simulated",
        comments=COMMENT,
    )


def _volume(array: np.ndarray, geometry: Geometry, unit: str) -> Volume:
    return Volume(array.astype(np.float32, copy=False), geometry, unit, Source("virtual", digest_of("synthetic")))


def _write_emission(
    kind: SpectKind,
    suv: np.ndarray,
    geometry: Geometry,
    folder: Path,
    *,
    header: SeriesHeader,
    tracer: Tracer,
) -> None:
    """The SPECT as this camera writes it; the same SUV whichever way."""
    at_injection = tracer.injected_bq / (header.weight_kg * 1000)
    left = decay_factor((header.series_datetime - tracer.injection_datetime).total_seconds(), tracer.half_life_s)
    if kind in ("pt_admin", "pt_start"):
        correction: Literal["ADMIN", "START"] = "ADMIN" if kind == "pt_admin" else "START"
        scale = at_injection * (1.0 if correction == "ADMIN" else left)
        starts = (header.series_datetime,) * geometry.size_xyz[2]
        write_pet_series(
            _volume(suv * np.float32(scale), geometry, "Bq/mL"),
            folder / "PT",
            header=header,
            tracer=tracer,
            timing=PetTiming(correction, starts, _SPECT_DURATION_S),
            corrected=("UNIF", "ATTN", "SCAT", "DECY"),
        )
        return
    product = math.log(2) / tracer.half_life_s * _SPECT_DURATION_S
    bq_ml = suv * np.float32(at_injection * left * -math.expm1(-product) / product)
    timing = NmTiming(header.series_datetime, _SPECT_FRAME_S, _GE_FRAMES)
    if kind == "nm_map":
        volume = _volume(bq_ml, geometry, "Bq/mL")
    else:
        counts_per_bq_ml = geometry.voxel_volume_ml * _SPECT_FRAME_S * _GE_FRAMES * GE_SENSITIVITY_CPS_PER_MBQ / 1e6
        volume = _volume(np.rint(bq_ml * np.float32(counts_per_bq_ml)), geometry, "counts")
    write_nm_series(
        volume, folder / "NM" / "0001.dcm", header=header, tracer=tracer, timing=timing, decay_correction="NONE"
    )


def _write_anatomy(
    scene: Scene, examination: str, folder: Path, *, shift: Point, header: SeriesHeader, rng: np.random.Generator
) -> None:
    """The CT, taken just before and a millimetre off (breathing), and the organ masks drawn on it."""
    geometry = _geometry(scene, CT, examination)
    breathed = (shift[0], shift[1], shift[2] + float(rng.normal(0, 1.5)))
    names = (str(scene.seed), scene.patient.identifier, examination)
    ct_header = replace(
        header,
        series_uid=make_uid("series", *names, "ct"),
        series_number=1,
        series_datetime=header.series_datetime - dt.timedelta(minutes=4),
        series_description="SYNTHETIC low-dose CT",
    )
    hu = scan_ct(geometry, scene.shapes, scene.lesions, shift_mm=breathed, rng=rng)
    files = write_ct_series(_volume(hu, geometry, "HU"), folder / "CT", header=ct_header)
    masks = draw_masks(geometry, scene.shapes, shift_mm=breathed, rng=rng)
    kind = SEG_KINDS[spect_kind_of(scene.patient)]
    if kind == "LABELMAP":
        masks = _without_overlap(masks)
    source = Source("virtual", digest_of("synthetic"))
    write_seg(
        folder / "SEG" / "organs.dcm",
        [Mask(region, array, geometry, source) for region, array in masks.items() if array.any()],
        source_files=files,
        description="SYNTHETIC organs with errors",
        kind=kind,
        algorithm=Algorithm("lutrace virtual segmenter"),
        seed="/".join(names),
        moment=header.series_datetime + dt.timedelta(hours=1),
    )


def _without_overlap(masks: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The masks, each without what an earlier one holds: a label map has one region per voxel."""
    taken = np.zeros_like(next(iter(masks.values())))
    apart = {}
    for region, array in masks.items():
        apart[region] = array & ~taken
        taken |= array
    return apart


def _truth_of_scan(scene: Scene, geometry: Geometry, shift: Point, uptake: Uptake) -> dict[str, Any]:
    """Volumes, places (scanner millimetres, LPS) and uptake as painted."""
    avid = [lesion for lesion in scene.lesions if lesion.avid]
    grid = grid_of(geometry, shift)
    return {
        "ttv_ml": round(float(cover_lesions(grid, avid).sum()) * grid.voxel_ml, 3),
        "shift_mm": [round(value, 3) for value in shift],
        "organ_suv": {region: round(value, 4) for region, value in sorted(uptake.suv.items())},
        "lesions": [_truth_of_lesion(lesion, shift) for lesion in scene.lesions],
        "physiological": _truth_of_normal(scene, shift, uptake),
    }


def _truth_of_normal(scene: Scene, shift: Point, uptake: Uptake) -> list[dict[str, Any]]:
    """All that takes up tracer and is no tumour, in the order of painting: identity, place (scanner mm), SUVbw."""
    return [
        {
            "name": shape.name,
            "identity": identity,
            "kind": shape.kind,
            "centre_mm": [round(c + s, 2) for c, s in zip(shape.centre_mm, shift, strict=True)],
            "half_mm": [round(value, 3) for value in shape.half_mm],
            "suv": round(uptake.of(shape.region) if shape.suv is None else shape.suv, 4),
        }
        for shape in scene.shapes
        if (identity := identity_of(shape)) is not None
    ]


def _truth_of_lesion(lesion: Lesion, shift: Point) -> dict[str, Any]:
    place = [round(c + s, 2) for c, s in zip(lesion.centre_mm, shift, strict=True)]
    return {
        "identity": lesion.identity,
        "site": lesion.site,
        "host": lesion.host,
        "volume_ml": round(lesion.volume_ml, 4),
        "centre_mm": place,
        "half_mm": [round(value, 3) for value in lesion.half_mm],
        "suv_pet": round(lesion.suv_pet, 3),
        "suv_spect": round(lesion.suv_spect, 3),
        "avid": lesion.avid,
        "new": lesion.is_new,
    }
