"""A curve from spheres, and the curve that fits a scan."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from tests.physics.make import facts, frame

from lutrace.core import EstimationError, MissingFactError, UnusableInputError
from lutrace.physics import QuantFacts, RecoveryCurve, fit_recovery, select_recovery

NEMA_ML = (0.52, 1.15, 2.57, 5.57, 11.49, 26.52)


def spheres(a_ml: float, b: float, noise: float = 0.0) -> list[tuple[float, float]]:
    wobble = (1, -1, 1, -1, 1, -1)
    return [(v, 1 / (1 + (a_ml / v) ** b) + noise * sign) for v, sign in zip(NEMA_ML, wobble, strict=True)]


@pytest.mark.parametrize(("a_ml", "b"), [(6.2, 0.9), (1.0, 1.5), (30.0, 0.5)])
def test_exact_spheres_give_their_curve_back(a_ml: float, b: float) -> None:
    fit = fit_recovery(spheres(a_ml, b))
    assert (fit.a_ml, fit.b) == (pytest.approx(a_ml, rel=1e-6), pytest.approx(b, rel=1e-6))
    assert fit.residual < 1e-9


def test_noisy_spheres_are_fitted_at_the_least_sum_of_squares() -> None:
    measured = spheres(6.2, 0.9, noise=0.02)
    fit = fit_recovery(measured)

    def left(a_ml: float, b: float) -> float:
        return sum((m - 1 / (1 + (a_ml / v) ** b)) ** 2 for v, m in measured)

    grid = [left(a, b) for a in np.linspace(4, 9, 201) for b in np.linspace(0.6, 1.3, 141)]
    assert left(fit.a_ml, fit.b) <= min(grid) + 1e-12
    assert fit.residual == pytest.approx((left(fit.a_ml, fit.b) / 6) ** 0.5)


def test_coefficients_that_fall_with_volume_are_refused() -> None:
    with pytest.raises(EstimationError, match="do not rise with volume"):
        fit_recovery([(1.0, 0.8), (5.0, 0.6), (20.0, 0.4)])


@pytest.mark.parametrize(
    "faulty", [[(1.0, 0.5), (2.0, 0.6)], [(1.0, 0.5), (0.0, 0.6), (3.0, 0.7)], [(1, 2), (2, 2), (3, 2)]]
)
def test_spheres_that_cannot_be_are_refused(faulty: list[tuple[float, float]]) -> None:
    with pytest.raises(UnusableInputError, match="at least three spheres"):
        fit_recovery(faulty)


def curve(**changes: Any) -> RecoveryCurve:
    plain: dict[str, Any] = {
        "scanner": "Intevo",
        "reconstruction": "OSEM",
        "radionuclide": "Lu-177",
        "source": "own phantom",
        "measured_date": dt.date(2023, 1, 5),
        "smallest_ml": 0.5,
        "largest_ml": 100.0,
        "a_ml": 6.0,
        "b": 0.9,
    }
    return RecoveryCurve(**plain | changes)


def scan(**changes: Any) -> QuantFacts:
    plain: dict[str, Any] = {
        "manufacturer": "SIEMENS",
        "model": "Symbia Intevo",
        "radionuclide": "Lu-177",
        "reconstruction": "OSEM3D 4i8s",
        "frames": (frame(dt.datetime(2024, 3, 6, 10, 30)),),
    }
    return facts(**plain | changes)


def test_the_newest_curve_of_the_scanner_before_the_scan_is_taken() -> None:
    newer, later = curve(measured_date=dt.date(2024, 1, 1)), curve(measured_date=dt.date(2025, 1, 1))
    assert select_recovery(scan(), (curve(), newer, later)) is newer


@pytest.mark.parametrize(
    "changes", [{"scanner": "Discovery"}, {"radionuclide": "Tc-99m"}, {"reconstruction": "xSPECT"}]
)
def test_a_curve_of_another_scanner_nuclide_or_reconstruction_is_not_taken(changes: dict[str, Any]) -> None:
    assert select_recovery(scan(), (curve(**changes),)) is None


def test_curves_of_two_reconstructions_cannot_be_told_apart_without_the_header() -> None:
    silent = scan(reconstruction=None)
    assert select_recovery(silent, (curve(),)) is not None
    with pytest.raises(MissingFactError, match="names no reconstruction"):
        select_recovery(silent, (curve(), curve(reconstruction="xSPECT Quant")))
