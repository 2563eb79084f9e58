"""What follows radioligand therapy: hospice, a next line with its PSA, counts and support, a break, or nothing yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lutrace.core import DAYS_PER_MONTH
from lutrace.virtual.cohorts.blood import list_labs
from lutrace.virtual.cohorts.parts import (
    Bools,
    Dates,
    Floats,
    Ints,
    TablePart,
    Texts,
    constant,
    days_after,
    text_where,
)
from lutrace.virtual.cohorts.treated import PROGRESSION, Treated

NOTHING, HOSPICE, NEXT_LINE, BREAK = range(4)
REGIMENS: tuple[tuple[str, ...], ...] = (
    ("cabazitaxel",),
    ("cabazitaxel", "carboplatin"),
    ("cabazitaxel", "cisplatin"),
    ("carboplatin", "cisplatin"),
    ("olaparib",),
    ("radium_223",),
    ("enzalutamide",),
    ("investigational_drug",),
)
"""Drugs of next lines; of the fourth the second drug replaced the first after a cycle."""
SUBSTITUTED, CHEMOTHERAPIES = 3, 4
_CYCLE_DAYS, _DRAWS = 21, 8


@dataclass(frozen=True, eq=False)
class Aftermath:
    """What followed for each patient (NOTHING where therapy did not end by progression), and on which day.

    Of a next line: its regimen, cycles of 21 days begun, last day, whether it was over by then, and what is true of it.
    """

    what: Ints
    day: Floats
    regimen: Ints
    n_cycles: Ints
    end_day: Floats
    over: Bools
    responds: Bools
    anaemia: Bools
    low_platelets: Bools
    supported: Bools

    @property
    def chemotherapy(self) -> Bools:
        """Whose next line is a chemotherapy."""
        return np.asarray((self.what == NEXT_LINE) & (self.regimen < CHEMOTHERAPIES))


def draw_aftermath(people: Treated, rng: np.random.Generator) -> Aftermath:
    """What follows the end by progression: hospice the likelier the shorter the life that is left."""
    centre, v, n = people.centre, people.course, len(people)
    stopped = people.end == PROGRESSION
    left = np.maximum(v.death_day - np.nan_to_num(people.end_day), 1.0) / DAYS_PER_MONTH
    lean = centre.number("hospice_logit") + centre.number("hospice_per_ln_month") * np.log(left)
    dying = rng.random(n) < 1 / (1 + np.exp(-lean))
    resting = rng.random(n) < centre.number("share_break_of_others")
    what = np.where(dying, HOSPICE, np.where(resting, BREAK, NEXT_LINE))
    wait = np.select([what == HOSPICE, what == BREAK], [rng.integers(1, 12, n), 0 * what], rng.integers(7, 30, n))
    day = people.end_day + wait
    in_time = stopped & (day < v.last_day)
    # Who dies or is not seen again before a next line could begin went to hospice, as far as is known.
    what = np.where(in_time, what, np.where(stopped, HOSPICE, NOTHING))
    day = np.where(in_time, day, np.where(stopped, np.minimum(people.end_day + 1, v.last_day), np.nan))
    regimen = rng.choice(len(REGIMENS), n, p=centre.numbers("regimens"))
    begun = rng.choice(np.arange(1, 8), n, p=centre.numbers("chemotherapy_cycles"))
    seen = np.maximum(v.last_day - np.nan_to_num(day), 0.0)
    cycles = np.minimum(begun, 1 + (seen // _CYCLE_DAYS)).astype(np.int64)
    chemo = (what == NEXT_LINE) & (regimen < CHEMOTHERAPIES)
    anaemia, platelets = (chemo & (rng.random(n) < centre.number(f"chemotherapy_{one}")) for one in _TOXIC)
    long_enough = (cycles >= 3) & (seen >= 2 * _CYCLE_DAYS)
    fit = chemo & (regimen != SUBSTITUTED) & long_enough
    other_support = chemo & (rng.random(n) < centre.number("chemotherapy_other_support"))
    return Aftermath(
        what=what,
        day=day,
        regimen=regimen,
        n_cycles=cycles,
        end_day=np.minimum(day + (begun - 1) * _CYCLE_DAYS, v.last_day),
        over=(day + begun * _CYCLE_DAYS <= v.last_day) | v.os_event,
        responds=fit & (rng.random(n) < centre.number("response_if_3_cycles")),
        anaemia=anaemia & (seen >= 12),
        low_platelets=platelets & (seen >= 12),
        supported=(anaemia | platelets | other_support) & (seen >= 14),
    )


_TOXIC = ("anaemia", "thrombocytopenia")


def list_aftermath(people: Treated, after: Aftermath, rng: np.random.Generator) -> list[TablePart]:
    """Rows of what followed: treatments, hospice and breaks, PSA and counts of the next line, and support."""
    hospice, rests = after.what == HOSPICE, after.what == BREAK
    return [
        _dispositions(people, after, hospice, "hospice"),
        _dispositions(people, after, rests, "break"),
        TablePart(
            "disease_events",
            {
                "patient_id": people.ids[hospice],
                "kind": constant("hospice", int(hospice.sum())),
                "date": days_after(people.start[hospice], after.day[hospice]),
            },
        ),
        *_next_lines(people, after),
        *_line_labs(people, after, rng),
        *_support(people, after),
    ]


def _dispositions(people: Treated, after: Aftermath, which: Bools, code: str) -> TablePart:
    n = int(which.sum())
    return TablePart(
        "dispositions",
        {
            "patient_id": people.ids[which],
            "date": days_after(people.start[which], after.day[which]),
            "code_system": constant("lutrace", n),
            "code": constant(code, n),
        },
    )


def _next_lines(people: Treated, after: Aftermath) -> list[TablePart]:
    parts = []
    for number, agents in enumerate(REGIMENS):
        which = (after.what == NEXT_LINE) & (after.regimen == number)
        begin, end = after.day[which], np.where(after.over, after.end_day, np.nan)[which]
        if number == SUBSTITUTED:
            change = np.minimum(begin + _CYCLE_DAYS, people.course.last_day[which])
            spans = [(agents[0], begin, change), (agents[1], change, end)]
        else:
            spans = [(agent, begin, end) for agent in agents]
        parts += [_treatment(people.ids[which], people.start[which], *span) for span in spans]
    return parts


def _treatment(ids: Texts, start: Dates, agent: str, begin: Floats, end: Floats) -> TablePart:
    ended = np.isfinite(end)
    return TablePart(
        "treatments",
        {
            "patient_id": ids,
            "agent": constant(agent, len(ids)),
            "begin_date": days_after(start, begin),
            "end_date": days_after(start, np.where(ended, np.maximum(end, begin), np.nan)),
            "stop_reason": text_where(ended, "progression"),
        },
    )


def _line_labs(people: Treated, after: Aftermath, rng: np.random.Generator) -> list[TablePart]:
    """PSA and counts four days before the next line, after ten days, and every three weeks of it."""
    which = np.flatnonzero(after.what == NEXT_LINE)
    begin, n = after.day[which], len(which)
    days = begin[:, None] + np.array([-4, 10, 21, 42, 63, 84, 105, 126])[None, :]
    days = np.where((days <= people.course.last_day[which][:, None]), days, np.nan)
    level = people.course.psa_ng_ml[which]
    last_psa = np.take_along_axis(level, np.isfinite(level).sum(axis=1)[:, None] - 1, axis=1)
    falls = np.array([1.0, 0.9, 0.7, 0.42, 0.36, 0.33, 0.33, 0.36])
    rises = np.exp(0.07 * np.arange(_DRAWS))
    noise = np.exp(0.05 * rng.standard_normal((n, _DRAWS)))
    psa = np.maximum(last_psa, 1.0) * 1.3 * np.where(after.responds[which][:, None], falls, rises) * noise
    own = rng.standard_normal((2, n, 1))
    low = np.arange(_DRAWS)[None, :] >= 1
    haemoglobin = np.maximum(9.8 + 0.8 * own[0] - 0.08 * np.arange(_DRAWS), 8.2)
    haemoglobin = np.where(after.anaemia[which][:, None] & low, 7.4, haemoglobin)
    platelets = np.maximum(180 * np.exp(0.35 * own[1]) - 6 * np.arange(_DRAWS), 62)
    platelets = np.where(after.low_platelets[which][:, None] & low, 38.0, platelets)
    drawn = {"psa": psa, "haemoglobin": haemoglobin, "platelets": platelets}
    return list_labs(people.ids[which], people.start[which], days, drawn)


def _support(people: Treated, after: Aftermath) -> list[TablePart]:
    """Red cells after anaemia, a platelet growth factor after low platelets, a growth factor of neutrophils else."""
    anaemic, bleeding = after.supported & after.anaemia, after.supported & after.low_platelets
    others = after.supported & ~anaemic & ~bleeding
    return [
        TablePart(
            "support",
            {
                "patient_id": people.ids[which],
                "date": days_after(people.start[which], after.day[which] + 13),
                "kind": constant(kind, int(which.sum())),
            },
        )
        for which, kind in ((anaemic, "red_cells"), (bleeding, "tpo_ra"), (others, "g_csf"))
    ]
