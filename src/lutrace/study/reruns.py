"""A study under a named patch: only what one analysis needs is selected and derived anew."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lutrace.cohort import select_patients
from lutrace.core import Row
from lutrace.endpoints import Basis, derive_values
from lutrace.models import Cell, fit_analysis
from lutrace.protocol import ComparisonAnalysis, Protocol, Rerun
from lutrace.report import Notice
from lutrace.study.analysis_set import build_analysis_set
from lutrace.study.cut_facts import CutFacts
from lutrace.study.populations import PopulationGround, add_populations
from lutrace.tables import Facts

_ENTRY = "ttv_ml"
"""The value whose day is that of a landmark's SPECT, from which on patients are at risk."""


@dataclass(frozen=True)
class Reran:
    """Rows of ESTIMATES and BALANCES of all reruns, in the order of the protocol, and what a reader must be told."""

    estimates: tuple[Row, ...] = ()
    balances: tuple[Row, ...] = ()
    notices: tuple[Notice, ...] = ()


def derive_analysis_set(
    protocol: Protocol, facts: Facts, *, covariates: Iterable[str], outcomes: Iterable[str], data_cut: dt.date | None
) -> list[Row]:
    """The analysis set with these covariates and outcomes alone."""
    known = facts if data_cut is None else CutFacts(facts, data_cut)
    cohort = select_patients(known, protocol)
    if protocol.populations:
        cohort = add_populations(cohort, PopulationGround(known, facts, protocol, data_cut))
    basis = Basis(facts, protocol, cohort.members, cohort.scans, data_cut)
    entry = [_ENTRY] if protocol.landmarks else []
    wanted = dict.fromkeys([*entry, *(protocol.covariate(name).value for name in covariates), *outcomes])
    values: list[Row] = []
    for endpoint in wanted:
        if endpoint not in {row["endpoint"] for row in values}:
            values += derive_values(basis, endpoint)
    return build_analysis_set(values, cohort.members, protocol)


def fit_reruns(
    protocol: Protocol, facts: Facts, analysis_set: Sequence[Row], *, data_cut: dt.date | None = None
) -> Reran:
    """Every rerun of every comparison, and how many patients of each cohort it leaves out."""
    made = Reran()
    for analysis in protocol.analyses:
        if isinstance(analysis, ComparisonAnalysis):
            for rerun in analysis.reruns:
                one = _fit(protocol, analysis, rerun, facts, analysis_set, data_cut=data_cut)
                made = Reran(
                    (*made.estimates, *one.estimates), (*made.balances, *one.balances), (*made.notices, *one.notices)
                )
    return made


def _fit(
    protocol: Protocol,
    analysis: ComparisonAnalysis,
    rerun: Rerun,
    facts: Facts,
    analysis_set: Sequence[Row],
    *,
    data_cut: dt.date | None,
) -> Reran:
    patched = protocol.patched(rerun.change, f"analyses.{analysis.name}.reruns.{rerun.name}")
    changed = next(one for one in patched.analyses if one.name == analysis.name)
    assert isinstance(changed, ComparisonAnalysis)
    name = analysis.part(rerun.name)
    alone = changed.model_copy(update={"name": name, "reruns": (), "external": ()})
    rows = derive_analysis_set(patched, facts, covariates=alone.covariates, outcomes=alone.endpoints, data_cut=data_cut)
    result = fit_analysis(alone, rows, patched)
    lost = []
    for before, after in zip(analysis.populations, alone.populations, strict=True):
        sizes = [sum(row["population"] == one for row in own) for own, one in ((analysis_set, before), (rows, after))]
        for endpoint in alone.endpoints:
            cell = Cell(name, alone.pair, endpoint, f"{before}_left_out", "count", unit="patients")
            method = f"patients of the study less those under the change ({sizes[0]} less {sizes[1]})"
            lost.append(cell.fill(n=sizes[0], method=method, estimate=sizes[0] - sizes[1]))
    notices = tuple(Notice(one.where, one.text, one.severity) for one in result.warnings)
    return Reran((*lost, *result.estimates), result.balances, notices)
