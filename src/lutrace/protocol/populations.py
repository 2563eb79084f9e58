"""Who is studied from which day on, where no SPECT defines it: an index date, and rules of inclusion in their order."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from lutrace.core import Days, Field, FrozenModel, field_validator, model_validator
from lutrace.protocol.selection import Landmark
from lutrace.protocol.survival import IndexRule

TREATED_NAME = "treated"
"""The population that every study has: all who had a first cycle with an agent of the study."""


_STARTS = {
    "first_cycle": "the first cycle",
    "mcrpc": "mCRPC",
    "documented_stop": "the end of therapy",
    "next_line": "the next line",
    "eligible_lines": "the begin of the line",
}


class HasValue(FrozenModel):
    """Keeps patients whose value `of` (built in, or declared under `values`) is known and fits.

    Without a bound, being known is enough. `at_least`, `at_most`: bounds of a number, both included. `one_of`: the
    classes that stay (a site, an ECOG status), for a value that has classes.
    """

    rule: Literal["value"]
    of: str
    at_least: float | None = None
    at_most: float | None = None
    one_of: tuple[str, ...] = ()
    in_words: str = ""

    @model_validator(mode="after")
    def _asks_one_thing(self) -> HasValue:
        if self.one_of and (self.at_least is not None or self.at_most is not None):
            raise ValueError("expected bounds (at_least, at_most) or classes (one_of), not both")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(f"expected at_least up to at_most, got {self.at_least:g} and {self.at_most:g}")
        return self

    def words(self, label: str) -> str:
        """The rule as a reader says it; `label` is the value's own."""
        if self.in_words:
            return self.in_words
        if self.one_of:
            return f"{label}: {' or '.join(self.one_of)}"
        bounds = [f"at least {self.at_least:g}"] if self.at_least is not None else []
        bounds += [f"at most {self.at_most:g}"] if self.at_most is not None else []
        return f"{label} {' and '.join(bounds) or 'known'}"


class IndexBetween(FrozenModel):
    """Keeps patients whose index date lies between two days, both included; either may be left open."""

    rule: Literal["index_between"]
    first: dt.date | None = None
    last: dt.date | None = None
    in_words: str = ""

    @model_validator(mode="after")
    def _is_a_span(self) -> IndexBetween:
        if self.first is None and self.last is None:
            raise ValueError("expected a first day, a last day, or both, as 2022-01-01")
        if self.first is not None and self.last is not None and self.first > self.last:
            raise ValueError(f"expected a first day up to the last, got {self.first} and {self.last}")
        return self

    def words(self, label: str) -> str:
        """The rule as a reader says it."""
        if self.in_words:
            return self.in_words
        since = [f"from {self.first}"] if self.first is not None else []
        until = [f"up to {self.last}"] if self.last is not None else []
        return f"index date {' '.join([*since, *until])}"


class FollowedFor(FrozenModel):
    """Keeps patients whose index date lies at least `days` before the data cut, whatever became of them."""

    rule: Literal["followed_for"]
    days: Days = Field(gt=0)
    in_words: str = ""

    def words(self, label: str) -> str:
        """The rule as a reader says it."""
        return self.in_words or f"index date at least {self.days:g} days before the data cut"


class NotIn(FrozenModel):
    """Keeps patients who are not in a population declared before, so that nobody stands in both."""

    rule: Literal["not_in"]
    population: str
    in_words: str = ""

    def words(self, label: str) -> str:
        """The rule as a reader says it; `label` is the population's own."""
        return self.in_words or f"not among: {label}"


Inclusion = HasValue | IndexBetween | FollowedFor | NotIn


class StudyPopulation(FrozenModel):
    """Patients from an index date on; each rule of `include` is a step of the attrition, in this order.

    `within` names a population or landmark declared before whose patients alone are asked. One index date per patient:
    of several eligible lines the first (`take: first`); all of them are told by `derived: survival_times`.
    Baselines (PSA, questionnaires) are those before the index date.
    """

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    label: str
    index: IndexRule
    include: tuple[Annotated[Inclusion, Field(discriminator="rule")], ...] = ()
    within: str | None = None

    @field_validator("name")
    @classmethod
    def _is_not_taken(cls, name: str) -> str:
        if name == TREATED_NAME:
            raise ValueError(f"expected another name than {TREATED_NAME}, which every study has")
        return name

    @field_validator("index")
    @classmethod
    def _is_one_date(cls, index: Any) -> Any:
        if index.event == "eligible_lines" and index.take == "all":
            raise ValueError("expected take: first, for a population has one index date per patient")
        return index

    @property
    def origin(self) -> Literal["index"]:
        """What time runs from, in the words of a landmark."""
        return "index"

    @property
    def start(self) -> str:
        """The event that time runs from, as the axis of a figure says it."""
        days = f" and {self.index.landmark:g} days" if self.index.landmark else ""
        numbered = f"{self.index.event.replace('_', ' ')} {self.index.number}"
        return _STARTS.get(self.index.event, numbered) + days

    @property
    def cycle(self) -> int:
        """The cycle whose SPECT it needs: none."""
        return 0


TimeZero = Landmark | StudyPopulation
"""A set of patients with the day from which time runs."""
