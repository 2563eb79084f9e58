"""virtual knows a synthetic centre with known truth, written as real DICOM, FHIR and letters."""

from lutrace.virtual.centre import SPECT_CALIBRATION, CentreSummary, make_centre
from lutrace.virtual.cohort import STOP_REASONS, VirtualPatients, simulate_patients
from lutrace.virtual.parameters import CohortParameters
from lutrace.virtual.proportional_hazards import HazardSample, simulate_proportional_hazards

__all__ = [
    "SPECT_CALIBRATION",
    "STOP_REASONS",
    "CentreSummary",
    "CohortParameters",
    "HazardSample",
    "VirtualPatients",
    "make_centre",
    "simulate_patients",
    "simulate_proportional_hazards",
]
