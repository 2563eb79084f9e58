"""Where organ masks come from: made elsewhere, by a network on the CT, or by the labeller; and which it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from lutrace.core import ProtocolError
from lutrace.imaging import Geometry, Mask, Volume
from lutrace.segment.labeller_body import find_body
from lutrace.segment.labeller_bone import find_skeleton

OrganSource = Literal["given", "model", "labeller", "none"]


class OrganModel(Protocol):
    """A network that draws organs on a CT: masks on the grid of `target`, named by the vocabulary's regions."""

    def draw_organs(self, ct: Volume, target: Geometry) -> tuple[Mask, ...]:
        """The organ masks of a CT in HU on the target's grid."""
        ...


@dataclass(frozen=True, eq=False)
class OrganSet:
    """The organ masks of a scan, the one source that made them, and what was passed over on the way."""

    masks: tuple[Mask, ...]
    source: OrganSource
    notes: tuple[str, ...] = ()


def find_organs(
    volume_suv: Volume,
    *,
    given: Sequence[Mask],
    ct: Volume | None,
    sources: Sequence[str],
    model: OrganModel | None,
) -> OrganSet:
    """The organ masks of a scan by the first of `sources` (given, model, labeller) that can serve.

    `given` serves when it holds a mask with a voxel, `model` with a network and a CT; `labeller` always: it draws
    `body`, and `skeleton` where there is a CT, and leaves organs to the identity of each component. A network that is
    named but cannot run raises its error: no other source stands in for it unseen.
    Raises ProtocolError for a source of another name.
    """
    notes: list[str] = []
    for source in sources:
        if source == "given":
            if any(not mask.is_empty for mask in given):
                return OrganSet(tuple(given), "given", tuple(notes))
            notes.append("organs: no mask was given")
        elif source == "model":
            if model is not None and ct is not None:
                return OrganSet(model.draw_organs(ct, volume_suv.geometry), "model", tuple(notes))
            notes.append(f"organs: no {'organ model in the site profile' if model is None else 'CT for the model'}")
        elif source == "labeller":
            body = find_body(volume_suv, ct)
            bones = () if ct is None else (find_skeleton(ct, volume_suv.geometry),)
            return OrganSet((body, *bones), "labeller", tuple(notes))
        else:
            raise ProtocolError(f"organs: expected given, model or labeller, found {source}")
    return OrganSet((), "none", tuple(notes))
