"""The injected activity: its unit trap, what a residual leaves of it, and the half-life that it decays with."""

from __future__ import annotations

import datetime as dt
import math
from typing import Literal

from lutrace.core import ContradictionError, MissingFactError
from lutrace.physics.decay import NUCLIDES, decay_factor
from lutrace.physics.facts import QuantFacts
from lutrace.physics.trail import Trail

DoseUnit = Literal["Bq", "MBq"]
_BQ_RANGE = (1e6, 5e10)
_MBQ_RANGE = (1.0, 5e4)
BY_MAGNITUDE = "by magnitude"
HALF_LIFE_WARN = 0.01
HALF_LIFE_REFUSE = 0.10


def compute_dose_bq(value: float, *, modality: str, unit: DoseUnit | None = None) -> tuple[float, str]:
    """Injected activity in Bq from Radionuclide Total Dose as written, and one sentence on the unit that was taken.

    The PET object writes Bq, the NM object MBq (DICOM PS3.3 C.8.9.2 and C.8.4.10); many writers mix them up, so the
    magnitude decides: 1 to 50 000 can only be MBq, 1e6 to 5e10 only Bq. `unit`, the site profile's word, overrides.
    Raises MissingFactError for 0 or nothing, ContradictionError when neither unit gives a plausible activity.
    """
    if not (math.isfinite(value) and value > 0):
        raise MissingFactError(
            f"Radionuclide Total Dose (0018,1074): expected above 0, got {value:g}; give it in the injections table"
        )
    written = f"Radionuclide Total Dose (0018,1074) = {value:.12g}"
    if unit is not None:
        bq = value * (1e6 if unit == "MBq" else 1.0)
        if not _BQ_RANGE[0] <= bq <= _BQ_RANGE[1]:
            raise ContradictionError(f"{written} is no plausible activity in {unit}, the unit that the profile states")
        return bq, f"{written} {unit}, as the site profile states"
    object_unit = "Bq" if modality == "PT" else "MBq"
    if _BQ_RANGE[0] <= value <= _BQ_RANGE[1]:
        by = "the unit of its object" if object_unit == "Bq" else f"{BY_MAGNITUDE}: an NM object should write MBq"
        return value, f"{written} Bq, {by}"
    if _MBQ_RANGE[0] <= value <= _MBQ_RANGE[1]:
        by = "the unit of its object" if object_unit == "MBq" else f"{BY_MAGNITUDE}: a PET object should write Bq"
        return value * 1e6, f"{written} MBq, {by}"
    raise ContradictionError(
        f"{written}: expected 1e6 to 5e10 (Bq) or 1 to 5e4 (MBq); give the activity in the injections table, or state "
        "dose_unit in the site profile"
    )


def compute_net_injected_bq(
    administered_mbq: float,
    *,
    half_life_s: float,
    injection_datetime: dt.datetime | None,
    assay_datetime: dt.datetime | None,
    residual_mbq: float | None,
    residual_datetime: dt.datetime | None,
) -> float:
    """Activity in Bq that entered the patient, at injection: syringe minus residual, both decayed to the injection.

    An assay or residual without its own time counts as measured at injection.
    Raises ContradictionError when the residual is not below the syringe, MissingFactError when a measurement has a
    time and the injection has none.
    """
    for name, moment in (("assay", assay_datetime), ("residual", residual_datetime)):
        if moment is not None and injection_datetime is None:
            raise MissingFactError(f"injection_datetime: needed to decay the {name}, found nothing; add it to the row")

    def at_injection(mbq: float, moment: dt.datetime | None) -> float:
        if moment is None or injection_datetime is None:
            return mbq
        return mbq * decay_factor((injection_datetime - moment).total_seconds(), half_life_s)

    net = at_injection(administered_mbq, assay_datetime)
    if residual_mbq is not None:
        net -= at_injection(residual_mbq, residual_datetime)
    if not (math.isfinite(net) and net > 0):
        raise ContradictionError(
            f"administered_mbq {administered_mbq:g} minus residual_mbq {residual_mbq or 0:g} leaves {net:g} MBq: "
            "expected above 0; correct the row"
        )
    return net * 1e6


def compute_injected_bq(facts: QuantFacts, trail: Trail) -> float:
    """Injected activity in Bq at injection, from the facts. Raises MissingFactError or ContradictionError."""
    if facts.injected_bq is None:
        if facts.header_dose is not None:
            bq, note = compute_dose_bq(facts.header_dose, modality=facts.modality)
            trail.step("injected activity", f"{bq:.10g} Bq", note)
            return bq
        raise MissingFactError(
            "Radionuclide Total Dose (0018,1074): expected the injected activity, found nothing; give it in the "
            "injections table: SUV takes no default"
        )
    if not (math.isfinite(facts.injected_bq) and _BQ_RANGE[0] <= facts.injected_bq <= _BQ_RANGE[1]):
        raise ContradictionError(f"injected activity: expected 1e6 to 5e10 Bq, got {facts.injected_bq:g} Bq")
    notes = [n for n in facts.notes if "activity" in n.lower() or "(0018,1074)" in n]
    trail.step("injected activity", f"{facts.injected_bq:.10g} Bq", *notes)
    if notes and BY_MAGNITUDE in notes[-1]:
        trail.warn(f"{notes[-1]}; state dose_unit in the site profile to settle it")
    return facts.injected_bq


def compute_half_life_s(facts: QuantFacts, trail: Trail) -> float:
    """Half-life in seconds: the header's, checked against the radionuclide's; the radionuclide's where it has none."""
    known = NUCLIDES.get(facts.radionuclide or "")
    stated = facts.half_life_s
    if stated is None or stated <= 0 or not math.isfinite(stated):
        if known is None:
            raise MissingFactError(
                "Radionuclide Half Life (0018,1075): expected seconds, found nothing, and no known radionuclide is "
                "named; state half_life_s in the site profile"
            )
        trail.step("half-life", f"{known.half_life_s:g} s", f"radionuclide = {known.name}", known.source)
        trail.warn(
            f"Radionuclide Half Life (0018,1075) is absent or not above 0: that of {known.name}, "
            f"{known.half_life_s:g} s, is used"
        )
        return known.half_life_s
    trail.step("half-life", f"{stated:g} s", f"Radionuclide Half Life (0018,1075) = {stated:g}")
    if known is not None:
        off = stated / known.half_life_s - 1.0
        trail.check("half-life of the radionuclide", f"{100 * off:+.2f} %", f"{known.name} {known.half_life_s:g} s")
        if abs(off) > HALF_LIFE_REFUSE:
            raise ContradictionError(
                f"Radionuclide Half Life (0018,1075) = {stated:g} s is not that of {known.name} "
                f"({known.half_life_s:g} s); state half_life_s in the site profile"
            )
        if abs(off) > HALF_LIFE_WARN:
            trail.warn(f"Radionuclide Half Life (0018,1075) is {100 * off:+.1f} % off that of {known.name}")
    return stated
