"""The ways in which a scan may lie in the atlas, weighed: components, body profile and lungs must fit together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lutrace.segment.labeller_features import Features, find_twins
from lutrace.segment.labeller_frame import BodyFrame, BodyShape, compute_profile_fit, compute_widening
from lutrace.segment.labeller_score import Hypotheses, compute_place_fit, compute_twin_fit
from lutrace.terms import UptakePriors

Floats = NDArray[np.float64]

_BASE_STEP_MM = 10.0
_STRETCHES = (0.88, 0.92, 0.96, 1.0, 1.04, 1.08, 1.12)
_STRETCH_SD = 0.045
"""Stature varies by 4 % (7 cm) among men, the level of organs a little more."""
_MIDLINE_STEPS = (-2.0, -1.0, 0.0, 1.0, 2.0)
_MIDLINE_SD_MM, _MIDLINE_SD_WITH_CT_MM = 8.0, 4.0
"""How far the midline may lie from the middle of the body: an outline drawn by uptake alone is blurred and uneven.
Components weigh the steps, but are no landmark of it: a large tumour on one side would draw it over."""
_MOST_COMPONENTS = 60
_COUNT_WEIGHT = 0.5
"""What is expected in view and not seen speaks against a place, half as much as what is seen speaks for it."""
_LEAST_WEIGHT, _MOST_FRAMES = 1e-4, 40


def find_frames(
    shape: BodyShape, features: Features, looks: Floats, *, known: Hypotheses, priors: UptakePriors
) -> tuple[BodyFrame, ...]:
    """The likely frames of a scan, at most 40, the likeliest first; `compute_posterior` weighs them.

    `looks` are the log densities (components, hypotheses) that need no frame. Heights of the trunk's base are tried in
    steps of 1 cm, seven stretches, and the midline within 8 mm of the middle of the body (16 mm without CT). The
    strongest 60 components (volume x SUVmax) decide.
    """
    chosen = strongest(features)
    middle = float(np.median(shape.middle_x_mm))
    midline_sd_mm = _MIDLINE_SD_MM if shape.lung is None else _MIDLINE_SD_WITH_CT_MM
    frame = BodyFrame(shape, 0.0, 1.0, compute_widening(shape), middle)
    found: list[tuple[float, BodyFrame]] = []
    for step in _MIDLINE_STEPS:
        beside = replace(frame, midline_mm=middle + step * midline_sd_mm)
        atlas = beside.to_atlas(features.centre_mm)
        fixed = looks + compute_twin_fit(find_twins(features, atlas), known, priors) + known.log_expected
        fixed = fixed + compute_place_fit(atlas, known, 0) + compute_place_fit(atlas, known, 1)
        for stretch in _STRETCHES:
            off = -0.5 * ((stretch - 1.0) / _STRETCH_SD) ** 2 - 0.5 * step**2
            bases = _bases(shape, stretch)
            own = off + compute_profile_fit(shape, priors, base_mm=bases, stretch=stretch)
            own = own - _COUNT_WEIGHT * _expected_in_view(shape, known, bases, stretch)
            seen = _components_fit(features.centre_mm[chosen, 2], fixed[chosen], known, bases, stretch)
            found += [
                (float(value), replace(beside, base_mm=float(base), stretch=stretch, log_fit=float(one)))
                for value, one, base in zip(own + priors.weights["frame"] * seen, own, bases, strict=True)
            ]
    return _likeliest(found)


def strongest(features: Features) -> NDArray[np.int64]:
    """The components that decide on the frame: at most 60, by volume x SUVmax."""
    return np.argsort(-features.volume_ml * features.suv_max, kind="stable")[:_MOST_COMPONENTS]


def _bases(shape: BodyShape, stretch: float) -> Floats:
    """Heights of the base of the trunk at which some of the atlas from knee to vertex is in view."""
    low = float(shape.z_mm[0]) - 900.0 * stretch
    return np.arange(low, float(shape.z_mm[-1]) + 350.0 * stretch, _BASE_STEP_MM)


def _components_fit(z_mm: Floats, fixed: Floats, known: Hypotheses, bases: Floats, stretch: float) -> Floats:
    """For each base, the sum over components of the log of what all hypotheses expect there."""
    top = fixed.max(axis=1, keepdims=True)
    share = np.exp(fixed - top)
    result = np.empty(len(bases))
    for number, base in enumerate(bases):
        atlas = np.zeros((len(z_mm), 3))
        atlas[:, 2] = (z_mm - base) / stretch
        place = np.exp(compute_place_fit(atlas, known, 2))
        result[number] = np.log((share * place).sum(axis=1) + 1e-300).sum()
    return result + float(top.sum())


def _expected_in_view(shape: BodyShape, known: Hypotheses, bases: Floats, stretch: float) -> Floats:
    """How many components are expected between the ends of the scan, for each base."""
    spans = np.array([form.z for form in known.forms])
    low, high = spans[:, 0] - spans[:, 2], spans[:, 1] + spans[:, 2]
    first = (shape.z_mm[0] - bases)[:, None] / stretch
    last = (shape.z_mm[-1] - bases)[:, None] / stretch
    part = (np.minimum(last, high) - np.maximum(first, low)) / (high - low)
    return np.asarray((np.clip(part, 0.0, 1.0) * np.exp(known.log_expected)).sum(axis=1))


def _likeliest(found: list[tuple[float, BodyFrame]]) -> tuple[BodyFrame, ...]:
    best = max(value for value, _ in found)
    near = [one for one in found if one[0] > best + np.log(_LEAST_WEIGHT)]
    return tuple(frame for _, frame in sorted(near, key=lambda one: -one[0])[:_MOST_FRAMES])
