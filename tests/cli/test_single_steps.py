"""The single steps through the command line, on real data where it is named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from tests.dicom.build import pet_slices, spect_as_pet, write

from lutrace.cli.app import run
from lutrace.core import read_rows


def answer(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    assert run(arguments) == 0
    said = capsys.readouterr()
    content = json.loads(said.out)
    assert isinstance(content, dict)
    return content


@pytest.mark.real_data
def test_suv_of_the_real_177lu_pair(real_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "suv.csv"
    content = answer(["suv", str(real_data / "spect_lu177_xspect"), "--json", "--out", str(out)], capsys)
    series = content["series"]
    assert isinstance(series, list)
    assert [row["factor_suvbw"] for row in series] == pytest.approx([1.28961874e-5] * 2, rel=1e-6)
    assert [row["suvbw_max"] for row in series] == pytest.approx([29.4188, 44.7627], abs=5e-5)
    assert [row["activity_budget_pct"] for row in series] == pytest.approx([18.7, 13.8], abs=0.05)
    assert all(row["steps"] for row in series)
    assert [row["status"] for row in read_rows(out)] == ["ok", "ok"]


@pytest.mark.real_data
@pytest.mark.parametrize("case", [f"STS_{number:03d}" for number in range(1, 11)])
def test_roi_writes_the_published_masks_voxel_for_voxel(
    case: str, real_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, masks = real_data / "pet_sts" / case, tmp_path / "masks"
    call = ["roi", str(folder / "image"), "--masks", str(folder / "mask"), "--write-masks", str(masks), "--json"]
    content = answer(call, capsys)
    (written,) = masks.glob("*.nii.gz")
    mine, truth = SimpleITK.ReadImage(written), SimpleITK.ReadImage(folder / "PET_mask.nii.gz")
    assert mine.GetPixelID() == SimpleITK.sitkUInt8
    assert mine.GetOrigin() == pytest.approx(truth.GetOrigin(), abs=1e-3)
    region = SimpleITK.GetArrayFromImage(truth) > 0
    assert np.array_equal(SimpleITK.GetArrayFromImage(mine) > 0, region)
    image = SimpleITK.ReadImage(folder / "PET_image.nii.gz")
    inside = SimpleITK.GetArrayFromImage(image)[region].astype(float)
    (row,) = content["regions"]  # type: ignore[misc]
    assert row["voxels"] == inside.size
    assert row["suv_max"] == pytest.approx(inside.max(), rel=1e-5)
    assert row["suv_mean"] == pytest.approx(inside.mean(), rel=1e-5)


def test_track_works_on_coordinates_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = tmp_path / "before.csv", tmp_path / "after.csv"
    before.write_text("lesion_id,x_mm,y_mm,z_mm\na,0,0,0\nb,100,0,0\n", encoding="utf-8")
    after.write_text("lesion_id,x_mm,y_mm,z_mm\np,2,0,0\nq,102,0,0\nr,50,200,0\n", encoding="utf-8")
    content = answer(["track", str(before), str(after), "--json"], capsys)
    links = {(link["baseline_id"], link["followup_id"]): link["status"] for link in content["links"]}  # type: ignore[attr-defined]
    assert links == {("a", "p"): "matched", ("b", "q"): "matched", (None, "r"): "new"}
    assert content["warnings"]


def test_an_empty_folder_is_unusable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["suv", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("error: ")


LESIONS = (
    "lesion_id,category,x_mm,y_mm,z_mm\n1,tumour,0,0,0\n2,physiological,60,0,0\n3,uncertain,0,90,0\n4,benign,0,0,80\n"
)


def table(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_only_tumour_and_uncertain_rows_are_tracked_and_what_was_left_out_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = table(tmp_path / "one.csv", LESIONS), table(tmp_path / "two.csv", LESIONS)
    content = answer(["track", one, two, "--json"], capsys)
    assert [link["baseline_id"] for link in content["links"]] == ["1", "3"]  # type: ignore[attr-defined]
    left = (
        "one.csv: 1 physiological, 1 benign of 4 rows are no tumour by their category and left out; --all tracks them"
    )
    assert any(left in warning for warning in content["warnings"])  # type: ignore[attr-defined]
    every = answer(["track", one, two, "--all", "--json"], capsys)
    assert [link["baseline_id"] for link in every["links"]] == ["1", "2", "3", "4"]  # type: ignore[attr-defined]
    assert any("tracked like tumour" in warning for warning in every["warnings"])  # type: ignore[attr-defined]


def test_places_alone_say_that_frame_of_reference_and_field_of_view_are_not_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = table(tmp_path / "one.csv", LESIONS)
    assert run(["track", one, one]) == 0
    said = capsys.readouterr().err
    assert "frame of reference of the two scans is not known" in said
    assert "fields of view of the two scans are not known" in said
    matrix = table(tmp_path / "m.json", "[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]")
    assert run(["track", one, one, "--registration", matrix]) == 0
    said = capsys.readouterr().err
    assert "frame of reference" not in said
    assert "fields of view of the two scans are not known" in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lesion_id,x_mm,y_mm,z_mm,pair\na,0,0,0,A\n", "has a column pair and the other table has none"),
        ("lesion_id,x_mm,y_mm\na,0,0\n", "found no z_mm"),
        ("lesion_id,x_mm,y_mm,z_mm\na,0,left,0\n", "row 2, y_mm: expected a number, found a text like"),
    ],
)
def test_a_table_that_cannot_be_tracked_is_unusable(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = table(tmp_path / "good.csv", "lesion_id,x_mm,y_mm,z_mm\na,0,0,0\n")
    assert run(["track", table(tmp_path / "bad.csv", text), good]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert words in said.err


def test_a_pair_that_only_one_table_names_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head = "lesion_id,x_mm,y_mm,z_mm,pair\n"
    one, two = (
        table(tmp_path / "one.csv", head + "a,0,0,0,A\na,0,0,0,B\n"),
        table(tmp_path / "two.csv", head + "a,0,0,0,A\n"),
    )
    content = answer(["track", one, two, "--json"], capsys)
    assert [link["status"] for link in content["links"]] == ["matched", "resolved"]  # type: ignore[attr-defined]
    assert any("one.csv: 1 of its pairs are not in the other table" in one for one in content["warnings"])  # type: ignore[attr-defined]


def test_hours_after_injection_end_with_the_start_of_acquisition_and_the_decay_reference_is_said_beside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def an_hour_later(dataset: object, index: int) -> None:  # the second bed starts when the first is done
        dataset.AcquisitionTime = "133000" if index < 3 else "140000"  # type: ignore[attr-defined]

    for name, slices in (("spect", spect_as_pet(hours=4.5, edit=an_hour_later)), ("pet", pet_slices())):
        write(tmp_path / name, slices)
    (spect,) = answer(["suv", str(tmp_path / "spect"), "--json"], capsys)["series"]  # type: ignore[misc]
    assert (spect["hours_after_injection"], spect["reference_hours_after_injection"]) == (4.5, 0.0)
    assert "hours after injection: start of acquisition 4.500 h, decay reference 0.000 h" in spect["checks"]
    (pet,) = answer(["suv", str(tmp_path / "pet"), "--json"], capsys)["series"]  # type: ignore[misc]
    assert (pet["hours_after_injection"], pet["reference_hours_after_injection"]) == (1.0, 1.0)
    assert not any(check.startswith("hours after injection") for check in pet["checks"])
