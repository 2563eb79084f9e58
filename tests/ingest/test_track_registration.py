"""`lutrace track --registration`: files of other programs, which way they map, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from tests.dicom.test_spatial_registration import OTHER, OWN, deformable_object, grid_item, matrix_item, rigid_object

from lutrace.core import UnusableInputError, write_rows
from lutrace.ingest import TrackInputs, run_track
from lutrace.ingest.lesion_tables import digest_frame
from lutrace.ingest.track_step import FRAME_UNKNOWN, OTHER_FRAME, VIEW_UNKNOWN

sitk: Any = SimpleITK
BEFORE = np.array([[0.0, 0, 0], [60, 0, 10], [-50, 20, 90], [30, -40, 150], [-20, 60, -80]])
WAY = np.array([120.0, 0.0, 200.0])
"""A shift that the places alone cannot be trusted to tell."""
SHIFT = np.eye(4)
SHIFT[:3, 3] = WAY


def table(path: Path, places: np.ndarray, frame: str | None = None, **more: object) -> Path:
    rows = [
        {"lesion_id": number, "x_mm": x, "y_mm": y, "z_mm": z, "frame_digest": digest_frame(frame)} | more
        for number, (x, y, z) in enumerate(places, start=1)
    ]
    write_rows(path, rows)
    return path


def tracked(folder: Path, after: np.ndarray, frames: tuple[str | None, str | None] = (None, None), **given: Any) -> Any:
    one, two = table(folder / "a.csv", BEFORE, frames[0]), table(folder / "b.csv", after, frames[1])
    return run_track(one, two, inputs=TrackInputs(**given))


def matched(result: Any) -> bool:
    found = [(link["baseline_id"], link["followup_id"], link["status"]) for link in result.links]
    return found == [(str(n), str(n), "matched") for n in range(1, 6)]


def bent_field(path: Path) -> tuple[Path, np.ndarray]:
    """A shift of 200 mm up with a bend on top, as an image of displacements; and where BEFORE comes to lie."""
    z, y, x = np.indices((40, 30, 30))
    vectors = np.stack([8 * np.sin(z / 6), 6 * np.cos(x / 5), 200 + 9 * np.sin(y / 7)], axis=-1)
    image = sitk.GetImageFromArray(vectors, isVector=True)
    image.SetSpacing((8.0, 8.0, 8.0))
    image.SetOrigin((-110.0, -110.0, -130.0))
    sitk.WriteImage(image, str(path))
    transform = sitk.DisplacementFieldTransform(sitk.ReadImage(str(path), sitk.sitkVectorFloat64))
    return path, np.asarray([transform.TransformPoint(place.tolist()) for place in BEFORE])


@pytest.mark.parametrize("ending", [".nii.gz", ".mha", ".nrrd"])
def test_a_field_maps_points_of_the_fixed_scan_and_fixed_says_which_that_was(tmp_path: Path, ending: str) -> None:
    path, after = bent_field(tmp_path / f"field{ending}")
    forth = tracked(tmp_path, after, registration=path)
    assert matched(forth)
    assert max(link["distance_mm"] for link in forth.links) < 1.0
    assert any("taken to map points of the baseline (the fixed image)" in text for text in forth.warnings)
    stated = tracked(tmp_path, after, registration=path, fixed="baseline")
    assert stated.links == forth.links
    assert stated.warnings == (forth.warnings[0], VIEW_UNKNOWN)
    one, two = table(tmp_path / "c.csv", after), table(tmp_path / "d.csv", BEFORE)
    back = run_track(one, two, inputs=TrackInputs(path, fixed="followup"))
    assert matched(back)
    assert max(link["distance_mm"] for link in back.links) < 1.0


def test_the_wrong_way_round_is_refused_with_the_remedy(tmp_path: Path) -> None:
    sitk.WriteTransform(sitk.TranslationTransform(3, (-WAY).tolist()), str(tmp_path / "back.tfm"))
    with pytest.raises(
        UnusableInputError, match=r"30 mm from each other after it, and 0 mm when it is turned round.*--fixed"
    ):
        tracked(tmp_path, BEFORE + WAY, registration=tmp_path / "back.tfm")
    assert matched(tracked(tmp_path, BEFORE + WAY, registration=tmp_path / "back.tfm", fixed="followup"))


def test_a_registration_that_makes_things_worse_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(json.dumps(SHIFT.tolist()), encoding="utf-8")
    with pytest.raises(
        UnusableInputError, match="30 mm from each other after it, 3 mm without it: it makes things worse"
    ):
        tracked(tmp_path, BEFORE + np.array([2.0, -1.0, 2.0]), registration=tmp_path / "m.json")


def test_new_and_resolved_lesions_alone_do_not_make_a_registration_wrong(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(json.dumps(SHIFT.tolist()), encoding="utf-8")
    elsewhere = BEFORE[:, ::-1] * 1.7 + (300.0, -90.0, 400.0)
    statuses = {link["status"] for link in tracked(tmp_path, elsewhere, registration=tmp_path / "m.json").links}
    assert statuses == {"new", "resolved"}


def test_a_field_of_another_place_is_refused_and_lesions_beyond_one_are_told(tmp_path: Path) -> None:
    path, after = bent_field(tmp_path / "field.mha")
    away = tmp_path / "away.mha"
    image = sitk.ReadImage(str(path))
    image.SetOrigin((900.0, 900.0, 900.0))
    sitk.WriteImage(image, str(away))
    with pytest.raises(UnusableInputError, match="covers no lesion of the fixed scan"):
        tracked(tmp_path, after, registration=away)
    image.SetOrigin((-110.0, -110.0, -60.0))
    sitk.WriteImage(image, str(away))
    moved = sitk.DisplacementFieldTransform(sitk.ReadImage(str(away), sitk.sitkVectorFloat64))
    places = np.asarray([moved.TransformPoint(place.tolist()) for place in BEFORE])
    places[4] = BEFORE[4] + (0.0, 0.0, 205.0)
    told = tracked(tmp_path, places, registration=away, fixed="baseline").warnings
    assert any("1 lesions lie beyond its field" in text for text in told)


def test_a_dicom_object_is_turned_by_the_frames_of_the_two_tables(tmp_path: Path) -> None:
    path = rigid_object(tmp_path / "reg.dcm", SHIFT)  # from OTHER to its own frame: up
    assert matched(tracked(tmp_path, BEFORE + WAY, (OTHER, OWN), registration=path))
    assert matched(tracked(tmp_path, BEFORE - WAY, (OWN, OTHER), registration=path))
    with pytest.raises(UnusableInputError, match="other frames of reference than those of the two scans"):
        tracked(tmp_path, BEFORE + WAY, (OTHER, "1.2.3.7"), registration=path)
    with pytest.raises(UnusableInputError, match="not that of the baseline, which --fixed states"):
        tracked(tmp_path, BEFORE + WAY, (OTHER, OWN), registration=path, fixed="baseline")


def test_without_known_frames_the_objects_own_frame_is_the_fixed_scan(tmp_path: Path) -> None:
    path = rigid_object(tmp_path / "reg.dcm", SHIFT)
    assert matched(tracked(tmp_path, BEFORE - WAY, registration=path))
    assert matched(tracked(tmp_path, BEFORE + WAY, registration=path, fixed="followup"))


def test_a_deformable_object_maps_as_its_grid_says(tmp_path: Path) -> None:
    z, y, x = np.indices((34, 30, 30)).astype(float)
    bend = np.stack([6 * np.sin(z / 5), 0 * y, 5 * np.cos(x / 6)], axis=-1)
    path = deformable_object(
        tmp_path / "d.dcm",
        PostDeformationMatrixRegistrationSequence=matrix_item(SHIFT),
        DeformableRegistrationGridSequence=grid_item(bend, (-110.0, -110.0, -100.0), 8.0),
    )
    index = (BEFORE - (-110.0, -110.0, -100.0)) / 8.0
    after = BEFORE + WAY
    after[:, 0] += 6 * np.sin(index[:, 2] / 5)
    after[:, 2] += 5 * np.cos(index[:, 0] / 6)
    result = tracked(tmp_path, after, (OWN, OTHER), registration=path)
    assert matched(result)
    assert max(link["distance_mm"] for link in result.links) < 0.3
    one, two = table(tmp_path / "c.csv", after, OTHER), table(tmp_path / "d.csv", BEFORE, OWN)
    assert matched(run_track(one, two, inputs=TrackInputs(path)))


def test_tables_of_one_frame_of_reference_need_no_registration_and_say_so_by_their_digest(tmp_path: Path) -> None:
    near = BEFORE + np.array([1.0, 2.0, -1.0])
    assert FRAME_UNKNOWN not in tracked(tmp_path, near, (OWN, OWN)).warnings
    assert FRAME_UNKNOWN in tracked(tmp_path, near, (OWN, None)).warnings
    assert OTHER_FRAME in tracked(tmp_path, near, (OWN, OTHER)).warnings
    assert OWN not in (tmp_path / "a.csv").read_text(encoding="utf-8")


def test_a_direction_without_a_registration_is_no_call(tmp_path: Path) -> None:
    with pytest.raises(UnusableInputError, match="--fixed says which scan a registration maps from"):
        tracked(tmp_path, BEFORE, fixed="baseline")
