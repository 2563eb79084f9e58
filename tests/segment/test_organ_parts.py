"""What the watershed cut off an organ without a valley goes back to it; what stands out does not."""

from __future__ import annotations

import numpy as np
import pytest

from lutrace.core import Source
from lutrace.imaging import Geometry, LabelledVoxels, Volume
from lutrace.segment.labeller import Identity
from lutrace.segment.organ_parts import join_organ_parts

KIDNEY = Identity(1, "kidney", 0.97, (), ("place",))


def unsure(best: str) -> Identity:
    return Identity(2, "uncertain", 0.64, ((best, 0.64), ("tumour", 0.3)), ("place",))


def two_parts(row: list[float], *, gap: bool = False) -> tuple[Volume, LabelledVoxels]:
    """A line of voxels; the first half is part 1, the second part 2, with a voxel of neither between them or not."""
    array = np.zeros((3, 3, len(row)), np.float32)
    array[1, 1] = row
    volume = Volume(array, Geometry((len(row), 3, 3), (4.0, 4.0, 4.0), (0.0, 0.0, 0.0)), "g/mL", Source("virtual", "0"))
    middle = len(row) // 2
    number = np.asarray([1 if x < middle else 2 for x in range(len(row))], np.int32)
    place = np.flatnonzero(array)
    keep = np.arange(len(row)) != middle if gap else np.ones(len(row), np.bool_)
    return volume, LabelledVoxels(place[keep], number[keep], 2)


@pytest.mark.parametrize(
    ("row", "identity"),
    [
        ([5.0, 7.0, 6.0, 5.0, 7.0, 6.0], "kidney"),  # peak 7 over a valley of 5: 1.4
        ([5.0, 7.0, 6.0, 4.0, 7.0, 6.0], "uncertain"),  # 7 / 4 = 1.75
        ([5.0, 7.0, 4.0, 6.0, 6.0, 5.5], "uncertain"),  # the lower side of the border is the valley: 6 / 4
    ],
)
def test_a_part_without_a_valley_continues_the_organ(row: list[float], identity: str) -> None:
    volume, parts = two_parts(row)
    joined = join_organ_parts(volume, parts, (KIDNEY, unsure("kidney")), (4, 4))
    assert [one.identity for one in joined] == ["kidney", identity]
    assert joined[1].category == ("physiological" if identity == "kidney" else "uncertain")


def test_the_reason_and_the_rivals_are_kept() -> None:
    volume, parts = two_parts([5.0, 7.0, 6.0, 5.0, 7.0, 6.0])
    found = join_organ_parts(volume, parts, (KIDNEY, unsure("kidney")), (4, 4))[1]
    assert found.reasons[0] == "continues the kidney beside it: its peak is 1.40 times the valley between them"
    assert found.rivals == (("tumour", 0.3),)


def test_only_an_uncertain_part_of_the_same_component_that_touches_and_looks_alike_is_joined() -> None:
    flat = [5.0, 7.0, 6.0, 5.0, 7.0, 6.0]
    volume, parts = two_parts(flat)
    tumour = Identity(2, "tumour", 0.7, (("kidney", 0.3),), ())
    assert join_organ_parts(volume, parts, (KIDNEY, tumour), (4, 4))[1] is tumour
    for other, components in ((unsure("kidney"), (4, 5)), (unsure("tumour"), (4, 4)), (unsure("kidney"), (4, None))):
        assert join_organ_parts(volume, parts, (KIDNEY, other), components)[1] is other
    volume, parts = two_parts(flat, gap=True)
    assert join_organ_parts(volume, parts, (KIDNEY, unsure("kidney")), (4, 4))[1].identity == "uncertain"
