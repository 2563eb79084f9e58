"""All analyses of a protocol, handed to the models one by one.

What study asks of `models`: `fit_analysis(analysis, rows, protocol)` gives for one analysis of the protocol and the
analysis set (its columns: `lutrace.study.analysis_set`) a frozen result with `estimates`, `curves`, `agreements`
(rows of those tables, in a fixed order) and `warnings`, each with `where`, `text`, `severity` (note, warning,
blocking). `term` of an estimate is the covariate or value that it is of, `analysis` the name in the protocol. A model
that cannot be estimated is a warning and a row without an estimate, not an end of the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lutrace.core import Row
from lutrace.models import fit_analysis
from lutrace.protocol import Protocol
from lutrace.report import Notice


@dataclass(frozen=True)
class Fitted:
    """Rows of ESTIMATES, CURVES and AGREEMENTS of all analyses, in the order of the protocol, and their warnings."""

    estimates: tuple[Row, ...]
    curves: tuple[Row, ...]
    agreements: tuple[Row, ...]
    balances: tuple[Row, ...]
    notices: tuple[Notice, ...]


def fit_analyses(protocol: Protocol, analysis_set: Sequence[Row]) -> Fitted:
    """Fit every analysis of the protocol on the analysis set."""
    results = [fit_analysis(analysis, analysis_set, protocol) for analysis in protocol.analyses]
    return Fitted(
        estimates=tuple(row for result in results for row in result.estimates),
        curves=tuple(row for result in results for row in result.curves),
        agreements=tuple(row for result in results for row in result.agreements),
        balances=tuple(row for result in results for row in result.balances),
        notices=tuple(
            Notice(warning.where, warning.text, warning.severity) for result in results for warning in result.warnings
        ),
    )
