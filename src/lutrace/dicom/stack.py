"""Single-slice files to one volume: sorted along the normal, each gap proved, doubles and losses named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lutrace.core import ContradictionError, MissingFactError, UnsupportedError, digest_of
from lutrace.dicom import elements as el
from lutrace.dicom.index import SeriesFiles
from lutrace.dicom.instance import Instance, shared_meaning, shared_names
from lutrace.dicom.pixels import check_slope, layout_of, load_image
from lutrace.imaging import FloatArray, Geometry

_THREADS = 2
_COSINE_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Stack:
    """Instances in the order of their slices, on one grid."""

    instances: tuple[Instance, ...]
    geometry: Geometry
    notes: tuple[str, ...]


def stack_series(series: SeriesFiles) -> Stack:
    """The slices of a series in order, on a proved grid.

    Slices are sorted by Image Position (Patient) along the normal of Image Orientation (Patient). An image that is
    there twice counts once, a damaged file whose image is there undamaged is passed over, projections and localizers
    among the slices are left out; each is noted. Raises ContradictionError for any other damaged file, and one that
    names the gap for a lost or doubled slice or uneven spacing; UnsupportedError for several frames at one place
    (dynamic, gated) and for sheared stacks.
    """
    notes: list[str] = []
    _check_damaged(series, notes)
    instances = _without_projections(_without_copies(series.instances, notes), notes)
    _check_shared(instances)
    _check_same_plane(instances)
    row, column = _axes(instances[0])
    normal = np.cross(row, column)
    positions = np.array([_position(instance) for instance in instances])
    along = positions @ normal
    order = np.argsort(along, kind="stable")
    sorted_instances = tuple(instances[i] for i in order)
    spacing_z = _proved_spacing(along[order], series, sorted_instances, notes)
    _check_no_shear(positions[order], normal, spacing_z)
    layout = layout_of(instances[0])
    row_spacing, column_spacing = instances[0].spacing_mm[:2]
    geometry = Geometry(
        size_xyz=(layout.columns, layout.rows, len(instances)),
        spacing_mm=(column_spacing, row_spacing, spacing_z),
        origin_mm=_triple(positions[order][0]),
        direction=direction_of(row, column, normal),
        frame_of_reference=el.element_text(series.header, 0x00200052),
    )
    return Stack(sorted_instances, geometry, tuple(notes))


def load_stack(stack: Stack) -> tuple[FloatArray, str]:
    """The rescaled voxels (slices, rows, columns), each slice by its own slope, and the digest of the files."""
    array = np.empty(stack.geometry.shape_zyx, np.float32)
    for instance in stack.instances:
        check_slope(layout_of(instance))

    def load(index: int) -> str:
        return load_image(stack.instances[index], array[index : index + 1])

    with ThreadPoolExecutor(_THREADS) as pool:
        digests = list(pool.map(load, range(len(stack.instances))))
    return array, digest_of(digests)


def direction_of(
    row: NDArray[np.float64], column: NDArray[np.float64], normal: NDArray[np.float64]
) -> tuple[float, float, float, float, float, float, float, float, float]:
    """The three axes as columns of a row-major 3 x 3 matrix."""
    a, b, c = _triple(row), _triple(column), _triple(normal)
    return (a[0], b[0], c[0], a[1], b[1], c[1], a[2], b[2], c[2])


def axes_of(orientation: Sequence[float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit vectors along a row and a column. Raises on an absent or skew Image Orientation (Patient)."""
    if len(orientation) != 6:
        raise MissingFactError(
            f"Image Orientation (Patient) (0020,0037): expected six numbers, found {len(orientation)}"
        )
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    lengths = float(np.linalg.norm(row)), float(np.linalg.norm(column))
    skew = abs(float(row @ column))
    if max(abs(lengths[0] - 1), abs(lengths[1] - 1), skew) > _COSINE_TOLERANCE:
        raise ContradictionError("Image Orientation (Patient) (0020,0037): expected two unit vectors at a right angle")
    row = row / np.linalg.norm(row)
    column = column - (column @ row) * row
    return row, column / np.linalg.norm(column)


