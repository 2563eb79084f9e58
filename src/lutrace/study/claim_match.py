"""Which number of a run a claim of a text means: by its kind, by what both speak of, by the group that it is of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lutrace.prose import Claim, find_concepts, find_stems, words_of
from lutrace.terms import concepts

_MEASURES: Mapping[str, frozenset[str]] = {
    "share": frozenset({"proportion", "count", "attrition"}),
    "percentage": frozenset({"proportion", "count"}),
    "count": frozenset({"proportion", "count", "attrition"}),
    "median": frozenset({"median", "median_iqr"}),
    "mean": frozenset({"mean_sd"}),
    "difference": frozenset({"difference", "mean_difference", "coefficient"}),
    "risk_ratio": frozenset({"risk_ratio", "rate_ratio"}),
    "rate": frozenset({"proportion", "survival", "cumulative_incidence"}),
}
"""By role the measures of a run that can be it; a role that is not here is the measure of its own name."""
_SHARED, _STEM, _UNSAID, _GROUP = 2.0, 0.15, 1.0, 3.0
_LEAST = 1.5
_STRANGE, _MOST_STRANGE = 0.05, 6
"""A word of the key that the sentence does not have takes a little away."""
_WITH_LEVEL = 3
"""Parts of a key after its table, without its form, of a count of one class: population, variable, class."""
_SAME = 0.4
_NOT_COMPARED = ("specification", "share_of_specifications", "missing", "cell")
_FORMS = ("adjusted", "unadjusted", "count", "median_iqr")
"""Parts of keys that say how a number is given, not what it is of."""


@dataclass(frozen=True)
class Number:
    """One number of `results.json` with what it speaks of; `level` are the words of the class that it counts."""

    key: str
    measure: str
    values: Mapping[str, Any]
    concepts: frozenset[str]
    stems: frozenset[str]
    level: frozenset[str] = frozenset()

    @property
    def n(self) -> int | None:
        """The patients with it, where it is a share or a count."""
        found = self.values.get("events") if self.measure == "proportion" else self.values.get("value")
        return round(found) if isinstance(found, int | float) and self.measure != "median_iqr" else None

    @property
    def population(self) -> str:
        """The population of the key."""
        return self.key.split("/")[1]

    @property
    def total(self) -> int | None:
        """Of how many it is."""
        found = self.values.get("n")
        return found if isinstance(found, int) else None


@dataclass(frozen=True)
class Match:
    """The numbers that a claim can mean, the likeliest first; `by_order` says that the order of words decided."""

    candidates: tuple[Number, ...]
    by_order: str = ""


def read_numbers(results: Mapping[str, Any]) -> tuple[Number, ...]:
    """The numbers of a run's results, each with the concepts and words of its key, in the study's own labels."""
    labels = results.get("labels", {})
    found: list[Number] = []
    for key, values in results["numbers"].items():
        measure = _measure_of(key, values)
        if values.get("value") is None or measure in _NOT_COMPARED:
            continue
        head, *parts = (part for part in key.split("/") if part not in _FORMS)
        if measure == "median" and find_concepts(_words_of(parts[-1:], labels)):
            del parts[1]  # of follow-up the outcome whose deaths end it says nothing
        text = _words_of([*parts, str(values.get("rule") or "")], labels)
        said = {name for name, _ in find_concepts(text)}
        if not said - set(concepts().silent):
            text = f"{_words_of([head], labels)}. {text}"
            said = {name for name, _ in find_concepts(text)}
        if (values.get("adjusted_for") or "none") != "none":
            said.add("adjusted")
        elif measure == "hazard_ratio":
            said.add("unadjusted")
        if measure in concepts().concepts:
            said.add(measure)
        found.append(Number(key, measure, values, frozenset(said), find_stems(text), _level_of(parts, labels)))
    return tuple(found)


def match_claim(claim: Claim, numbers: Sequence[Number], siblings: Sequence[Claim], population: str = "") -> Match:
    """The numbers of the run that a claim can mean. `siblings` are the claims beside it, of its role, in order.

    `population` is that of the number whose brackets it stands in. The value is not looked at: what is compared must
    not choose what it is compared with.
    """
    if claim.role == "group_size":
        return Match(_last_steps(numbers))
    wanted = _MEASURES.get(claim.role, frozenset({claim.role}))
    said = _said_of(claim)
    stems = find_stems(claim.context)
    fitting = [one for one in numbers if one.measure in wanted and population in ("", one.population)]
    scored = [(_score(claim, number, said, stems), number) for number in fitting]
    best = max((score for score, _ in scored), default=0.0)
    if best < _LEAST:
        return Match(())
    near = tuple(number for score, number in scored if score >= best - _SAME)
    if len(near) > 1 and len(siblings) > 1:
        return _by_order(claim, near, siblings)
    return Match(near)


def _last_steps(numbers: Sequence[Number]) -> tuple[Number, ...]:
    """The last step of the attrition of each population: who was analysed."""
    last = {one.population: one for one in numbers if one.measure == "attrition" and ", " not in one.population}
    return tuple(last.values())


def _words_of(parts: Sequence[str], labels: Mapping[str, str]) -> str:
    """The names of a key and their labels, as text."""
    spoken = [word for part in parts for word in (part.replace("_", " "), labels.get(part, "")) if word]
    return ". ".join(dict.fromkeys(spoken))


def _level_of(parts: Sequence[str], labels: Mapping[str, str]) -> frozenset[str]:
    """The stems of the class that a count of a table is of; empty for a number without classes."""
    return frozenset(words_of(_words_of(parts[2:], labels))) if len(parts) == _WITH_LEVEL else frozenset()


def _said_of(claim: Claim) -> frozenset[str]:
    """What a claim speaks of: all of its sentence, but of things that exclude each other those of its own clause."""
    said = {name for name, _ in find_concepts(claim.context)}
    near = {name for name, _ in find_concepts(claim.focus)}
    for group in concepts().one_of:
        if near & set(group):
            said -= set(group) - near
    return frozenset(said | near)


def _score(claim: Claim, number: Number, said: frozenset[str], stems: frozenset[str]) -> float:
    silent = frozenset(concepts().silent)
    shared = said & number.concepts
    if not shared - silent:
        return 0.0
    others = {name for group in concepts().one_of if said & set(group) for name in group}
    unsaid = (number.concepts - said) - (silent - others)
    score = _SHARED * len(shared) - _UNSAID * len(unsaid) + _STEM * min(len(stems & number.stems), 3)
    score -= _STRANGE * min(len(number.stems - stems), _MOST_STRANGE)
    if number.measure == "count" and number.level and not number.level & set(words_of(claim.context)):
        score -= _UNSAID
    if claim.total is not None and number.total is not None:
        score += _GROUP if int(claim.total.value) == number.total else -_UNSAID
    return score


def _by_order(claim: Claim, near: tuple[Number, ...], siblings: Sequence[Claim]) -> Match:
    """`PFS and OS (1.3 and 2.26)`: the candidates that speak of what is named in the place of the claim."""
    place = [one.place for one in siblings].index(claim.place)
    everywhere = frozenset.intersection(*(one.concepts for one in near))
    for group in concepts().one_of:
        named = list(dict.fromkeys(name for name, _ in find_concepts(claim.context) if name in group))
        differing = [name for name in named if name not in everywhere and any(name in one.concepts for one in near)]
        if len(differing) == len(siblings):
            left = tuple(one for one in near if differing[place] in one.concepts)
            words = ", ".join(name.replace("_", " ") for name in differing)
            return Match(left, f"by the order of mention ({words})")
    return Match(near)


def _measure_of(key: str, values: Mapping[str, Any]) -> str:
    if key.startswith("attrition/"):
        return "attrition"
    named = values.get("measure")
    if named is not None:
        return str(named)
    return str(values.get("statistic", "cell"))
