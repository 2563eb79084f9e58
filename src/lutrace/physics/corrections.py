"""What must have been done to an image before its voxels mean activity: attenuation, scatter, decay correction."""

from __future__ import annotations

from lutrace.core import ContradictionError, MissingFactError
from lutrace.physics.facts import QuantFacts
from lutrace.physics.trail import Trail

SUV_UNITS = ("GML", "CM2ML")


def check_corrections(facts: QuantFacts, trail: Trail) -> None:
    """Raise unless the corrections that SUV rests on were made (0028,0051) and agree with Decay Correction (0054,1102).

    MissingFactError: nothing is said about attenuation or decay. ContradictionError: attenuation was not corrected, or
    the two elements contradict each other. Absent scatter correction of 177Lu warns.
    Source: QIBA FDG-PET/CT Profile v1.13, Appendix G, preconditions; DICOM PS3.3 C.8.9.1.
    """
    stated = ", ".join(facts.corrected_image) or "absent"
    trail.step("corrections", stated, f"Corrected Image (0028,0051) = {stated}")
    _check_attenuation(facts, trail)
    if "SCAT" not in facts.corrected_image and (facts.radionuclide == "Lu-177" or facts.modality == "NM"):
        trail.warn("Corrected Image (0028,0051) names no scatter correction (SCAT): uptake may be read too high")
    if facts.units not in SUV_UNITS:
        _check_decay(facts)


def _check_attenuation(facts: QuantFacts, trail: Trail) -> None:
    if "ATTN" in facts.corrected_image:
        return
    if facts.corrected_image:
        raise ContradictionError(
            f"Corrected Image (0028,0051): expected ATTN, found {', '.join(facts.corrected_image)}: an image without "
            "attenuation correction has no SUV; choose the corrected series"
        )
    if facts.modality == "NM" and facts.units != "CNTS":
        trail.warn(
            "Corrected Image (0028,0051) is absent: attenuation correction is taken from the image being in "
            f"{facts.units}; state corrections in the site profile to settle it"
        )
        return
    raise MissingFactError(
        "Corrected Image (0028,0051): expected ATTN, found nothing; state corrections in the site profile if the "
        "reconstruction made them"
    )


def _check_decay(facts: QuantFacts) -> None:
    correction = facts.decay_correction
    if correction is None:
        raise MissingFactError(
            "Decay Correction (0054,1102): expected NONE, START or ADMIN, found nothing; state decay_correction in "
            "the site profile"
        )
    if facts.modality == "NM" and not facts.corrected_image:
        return
    corrected = "DECY" in facts.corrected_image
    if corrected == (correction == "NONE"):
        found = "DECY" if corrected else "no DECY"
        raise ContradictionError(
            f"Decay Correction (0054,1102) = {correction} contradicts Corrected Image (0028,0051), which has {found}; "
            "ask the site which is true and state decay_correction and corrections in its profile"
        )