def _axes(instance: Instance) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return axes_of(instance.orientation)


def _position(instance: Instance) -> tuple[float, ...]:
    if len(instance.position_mm) != 3:
        raise MissingFactError(
            f"Image Position (Patient) (0020,0032): expected three numbers, found {len(instance.position_mm)}"
        )
    return instance.position_mm


def _check_damaged(series: SeriesFiles, notes: list[str]) -> None:
    """Refuse a series with a damaged file, unless its image is there undamaged too: no slice is dropped silently."""
    whole = {instance.sop_instance_uid for instance in series.instances}
    lost = [fault for fault in series.faults if fault.sop_instance_uid not in whole]
    if lost:
        raise ContradictionError(
            f"{len(lost)} of {len(series.faults) + len(series.instances)} files of the series are damaged "
            f"({lost[0].reason}); transfer the series again"
        )
    if series.faults:
        notes.append(f"{len(series.faults)} damaged files were passed over: their images are there undamaged")


def _without_copies(instances: tuple[Instance, ...], notes: list[str]) -> list[Instance]:
    by_uid: dict[str, Instance] = {}
    n_copies = n_spelt = 0
    for instance in instances:
        first = by_uid.setdefault(instance.sop_instance_uid, instance)
        if first is instance:
            continue
        if first.path.read_bytes() == instance.path.read_bytes():
            n_copies += 1
        elif _is_same_image(first, instance):
            n_spelt += 1
        else:
            raise ContradictionError(
                "SOP Instance UID (0008,0018): two files carry the same one with different content; transfer the "
                "series again"
            )
    if n_copies:
        notes.append(f"{n_copies} files are there twice with identical content and were counted once")
    if n_spelt:
        notes.append(f"{n_spelt} images are there twice in another encoding, voxel by voxel alike, and counted once")
    return list(by_uid.values())


def _is_same_image(one: Instance, other: Instance) -> bool:
    """Whether two files of one UID say the same of all that we read: place, time, dose facts, and every voxel."""
    alike = replace(other, path=one.path, size_bytes=one.size_bytes, layout=one.layout) == one
    if not alike or one.layout is None or other.layout is None:
        return False
    shape = (one.n_frames, one.layout.rows, one.layout.columns)
    if shape[1:] != (other.layout.rows, other.layout.columns):
        return False
    voxels = np.empty((2, *shape), np.float32)
    for number, instance in enumerate((one, other)):
        load_image(instance, voxels[number])
    return bool((voxels[0] == voxels[1]).all())


def _without_projections(instances: list[Instance], notes: list[str]) -> list[Instance]:
    """The slices; projections and localizers among them are left out, unless the series has nothing else."""
    slices = [instance for instance in instances if instance.kind is None]
    if not slices or len(slices) == len(instances):
        return instances
    kinds = sorted({str(instance.kind) for instance in instances if instance.kind is not None})
    notes.append(f"{len(instances) - len(slices)} images of the series are no slices ({', '.join(kinds)}): left out")
    return slices


def _check_shared(instances: Sequence[Instance]) -> None:
    if len({instance.shared for instance in instances}) == 1:
        return
    for place, name in enumerate(shared_names()):
        values = {shared_meaning(place, instance.shared[place]) for instance in instances}
        if len(values) > 1:
            raise ContradictionError(
                f"{name}: expected one value in the whole series, found {len(values)}; the series mixes acquisitions"
            )


