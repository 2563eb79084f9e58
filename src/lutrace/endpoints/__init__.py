"""endpoints knows how facts become endpoints, each row with its evidence: PSA, tumour, survival."""

from lutrace.endpoints.basis import Basis
from lutrace.endpoints.derivations import derive_endpoints, derive_values, derived_names, express_values
from lutrace.endpoints.new_lesions import UNREVIEWED
from lutrace.endpoints.psa.progression import describe_rule, find_psa_progression
from lutrace.endpoints.psa.response import best_response
from lutrace.endpoints.psa.series import baseline_of
from lutrace.endpoints.questionnaires.scoring import score_long, score_wide
from lutrace.endpoints.response_basis import NewAgainst, ResponseBasis
from lutrace.endpoints.response_rows import derive_response_rows
from lutrace.endpoints.scan_provenance import UNREVIEWED_VOLUME
from lutrace.endpoints.toxicity.grading import grade_labs
from lutrace.endpoints.toxicity.preparation import (
    check_plausible,
    correct_calcium,
    mark_baselines,
    to_canonical_units,
)

__all__ = [
    "UNREVIEWED",
    "UNREVIEWED_VOLUME",
    "Basis",
    "NewAgainst",
    "ResponseBasis",
    "baseline_of",
    "best_response",
    "check_plausible",
    "correct_calcium",
    "derive_endpoints",
    "derive_response_rows",
    "derive_values",
    "derived_names",
    "describe_rule",
    "express_values",
    "find_psa_progression",
    "grade_labs",
    "mark_baselines",
    "score_long",
    "score_wide",
    "to_canonical_units",
]
