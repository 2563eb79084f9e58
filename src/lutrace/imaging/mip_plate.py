"""The projection as a physician is shown it: views side by side or turning, with legend, scales and what it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lutrace.core import UnusableInputError
from lutrace.imaging.gif import encode_gif
from lutrace.imaging.lettering import compute_text_width, draw_text
from lutrace.imaging.mip import COLOURS, Outline, Picture, render_mip
from lutrace.imaging.mip_numbers import Mark, MarkedPicture, Offset, draw_marks
from lutrace.imaging.png import encode_png
from lutrace.imaging.volume import Volume

_Kind = TypeVar("_Kind", bound=np.generic)

NOT_A_DEVICE = "Research software, not a medical device"

_INK, _SOFT, _LINE = (25, 25, 25), (95, 95, 95), (205, 205, 205)
_BAR_MM = 100.0
_BODY_FLOOR = 0.01
"""Of the value shown black: what is fainter all over a row is air and is cut off."""
_MARGIN_MM = 20.0
_PLATE_ROWS, _TURN_ROWS = 860, 430
_NUMBER_PX, _TURN_NUMBER_PX = 10.5, 8.5
_TURN_VOXEL_MM = 3.5
_FINEST_ROWS_MM = 400.0
"""A scan shorter than this is drawn smaller, not in finer pixels."""
_TURN_S = 3.6


@dataclass(frozen=True)
class Caption:
    """The words of a plate: no identifier of a patient belongs here.

    `legend` pairs a category (a key of COLOURS) with what is said of it; `suv_max` is the SUVbw shown black.
    """

    title: str
    legend: tuple[tuple[str, str], ...]
    suv_max: float
    footer: str = NOT_A_DEVICE


def render_mip_plate(
    volume: Volume, outlines: Sequence[Outline], caption: Caption, *, marks: Sequence[Mark] = ()
) -> bytes:
    """PNG bytes: anterior and left lateral projections in inverted grey with outlines, legend, 10 cm bar, SUV scale.

    `volume` is in SUVbw, g/mL; air around the body is cut off. `marks` are written beside their outlines; how many had
    no room in a view stands in the footer. Raises what `render_mip` raises.
    """
    volume, outlines = _crop(volume, outlines, caption.suv_max)
    plain = [_view(volume, outlines, caption, angle_deg=angle, rows=_PLATE_ROWS) for angle in (0.0, 90.0)]
    marked = [draw_marks(view, volume.geometry, marks, _NUMBER_PX) for view in plain]
    views = [one.picture for one in marked]
    if any(one.left_out for one in marked):
        lacking = " and ".join(str(one.left_out) for one in marked)
        caption = replace(caption, footer=f"{caption.footer} · {lacking} numbers without room")
    labelled = list(zip(views, ("Anterior", "Left lateral"), ("RL", "AP"), strict=True))
    return encode_png(_compose(labelled, caption, letter_px=12.0), pixel_mm=views[0].pixel_mm)


def render_turning_mip(
    volume: Volume, outlines: Sequence[Outline], caption: Caption, *, marks: Sequence[Mark] = (), n_angles: int = 36
) -> bytes:
    """GIF bytes of the projection turning once, to the patient's left first, in `n_angles` even steps; it repeats.

    Voxels much finer than 3.5 mm are taken together by their maximum, which a projection shows anyway. Half of the
    views are computed, the other half are their mirror images. `marks` are written into every view, each on its side
    of the lesion from view to view as far as can be; the most that had no room in one view stand in the footer. Raises
    UnusableInputError unless `n_angles` is even and at least 2, and what `render_mip` raises.
    """
    if n_angles < 2 or n_angles % 2:
        raise UnusableInputError(f"a turning picture: expected an even number of angles from 2 on, got {n_angles}")
    volume, outlines = _coarser(*_crop(volume, outlines, caption.suv_max))
    angles = [360.0 * number / n_angles for number in range(n_angles // 2)]
    half = [_view(volume, outlines, caption, angle_deg=angle, rows=_TURN_ROWS) for angle in angles]
    other = [replace(view, pixels=view.pixels[:, ::-1], angle_deg=view.angle_deg + 180.0) for view in half]
    marked = _marked_in_turn([*half, *other], volume, marks)
    views = [one.picture for one in marked]
    most = max(one.left_out for one in marked)
    if most:
        caption = replace(caption, footer=f"{caption.footer} · up to {most} numbers without room")
    wide = max(view.pixels.shape[1] for view in views)
    frames = [
        _compose([(_widened(view, wide), f"{360 * number // n_angles}°", "")], caption, letter_px=9.0)
        for number, view in enumerate(views)
    ]
    return encode_gif(frames, frame_s=_TURN_S / n_angles)


def _marked_in_turn(views: Sequence[Picture], volume: Volume, marks: Sequence[Mark]) -> list[MarkedPicture]:
    """The views with their numbers, each placed with an eye on the view before."""
    marked: list[MarkedPicture] = []
    before: Mapping[str, Offset] = {}
    for view in views:
        marked.append(draw_marks(view, volume.geometry, marks, _TURN_NUMBER_PX, before=before))
        before = marked[-1].offsets
    return marked


def _view(volume: Volume, outlines: Sequence[Outline], caption: Caption, *, angle_deg: float, rows: int) -> Picture:
    """A projection at the voxels' own size, enlarged to about `rows` rows; outlines grow with it."""
    geometry = volume.geometry
    pixel_mm = min(geometry.spacing_mm)
    wanted = rows * pixel_mm / (float(np.ptp(geometry.corners_mm[:, 2])) + pixel_mm)
    enlarge = max(1, round(min(wanted, pixel_mm * rows / _FINEST_ROWS_MM)))
    return render_mip(
        volume,
        outlines,
        angle_deg=angle_deg,
        suv_max=caption.suv_max,
        pixel_mm=pixel_mm,
        outline_px=max(1, round(rows / 430)),
        enlarge=enlarge,
    )


