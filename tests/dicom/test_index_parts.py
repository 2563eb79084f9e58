"""A folder indexed in parts by several workers is the folder indexed at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.dicom.build import ct_slices, pet_slices, write

from lutrace.core import UnusableInputError
from lutrace.dicom import SeriesFiles, index_folder, index_in_parts
from lutrace.dicom import index_parts as module


def told(series: SeriesFiles) -> tuple[object, ...]:
    return (series.series_uid, series.modality, series.identity, series.instances, series.faults, series.header)


def test_an_index_in_parts_is_the_index_of_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, pet_slices(7), prefix="a")
    write(tmp_path, ct_slices(5), prefix="b")
    (tmp_path / "c.txt").write_text("no DICOM", encoding="utf-8")
    damaged = next(iter(sorted(tmp_path.glob("a*"))))
    damaged.write_bytes(damaged.read_bytes()[:-9])
    monkeypatch.setattr(module, "PART", 2)
    whole = index_folder([tmp_path])
    with ThreadPoolExecutor(1) as executor:
        parts = index_in_parts([tmp_path], executor)
        with pytest.raises(UnusableInputError, match="no such file or folder"):
            index_in_parts([tmp_path, tmp_path / "nothing"], executor)
    assert [told(one) for one in parts.series] == [told(one) for one in whole.series]
    assert len(whole.faults) == 1
    assert (parts.faults, parts.n_files, parts.n_not_dicom) == (whole.faults, whole.n_files, whole.n_not_dicom)
    assert [told(one) for one in index_in_parts([tmp_path], None).series] == [told(one) for one in whole.series]
