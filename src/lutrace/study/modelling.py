"""All analyses of a protocol, handed to the models one by one.

What study asks of `models`: `fit_analysis(analysis, rows, protocol)` gives for one analysis of the protocol and the
analysis set (its columns: `lutrace.study.analysis_set`) a frozen result with the rows of each result table
in a fixed order (`estimates`, `curves`, ...) and `warnings`, each with `where`, `text`, `severity` (note, warning,
blocking). `term` of an estimate is the covariate or value that it is of, `analysis` the name in the protocol. A model
that cannot be estimated is a warning and a row without an estimate, not an end of the run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from lutrace.core import Row
from lutrace.models import AnalysisResult, adjust_families, fit_analysis, join_results
from lutrace.protocol import OccupancyAnalysis, Protocol
from lutrace.report import Notice
from lutrace.study.derived import DerivedTables
from lutrace.tables import COURSE_TRANSITIONS


@dataclass(frozen=True)
class Fitted(AnalysisResult):
    """The rows of all analyses, table by table and in the order of the protocol, and their warnings as notices."""

    notices: tuple[Notice, ...] = ()


def fit_analyses(
    protocol: Protocol, analysis_set: Sequence[Row], others: Mapping[str, Sequence[Row]] | None = None
) -> Fitted:
    """Fit every analysis of the protocol on the analysis set, or on the rows that `others` has under its name.

    p values of declared families are adjusted for their number.
    """
    rows = others or {}
    results = [fit_analysis(one, rows.get(one.name, analysis_set), protocol) for one in protocol.analyses]
    results = adjust_families(results, protocol)
    joined = join_results(results)
    notices = tuple(
        Notice(warning.where, warning.text, warning.severity) for result in results for warning in result.warnings
    )
    return Fitted(**{field.name: getattr(joined, field.name) for field in fields(joined)}, notices=notices)


def gather_transitions(
    protocol: Protocol, derived: DerivedTables, analysis_set: Sequence[Row]
) -> dict[str, tuple[Row, ...]]:
    """The transitions of the members of each population, for every analysis of states, by its name."""
    members = {(row["population"], row["patient_id"]) for row in analysis_set}
    tables = {table.name: table.rows for table in derived.rows}
    return {
        analysis.name: tuple(
            {**row, "population": population}
            for population in analysis.populations
            for row in tables[f"{analysis.of}_{COURSE_TRANSITIONS.name}"]
            if (population, row["patient_id"]) in members
        )
        for analysis in protocol.analyses
        if isinstance(analysis, OccupancyAnalysis)
    }
