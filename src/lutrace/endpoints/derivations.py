"""All endpoint rows of a study, in one query."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.core import Row
from lutrace.endpoints.basis import Basis
from lutrace.endpoints.characteristics import derive_characteristics
from lutrace.endpoints.new_lesions import derive_new_lesions
from lutrace.endpoints.overall_survival import derive_overall_survival
from lutrace.endpoints.psa_change import derive_psa_change
from lutrace.endpoints.psa_pfs import derive_psa_pfs
from lutrace.endpoints.psa_response import derive_psa_response
from lutrace.endpoints.psa_series import derive_psa_baseline
from lutrace.endpoints.scan_provenance import derive_scan_provenance
from lutrace.endpoints.tumour_volume import derive_tumour_volume
from lutrace.protocol import Outcome, OverallSurvival, PsaPfs

_COVARIATES = (
    derive_psa_baseline,
    derive_psa_change,
    derive_psa_response,
    derive_tumour_volume,
    derive_new_lesions,
    derive_characteristics,
    derive_scan_provenance,
)


def derive_endpoints(basis: Basis) -> list[Row]:
    """Rows of ENDPOINT_VALUES: each value and outcome of each patient and landmark, with evidence, in a fixed order."""
    rows: list[Row] = []
    for derive in _COVARIATES:
        rows += read_values(derive(basis))
    for outcome in basis.protocol.endpoints:
        rows += read_values(derive_outcome(basis, outcome))
    return rows


def derive_outcome(basis: Basis, outcome: Outcome) -> ir.Table:
    """The rows of one outcome of the protocol."""
    match outcome:
        case PsaPfs():
            return derive_psa_pfs(basis, outcome)
        case OverallSurvival():
            return derive_overall_survival(basis, outcome)


def read_values(table: ir.Table) -> list[Row]:
    """Run the derivation: its rows by endpoint, population and patient."""
    ordered = table.order_by([ibis.asc("endpoint"), ibis.asc("population"), ibis.asc("patient_id")])
    rows: list[Row] = ordered.to_pyarrow().to_pylist()
    return rows
