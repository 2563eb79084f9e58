"""How well each component fits each form of uptake: densities of single features, multiplied with stated weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lutrace.segment.labeller_features import Features
from lutrace.terms import Span, Spread, UptakeForm, UptakePriors, uptake_identities

Floats = NDArray[np.float64]

_ROOT_2PI = float(np.sqrt(2.0 * np.pi))
_BONE_FROM, _BONE_MOSTLY, _INSIDE_FROM = 0.25, 0.6, 0.5
_MOSTLY_IF_BONE, _MOSTLY_IF_BESIDE = 0.6, 0.1
"""Of components that lie in bone by a quarter (the uptake of a small bone lesion spreads beyond the bone), how many lie
there mostly: of bone lesions, and of organs that spill into the bone beside them."""
_INSIDE_IF_TRUE, _INSIDE_IF_NOT = 0.9, 0.05
"""How often a component of an organ lies in that organ's mask, and how often another one does (spill-out, motion)."""
_LOG_RANGE = 6.0
"""Span of the logarithm of a ratio over which the even part of its density is spread."""


@dataclass(frozen=True, eq=False)
class Hypotheses:
    """Every form on every side it can show: `side` +1 as given, -1 mirrored, 0 where there is only one."""

    forms: tuple[UptakeForm, ...]
    side: NDArray[np.int64]
    log_expected: Floats
    identity: NDArray[np.int64]
    names: tuple[str, ...]


def list_hypotheses(
    priors: UptakePriors, factors: Mapping[str, float], heat: Mapping[str, float] | None = None
) -> Hypotheses:
    """The forms of the priors, mirrored ones twice, expected as often and as hot as the tracer's factors say."""
    names = tuple(one.name for one in uptake_identities())
    forms: list[UptakeForm] = []
    side: list[int] = []
    expected: list[float] = []
    for known in priors.forms:
        factor = _factor(known, factors)
        form = known.model_copy(update={"heat": (known.heat[0] * _factor(known, heat or {}), known.heat[1])})
        for sign in (1, -1) if form.mirrored else (0,):
            forms.append(form)
            side.append(sign)
            expected.append(form.expected * factor / (2.0 if form.mirrored else 1.0))
    numbers = np.array([names.index(form.identity) for form in forms])
    return Hypotheses(tuple(forms), np.array(side), np.log(np.array(expected)), numbers, names)


def _factor(form: UptakeForm, factors: Mapping[str, float]) -> float:
    return factors.get(f"{form.identity}/{form.form}", factors.get(form.identity, 1.0))


def compute_looks(features: Features, known: Hypotheses, priors: UptakePriors) -> dict[str, Floats]:
    """Weighted log densities (components, hypotheses) of what does not depend on the frame, by feature."""
    forms, weights, floor = known.forms, priors.weights, priors.floor
    ratios = {"volume": features.volume_ml, "heat": features.heat, "rise": features.rise}
    ratios["elongation"] = features.elongation
    spreads: dict[str, list[Spread]] = {
        "volume": [form.volume_ml for form in forms],
        "heat": [form.heat for form in forms],
        "rise": [form.rise for form in forms],
        "elongation": [form.elongation for form in forms],
    }
    looks = {name: _log_normal(ratios[name], spreads[name], floor) for name in ratios}
    looks["upright"] = _normal(features.upright, [form.upright for form in forms], width=1.0, floor=floor)
    looks["hu"] = _normal(features.hu, [form.hu for form in forms], width=600.0, floor=floor)
    looks["bone"] = _bone(features.bone, np.array([form.bone for form in forms]))
    looks["hu"] = np.where(features.bone[:, None] >= _BONE_FROM, 0.0, looks["hu"])
    looks["mask"] = _masks(features, known)
    return {name: weights[name] * value for name, value in looks.items()}


def compute_twin_fit(twins: NDArray[np.int64], known: Hypotheses, priors: UptakePriors) -> Floats:
    """Log probability of having, or not having, a mirror image."""
    fit = _yes_no((twins >= 0).astype(np.float64), np.array([form.twin for form in known.forms]))
    return np.asarray(priors.weights["twin"] * fit)


