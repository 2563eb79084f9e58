"""Whether a scan shows PSMA at all: plans and labeller know the uptake of PSMA ligands, in PET and after 177Lu."""

from __future__ import annotations

from lutrace.physics import QuantFacts
from lutrace.terms import is_psma_tracer, tracer_named

_MADE_FOR = (
    "plans and labeller are made for PSMA-PET and 177Lu-PSMA SPECT: thresholds, normal uptake and the word tumour "
)

UNMEASURED = "not measured: "
"""What the note begins with that says why a scan is neither PSMA-PET nor post-therapy SPECT."""


def describe_unmeasured(modality: str, facts: QuantFacts | None) -> str:
    """Why a PET or SPECT is neither PSMA-PET nor post-therapy SPECT, as a note."""
    known = is_psma_tracer(facts.tracer) if facts is not None else None
    if facts is not None and known is False:
        return f"{UNMEASURED}tracer {tracer_named(facts.tracer)} is no ligand of PSMA"
    if modality != "PT":
        return f"{UNMEASURED}{modality} of another radionuclide than 177Lu, or none is named"
    if facts is not None and facts.radionuclide is None:
        return f"{UNMEASURED}PET whose header names no radionuclide"
    if facts is not None and facts.tracer is not None and known is None:
        return f"{UNMEASURED}the tracer's name in the header is not known as a ligand of PSMA"
    if known:
        return f"{UNMEASURED}PET of a radionuclide that is no label of a PSMA ligand"
    return f"{UNMEASURED}PET whose header names no tracer; untraced_pet_is_psma in the site profile says it is PSMA"


def describe_tracer(facts: QuantFacts) -> str | None:
    """The warning for a scan that is not known to show PSMA; None for a ligand of PSMA.

    A tracer is named as the vocabulary spells it: the text of a header is not repeated.
    """
    known = is_psma_tracer(facts.tracer)
    if known:
        return None
    if known is False:
        return f"tracer {tracer_named(facts.tracer)} is no ligand of PSMA; {_MADE_FOR}do not hold for it"
    if facts.tracer is not None:
        return f"the tracer's name in the header is not known; {_MADE_FOR}hold for a ligand of PSMA only"
    found = f" ({facts.radionuclide} alone is)" if facts.radionuclide is not None else ""
    return f"no tracer is named in the header{found}; {_MADE_FOR}hold for a ligand of PSMA only"