def _crop(volume: Volume, outlines: Sequence[Outline], suv_max: float) -> tuple[Volume, list[Outline]]:
    """Volume and outlines without the air around the body."""
    geometry = volume.geometry
    seen = volume.array > _BODY_FLOOR * suv_max
    if not seen.any():
        return volume, list(outlines)
    cut = []
    for axis, spacing in enumerate(geometry.spacing_mm[::-1]):
        others = tuple(k for k in range(3) if k != axis)
        place = np.flatnonzero(seen.any(axis=others))
        margin = round(_MARGIN_MM / spacing)
        cut.append(slice(max(int(place[0]) - margin, 0), min(int(place[-1]) + margin + 1, seen.shape[axis])))
    box = tuple(cut)
    origin = geometry.to_mm(np.asarray([[part.start for part in box]], float))[0]
    z, y, x = (part.stop - part.start for part in box)
    smaller = replace(geometry, size_xyz=(x, y, z), origin_mm=(float(origin[0]), float(origin[1]), float(origin[2])))
    array = np.ascontiguousarray(volume.array[box])
    return replace(volume, array=array, geometry=smaller), [replace(one, array=one.array[box]) for one in outlines]


def _coarser(volume: Volume, outlines: Sequence[Outline]) -> tuple[Volume, list[Outline]]:
    """Voxels taken together by their maximum, as many along each axis as fit into the coarser voxel."""
    geometry = volume.geometry
    steps = [max(1, round(_TURN_VOXEL_MM / spacing)) for spacing in geometry.spacing_mm[::-1]]
    middle = geometry.to_mm(np.asarray([[(step - 1) / 2 for step in steps]]))[0]
    array = _pooled(volume.array, steps)
    z, y, x = array.shape
    coarse = replace(
        geometry,
        size_xyz=(x, y, z),
        spacing_mm=tuple(s * n for s, n in zip(geometry.spacing_mm, steps[::-1], strict=True)),  # type: ignore[arg-type]
        origin_mm=(float(middle[0]), float(middle[1]), float(middle[2])),
    )
    fewer = [replace(one, array=_pooled(one.array, steps)) for one in outlines]
    return replace(volume, array=array, geometry=coarse), fewer


