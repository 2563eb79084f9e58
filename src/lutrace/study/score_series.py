"""Scores over time beside the covariates of their patients: what a mixed model of a study takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lutrace.core import Row
from lutrace.endpoints import Basis, derive_score_series
from lutrace.protocol import MixedAnalysis, Protocol
from lutrace.report import EvidenceRow
from lutrace.tables import QUESTIONNAIRES


@dataclass(frozen=True)
class ScoreSeries:
    """One row per score for each mixed analysis, by its name, and the evidence of every score that enters one."""

    rows: dict[str, tuple[Row, ...]]
    evidence: tuple[EvidenceRow, ...]


def gather_scores(protocol: Protocol, basis: Basis, analysis_set: Sequence[Row]) -> ScoreSeries:
    """The rows of every mixed analysis of the protocol: the analysis set of the patient, and the score.

    Added are `score`, `score_days` from time zero, `cycles` given before it, `is_baseline` and `baseline_score`.
    """
    of_patient = {(row["patient_id"], row["population"]): row for row in analysis_set}
    rows: dict[str, tuple[Row, ...]] = {}
    evidence: dict[EvidenceRow, None] = {}
    for analysis in protocol.analyses:
        if not isinstance(analysis, MixedAnalysis):
            continue
        found = derive_score_series(basis, analysis.instrument, analysis.scale).to_pyarrow().to_pylist()
        asked = [row for row in found if row["population"] in analysis.populations]
        rows[analysis.name] = tuple(
            {
                **of_patient[row["patient_id"], row["population"]],
                "score": row["score"],
                "score_days": row["days"],
                "cycles": row["cycles"],
                "is_baseline": row["is_baseline"],
                "baseline_score": row["baseline_score"],
            }
            for row in asked
        )
        evidence |= dict.fromkeys(_as_evidence(row, analysis) for row in asked)
    return ScoreSeries(rows, tuple(evidence))


def _as_evidence(row: Row, analysis: MixedAnalysis) -> EvidenceRow:
    return EvidenceRow(
        patient_id=row["patient_id"],
        population=row["population"],
        endpoint=analysis.outcome,
        days=row["days"],
        value=row["score"],
        unit="points",
        category="baseline" if row["is_baseline"] else f"after {row['cycles']} cycles",
        source_table=QUESTIONNAIRES.name,
        source_row=row["source_row"],
        rule=f"score of {analysis.scale} ({analysis.instrument}), with the cycles given before its day",
    )
