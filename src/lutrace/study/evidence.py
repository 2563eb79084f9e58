"""All rows behind the numbers of a run: members, losses, values, outcomes, and covariates as they entered models."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from lutrace.cohort import Cohort
from lutrace.core import Row, short
from lutrace.models import classify_with, find_group, group_patients
from lutrace.protocol import ConcordanceAnalysis, GroupedAnalysis, OverallSurvival, Protocol
from lutrace.report import EvidenceRow, collect_evidence, group_endpoint
from lutrace.study.exclusions import as_evidence, name_excluded
from lutrace.study.presentation import SIDES, class_endpoint
from lutrace.tables import FACT_TABLES, Facts


def collect_all_evidence(
    protocol: Protocol,
    facts: Facts,
    cohort: Cohort,
    *,
    values: Sequence[Row],
    analysis_set: Sequence[Row],
    derived: Sequence[EvidenceRow] = (),
) -> tuple[EvidenceRow, ...]:
    """The evidence of a run, in a fixed order; days and values only, never a calendar date.

    Each row leads on to the fact behind it: its table, its row, the digest of the file it came from, and the place.
    """
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
    known = (*plain, *losses, *name_excluded(values, protocol), *alive, *_covariates(protocol, values, analysis_set))
    groups = (*_groups(protocol, values, analysis_set), *_table_groups(protocol, values))
    classes = (*_classes(protocol, values), *groups)
    return _with_sources((*known, *classes, *derived), facts)


def _with_sources(rows: Sequence[EvidenceRow], facts: Facts) -> tuple[EvidenceRow, ...]:
    """The rows with digest and place of the source of their fact, where the snapshot has that fact."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.source_table in FACT_TABLES and row.source_row is not None:
            wanted[row.source_table].add(row.source_row)
    sources: dict[str | None, tuple[str | None, str | None]] = {}
    for name, ids in sorted(wanted.items()):
        table = facts.table(FACT_TABLES[name])
        found = table.filter(table.row_id.isin(sorted(ids))).select("row_id", "source_id", "source_locator")
        for one in found.to_pyarrow().to_pylist():
            digest = one["source_id"]
            sources[one["row_id"]] = (short(digest) if digest else None, one["source_locator"])
    places = [sources.get(row.source_row, (None, None)) for row in rows]
    return tuple(
        replace(row, source=source, source_place=place) for row, (source, place) in zip(rows, places, strict=True)
    )


def _classes(protocol: Protocol, values: Sequence[Row]) -> list[EvidenceRow]:
    """The class of each patient under each definition of a concordance, with the evidence of its value."""
    rows: list[EvidenceRow] = []
    of_value = {(row["population"], row["endpoint"], row["patient_id"]): row for row in values}
    for analysis in protocol.analyses:
        if not isinstance(analysis, ConcordanceAnalysis):
            continue
        for population in analysis.populations:
            pairs = _pairs_of(of_value, population, analysis)
            for definition in analysis.definitions:
                _, *sorters = classify_with(definition)
                for pair in pairs:
                    for side, value, sort in zip(SIDES, pair, sorters, strict=True):
                        name = class_endpoint(analysis.name, definition.name, side)
                        row = as_evidence(value, population=population, endpoint=name)
                        rows.append(replace(row, category=sort(value["value"])))
    return rows


def _pairs_of(
    of_value: Mapping[tuple[str, str, str], Row], population: str, analysis: ConcordanceAnalysis
) -> list[tuple[Row, Row]]:
    """The rows of both values of each patient who has both."""
    patients = [key[2] for key in of_value if key[:2] == (population, analysis.x)]
    found = [
        (of_value[population, analysis.x, patient], of_value.get((population, analysis.y, patient)))
        for patient in patients
    ]
    return [(x, y) for x, y in found if y is not None and x["value"] is not None and y["value"] is not None]


def _groups(protocol: Protocol, values: Sequence[Row], analysis_set: Sequence[Row]) -> list[EvidenceRow]:
    """The group of each patient in each set of curves, with the evidence of the value that decided."""
    of_value = {(row["patient_id"], row["population"], row["endpoint"]): row for row in values}
    rows: list[EvidenceRow] = []
    for analysis in protocol.analyses:
        if not isinstance(analysis, GroupedAnalysis) or analysis.by is None:
            continue
        value = protocol.covariate(analysis.by).value
        for population in analysis.populations:
            for outcome in analysis.endpoints:
                members = group_patients(analysis, analysis_set, protocol, population=population, endpoint=outcome)
                for patient, group in members:
                    name = group_endpoint(analysis.name, outcome)
                    row = as_evidence(of_value[patient, population, value], population=population, endpoint=name)
                    rows.append(replace(row, category=group))
    return rows


def _table_groups(protocol: Protocol, values: Sequence[Row]) -> list[EvidenceRow]:
    """The group of each patient in each table by a value, with the evidence of that value."""
    rows: list[EvidenceRow] = []
    for table in protocol.tables:
        for row in values:
            group = find_group(row) if row["endpoint"] == table.by and row["population"] in table.populations else None
            if group is not None:
                name = group_endpoint(table.name, table.by)
                rows.append(replace(as_evidence(row, population=row["population"], endpoint=name), category=group))
    return rows


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
