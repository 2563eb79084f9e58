import string

import numpy as np
import pytest

from lutrace.core import UnusableInputError
from lutrace.imaging.lettering import compute_text_width, draw_text

BLACK = (0, 0, 0)


def written(text: str, *, height_px: float = 14.0, row: float = 30.0, column: float = 5.0) -> np.ndarray:
    pixels = np.full((50, 400, 3), 255, np.uint8)
    draw_text(pixels, text, row=row, column=column, height_px=height_px, colour=BLACK)
    return pixels


def box(pixels: np.ndarray) -> tuple[int, int, int, int]:
    """First and last row, first and last column that are darker than half."""
    dark = np.argwhere(pixels[..., 0] < 128)
    (top, left), (bottom, right) = dark.min(axis=0), dark.max(axis=0)
    return int(top), int(bottom), int(left), int(right)


def test_a_capital_stands_on_the_baseline_and_is_as_high_as_told() -> None:
    top, bottom, left, _ = box(written("H"))
    assert abs(bottom - 30) <= 1
    assert abs((bottom - top) - 14) <= 2
    assert abs(left - 5) <= 1


@pytest.mark.parametrize("text", ["Research software", "10 cm", "SUVbw 0", "tumour 12 (345.6 mL)"])
def test_the_width_told_is_the_width_drawn(text: str) -> None:
    *_, left, right = box(written(text))
    assert right - left + 1 == pytest.approx(compute_text_width(text, 14.0), abs=3)


def test_every_letter_and_digit_looks_different_from_every_other() -> None:
    signs = string.ascii_letters + string.digits + ".,:;-+=/()<>≥%_°·'*"
    seen = {sign: written(sign)[..., 0].tobytes() for sign in signs}
    assert len(set(seen.values())) == len(signs)


def test_a_sign_without_a_letter_is_drawn_as_a_star_and_not_left_out() -> None:
    assert (written("a€b") == written("a*b")).all()


def test_what_lies_outside_the_picture_is_cut_off() -> None:
    whole = written("Whole")
    cut = np.full((50, 20, 3), 255, np.uint8)
    draw_text(cut, "Whole", row=30.0, column=5.0, height_px=14.0, colour=BLACK)
    assert (cut == whole[:, :20]).all()
    shifted = np.full((50, 400, 3), 255, np.uint8)
    draw_text(shifted, "Whole", row=30.0, column=-20.0, height_px=14.0, colour=BLACK)
    assert (shifted[:, :300] == whole[:, 25:325]).all()
    blank = np.full((5, 5, 3), 255, np.uint8)
    draw_text(blank, "Whole", row=300.0, column=500.0, height_px=14.0, colour=BLACK)
    draw_text(blank, "Whole", row=-300.0, column=-500.0, height_px=14.0, colour=BLACK)
    assert (blank == 255).all()


def test_two_lines_are_refused() -> None:
    with pytest.raises(UnusableInputError, match="expected one line"):
        written("a\nb")
    assert compute_text_width("", 14.0) == 0
