"""Rigid registration of two scans of one patient: translation first (table shifts), then rotation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lutrace.core import EstimationError, UnusableInputError
from lutrace.imaging.itk import sitk, to_itk
from lutrace.imaging.volume import Geometry, Volume

Metric = Literal["mutual_information", "correlation"]


@dataclass(frozen=True, eq=False)
class Registration:
    """Where a point of one scan lies in the other.

    `matrix` (4 x 4) maps LPS millimetres of the fixed (earlier) scan to the moving (later) one. `metric` is the
    optimiser's last value (lower is better; mutual information or correlation, both negated by ITK). `method` names the
    way. `error_mm` is a stated or estimated residual, None when unknown.
    """

    matrix: NDArray[np.float64]
    metric: float | None
    method: str
    error_mm: float | None = None

    def __post_init__(self) -> None:
        """Check that the matrix is an affine map."""
        if self.matrix.shape != (4, 4) or not np.allclose(self.matrix[3], (0, 0, 0, 1)):
            raise UnusableInputError("registration: expected a 4 x 4 matrix whose last row is 0 0 0 1")

    def to_moving(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """LPS mm (n, 3) in the moving scan of points (n, 3) in the fixed scan."""
        return np.asarray(points_mm @ self.matrix[:3, :3].T + self.matrix[:3, 3])

    @property
    def inverse(self) -> Registration:
        """The way back: from the moving scan to the fixed."""
        return Registration(np.asarray(np.linalg.inv(self.matrix), np.float64), self.metric, self.method, self.error_mm)


def identity_registration(*, error_mm: float | None = None) -> Registration:
    """Both scans share a frame of reference: nothing moves."""
    return Registration(np.eye(4), None, "same frame of reference", error_mm)


def register_rigid(
    fixed: Volume, moving: Volume, *, metric: Metric, window: tuple[float, float], grid_mm: float = 6.0
) -> Registration:
    """The rigid motion from `fixed` to `moving`, found by intensity.

    `window` (in the volumes' unit) clips both images first, so that a hot bladder or metal does not decide: for CT
    (-500, 500) HU, for SUV (0, 10). Both are sampled on a `grid_mm` grid. Starts: centres of the images, and centres
    of mass; for each a translation is optimised over three resolutions, the better one is refined with rotation.
    `mutual_information` suits CT to CT, `correlation` uptake to uptake. Deterministic: every voxel is sampled.
    Raises EstimationError when the scans do not overlap enough for the metric.
    """
    still, other = _prepared(fixed, window, grid_mm), _prepared(moving, window, grid_mm)
    translations = [_translate(still, other, metric, start) for start in _starts(still, other)]
    found = [item for item in translations if item is not None]
    if not found:
        raise EstimationError(
            "registration: the two scans do not overlap under any start; register them by hand or give --registration"
        )
    best = min(found, key=lambda item: item[1])
    rigid = sitk.Euler3DTransform()
    rigid.SetCenter(_centre_mm(still))
    rigid.SetTranslation(best[0].GetOffset())
    value = _optimise(still, other, metric, rigid)
    if value is None or value > best[1]:
        return Registration(_matrix(best[0]), best[1], f"translation, {metric}")
    return Registration(_matrix(rigid), value, f"rigid, {metric}")


def _prepared(volume: Volume, window: tuple[float, float], grid_mm: float) -> Any:
    """The clipped, smoothed volume on a coarse isotropic grid of its own axes."""
    clipped = np.clip(volume.array, *window).astype(np.float32)
    image = sitk.SmoothingRecursiveGaussian(to_itk(clipped, volume.geometry), grid_mm / 2.0)
    geometry = volume.geometry
    length = np.asarray(geometry.size_xyz) * np.asarray(geometry.spacing_mm)
    size = np.maximum(np.ceil(length / grid_mm).astype(int), 4)
    spacing = length / size
    first = (spacing - np.asarray(geometry.spacing_mm)) / 2.0 / np.asarray(geometry.spacing_mm)
    origin = geometry.to_mm(first[None, ::-1])[0]
    coarse = Geometry(
        (int(size[0]), int(size[1]), int(size[2])),
        (float(spacing[0]), float(spacing[1]), float(spacing[2])),
        (float(origin[0]), float(origin[1]), float(origin[2])),
        geometry.direction,
    )
    return sitk.Resample(
        image,
        coarse.size_xyz,
        sitk.Transform(3, sitk.sitkIdentity),
        sitk.sitkLinear,
        coarse.origin_mm,
        coarse.spacing_mm,
        coarse.direction,
        float(window[0]),
    )


def _centre_mm(image: Any) -> tuple[float, ...]:
    middle = [(size - 1) / 2.0 for size in image.GetSize()]
    return tuple(image.TransformContinuousIndexToPhysicalPoint(middle))


def _starts(fixed: Any, moving: Any) -> list[Any]:
    """Translations to begin with: none, centre on centre, centre of mass on centre of mass."""
    starts = [sitk.TranslationTransform(3, (0.0, 0.0, 0.0))]
    for centre in (_centre_mm, _mass_centre_mm):
        shift = np.asarray(centre(moving)) - np.asarray(centre(fixed))
        starts.append(sitk.TranslationTransform(3, tuple(float(v) for v in shift)))
    return starts


def _mass_centre_mm(image: Any) -> tuple[float, ...]:
    array = sitk.GetArrayViewFromImage(image).astype(np.float64)
    weight = array - array.min()
    total = weight.sum()
    if total <= 0:
        return _centre_mm(image)
    index = [
        float((weight.sum(axis=tuple(a for a in range(3) if a != k)) @ np.arange(n)) / total)
        for k, n in enumerate(array.shape)
    ]
    return tuple(image.TransformContinuousIndexToPhysicalPoint(index[::-1]))


def _translate(fixed: Any, moving: Any, metric: Metric, start: Any) -> tuple[Any, float] | None:
    value = _optimise(fixed, moving, metric, start)
    return None if value is None else (start, value)


def _optimise(fixed: Any, moving: Any, metric: Metric, transform: Any) -> float | None:
    """Move `transform` in place to the best metric; None when the images do not overlap."""
    method = sitk.ImageRegistrationMethod()
    if metric == "mutual_information":
        method.SetMetricAsMattesMutualInformation(50)
    else:
        method.SetMetricAsCorrelation()
    method.SetMetricSamplingStrategy(method.NONE)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=8.0, minStep=0.02, numberOfIterations=120, relaxationFactor=0.6, gradientMagnitudeTolerance=1e-9
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([4, 2, 1])
    method.SetSmoothingSigmasPerLevel([2, 1, 0])
    method.SetInitialTransform(transform, inPlace=True)
    try:
        method.Execute(fixed, moving)
    except RuntimeError:
        return None
    return float(method.GetMetricValue())


def _matrix(transform: Any) -> NDArray[np.float64]:
    """The 4 x 4 matrix of a rigid or translation transform, from fixed to moving."""
    points = np.vstack([np.zeros(3), np.eye(3)])
    moved = np.asarray([transform.TransformPoint(tuple(point)) for point in points])
    matrix = np.eye(4)
    matrix[:3, :3] = (moved[1:] - moved[0]).T
    matrix[:3, 3] = moved[0]
    return matrix
