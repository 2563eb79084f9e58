"""Where a place of one scan lies in the other; rigid registration: translation first (table shifts), then rotation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lutrace.core import EstimationError, UnusableInputError
from lutrace.imaging.displacement import DisplacementField
from lutrace.imaging.itk import from_itk, sitk, to_itk
from lutrace.imaging.volume import Volume

Metric = Literal["mutual_information", "correlation"]

_PART_VOXELS = 1 << 23
_SAMPLES = 60_000
"""Voxels that the metric reads: enough for a millimetre, few enough for a second."""


@dataclass(frozen=True, eq=False)
class Registration:
    """Where a point of one scan lies in the other.

    `matrix` (4 x 4) maps LPS millimetres of the fixed (earlier) scan to the moving (later) one. `metric` is the
    optimiser's last value (lower is better; mutual information or correlation, both negated by ITK). `method` names the
    way. `error_mm` is a stated or estimated residual (root mean square of the distance), None when unknown. `field`
    moves points of the fixed scan before the matrix does; with `is_inverse` it moves them back after the matrix.
    """

    matrix: NDArray[np.float64]
    metric: float | None
    method: str
    error_mm: float | None = None
    field: DisplacementField | None = None
    is_inverse: bool = False

    def __post_init__(self) -> None:
        """Check that the matrix is an affine map."""
        if self.matrix.shape != (4, 4) or not np.allclose(self.matrix[3], (0, 0, 0, 1)):
            raise UnusableInputError("registration: expected a 4 x 4 matrix whose last row is 0 0 0 1")

    def to_moving(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """LPS mm (n, 3) in the moving scan of points (n, 3) in the fixed scan."""
        start = points_mm
        if self.field is not None and not self.is_inverse:
            start = self.field.move(start)
        moved = np.asarray(start @ self.matrix[:3, :3].T + self.matrix[:3, 3])
        if self.field is not None and self.is_inverse:
            return self.field.move_back(moved)
        return moved

    @property
    def inverse(self) -> Registration:
        """The way back: from the moving scan to the fixed."""
        back = np.asarray(np.linalg.inv(self.matrix), np.float64)
        return replace(self, matrix=back, is_inverse=not self.is_inverse)


def identity_registration(*, error_mm: float | None = None) -> Registration:
    """Both scans share a frame of reference: nothing moves."""
    return Registration(np.eye(4), None, "same frame of reference", error_mm)


def register_rigid(
    fixed: Volume, moving: Volume, *, metric: Metric, window: tuple[float, float], grid_mm: float = 8.0
) -> Registration:
    """The rigid motion from `fixed` to `moving`, found by intensity.

    `window` (in the volumes' unit) clips both images first, so that a hot bladder or metal does not decide: for CT
    (-500, 500) HU, for SUV (0, 10). Both are smoothed and sampled on an axial `grid_mm` grid. The translation is the
    highest cross-correlation over all shifts (table shifts of any size); it, no shift at all and centre on centre are
    compared by the metric, and the best is refined with rotation over two resolutions.
    `mutual_information` suits CT to CT, `correlation` uptake to uptake. One thread and a regular sample: repeatable.
    Raises EstimationError when the scans do not overlap enough for the metric.
    """
    still, other = prepare_scan(fixed, window, grid_mm), prepare_scan(moving, window, grid_mm)
    return register_prepared(still, other, metric=metric)


@dataclass(frozen=True, eq=False)
class PreparedScan:
    """A scan as `register_rigid` looks at it: clipped, smoothed, on a coarse grid; `floor` is what lies outside."""

    image: Any
    floor: float


def prepare_scan(volume: Volume, window: tuple[float, float], grid_mm: float) -> PreparedScan:
    """A scan ready for `register_prepared`: so a scan that is registered to several others is read once."""
    return PreparedScan(prepare_image(volume, window, grid_mm), window[0])


def register_prepared(fixed: PreparedScan, moving: PreparedScan, *, metric: Metric) -> Registration:
    """What `register_rigid` gives for two scans prepared with one window and grid; raises what it raises."""
    still, other = fixed.image, moving.image
    starts = (np.zeros(3), _best_shift_mm(still, other, fixed.floor), _centre_mm(other) - _centre_mm(still))
    rated = [(value, shift) for shift in starts if (value := _rate(still, other, metric, shift)) is not None]
    if not rated:
        raise EstimationError(
            "registration: the two scans do not overlap under any start; register them by hand or give --registration"
        )
    value, shift = min(rated, key=lambda item: item[0])
    rigid = _rigid(still, shift)
    refined = _refine(still, other, metric, rigid)
    if refined is None or refined > value:
        return Registration(matrix_of(_rigid(still, shift)), value, f"translation, {metric}")
    return Registration(matrix_of(rigid), refined, f"rigid, {metric}")


def prepare_image(volume: Volume, window: tuple[float, float], grid_mm: float) -> Any:
    """The clipped, smoothed volume on a coarse axial grid."""
    bins = [max(int(grid_mm / 2.0 / spacing), 1) for spacing in volume.geometry.spacing_mm]
    smooth = sitk.SmoothingRecursiveGaussian(_clipped_and_binned(volume, window, bins), grid_mm / 2.0)
    corners = volume.geometry.corners_mm
    low, high = corners.min(axis=0), corners.max(axis=0)
    size = np.maximum(np.floor((high - low) / grid_mm).astype(int) + 1, 4)
    return sitk.Resample(
        smooth,
        [int(n) for n in size],
        sitk.Transform(3, sitk.sitkIdentity),
        sitk.sitkLinear,
        [float(v) for v in low],
        [grid_mm] * 3,
        [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        float(window[0]),
    )


def _clipped_and_binned(volume: Volume, window: tuple[float, float], bins: list[int]) -> Any:
    """The means of blocks of voxels of the clipped volume, some slices at a time so that it is never copied whole."""
    whole = volume.geometry.size_xyz[2] // bins[2] * bins[2] or 1
    step = max(_PART_VOXELS // (volume.array[0].size * bins[2]), 1) * bins[2]
    parts = []
    for start in range(0, whole, step):
        array = np.clip(volume.array[start : min(start + step, whole)], *window).astype(np.float32)
        x, y, _ = volume.geometry.size_xyz
        parts.append(sitk.BinShrink(to_itk(array, replace(volume.geometry, size_xyz=(x, y, len(array)))), bins))
    image = sitk.GetImageFromArray(np.concatenate([from_itk(part) for part in parts]))
    image.SetSpacing(parts[0].GetSpacing())
    image.SetOrigin(parts[0].GetOrigin())
    image.SetDirection(parts[0].GetDirection())
    return image


def _centre_mm(image: Any) -> NDArray[np.float64]:
    middle = [(size - 1) / 2.0 for size in image.GetSize()]
    return np.asarray(image.TransformContinuousIndexToPhysicalPoint(middle))


def _best_shift_mm(fixed: Any, moving: Any, floor: float) -> NDArray[np.float64]:
    """The translation (x, y, z), mm, from fixed to moving of the highest cross-correlation, over all shifts."""
    one, two = from_itk(fixed).astype(np.float64) - floor, from_itk(moving).astype(np.float64) - floor
    shape = [a + b for a, b in zip(one.shape, two.shape, strict=True)]
    product = np.conj(np.fft.rfftn(one, shape, axes=(0, 1, 2))) * np.fft.rfftn(two, shape, axes=(0, 1, 2))
    correlation = np.fft.irfftn(product, shape, axes=(0, 1, 2))
    peak = np.asarray(np.unravel_index(int(np.argmax(correlation)), correlation.shape))
    steps = np.where(peak >= two.shape, peak - shape, peak)[::-1]
    origin = np.asarray(moving.GetOrigin()) - np.asarray(fixed.GetOrigin())
    return np.asarray(origin + steps * np.asarray(fixed.GetSpacing()))


def _rigid(fixed: Any, shift: NDArray[np.float64]) -> Any:
    transform = sitk.Euler3DTransform()
    transform.SetCenter([float(v) for v in _centre_mm(fixed)])
    transform.SetTranslation([float(v) for v in shift])
    return transform


def _method(fixed: Any, metric: Metric) -> Any:
    """An optimiser frame with the metric on a regular subset of the fixed voxels."""
    method = sitk.ImageRegistrationMethod()
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(min(1.0, _SAMPLES / fixed.GetNumberOfPixels()), 1)
    if metric == "mutual_information":
        method.SetMetricAsMattesMutualInformation(32)
    else:
        method.SetMetricAsCorrelation()
    method.SetInterpolator(sitk.sitkLinear)
    method.SetNumberOfThreads(1)
    return method


def _rate(fixed: Any, moving: Any, metric: Metric, shift: NDArray[np.float64]) -> float | None:
    """The metric after a mere translation; None when the images do not overlap."""
    method = _method(fixed, metric)
    method.SetMetricUseFixedImageGradientFilter(False)
    method.SetMetricUseMovingImageGradientFilter(False)  # a value needs no gradients
    method.SetInitialTransform(_rigid(fixed, shift))
    try:
        return float(method.MetricEvaluate(fixed, moving))
    except RuntimeError:
        return None


def _refine(fixed: Any, moving: Any, metric: Metric, transform: Any) -> float | None:
    """Move `transform` in place to the best metric; None when the images come not to overlap."""
    method = _method(fixed, metric)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=4.0, minStep=0.02, numberOfIterations=60, relaxationFactor=0.6, gradientMagnitudeTolerance=1e-9
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([2, 1])
    method.SetSmoothingSigmasPerLevel([1, 0])
    method.SetInitialTransform(transform, inPlace=True)
    try:
        method.Execute(fixed, moving)
    except RuntimeError:
        return None
    return float(method.GetMetricValue())


def matrix_of(transform: Any) -> NDArray[np.float64]:
    """The 4 x 4 matrix of an affine ITK transform, from fixed to moving."""
    points = np.vstack([np.zeros(3), np.eye(3)])
    moved = np.asarray([transform.TransformPoint([float(v) for v in point]) for point in points])
    matrix = np.eye(4)
    matrix[:3, :3] = (moved[1:] - moved[0]).T
    matrix[:3, 3] = moved[0]
    return matrix
