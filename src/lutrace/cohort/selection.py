"""The selection itself: each step leaves some, loses some for one reason, and both are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
from ibis import Deferred, _

from lutrace.cohort.journeys import cycles_of, spects_of, treatment_of
from lutrace.core import ContradictionError, Row, short
from lutrace.protocol import Landmark, Protocol
from lutrace.tables import Facts, without

TREATED = "treated"
"""The population of all treated patients; its time zero is the first cycle."""

Step = tuple[str, str, Deferred]
"""What is asked, why those are lost of whom it is not true, and the condition."""


@dataclass(frozen=True)
class Cohort:
    """Who is studied.

    `members` are rows of COHORT_MEMBERS, for `treated` (time zero: first cycle) and for each landmark; `attrition`
    rows of ATTRITION; `losses` say of each lost patient at which step (`patient_id population step reason
    source_table source_row`); `scans` is the SPECT of each cycle of the treated (`patient_id cycle scan_id scan_date
    scan_row burden_row plan_digest ttv_ml`).
    """

    members: tuple[Row, ...]
    attrition: tuple[Row, ...]
    losses: tuple[Row, ...]
    scans: tuple[Row, ...]


def select_patients(facts: Facts, protocol: Protocol) -> Cohort:
    """The patients of each landmark with their time zero, and the attrition from screening to each landmark.

    Raises ContradictionError when the scans were measured with different versions of the plan.
    """
    treatment, spects = treatment_of(facts, protocol), spects_of(facts, protocol)
    scans = _rows(spects.filter(spects.measured).order_by("patient_id", "cycle"))
    _check_one_plan(scans, protocol.measures.plan)
    members = _treated(treatment)
    attrition: list[Row] = []
    losses: list[Row] = []
    kept: dict[str, set[str]] = {}
    for landmark in protocol.landmarks:
        journey = _journey(facts, protocol, landmark, treatment, spects)
        own = _steps(landmark, protocol)
        steps = own if landmark.within else [*_eligibility(protocol, landmark), *own]
        placed = _rows(_placed(journey, steps).order_by("patient_id"))
        if landmark.within is not None:
            placed = [row for row in placed if row["patient_id"] in kept[landmark.within]]
        attrition += _attrition(landmark, steps, placed, protocol)
        losses += _losses(landmark, steps, placed)
        inside = [row for row in placed if row["lost_at"] == len(steps) + 1]
        kept[landmark.name] = {row["patient_id"] for row in inside}
        members += [_member(row, landmark) for row in inside]
    wanted = ("patient_id", "cycle", "scan_id", "scan_date", "scan_row", "burden_row", "plan_digest", "ttv_ml")
    return Cohort(
        tuple(members), tuple(attrition), tuple(losses), tuple({key: row[key] for key in wanted} for row in scans)
    )


def _eligibility(protocol: Protocol, landmark: Landmark) -> list[Step]:
    least = protocol.population.minimum_cycles
    steps: list[Step] = [
        ("at least one cycle of 177Lu-PSMA", "no cycle with an agent of the study", _.cycles.notnull()),
        ("first cycle recorded", "the cycle numbered 1 is not recorded", _.first_cycle == 1),
    ]
    if least > landmark.cycle:
        steps.append((f"at least {least} cycles", f"fewer than {least} cycles", _.cycles >= least))
    return steps


def _journey(facts: Facts, protocol: Protocol, landmark: Landmark, treatment: ir.Table, spects: ir.Table) -> ir.Table:
    cycles = cycles_of(facts, protocol)
    this = cycles.filter(cycles.cycle == landmark.cycle)
    this = this.select("patient_id", given_date="administered_date", given_row="row_id")
    before = cycles.filter(cycles.cycle < landmark.cycle)
    before = before.group_by("patient_id").aggregate(before_date=lambda t: t.administered_date.max())
    spect = spects.filter(spects.cycle == landmark.cycle)
    spect = spect.select("patient_id", "scan_id", "scan_date", "scan_row", "quantified", "measured")
    journey = treatment
    for other in (this, before, spect):
        journey = without(journey.left_join(other, "patient_id"), "patient_id_right")
    return journey


def _steps(landmark: Landmark, protocol: Protocol) -> list[Step]:
    cycle = landmark.cycle
    given = _.given_date.notnull()
    days = _.death_date.delta(_.before_date, unit="day")
    died = (~given) & (days <= protocol.population.death_within).fill_null(False)
    return [
        (f"alive for cycle {cycle}", f"died before cycle {cycle}", ~died),
        (
            f"cycle {cycle} given (at least {cycle} cycles)",
            f"treatment ended before cycle {cycle}, or it was not yet due",
            given,
        ),
        (f"SPECT after cycle {cycle}", f"no SPECT after cycle {cycle}", _.scan_id.notnull()),
        ("SPECT quantified", "SUV refused: a fact for it is missing", _.quantified.fill_null(False)),
        (
            f"tumour volume measured ({protocol.measures.plan})",
            "not measured under the plan, without organ masks, or not reviewed",
            _.measured.fill_null(False),
        ),
    ]


def _placed(journey: ir.Table, steps: Sequence[Step]) -> ir.Table:
    """The journey with `lost_at`: the number of the first step whose condition fails, one past the last when none."""
    branches = [(~condition.fill_null(False), number) for number, (_, _, condition) in enumerate(steps, start=1)]
    return journey.mutate(lost_at=ibis.cases(*branches, else_=len(steps) + 1))


def _attrition(landmark: Landmark, steps: Sequence[Step], placed: Sequence[Row], protocol: Protocol) -> list[Row]:
    lost = Counter(row["lost_at"] for row in placed)
    left = len(placed)
    first = "screened: all patients of the registry"
    if landmark.within is not None:
        first = f"in the set of {protocol.landmark(landmark.within).label}"
    rows: list[Row] = [
        {"population": landmark.name, "step": 0, "rule": first, "n": left, "excluded": 0, "reason": None}
    ]
    for number, (rule, reason, _condition) in enumerate(steps, start=1):
        left -= lost[number]
        rows.append(
            {
                "population": landmark.name,
                "step": number,
                "rule": rule,
                "n": left,
                "excluded": lost[number],
                "reason": reason,
            }
        )
    return rows


def _losses(landmark: Landmark, steps: Sequence[Step], placed: Sequence[Row]) -> list[Row]:
    rows: list[Row] = []
    for row in placed:
        if row["lost_at"] > len(steps):
            continue
        table, evidence = _evidence(row)
        rows.append(
            {
                "patient_id": row["patient_id"],
                "population": landmark.name,
                "step": row["lost_at"],
                "reason": steps[row["lost_at"] - 1][1],
                "source_table": table,
                "source_row": evidence,
            }
        )
    return rows


def _evidence(row: Row) -> tuple[str, str]:
    """The last row on a lost patient's way: the scan, else the cycle, else the first cycle, else the patient."""
    for table, key in (("scans", "scan_row"), ("cycles", "given_row"), ("cycles", "c1_row")):
        if row[key] is not None:
            return table, row[key]
    return "patients", row["patient_row"]


def _treated(treatment: ir.Table) -> list[Row]:
    known = treatment.filter(treatment.first_cycle == 1).order_by("patient_id")
    return [
        {
            "patient_id": row["patient_id"],
            "population": TREATED,
            "index_date": row["c1_date"],
            "index_row": row["c1_row"],
        }
        for row in _rows(known)
    ]


def _member(row: Row, landmark: Landmark) -> Row:
    date, evidence = {
        "spect": (row["scan_date"], row["scan_row"]),
        "administration": (row["given_date"], row["given_row"]),
        "first_cycle": (row["c1_date"], row["c1_row"]),
    }[landmark.origin]
    return {
        "patient_id": row["patient_id"],
        "population": landmark.name,
        "index_date": date,
        "index_row": evidence,
    }


def _check_one_plan(scans: Sequence[Row], plan: str) -> None:
    digests = sorted({row["plan_digest"] for row in scans})
    if len(digests) > 1:
        raise ContradictionError(
            f"plan {plan}: scans were measured with {len(digests)} versions of it "
            f"({', '.join(short(digest) for digest in digests)}); measure all scans again with one version"
        )


def _rows(table: ir.Table) -> list[Row]:
    rows: list[Row] = table.to_pyarrow().to_pylist()
    return rows
