"""The same hazard ratio under other defensible decisions: named choices, each option a patch of the study."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

from lutrace.core import Field, FrozenModel, ProtocolError, field_validator

MOST_SPECIFICATIONS = 256
"""Combinations that one curve may have: each is a run of its own."""


class Option(FrozenModel):
    """One way to decide. `change` says what differs from the study as written, by place: `measures.plan: suv4`.

    A place is the keys from the top, items of a list by their name: `endpoints.psa_pfs.progression.no_decline_gate`.
    An option that changes nothing is the study as it is written.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    label: str = ""
    change: dict[str, Any] = Field(default_factory=dict)


class Choice(FrozenModel):
    """A decision that could be taken otherwise, with its options: exactly one is what the study does."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$")
    label: str
    options: tuple[Option, ...] = Field(min_length=2)

    @field_validator("options")
    @classmethod
    def _one_is_the_study(cls, options: tuple[Option, ...]) -> tuple[Option, ...]:
        names = [one.name for one in options]
        if len(set(names)) < len(names):
            raise ValueError(f"expected options of different names, got {', '.join(names)}")
        unchanged = [one.name for one in options if not one.change]
        if len(unchanged) != 1:
            raise ValueError(
                "expected exactly one option without a change, which is the study as it is written, got "
                f"{', '.join(unchanged) or 'none'}"
            )
        return options


class SpecificationCurve(FrozenModel):
    """One hazard ratio of a Cox analysis under every combination of the choices."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$")
    label: str
    analysis: str
    population: str
    endpoint: str
    term: str
    adjusted: bool = True
    choices: tuple[Choice, ...] = Field(min_length=1)

    @field_validator("choices")
    @classmethod
    def _can_all_be_run(cls, choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
        n = math.prod(len(one.options) for one in choices)
        if n > MOST_SPECIFICATIONS:
            raise ValueError(f"expected at most {MOST_SPECIFICATIONS} combinations of options, got {n}")
        if len({one.name for one in choices}) < len(choices):
            raise ValueError("expected choices of different names")
        return choices

    def combinations(self) -> list[tuple[Option, ...]]:
        """Every combination of one option per choice, in the order of the choices."""
        return list(itertools.product(*(choice.options for choice in self.choices)))


def name_specification(curve: SpecificationCurve, options: tuple[Option, ...]) -> str:
    """The options of a specification by name: `plan=suv3, gate=none`."""
    return ", ".join(f"{choice.name}={option.name}" for choice, option in zip(curve.choices, options, strict=True))


def describe_specification(curve: SpecificationCurve, options: tuple[Option, ...]) -> str:
    """The options of a specification in a reader's words."""
    named = zip(curve.choices, options, strict=True)
    return ", ".join(f"{choice.label}: {option.label or option.name}" for choice, option in named)


def patch_document(document: dict[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """The plain data of a study with the values at some places replaced.

    Raises ProtocolError for a place that the study has not.
    """
    for place, value in change.items():
        document = _replaced(document, place.split("."), value, place)
    return document


def _replaced(node: Any, keys: list[str], value: Any, place: str) -> Any:
    if not keys:
        return value
    key, rest = keys[0], keys[1:]
    if isinstance(node, list):
        names = [item.get("name") for item in node if isinstance(item, dict)]
        if key not in names:
            raise ProtocolError(_unknown(place, key, names))
        return [
            _replaced(item, rest, value, place) if isinstance(item, dict) and item.get("name") == key else item
            for item in node
        ]
    if not isinstance(node, dict) or key not in node:
        raise ProtocolError(_unknown(place, key, list(node) if isinstance(node, dict) else []))
    return {**node, key: _replaced(node[key], rest, value, place)}


def _unknown(place: str, key: str, known: list[Any]) -> str:
    return f"change {place}: the study has no {key} there; expected one of {', '.join(map(str, known)) or 'nothing'}"
