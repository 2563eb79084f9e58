"""What each component of uptake probably is, with a probability and the reasons: a first guess for a reviewer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lutrace.core import ContradictionError
from lutrace.imaging import BoolArray, Components, Mask, Volume
from lutrace.terms import uptake_identities

UNCERTAIN = "uncertain"


@dataclass(frozen=True)
class Identity:
    """What one component is taken for.

    `identity` is one of `terms.uptake_identities()`, `uncertain` when none is probable enough; `probability` is that of
    the identity, or of the best rival where it is uncertain. `rivals` are the other identities and their
    probabilities, the most probable first; `reasons` say in words what spoke for it.
    """

    component: int
    identity: str
    probability: float
    rivals: tuple[tuple[str, float], ...]
    reasons: tuple[str, ...]

    @property
    def category(self) -> Literal["tumour", "physiological", "uncertain"]:
        """What becomes of the component without a reader."""
        return next(one.category for one in uptake_identities() if one.name == self.identity)


def identify(
    volume_suv: Volume,
    components: Components,
    *,
    ct: Volume | None = None,
    organs: Sequence[Mask] = (),
    tumour_seeds: BoolArray | None = None,
    tracer: str | None = None,
) -> tuple[Identity, ...]:
    """The identity of components 1..count on the grid of a scan in SUVbw (g/mL), in their order.

    Raises ContradictionError when components, masks or seeds lie on another grid, or a unit is not the expected one.
    """
    shapes = [components.labels.shape, *(mask.array.shape for mask in organs)]
    if tumour_seeds is not None:
        shapes.append(tumour_seeds.shape)
    if any(shape != volume_suv.array.shape for shape in shapes) or volume_suv.unit != "g/mL":
        raise ContradictionError(
            f"labeller: expected components, masks and seeds on the grid of the scan {volume_suv.array.shape} in g/mL, "
            f"found {sorted(set(shapes))} and {volume_suv.unit}; resample them first"
        )
    seeded = set() if tumour_seeds is None else {int(number) for number in set(components.labels[tumour_seeds])}
    return tuple(
        Identity(number, "tumour", 1.0, (), ("a tumour seed lies in it",))
        if number in seeded
        else Identity(number, UNCERTAIN, 0.0, (), ("its place in the body is not judged",))
        for number in range(1, components.count + 1)
    )
