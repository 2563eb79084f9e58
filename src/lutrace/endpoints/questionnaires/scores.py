"""Scores of a snapshot: every answered sheet of every instrument, each with a row of its evidence."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.core import UnusableInputError
from lutrace.endpoints.basis import Basis
from lutrace.endpoints.questionnaires.scoring import score_long
from lutrace.tables import QUESTIONNAIRES
from lutrace.terms import Instrument, instrument_named, instruments


def derive_scores(basis: Basis) -> ir.Table:
    """Rows of SCORES: each patient, day, instrument and scale, with answered items, validity and the reason."""
    answers = basis.known(basis.facts.table(QUESTIONNAIRES), "date")
    return ibis.union(*[_rows(answers, instrument) for instrument in instruments()])


def valid_scores(basis: Basis, instrument: str, scale: str) -> ir.Table:
    """`patient_id score_date score exact score_row` of one scale where it stands; one row per patient and day."""
    answers = basis.known(basis.facts.table(QUESTIONNAIRES), "date")
    scores = _scored(answers, _narrowed(_known(instrument), scale))
    scores = scores.filter((scores.scale == scale) & scores.valid)
    return scores.select("patient_id", "score", "exact", score_date="date", score_row="evidence_row")


def _known(name: str) -> Instrument:
    found = instrument_named(name)
    if found is None:
        raise UnusableInputError(f"expected an instrument of the vocabulary, got {name!r}")
    return found


def _narrowed(instrument: Instrument, scale: str) -> Instrument:
    """The instrument with that scale and its parts only: what is not asked for is not computed."""
    wanted = (*instrument.scale(scale).parts, scale)
    return instrument.model_copy(update={"scales": tuple(one for one in instrument.scales if one.name in wanted)})


def _scored(answers: ir.Table, instrument: Instrument) -> ir.Table:
    given = answers.filter(answers.instrument == instrument.name)
    return score_long(
        given.select("patient_id", "date", "item", "answer", "row_id"), instrument, ["patient_id", "date"]
    )


def _rows(answers: ir.Table, instrument: Instrument) -> ir.Table:
    scores = _scored(answers, instrument)
    return scores.select(
        "patient_id",
        "date",
        "instrument",
        "scale",
        "score",
        "n_answered",
        "n_items",
        "valid",
        "reason",
        source_table=ibis.cases((scores.evidence_row.notnull(), "questionnaires")),
        source_row="evidence_row",
        rule=ibis.literal(f"{instrument.label}: {instrument.source}"),
    )
