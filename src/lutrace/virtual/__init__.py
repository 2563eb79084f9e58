"""virtual knows a synthetic centre with known truth, written as real DICOM, records in five forms, and letters."""

from lutrace.virtual.centre import SPECT_CALIBRATION, CentreSummary, make_centre
from lutrace.virtual.cohort import STOP_REASONS, VirtualPatients, simulate_patients
from lutrace.virtual.cohorts.aftermath import REGIMENS
from lutrace.virtual.cohorts.blood import GRADE_3
from lutrace.virtual.cohorts.centre_tables import CohortTables, make_cohort_tables
from lutrace.virtual.cohorts.document import CENTRES, CentreDocument, Target, read_centre
from lutrace.virtual.cohorts.patients import DrawnPatients, draw_patients
from lutrace.virtual.cohorts.prior_lines import AGENTS
from lutrace.virtual.cohorts.real_world import RealWorld
from lutrace.virtual.cohorts.regions import REGION_NAMES
from lutrace.virtual.facts import FieldAgreement, compare_facts, make_true_facts, read_facts
from lutrace.virtual.parameters import CohortParameters
from lutrace.virtual.proportional_hazards import (
    CalibratedHazard,
    HazardSample,
    calibrate_hazard,
    simulate_proportional_hazards,
)
from lutrace.virtual.scoring import SIZE_NAMES, FoundComponent, FoundLesion, ScanScore, compute_scan_score, size_of
from lutrace.virtual.sources import add_arguments, make_sources
from lutrace.virtual.truth import PaintedTruth, TrueLesion, paint_truth

__all__ = [
    "AGENTS",
    "CENTRES",
    "GRADE_3",
    "REGIMENS",
    "REGION_NAMES",
    "SIZE_NAMES",
    "SPECT_CALIBRATION",
    "STOP_REASONS",
    "CalibratedHazard",
    "CentreDocument",
    "CentreSummary",
    "CohortParameters",
    "CohortTables",
    "DrawnPatients",
    "FieldAgreement",
    "FoundComponent",
    "FoundLesion",
    "HazardSample",
    "PaintedTruth",
    "RealWorld",
    "ScanScore",
    "Target",
    "TrueLesion",
    "VirtualPatients",
    "add_arguments",
    "calibrate_hazard",
    "compare_facts",
    "compute_scan_score",
    "draw_patients",
    "make_centre",
    "make_cohort_tables",
    "make_sources",
    "make_true_facts",
    "paint_truth",
    "read_centre",
    "read_facts",
    "simulate_patients",
    "simulate_proportional_hazards",
    "size_of",
]