def _pooled(array: NDArray[_Kind], steps: Sequence[int]) -> NDArray[_Kind]:
    """The maximum of each block of voxels; what does not fill a last block is filled with its edge."""
    lacking = [(0, -size % step) for size, step in zip(array.shape, steps, strict=True)]
    whole = np.pad(array, lacking, mode="edge")
    for axis, step in enumerate(steps):
        shape = (*whole.shape[:axis], whole.shape[axis] // step, step, *whole.shape[axis + 1 :])
        whole = whole.reshape(shape).max(axis=axis + 1)
    return np.ascontiguousarray(whole)


def _widened(view: Picture, columns: int) -> Picture:
    """The view in the middle of a white picture that is `columns` wide."""
    rows, own, _ = view.pixels.shape
    pixels = np.full((rows, columns, 3), 255, np.uint8)
    start = (columns - own) // 2
    pixels[:, start : start + own] = view.pixels
    return replace(view, pixels=pixels)


def _compose(views: Sequence[tuple[Picture, str, str]], caption: Caption, *, letter_px: float) -> NDArray[np.uint8]:
    """Title, views with labels, scales, legend and footer on white."""
    pad, line = round(2 * letter_px), round(2.1 * letter_px)
    legend = [text for _, text in caption.legend]
    words = [compute_text_width(text, letter_px) + 3 * pad for text in legend]
    across = sum(view.pixels.shape[1] for view, _, _ in views) + pad * (len(views) + 1)
    texts = [compute_text_width(text, letter_px) for text in (caption.title, caption.footer)]
    bar_px = round(_BAR_MM / views[0][0].pixel_mm)
    scales = bar_px + 3 * pad + _scale_width(caption, letter_px)
    width = max(across, max(words, default=0), max(texts) + 2 * pad, scales + 2 * pad)
    rows = max(view.pixels.shape[0] for view, _, _ in views)
    top = 3 * line
    height = top + rows + 3 * line + line * len(legend) + 2 * line
    sheet = np.full((height, width, 3), 255, np.uint8)
    draw_text(sheet, caption.title, row=1.4 * line, column=pad, height_px=letter_px * 1.15, colour=_INK)
    column = pad + (width - across) // 2
    for view, label, sides in views:
        _place(sheet, view, (top, column), (label, sides), letter_px)
        column += view.pixels.shape[1] + pad
    base = top + rows + 2 * line
    _draw_bar(sheet, (base, pad), bar_px, letter_px)
    _draw_scale(sheet, (base, width - pad - _scale_width(caption, letter_px)), caption, letter_px)
    for number, (category, text) in enumerate(caption.legend):
        row = base + (number + 1) * line + line // 3
        sheet[row - round(letter_px * 0.6) : row - round(letter_px * 0.2), pad : pad + pad] = COLOURS[category]
        draw_text(sheet, text, row=row, column=2 * pad + pad // 2, height_px=letter_px, colour=_INK)
    draw_text(sheet, caption.footer, row=height - line * 0.7, column=pad, height_px=letter_px * 0.85, colour=_SOFT)
    return sheet


def _place(
    sheet: NDArray[np.uint8], view: Picture, at: tuple[int, int], words: tuple[str, str], letter_px: float
) -> None:
    """One view with its name above it, and the sides of the patient at its upper corners."""
    top, left = at
    label, sides = words
    rows, columns, _ = view.pixels.shape
    sheet[top : top + rows, left : left + columns] = view.pixels
    shift = (columns - compute_text_width(label, letter_px)) / 2
    draw_text(sheet, label, row=top - letter_px * 0.7, column=left + shift, height_px=letter_px, colour=_SOFT)
    if sides:
        draw_text(sheet, sides[0], row=top + 2 * letter_px, column=left + 4, height_px=letter_px, colour=_SOFT)
        end = left + columns - compute_text_width(sides[1], letter_px) - 4
        draw_text(sheet, sides[1], row=top + 2 * letter_px, column=end, height_px=letter_px, colour=_SOFT)


def _draw_bar(sheet: NDArray[np.uint8], at: tuple[int, int], length_px: int, letter_px: float) -> None:
    """Ten centimetres in the plane of the projection."""
    row, left = at
    tick = max(2, round(letter_px / 3))
    sheet[row : row + 2, left : left + length_px] = _INK
    for column in (left, left + length_px - 2):
        sheet[row - tick : row + tick + 2, column : column + 2] = _INK
    draw_text(sheet, "10 cm", row=row - letter_px * 0.8, column=left, height_px=letter_px, colour=_INK)


def _scale_texts(caption: Caption) -> tuple[str, str]:
    return "SUVbw 0", f"≥{caption.suv_max:g}"


def _scale_width(caption: Caption, letter_px: float) -> int:
    low, high = (compute_text_width(text, letter_px) for text in _scale_texts(caption))
    return low + high + round(9 * letter_px)


def _draw_scale(sheet: NDArray[np.uint8], at: tuple[int, int], caption: Caption, letter_px: float) -> None:
    """The grey scale from white to black with the values at its ends."""
    row, left = at
    low, high = _scale_texts(caption)
    start = left + compute_text_width(low, letter_px) + round(letter_px / 2)
    length, thick = round(8 * letter_px), round(letter_px)
    draw_text(sheet, low, row=row, column=left, height_px=letter_px, colour=_INK)
    ramp = np.round(np.linspace(255, 0, length)).astype(np.uint8)
    sheet[row - thick - 1 : row + 1, start - 1 : start + length + 1] = _LINE
    sheet[row - thick : row, start : start + length] = ramp[None, :, None]
    draw_text(sheet, high, row=row, column=start + length + letter_px / 2, height_px=letter_px, colour=_INK)
