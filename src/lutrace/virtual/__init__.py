"""virtual knows a synthetic centre with known truth, written as real DICOM, FHIR and letters."""

from lutrace.virtual.centre import SPECT_CALIBRATION, CentreSummary, make_centre
from lutrace.virtual.cohort import STOP_REASONS, VirtualPatients, simulate_patients
from lutrace.virtual.parameters import CohortParameters
from lutrace.virtual.proportional_hazards import HazardSample, simulate_proportional_hazards
from lutrace.virtual.scoring import SIZE_NAMES, FoundComponent, FoundLesion, ScanScore, compute_scan_score, size_of
from lutrace.virtual.truth import PaintedTruth, TrueLesion, paint_truth

__all__ = [
    "SIZE_NAMES",
    "SPECT_CALIBRATION",
    "STOP_REASONS",
    "CentreSummary",
    "CohortParameters",
    "FoundComponent",
    "FoundLesion",
    "HazardSample",
    "PaintedTruth",
    "ScanScore",
    "TrueLesion",
    "VirtualPatients",
    "compute_scan_score",
    "make_centre",
    "paint_truth",
    "simulate_patients",
    "simulate_proportional_hazards",
    "size_of",
]
