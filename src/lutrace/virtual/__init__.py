"""virtual knows a synthetic centre with known truth, written as real DICOM, records in five forms, and letters."""

from lutrace.virtual.centre import SPECT_CALIBRATION, CentreSummary, make_centre
from lutrace.virtual.cohort import STOP_REASONS, VirtualPatients, simulate_patients
from lutrace.virtual.cohorts.centre_tables import CohortTables, make_cohort_tables
from lutrace.virtual.facts import FieldAgreement, compare_facts, make_true_facts, read_facts
from lutrace.virtual.parameters import CohortParameters
from lutrace.virtual.proportional_hazards import HazardSample, simulate_proportional_hazards
from lutrace.virtual.scoring import SIZE_NAMES, FoundComponent, FoundLesion, ScanScore, compute_scan_score, size_of
from lutrace.virtual.sources import add_arguments, make_sources
from lutrace.virtual.truth import PaintedTruth, TrueLesion, paint_truth

__all__ = [
    "SIZE_NAMES",
    "SPECT_CALIBRATION",
    "STOP_REASONS",
    "CentreSummary",
    "CohortParameters",
    "CohortTables",
    "FieldAgreement",
    "FoundComponent",
    "FoundLesion",
    "HazardSample",
    "PaintedTruth",
    "ScanScore",
    "TrueLesion",
    "VirtualPatients",
    "add_arguments",
    "compare_facts",
    "compute_scan_score",
    "make_centre",
    "make_cohort_tables",
    "make_sources",
    "make_true_facts",
    "paint_truth",
    "read_facts",
    "simulate_patients",
    "simulate_proportional_hazards",
    "size_of",
]
