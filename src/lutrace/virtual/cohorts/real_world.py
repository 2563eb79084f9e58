"""Patients of real-world survival: from the first radioligand cycle, or from the line after taxane and inhibitor."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from lutrace.core import DAYS_PER_MONTH
from lutrace.virtual.cohorts.document import CentreDocument, read_centre
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
from lutrace.virtual.cohorts.prior_lines import (
    AGENTS,
    Milestones,
    PriorLines,
    agent_numbers,
    draw_milestones,
    list_diagnoses,
    list_treatments,
    place_lines,
)
from lutrace.virtual.cohorts.treated import list_follow_up, make_patients
from lutrace.virtual.proportional_hazards import CalibratedHazard, calibrate_hazard

SITES = ("bone", "lymph_node", "liver", "lung")
_REFERENCE = 20_000
_REFERENCE_SEED = 20_231_117
_MOST_CYCLES = 6


@dataclass(frozen=True, eq=False)
class RealWorld:
    """Patients of one part; `index` is time zero. `death_day` is the truth; `seen_day` and `known_dead` the record."""

    centre: CentreDocument
    ids: Texts
    index: Dates
    age_years: Floats
    ln_psa: Floats
    psa_known: Bools
    sites: dict[str, Bools]
    taxanes: Ints
    arpis: Ints
    milestones: Milestones
    lines: PriorLines
    log_hazard: Floats
    death_day: Floats
    cut_day: Floats
    last_contact_day: Floats
    known_dead: Bools


@dataclass(frozen=True, eq=False)
class _Persons:
    age_years: Floats
    ln_psa: Floats
    sites: dict[str, Bools]
    taxanes: Ints
    arpis: Ints


def draw_real_world(centre: CentreDocument, n: int, *, first: int, rng: np.random.Generator) -> RealWorld:
    """`n` patients, the first of them numbered `first`: survival of all is Weibull, hazards by burden proportional."""
    persons = _draw_persons(centre, n, rng)
    milestones = draw_milestones(centre, n, rng)
    index = _draw_index(centre, milestones, rng)
    hazard, log_hazard = _hazard(centre.name), _log_hazard(centre, persons)
    death = np.maximum(np.ceil(hazard.draw(log_hazard, rng)), 1.0)
    cut = (np.datetime64(centre.data_cut, "D") - index).astype(float)
    dies = death <= cut
    known = dies & (rng.random(n) < centre.number("deaths_recorded"))
    gap = rng.exponential(centre.number("months_since_last_contact") * DAYS_PER_MONTH, n)
    order = _turns(centre, persons, rng)
    return RealWorld(
        centre=centre,
        ids=np.asarray([f"SYN-{centre.prefix}-{number:07d}" for number in range(first, first + n)]),
        index=index,
        age_years=persons.age_years,
        ln_psa=persons.ln_psa,
        psa_known=rng.random(n) >= centre.number("share_psa_missing"),
        sites=persons.sites,
        taxanes=persons.taxanes,
        arpis=persons.arpis,
        milestones=milestones,
        lines=place_lines(order, milestones.mcrpc_months, rng),
        log_hazard=log_hazard,
        death_day=death,
        cut_day=cut,
        last_contact_day=np.maximum(np.floor(np.minimum(death, cut) - gap), 0.0),
        known_dead=known,
    )


def _draw_persons(centre: CentreDocument, n: int, rng: np.random.Generator) -> _Persons:
    mean, sd = centre.pair("age_mean_sd")
    age = rng.normal(mean, sd, n)
    while (outside := (age < 45) | (age > 92)).any():
        age[outside] = rng.normal(mean, sd, int(outside.sum()))
    mean, sd = centre.pair("ln_psa_mean_sd")
    treated = rng.choice(len(centre.numbers("taxane_and_arpi")), n, p=centre.numbers("taxane_and_arpi"))
    return _Persons(
        age_years=age,
        ln_psa=rng.normal(mean, sd, n),
        sites={site: rng.random(n) < centre.number(f"share_{site}") for site in SITES},
        taxanes=treated // 3,
        arpis=treated % 3,
    )


def _log_hazard(centre: CentreDocument, persons: _Persons) -> Floats:
    """Log hazards: of PSA per e-fold, liver and age per ten years, from the document, centred roughly."""
    mean, _ = centre.pair("ln_psa_mean_sd")
    return np.asarray(
        centre.number("log_hazard_per_ln_psa") * (persons.ln_psa - mean)
        + centre.number("log_hazard_liver") * persons.sites["liver"]
        + centre.number("log_hazard_per_10_years") * (persons.age_years - 71) / 10
    )


@functools.cache
def _hazard(name: str) -> CalibratedHazard:
    """The hazard of a centre, calibrated on patients of its own model, always the same ones."""
    centre = read_centre(name)
    persons = _draw_persons(centre, _REFERENCE, np.random.default_rng(_REFERENCE_SEED))
    median, shape = centre.pair("survival_median_months_shape")
    return calibrate_hazard(_log_hazard(centre, persons), median_days=median * DAYS_PER_MONTH, shape=shape)


def _draw_index(centre: CentreDocument, milestones: Milestones, rng: np.random.Generator) -> Dates:
    """Index dates between two days; where mCRPC must be of a time (`mcrpc_from_year`), not before it."""
    n = len(milestones.mcrpc_months)
    first, last = centre.pair("index_years_before_cut")
    cut = np.full(n, np.datetime64(centre.data_cut, "D"))
    years = rng.uniform(last, first, n)
    longest = centre.number("mcrpc_years_before_cut")
    years = np.minimum(years, np.maximum(longest - milestones.mcrpc_months / 12, last))
    return days_after(cut, -years * 365.25)


def _turns(centre: CentreDocument, persons: _Persons, rng: np.random.Generator) -> list[Ints]:
    """The order of earlier lines. Where the index is the line after taxane and ARPI, one of both comes last."""
    n = len(persons.taxanes)
    doc, caba = (agent_numbers(name, persons.taxanes >= at) for name, at in (("docetaxel", 1), ("cabazitaxel", 2)))
    abiraterone_first = rng.random(n) < 0.55
    names = [agent_numbers(name, np.full(n, True)) for name in ("abiraterone", "enzalutamide")]
    one, two = persons.arpis >= 1, persons.arpis >= 2
    first = np.where(one, np.where(abiraterone_first, names[0], names[1]), -1)
    second = np.where(two, np.where(abiraterone_first, names[1], names[0]), -1)
    radium = agent_numbers("radium_223", rng.random(n) < centre.number("share_radium_223"))
    if centre.number("index_is_next_line"):
        taxane_last = two | ((persons.taxanes == 1) & (rng.random(n) < 0.5))
        empty = np.full(n, -1)
        return [
            np.where(taxane_last, first, doc),
            np.where(taxane_last, second, caba),
            radium,
            np.where(taxane_last, doc, first),
            np.where(taxane_last, empty, second),
        ]
    return [first, doc, second, radium, caba]


def list_real_world(people: RealWorld, rng: np.random.Generator) -> list[TablePart]:
    """Rows of patients, diagnoses, lines, PSA at the index, contacts and deaths; cycles or lines from the index on."""
    centre, ids, index = people.centre, people.ids, people.index
    n = len(ids)
    last = np.minimum(people.death_day, people.cut_day)
    monthly = rng.random(n) < centre.number("deaths_known_to_the_month")
    dead = people.known_dead
    seen = days_after(index, people.last_contact_day)
    follow_up, _ = list_follow_up(ids, days_after(index, last), dead, precise=~monthly)
    psa = people.psa_known
    from_index = _cycles(people, rng) if not centre.number("index_is_next_line") else _later_lines(people, rng)
    return [
        make_patients(ids, index, people.age_years, centre.label),
        *list_diagnoses(ids, index, people.milestones, people.sites),
        list_treatments(ids, index, people.lines),
        TablePart(
            "labs",
            {
                "patient_id": ids[psa],
                "date": days_after(index[psa], -rng.integers(0, 21, int(psa.sum())).astype(float)),
                "analyte": constant("psa", int(psa.sum())),
                "value": np.round(np.clip(np.exp(people.ln_psa[psa]), 0.05, 20_000), 2),
                "unit": constant("ng/mL", int(psa.sum())),
            },
        ),
        *from_index,
        follow_up,
        _contacts(ids, index, np.floor(people.last_contact_day / 2)),
        TablePart("contacts", {"patient_id": ids, "date": seen, "kind": constant("visit", n)}),
    ]


def _contacts(ids: Texts, index: Dates, day: Floats) -> TablePart:
    return TablePart(
        "contacts",
        {"patient_id": ids, "date": days_after(index, day), "kind": constant("visit", len(ids))},
    )


def _cycles(people: RealWorld, rng: np.random.Generator) -> list[TablePart]:
    """Cycles every six to seven weeks, until the stop that was drawn, death, or the cut."""
    n = len(people.ids)
    stays = rng.random((n, _MOST_CYCLES)) < people.centre.number("next_cycle")
    stays[:, 0] = True
    day = np.arange(_MOST_CYCLES)[None, :] * 43.0 + np.floor(rng.uniform(0, 7, (n, _MOST_CYCLES)))
    day[:, 0] = 0
    until = np.minimum(people.death_day, people.cut_day)[:, None]
    given = np.logical_and.accumulate(stays, axis=1) & (day < until)
    row, cycle = np.nonzero(given)
    return [
        TablePart(
            "cycles",
            {
                "patient_id": people.ids[row],
                "cycle": cycle + 1,
                "administered_date": days_after(people.index[row], day[row, cycle]),
                "agent": constant("lu177_psma_617", len(row)),
                "administered_mbq": np.round(rng.normal(7000, 500, len(row))),
            },
        )
    ]


def _later_lines(people: RealWorld, rng: np.random.Generator) -> list[TablePart]:
    """The line that begins at the index, and up to two after it; most end before the next or death."""
    centre, n = people.centre, len(people.ids)
    last = np.minimum(people.death_day, people.cut_day)
    pool = np.asarray([AGENTS.index(name) for name in ("cabazitaxel", "radium_223", "olaparib", "carboplatin")])
    begin, parts, there = np.zeros(n), [], np.full(n, True)
    taken = pool[rng.random((n, len(pool))).argsort(axis=1)]
    for turn in range(3):
        length = np.round(rng.gamma(2.0, 60.0, n)) + 40
        end = np.minimum(begin + length, last)
        ended = there & (begin + length <= last)
        parts.append(
            TablePart(
                "treatments",
                {
                    "patient_id": people.ids[there],
                    "agent": np.asarray(AGENTS)[taken[there, turn]],
                    "begin_date": days_after(people.index[there], begin[there]),
                    "end_date": days_after(people.index[there], np.where(ended, end, np.nan)[there]),
                    "stop_reason": text_where(ended[there], "progression"),
                },
            )
        )
        begin = np.where(ended, end + 20, np.inf)
        there = ended & (begin < last) & (rng.random(n) < centre.number("share_next_line"))
        begin = np.where(there, begin, 0.0)
    return parts
