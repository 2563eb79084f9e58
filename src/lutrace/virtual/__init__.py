"""virtual knows a synthetic centre with known truth, written as real DICOM, FHIR and letters."""

from lutrace.virtual.cohort import STOP_REASONS, VirtualPatients, simulate_patients
from lutrace.virtual.parameters import CohortParameters
from lutrace.virtual.proportional_hazards import HazardSample, simulate_proportional_hazards

__all__ = [
    "STOP_REASONS",
    "CohortParameters",
    "HazardSample",
    "VirtualPatients",
    "simulate_patients",
    "simulate_proportional_hazards",
]
