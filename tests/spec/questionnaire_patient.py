"""One patient with a first cycle on day 0, whose scores, death and progressions each case writes down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from lutrace.core import Row
from lutrace.endpoints import Basis
from lutrace.protocol import Protocol, parse_protocol

PROTOCOL = """
study: small
version: "1"
title: small
question: none
population: {{agents: [lu177_psma_617]}}
landmarks:
  - {{name: C1, label: from cycle 1, cycle: 1, origin: first_cycle}}
  - {{name: C2, label: SPECT of cycle 2, cycle: 2, within: C1}}
measures: {{plan: suv3}}
endpoints:
  - {{kind: psa_pfs, name: psa_pfs, label: PSA-PFS}}
  - {outcome}
covariates: []
analyses: []
report: {{sections: []}}
"""
C2_DAY = 43
Scores = Sequence[tuple[int, float]]


def protocol_of(outcome: str) -> Protocol:
    """The protocol with one outcome, written as `{instrument: bpi-sf, scale: severity, ...}` without its braces."""
    return parse_protocol(
        PROTOCOL.format(outcome=f"{{kind: time_to_worsening, name: ttw, label: TTW, {outcome}}}"), "x"
    )


def bpi_rows(scores: Scores, on_day: Callable[[int], dt.date], patient: str = "p") -> list[Row]:
    """QUESTIONNAIRES rows of a pain severity: four items equal to the score, or that add up to four times it."""
    rows: list[Row] = []
    for day, score in scores:
        total = round(score * 4)
        for place, item in enumerate(("Q3", "Q4", "Q5", "Q6")):
            answer = total // 4 + (1 if place < total % 4 else 0)
            rows.append(_answer(patient, on_day(day), "bpi-sf", item, answer))
    return rows


def fact_rows(scores: Scores, on_day: Callable[[int], dt.date], patient: str = "p") -> list[Row]:
    """QUESTIONNAIRES rows of a FACT-P total: all 39 items answered, raw, so that their points add up to the score."""
    from lutrace.terms import instrument_named

    fact = instrument_named("fact-p")
    assert fact is not None
    turned = {item for scale in fact.scales for item in scale.reversed}
    rows: list[Row] = []
    for day, score in scores:
        left = int(score)
        for item in fact.items:
            points = min(4, left)
            left -= points
            rows.append(_answer(patient, on_day(day), "fact-p", item, 4 - points if item in turned else points))
    return rows


def _answer(patient: str, date: dt.date, instrument: str, item: str, answer: float) -> Row:
    return {"patient_id": patient, "date": date, "instrument": instrument, "item": item, "answer": float(answer)}


def cycle_rows(patient: str, on_day: Callable[[int], dt.date]) -> list[Row]:
    """The CYCLES row of the first cycle, on day 0."""
    given = {"patient_id": patient, "cycle": 1, "administered_date": on_day(0), "agent": "lu177_psma_617"}
    return [{**given, "row_id": f"cycles:{patient}"}]


def basis_of(
    protocol: Protocol,
    make_facts: Callable[..., Any],
    on_day: Callable[[int], dt.date],
    *,
    patients: Sequence[str] = ("p",),
    data_cut: int | None = None,
    **tables: list[Row],
) -> Basis:
    """Facts and members of patients whose first cycle is day 0 and whose second SPECT is day 43."""
    facts = make_facts(cycles=[row for one in patients for row in cycle_rows(one, on_day)], **tables)
    days = {"treated": 0, "C1": 0, "C2": C2_DAY}
    members = [
        {"patient_id": one, "population": name, "index_date": on_day(number), "index_row": f"cycles:{one}"}
        for one in patients
        for name, number in days.items()
    ]
    return Basis(facts, protocol, members, [], on_day(data_cut) if data_cut is not None else None)
