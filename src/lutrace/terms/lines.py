"""What lines of therapy are made of: classes, drugs that replace each other, castrating drugs, codes of cycles."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal

from lutrace.core import FrozenModel, UnusableInputError, read_document
from lutrace.terms.drugs import CodeSystem, drug_named


class LineClass(FrozenModel):
    """One class of drugs that defines a line; see the head of the data file for each fact."""

    name: str
    exclusive: bool
    open_end: Literal["dose", "ongoing"]
    longest_interval_days: int


class AgentGroup(FrozenModel):
    """Drugs that are one treatment."""

    name: str
    kind: Literal["substitution", "tandem"]
    agents: tuple[str, ...]


class OneAgent(FrozenModel):
    """A drug and its partners that count as one."""

    agent: str
    partners: tuple[str, ...]


class Castrating(FrozenModel):
    """A drug that makes castrate, and how many days a dose without a recorded end acts."""

    agent: str
    depot_days: int


class ResistantOnly(FrozenModel):
    """Drugs and classes that are given in castration-resistant disease only."""

    agents: tuple[str, ...]
    classes: tuple[str, ...]


class CycleCode(FrozenModel):
    """A code of radioligand therapy, the agent that it means, and the years in which it means that."""

    system: CodeSystem
    code: str
    agent: str
    valid_from: int | None = None
    valid_to: int | None = None
    read: str


class LineVocabulary(FrozenModel):
    """All that the data file states."""

    version: str
    classes: tuple[LineClass, ...]
    groups: tuple[AgentGroup, ...]
    one_agent: tuple[OneAgent, ...]
    castrating: tuple[Castrating, ...]
    castrating_operations: tuple[str, ...]
    resistant_only: ResistantOnly
    abbreviations: dict[str, tuple[str, ...]]
    cycle_codes: tuple[CycleCode, ...]


@functools.cache
def line_vocabulary() -> LineVocabulary:
    """The vocabulary of lines. Raises UnusableInputError when it names a drug that the drugs do not have."""
    found = read_document(Path(__file__).parent / "data" / "lines.yaml", LineVocabulary)
    named = [agent for group in found.groups for agent in group.agents]
    named += [name for pair in found.one_agent for name in (pair.agent, *pair.partners)]
    named += [item.agent for item in found.castrating]
    named += [*found.resistant_only.agents, *found.castrating_operations, *found.abbreviations]
    named += [code.agent for code in found.cycle_codes]
    unknown = sorted({name for name in named if drug_named(name) is None})
    if unknown:
        raise UnusableInputError(f"lines.yaml names drugs that drugs.yaml does not have: {', '.join(unknown)}")
    return found


def cycle_agent_of(system: CodeSystem, code: str, year: int) -> tuple[str | None, str | None]:
    """The agent that a code of radioligand therapy means in a year, and why it is doubted; Nones when it is none.

    >>> cycle_agent_of("ops", "8-530.d0", 2021)
    ('lu177_psma_other', None)
    >>> cycle_agent_of("ops", "8-530.d0", 2017)[1]
    'code 8-530.d0 is valid from 2019, the record is of 2017'
    """
    known = [item for item in line_vocabulary().cycle_codes if item.system == system and item.code == code]
    if not known:
        if system == "ops" and code.startswith("8-530.d"):
            return None, f"code {code} belongs to radioligand therapy; its meaning was not read in any year"
        return None, None
    item = known[0]
    if item.valid_from is None:
        return item.agent, f"the years of code {code} were not read" if system == "ops" else None
    if year < item.valid_from or (item.valid_to is not None and year > item.valid_to):
        until = f" to {item.valid_to}" if item.valid_to is not None else ""
        return item.agent, f"code {code} is valid from {item.valid_from}{until}, the record is of {year}"
    return item.agent, None
