"""Recovery of activity in small lesions: which share of the true mean a scanner shows, by the volume of a sphere."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite, log

from lutrace.core import UnusableInputError


@dataclass(frozen=True)
class RecoveryCurve:
    """Mean recovery coefficient of spheres of one scanner, reconstruction and radionuclide, by their volume in mL.

    Either fitted, RC(V) = 1 / (1 + (a_ml / V) ** b), or a table of `points` (volume in mL, coefficient), between which
    the coefficient is linear in ln(volume). `smallest_ml` and `largest_ml` are the phantom's spheres: nothing is known
    beyond them. `source` says who measured it and how; a curve holds for this scanner and reconstruction only.
    Raises UnusableInputError for a curve that states both forms or neither, or numbers that no phantom gives.
    Source of the form: the two-parameter sigmoid of Dewaraja et al., MIRD pamphlet 23, J Nucl Med 2012;53:1310
    (quoted, not verified against the paper).
    """

    scanner: str
    reconstruction: str
    radionuclide: str
    source: str
    measured_date: dt.date
    smallest_ml: float
    largest_ml: float
    a_ml: float | None = None
    b: float | None = None
    points: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        """Check that the curve states one form, in numbers that can be."""
        faults = _faults(self)
        if faults:
            raise UnusableInputError(f"recovery curve of {self.scanner}, {self.reconstruction}: {'; '.join(faults)}")

    def compute_recovery(self, volume_ml: float) -> float:
        """The recovery coefficient, without unit, of a sphere of `volume_ml`.

        Below the smallest sphere of the phantom its coefficient is taken (too little is corrected rather than too
        much), above the largest one that of the largest: `covers` tells whether the volume lies between.
        Raises UnusableInputError for a volume that is not above 0.

        >>> curve = RecoveryCurve("A", "OSEM", "Lu-177", "own phantom", dt.date(2026, 1, 5), 0.5, 100, a_ml=8.0, b=1.0)
        >>> round(curve.compute_recovery(8.0), 3), round(curve.compute_recovery(24.0), 3)
        (0.5, 0.75)
        """
        if not volume_ml > 0:
            raise UnusableInputError(f"recovery: volume_ml must be above 0, got {volume_ml}; give the lesion's volume")
        within = min(max(volume_ml, self.smallest_ml), self.largest_ml)
        if self.a_ml is not None and self.b is not None:
            return float(1.0 / (1.0 + (self.a_ml / within) ** self.b))
        return _interpolated(self.points, within)

    def covers(self, volume_ml: float) -> bool:
        """Whether the phantom had spheres as small and as large as this volume."""
        return self.smallest_ml <= volume_ml <= self.largest_ml


def _interpolated(points: tuple[tuple[float, float], ...], volume_ml: float) -> float:
    volumes = [volume for volume, _ in points]
    right = min(max(bisect_left(volumes, volume_ml), 1), len(points) - 1)
    (low, at_low), (high, at_high) = points[right - 1], points[right]
    share = log(volume_ml / low) / log(high / low)
    return at_low + share * (at_high - at_low)


def _faults(curve: RecoveryCurve) -> list[str]:
    faults = []
    fitted = curve.a_ml is not None or curve.b is not None
    if fitted == bool(curve.points):
        faults.append("expected either a_ml and b or a table of points")
    if not 0 < curve.smallest_ml < curve.largest_ml:
        faults.append(f"expected 0 < smallest_ml < largest_ml, found {curve.smallest_ml} and {curve.largest_ml}")
    if fitted and not (curve.a_ml and curve.b and curve.a_ml > 0 and curve.b > 0 and isfinite(curve.a_ml * curve.b)):
        faults.append(f"a_ml and b must both be above 0, found {curve.a_ml} and {curve.b}")
    if curve.points:
        faults += _faults_of_points(curve)
    return faults


def _faults_of_points(curve: RecoveryCurve) -> list[str]:
    faults = []
    volumes = [volume for volume, _ in curve.points]
    if len(volumes) < 2 or volumes[0] <= 0 or any(a >= b for a, b in pairwise(volumes)):
        faults.append("points need at least two volumes above 0 mL in rising order")
    elif (volumes[0], volumes[-1]) != (curve.smallest_ml, curve.largest_ml):
        faults.append(
            f"smallest_ml and largest_ml must be those of the points, {volumes[0]:g} and {volumes[-1]:g}, "
            f"found {curve.smallest_ml:g} and {curve.largest_ml:g}"
        )
    if any(not 0 < coefficient <= 1.5 for _, coefficient in curve.points):
        faults.append("recovery coefficients must lie above 0 and at most 1.5 (edge artefacts)")
    return faults
