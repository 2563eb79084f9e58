"""The document of a virtual centre: every number that its patients are drawn from, with its source, and its targets."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import fields, replace
from importlib import resources
from typing import Literal, TypeVar

from lutrace.core import Field, FrozenModel, UnusableInputError, read_document
from lutrace.virtual.parameters import CohortParameters

Model = TypeVar("Model", bound=FrozenModel)
CENTRES: dict[str, tuple[str, ...]] = {
    "baseline-pet-toxicity": ("baseline-pet-toxicity",),
    "psa-kinetics": ("psa-kinetics",),
    "after-rlt": ("after-rlt",),
    "real-world-survival": ("real-world-rlt", "real-world-comparator"),
}
"""The shipped studies that need no images, and the documents of the centres that are made for each."""


class Parameter(FrozenModel):
    """One number or several, their unit, and where they are from: a key of `sources`, `derived`, or `chosen` here."""

    value: float | tuple[float, ...]
    unit: str = "1"
    source: str
    note: str = ""


class Target(FrozenModel):
    """What the patients must show: a measure by its name, the number, and how far off it may be.

    gate: `relative` (share of the number), `absolute`, or `range` (between `value` and `upper`). `not_met` says why a
    number that was published or derived is not met, where that is known.
    """

    measure: str
    label: str
    value: float
    upper: float | None = None
    gate: Literal["relative", "absolute", "range"] = "relative"
    within: float = 0.10
    source: str
    not_met: str = ""

    def holds(self, made: float) -> bool:
        """Whether a number that was made meets the target."""
        if self.gate == "range":
            return self.value <= made <= (self.upper if self.upper is not None else self.value)
        allowed = self.within * (abs(self.value) if self.gate == "relative" else 1.0)
        return abs(made - self.value) <= allowed


class CentreDocument(FrozenModel):
    """One virtual centre. `cohort` changes the model of treated patients (`CohortParameters`) by the names there.

    `shares` names the numbers that it has in common with others.
    """

    name: str
    study: str
    label: str
    prefix: str = Field(pattern=r"^[A-Z][A-Z0-9]*$")
    patients: int = Field(ge=1)
    data_cut: dt.date
    shares: str | None = None
    sources: dict[str, str]
    cohort: dict[str, Parameter] = Field(default_factory=dict)
    parameters: dict[str, Parameter]
    targets: tuple[Target, ...]

    def number(self, name: str) -> float:
        """The parameter of that name, which is one number."""
        value = self._parameter(name).value
        if isinstance(value, tuple):
            raise UnusableInputError(f"{self.name}: {name} must be one number, got {len(value)}")
        return value

    def numbers(self, name: str) -> tuple[float, ...]:
        """The parameter of that name, which is several numbers."""
        value = self._parameter(name).value
        return value if isinstance(value, tuple) else (value,)

    def pair(self, name: str) -> tuple[float, float]:
        """The parameter of that name, which is two numbers."""
        first, second = self.numbers(name)
        return first, second

    def _parameter(self, name: str) -> Parameter:
        if name not in self.parameters:
            raise UnusableInputError(f"{self.name}: the document has no parameter {name}; add it with its source")
        return self.parameters[name]

    def cohort_parameters(self) -> CohortParameters:
        """The parameters of the treated patients' model, with what this centre changes."""
        known = {item.name for item in fields(CohortParameters)}
        unknown = sorted(set(self.cohort) - known)
        if unknown:
            raise UnusableInputError(f"{self.name}: cohort has no {', '.join(unknown)}; see CohortParameters")
        return replace(CohortParameters(), **{name: one.value for name, one in self.cohort.items()})  # type: ignore[arg-type]

    def without_source(self) -> tuple[str, ...]:
        """Parameters and targets whose source is neither a key of `sources` nor said to be derived or chosen."""
        allowed = {*self.sources, "derived", "chosen"}
        stated = [(name, one.source) for name, one in (*self.cohort.items(), *self.parameters.items())]
        stated += [(one.measure, one.source) for one in self.targets]
        return tuple(name for name, source in stated if source not in allowed)


class _Shared(FrozenModel):
    sources: dict[str, str]
    parameters: dict[str, Parameter]


@functools.cache
def read_centre(name: str) -> CentreDocument:
    """The document of that name, as shipped, with what it shares. Raises ProtocolError with the line of a fault."""
    centre = _read(name, CentreDocument)
    if centre.shares is None:
        return centre
    shared = _read(centre.shares, _Shared)
    return centre.model_copy(
        update={
            "sources": {**shared.sources, **centre.sources},
            "parameters": {**shared.parameters, **centre.parameters},
        }
    )


def _read(name: str, model: type[Model]) -> Model:
    place = resources.files("lutrace.virtual").joinpath("cohorts", "centres", f"{name}.yaml")
    with resources.as_file(place) as path:
        return read_document(path, model)


def centres_of(study: str) -> tuple[CentreDocument, ...]:
    """The centres of a shipped study. Raises UnusableInputError for a study that has none as tables."""
    if study not in CENTRES:
        raise UnusableInputError(
            f"study: expected one of {', '.join(CENTRES)}, got {study!r}; "
            "the study of SPECT needs images, which make_centre makes"
        )
    return tuple(read_centre(name) for name in CENTRES[study])
