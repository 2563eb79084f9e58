"""One uneven soft-tissue mass on real FDG-PET stays one: ten scans with one drawn tumour each, cut as the plan says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lutrace.dicom import index_folder, read_masks, read_series
from lutrace.imaging import SplitRule, find_components, split_by_uptake
from lutrace.segment import load_plan


def count_parts(folder: Path, *, waists: bool) -> tuple[int, int]:
    """Parts of SUV 3 that lie mostly in the drawn tumour, and the components that they come from."""
    scan = read_series(index_folder([folder / "image"]).series[0]).volume
    drawn = read_masks(folder / "mask", scan.geometry)[0].array.ravel()
    plan = load_plan("suv3")
    one, fwhm_mm = plan.splitting, plan.resolution_of("PET")
    assert one is not None
    least = plan.min_voxels_of("PET", scan.geometry.voxel_volume_ml)
    lengths = one.least_distance * fwhm_mm, one.smoothing * fwhm_mm
    rule = SplitRule(one.prominence, *lengths, least, broad_prominence=one.broad_prominence)
    voxels = find_components(scan.array >= 3.0, connectivity=plan.connectivity)
    found = split_by_uptake(scan, voxels, rule if waists else replace(rule, broad_prominence=0.0))
    size = np.bincount(found.part, minlength=found.count + 1)
    inside = np.bincount(found.part, drawn[voxels.place], found.count + 1)
    held = np.flatnonzero((size >= least) & (inside > 0.5 * size))
    return len(held), len(set(found.component[held - 1].tolist()))


@pytest.mark.real_data
def test_of_ten_drawn_masses_those_in_one_piece_stay_one_and_the_others_fall_into_half_as_many_parts(
    real_data: Path,
) -> None:
    folders = {number: real_data / "pet_sts" / f"STS_{number:03d}" for number in range(1, 11)}
    found = {number: count_parts(folder, waists=True) for number, folder in folders.items()}
    before = {number: count_parts(folder, waists=False) for number, folder in folders.items()}
    assert [number for number, (parts, _) in found.items() if parts == 1] == [2, 3, 6, 7, 8]
    assert [number for number, (parts, _) in before.items() if parts == 1] == [8]
    assert all(found[number][0] <= before[number][0] for number in found)
    cuts = [sum(parts - pieces for parts, pieces in counts.values()) for counts in (before, found)]
    assert cuts[1] < 0.55 * cuts[0]
