"""The image store: what goes in comes out, damage is told, nothing is half written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lutrace.core import ContradictionError, MissingFactError, UnsupportedError
from lutrace.registry import ImageStore
from lutrace.registry.images import _unpack_bits

META = {"unit": "Bq/mL", "spacing_mm": [1.0, 2.0, 3.0]}
PNG = b"\x89PNG\r\n\x1a\n" + b"synthetic"


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    store = ImageStore(tmp_path / "images")
    store.create()
    return store


arrays = st.sampled_from([np.float32, np.int16, np.int32, np.uint8, np.bool_]).flatmap(
    lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=1, max_dims=3, max_side=5, min_side=0))
)


@settings(max_examples=60, deadline=None)
@given(array=arrays)
def test_an_array_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, array: np.ndarray) -> None:
    store = ImageStore(tmp_path_factory.mktemp("images"))
    store.create()
    store.put_array("S-1", array, META)
    found, meta = store.get_array("S-1")
    assert meta == META
    assert found.dtype == array.dtype
    assert found.tobytes() == np.ascontiguousarray(array).tobytes()
    assert found.shape == array.shape


def test_the_same_array_gives_the_same_bytes_and_digest_in_two_stores(tmp_path: Path) -> None:
    array = np.random.default_rng(1).normal(size=(4, 5, 6)).astype(np.float32)
    contents = []
    for name in ("one", "two"):
        store = ImageStore(tmp_path / name)
        store.create()
        digest = store.put_array("S-1", array[:, ::-1], META)
        contents.append((digest, (store.folder / "content" / digest[:2] / f"{digest}.img").read_bytes()))
    assert contents[0] == contents[1]


def test_the_digest_names_values_type_shape_and_metadata(store: ImageStore) -> None:
    array = np.zeros((2, 3), np.float32)
    digests = {
        store.put_array("a", array, META),
        store.put_array("b", array.T, META),
        store.put_array("c", array.astype(np.int16), META),
        store.put_array("d", array, {"unit": "g/mL"}),
        store.put_array("e", array + 1, META),
    }
    assert len(digests) == 5


def test_whole_numbers_are_stored_small(store: ImageStore) -> None:
    array = np.random.default_rng(1).integers(-1000, 1000, (20, 64, 64)).astype(np.float32)
    digest = store.put_array("S-1", array, META)
    assert (store.folder / "content" / digest[:2] / f"{digest}.img").stat().st_size < array.nbytes / 2


def test_a_changed_byte_is_told(store: ImageStore) -> None:
    digest = store.put_array("S-1", np.arange(1000, dtype=np.float32), META)
    path = store.folder / "content" / digest[:2] / f"{digest}.img"
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ContradictionError, match="does not hold what its name says"):
        store.get_array("S-1")


def test_a_picture_comes_back_and_a_changed_one_is_told(store: ImageStore) -> None:
    digest = store.put_png("I-1", PNG)
    assert store.get_png("I-1") == PNG
    (store.folder / "content" / digest[:2] / f"{digest}.img").write_bytes(PNG + b"!")
    with pytest.raises(ContradictionError, match="does not hold"):
        store.get_png("I-1")


def test_what_is_no_picture_and_no_known_type_is_refused(store: ImageStore) -> None:
    with pytest.raises(UnsupportedError, match="PNG"):
        store.put_png("I-1", b"GIF89a")
    with pytest.raises(UnsupportedError, match="float64"):
        store.put_array("S-1", np.zeros(3), META)


def test_a_key_without_image_says_what_to_do(store: ImageStore) -> None:
    with pytest.raises(MissingFactError, match="add its source again"):
        store.get_array("S-9")


def test_a_key_takes_new_content_and_the_old_stays_for_snapshots(store: ImageStore) -> None:
    old = store.put_png("I-1", PNG)
    new = store.put_png("I-1", PNG + b"2")
    assert store.digest("I-1") == new
    assert store.get_png_by_digest(old) == PNG


def test_half_written_files_are_removed(store: ImageStore) -> None:
    store.put_png("I-1", PNG)
    (store.folder / "content" / ".tmp-1234-abcd").write_bytes(b"half")
    assert store.remove_orphans() == 1
    assert store.get_png("I-1") == PNG


@pytest.mark.parametrize("count", [1, 7, 8, 9, 64, 77])
def test_bits_come_back_wherever_the_set_ones_lie(count: int) -> None:
    rng = np.random.default_rng(count)
    one_end, other_end, none = (np.zeros(count, np.bool_) for _ in range(3))
    one_end[0], other_end[-1] = True, True
    for bits in (one_end, other_end, none, ~none, rng.random(count) > 0.5):
        found = _unpack_bits(np.packbits(bits), count)
        assert found.dtype == np.bool_
        assert (found == bits).all()
