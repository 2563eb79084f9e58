"""Mixed folders: what is found, counted, and named as damaged, without hiding the rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.dicom.build import ct_slices, nm_recon, pet_slices, ramp, write

from lutrace.core import ContradictionError, LutraceError, UnsupportedError, UnusableInputError
from lutrace.dicom import index_folder, is_image_series, read_series


def test_mixed_series_in_one_folder_are_told_apart(tmp_path: Path) -> None:
    write(tmp_path, pet_slices(4), prefix="a")
    write(tmp_path, ct_slices(3), prefix="b")
    write(tmp_path, [nm_recon()], prefix="c")
    index = index_folder([tmp_path])
    assert sorted((s.modality, len(s.instances)) for s in index.series) == [("CT", 3), ("NM", 1), ("PT", 4)]
    assert (index.n_files, index.n_not_dicom, index.faults) == (8, 0, ())


def test_files_that_are_not_dicom_are_counted_and_skipped(tmp_path: Path) -> None:
    write(tmp_path / "deep" / "er", pet_slices(3))
    (tmp_path / "readme.txt").write_text("synthetic", encoding="utf-8")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "zeros").write_bytes(b"\0" * 400)
    index = index_folder([tmp_path])
    assert (len(index.series), index.n_not_dicom) == (1, 3)


def test_a_file_without_preamble_is_read(tmp_path: Path) -> None:
    write(tmp_path, pet_slices(3))
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        length = int.from_bytes(content[140:144], "little")
        path.write_bytes(content[144 + length :])
    index = index_folder([tmp_path])
    assert ([len(s.instances) for s in index.series], index.faults) == ([3], ())
    np.testing.assert_allclose(read_series(index.series[0]).volume.array, ramp(3) * 2.5)


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_a_named_fault_and_the_other_series_come_out(tmp_path: Path, part: float) -> None:
    bad = write(tmp_path / "bad", pet_slices(4))
    write(tmp_path / "good", pet_slices(3))
    victim = sorted(bad.iterdir())[2]
    victim.write_bytes(victim.read_bytes()[: int(victim.stat().st_size * part)])
    index = index_folder([tmp_path])
    (fault,) = index.faults
    assert fault.path == victim
    assert "truncated" in fault.reason or "found nothing" in fault.reason
    good = next(s for s in index.series if len(s.instances) == 3 and not s.faults and s.paths[0].parent.name == "good")
    assert read_series(good).volume.array.shape == (3, 4, 6)


def test_a_series_with_a_truncated_file_is_refused_with_the_reason(tmp_path: Path) -> None:
    write(tmp_path, pet_slices(4))
    victim = sorted(tmp_path.iterdir())[0]
    victim.write_bytes(victim.read_bytes()[:-10])
    (series,) = index_folder([tmp_path]).series
    with pytest.raises(ContradictionError, match=r"1 of 4 files of the series are damaged \(truncated: Pixel Data"):
        read_series(series)


def test_identity_is_kept_apart_from_the_messages(tmp_path: Path) -> None:
    (series,) = index_folder([write(tmp_path, pet_slices(2))]).series
    assert series.identity.patient_id == "SYN-1"
    assert series.identity.name == "Synthetic^Phantom"


def test_a_dicomdir_is_counted_apart(tmp_path: Path) -> None:
    files = pet_slices(2)
    directory = pet_slices(1)[0]
    directory.SOPClassUID = directory.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    write(tmp_path, files)
    directory.save_as(tmp_path / "DICOMDIR", enforce_file_format=True)
    index = index_folder([tmp_path])
    assert (index.n_directories, len(index.series), len(index.series[0].instances)) == (1, 1, 2)


def test_a_single_file_is_indexed_and_one_without_series_is_a_fault(tmp_path: Path) -> None:
    write(tmp_path, pet_slices(1, SeriesInstanceUID=None))
    index = index_folder([next(tmp_path.iterdir())])
    assert index.faults[0].reason == "Series Instance UID (0020,000E): found nothing"
    assert index.of_modality("PT") == ()


def test_a_file_that_shrinks_after_indexing_is_unusable(tmp_path: Path) -> None:
    (series,) = index_folder([write(tmp_path, pet_slices(2))]).series
    path = series.paths[0]
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(UnusableInputError, match="the file got shorter"):
        read_series(series)


def test_two_kinds_of_objects_in_one_series_are_refused(tmp_path: Path) -> None:
    pet, ct = pet_slices(2), ct_slices(1)
    ct[0].SeriesInstanceUID = pet[0].SeriesInstanceUID
    (series,) = index_folder([write(tmp_path, [*pet, *ct])]).series
    with pytest.raises(UnsupportedError, match="2 kinds of objects"):
        read_series(series)


def test_an_object_that_is_no_image_is_refused_by_its_class(tmp_path: Path) -> None:
    slices = pet_slices(1, SOPClassUID="1.2.840.10008.5.1.4.1.1.7")
    (series,) = index_folder([write(tmp_path, slices)]).series
    assert not is_image_series(series)
    with pytest.raises(UnsupportedError, match="is no image that is read"):
        read_series(series)


def test_ct_of_another_rescale_type_is_refused(tmp_path: Path) -> None:
    slices = ct_slices(2)
    for dataset in slices:
        dataset.RescaleType = "OD"
    (series,) = index_folder([write(tmp_path, slices)]).series
    with pytest.raises(ContradictionError, match="expected HU, found OD"):
        read_series(series)


@pytest.mark.parametrize("seed", range(25))
def test_random_damage_never_escapes_as_an_unnamed_error(tmp_path: Path, seed: int) -> None:
    """Bytes of the header are overwritten at random: the file becomes a fault, a refusal, or still reads."""
    rng = np.random.default_rng(seed)
    for path in write(tmp_path, pet_slices(3)).iterdir():
        content = bytearray(path.read_bytes())
        for place in rng.integers(132, len(content), 12):
            content[place] = rng.integers(0, 256)
        path.write_bytes(bytes(content))
    for series in index_folder([tmp_path]).series:
        try:
            read_series(series)
        except LutraceError as error:
            assert str(error)


def test_a_missing_folder_is_unusable_input(tmp_path: Path) -> None:
    with pytest.raises(UnusableInputError, match="no such file or folder"):
        index_folder([tmp_path / "none"])
