"""One declared value as rows of ENDPOINT_VALUES, by its kind."""

from __future__ import annotations

import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis
from lutrace.endpoints.declared.history import (
    derive_age,
    derive_centre,
    derive_grade,
    derive_metastasis,
    derive_months_since,
    derive_prior_value,
)
from lutrace.endpoints.declared.measured import derive_lab_value, derive_score_value, derive_vital_value
from lutrace.endpoints.declared.scans import derive_scan_value
from lutrace.protocol import (
    Age,
    Centre,
    DeclaredValue,
    GleasonSum,
    GradeGroup,
    LabValue,
    Metastasis,
    MonthsSince,
    PriorTherapy,
    ScanValue,
    ScoreValue,
    VitalValue,
)


def derive_declared_value(basis: Basis, value: DeclaredValue) -> ir.Table:
    """Rows of ENDPOINT_VALUES of a declared value, one per member; who has none is not evaluable, with the reason."""
    match value:
        case LabValue():
            return derive_lab_value(basis, value)
        case ScanValue():
            return derive_scan_value(basis, value)
        case PriorTherapy():
            return derive_prior_value(basis, value)
        case MonthsSince():
            return derive_months_since(basis, value)
        case Metastasis():
            return derive_metastasis(basis, value)
        case GradeGroup() | GleasonSum():
            return derive_grade(basis, value)
        case VitalValue():
            return derive_vital_value(basis, value)
        case ScoreValue():
            return derive_score_value(basis, value)
        case Age():
            return derive_age(basis, value)
        case Centre():
            return derive_centre(basis, value)
