"""The SUV factor of one series: which branch, with which facts, checked against what."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lutrace.core import ContradictionError, MissingFactError, UnsupportedError
from lutrace.physics.body import (
    body_surface_cm2,
    check_height,
    check_sex,
    check_weight,
    ideal_weight_kg,
    lean_mass_120_kg,
    lean_mass_james_kg,
    lean_mass_janmahasatian_kg,
)
from lutrace.physics.corrections import SUV_UNITS, check_corrections
from lutrace.physics.decay import decay_factor
from lutrace.physics.dose import compute_half_life_s, compute_injected_bq
from lutrace.physics.facts import QuantFacts, SuvFactor
from lutrace.physics.moments import (
    check_decay_factors,
    compute_frame_factors,
    earliest_acquisition,
    find_injection,
    find_start_reference,
)
from lutrace.physics.trail import Trail, format_moment

PHILIPS_TOLERANCE = 0.01


@dataclass(frozen=True)
class _Dose:
    bq: float
    half_life_s: float
    reference: dt.datetime | None
    injection: dt.datetime | None
    frame_factors: tuple[float, ...]


def compute_suv_factor(facts: QuantFacts) -> SuvFactor:
    """The factor that turns a series into SUVbw in g/mL, with each step, cross-check and warning.

    Branches: BQML; CNTS of Philips by its SUV or activity factor; NM counts by the site's calibration; GML and CM2ML
    that are SUV already. Decay Correction START, ADMIN and NONE.
    Raises MissingFactError, ContradictionError or UnsupportedError, naming the fact.
    Source: QIBA FDG-PET/CT Profile v1.13, Appendix G; DICOM PS3.3 C.8.9.1.
    """
    trail = Trail()
    check_corrections(facts, trail)
    trail.step("units", facts.units, f"Units (0054,1001) = {facts.units}")
    if facts.units in SUV_UNITS:
        return _from_suv(facts, trail)
    if facts.units == "CNTS" and facts.modality == "PT" and facts.philips_suv_factor:
        return _from_philips(facts, trail)
    to_bq_ml = _scale_to_bq_ml(facts, trail)
    return _from_activity(facts, to_bq_ml, trail)


def apply_suv_factor(
    array: NDArray[np.float32], factor: SuvFactor, *, out: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """SUVbw in g/mL (float32) of an array (slices, rows, columns) in the unit that the factor was made for.

    `out` may be the array itself, if nobody else holds it. Raises ContradictionError when the number of slice factors
    is not the number of slices.
    """
    if not factor.slice_factors:
        return np.multiply(array, np.float32(factor.factor_suvbw), out=out)
    if len(factor.slice_factors) != array.shape[0]:
        raise ContradictionError(f"{len(factor.slice_factors)} slice factors for {array.shape[0]} slices")
    per_slice = np.asarray(factor.slice_factors) * factor.factor_suvbw
    return np.multiply(array, per_slice.astype(np.float32)[:, None, None], out=out)


def compute_activity_budget_pct(
    slice_sums: Sequence[float] | NDArray[np.float64], factor: SuvFactor, *, voxel_ml: float, weight_kg: float | None
) -> float | None:
    """Activity in the field of view as % of the injected activity at the same moment, None without a weight.

    `slice_sums` are the sums of each slice's voxels in the volume's own unit: since SUV = C w / A, the sum of
    SUV x voxel volume over the weight is the part of A that is seen.
    """
    if weight_kg is None:
        return None
    per_slice = np.asarray(factor.slice_factors or (1.0,)) * factor.factor_suvbw
    return float(100.0 * np.sum(np.asarray(slice_sums, float) * per_slice) * voxel_ml / (1000.0 * weight_kg))


def check_activity_budget(pct: float | None) -> None:
    """Raise ContradictionError when more activity is seen than was given: activity, unit or time is wrong."""
    if pct is not None and pct > 100.0:
        raise ContradictionError(
            f"activity budget: the image holds {pct:.1f} % of the decayed injected activity, expected at most 100 %; "
            "check the injected activity, its unit, the times and the calibration"
        )


def _from_activity(facts: QuantFacts, to_bq_ml: float, trail: Trail) -> SuvFactor:
    weight_kg = check_weight(facts.weight_kg)
    trail.step("weight", f"{weight_kg:g} kg", f"weight_kg (0010,1030) = {weight_kg:g}")
    dose = _dose_at_reference(facts, trail)
    base, frame_factors = weight_kg * 1000.0 * to_bq_ml / dose.bq, dose.frame_factors
    if frame_factors and max(frame_factors) - min(frame_factors) <= 1e-12 * max(frame_factors):
        base, frame_factors = base * frame_factors[0], ()
    if frame_factors:
        trail.warn(
            f"the images are not decay-corrected and were taken at different times: each slice has its own factor, "
            f"factor_suvbw x {min(frame_factors):.8g} to {max(frame_factors):.8g}"
        )
    if not (math.isfinite(base) and base > 0):
        raise ContradictionError(f"SUV factor: expected a positive number, got {base}")
    trail.step("factor", f"{base:.9g} g/mL per stored unit", f"weight {weight_kg:g} kg x 1000 / {dose.bq:.9g} Bq")
    return _result(trail, base, frame_factors, dose=dose, weight_kg=weight_kg)


def _scale_to_bq_ml(facts: QuantFacts, trail: Trail) -> float:
    if facts.units == "BQML":
        return 1.0
    if facts.units == "CNTS" and facts.modality == "NM":
        if facts.counts_to_bq_ml is None or not facts.counts_to_bq_ml > 0:
            raise MissingFactError(
                "calibration: the image holds counts and neither a Real World Value Mapping (0040,9096) nor a "
                "calibration factor in the site profile makes them Bq/mL; state spect_calibrations there"
            )
        trail.step(
            "calibration",
            f"{facts.counts_to_bq_ml:.9g} Bq/mL per count",
            *[note for note in facts.notes if note.startswith("calibration")],
        )
        return facts.counts_to_bq_ml
    if facts.units == "CNTS":
        if facts.philips_activity_factor:
            trail.step(
                "Philips activity factor",
                f"{facts.philips_activity_factor:.9g} Bq/mL per count",
                f"(7053,xx09) = {facts.philips_activity_factor:g}",
            )
            return facts.philips_activity_factor
        raise MissingFactError(
            "Units (0054,1001) = CNTS: expected the Philips SUV factor (7053,xx00) or activity factor (7053,xx09), "
            "found neither (anonymisation may have removed private elements); export the series in BQML"
        )
    raise UnsupportedError(
        f"Units (0054,1001) = {facts.units or 'absent'}: expected BQML, CNTS, GML or CM2ML; this unit has no SUV"
    )


def _dose_at_reference(facts: QuantFacts, trail: Trail) -> _Dose:
    injected_bq = compute_injected_bq(facts, trail)
    half_life_s = compute_half_life_s(facts, trail)
    if facts.decay_correction == "ADMIN":
        return _dose_at_injection(facts, injected_bq, half_life_s, trail)
    if facts.decay_correction == "START":
        reference = find_start_reference(facts, half_life_s=half_life_s, trail=trail)
        check_decay_factors(facts, half_life_s=half_life_s, trail=trail)
        injection = find_injection(facts, scan=reference, half_life_s=half_life_s, trail=trail)
        elapsed = (reference - injection).total_seconds()
        left = decay_factor(elapsed, half_life_s)
        trail.step(
            "decay of the dose",
            f"{injected_bq * left:.10g} Bq at the reference (x {left:.8g})",
            "Decay Correction (0054,1102) = START",
            f"elapsed = {elapsed:g} s",
        )
        return _Dose(injected_bq * left, half_life_s, reference, injection, ())
    earliest = earliest_acquisition(facts)
    if earliest is None:
        raise MissingFactError("Acquisition Date and Time (0008,0022), (0008,0032): needed without decay correction")
    injection = find_injection(facts, scan=earliest, half_life_s=half_life_s, trail=trail)
    factors = compute_frame_factors(facts, injection=injection, half_life_s=half_life_s, trail=trail)
    trail.step(
        "decay of the images",
        f"x {min(factors):.8g} to {max(factors):.8g} back to the injection",
        "Decay Correction (0054,1102) = NONE",
    )
    return _Dose(injected_bq, half_life_s, injection, injection, factors)


def _dose_at_injection(facts: QuantFacts, injected_bq: float, half_life_s: float, trail: Trail) -> _Dose:
    trail.step(
        "decay of the dose",
        "none: image and activity both refer to the injection",
        "Decay Correction (0054,1102) = ADMIN",
    )
    scan = earliest_acquisition(facts)
    dated = facts.injection_datetime or facts.private_injection_datetime
    injection = dated
    if dated is not None and scan is not None:
        injection = find_injection(facts, scan=scan, half_life_s=half_life_s, trail=trail)
    elif dated is None:
        trail.warn("moment of injection is not known to the day: SUV does not need it, time after injection does")
    return _Dose(injected_bq, half_life_s, injection, injection, ())


def _from_philips(facts: QuantFacts, trail: Trail) -> SuvFactor:
    factor = facts.philips_suv_factor
    assert factor is not None
    if not (math.isfinite(factor) and factor > 0):
        raise ContradictionError(f"Philips SUV factor (7053,xx00): expected above 0, got {factor:g}")
    trail.step("Philips SUV factor", f"{factor:.9g} g/mL per count", f"(7053,xx00) = {factor:g}")
    dose, weight_kg = _check_philips_ratio(facts, factor, trail)
    return _result(trail, factor, (), dose=dose, weight_kg=weight_kg)


def _check_philips_ratio(facts: QuantFacts, factor: float, trail: Trail) -> tuple[_Dose | None, float | None]:
    name, inner = "Philips ratio", Trail()
    try:
        weight_kg = check_weight(facts.weight_kg)
        dose = _dose_at_reference(facts, inner)
    except (MissingFactError, ContradictionError) as error:
        trail.check(name, f"not computable: {error}")
        return None, None
    trail.checks.extend(inner.checks)
    for message in inner.warnings:
        trail.warn(message)
    if not facts.philips_activity_factor:
        trail.check(name, "not computable: (7053,xx09) is absent")
        return dose, weight_kg
    own = facts.philips_activity_factor * weight_kg * 1000.0 / dose.bq
    off = factor / own - 1.0
    trail.check(
        name, f"{100 * off:+.3f} %", f"(7053,xx00) = {factor:g}", f"(7053,xx09) x weight / activity = {own:.9g}"
    )
    if abs(off) > PHILIPS_TOLERANCE:
        trail.warn(
            f"Philips SUV factor (7053,xx00) is {100 * off:+.1f} % off what its activity factor, the weight and the "
            "injected activity give; the SUV factor is used"
        )
    return dose, weight_kg


def _from_suv(facts: QuantFacts, trail: Trail) -> SuvFactor:
    suv_type = "BSA" if facts.units == "CM2ML" else facts.suv_type or "BW"
    factor = 1.0 if suv_type == "BW" else _to_body_weight(facts, suv_type)
    trail.step(
        "factor",
        f"{factor:.9g}: the image is SUV of type {suv_type}",
        f"SUV Type (0054,1006) = {facts.suv_type or 'absent (BW)'}",
    )
    return _result(trail, factor, (), dose=None, weight_kg=facts.weight_kg)


def _to_body_weight(facts: QuantFacts, suv_type: str) -> float:
    """SUVbw over the SUV of another type: weight over the lean mass, ideal weight (kg) or surface (cm2 per g)."""
    if suv_type not in ("LBM", "LBMJAMES128", "LBMJANMA", "IBW", "BSA"):
        raise UnsupportedError(f"SUV Type (0054,1006) = {suv_type}: expected BW, LBM, LBMJAMES128, LBMJANMA, IBW, BSA")
    weight_kg, height_m = check_weight(facts.weight_kg), check_height(facts.height_m)
    if suv_type == "BSA":
        return 1000.0 * weight_kg / body_surface_cm2(weight_kg, height_m)
    sex = check_sex(facts.sex)
    if suv_type == "IBW":
        mass = ideal_weight_kg(height_m, sex)
    elif suv_type == "LBM":
        mass = lean_mass_120_kg(weight_kg, height_m, sex)
    elif suv_type == "LBMJAMES128":
        mass = lean_mass_james_kg(weight_kg, height_m, sex)
    else:
        mass = lean_mass_janmahasatian_kg(weight_kg, height_m, sex)
    if mass <= 0:
        raise ContradictionError(f"SUV Type {suv_type}: weight and height give a mass of {mass:g} kg")
    return weight_kg / mass


def _result(
    trail: Trail, factor: float, frame_factors: tuple[float, ...], *, dose: _Dose | None, weight_kg: float | None
) -> SuvFactor:
    if dose is not None and dose.reference is not None:
        trail.check("reference", format_moment(dose.reference))
    return SuvFactor(
        factor_suvbw=factor,
        slice_factors=frame_factors,
        injected_bq_at_reference=None if dose is None else dose.bq,
        half_life_s=None if dose is None else dose.half_life_s,
        weight_kg=weight_kg,
        reference_datetime=None if dose is None else dose.reference,
        steps=tuple(trail.steps),
        checks=tuple(trail.checks),
        warnings=tuple(trail.warnings),
        injection_datetime=None if dose is None else dose.injection,
    )
