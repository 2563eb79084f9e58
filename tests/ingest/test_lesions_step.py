from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from tests.dicom.build import ct_slices, drug, pet_slices, write

from lutrace.core import ContradictionError, MissingFactError, UnusableInputError, read_rows
from lutrace.dicom import index_folder, read_masks, read_series
from lutrace.imaging import write_nifti
from lutrace.ingest import LesionInputs, parse_profile, run_lesions

PLAN = ("suv3",)


def scan(folder: Path, **changes: Any) -> Path:
    """A synthetic PET of 4 x 2 x 3 mm voxels with one hot block of 6 x 6 x 6 voxels (5.184 mL) far above SUV 3."""
    stored = np.full((14, 16, 20), 50, np.int16)
    stored[4:10, 5:11, 6:12] = 30000
    return write(folder / "image", pet_slices(14, stored=stored, **changes))


def test_without_organs_the_block_is_candidate_uptake(tmp_path: Path) -> None:
    result = run_lesions(scan(tmp_path), PLAN, out=tmp_path / "out")
    ((number, category),) = [(row["lesion_id"], row["category"]) for row in result.lesions]
    assert (number, category in ("tumour", "uncertain")) == (1, True)  # as the labeller takes a block without a body
    assert result.totals[0]["above_threshold_ml"] == pytest.approx(216 * 24 / 1000)
    assert result.totals[0]["uncertain_ml"] + result.totals[0]["tumour_auto_ml"] == pytest.approx(5.184)
    assert (result.totals[0]["organs_given"], result.totals[0]["tumour_reviewed_ml"]) == (False, None)
    assert "no organ masks: candidate uptake, not TTV" in result.warnings


FILES = [
    "lesions.csv",
    "totals.csv",
    "mip.png",
    "mip_rotating.gif",
    "lesions_seg.dcm",
    "lesions_rtstruct.dcm",
    "lesions_rwvm.dcm",
    "lesions_sr.dcm",
]


def test_the_files_hold_what_the_rows_say(tmp_path: Path) -> None:
    folder, out = scan(tmp_path), tmp_path / "out"
    result = run_lesions(folder, PLAN, out=out)
    assert [path.name for path in result.written] == FILES
    (row,) = read_rows(out / "lesions.csv")
    assert float(row["volume_ml"]) == pytest.approx(5.184)
    geometry = read_series(index_folder([folder]).series[0]).volume.geometry
    hot = np.zeros(geometry.shape_zyx, bool)
    hot[4:10, 5:11, 6:12] = True
    for name in ("lesions_seg.dcm", "lesions_rtstruct.dcm"):
        (mask,) = read_masks(out / name, geometry)
        assert mask.name == f"lesion 1 {row['category']}"
        assert (mask.array == hot).all()
    assert (out / "mip.png").read_bytes().startswith(b"\x89PNG")
    assert (out / "mip_rotating.gif").read_bytes().startswith(b"GIF89a")
    (group,) = hd.sr.srread(out / "lesions_sr.dcm").content.get_volumetric_roi_measurement_groups()
    assert group.tracking_uid == row["tracking_uid"]
    said = {(m.name.meaning, m.derivation.meaning if m.derivation else None): m.value for m in group.get_measurements()}
    assert said["Volume", None] == pytest.approx(5.184)
    assert said["SUVbw", "Maximum"] == pytest.approx(float(row["suv_max"]))
    assert said["Total lesion uptake", None] == pytest.approx(float(row["tlp_ml"]))


def test_the_mapping_turns_the_images_own_numbers_into_the_suv_of_the_rows(tmp_path: Path) -> None:
    folder, out = scan(tmp_path), tmp_path / "out"
    (row,) = run_lesions(folder, PLAN, out=out).lesions
    items = pydicom.dcmread(out / "lesions_rwvm.dcm").ReferencedImageRealWorldValueMappingSequence
    slope = items[0].RealWorldValueMappingSequence[0].RealWorldValueSlope
    assert 30000 * slope == pytest.approx(row["suv_max"], rel=1e-6)


def test_several_plans_get_a_folder_each_and_a_lesion_has_an_identity_in_each(tmp_path: Path) -> None:
    folder, out = scan(tmp_path), tmp_path / "out"
    result = run_lesions(folder, ("suv3", "percent41", "suv3"), out=out)
    assert [row["plan"] for row in result.totals] == ["suv3", "percent41"]
    assert [path.relative_to(out).as_posix() for path in result.written] == [
        f"{plan}/{name}" for plan in ("suv3", "percent41") for name in FILES
    ]
    assert [row["plan"] for row in result.lesions] == ["suv3", "percent41"]
    assert len({row["tracking_uid"] for row in result.lesions}) == 2
    again = run_lesions(folder, PLAN, out=tmp_path / "again")
    assert again.lesions[0]["tracking_uid"] == result.lesions[0]["tracking_uid"]


