"""The whole way: snapshot and protocol in; cohort, endpoints, models; results and report out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path

from lutrace.cohort import Cohort, select_patients
from lutrace.core import DisclosureError, MissingFactError, Progress, Row, check_result_folder, replaced_folder, silent
from lutrace.endpoints import Basis, derive_endpoints
from lutrace.protocol import Landmark, Protocol
from lutrace.report import (
    REPORT_ENDINGS,
    REPORT_FILES,
    REPORT_FOLDERS,
    EvidenceRow,
    Notice,
    ReleasePolicy,
    ReportFiles,
    ReportInput,
    RowTable,
    apply_disclosure,
    group_notices,
    release_notices,
    render_report,
    withhold_columns,
)
from lutrace.study.analysis_set import build_analysis_set
from lutrace.study.bound_texts import bind_texts, find_typed_numbers
from lutrace.study.cut_facts import CutFacts
from lutrace.study.denominators import find_denominator_faults
from lutrace.study.derived import DerivedTables, derive_tables
from lutrace.study.derived_parts import Ground, first_days
from lutrace.study.evidence import collect_all_evidence
from lutrace.study.exclusions import count_exclusions
from lutrace.study.headline import choose_key_numbers
from lutrace.study.meta import describe_run
from lutrace.study.modelling import fit_analyses, gather_transitions
from lutrace.study.notices import find_letter_choices, find_merged, find_notices, find_outdated_scans
from lutrace.study.pictures import PictureFacts, gather_pictures
from lutrace.study.populations import PopulationGround, add_populations
from lutrace.study.presentation import compose_spec
from lutrace.study.reruns import fit_reruns
from lutrace.study.results import collect_numbers, write_results
from lutrace.study.review_status import ReviewStatus, find_status
from lutrace.study.score_series import gather_scores
from lutrace.study.specifications import fit_specifications
from lutrace.study.summaries import describe_tables, summarise_values
from lutrace.tables import INFLUENCES, Facts

_STEPS = 5
_RESULTS_FILE = "results.json"
_REMEDY_OF_SCANS = "read and measure the scans of that cycle"
_FEW = 2
"""Up to so many places are named in a line of the summary."""


@dataclass(frozen=True)
class Computation:
    """All rows of a run before anything is written: tables by name, evidence, notices, the analysis set, and what the
    protocol asks for beside its endpoints (whose counts are among the summaries).
    """

    cohort: Cohort
    tables: dict[str, list[Row]]
    analysis_set: tuple[Row, ...]
    evidence: tuple[EvidenceRow, ...]
    notices: tuple[Notice, ...]
    derived: DerivedTables
    influences: tuple[Row, ...] = ()


@dataclass(frozen=True)
class RunResult:
    """Where a run is written, its rows, and what its report was made of."""

    results: Path
    report: ReportFiles
    computation: Computation
    report_input: ReportInput


def summarise_notices(result: RunResult, *, limit: int = 10) -> list[str]:
    """The notices of a run in at most `limit` lines, blocking ones first; equal ones together with where they hold."""
    notices = release_notices(result.report_input.notices, min_cell=result.report_input.policy.min_cell)
    groups = group_notices(notices, result.report_input.spec.labels)
    lines = [
        f"{group.severity}: {group.text} [{group.places if group.n <= _FEW else f'{group.n} places'}]"
        for group in groups
    ]
    if len(lines) <= limit:
        return lines
    return [*lines[: limit - 1], f"{len(lines) - limit + 1} more kinds of warnings: see the table of warnings"]


def run_study(
    protocol: Protocol,
    facts: PictureFacts,
    out: Path,
    *,
    data_cut: dt.date | None = None,
    policy: ReleasePolicy | None = None,
    progress: Progress = silent,
) -> RunResult:
    """Run the protocol on a snapshot and write `results.json` and the report into the folder `out`.

    The same snapshot, protocol and data cut give the same bytes. Facts after `data_cut` are not known to the run.
    Earlier results in `out` are replaced as a whole once all is written. Raises UnusableInputError when `out` holds
    anything else; MissingFactError when nobody reaches the first landmark; ContradictionError when scans were measured
    with different versions of the plan; DisclosureError for what may not leave.
    """
    check_result_folder(out, (*REPORT_FILES, _RESULTS_FILE), REPORT_FOLDERS, endings=REPORT_ENDINGS)
    computation = compute_study(protocol, facts, data_cut=data_cut, progress=progress)
    progress("report", 4, _STEPS)
    policy = policy or ReleasePolicy()
    _check_sizes(computation, protocol, policy)
    meta = describe_run(protocol, facts, data_cut)
    gathered = gather_pictures(protocol, facts, computation.cohort.scans)
    computation = replace(computation, notices=(*computation.notices, *gathered.notices))
    withheld, _columns = withhold_columns(computation.tables)
    released = apply_disclosure(withheld, min_cell=policy.min_cell)
    status = _blurred(find_status(computation.tables["endpoint_values"], protocol), policy.min_cell)
    keys = choose_key_numbers(released, protocol, status)
    texts = bind_texts(protocol.report, collect_numbers(released, protocol))
    report_input = ReportInput(
        title=protocol.title,
        subtitle=protocol.subtitle,
        theme=protocol.report.theme,
        meta=meta,
        tables=computation.tables,
        spec=compose_spec(
            protocol.model_copy(update={"report": texts}),
            key_numbers=keys,
            status=status,
            derived=computation.derived,
            without=gathered.missing,
        ),
        pictures=gathered.pictures,
        evidence=computation.evidence,
        notices=computation.notices,
        policy=policy,
        row_tables=(*computation.derived.rows, *_influences(computation)),
        day_zero=first_days(computation.cohort.members),
    )
    computation = replace(computation, notices=(*computation.notices, *find_denominator_faults(report_input, released)))
    report_input = replace(report_input, notices=computation.notices)
    notices = release_notices(computation.notices, min_cell=policy.min_cell)
    with replaced_folder(out) as fresh:
        files = render_report(report_input, fresh)
        path = fresh / _RESULTS_FILE
        labels = report_input.spec.labels
        write_results(
            path, protocol=protocol, meta=meta, tables=released, notices=notices, status=status, labels=labels
        )
    progress("report", _STEPS, _STEPS)
    return RunResult(out / _RESULTS_FILE, files.moved(fresh, out), computation, report_input)


def compute_study(
    protocol: Protocol, facts: Facts, *, data_cut: dt.date | None = None, progress: Progress = silent
) -> Computation:
    """All rows of a run: cohort, endpoint values, estimates, summaries; nothing is written."""
    progress("cohort", 0, _STEPS)
    known = facts if data_cut is None else CutFacts(facts, data_cut)
    cohort = select_patients(known, protocol)
    if protocol.populations:
        cohort = add_populations(cohort, PopulationGround(known, facts, protocol, data_cut))
    _check_somebody_is_left(cohort, protocol)
    progress("endpoints", 1, _STEPS)
    basis = Basis(facts, protocol, cohort.members, cohort.scans, data_cut)
    values = derive_endpoints(basis)
    derived = derive_tables(Ground.of(known, protocol, cohort.members, data_cut, whole=facts))
    progress("models", 2, _STEPS)
    analysis_set = build_analysis_set(values, cohort.members, protocol)
    series = gather_scores(protocol, basis, analysis_set)
    transitions = gather_transitions(protocol, derived, analysis_set)
    fitted = fit_analyses(protocol, analysis_set, {**series.rows, **transitions})
    curves = fit_specifications(protocol, facts, data_cut=data_cut)
    reran = fit_reruns(protocol, facts, analysis_set, data_cut=data_cut)
    progress("tables", 3, _STEPS)
    grouped, told_of_groups = describe_tables(values, protocol)
    tables: dict[str, list[Row]] = {
        "attrition": [*cohort.attrition, *count_exclusions(values, protocol)],
        "cohort_members": [dict(row) for row in cohort.members],
        "endpoint_values": values,
        "estimates": [*fitted.estimates, *reran.estimates, *curves.estimates, *derived.estimates],
        "curves": [*fitted.curves, *derived.curves],
        "incidences": list(fitted.incidences),
        "occupancies": list(fitted.occupancies),
        "agreements": list(fitted.agreements),
        "balances": [*fitted.balances, *reran.balances],
        "validations": list(fitted.validations),
        "effects": list(fitted.effects),
        "summaries": [*summarise_values(values, protocol), *grouped, *derived.summaries],
    }
    outdated = find_outdated_scans(known, cohort.scans)
    told = (*find_notices(protocol, values, analysis_set), *outdated, *find_merged(facts))
    told = (*told, *find_letter_choices(protocol, known))
    notices = (*told, *fitted.notices, *reran.notices, *curves.notices, *told_of_groups, *find_typed_numbers(protocol))
    evidence = collect_all_evidence(
        protocol, facts, cohort, values=values, analysis_set=analysis_set, derived=(*derived.evidence, *series.evidence)
    )
    return Computation(cohort, tables, tuple(analysis_set), evidence, notices, derived, fitted.influences)


def _influences(computation: Computation) -> tuple[RowTable, ...]:
    """The patients who move a model, where there are any."""
    rows = computation.influences
    return (RowTable(INFLUENCES.name, INFLUENCES.name, rows),) if rows else ()


def _blurred(status: ReviewStatus, min_cell: int | None) -> ReviewStatus:
    """The status with its small counts hidden, as in notices."""
    told = [Notice("", text) for text in (status.new_lesions, status.volumes)]
    new_lesions, volumes = (notice.text for notice in release_notices(told, min_cell=min_cell))
    return ReviewStatus(new_lesions, volumes)


def _check_somebody_is_left(cohort: Cohort, protocol: Protocol) -> None:
    first = protocol.time_zeros[0]
    if any(row["population"] == first.name for row in cohort.members):
        return
    steps = [row for row in cohort.attrition if row["population"] == first.name]
    lost = "; ".join(f"{row['excluded']}: {row['reason']}" for row in steps if row["excluded"])
    raise MissingFactError(
        f"nobody reaches {first.label} of {steps[0]['n']} patients screened ({lost or 'the registry is empty'}); "
        f"{_REMEDY_OF_SCANS if isinstance(first, Landmark) else 'add the records that are missing'}, or change the "
        "protocol"
    )


def _check_sizes(computation: Computation, protocol: Protocol, policy: ReleasePolicy) -> None:
    """Nothing about a group that is itself below the smallest cell can leave."""
    if policy.min_cell is None:
        return
    last = {row["population"]: row["n"] for row in computation.tables["attrition"]}
    small = sorted(name for name, n in last.items() if 0 < n < policy.min_cell)
    if small:
        raise DisclosureError(
            f"{', '.join(small)}: fewer than {policy.min_cell} patients, and --min-cell {policy.min_cell} lets nothing "
            "of so few leave; leave this landmark out of the study, or choose a smaller number"
        )
    by_group = {table.name for table in protocol.tables}
    rows = [row for row in computation.tables["summaries"] if row["table"] in by_group]
    of_few = {row["table"] for row in rows if 0 < row["total"] < policy.min_cell}
    if of_few:
        raise DisclosureError(
            f"tables.{', '.join(sorted(of_few))}: a group of fewer than {policy.min_cell} patients, of whom "
            f"--min-cell {policy.min_cell} lets nothing leave; leave the table out of the study, or join its groups"
        )
