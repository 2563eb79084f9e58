"""What came before the index date: diagnoses with their dates, sites of metastases, and lines of treatment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lutrace.core import DAYS_PER_MONTH
from lutrace.virtual.chart import SITES
from lutrace.virtual.cohorts.document import CentreDocument
from lutrace.virtual.cohorts.parts import Bools, Dates, Floats, Ints, TablePart, Texts, constant, days_after

_NO_LINE = -1
_SHORTEST_LINE_DAYS = 63.0
"""Lines begin at least so far apart, so that two are not read as one combination."""
_BEFORE_INDEX_DAYS = 21.0
_BETWEEN_LINES_DAYS = 14.0
AGENTS = (
    "abiraterone",
    "enzalutamide",
    "darolutamide",
    "docetaxel",
    "cabazitaxel",
    "radium_223",
    "olaparib",
    "sipuleucel_t",
    "carboplatin",
    "pembrolizumab",
    "investigational_drug",
)
"""Drugs of earlier and later lines, by their names in the vocabulary; lines are told by their place here."""
_ICD10 = "http://hl7.org/fhir/sid/icd-10"


@dataclass(frozen=True, eq=False)
class Milestones:
    """Months from the first diagnosis, and from mCRPC, to the index date; the Gleason sum (0: not recorded)."""

    diagnosis_months: Floats
    mcrpc_months: Floats
    gleason: Ints


@dataclass(frozen=True, eq=False)
class PriorLines:
    """Lines before the index date in their order: number in AGENTS (-1: none), days of begin and end from the index."""

    agent: Ints
    begin_day: Floats
    end_day: Floats
    toxic: Bools


def draw_milestones(centre: CentreDocument, n: int, rng: np.random.Generator) -> Milestones:
    """Log-normal months from diagnosis and from mCRPC, tied to each other, mCRPC always after the diagnosis."""
    tie = centre.number("correlation_of_months")
    first, own = rng.standard_normal((2, n))
    since = [
        centre.number(f"ln_{name}_months_mean") + centre.number(f"ln_{name}_months_sd") * z
        for name, z in (("diagnosis", first), ("mcrpc", tie * first + np.sqrt(1 - tie**2) * own))
    ]
    diagnosis, mcrpc = np.exp(since[0]), np.minimum(np.exp(since[1]), 150.0)
    diagnosis = np.minimum(np.maximum(diagnosis, mcrpc + 1.0), 400.0)
    high = rng.random(n) < centre.number("share_gleason_high") / (1 - centre.number("share_gleason_missing"))
    gleason = np.where(high, rng.choice([8, 9, 10], n, p=[0.4, 0.5, 0.1]), rng.choice([6, 7], n, p=[0.15, 0.85]))
    return Milestones(diagnosis, mcrpc, np.where(rng.random(n) < centre.number("share_gleason_missing"), 0, gleason))


def place_lines(order: Sequence[Ints], mcrpc_months: Floats, rng: np.random.Generator) -> PriorLines:
    """Lines one after another from mCRPC to three weeks before the index date; `order`: agents by turn, -1 for none.

    Where there is no room for them after mCRPC the first of them began before it.
    """
    agent = np.stack(order, axis=1)
    there = np.argsort(agent == _NO_LINE, axis=1, kind="stable")
    agent = np.take_along_axis(agent, there, axis=1)
    count = np.maximum((agent != _NO_LINE).sum(axis=1), 1)
    room = np.maximum(mcrpc_months * DAYS_PER_MONTH - _BEFORE_INDEX_DAYS, count * _SHORTEST_LINE_DAYS)
    length = (room / count)[:, None]
    turn = np.arange(agent.shape[1])[None, :]
    begin = -_BEFORE_INDEX_DAYS - room[:, None] + turn * length
    none = agent == _NO_LINE
    end = begin + length - _BETWEEN_LINES_DAYS
    return PriorLines(
        agent,
        np.where(none, np.nan, np.floor(begin)),
        np.where(none, np.nan, np.floor(end)),
        rng.random(agent.shape) < 0.15,
    )


def agent_numbers(name: str, there: Bools) -> Ints:
    """The number of a drug where patients had it, -1 where not."""
    return np.where(there, AGENTS.index(name), _NO_LINE)


def list_treatments(ids: Texts, index: Dates, lines: PriorLines) -> TablePart:
    """Rows of `treatments` for earlier lines."""
    row, turn = np.nonzero(lines.agent != _NO_LINE)
    names = np.asarray(AGENTS)
    return TablePart(
        "treatments",
        {
            "patient_id": ids[row],
            "agent": names[lines.agent[row, turn]],
            "begin_date": days_after(index[row], lines.begin_day[row, turn]),
            "end_date": days_after(index[row], lines.end_day[row, turn]),
            "stop_reason": np.where(lines.toxic[row, turn], "toxicity", "progression"),
        },
    )


def list_diagnoses(ids: Texts, index: Dates, milestones: Milestones, sites: dict[str, Bools]) -> list[TablePart]:
    """Rows of `diagnoses`: first diagnosis and Gleason sum, each site of metastases, and mCRPC, to the month."""
    n = len(ids)
    initial = days_after(index, -milestones.diagnosis_months * DAYS_PER_MONTH)
    mcrpc = days_after(index, -milestones.mcrpc_months * DAYS_PER_MONTH)
    gleason = np.where(milestones.gleason == 0, np.nan, milestones.gleason.astype(float))
    parts = [
        _diagnosis(ids, "initial", initial, "code", constant("C61", n), gleason),
        _diagnosis(ids, "mcrpc", mcrpc, "physician", np.full(n, None), np.full(n, np.nan)),
    ]
    metastatic = initial + ((mcrpc - initial) * 0.6).astype("timedelta64[D]")
    for number, (site, has) in enumerate(sites.items()):
        found = metastatic[has] + np.timedelta64(30 * number, "D")
        found = np.minimum(found, index[has] - np.timedelta64(20, "D"))
        code = constant(SITES[site], int(has.sum()))
        parts.append(_diagnosis(ids[has], "metastatic", found, "code", code, np.full(int(has.sum()), np.nan)))
    return parts


def _diagnosis(ids: Texts, milestone: str, date: Dates, method: str, code: Texts, gleason: Floats) -> TablePart:
    n = len(ids)
    return TablePart(
        "diagnoses",
        {
            "patient_id": ids,
            "milestone": constant(milestone, n),
            "date": np.datetime_as_string(date, unit="M"),
            "method": constant(method, n),
            "code_system": np.full(n, _ICD10 if method == "code" else None),
            "code": code.astype(object),
            "gleason_sum": gleason,
        },
    )
