import io

import numpy as np
import pytest
from PIL import Image

from lutrace.core import UnusableInputError
from lutrace.imaging.gif import encode_gif

RED, BLUE = (213, 43, 30), (0, 114, 178)


def decoded(gif: bytes) -> list[np.ndarray]:
    """The frames as another program shows them."""
    image = Image.open(io.BytesIO(gif))
    frames = []
    for number in range(image.n_frames):
        image.seek(number)
        frames.append(np.asarray(image.convert("RGB")))
    return frames


def noise(seed: int, shape: tuple[int, int] = (90, 130)) -> np.ndarray:
    """Grey noise (which LZW can hardly shorten, so that its table fills up and begins anew) with two colours."""
    grey = np.random.default_rng(seed).integers(0, 256, (*shape, 1)).astype(np.uint8)
    frame = np.repeat(grey, 3, axis=2)
    frame[5:20, 5:20], frame[30:40, 60:70] = RED, BLUE
    return frame


def test_another_program_sees_each_frame_with_its_colours_and_greys_within_one_level() -> None:
    frames = [noise(seed) for seed in range(3)]
    seen = decoded(encode_gif(frames, frame_s=0.1))
    assert len(seen) == 3
    for frame, back in zip(frames, seen, strict=True):
        assert np.abs(frame.astype(int) - back).max() <= 1
        assert tuple(back[10, 10]) == RED
        assert tuple(back[35, 65]) == BLUE


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (64, 64), (257, 3)])
def test_flat_pictures_of_any_size_come_back(shape: tuple[int, int]) -> None:
    white = np.full((*shape, 3), 255, np.uint8)
    (back,) = decoded(encode_gif([white], frame_s=0.1))
    assert back.shape == white.shape
    assert (back == 255).all()


def test_only_what_changes_is_stored_again() -> None:
    first = noise(1)
    second = first.copy()
    second[50, 60] = 0
    gif = encode_gif([first, second, second], frame_s=0.1)
    assert len(gif) < len(encode_gif([first], frame_s=0.1)) + 150
    frames = decoded(gif)
    assert tuple(frames[1][50, 60]) == (0, 0, 0)
    assert (frames[1] == frames[2]).all()


def test_it_turns_without_end_at_the_speed_told() -> None:
    image = Image.open(io.BytesIO(encode_gif([noise(1), noise(2)], frame_s=0.25)))
    assert image.info["loop"] == 0
    assert image.info["duration"] == 250


def test_no_frame_and_two_shapes_are_refused() -> None:
    with pytest.raises(UnusableInputError, match="at least one frame"):
        encode_gif([], frame_s=0.1)
    with pytest.raises(UnusableInputError, match="all of one shape"):
        encode_gif([noise(1), noise(2, (80, 130))], frame_s=0.1)


def test_of_more_colours_than_fit_the_frequent_are_kept_and_the_rare_become_the_nearest_of_them() -> None:
    frame = np.zeros((40, 110, 3), np.uint8)
    for number in range(96):
        frame[:, number] = (200, 2 * number, 7)
    frame[0, 100] = (200, 41, 9)  # between (200, 40, 7) and (200, 42, 7)
    frame[1, 101] = (201, 190, 7)  # nearest: (200, 190, 7)
    (seen,) = decoded(encode_gif([frame], frame_s=0.1))
    assert (seen[:, :96] == frame[:, :96]).all()
    assert tuple(seen[0, 100]) in ((200, 40, 7), (200, 42, 7))
    assert tuple(seen[1, 101]) == (200, 190, 7)
