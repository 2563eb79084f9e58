"""The switches of `lutrace psa`: one for each ambiguity of the criteria, set by name, varied one at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lutrace.core import FrozenModel, ProtocolError, UnusableInputError, format_yaml, parse_document
from lutrace.protocol import PsaProgression, PsaRules
from lutrace.terms import psa_thresholds


class PsaChoices(FrozenModel):
    """All choices of one evaluation: values, baseline, response and doubling time; progression."""

    psa: PsaRules = PsaRules()
    progression: PsaProgression = PsaProgression()


@dataclass(frozen=True)
class Switch:
    """A choice by its short name: where it stands, the other values that `--flips` tries, and what it decides."""

    name: str
    place: tuple[str, ...]
    others: tuple[str, ...]
    decides: str


SWITCHES: tuple[Switch, ...] = (
    Switch("decline_gate", ("progression", "decline_gate"), ("84 days",), "whether the 12 weeks gate the decline case"),
    Switch("no_decline_gate", ("progression", "no_decline_gate"), ("0 days",), "until when early rises do not count"),
    Switch("confirm_no_decline", ("progression", "confirm_no_decline"), ("true",), "second value without a decline"),
    Switch("second_value", ("progression", "second_value"), ("rises",), "what the second value must show"),
    Switch("confirmation", ("progression", "confirmation"), ("unbroken", "none"), "which later value confirms"),
    Switch("confirmation_gap", ("progression", "confirmation_gap"), ("18 days", "28 days"), "least days to the second"),
    Switch("unconfirmed", ("progression", "unconfirmed"), ("event", "event_at_stop"), "a rise that nothing follows"),
    Switch("below_limit", ("psa", "values", "below_limit"), ("half", "zero"), "what <x counts as"),
    Switch("same_day", ("psa", "values", "same_day"), ("mean", "last"), "several values of one day"),
    Switch("minimum_baseline", ("progression", "minimum_baseline"), ("2 ng/mL",), "least baseline for progression"),
    Switch("assay", ("psa", "values", "assay"), ("baseline",), "values of another assay"),
    Switch("strict", ("progression", "strict"), ("true",), "above instead of at least"),
    Switch("rise", ("progression", "rise"), (), "percent above nadir or baseline"),
    Switch("rise_absolute", ("progression", "rise_absolute"), (), "ng/mL above nadir or baseline"),
    Switch("baseline", ("psa", "baseline", "method"), ("mean", "max"), "which of the values before the index"),
    Switch("baseline_window", ("psa", "baseline", "window"), ("14 days",), "how old a baseline may be"),
    Switch("baseline_fallback", ("psa", "baseline", "fallback"), ("28 days",), "how old a flagged baseline may be"),
    Switch("response_gap", ("psa", "response_confirmation"), ("28 days",), "least days to the second low value"),
    Switch("week12_window", ("psa", "week12_window"), (), "days around day 84"),
    Switch("psadt_window", ("psa", "doubling", "window"), (), "values of the doubling time"),
    Switch("psadt_method", ("psa", "doubling", "method"), (), "slope of all values, or first and last"),
    Switch("psadt_convention", ("psa", "doubling", "convention"), (), "what the doubling time asks for"),
)
"""Every switch; the first twelve are the ambiguities of PCWG3, in the order of the method page."""


def choose(given: Sequence[str], criteria: str = "pcwg3") -> PsaChoices:
    """The choices with each `name=value` of `given` set.

    Raises UnusableInputError for an unknown switch, a value that it does not take, and criteria that are not
    transcribed.
    """
    psa_thresholds(criteria)
    choices = PsaChoices()
    for one in given:
        name, mark, value = (part.strip() for part in one.partition("="))
        if not mark or name not in names():
            raise UnusableInputError(f"--switch: expected name=value with one of {', '.join(names())}, got {one!r}")
        choices = with_value(choices, next(switch for switch in SWITCHES if switch.name == name), value)
    return choices


def names() -> tuple[str, ...]:
    """The short names of all switches."""
    return tuple(switch.name for switch in SWITCHES)


def with_value(choices: PsaChoices, switch: Switch, value: str) -> PsaChoices:
    """The choices with one switch set. Raises UnusableInputError for a value that it does not take."""
    document = choices.model_dump(mode="json")
    part = document
    for key in switch.place[:-1]:
        part = part[key]
    part[switch.place[-1]] = value
    try:
        return parse_document(format_yaml(document), "--switch", PsaChoices)
    except ProtocolError as error:
        said = re.sub(r"--switch, line \d+, [\w.]+: ", "", str(error))
        raise UnusableInputError(f"--switch {switch.name}: {said}") from error


def value_of(choices: PsaChoices, switch: Switch) -> str:
    """The value of a switch as it would be written."""
    part = choices.model_dump(mode="json")
    for key in switch.place:
        part = part[key]
    return str(part).lower() if isinstance(part, bool) else str(part)


def variants(choices: PsaChoices) -> Iterator[tuple[Switch, str, PsaChoices]]:
    """Each switch set to each of its other values, all else as chosen."""
    for switch in SWITCHES:
        for value in switch.others:
            if value != value_of(choices, switch):
                yield switch, value, with_value(choices, switch, value)
