"""Whose PSA answers another value of one switch moves, patient by patient."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from lutrace.endpoints.basis import Basis, attach, held
from lutrace.endpoints.psa.progression import describe_rule
from lutrace.endpoints.psa.response import best_response
from lutrace.endpoints.psa.stops import judged_series
from lutrace.protocol import PsaPfs, PsaProgression, PsaRules
from lutrace.tables import LABS, PSA_FLIPS


@dataclass(frozen=True)
class PsaVariant:
    """One switch of the rules set to another value: its name, the value of the study, the other, and the rules then."""

    switch: str
    chosen: str
    value: str
    psa: PsaRules
    progression: PsaProgression


def read_psa_flips(basis: Basis, outcome: PsaPfs, variants: Iterable[PsaVariant]) -> ir.Table:
    """Rows of PSA_FLIPS: each patient who can be judged under the study's rules or a variant, one query per variant.

    Progression is that of the whole series after the first cycle, before any landmark, as in the table of switches of
    the command.
    """
    chosen = held(_answers(basis, outcome, basis.protocol.psa))
    parts = []
    for one in variants:
        other = _answers(basis, outcome.model_copy(update={"progression": one.progression}), one.psa)
        rows = _compared(chosen, other)
        told = {"switch": one.switch, "chosen_value": one.chosen, "value": one.value}
        told["rule"] = describe_rule(one.progression)
        columns: dict[str, Any] = {name: ibis.literal(text) for name, text in told.items()}
        rows = rows.mutate(source_table=ibis.cases((rows.source_row.notnull(), LABS.name)), **columns)
        parts.append(rows.select(*PSA_FLIPS.by_name).to_pyarrow())
    schema = PSA_FLIPS.arrow_schema
    return ibis.memtable(pa.concat_tables([part.cast(schema) for part in parts]) if parts else schema.empty_table())


def _answers(basis: Basis, outcome: PsaPfs, psa: PsaRules) -> ir.Table:
    """`patient_id responded response_row progression_day progression_row` of all with a baseline and a later PSA."""
    clocked, baseline, found = judged_series(basis, outcome, psa)
    best = best_response(clocked, baseline, percent=50.0, gap_days=psa.response_confirmation)
    best = best.select("patient_id", "responded", response_row="first_row")
    return attach(best, found.select("patient_id", "progression_day", "progression_row"), ["patient_id"])


def _compared(chosen: ir.Table, other: ir.Table) -> ir.Table:
    """The columns of PSA_FLIPS that both sides give."""
    both = chosen.outer_join(other, "patient_id", rname="other_{name}")
    unjudged = both.patient_id.isnull() | both.other_patient_id.isnull()
    was, now = both.progression_day.notnull(), both.other_progression_day.notnull()
    same_response = both.responded == both.other_responded
    return both.select(
        patient_id=ibis.coalesce(both.patient_id, both.other_patient_id),
        progression=ibis.cases(
            (unjudged, "judged by one only"),
            (~was & now, "event gained"),
            (was & ~now, "event lost"),
            (was & (both.progression_day != both.other_progression_day), "other day"),
            else_="same",
        ),
        psa50=ibis.cases(
            (unjudged, "judged by one only"),
            (same_response, "same"),
            (both.other_responded, "event gained"),
            else_="event lost",
        ),
        days=both.progression_day.cast("float64"),
        other_days=both.other_progression_day.cast("float64"),
        source_row=ibis.coalesce(
            both.other_progression_row, both.progression_row, both.other_response_row, both.response_row
        ),
    )