def compute_place_fit(atlas_mm: Floats, known: Hypotheses, axis: int) -> Floats:
    """Log density (n, hypotheses) along one axis of the atlas (0 left, 1 back, 2 head), mirrored forms mirrored."""
    spans: list[Span] = [(form.x, form.y, form.z)[axis] for form in known.forms]
    low, high, sd = (np.array([span[part] for span in spans])[None, :] for part in range(3))
    value = atlas_mm[..., axis][..., None]
    if axis == 0:
        value = value * np.where(known.side == -1, -1.0, 1.0)[None, :]
    beyond = np.maximum(np.maximum(low - value, value - high), 0.0) / sd
    return np.asarray(-0.5 * beyond**2 - np.log(high - low + sd * _ROOT_2PI))


def _log_normal(values: Floats, spreads: list[Spread], floor: float) -> Floats:
    """Log density of the logarithm of the values; the even part bounds what one feature can say. NaN says nothing."""
    middle = np.log(np.array([spread[0] for spread in spreads]))[None, :]
    sd = np.log(np.array([spread[1] for spread in spreads]))[None, :]
    away = (np.log(np.maximum(values, 1e-6))[:, None] - middle) / sd
    density = (1.0 - floor) * np.exp(-0.5 * away**2) / (sd * _ROOT_2PI) + floor / _LOG_RANGE
    return np.where(np.isnan(values)[:, None], 0.0, np.log(density))


def _normal(values: Floats, spreads: list[Spread | None], *, width: float, floor: float) -> Floats:
    """As `_log_normal`, on the values themselves; a form without a spread is even over `width`."""
    result = np.full((len(values), len(spreads)), -np.log(width))
    for number, spread in enumerate(spreads):
        if spread is not None:
            away = (values - spread[0]) / spread[1]
            result[:, number] = np.log((1.0 - floor) * np.exp(-0.5 * away**2) / (spread[1] * _ROOT_2PI) + floor / width)
    return np.where(np.isnan(values)[:, None], 0.0, result)


def _yes_no(values: Floats, probability: Floats) -> Floats:
    """Log probability of a yes (1) or no (0); NaN says nothing."""
    yes = values[:, None] == 1.0
    fit = np.where(yes, np.log(probability)[None, :], np.log1p(-probability)[None, :])
    return np.where(np.isnan(values)[:, None], 0.0, fit)


def _bone(part: Floats, probability: Floats) -> Floats:
    """Log probability of lying outside bone, partly in it, or mostly in it; NaN says nothing."""
    mostly = np.where(probability >= 0.5, _MOSTLY_IF_BONE, _MOSTLY_IF_BESIDE)[None, :]
    fit = _yes_no((part >= _BONE_FROM).astype(np.float64), probability)
    inside = np.where(part[:, None] >= _BONE_MOSTLY, np.log(mostly), np.log1p(-mostly))
    fit = fit + np.where(part[:, None] >= _BONE_FROM, inside, 0.0)
    return np.where(np.isnan(part)[:, None], 0.0, fit)


def _masks(features: Features, known: Hypotheses) -> Floats:
    """Log probability of lying in the masks of the identity's regions, and outside those of the others."""
    regions = {one.name: one.regions for one in uptake_identities()}
    fit = np.zeros((len(features.volume_ml), len(known.forms)))
    for region, part in features.inside.items():
        if region == "skeleton" or not any(region in own for own in regions.values()):
            continue
        inside = (part >= _INSIDE_FROM).astype(np.float64)
        true = np.array(
            [
                (region in regions[form.identity] or region == form.organ) and _is_on_side(region, int(side))
                for form, side in zip(known.forms, known.side, strict=True)
            ]
        )
        fit += _yes_no(inside, np.where(true, _INSIDE_IF_TRUE, _INSIDE_IF_NOT))
    return fit


def _is_on_side(region: str, side: int) -> bool:
    return not (region.endswith("_left") and side == -1) and not (region.endswith("_right") and side == 1)
