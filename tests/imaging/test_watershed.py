from dataclasses import replace

import numpy as np
import pytest
from tests.imaging.make import ball, centres_mm, grid, volume
from tests.segment.spheres import scan_of

from lutrace.imaging import LabelledVoxels, Split, SplitRule, Volume, find_components, split_by_uptake
from lutrace.imaging.itk import from_itk, sitk, to_itk
from lutrace.imaging.watershed import smooth_at

RULE = SplitRule(prominence=0.12, least_distance_mm=6.0, smoothing_fwhm_mm=4.5, min_voxels=3)
TWO = [((-12.0, 1.0, 2.0), 12.0, 10.0), ((12.0, 1.0, 2.0), 12.0, 10.0)]


def split(scan: Volume, rule: SplitRule = RULE, level: float = 3.0) -> tuple[LabelledVoxels, Split]:
    voxels = find_components(scan.array >= level)
    return voxels, split_by_uptake(scan, voxels, rule)


def test_two_touching_spheres_are_two_parts_of_one_component_and_share_its_volume() -> None:
    voxels, found = split(scan_of(TWO, 6.0, 2.0, 80))
    assert (voxels.count, found.count, found.component.tolist()) == (1, 2, [1, 1])
    sizes = np.bincount(found.part, minlength=3)
    assert sizes.sum() == len(voxels.place)
    assert sizes[0] == 0
    assert sizes[1] == pytest.approx(sizes[2], rel=0.02)


def test_the_cut_lies_in_the_plane_between_the_spheres() -> None:
    scan = scan_of(TWO, 6.0, 2.0, 80)
    voxels, found = split(scan)
    x = centres_mm(scan.geometry)[..., 0].ravel()[voxels.place]
    left = found.part[np.argmin(x)]
    assert (x[found.part == left] <= 1e-6).all()
    assert (x[found.part != left] >= -1e-6).all()


def test_a_small_sphere_on_a_large_one_is_split_off() -> None:
    voxels, found = split(scan_of([((0, 0, 0), 15.0, 8.0), ((23.0, 0, 0), 7.0, 12.0)], 6.0, 2.0, 90))
    assert (voxels.count, found.count) == (1, 2)


def test_one_elongated_lesion_stays_whole() -> None:
    geometry = grid((60, 20, 20), (2.0, 2.0, 2.0), (-59.0, -19.0, -19.0))
    place = centres_mm(geometry) / np.array([50.0, 12.0, 12.0])
    voxels, found = split(volume(0.5 + 9.5 * np.exp(-((place**2).sum(-1))), geometry))
    assert (voxels.count, found.count) == (1, 1)


@pytest.mark.parametrize("seed", range(4))
def test_a_noisy_lesion_stays_whole(seed: int) -> None:
    scan = scan_of([((0, 0, 0), 20.0, 10.0)], 6.0, 2.0, 80)
    noise = np.random.default_rng(seed).normal(size=scan.array.shape).astype(np.float32)
    smooth = from_itk(sitk.SmoothingRecursiveGaussian(to_itk(noise, scan.geometry), 1.5))
    noisy = scan.with_array(np.asarray(scan.array * (1 + 0.12 * smooth / smooth.std()), np.float32), "g/mL")
    voxels, found = split(noisy)
    assert voxels.count >= 1
    assert int((found.component == 1).sum()) == 1


def test_peaks_nearer_than_the_least_distance_are_one_lesion() -> None:
    scan = scan_of([((-4.0, 0, 0), 3.0, 30.0), ((4.0, 0, 0), 3.0, 30.0)], 4.0, 1.0, 40)
    assert split(scan)[1].count == 2
    assert split(scan, SplitRule(0.12, 10.0, 4.5, 3))[1].count == 1


def test_a_part_smaller_than_the_least_size_is_none() -> None:
    scan = scan_of(TWO, 6.0, 2.0, 80)
    assert split(scan, SplitRule(0.12, 6.0, 4.5, 900))[1].count == 2
    assert split(scan, SplitRule(0.12, 6.0, 4.5, 1300))[1].count == 1


def test_the_result_does_not_depend_on_the_orientation_of_the_array_or_on_chance() -> None:
    scan = scan_of([*TWO, ((0.0, 24.0, 2.0), 12.0, 9.0)], 6.0, 2.0, 90)
    first, again = split(scan)[1], split(scan)[1]
    assert np.array_equal(first.part, again.part)
    turned = scan.with_array(np.ascontiguousarray(scan.array[::-1, ::-1, ::-1]), "g/mL")
    sizes = [sorted(np.bincount(one.part)[1:]) for one in (first, split(turned)[1])]
    assert sizes[0] == pytest.approx(sizes[1], abs=15)
    assert first.count == 3


