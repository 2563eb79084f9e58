"""Patients of two runs beside each other: who entered, who left, whose values changed.

A study number (S001) is the place of a patient in one report and shifts when another enters. It is not made stable: a
number that stays from report to report would let anyone who holds two of them follow a person. The rows of the registry
behind the values are the same in both runs, and tell who is who.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lutrace.core import Row, read_rows

_EVIDENCE = "evidence.csv"
_COHORT, _LEFT_OUT = "cohort", "attrition:"
_PART = ", "
"""Between a population and the outcome whose set of patients is meant."""
_VALUES = ("value", "category", "event", "days", "reason")
Place = tuple[str, str]


@dataclass(frozen=True)
class RunPersons:
    """The rows of persons of a run, by study number and by population and endpoint."""

    by_patient: Mapping[str, Mapping[Place, tuple[Row, ...]]]

    def count_reasons(self) -> Counter[tuple[str, str, str]]:
        """How many patients have no value, by population, endpoint and reason."""
        found: Counter[tuple[str, str, str]] = Counter()
        for places in self.by_patient.values():
            for (population, endpoint), rows in places.items():
                if not endpoint.startswith(_LEFT_OUT):
                    found.update({(population, endpoint, row["reason"]) for row in rows if row["reason"]})
        return found


def read_persons(out: Path) -> RunPersons | None:
    """The rows of persons in a run's folder; None when it holds none (small counts hidden)."""
    path = out / _EVIDENCE
    if not path.is_file():
        return None
    found: dict[str, dict[Place, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in read_rows(path):
        found[str(row["patient"])][str(row["population"]), str(row["endpoint"])].append(row)
    return RunPersons(
        {patient: {place: tuple(rows) for place, rows in places.items()} for patient, places in found.items()}
    )


def compare_persons(before: RunPersons, after: RunPersons) -> tuple[Row, ...]:
    """A row per patient that entered or left a population, and per value that changed; by their study numbers."""
    known = _match(before, after)
    back = {new: old for old, new in known.items()}
    rows: list[Row] = []
    for new in sorted(after.by_patient):
        rows += _of_patient(back.get(new), new, before, after)
    for old in sorted(set(before.by_patient) - set(known)):
        rows += _of_patient(old, None, before, after)
    return tuple(sorted(rows, key=lambda row: (row["change"], row["population"], row["endpoint"])))


def _match(before: RunPersons, after: RunPersons) -> dict[str, str]:
    """The study number in the second run of each patient of the first, by the rows of the registry that they share."""
    owners = _owners(after)
    known: dict[str, str] = {}
    for patient, sources in sorted(_sources_of(before).items()):
        votes = Counter(owners[source] for source in sources if source in owners)
        if votes:
            best, _ = max(votes.items(), key=lambda vote: (vote[1], vote[0]))
            known[patient] = best
    return known


def _owners(persons: RunPersons) -> dict[str, str]:
    """By source row the one patient whose it is; rows of several patients tell nobody apart."""
    found: dict[str, set[str]] = defaultdict(set)
    for patient, sources in _sources_of(persons).items():
        for source in sources:
            found[source].add(patient)
    return {source: patients.pop() for source, patients in found.items() if len(patients) == 1}


def _sources_of(persons: RunPersons) -> dict[str, set[str]]:
    return {
        patient: {str(row["source_row"]) for rows in places.values() for row in rows if row["source_row"]}
        for patient, places in persons.by_patient.items()
    }


def _of_patient(old: str | None, new: str | None, before: RunPersons, after: RunPersons) -> Iterator[Row]:
    one = before.by_patient[old] if old is not None else {}
    other = after.by_patient[new] if new is not None else {}
    base = {"patient_old": old, "patient_new": new}
    populations = {population for population, endpoint in {*one, *other} if endpoint == _COHORT}
    moved = {name for name in populations if ((name, _COHORT) in one) != ((name, _COHORT) in other)}
    for population in sorted(populations):
        was, now = (population, _COHORT) in one, (population, _COHORT) in other
        whole = population.partition(_PART)[0]
        if was != now and (whole == population or whole not in moved):
            why = _why_left(other if was else one, population)
            texts = {"old": "in" if was else why, "new": "in" if now else why}
            yield {**base, "change": "entered" if now else "left", "population": population, "endpoint": "", **texts}
    for place in sorted({*one, *other}):
        population, endpoint = place
        if endpoint == _COHORT or endpoint.startswith(_LEFT_OUT) or place not in one or place not in other:
            continue
        told, tells = _told(one[place]), _told(other[place])
        if told != tells:
            yield {**base, "change": "value", "population": population, "endpoint": endpoint, "old": told, "new": tells}


def _why_left(places: Mapping[Place, tuple[Row, ...]], population: str) -> str:
    """Why a patient is not in a population of a run, as its selection says."""
    for (of, endpoint), rows in sorted(places.items()):
        if of == population and endpoint.startswith(_LEFT_OUT):
            return f"left out: {rows[0]['reason'] or rows[0]['rule']}"
    return "not in this run"


def _told(rows: tuple[Row, ...]) -> str:
    """The values of a patient at a place, as text: value and unit, class, event, days, reason."""
    texts = []
    for row in rows:
        said = [f"{name} {row[name]}" for name in _VALUES if row[name] not in (None, "")]
        texts.append(", ".join(said))
    return "; ".join(sorted(texts))
