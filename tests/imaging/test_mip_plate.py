import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.imaging.make import ball, centres_mm, grid, middle_mm, volume

from lutrace.core import UnusableInputError
from lutrace.imaging import COLOURS, Caption, Outline, Volume, render_mip_plate, render_turning_mip

CAPTION = Caption("Plan suv3", (("tumour", "tumour: 1"),), 10.0)


def scan() -> tuple[Volume, np.ndarray]:
    """A body of 200 x 160 x 320 mm in a wide field of air, with a lesion to its left, in front, near the head."""
    geometry = grid((100, 90, 100), (4.0, 4.0, 4.0), (-200.0, -180.0, 0.0))
    x, y, z = np.moveaxis(np.abs(centres_mm(geometry) - middle_mm(geometry)), -1, 0)
    body = (x <= 100) & (y <= 80) & (z <= 160)
    lesion = ball(geometry, 16.0, middle_mm(geometry) + np.array((60.0, -50.0, 90.0)))
    return volume(body * 1.0 + lesion * 19.0, geometry), lesion


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def place_of(pixels: np.ndarray, colour: tuple[int, int, int], rows: slice) -> np.ndarray:
    return np.argwhere((pixels[rows] == colour).all(axis=2))


def test_the_plate_shows_the_lesion_on_the_patients_left_and_in_front() -> None:
    suv, lesion = scan()
    pixels = np.asarray(opened(render_mip_plate(suv, [Outline(lesion, "tumour")], CAPTION)).convert("RGB"))
    above_legend = slice(0, int(pixels.shape[0] * 0.8))
    red = place_of(pixels, COLOURS["tumour"], above_legend)
    middle = pixels.shape[1] / 2
    anterior, lateral = red[red[:, 1] < middle], red[red[:, 1] > middle]
    assert anterior[:, 1].mean() > middle / 2 + 20
    assert lateral[:, 1].mean() < middle * 1.5 - 20
    assert anterior[:, 0].mean() == pytest.approx(lateral[:, 0].mean(), abs=2)
    assert anterior[:, 0].mean() < pixels.shape[0] * 0.4


def test_ten_centimetres_are_ten_centimetres_of_the_picture() -> None:
    suv, lesion = scan()
    image = opened(render_mip_plate(suv, [Outline(lesion, "tumour")], CAPTION))
    pixel_mm = 25.4 / image.info["dpi"][0]
    pixels = np.asarray(image.convert("RGB"))
    longest = 0
    for row in (pixels == 25).all(axis=2)[int(pixels.shape[0] * 0.7) :]:
        runs = np.diff(np.flatnonzero(np.diff(np.concatenate([[0], row.astype(int), [0]]))))[::2]
        longest = max(longest, int(runs.max(initial=0)))
    assert longest * pixel_mm == pytest.approx(100, abs=2 * pixel_mm)


def test_air_is_cut_off_and_the_body_is_not() -> None:
    suv, lesion = scan()
    image = opened(render_mip_plate(suv, [Outline(lesion, "tumour")], CAPTION))
    pixel_mm = 25.4 / image.info["dpi"][0]
    views_mm = image.size[0] * pixel_mm
    assert 200 + 160 < views_mm < 200 + 160 + 4 * 20 + 120
    shown = np.asarray(image.convert("L")) < 255
    assert shown.any(axis=1).sum() * pixel_mm > 320


def test_the_plate_says_plan_legend_black_value_and_that_it_is_no_medical_device() -> None:
    suv, _ = scan()

    def plate(caption: Caption) -> np.ndarray:
        return np.asarray(opened(render_mip_plate(suv, [], caption)).convert("L"))

    whole = plate(CAPTION)
    wordless = [
        replace(CAPTION, title=" " * 9),
        replace(CAPTION, footer=" " * len(CAPTION.footer)),
        replace(CAPTION, legend=(("tumour", " " * 9),)),
        replace(CAPTION, suv_max=11.0),
    ]
    assert all(other.shape != whole.shape or (other != whole).any() for other in map(plate, wordless))


def test_a_scan_without_uptake_and_without_outlines_is_a_white_picture_with_its_words() -> None:
    geometry = grid((30, 30, 40), (4.0, 4.0, 4.0), (0.0, 0.0, 0.0))
    pixels = np.asarray(opened(render_mip_plate(volume(np.zeros(geometry.shape_zyx), geometry), [], CAPTION)))
    assert (pixels < 128).any()


def test_the_turning_picture_has_its_angles_and_begins_with_the_front() -> None:
    suv, lesion = scan()
    image = opened(render_turning_mip(suv, [Outline(lesion, "tumour")], CAPTION, n_angles=24))
    assert image.n_frames == 24
    columns = []
    for number in range(24):
        image.seek(number)
        pixels = np.asarray(image.convert("RGB"))
        columns.append(place_of(pixels, COLOURS["tumour"], slice(0, int(pixels.shape[0] * 0.8)))[:, 1].mean())
    middle = (columns[0] + columns[12]) / 2
    assert columns[0] > middle + 10
    assert columns[6] < middle - 10
    swing = np.asarray(columns) - middle
    assert swing[:12] == pytest.approx(-swing[12:], abs=1.5)
    angle = np.deg2rad(np.arange(24) * 15.0)
    truth = 60 * np.cos(angle) - 50 * np.sin(angle)
    assert np.corrcoef(swing, truth)[0, 1] > 0.999


def test_an_odd_number_of_angles_is_refused() -> None:
    suv, _ = scan()
    with pytest.raises(UnusableInputError, match="expected an even number of angles"):
        render_turning_mip(suv, [], CAPTION, n_angles=25)


def test_the_same_scan_gives_the_same_bytes() -> None:
    suv, lesion = scan()
    one, two = (render_mip_plate(suv, [Outline(lesion, "tumour")], CAPTION) for _ in range(2))
    assert one == two
