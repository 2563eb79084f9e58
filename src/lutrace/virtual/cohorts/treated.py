"""Patients treated with 177Lu-PSMA, in calendar time, and the tables that every centre keeps of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lutrace.core import DAYS_PER_MONTH
from lutrace.virtual.cohort import STOP_REASONS, VirtualPatients, simulate_patients
from lutrace.virtual.cohorts.document import CentreDocument
from lutrace.virtual.cohorts.parts import Bools, Column, Dates, Floats, Ints, TablePart, Texts, constant, days_after
from lutrace.virtual.cohorts.prior_lines import (
    Milestones,
    PriorLines,
    agent_numbers,
    draw_milestones,
    list_diagnoses,
    list_treatments,
    place_lines,
)

ONGOING, PROGRESSION, TOXICITY, CHOICE, DEATH, COMPLETED = range(6)
assert STOP_REASONS == ("ongoing", "progression", "toxicity", "choice", "death", "completed")


@dataclass(frozen=True, eq=False)
class Treated:
    """Patients of one part with their dates: `start` is the day of cycle 1, days count from it.

    `end` is how therapy stood at the data cut (numbers of STOP_REASONS), `end_day` when that was documented (NaN while
    it goes on or where a death ended it).
    """

    centre: CentreDocument
    ids: Texts
    course: VirtualPatients
    start: Dates
    end: Ints
    end_day: Floats
    milestones: Milestones
    lines: PriorLines

    def __len__(self) -> int:
        """Number of patients."""
        return len(self.ids)

    @property
    def last_cycle_day(self) -> Floats:
        """Day of the last cycle that was given."""
        return np.asarray(np.nanmax(self.course.cycle_day, axis=1))

    @property
    def sites(self) -> dict[str, Bools]:
        """Who has metastases of each site."""
        v = self.course
        return {"bone": v.has_bone, "lymph_node": v.has_node, "liver": v.has_liver, "lung": v.has_lung}


def draw_treated(centre: CentreDocument, n: int, *, seed: int, first: int, rng: np.random.Generator) -> Treated:
    """`n` treated patients of a centre, the first of them numbered `first`."""
    course = simulate_patients(n, seed=seed, parameters=centre.cohort_parameters())
    start = days_after(np.full(n, np.datetime64(centre.data_cut, "D")), -course.follow_up_day)
    last = np.nanmax(course.cycle_day, axis=1)
    decided = last + rng.uniform(*centre.pair("days_to_documented_end"), n)
    stops = np.isin(course.stop_reason, (PROGRESSION, TOXICITY, CHOICE))
    late = stops & (decided > course.last_day)
    end = np.where(late, np.where(course.os_event, DEATH, ONGOING), course.stop_reason)
    # Of those who died between cycles some were known to progress before.
    told = (end == DEATH) & (rng.random(n) < centre.number("deaths_after_documented_progression"))
    end = np.where(told, PROGRESSION, end)
    decided = np.where(told, np.maximum(course.last_day - rng.uniform(3, 30, n), last + 1), decided)
    milestones = draw_milestones(centre, n, rng)
    return Treated(
        centre=centre,
        ids=np.asarray([f"SYN-{centre.prefix}-{number:07d}" for number in range(first, first + n)]),
        course=course,
        start=start,
        end=end,
        end_day=np.where(end == COMPLETED, last, np.where(np.isin(end, (ONGOING, DEATH)), np.nan, np.floor(decided))),
        milestones=milestones,
        lines=_draw_lines(centre, course, milestones, rng),
    )


def _draw_lines(
    centre: CentreDocument, course: VirtualPatients, milestones: Milestones, rng: np.random.Generator
) -> PriorLines:
    """Earlier lines: inhibitors of the androgen receptor and taxanes by turns, others as often as the centre says."""
    n = len(course)
    others = {name: rng.random(n) < centre.number(f"share_{name}") for name in _OTHERS}
    abiraterone_first = rng.random(n) < 0.55
    one, two = course.arpi_lines >= 1, course.arpi_lines >= 2
    first, second = agent_numbers("abiraterone", one), agent_numbers("enzalutamide", one)
    order = [
        np.where(abiraterone_first, first, second),
        agent_numbers("sipuleucel_t", others["sipuleucel_t"]),
        agent_numbers("docetaxel", course.taxane_lines >= 1),
        np.where(two, np.where(abiraterone_first, second, first), -1),
        agent_numbers("radium_223", others["radium_223"]),
        agent_numbers("cabazitaxel", course.taxane_lines >= 2),
        agent_numbers("olaparib", others["olaparib"]),
        agent_numbers("carboplatin", others["carboplatin"]),
        agent_numbers("pembrolizumab", others["pembrolizumab"]),
        agent_numbers("investigational_drug", others["investigational_drug"]),
    ]
    return place_lines(order, milestones.mcrpc_months, rng)


_OTHERS = ("sipuleucel_t", "radium_223", "olaparib", "carboplatin", "pembrolizumab", "investigational_drug")


def list_people(people: Treated) -> list[TablePart]:
    """Rows of what every centre keeps: patients, diagnoses, earlier lines, cycles, ends, vitals, contacts, deaths."""
    v, ids, start = people.course, people.ids, people.start
    rows, cycles = np.nonzero(np.isfinite(v.cycle_day))
    given = days_after(start[rows], v.cycle_day[rows, cycles])
    weight = np.round(v.weight_kg[rows] * (1 - people.centre.number("weight_loss_per_cycle") * cycles), 1)
    return [
        make_patients(ids, start, v.age_years, people.centre.label),
        *list_diagnoses(ids, start, people.milestones, people.sites),
        list_treatments(ids, start, people.lines),
        _castration(people),
        TablePart(
            "cycles",
            {
                "patient_id": ids[rows],
                "cycle": cycles + 1,
                "administered_date": given,
                "agent": constant("lu177_psma_617", len(rows)),
                "administered_mbq": np.round(7400 + 25.0 * ((rows * 7 + cycles * 13) % 17 - 8)),
                "weight_kg": weight,
            },
        ),
        _vitals(ids[rows], given, "weight_kg", weight),
        _vitals(ids, start, "height_cm", np.round(v.height_cm)),
        _vitals(ids, start, "ecog", v.ecog.astype(float)),
        _ends(people),
        *list_follow_up(ids, days_after(start, v.last_day), v.os_event, precise=np.arange(len(ids)) % 4 != 3),
    ]


def make_patients(ids: Texts, index: Dates, age_years: Floats, label: str) -> TablePart:
    """Rows of `patients`, each said to be synthetic by its number, its centre and its column."""
    n = len(ids)
    born = days_after(index, -age_years * 365.25)
    return TablePart(
        "patients",
        {
            "patient_id": ids,
            "birth_date": born,
            "sex": constant("male", n),
            "site": constant(label, n),
            "synthetic": np.full(n, True),
        },
    )


def list_follow_up(ids: Texts, last: Dates, dead: Bools, *, precise: Bools) -> list[TablePart]:
    """Rows of `follow_up` and `contacts`: deaths, known to the month where not `precise`, and last contacts."""
    alive, n = ~dead, int((~dead).sum())
    death = np.where(precise, np.datetime_as_string(last, unit="D"), np.datetime_as_string(last, unit="M"))
    return [
        TablePart(
            "follow_up",
            {
                "patient_id": ids[dead],
                "status": constant("dead", int(dead.sum())),
                "date": death[dead],
                "basis": constant("record", int(dead.sum())),
            },
        ),
        TablePart(
            "contacts",
            {"patient_id": ids[alive], "date": last[alive], "kind": constant("visit", n)},
        ),
    ]


def _vitals(ids: Texts, date: Dates, measure: str, value: Column) -> TablePart:
    return TablePart(
        "vitals", {"patient_id": ids, "date": date, "measure": constant(measure, len(ids)), "value": value}
    )


def _castration(people: Treated) -> TablePart:
    """Androgen deprivation from before mCRPC to the last day."""
    n = len(people)
    begin = days_after(people.start, -(people.milestones.mcrpc_months + 14.0) * DAYS_PER_MONTH)
    return TablePart(
        "medications",
        {
            "patient_id": people.ids,
            "kind": constant("adt", n),
            "agent": constant("leuprorelin", n),
            "begin_date": begin,
            "end_date": days_after(people.start, people.course.last_day),
        },
    )


def _ends(people: Treated) -> TablePart:
    """Rows of `dispositions`: why therapy ended, where somebody wrote it down."""
    known = np.isfinite(people.end_day)
    return TablePart(
        "dispositions",
        {
            "patient_id": people.ids[known],
            "date": days_after(people.start[known], people.end_day[known]),
            "code_system": constant("lutrace", int(known.sum())),
            "code": np.asarray(STOP_REASONS)[people.end[known]],
        },
    )
