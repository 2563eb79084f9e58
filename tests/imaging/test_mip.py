import struct
import zlib

import numpy as np
import pytest
from tests.imaging.make import DIRECTIONS, ball, centres_mm, grid, middle_mm, volume

from lutrace.core import ContradictionError, UnusableInputError
from lutrace.imaging import COLOURS, Outline, encode_png, render_mip

SIZE, SPACING, ORIGIN = (30, 20, 40), (4.0, 4.0, 4.0), (-58.0, -38.0, 0.0)


def hot_spot(direction: tuple[float, ...] = (1, 0, 0, 0, 1, 0, 0, 0, 1)) -> tuple[np.ndarray, object]:
    """A spot to the patient's left (x +30), behind (y +20), near the head (z +50) of the middle."""
    geometry = grid((41, 41, 41), SPACING, ORIGIN, direction)
    return ball(geometry, 6.0, middle_mm(geometry) + np.array((30.0, 20.0, 50.0))), geometry


@pytest.mark.parametrize("direction", DIRECTIONS[:8])
def test_the_patients_left_is_on_the_right_and_the_head_on_top_however_the_scan_was_stored(
    direction: tuple[float, ...],
) -> None:
    array, geometry = hot_spot(direction)
    picture = render_mip(volume(array * 9.0, geometry), suv_max=9.0)  # type: ignore[arg-type]
    dark = np.argwhere(picture.pixels[:, :, 0] < 128)
    row, column = dark.mean(axis=0)
    height, width = picture.pixels.shape[:2]
    assert row == pytest.approx((height - 1) / 2 - 50 / picture.pixel_mm, abs=1)
    assert column == pytest.approx((width - 1) / 2 + 30 / picture.pixel_mm, abs=1)


def test_from_the_left_side_the_front_is_on_the_left() -> None:
    array, geometry = hot_spot()
    picture = render_mip(volume(array * 9.0, geometry), suv_max=9.0, angle_deg=90.0)  # type: ignore[arg-type]
    dark = np.argwhere(picture.pixels[:, :, 0] < 128)
    assert dark.mean(axis=0)[1] == pytest.approx((picture.pixels.shape[1] - 1) / 2 + 20 / picture.pixel_mm, abs=1)


def test_pixels_are_square_whatever_the_voxels_are() -> None:
    geometry = grid((60, 20, 10), (2.0, 5.0, 12.0), (0.0, 0.0, 0.0))
    array = ball(geometry, 20.0) * 5.0
    picture = render_mip(volume(array, geometry), suv_max=5.0)
    assert picture.pixels.shape == (round(9 * 12 / 2) + 1, round(59 * 2 / 2) + 1, 3)


def test_zero_is_white_and_the_top_of_the_scale_black() -> None:
    geometry = grid(SIZE, SPACING, ORIGIN)
    assert (render_mip(volume(np.zeros(geometry.shape_zyx), geometry), suv_max=5.0).pixels == 255).all()
    assert (render_mip(volume(np.full(geometry.shape_zyx, 8.0), geometry), suv_max=5.0).pixels == 0).all()


def test_the_projection_shows_the_hottest_voxel_of_each_ray() -> None:
    geometry = grid((30, 20, 40), (2.0, 2.0, 2.0), (0.0, 0.0, 0.0))
    array = np.random.default_rng(2).random(geometry.shape_zyx)
    picture = render_mip(volume(array, geometry), suv_max=1.0)
    expected = np.round(255 * (1 - array.astype(np.float32).max(axis=1)))[::-1]
    assert np.abs(picture.pixels[:, :, 0].astype(float) - expected).max() <= 1


def test_an_outline_runs_around_the_lesion_in_the_colour_of_its_category() -> None:
    geometry = grid(SIZE, SPACING, ORIGIN)
    lesion = ball(geometry, 16.0)
    picture = render_mip(volume(np.zeros(geometry.shape_zyx), geometry), [Outline(lesion, "tumour")], suv_max=5.0)
    coloured = (picture.pixels == COLOURS["tumour"]).all(axis=2)
    place = np.argwhere(coloured) * picture.pixel_mm
    radius = np.linalg.norm(place - place.mean(axis=0), axis=1)
    assert (radius > 13).all()
    assert (radius < 22).all()


def test_an_outline_of_another_shape_is_refused() -> None:
    geometry = grid(SIZE, SPACING, ORIGIN)
    blank = volume(np.zeros(geometry.shape_zyx), geometry)
    with pytest.raises(ContradictionError, match="outline"):
        render_mip(blank, [Outline(np.zeros((2, 2, 2), bool), "tumour")], suv_max=5.0)
    with pytest.raises(UnusableInputError, match="outline category"):
        render_mip(blank, [Outline(np.zeros(geometry.shape_zyx, bool), "hot")], suv_max=5.0)
    with pytest.raises(UnusableInputError, match="suv_max"):
        render_mip(blank, suv_max=0.0)


def test_the_png_holds_exactly_the_pixels() -> None:
    pixels = np.random.default_rng(4).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    png = encode_png(pixels, pixel_mm=2.0)
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(png):
        length = struct.unpack_from(">I", png, at)[0]
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", png, at + 8 + length)[0] == zlib.crc32(kind + body)
        chunks[kind], at = body, at + 12 + length
    assert struct.unpack(">IIBBBBB", chunks[b"IHDR"]) == (7, 5, 8, 2, 0, 0, 0)
    assert struct.unpack(">IIB", chunks[b"pHYs"]) == (500, 500, 1)
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(5, 22)
    assert (lines[:, 0] == 0).all()
    assert (lines[:, 1:].reshape(5, 7, 3) == pixels).all()


def test_the_same_scan_gives_the_same_bytes() -> None:
    geometry = grid(SIZE, SPACING, ORIGIN)
    scan = volume(np.abs(centres_mm(geometry)).sum(axis=-1) / 30, geometry)
    assert render_mip(scan, suv_max=5.0).png == render_mip(scan, suv_max=5.0).png


def test_an_enlarged_picture_shows_the_same_lesion_at_the_same_place_and_says_its_finer_pixels() -> None:
    geometry = grid(SIZE, SPACING, ORIGIN)
    lesion = ball(geometry, 16.0)
    scan = volume(lesion * 9.0, geometry)
    small, large = (
        render_mip(scan, [Outline(lesion, "tumour")], suv_max=9.0, pixel_mm=4.0, enlarge=times) for times in (1, 3)
    )
    assert large.pixels.shape[:2] == tuple(3 * size for size in small.pixels.shape[:2])
    assert large.pixel_mm == pytest.approx(small.pixel_mm / 3)
    middles = [
        (np.argwhere((one.pixels == COLOURS["tumour"]).all(axis=2)).mean(axis=0) + 0.5) * one.pixel_mm
        for one in (small, large)
    ]
    assert middles[0] == pytest.approx(middles[1], abs=0.5)


def test_a_wider_outline_grows_outwards() -> None:
    geometry = grid(SIZE, SPACING, ORIGIN)
    lesion = ball(geometry, 16.0)
    blank = volume(np.zeros(geometry.shape_zyx), geometry)
    thin, thick = (
        (render_mip(blank, [Outline(lesion, "tumour")], suv_max=5.0, outline_px=px).pixels == COLOURS["tumour"]).all(2)
        for px in (1, 2)
    )
    assert (thin & ~thick).sum() == 0
    assert thick.sum() > 1.8 * thin.sum()
