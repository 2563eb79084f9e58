import datetime as dt
from typing import Any

import pytest

from lutrace.core import UnusableInputError
from lutrace.physics import RecoveryCurve

SPHERES = ((0.5, 0.2), (5.0, 0.5), (50.0, 0.8))


def curve(**changes: Any) -> RecoveryCurve:
    facts: dict[str, Any] = {
        "scanner": "camera A",
        "reconstruction": "OSEM 30i 2s",
        "radionuclide": "Lu-177",
        "source": "six spheres, own phantom",
        "measured_date": dt.date(2026, 1, 5),
        "smallest_ml": 0.5,
        "largest_ml": 50.0,
    }
    return RecoveryCurve(**(facts | changes))


def test_a_fitted_curve_gives_one_half_at_a_whatever_b() -> None:
    # RC = 1 / (1 + (a / V)^b): at V = a each b gives 1/2; at V = 4a and b = 0.5 it is 1 / (1 + 0.5)
    assert curve(a_ml=8.0, b=0.7).compute_recovery(8.0) == pytest.approx(0.5)
    assert curve(a_ml=8.0, b=0.5).compute_recovery(32.0) == pytest.approx(2 / 3)


def test_a_table_is_linear_in_the_logarithm_of_the_volume() -> None:
    table = curve(points=SPHERES)
    assert [table.compute_recovery(v) for v, _ in SPHERES] == pytest.approx([0.2, 0.5, 0.8])
    assert table.compute_recovery(0.5 * 10**0.5) == pytest.approx(0.35)  # half way between 0.5 and 5 mL in ln V
    assert table.compute_recovery(5 * 10 ** (1 / 3)) == pytest.approx(0.6)


@pytest.mark.parametrize("form", [{"points": SPHERES}, {"a_ml": 5.0, "b": 1.0}])
def test_beyond_the_spheres_of_the_phantom_nothing_is_extrapolated(form: dict[str, Any]) -> None:
    made = curve(**form)
    assert made.compute_recovery(0.05) == made.compute_recovery(0.5)
    assert made.compute_recovery(900.0) == made.compute_recovery(50.0)
    assert [made.covers(v) for v in (0.05, 0.5, 50.0, 51.0)] == [False, True, True, False]


@pytest.mark.parametrize("form", [{"points": SPHERES}, {"a_ml": 5.0, "b": 1.0}])
def test_recovery_never_falls_with_volume(form: dict[str, Any]) -> None:
    values = [curve(**form).compute_recovery(0.1 * 1.2**k) for k in range(60)]
    assert values == sorted(values)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "either a_ml and b or a table"),
        ({"a_ml": 5.0, "b": 1.0, "points": SPHERES}, "either a_ml and b or a table"),
        ({"a_ml": 5.0}, "must both be above 0"),
        ({"a_ml": -1.0, "b": 1.0}, "must both be above 0"),
        ({"points": ((5.0, 0.5), (0.5, 0.2))}, "rising order"),
        ({"points": ((1.0, 0.5), (50.0, 0.8))}, "those of the points, 1 and 50"),
        ({"points": ((0.5, 20.0), (50.0, 80.0))}, "recovery coefficients must lie above 0"),
        ({"a_ml": 5.0, "b": 1.0, "smallest_ml": 60.0}, "smallest_ml < largest_ml"),
    ],
)
def test_a_curve_that_no_phantom_gives_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UnusableInputError, match=words):
        curve(**changes)


def test_a_lesion_without_volume_has_no_recovery() -> None:
    with pytest.raises(UnusableInputError, match="volume_ml must be above 0"):
        curve(a_ml=5.0, b=1.0).compute_recovery(0.0)
