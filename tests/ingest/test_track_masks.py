"""`lutrace track` with masks: what overlaps tell that places alone do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.dicom.build import pet_slices, write
from tests.imaging.make import ball, centres_mm, grid

from lutrace.core import Row, UnusableInputError, write_rows
from lutrace.imaging import Geometry, write_nifti
from lutrace.ingest import TrackInputs, run_lesions, run_track

GRID = grid((90, 60, 100), (3.0, 3.0, 3.0), (-132.0, -90.0, 0.0))
COARSE = grid((56, 38, 63), (4.8, 4.8, 4.8), (-132.0, -90.0, 0.0))
STILL = {"c": (-90.0, 40.0, 60.0), "d": (80.0, -60.0, 250.0), "e": (-80.0, -50.0, 200.0)}


def beam(geometry: Geometry) -> np.ndarray:
    """A long lesion along x from -6 to 54 mm, 28 mm wide."""
    place = centres_mm(geometry) - np.array([24.0, 0.0, 120.0])
    return np.asarray((np.abs(place) <= (30.0, 14.0, 14.0)).all(axis=-1))


def scan(folder: Path, geometry: Geometry, own: dict[str, np.ndarray], shift_mm: float = 0.0) -> tuple[Path, Path]:
    """The table and the NIfTI masks of a scan: `own` lesions and three that stay; all moved along z."""
    folder.mkdir()
    moved = Geometry(geometry.size_xyz, geometry.spacing_mm, (-132.0, -90.0, shift_mm), geometry.direction)
    rows: list[Row] = []
    for name, array in {**own, **{k: ball(geometry, 9.0, np.array(v)) for k, v in STILL.items()}}.items():
        write_nifti(folder / "masks" / f"lesion_{name}.nii.gz", array.astype(np.uint8), moved)
        x, y, z = moved.to_mm(np.argwhere(array).astype(float)).mean(axis=0)
        volume = float(array.sum()) * geometry.voxel_volume_ml
        rows.append({"lesion_id": name, "x_mm": x, "y_mm": y, "z_mm": z, "volume_ml": volume})
    write_rows(folder / "lesions.csv", rows)
    return folder / "lesions.csv", folder / "masks"


def told(links: tuple[Row, ...], *ids: str) -> list[tuple[str | None, str | None, str]]:
    """The links of these lesions."""
    return sorted(
        (str(one["baseline_id"]), str(one["followup_id"]), one["status"])
        for one in links
        if one["baseline_id"] in ids or one["followup_id"] in ids
    )


def without_volumes(table: Path, out: Path) -> Path:
    rows = [line.rsplit(",", 1) for line in table.read_text(encoding="utf-8").splitlines()]
    assert rows[0][1] == "volume_ml"
    out.write_text("\n".join(row[0] for row in rows) + "\n", encoding="utf-8")
    return out


def two_balls(geometry: Geometry) -> dict[str, np.ndarray]:
    return {"a": ball(geometry, 6.0, np.array([0.0, 0, 120])), "b": ball(geometry, 13.0, np.array([40.0, 0, 120]))}


@pytest.mark.parametrize("shift_mm", [0.0, 30.0])
def test_lesions_that_merged_into_a_longer_one_are_told_by_their_masks(shift_mm: float, tmp_path: Path) -> None:
    before, before_masks = scan(tmp_path / "1", GRID, two_balls(GRID))
    after, after_masks = scan(tmp_path / "2", COARSE, {"p": beam(COARSE)}, shift_mm)
    right = [("a", "p", "merged"), ("b", "p", "merged")]
    assert told(run_track(before, after).links, "a", "b", "p") != right
    found = run_track(before, after, inputs=TrackInputs(baseline_masks=before_masks, followup_masks=after_masks))
    assert told(found.links, "a", "b", "p") == right
    assert {one["cluster"] for one in found.links if one["followup_id"] == "p"} == {1}
    still = [one for one in found.links if one["baseline_id"] in STILL]
    assert all(one["overlap"] > 0.75 and one["status"] == "matched" for one in still)


def test_a_lesion_that_fell_into_two_small_ones_is_told_by_its_masks(tmp_path: Path) -> None:
    before, before_masks = scan(tmp_path / "1", COARSE, {"p": beam(COARSE)})
    left = {"a": ball(GRID, 6.0, np.array([0.0, 0, 120])), "b": ball(GRID, 7.0, np.array([48.0, 0, 120]))}
    after, after_masks = scan(tmp_path / "2", GRID, left)
    right = [("p", "a", "split"), ("p", "b", "split")]
    bare = [without_volumes(one, tmp_path / f"{number}.csv") for number, one in enumerate((before, after))]
    assert told(run_track(*bare).links, "a", "b", "p") != right
    found = run_track(*bare, inputs=TrackInputs(baseline_masks=before_masks, followup_masks=after_masks))
    assert told(found.links, "a", "b", "p") == right


def test_a_volume_that_the_table_lacks_is_that_of_the_mask(tmp_path: Path) -> None:
    table, masks = scan(tmp_path / "1", GRID, two_balls(GRID))
    bare = without_volumes(table, tmp_path / "bare.csv")
    same = [
        run_track(one, one, inputs=TrackInputs(baseline_masks=masks, followup_masks=masks)).links
        for one in (table, bare)
    ]
    assert same[0] == same[1]
    assert {(one["status"], one["overlap"]) for one in same[0]} == {("matched", 1.0)}


@pytest.mark.parametrize("name", ["lesions_seg.dcm", "lesions_rtstruct.dcm"])
def test_the_objects_that_lutrace_lesions_writes_are_taken_as_they_are(name: str, tmp_path: Path) -> None:
    stored = np.full((14, 16, 20), 50, np.int16)
    stored[1:5, 2:6, 3:7], stored[8:13, 9:14, 12:18] = 30000, 25000
    out = tmp_path / "out"
    run_lesions(write(tmp_path / "image", pet_slices(14, stored=stored)), ("suv3",), out=out)
    found = run_track(
        out / "lesions.csv",
        out / "lesions.csv",
        inputs=TrackInputs(baseline_masks=out / name, followup_masks=out / name),
    )
    assert [(one["status"], one["overlap"]) for one in found.links] == [("matched", 1.0)] * 2
    assert [one.split()[0] for one in found.warnings] == ["provisional:", "the"]  # and that the views are not known


def test_masks_that_do_not_fit_their_table_are_refused(tmp_path: Path) -> None:
    table, masks = scan(tmp_path / "1", GRID, two_balls(GRID))
    with pytest.raises(UnusableInputError, match="those of both scans"):
        run_track(table, table, inputs=TrackInputs(baseline_masks=masks))
    text = table.read_text(encoding="utf-8")
    other = tmp_path / "other.csv"
    other.write_text("\n".join(line.replace(",", "x,", 1) for line in text.splitlines()[1:]), encoding="utf-8")
    other.write_text(text.splitlines()[0] + "\n" + other.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(UnusableInputError, match=r"none of 5 regions is named after a lesion_id of other\.csv"):
        run_track(other, table, inputs=TrackInputs(baseline_masks=masks, followup_masks=masks))
    far = tmp_path / "far.csv"
    write_rows(far, [{"lesion_id": "a", "x_mm": 0.0, "y_mm": 60.0, "z_mm": 120.0}])
    with pytest.raises(UnusableInputError, match=r"far\.csv, row 1: its place lies 5\d mm outside its mask"):
        run_track(far, table, inputs=TrackInputs(baseline_masks=masks, followup_masks=masks))
    paired = tmp_path / "paired.csv"
    write_rows(paired, [{"lesion_id": "a", "x_mm": 0.0, "y_mm": 0.0, "z_mm": 120.0, "pair": "1"}])
    with pytest.raises(UnusableInputError, match="one pair of scans"):
        run_track(paired, paired, inputs=TrackInputs(baseline_masks=masks, followup_masks=masks))


def test_lesions_without_a_mask_are_told_and_tracked_by_their_place(tmp_path: Path) -> None:
    table, masks = scan(tmp_path / "1", GRID, two_balls(GRID))
    (masks / "lesion_c.nii.gz").unlink()
    found = run_track(table, table, inputs=TrackInputs(baseline_masks=masks, followup_masks=masks))
    assert "lesions.csv: 1 of 5 lesions have no mask, their places count alone" in found.warnings
    assert {one["status"] for one in found.links} == {"matched"}
