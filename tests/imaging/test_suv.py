import numpy as np
import pytest
from tests.imaging.make import grid, volume

from lutrace.core import ContradictionError
from lutrace.imaging import to_suvbw
from lutrace.physics import SuvFactor


def factor(value: float, slices: tuple[float, ...] = ()) -> SuvFactor:
    return SuvFactor(value, slices, 1e9, 574300.0, 75.0, None, (), ())


def test_each_slice_is_multiplied_by_the_factor_and_by_its_own() -> None:
    geometry = grid((2, 2, 3))
    activity = volume(np.full(geometry.shape_zyx, 1000.0), geometry, "Bq/mL")
    suv = to_suvbw(activity, factor(0.002, (1.0, 2.0, 0.5)))
    assert suv.unit == "g/mL"
    assert suv.array[:, 0, 0] == pytest.approx([2.0, 4.0, 1.0])


def test_negative_activity_stays_negative() -> None:
    assert (to_suvbw(volume(np.full(grid().shape_zyx, -10.0), grid(), "Bq/mL"), factor(0.1)).array == -1.0).all()


def test_slice_factors_of_another_series_are_refused() -> None:
    with pytest.raises(ContradictionError, match="slice"):
        to_suvbw(volume(np.ones(grid().shape_zyx), grid(), "Bq/mL"), factor(1.0, (1.0, 1.0)))
