"""Populations from an index date on: each rule leaves some and loses some for one reason, and both are told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field

from lutrace.core import Row
from lutrace.protocol import FollowedFor, HasValue, Inclusion, IndexBetween, NotIn, StudyPopulation

Values = Mapping[str, Row]
"""Rows of ENDPOINT_VALUES of one patient by endpoint."""


@dataclass(frozen=True)
class PopulationFacts:
    """What a population is chosen from.

    `screened` are the patients asked, with their row in `patients`; `candidates` of those with the index event
    `patient_id index_date index_row index_table base_date entry_days` (`entry_days` empty: never at risk); `values`
    their rows of ENDPOINT_VALUES; `labels` a reader's words for values; `set_label` whom the population continues;
    `others` who is in the populations declared before.
    """

    screened: Mapping[str, str]
    candidates: Mapping[str, Row]
    values: Mapping[str, Values]
    labels: Mapping[str, str]
    data_cut: dt.date | None = None
    set_label: str = ""
    others: Mapping[str, Set[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Selected:
    """Rows of COHORT_MEMBERS and ATTRITION, and of each lost patient the step, its reason and the evidence."""

    members: tuple[Row, ...]
    attrition: tuple[Row, ...]
    losses: tuple[Row, ...]


@dataclass(frozen=True)
class _Step:
    rule: str
    reason: str
    holds: Callable[[Row, Values], bool]
    value: str = ""


def select_population(population: StudyPopulation, facts: PopulationFacts) -> Selected:
    """The members of a population, the attrition from screening on, and whom each step lost with the evidence."""
    name, left = population.name, sorted(facts.screened)
    first = f"in the set of {facts.set_label}" if facts.set_label else "screened: all patients of the registry"
    attrition: list[Row] = [_row(name, 0, first, len(left), 0, None)]
    losses: list[Row] = []
    for number, step in enumerate(_steps(population, facts), start=1):
        kept = [one for one in left if _holds(step, one, facts)]
        lost = sorted(set(left) - set(kept))
        attrition.append(_row(name, number, step.rule, len(kept), len(lost), step.reason))
        losses += [_loss(name, number, step, one, facts) for one in lost]
        left = kept
    members = tuple(_member(name, one, facts.candidates[one]) for one in left)
    return Selected(members, tuple(attrition), tuple(losses))


def _holds(step: _Step, patient: str, facts: PopulationFacts) -> bool:
    candidate = facts.candidates.get(patient)
    return candidate is not None and step.holds(candidate, facts.values.get(patient, {}))


def _steps(population: StudyPopulation, facts: PopulationFacts) -> list[_Step]:
    event = describe_event(population)
    steps = [_Step(f"has {event}", f"no {event} on record", lambda candidate, values: True)]
    if population.index.entry != "index":
        entry = population.index.entry.replace("_", " ")
        steps.append(
            _Step(f"{entry} recorded: at risk from then on", f"no {entry} on record", lambda row, _: _enters(row))
        )
    return [*steps, *(_of_rule(rule, facts) for rule in population.include)]


def _enters(candidate: Row) -> bool:
    return candidate["entry_days"] is not None


def describe_event(population: StudyPopulation) -> str:
    """The event that time runs from, in words."""
    index = population.index
    match index.event:
        case "first_cycle":
            words = "first cycle with an agent of the study"
        case "mcrpc":
            words = "date of mCRPC"
        case "documented_stop":
            words = "documented end of radioligand therapy"
        case "next_line":
            words = f"next line {index.number} after radioligand therapy"
        case "eligible_lines":
            words = f"line begun after {' and '.join(index.after)}"
        case _:
            words = f"{index.event} {index.number}"
    return words + (f", {index.landmark:g} days before time zero" if index.landmark else "")


def _of_rule(rule: Inclusion, facts: PopulationFacts) -> _Step:
    match rule:
        case IndexBetween():
            words = rule.words("")
            return _Step(words, f"not {words}", lambda row, _: _between(row["index_date"], rule))
        case FollowedFor():
            words = rule.words("")
            return _Step(words, f"not {words}", lambda row, _: _is_old_enough(row["index_date"], rule, facts))
        case NotIn():
            words = rule.words(facts.labels.get(rule.population, rule.population))
            others = facts.others.get(rule.population, frozenset())
            return _Step(words, f"not so: {words}", lambda row, _: row["patient_id"] not in others)
        case HasValue():
            label = facts.labels.get(rule.of, rule.of)
            words = rule.words(label)
            return _Step(words, f"not so, or not known: {words}", lambda _, values: _fits(rule, values), rule.of)


def _between(day: dt.date, rule: IndexBetween) -> bool:
    return (rule.first is None or day >= rule.first) and (rule.last is None or day <= rule.last)


def _is_old_enough(day: dt.date, rule: FollowedFor, facts: PopulationFacts) -> bool:
    return facts.data_cut is not None and (facts.data_cut - day).days >= rule.days


def _fits(rule: HasValue, values: Values) -> bool:
    row = values.get(rule.of)
    if row is None or row["reason"] is not None:
        return False
    if rule.one_of:
        return row["category"] in rule.one_of
    if rule.at_least is None and rule.at_most is None:
        return True
    value = row["value"]
    above = value is not None and (rule.at_least is None or value >= rule.at_least)
    return above and (rule.at_most is None or value <= rule.at_most)


def _row(population: str, step: int, rule: str, n: int, excluded: int, reason: str | None) -> Row:
    return {"population": population, "step": step, "rule": rule, "n": n, "excluded": excluded, "reason": reason}


def _loss(population: str, number: int, step: _Step, patient: str, facts: PopulationFacts) -> Row:
    """The evidence of a loss: the value that decided, else the index event, else the patient."""
    value = facts.values.get(patient, {}).get(step.value, {})
    candidate = facts.candidates.get(patient)
    table, row = "patients", facts.screened[patient]
    if candidate is not None:
        table, row = candidate["index_table"], candidate["index_row"]
    if value.get("source_row") is not None:
        table, row = value["source_table"], value["source_row"]
    return {
        "patient_id": patient,
        "population": population,
        "step": number,
        "reason": step.reason,
        "source_table": table,
        "source_row": row,
    }


def _member(population: str, patient: str, candidate: Row) -> Row:
    return {
        "patient_id": patient,
        "population": population,
        "index_date": candidate["index_date"],
        "index_row": candidate["index_row"],
        "base_date": candidate["base_date"],
        "entry_days": candidate["entry_days"] or None,
    }
