import numpy as np
import pytest
from tests.imaging.make import ball, centres_mm, grid, mask, middle_mm, volume

from lutrace.imaging import compute_sphere_means, measure_region
from lutrace.imaging.peak import SPHERE_RADIUS_MM, sphere_offsets


def test_the_sphere_has_one_millilitre() -> None:
    assert 4 / 3 * np.pi * SPHERE_RADIUS_MM**3 / 1000 == pytest.approx(1.0)


def test_on_2_mm_voxels_the_sphere_holds_123_voxels() -> None:
    # lattice points with x^2 + y^2 + z^2 <= (6.2035 / 2)^2 = 9.62, that is <= 9: 1+6+12+8+6+24+24+12+30 = 123
    assert len(sphere_offsets(grid((5, 5, 5), (2.0, 2.0, 2.0)))) == 123


def test_on_voxels_larger_than_the_sphere_only_its_centre_counts() -> None:
    assert sphere_offsets(grid((5, 5, 5), (7.0, 7.0, 7.0))).tolist() == [[0, 0, 0]]


def test_the_peak_of_a_gaussian_lesion_is_the_closed_form_mean_over_the_sphere() -> None:
    # mean of exp(-r^2 / 2 s^2) over a sphere, u = R / s: 3 / u^3 [sqrt(pi/2) erf(u / sqrt 2) - u exp(-u^2/2)]
    from math import erf, exp, pi, sqrt

    sigma, radius = 8.0, SPHERE_RADIUS_MM
    u = radius / sigma
    expected = 10 * 3 / u**3 * (sqrt(pi / 2) * erf(u / sqrt(2)) - u * exp(-(u**2) / 2))
    geometry = grid((41, 41, 41), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    distance = np.linalg.norm(centres_mm(geometry) - middle_mm(geometry), axis=-1)
    found = measure_region(
        volume(10 * np.exp(-(distance**2) / (2 * sigma**2)), geometry), mask(ball(geometry, 12.0), geometry)
    )
    assert found.peak == pytest.approx(expected, rel=5e-3)  # whole voxels of 1 mm
    assert found.max == pytest.approx(10.0)


def test_the_sphere_may_reach_out_of_the_region_but_its_centre_may_not() -> None:
    geometry = grid((30, 30, 30), (2.0, 2.0, 2.0), (0.0, 0.0, 0.0))
    array = np.zeros(geometry.shape_zyx)
    array[:, :, 15:] = 8.0
    region = np.zeros(geometry.shape_zyx, bool)
    region[15, 15, 14] = True
    found = measure_region(volume(array, geometry), mask(region, geometry))
    # the sphere around x = 14 holds 123 voxels; those with x >= 15: (123 - 29) / 2 = 47 (29 lie in its middle plane)
    assert found.peak == pytest.approx(8 * 47 / 123)


def test_the_peak_is_never_above_the_maximum_of_the_image() -> None:
    geometry = grid((20, 20, 20), (3.0, 3.0, 3.0))
    array = np.random.default_rng(3).gamma(2.0, 2.0, geometry.shape_zyx)
    found = measure_region(volume(array, geometry), mask(array > 6, geometry))
    assert found.peak is not None
    assert found.peak <= array.max()


def test_a_sphere_cut_by_the_edge_averages_what_is_inside_and_says_so() -> None:
    geometry = grid((9, 9, 9), (2.0, 2.0, 2.0))
    means = compute_sphere_means(volume(np.full(geometry.shape_zyx, 3.0), geometry), np.array([[0, 0, 0], [4, 4, 4]]))
    assert means.mean == pytest.approx([3.0, 3.0])
    assert means.whole.tolist() == [False, True]
