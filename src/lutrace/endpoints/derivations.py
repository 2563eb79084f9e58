"""All endpoint rows of a study, in one query."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import ibis
import ibis.expr.types as ir

from lutrace.core import ProtocolError, Row
from lutrace.endpoints.basis import Basis
from lutrace.endpoints.characteristics import derive_characteristics
from lutrace.endpoints.declared.values import derive_declared_value
from lutrace.endpoints.dose_days import derive_dose_days
from lutrace.endpoints.new_lesions import derive_new_lesions
from lutrace.endpoints.psa.change import derive_psa_change
from lutrace.endpoints.psa.pfs import derive_psa_pfs
from lutrace.endpoints.psa.response import derive_psa_response
from lutrace.endpoints.psa.response_time import derive_response_dose, derive_time_to_response
from lutrace.endpoints.psa.series import derive_psa_baseline
from lutrace.endpoints.psa.values import COURSE_VALUES_OF_PSA, DOSE_VALUES_OF_PSA, derive_psa_course, derive_psa_doses
from lutrace.endpoints.questionnaires.courses import BASELINES, derive_baseline_score
from lutrace.endpoints.questionnaires.variants import read_worsening_variants
from lutrace.endpoints.questionnaires.worsening import derive_last_free, derive_time_to_worsening
from lutrace.endpoints.response import derive_response
from lutrace.endpoints.scan_provenance import derive_scan_provenance
from lutrace.endpoints.survival.next_treatment import derive_next_treatment
from lutrace.endpoints.survival.overall import derive_overall_survival
from lutrace.endpoints.survival.pfs import derive_pfs
from lutrace.endpoints.toxicity.first_severe import derive_first_toxicity
from lutrace.endpoints.tumour_volume import derive_tumour_volume
from lutrace.protocol import (
    CYCLES_RECEIVED,
    Analysis,
    IntervalCensoredAnalysis,
    LandmarkAnalysis,
    Outcome,
    OverallSurvival,
    Pfs,
    Protocol,
    PsaPfs,
    PsaResponse,
    ResponseByDoseAnalysis,
    TimeToNextTreatment,
    TimeToWorsening,
    TimeVaryingCoxAnalysis,
)

_VALUES: dict[Callable[[Basis], ir.Table], tuple[str, ...]] = {
    derive_psa_baseline: ("psa_baseline",),
    derive_psa_change: ("psa_landmark", "psa_change_pct", "psa_ratio", "psa_log_ratio"),
    derive_psa_response: ("psa30", "psa50", "psa80", "psa90", "psa_best_change_pct"),
    derive_psa_course: COURSE_VALUES_OF_PSA,
    derive_psa_doses: DOSE_VALUES_OF_PSA,
    derive_characteristics: (
        "age_years",
        "cycles",
        "first_activity_gbq",
        "haemoglobin_baseline",
        "alp_baseline",
        "ldh_baseline",
        "ecog",
        "prior_taxane",
        "prior_arpi",
    ),
}
"""The derivations of values, and the endpoints that each gives."""
_VALUES_OF_SPECT: dict[Callable[[Basis], ir.Table], tuple[str, ...]] = {
    derive_tumour_volume: (
        "ttv_ml",
        "ttv_log_ml",
        "ttv_baseline_ml",
        "ttv_change_pct",
        "ttv_ratio",
        "ttv_log_ratio",
    ),
    derive_new_lesions: (
        "new_lesions",
        "new_lesions_any_earlier",
        "new_lesions_previous_cycle",
        "new_lesions_first_cycle",
        "new_lesions_by_mean",
        "new_lesions_by_mean_2sd",
    ),
    derive_response: ("recip", "psa_recip", "ppp"),
    derive_scan_provenance: (
        "spect_hours",
        "spect_view",
        "spect_review",
        "spect_plan",
        "spect_scanner",
        "spect_tracer",
    ),
}
"""Those that are read off the SPECT of a landmark."""


def derive_endpoints(basis: Basis) -> list[Row]:
    """Rows of ENDPOINT_VALUES: each value and outcome of each patient and landmark, with evidence, in a fixed order."""
    return [row for ground in basis.by_anchor() for row in _derive_on(ground)]


def _derive_on(basis: Basis) -> list[Row]:
    """The rows of populations that share the event before which baselines lie."""
    rows: list[Row] = []
    for derive in _VALUES:
        rows += read_values(derive(basis))
    if basis.of_landmarks().has_members():
        for derive in _VALUES_OF_SPECT:
            rows += read_values(derive(basis.of_landmarks()))
    for value in basis.protocol.values:
        rows += read_values(derive_declared_value(basis, value))
    for name in _asked_baselines(basis.protocol):
        rows += read_values(derive_baseline_score(basis, name))
    for outcome in basis.protocol.endpoints:
        rows += read_values(derive_outcome(basis, outcome))
    return rows + [row for table in _derive_for_analyses(basis) for row in read_values(table)]


def _derive_for_analyses(basis: Basis) -> Iterator[ir.Table]:
    """What single analyses need beside the values and outcomes: days of doses, doses of responses, visits before."""
    analyses = basis.protocol.analyses
    dosed = [one for one in analyses if isinstance(one, LandmarkAnalysis) and one.dose is not None]
    if dosed or any(isinstance(one, TimeVaryingCoxAnalysis) and CYCLES_RECEIVED in one.terms for one in analyses):
        yield derive_dose_days(basis)
    for outcome in basis.protocol.endpoints:
        match outcome:
            case PsaResponse() if _is_asked_by(analyses, ResponseByDoseAnalysis, outcome.name):
                yield derive_response_dose(basis, outcome)
            case TimeToWorsening() if _is_asked_by(analyses, IntervalCensoredAnalysis, outcome.name):
                yield derive_last_free(basis, outcome, progressions_of(basis, outcome))


def _is_asked_by(
    analyses: Sequence[Analysis], kind: type[ResponseByDoseAnalysis | IntervalCensoredAnalysis], outcome: str
) -> bool:
    return any(isinstance(one, kind) and outcome in one.endpoints for one in analyses)


def derived_names(protocol: Protocol) -> tuple[str, ...]:
    """The endpoints that a protocol gives: the values, then its outcomes."""
    of_spect = _VALUES_OF_SPECT if protocol.landmarks else {}
    values = tuple(name for names in (*_VALUES.values(), *of_spect.values()) for name in names)
    declared = (value.name for value in protocol.values)
    return (*values, *declared, *_asked_baselines(protocol), *(outcome.name for outcome in protocol.endpoints))


def _asked_baselines(protocol: Protocol) -> tuple[str, ...]:
    """The baselines of questionnaires that a covariate names: a study without questionnaires has none."""
    asked = {covariate.value for covariate in protocol.covariates}
    return tuple(name for name in BASELINES if name in asked)


def express_values(basis: Basis, endpoint: str) -> ir.Table:
    """The one derivation that gives `endpoint`, a value or an outcome, as an expression that has not been run.

    Raises ProtocolError when the protocol has no such endpoint.
    """
    for derive, names in _VALUES.items():
        if endpoint in names:
            return derive(basis)
    for derive, names in _VALUES_OF_SPECT.items():
        if endpoint in names:
            return derive(basis.of_landmarks())
    declared = basis.protocol.declared_value(endpoint)
    if declared is not None:
        return derive_declared_value(basis, declared)
    if endpoint in BASELINES:
        return derive_baseline_score(basis, endpoint)
    return derive_outcome(basis, basis.protocol.outcome(endpoint))


def derive_values(basis: Basis, endpoint: str) -> list[Row]:
    """The rows of the one derivation that gives `endpoint`. Raises ProtocolError as `express_values` does."""
    return [row for ground in basis.by_anchor() for row in read_values(express_values(ground, endpoint))]


def derive_outcome(basis: Basis, outcome: Outcome) -> ir.Table:
    """The rows of one outcome of the protocol."""
    match outcome:
        case PsaPfs():
            return derive_psa_pfs(basis, outcome)
        case PsaResponse():
            return derive_time_to_response(basis, outcome)
        case OverallSurvival():
            return derive_overall_survival(basis, outcome)
        case Pfs():
            return derive_pfs(basis, outcome)
        case TimeToNextTreatment():
            return derive_next_treatment(basis, outcome)
        case TimeToWorsening():
            return derive_time_to_worsening(basis, outcome, progressions_of(basis, outcome))
    return derive_first_toxicity(basis, outcome)


def progressions_of(basis: Basis, outcome: TimeToWorsening) -> ir.Table | None:
    """The rows of the PSA outcome whose progressions count as events; None when the study names none."""
    if outcome.progression is None:
        return None
    return derive_outcome(basis, basis.protocol.outcome(outcome.progression))


def read_values(table: ir.Table) -> list[Row]:
    """Run the derivation: its rows by endpoint, population and patient."""
    ordered = table.order_by([ibis.asc("endpoint"), ibis.asc("population"), ibis.asc("patient_id")])
    rows: list[Row] = ordered.to_pyarrow().to_pylist()
    return rows


def derive_worsening_rows(basis: Basis, endpoint: str) -> list[Row]:
    """Rows of WORSENINGS of one `time_to_worsening` outcome under every variant of its rule, in a fixed order.

    Raises ProtocolError when the protocol has no outcome of that name and kind.
    """
    outcome = basis.protocol.outcome(endpoint)
    if not isinstance(outcome, TimeToWorsening):
        raise ProtocolError(f"endpoints.{endpoint}: expected kind time_to_worsening, got {outcome.kind}")
    return read_worsening_variants(basis, outcome, progressions_of(basis, outcome))
