"""All rows behind the numbers of a run: members, losses, values, outcomes, and covariates as they entered models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lutrace.cohort import Cohort
from lutrace.core import Row
from lutrace.protocol import OverallSurvival, Protocol
from lutrace.report import EvidenceRow, collect_evidence
from lutrace.study.exclusions import as_evidence, name_excluded


def collect_all_evidence(
    protocol: Protocol, cohort: Cohort, values: Sequence[Row], analysis_set: Sequence[Row]
) -> tuple[EvidenceRow, ...]:
    """The evidence of a run, in a fixed order; days and values only, never a calendar date."""
    plain = collect_evidence({"endpoint_values": values, "cohort_members": cohort.members})
    losses = tuple(
        EvidenceRow(
            patient_id=row["patient_id"],
            population=row["population"],
            endpoint=f"attrition:{row['step']}",
            source_table=row["source_table"],
            source_row=row["source_row"],
            rule="lost at this step",
            reason=row["reason"],
        )
        for row in cohort.losses
    )
    alive = _alive(protocol, values)
    return (*plain, *losses, *name_excluded(values, protocol), *alive, *_covariates(protocol, values, analysis_set))


def _alive(protocol: Protocol, values: Sequence[Row]) -> list[EvidenceRow]:
    """Who is alive rests on the rows of overall survival."""
    names = {outcome.name for outcome in protocol.endpoints if isinstance(outcome, OverallSurvival)}
    return [
        as_evidence(row, population=row["population"], endpoint="alive") for row in values if row["endpoint"] in names
    ]


def _covariates(protocol: Protocol, values: Sequence[Row], analysis_set: Sequence[Row]) -> list[EvidenceRow]:
    """Each covariate under its own name, transformed, with the evidence of the value that it was made of."""
    of_value = {(row["patient_id"], row["population"], row["endpoint"]): row for row in values}
    known = {row["endpoint"] for row in values}
    rows: list[EvidenceRow] = []
    for covariate in protocol.covariates:
        if covariate.name in known:
            continue
        for entry in analysis_set:
            source = of_value.get((entry["patient_id"], entry["population"], covariate.value))
            if source is None:
                continue
            row = as_evidence(source, population=entry["population"], endpoint=covariate.name)
            unit = covariate.value if covariate.transform == "identity" else f"{covariate.transform} {covariate.value}"
            rows.append(replace(row, value=entry[covariate.name], unit=unit))
    return rows