def _check_same_plane(instances: Sequence[Instance]) -> None:
    first = instances[0]
    layout = layout_of(first)
    if len(first.spacing_mm) != 2 or min(first.spacing_mm) <= 0:
        raise MissingFactError(
            f"Pixel Spacing (0028,0030): expected two numbers above 0, found {list(first.spacing_mm)}"
        )
    for instance in instances:
        if instance.n_frames != 1:
            raise UnsupportedError(f"Number of Frames (0028,0008) = {instance.n_frames}: expected single-frame images")
    planes = {(own.orientation, own.spacing_mm, layout_of(own).rows, layout_of(own).columns) for own in instances}
    for orientation, spacing_mm, rows, columns in planes:
        same_plane = (
            np.allclose(orientation, first.orientation, atol=_COSINE_TOLERANCE)
            if len(orientation) == len(first.orientation)
            else False
        )
        same_size = (rows, columns) == (layout.rows, layout.columns)
        if not (same_size and same_plane and np.allclose(spacing_mm, first.spacing_mm, rtol=1e-4)):
            raise ContradictionError(
                "rows, columns, Pixel Spacing (0028,0030) or Image Orientation (0020,0037): expected the same in all "
                "images of the series; it holds more than one stack (a localizer?)"
            )


def _proved_spacing(
    along: NDArray[np.float64], series: SeriesFiles, instances: Sequence[Instance], notes: list[str]
) -> float:
    """Spacing in mm along the normal, after every gap was compared with the usual one."""
    if len(along) == 1:
        thickness = el.element_number(series.header, 0x00180050, "Slice Thickness")
        if not thickness:
            raise MissingFactError("Slice Thickness (0018,0050): needed for a single slice, found nothing")
        notes.append("one slice only: its thickness is taken as the spacing")
        return thickness
    gaps = np.diff(along)
    _check_doubled(along, instances)
    usual = float(np.median(gaps))
    tolerance = max(0.01 * usual, 0.05)
    odd = np.flatnonzero(np.abs(gaps - usual) > tolerance)
    if odd.size:
        at = int(odd[0])
        n_lost = round(float(gaps[at]) / usual) - 1
        what = f"{n_lost} lost" if n_lost > 0 else "uneven spacing"
        raise ContradictionError(
            f"gap of {gaps[at]:.2f} mm between slices {at + 1} and {at + 2} of {len(along)} (at {along[at]:.2f} and "
            f"{along[at + 1]:.2f} mm along the normal), expected {usual:.2f} mm: {what}"
            f"{f', {odd.size} such gaps' if odd.size > 1 else ''}; transfer the series again"
        )
    return float((along[-1] - along[0]) / (len(along) - 1))


def _check_doubled(along: NDArray[np.float64], instances: Sequence[Instance]) -> None:
    places = Counter(round(float(place), 2) for place in along)
    repeated = {place: count for place, count in places.items() if count > 1}
    if not repeated:
        return
    if len(repeated) >= 0.9 * len(places):
        raise UnsupportedError(
            f"{max(repeated.values())} images at each of {len(places)} places: a dynamic or gated series, or several "
            "reconstructions under one UID; lutrace reads one static image"
        )
    for index, (left, right) in enumerate(pairwise(along)):
        if right - left < 0.01:
            raise ContradictionError(
                f"slices {index + 1} and {index + 2} of {len(instances)} lie at the same place ({left:.2f} mm along "
                "the normal): a doubled slice with different identity; transfer the series again"
            )


def _check_no_shear(positions: NDArray[np.float64], normal: NDArray[np.float64], spacing_z: float) -> None:
    drift = positions - positions[0]
    aside = drift - np.outer(drift @ normal, normal)
    worst = float(np.max(np.linalg.norm(aside, axis=1)))
    if worst > max(0.1, 0.05 * spacing_z):
        raise UnsupportedError(
            f"the slices drift {worst:.2f} mm aside of their normal (a tilted gantry?): expected at most "
            f"{max(0.1, 0.05 * spacing_z):.2f} mm; resample the series upright"
        )


def _triple(vector: NDArray[np.float64]) -> tuple[float, float, float]:
    return (float(vector[0]), float(vector[1]), float(vector[2]))