def test_nothing_above_the_threshold_gives_tables_and_pictures_but_no_empty_object(tmp_path: Path) -> None:
    folder = write(tmp_path / "cold", pet_slices(6, stored=np.full((6, 9, 11), 50, np.int16)))
    result = run_lesions(folder, PLAN, out=tmp_path / "out")
    assert [path.name for path in result.written] == FILES[:4]
    assert result.lesions == ()
    assert result.totals[0]["above_threshold_ml"] == 0


def test_an_administration_that_the_header_lacks_is_taken_from_the_table(tmp_path: Path) -> None:
    table = tmp_path / "injections.csv"
    table.write_text(
        "patient_id,administered_mbq,injection_datetime,weight_kg\nSYN-1,370,2023-05-17T10:00:00,75\n",
        encoding="utf-8",
    )
    whole, lacking = scan(tmp_path / "whole"), scan(tmp_path / "lacking", drug_item=drug(RadionuclideTotalDose=None))
    (known,) = run_lesions(whole, PLAN, out=tmp_path / "o1").lesions
    with pytest.raises(MissingFactError, match="Dose"):
        run_lesions(lacking, PLAN, out=tmp_path / "o2")
    (record,) = run_lesions(lacking, PLAN, out=tmp_path / "o3", inputs=LesionInputs(injections=table)).lesions
    assert record["suv_max"] == pytest.approx(known["suv_max"], rel=1e-6)


def test_the_ct_is_chosen_by_its_frame_of_reference_and_another_patient_position_is_refused(tmp_path: Path) -> None:
    folder = scan(tmp_path)

    def ct(name: str, n: int, frame: str) -> None:
        def place(dataset: Dataset, _index: int) -> None:
            dataset.FrameOfReferenceUID = frame

        write(tmp_path / name, ct_slices(n, edit=place), prefix=f"f{n}_")

    frame = pydicom.dcmread(next(folder.iterdir())).FrameOfReferenceUID
    ct("both", 9, "1.2.3")
    ct("both", 6, frame)
    fitting = run_lesions(folder, PLAN, out=tmp_path / "o1", inputs=LesionInputs(ct=tmp_path / "both"))
    assert not any(warning.startswith("ct:") for warning in fitting.warnings)
    ct("both", 7, frame)
    several = run_lesions(folder, PLAN, out=tmp_path / "o2", inputs=LesionInputs(ct=tmp_path / "both"))
    assert "ct: 2 series fit, the one with the most slices is taken" in several.warnings
    ct("other", 6, "1.2.3")
    with pytest.raises(ContradictionError, match="none of 1 CT series shares the scan's Frame of Reference"):
        run_lesions(folder, PLAN, out=tmp_path / "o3", inputs=LesionInputs(ct=tmp_path / "other"))
    with pytest.raises(UnusableInputError, match="expected a CT series in the folder, found none"):
        run_lesions(folder, PLAN, out=tmp_path / "o4", inputs=LesionInputs(ct=folder))


def test_masks_are_named_by_the_site_and_one_that_means_a_lesion_makes_it_tumour(tmp_path: Path) -> None:
    folder = scan(tmp_path)
    geometry = read_series(index_folder([folder]).series[0]).volume.geometry
    drawn = {"Leber": np.s_[:2, :2, :2], "lesion": np.s_[6:8, 7:9, 8:10], "Milz?": np.s_[:1, :1, :1]}
    for name, where in drawn.items():
        array = np.zeros(geometry.shape_zyx, bool)
        array[where] = True
        write_nifti(tmp_path / "masks" / f"{name}.nii.gz", array, geometry)
    inputs = LesionInputs(organs=tmp_path / "masks", profile=parse_profile("mask_names: {Leber: liver}"))
    result = run_lesions(folder, PLAN, out=tmp_path / "out", inputs=inputs)
    assert [row["category"] for row in result.lesions] == ["tumour"]
    assert "lesion: taken for tumour, as drawn" in result.warnings
    passed_over = "organ masks passed over, as their names mean no region: Milz?; known are"
    assert any(warning.startswith(passed_over) for warning in result.warnings)


def test_an_organ_mask_elsewhere_makes_the_block_tumour_and_one_on_it_removes_it(tmp_path: Path) -> None:
    folder = scan(tmp_path)
    geometry = read_series(index_folder([folder]).series[0]).volume.geometry
    for name, where in (("far", np.s_[:1, :1, :1]), ("on", np.s_[4:10, 5:11, 6:12])):
        organ = np.zeros(geometry.shape_zyx, bool)
        organ[where] = True
        write_nifti(tmp_path / name / "spleen.nii.gz", organ, geometry)
    far = run_lesions(folder, PLAN, out=tmp_path / "o1", inputs=LesionInputs(organs=tmp_path / "far"))
    assert far.totals[0]["tumour_auto_ml"] == pytest.approx(5.184)
    on = run_lesions(folder, PLAN, out=tmp_path / "o2", inputs=LesionInputs(organs=tmp_path / "on"))
    assert on.totals[0]["tumour_auto_ml"] == 0
    assert on.lesions == ()


def test_a_ct_alone_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "ct", ct_slices(4))
    with pytest.raises(UnusableInputError, match="one PET or SPECT series in the folder, found 0"):
        run_lesions(tmp_path / "ct", PLAN, out=tmp_path / "out")
