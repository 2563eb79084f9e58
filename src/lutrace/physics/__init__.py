"""physics knows decay, SUV factors and activity in a field of view: pure maths on named facts."""

from lutrace.physics.body import (
    body_surface_cm2,
    ideal_weight_kg,
    lean_mass_120_kg,
    lean_mass_james_kg,
    lean_mass_janmahasatian_kg,
)
from lutrace.physics.calibration import compute_counts_to_bq_ml
from lutrace.physics.decay import (
    NUCLIDES,
    Nuclide,
    average_count_rate_time_s,
    decay_constant,
    decay_factor,
    frame_decay_factor,
    half_life_of,
)
from lutrace.physics.dose import compute_dose_bq, compute_net_injected_bq
from lutrace.physics.facts import DecayCorrection, FrameTime, QuantFacts, SpectCounting, Step, SuvFactor
from lutrace.physics.moments import earliest_acquisition
from lutrace.physics.profile import QuantProfile, SpectCalibration
from lutrace.physics.reconcile import InjectionRecord, Reconciled, reconcile, select_record
from lutrace.physics.recovery import RecoveryCurve
from lutrace.physics.recovery_fit import RecoveryFit, fit_recovery, select_recovery
from lutrace.physics.single_time_point import (
    SinglePointDose,
    compute_concentration_bq_ml,
    compute_single_point_dose,
)
from lutrace.physics.suv import (
    apply_suv_factor,
    check_activity_budget,
    compute_activity_budget_pct,
    compute_suv_factor,
)
from lutrace.physics.time_check import TISSUES, TissueHalfLife, check_scan_time, compute_suv_shift

__all__ = [
    "NUCLIDES",
    "TISSUES",
    "DecayCorrection",
    "FrameTime",
    "InjectionRecord",
    "Nuclide",
    "QuantFacts",
    "QuantProfile",
    "Reconciled",
    "RecoveryCurve",
    "RecoveryFit",
    "SinglePointDose",
    "SpectCalibration",
    "SpectCounting",
    "Step",
    "SuvFactor",
    "TissueHalfLife",
    "apply_suv_factor",
    "average_count_rate_time_s",
    "body_surface_cm2",
    "check_activity_budget",
    "check_scan_time",
    "compute_activity_budget_pct",
    "compute_concentration_bq_ml",
    "compute_counts_to_bq_ml",
    "compute_dose_bq",
    "compute_net_injected_bq",
    "compute_single_point_dose",
    "compute_suv_factor",
    "compute_suv_shift",
    "decay_constant",
    "decay_factor",
    "earliest_acquisition",
    "fit_recovery",
    "frame_decay_factor",
    "half_life_of",
    "ideal_weight_kg",
    "lean_mass_120_kg",
    "lean_mass_james_kg",
    "lean_mass_janmahasatian_kg",
    "reconcile",
    "select_record",
    "select_recovery",
]
