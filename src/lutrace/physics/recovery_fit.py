"""From a phantom's spheres to a recovery curve, and the curve that fits a scan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lutrace.core import EstimationError, MissingFactError, UnusableInputError
from lutrace.physics.facts import QuantFacts
from lutrace.physics.recovery import RecoveryCurve

_STEPS = 200


@dataclass(frozen=True)
class RecoveryFit:
    """The parameters of RC(V) = 1 / (1 + (a_ml / V) ** b), and the root mean square of what they leave."""

    a_ml: float
    b: float
    residual: float


def fit_recovery(spheres: Sequence[tuple[float, float]]) -> RecoveryFit:
    """The two parameters of the curve, by least squares of the coefficients (Gauss-Newton from the logit line).

    `spheres` holds (volume in mL, measured over true mean) of at least three spheres of different volume.
    Raises UnusableInputError for fewer, for volumes not above 0 or coefficients outside (0, 1.2], EstimationError when
    the coefficients do not rise with volume.
    """
    volume = np.asarray([one[0] for one in spheres], float)
    measured = np.asarray([one[1] for one in spheres], float)
    if len(np.unique(volume)) < 3 or (volume <= 0).any() or (measured <= 0).any() or (measured > 1.2).any():
        raise UnusableInputError(
            "recovery: expected at least three spheres of different volume above 0 mL, each with a coefficient above 0 "
            "and at most 1.2"
        )
    inside = np.clip(measured, 0.01, 0.99)
    slope, level = np.polyfit(np.log(volume), np.log(1.0 / inside - 1.0), 1)
    if slope >= 0:
        raise EstimationError("recovery: the coefficients do not rise with volume; check the spheres' order")
    parameters = _refined(np.log(volume), measured, np.asarray([level, -slope]))
    left = measured - _curve(np.log(volume), parameters)
    a_ml = float(np.exp(parameters[0] / parameters[1]))
    return RecoveryFit(a_ml, float(parameters[1]), float(np.sqrt(np.mean(left**2))))


def select_recovery(facts: QuantFacts, curves: Sequence[RecoveryCurve]) -> RecoveryCurve | None:
    """The newest curve of this scanner, radionuclide and reconstruction measured before the scan, or None.

    The scanner's name must stand in the header's manufacturer and model, the reconstruction's in Reconstruction Method
    (0054,1103) where the header has one. Raises MissingFactError when curves of this scanner and nuclide remain whose
    reconstructions differ and the header does not tell which it is.
    """
    scanner = f"{facts.manufacturer or ''} {facts.model or ''}".casefold()
    starts = [frame.acquisition_start for frame in facts.frames if frame.acquisition_start is not None]
    day = min(starts).date() if starts else None
    fitting = [
        one
        for one in curves
        if one.scanner.casefold() in scanner
        and one.radionuclide == facts.radionuclide
        and (day is None or one.measured_date <= day)
    ]
    named = [one for one in fitting if one.reconstruction.casefold() in (facts.reconstruction or "").casefold()]
    if not named and facts.reconstruction is None:
        if len({one.reconstruction for one in fitting}) > 1:
            raise MissingFactError(
                f"recovery curve: the header names no reconstruction (0054,1103) and {len(fitting)} curves of "
                f"{facts.manufacturer} differ in theirs; keep one in the site profile"
            )
        named = fitting
    return max(named, key=lambda one: one.measured_date, default=None)


def _curve(ln_volume: NDArray[np.float64], parameters: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / (1 + exp(level - b ln V)) with level = b ln a."""
    return np.asarray(1.0 / (1.0 + np.exp(parameters[0] - parameters[1] * ln_volume)))


def _refined(
    ln_volume: NDArray[np.float64], measured: NDArray[np.float64], start: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Damped Gauss-Newton: a step that does not lower the sum of squares is halved."""
    parameters = start
    best = float(np.sum((measured - _curve(ln_volume, parameters)) ** 2))
    for _ in range(_STEPS):
        shown = _curve(ln_volume, parameters)
        weight = shown * (1.0 - shown)
        jacobian = np.stack([-weight, weight * ln_volume], axis=1)
        step = np.linalg.lstsq(jacobian, measured - shown, rcond=None)[0]
        for _ in range(20):
            trial = parameters + step
            left = float(np.sum((measured - _curve(ln_volume, trial)) ** 2))
            if trial[1] > 0 and left <= best:
                break
            step = step / 2.0
        else:
            return parameters
        converged = best - left <= 1e-15
        parameters, best = trial, left
        if converged:
            return parameters
    return parameters