def test_an_organ_takes_what_flows_into_it_and_leaves_a_peak_of_its_own() -> None:
    scan = scan_of([((0, 0, 0), 15.0, 20.0), ((26.0, 0, 0), 8.0, 20.0)], 6.0, 2.0, 90)
    voxels = find_components(scan.array >= 3)
    organ = ball(scan.geometry, 12.0, np.zeros(3)).ravel()[voxels.place]
    found = split_by_uptake(scan, voxels, RULE, normal=organ)
    assert found.count == 1
    x = centres_mm(scan.geometry)[..., 0].ravel()[voxels.place]
    assert x[found.part == 1].min() > 12.0
    assert (found.part[organ] == 0).all()
    assert 3.0 < found.saddle[0] < found.peak[0]


def test_smoothing_keeps_a_constant_and_a_slope() -> None:
    geometry = grid((20, 16, 12), (2.0, 3.0, 4.0))
    place = np.flatnonzero(np.ones(geometry.shape_zyx, bool))
    flat = volume(np.full(geometry.shape_zyx, 3.0), geometry)
    assert smooth_at(flat, place, 8.0) == pytest.approx(3.0)
    x = np.broadcast_to(np.arange(20.0), geometry.shape_zyx)
    middle = smooth_at(volume(x, geometry), place, 8.0).reshape(geometry.shape_zyx)[6, 8, 10]
    assert middle == pytest.approx(10.0)


def test_the_parts_agree_with_the_watershed_of_another_program() -> None:
    scan = scan_of([((-14.0, 0, 0), 12.0, 10.0), ((14.0, 2, 1), 12.0, 14.0)], 8.0, 2.0, 90)
    voxels, found = split(scan, SplitRule(0.2, 8.0, 0.0, 3))
    markers = np.zeros(scan.array.shape, np.uint8)
    for part in (1, 2):
        own = voxels.place[found.part == part]
        markers.ravel()[own[np.argmax(scan.array.ravel()[own])]] = part
    hills = to_itk(np.where(scan.array >= 3, -scan.array, 1).astype(np.float32), scan.geometry)
    theirs = from_itk(
        sitk.MorphologicalWatershedFromMarkers(hills, to_itk(markers, scan.geometry), markWatershedLine=False)
    ).ravel()[voxels.place]
    assert (theirs == found.part).mean() > 0.99


def rod(*widths: float, valley: float) -> Volume:
    """Along x two halves of 30 mm with peaks of 10 and uptake `valley` between them; `widths`: radius at both, between.

    Uptake falls linearly from each peak to the valley, none around.
    """
    geometry = grid((60, 40, 40), (2.0, 2.0, 2.0), (-59.0, -39.0, -39.0))
    place = centres_mm(geometry)
    along = np.abs(place[..., 0])
    radius = np.where(along < 6.0, widths[1], widths[0])
    uptake = valley + (10.0 - valley) * np.clip(1.0 - np.abs(along - 15.0) / 15.0, 0.0, 1.0)
    inside = (np.hypot(place[..., 1], place[..., 2]) < radius) & (along < 30.0)
    return volume(np.where(inside, uptake, 0.0), geometry)


BROAD = SplitRule(prominence=0.12, least_distance_mm=6.0, smoothing_fwhm_mm=0.0, min_voxels=3, broad_prominence=0.33)


@pytest.mark.parametrize(
    ("between_mm", "valley", "parts"),
    [
        (24.0, 8.0, 1),  # face 1810 mm2, section of a half's volume (54 mL) 1740 mm2: one mass
        (24.0, 6.0, 2),  # as broad, but 9.7 stands out of 6.3 by 0.35
        (10.0, 8.0, 2),  # face 314 mm2: a waist
    ],
)
def test_parts_without_a_waist_are_one_unless_the_uptake_falls_by_a_third(
    between_mm: float, valley: float, parts: int
) -> None:
    scan = rod(24.0, between_mm, valley=valley)
    assert split(scan, BROAD)[1].count == parts
    assert split(scan, replace(BROAD, broad_prominence=0.0))[1].count == 2


def test_an_organ_takes_no_part_without_a_waist() -> None:
    scan = rod(24.0, 24.0, valley=8.0)
    voxels = find_components(scan.array >= 3.0)
    x = centres_mm(scan.geometry)[..., 0].ravel()[voxels.place]
    found = split_by_uptake(scan, voxels, BROAD, normal=x > 12.0)
    assert found.count == 1
    assert (found.part[x < -2.0] == 1).all()


def test_many_pieces_of_one_mass_join_to_one_and_lose_no_voxel() -> None:
    geometry = grid((60, 60, 60), (2.0, 2.0, 2.0), (-59.0, -59.0, -59.0))
    place = centres_mm(geometry)
    waves = np.cos(2 * np.pi * place / 24.0).sum(axis=-1) / 3.0
    scan = volume(np.where(np.linalg.norm(place, axis=-1) < 50.0, 8.0 + 2.0 * waves, 0.0), geometry)
    pieces = split(scan, replace(BROAD, broad_prominence=0.0))[1]
    voxels, found = split(scan, BROAD)
    assert pieces.count > 20
    assert found.count == 1
    assert (found.part == 1).sum() == len(voxels.place)
