"""Who of a landmark cannot enter the analysis of an outcome, and why: attrition rows below the landmark's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lutrace.core import Row
from lutrace.protocol import Protocol
from lutrace.report import EvidenceRow

_RULES = {
    "event on or before the landmark": "no event on or before the landmark",
    "no PSA baseline": "PSA baseline known",
    "no baseline score": "questionnaire answered before the first cycle",
    "no percentage of so small a baseline": "baseline of which a percentage is formed",
    "baseline too near the worst score to worsen": "baseline that can worsen",
    "no sign of life": "vital status known",
    "follow-up ends before the landmark": "followed up to the landmark",
}


def count_exclusions(values: Sequence[Row], protocol: Protocol) -> list[Row]:
    """Rows of ATTRITION for each landmark and outcome; their population is `C2, psa_pfs`."""
    rows: list[Row] = []
    for population, outcome, members in _groups(values, protocol):
        left = len(members)
        name = f"{population}, {outcome}"
        label = protocol.landmark(population).label
        rows.append(_step(name, 0, f"in the set of {label}", left, 0, None))
        for number, (reason, excluded) in enumerate(_reasons(members), start=1):
            left -= excluded
            rows.append(_step(name, number, _RULES[reason], left, excluded, reason))
    return rows


def name_excluded(values: Sequence[Row], protocol: Protocol) -> list[EvidenceRow]:
    """The patients behind each of those steps."""
    evidence: list[EvidenceRow] = []
    for population, outcome, members in _groups(values, protocol):
        steps = {reason: number for number, (reason, _) in enumerate(_reasons(members), start=1)}
        for row in members:
            step = "cohort" if row["reason"] is None else f"attrition:{steps[row['reason']]}"
            evidence.append(as_evidence(row, population=f"{population}, {outcome}", endpoint=step))
    return evidence


def as_evidence(row: Row, *, population: str, endpoint: str) -> EvidenceRow:
    """A row of ENDPOINT_VALUES as evidence under another population and endpoint; its calendar date stays behind."""
    return EvidenceRow(
        patient_id=row["patient_id"],
        population=population,
        endpoint=endpoint,
        days=row["days"],
        value=row["value"],
        unit=row["unit"],
        event=row["event"],
        category=row["category"],
        source_table=row["source_table"],
        source_row=row["source_row"],
        rule=row["rule"],
        reason=row["reason"],
    )


def _groups(values: Sequence[Row], protocol: Protocol) -> list[tuple[str, str, list[Row]]]:
    return [
        (
            landmark.name,
            outcome.name,
            [row for row in values if row["population"] == landmark.name and row["endpoint"] == outcome.name],
        )
        for landmark in protocol.time_zeros
        for outcome in protocol.endpoints
    ]


def _reasons(members: Sequence[Row]) -> list[tuple[str, int]]:
    counts = Counter(row["reason"] for row in members if row["reason"] is not None)
    counts.setdefault("event on or before the landmark", 0)
    return sorted(counts.items())


def _step(population: str, step: int, rule: str, n: int, excluded: int, reason: str | None) -> Row:
    return {"population": population, "step": step, "rule": rule, "n": n, "excluded": excluded, "reason": reason}
