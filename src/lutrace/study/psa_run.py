"""From plain tables of PSA values and index days to one row per patient, per dose, and to what each switch moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from lutrace.core import Progress, Row, UnusableInputError, silent
from lutrace.endpoints import (
    baseline_of,
    best_response,
    classify_course,
    derive_dose_response,
    describe_rule,
    find_psa_progression,
    keep_baseline_assay,
    one_per_day,
    summarise_psa,
)
from lutrace.study.psa_input import PsaInput, read_psa_input
from lutrace.study.psa_switches import PsaChoices, choose, value_of, variants
from lutrace.tables import without
from lutrace.terms import psa_criteria

_NO_RESULT = "no PSA value that can be placed"


@dataclass(frozen=True)
class PsaResult:
    """`patients`: one row each (columns in docs/methods/psa-and-survival.md); `doses`: per patient and dose; `flips`:
    what each switch moves. `rule` says the progression rule in words; `faults` name the refused cells by their rows.
    """

    patients: pa.Table
    doses: tuple[Row, ...]
    flips: tuple[Row, ...]
    rule: str
    warnings: tuple[str, ...]
    faults: tuple[str, ...]


def run_psa(
    psa: Path,
    index: str,
    *,
    doses: Path | None = None,
    switches: Sequence[str] = (),
    criteria: str = "pcwg3",
    flips: bool = False,
    progress: Progress = silent,
) -> PsaResult:
    """One row per patient of the PSA table and of the index file, evaluable or with the reason why not.

    `index` names a file, a column of the PSA table, or one day for all. Refused cells are left out and named in
    `faults`. Raises UnusableInputError for unusable files, unknown switches, and criteria that are not transcribed.
    """
    choices = choose(switches, criteria)
    given = read_psa_input(psa, index, doses)
    if choices.psa.values.assay == "baseline" and "assay" not in given.results.column_names:
        raise UnusableInputError(f"{psa.name}: --switch assay=baseline needs a column assay")
    source = _Source(given)
    rows = source.summary(choices)
    by_dose: tuple[Row, ...] = ()
    if doses is not None:
        response = source.dose_response(choices)
        rows = _attach(rows, classify_course(response))
        ordered = without(response, "baseline").order_by(["patient_id", "dose"])
        by_dose = tuple(ordered.to_pyarrow().to_pylist())
    patients = _everyone(rows, given)
    moved = tuple(_flips(source, choices, progress)) if flips else ()
    warnings = _warnings(given, patients, criteria)
    return PsaResult(patients, by_dose, moved, describe_rule(choices.progression), tuple(warnings), given.faults)


class _Source:
    """The results on each patient's clock, with what is needed to judge them under any choices."""

    def __init__(self, given: PsaInput) -> None:
        index = ibis.memtable(given.index)
        joined = ibis.memtable(given.results).inner_join(index, "patient_id")
        joined = joined.filter(joined.end.isnull() | (joined.time <= joined.end))
        joined = joined.mutate(day=joined.time - joined.time_right, psa_date=ibis.null("date"))
        kept = [name for name in given.results.column_names if name != "time"]
        self._results = ibis.memtable(joined.select(*kept, "psa_date", "day").to_pyarrow())
        self.has_stops = given.index["end"].null_count < given.index.num_rows
        stops = index.filter(index.end.notnull())
        self._stops = stops.select("patient_id", stop_day=stops.end - stops.time)
        doses = ibis.memtable(given.doses).inner_join(index, "patient_id")
        self._doses = doses.select("patient_id", dose_day=doses.time - doses.time_right)

    def clocked(self, choices: PsaChoices) -> ir.Table:
        """One value per patient and day, by the choices."""
        series = one_per_day(self._results, "day", choices.psa.values)
        if choices.psa.values.assay == "baseline":
            series = keep_baseline_assay(series, choices.psa.baseline)
        return series

    def summary(self, choices: PsaChoices) -> ir.Table:
        """The row of each patient who has a value."""
        stops = self._stops if self.has_stops else None
        return summarise_psa(self.clocked(choices), choices.psa, choices.progression, stops)

    def answers(self, choices: PsaChoices) -> ir.Table:
        """`patient_id responded confirmed progression_day` of all who can be judged: what a switch can move."""
        series = self.clocked(choices)
        baseline = baseline_of(series, choices.psa.baseline)
        best = best_response(series, baseline, percent=50.0, gap_days=choices.psa.response_confirmation)
        stops = self._stops if self.has_stops else None
        found = find_psa_progression(series, baseline, choices.progression, stops)
        judged = best.select("patient_id", "responded", "confirmed")
        return _attach(judged, found.select("patient_id", "progression_day"))

    def dose_response(self, choices: PsaChoices) -> ir.Table:
        """The row of each patient and dose that a value followed."""
        series = self.clocked(choices)
        return derive_dose_response(series, baseline_of(series, choices.psa.baseline), self._doses)

    @property
    def has_assay(self) -> bool:
        """Whether the results name their assay."""
        return "assay" in self._results.columns


