"""Populations of a study: index dates from the history, values for the rules, and who is left step by step."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from lutrace.cohort import TREATED, Cohort, PopulationFacts, select_population
from lutrace.core import MissingFactError, Row
from lutrace.endpoints import Basis, CourseBasis, derive_index_dates, derive_values
from lutrace.protocol import CourseRules, FollowedFor, HasValue, Protocol, StudyPopulation
from lutrace.study.presentation import compose_labels
from lutrace.tables import CYCLES, PATIENTS, Facts


@dataclass(frozen=True)
class PopulationGround:
    """The facts known on the data cut and all of them, the study, and the cut."""

    known: Facts
    whole: Facts
    protocol: Protocol
    data_cut: dt.date | None


def add_populations(cohort: Cohort, ground: PopulationGround) -> Cohort:
    """The cohort with members, attrition and losses of every population of the study, in their order.

    Raises MissingFactError when a population needs the data cut and the run has none.
    """
    protocol = ground.protocol
    kept = {zero.name: _members_of(cohort, zero.name) for zero in protocol.landmarks}
    people = ground.known.table(PATIENTS).select("patient_id", "row_id").order_by("patient_id")
    screened = {row["patient_id"]: row["row_id"] for row in people.to_pyarrow().to_pylist()}
    labels = compose_labels(protocol)
    for population in protocol.populations:
        _check_cut(population, ground.data_cut)
        asked = screened
        if population.within is not None:
            asked = {one: row for one, row in screened.items() if one in kept[population.within]}
        candidates = {row["patient_id"]: row for row in _candidates(cohort, population, ground)}
        candidates = {one: row for one, row in candidates.items() if one in asked}
        facts = PopulationFacts(
            screened=asked,
            candidates=candidates,
            values=_values(candidates.values(), population, ground),
            labels=labels,
            data_cut=ground.data_cut,
            others=kept,
            set_label=protocol.landmark(population.within).label if population.within else "",
        )
        chosen = select_population(population, facts)
        kept = {**kept, population.name: {row["patient_id"] for row in chosen.members}}
        cohort = replace(
            cohort,
            members=(*cohort.members, *chosen.members),
            attrition=(*cohort.attrition, *chosen.attrition),
            losses=(*cohort.losses, *chosen.losses),
        )
    return cohort


def _check_cut(population: StudyPopulation, data_cut: dt.date | None) -> None:
    """Raises MissingFactError when a rule counts back from the data cut and the run has none."""
    if data_cut is None and any(isinstance(rule, FollowedFor) for rule in population.include):
        raise MissingFactError(
            f"populations.{population.name}: followed_for counts back from the data cut; run the study with "
            "--data-cut DATE"
        )


def _members_of(cohort: Cohort, population: str) -> set[str]:
    return {row["patient_id"] for row in cohort.members if row["population"] == population}


def _candidates(cohort: Cohort, population: StudyPopulation, ground: PopulationGround) -> list[Row]:
    """Whoever has the index event: its day, the day time runs from, its row, and the first day at risk."""
    index = population.index
    plain = index.event == "first_cycle" and index.entry == "index" and not index.landmark
    if plain:
        treated = [row for row in cohort.members if row["population"] == TREATED]
        return [
            {**row, "base_date": row["index_date"], "index_table": CYCLES.name, "entry_days": 0.0} for row in treated
        ]
    if ground.data_cut is None:
        raise MissingFactError(
            f"populations.{population.name}: what came when is known up to a day; run the study with --data-cut DATE"
        )
    history = ground.protocol.history
    rules = CourseRules()
    basis = CourseBasis(ground.whole, ground.data_cut, rules, line_rules=history.lines, mcrpc_rules=history.mcrpc)
    found = derive_index_dates(basis, index)
    first = found.filter(found.ordinal == 1).order_by("patient_id")
    days = first.entry_date.delta(first.index_date, unit="day").cast("float64")
    rows: list[Row] = first.mutate(entry_days=days).to_pyarrow().to_pylist()
    return [row for row in rows if row["index_date"] <= ground.data_cut]


def _values(
    candidates: Iterable[Row], population: StudyPopulation, ground: PopulationGround
) -> dict[str, dict[str, Row]]:
    """Of each candidate the values that the rules ask for, as rows of ENDPOINT_VALUES."""
    names = dict.fromkeys(rule.of for rule in population.include if isinstance(rule, HasValue))
    if not names:
        return {}
    members = [
        {
            "patient_id": row["patient_id"],
            "population": population.name,
            "index_date": row["index_date"],
            "index_row": row["index_row"],
            "base_date": row["base_date"],
            "entry_days": None,
        }
        for row in candidates
    ]
    basis = Basis(ground.whole, ground.protocol, members, (), ground.data_cut)
    found: dict[str, dict[str, Row]] = defaultdict(dict)
    for name in names:
        for row in derive_values(basis, name):
            found[row["patient_id"]][name] = row
    return found
