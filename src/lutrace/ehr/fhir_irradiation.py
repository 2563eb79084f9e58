"""What a Procedure says of an irradiation by German and American guides: application, nuclide, total, modality."""

from __future__ import annotations

from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_elements import RecordError, Resource, child, children, codes, extension, measured

ACTIVITY_MBQ = {"MBq": 1.0, "GBq": 1000.0, "kBq": 0.001, "Bq": 1e-6, "mCi": 37.0, "Ci": 37000.0}

_PSMA_THERAPY = "MPSMA"
_PSMA_LIGANDS = {"Lu-177": "lu177_psma_other", "Ac-225": "ac225_psma"}
"""The agent of a PSMA therapy by the registry's letters of its nuclide."""


def is_psma_therapy(procedure: Resource) -> bool:
    """Whether the application that the German registries ask for is MPSMA, in whichever extension it stands."""
    return any(_PSMA_THERAPY in codes(concept, profile.OBDS_APPLICATION) for concept in _concepts(procedure))


def psma_ligand_of(procedure: Resource) -> str | None:
    """The agent of a PSMA therapy by its nuclide; None when it is no PSMA therapy or names none that is known."""
    said = [*children(procedure, "usedCode"), *_concepts(procedure)]
    nuclides = [code for concept in said for code in codes(concept, profile.OBDS_RADIATION)]
    ligands = [_PSMA_LIGANDS[code] for code in nuclides if code in _PSMA_LIGANDS]
    return ligands[0] if ligands and is_psma_therapy(procedure) else None


def total_activity_mbq(procedure: Resource) -> float | None:
    """The whole activity in MBq that a Procedure states; None without, refused when it states several."""
    stated = [child(one, "valueQuantity") for one in _parts(procedure) if one.get("url") in profile.TOTAL_DOSES]
    totals = {total for one in stated if (total := measured(one, "activity_mbq", ACTIVITY_MBQ)) is not None}
    if len(totals) > 1:
        raise RecordError("activity_mbq", "activity_mbq: several totals are stated", "record one total of the series")
    return next(iter(totals), None)


def modalities_of(procedure: Resource) -> list[Resource]:
    """The modalities of mCODE's summary of a course of radiotherapy."""
    pairs = (one for one in children(procedure, "extension") if one.get("url") == profile.MODALITY_AND_TECHNIQUE)
    return [child(extension(pair, profile.MODALITY), "valueCodeableConcept") for pair in pairs]


def _concepts(procedure: Resource) -> list[Resource]:
    return [child(one, "valueCodeableConcept") for one in _parts(procedure)]


def _parts(procedure: Resource) -> list[Resource]:
    """The extensions of a Procedure, and those inside the one that held an irradiation until 2024."""
    own = children(procedure, "extension")
    return [
        *own,
        *(part for one in own if one.get("url") == profile.IRRADIATION for part in children(one, "extension")),
    ]