def _attach(left: ir.Table, right: ir.Table) -> ir.Table:
    return without(left.left_join(right, "patient_id"), "patient_id_right")


def _everyone(rows: ir.Table, given: PsaInput) -> pa.Table:
    """The rows, and one with a reason for each patient who has none; sorted by patient."""
    people = pa.table(
        {
            "patient_id": pa.array(given.patients, pa.string()),
            "unplaced": pa.array([given.unplaced.get(name) for name in given.patients], pa.string()),
            "n_excluded": pa.array([given.excluded.get(name, 0) for name in given.patients], pa.int64()),
            "indexed": pa.array(_among(given.patients, given.index["patient_id"].to_pylist()), pa.bool_()),
        }
    )
    joined = _attach(ibis.memtable(people), rows)
    reason = ibis.coalesce(
        joined.unplaced,
        ibis.cases((~joined.indexed, "no index day")),
        ibis.cases((joined.n_values.isnull(), _NO_RESULT)),
        joined.reason,
    )
    joined = joined.mutate(reason=reason, evaluable=reason.isnull(), n_values=joined.n_values.fill_null(0))
    return joined.select(*rows.columns, "n_excluded").order_by("patient_id").to_pyarrow()


def _among(names: Sequence[str], known: Sequence[str]) -> list[bool]:
    placed = set(known)
    return [name in placed for name in names]


def _flips(source: _Source, choices: PsaChoices, progress: Progress) -> list[Row]:
    """How many patients each other value of each switch moves, one switch at a time."""
    chosen = ibis.memtable(source.answers(choices).to_pyarrow())
    every = [
        one
        for one in variants(choices)
        if (source.has_assay or one[0].name != "assay") and (source.has_stops or one[1] != "event_at_stop")
    ]
    rows = []
    for done, (switch, value, varied) in enumerate(every):
        progress("switches", done, len(every))
        (counts,) = _compared(chosen, source.answers(varied)).to_pyarrow().to_pylist()
        head = {"switch": switch.name, "chosen": value_of(choices, switch), "value": value, "decides": switch.decides}
        rows.append({**head, **counts})
    progress("switches", len(every), len(every))
    return rows


def _compared(chosen: ir.Table, other: ir.Table) -> ir.Table:
    """Counts of patients whose answer differs between two tables of judged patients."""
    both = chosen.outer_join(other, "patient_id", rname="other_{name}")

    def count(expression: Any) -> Any:
        return expression.fill_null(False).cast("int64").sum().fill_null(0)

    was, now = both.progression_day.notnull(), both.other_progression_day.notnull()
    responded, confirmed = both.responded.fill_null(False), both.confirmed.fill_null(False)
    return both.aggregate(
        n=count(both.patient_id.notnull()),
        progressed_chosen=count(was),
        progressed=count(now),
        gained=count(now & ~was),
        lost=count(was & ~now),
        day_changed=count(was & now & (both.progression_day != both.other_progression_day)),
        psa50_changed=count(responded != both.other_responded.fill_null(False)),
        psa50_confirmed_changed=count(confirmed != both.other_confirmed.fill_null(False)),
        evaluable_changed=count(both.patient_id.isnull() | both.other_patient_id.isnull()),
    )


def _warnings(given: PsaInput, patients: pa.Table, criteria: str) -> list[str]:
    """What a reader must know of all rows."""
    version = next(one for one in psa_criteria() if one.name == criteria)
    told = [f"{version.label}: {version.checked}"]
    if given.n_empty:
        told.append(f"{given.n_empty} rows have no value; they count for nothing")
    reasons = [reason for reason in patients["reason"].to_pylist() if reason is not None]
    if reasons:
        told.append(f"{len(reasons)} of {patients.num_rows} patients are not evaluable; the column reason says why")
    flagged = sum(1 for one in patients["baseline_flagged"].to_pylist() if one)
    if flagged:
        told.append(f"{flagged} of {patients.num_rows} patients have a baseline older than the window (flagged)")
    if "assay" in given.results.column_names:
        n_mixed = _mixed_assays(given.results)
        if n_mixed:
            told.append(f"{n_mixed} patients have values of more than one assay; --switch assay=baseline keeps one")
    return told


def _mixed_assays(results: pa.Table) -> int:
    counted = results.group_by("patient_id").aggregate([("assay", "count_distinct")])
    return sum(1 for n in counted["assay_count_distinct"].to_pylist() if n > 1)
