"""Numbers on projections: beside their lesion, none on another, and what has no room is counted."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from tests.imaging.make import grid

from lutrace.imaging import COLOURS, Caption, Mark, Outline, Volume, render_mip, render_mip_plate, render_turning_mip
from lutrace.imaging.mip_numbers import draw_marks

GRID = grid((60, 60, 60), (4.0, 4.0, 4.0), (0.0, 0.0, 0.0))


def white() -> Volume:
    return Volume(np.zeros(GRID.shape_zyx, np.float32), GRID, "g/mL", source=None)  # type: ignore[arg-type]


def frames_of(gif: bytes) -> list[np.ndarray]:
    image = Image.open(io.BytesIO(gif))
    frames = []
    for number in range(image.n_frames):
        image.seek(number)
        frames.append(np.asarray(image.convert("RGB")).astype(int))
    return frames


def written(marks: list[Mark], angle_deg: float = 0.0) -> tuple[np.ndarray, int]:
    plain = render_mip(white(), angle_deg=angle_deg, suv_max=10.0, pixel_mm=1.0)
    marked = draw_marks(plain, GRID, marks, 9.0)
    return (marked.picture.pixels != plain.pixels).any(axis=2), marked.left_out


def test_a_number_lies_beside_its_lesion_in_each_view() -> None:
    mark = Mark("7", (60.0, 120.0, 200.0), 10.0, "tumour")
    for angle, across in ((0.0, 60.0), (90.0, 120.0)):
        changed, left_out = written([mark], angle)
        rows, columns = np.nonzero(changed)
        head_first = changed.shape[0] - 1 - 200.0
        away = np.hypot(rows - head_first, columns - across)
        assert left_out == 0
        assert 10.0 <= away.min() <= 20.0
        assert away.max() <= 30.0


def test_numbers_of_one_place_do_not_touch_and_those_without_room_are_counted() -> None:
    marks = [Mark(str(number), (120.0, 120.0, 120.0), 2.0, "tumour") for number in range(100, 104)]
    apart, none_left = written(marks)
    areas = [written([mark])[0].sum() for mark in marks]
    assert none_left == 0
    assert apart.sum() >= 0.95 * sum(areas)
    crowd = [Mark(str(number), (120.0, 120.0, 120.0), 2.0, "tumour") for number in range(100, 400)]
    _, left_out = written(crowd)
    assert 0 < left_out < 300


def test_a_number_keeps_off_the_outlines_where_it_can() -> None:
    volume = white()
    lesion = np.zeros(GRID.shape_zyx, bool)
    lesion[25:35, 25:35, 25:35] = True
    picture = render_mip(volume, [Outline(lesion, "tumour")], suv_max=10.0, pixel_mm=1.0)
    red = picture.pixels.max(axis=2) != picture.pixels.min(axis=2)
    marked = draw_marks(picture, GRID, [Mark("1", (118.0, 118.0, 118.0), 20.0, "tumour")], 9.0)
    changed = (marked.picture.pixels != picture.pixels).any(axis=2)
    assert changed.any()
    assert not (changed & red).any()


def test_a_number_of_a_turning_picture_stays_on_its_side_of_the_lesion() -> None:
    plain = render_mip(white(), suv_max=10.0, pixel_mm=1.0)
    mark = Mark("7", (120.0, 120.0, 120.0), 10.0, "tumour")
    for offset in ((0.0, 20.0), (0.0, -20.0), (-20.0, 0.0), (20.0, 0.0)):
        ((rows, columns),) = draw_marks(plain, GRID, [mark], 9.0, before={"7": offset}).offsets.values()
        assert np.hypot(rows - offset[0], columns - offset[1]) < 8.0


def test_every_view_of_a_turning_picture_has_the_number_at_its_lesion() -> None:
    lesion = np.zeros(GRID.shape_zyx, bool)
    lesion[40:44, 20:24, 10:14] = True
    volume = Volume(np.where(lesion, 20.0, 1.0).astype(np.float32), GRID, "g/mL", source=None)  # type: ignore[arg-type]
    outlines, caption = [Outline(lesion, "tumour")], Caption("PET", (), 10.0)
    mark = Mark("12", (46.0, 86.0, 166.0), 8.0, "tumour")
    with_number, without = (
        frames_of(render_turning_mip(volume, outlines, caption, marks=marks, n_angles=8)) for marks in ([mark], [])
    )
    for frame, bare in zip(with_number, without, strict=True):
        red = np.argwhere((bare == COLOURS["tumour"]).all(axis=2)).mean(axis=0)
        written = np.argwhere(np.abs(frame - bare).max(axis=2) > 8)
        assert len(written) > 60
        assert np.hypot(*(written.mean(axis=0) - red)) < 30.0


def test_a_plate_says_how_many_numbers_had_no_room() -> None:
    caption = Caption("PET", (), 10.0)
    one = [Mark("1", (120.0, 120.0, 120.0), 2.0, "tumour")]
    bare = render_mip_plate(white(), [], caption)
    assert render_mip_plate(white(), [], caption, marks=one) != bare
    crowd = one * 500
    assert render_mip_plate(white(), [], caption, marks=crowd) != render_mip_plate(
        white(), [], caption, marks=crowd[:499]
    )
