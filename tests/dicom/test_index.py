"""Mixed folders: what is found, counted, and named as damaged, without hiding the rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.dicom.build import ct_slices, nm_recon, pet_slices, ramp, write

from lutrace.core import ContradictionError, UnusableInputError
from lutrace.dicom import index_folder, read_series


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


def test_a_missing_folder_is_unusable_input(tmp_path: Path) -> None:
    with pytest.raises(UnusableInputError, match="no such file or folder"):
        index_folder([tmp_path / "none"])
