"""The registration given to `lutrace track`: read from another program's file, turned the right way, and checked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lutrace.core import UnusableInputError, tell_file
from lutrace.dicom import FrameMotion, read_frame_motions
from lutrace.imaging import Registration, identity_registration, is_transform_file, join_over_fixed, read_transform
from lutrace.ingest.lesion_tables import digest_frame
from lutrace.segment import compute_misfit_mm

FixedScan = Literal["baseline", "followup"]
Points = NDArray[np.float64]

_LEAST_LESIONS = 3
_WORSE_TIMES, _WORSE_MM = 1.5, 5.0
"""A registration is worse than another when lesions lie so much farther from each other: times, and mm on top."""

_HOME_MM = 2.0


@dataclass(frozen=True)
class GivenRegistration:
    """The file, the scan whose points it maps (the fixed image; None: not stated), and both scans' frames' digests."""

    path: Path
    fixed: FixedScan | None = None
    frames: tuple[str | None, str | None] = (None, None)


def read_registration(given: GivenRegistration) -> tuple[Registration, list[str]]:
    """The registration of a file from baseline to follow-up, LPS mm, and what was taken for granted.

    JSON (`.json`, or text that begins with `[`): a 4 x 4 matrix. It, ITK transforms and images of displacements map
    points of the fixed scan to the moving one.
    Any other file is a DICOM registration, whose own frame of reference is the fixed scan; where the frames of both
    scans are known they tell the direction. Raises UnusableInputError for what cannot be read, is empty, names other
    frames of reference, or contradicts the direction stated.
    """
    if not given.path.is_file():
        found = "a folder" if given.path.is_dir() else "no such file"
        raise UnusableInputError(f"{tell_file(given.path)}: expected the file of a registration, found {found}")
    if given.path.suffix.lower() == ".json" or given.path.read_bytes()[:64].lstrip()[:1] == b"[":
        return _turned(_read_matrix(given.path), given.fixed), []
    if is_transform_file(given.path):
        return _turned(read_transform(given.path), given.fixed), _direction_notes(given)
    return _of_frames(read_frame_motions(given.path), given)


def check_registration(registration: Registration, baseline_mm: Points, followup_mm: Points) -> list[str]:
    """Raise UnusableInputError when a registration cannot be right for these lesions; notes on those beyond its field.

    With three lesions or more on both sides it must not lay them worse on each other than no registration does, or
    than itself the other way round: worse by half and 5 mm (root mean square to the nearest lesion, each at most
    30 mm). A field must cover a lesion, and be one that can be turned round at the lesions.
    """
    notes = _check_field(registration, baseline_mm, followup_mm)
    if min(len(baseline_mm), len(followup_mm)) < _LEAST_LESIONS:
        return notes
    misfit = compute_misfit_mm(registration.to_moving(baseline_mm), followup_mm)
    turned = compute_misfit_mm(registration.inverse.to_moving(baseline_mm), followup_mm)
    bare = compute_misfit_mm(baseline_mm, followup_mm)
    least = (misfit - _WORSE_MM) / _WORSE_TIMES
    if turned < least and turned <= bare:
        raise UnusableInputError(
            f"registration: lesions lie {misfit:.0f} mm from each other after it, and {turned:.0f} mm when it is "
            "turned round: it maps the other way; say with --fixed which scan was the fixed image"
        )
    if bare < least:
        raise UnusableInputError(
            f"registration: lesions lie {misfit:.0f} mm from each other after it, {bare:.0f} mm without it: it makes "
            "things worse; expected one of these two scans in LPS mm; leave it out or give the right file"
        )
    return notes


def _check_field(registration: Registration, baseline_mm: Points, followup_mm: Points) -> list[str]:
    """Raise when the field folds at the lesions of the fixed scan, or covers none; a note on those beyond it."""
    forth = registration.inverse if registration.is_inverse else registration
    points = followup_mm if registration.is_inverse else baseline_mm
    if not len(points) or forth.field is None:
        return []
    home = forth.inverse.to_moving(forth.to_moving(points))
    worst = float(np.linalg.norm(home - points, axis=1).max())
    if worst > _HOME_MM:
        raise UnusableInputError(
            f"registration: its field folds at the lesions (there and back again they lie {worst:.0f} mm off); "
            "expected one that can be turned round"
        )
    index = forth.field.geometry.to_index(points)
    last = np.asarray(forth.field.geometry.shape_zyx) - 0.5
    n_outside = int((~((index >= -0.5) & (index <= last)).all(axis=1)).sum())
    if n_outside == len(points):
        raise UnusableInputError(
            "registration: its field covers no lesion of the fixed scan; expected LPS mm of the same scans, and "
            "--fixed where the follow-up was the fixed image"
        )
    return [f"registration: {n_outside} lesions lie beyond its field and move as its edge"] if n_outside else []


def _turned(registration: Registration, fixed: FixedScan | None) -> Registration:
    return registration.inverse if fixed == "followup" else registration


def _direction_notes(given: GivenRegistration) -> list[str]:
    if given.fixed is not None:
        return []
    return [
        f"{tell_file(given.path)}: taken to map points of the baseline (the fixed image) to the follow-up; --fixed "
        "followup says the opposite"
    ]


def _of_frames(motions: Sequence[FrameMotion], given: GivenRegistration) -> tuple[Registration, list[str]]:
    """The motion between the two scans' frames, as a DICOM object tells it."""
    before, after = given.frames
    if before is None or after is None:
        if len(motions) > 1:
            raise UnusableInputError(
                f"{tell_file(given.path)}: registers {len(motions)} frames of reference, and which of them the two "
                "scans are is not known; give lesions.csv as lutrace lesions writes it, or masks of both scans"
            )
        return _turned(motions[0].motion, given.fixed), _direction_notes(given)
    own = digest_frame(motions[0].registered)
    known = {digest_frame(one.source): one.motion for one in motions}
    if own is not None:
        known.setdefault(own, identity_registration())
    if before not in known or after not in known:
        raise UnusableInputError(
            f"{tell_file(given.path)}: registers other frames of reference than those of the two scans; expected the "
            "object that was made of this pair"
        )
    if given.fixed is not None and own in (before, after) and (own == before) != (given.fixed == "baseline"):
        raise UnusableInputError(
            f"{tell_file(given.path)}: its own frame of reference is not that of the {given.fixed}, which --fixed "
            "states; leave --fixed out"
        )
    if before == own:
        return known[after], []
    if after == own:
        return known[before].inverse, []
    return join_over_fixed(known[before], known[after], method="given"), []


def _read_matrix(path: Path) -> Registration:
    """The matrix of a JSON file."""
    try:
        matrix = np.asarray(json.loads(path.read_text(encoding="utf-8")), float)
    except (OSError, ValueError, TypeError) as error:
        raise UnusableInputError(f"{tell_file(path)}: expected a JSON file with a 4 x 4 matrix of numbers") from error
    if matrix.shape != (4, 4):
        raise UnusableInputError(f"{tell_file(path)}: expected a 4 x 4 matrix, found shape {matrix.shape}")
    is_affine = np.isfinite(matrix).all() and np.allclose(matrix[3], (0, 0, 0, 1))
    if not is_affine or abs(np.linalg.det(matrix)) < 1e-6:
        raise UnusableInputError(
            f"{tell_file(path)}: expected a matrix that can be turned round, with the last row 0 0 0 1, found another"
        )
    return Registration(matrix, None, "given")
