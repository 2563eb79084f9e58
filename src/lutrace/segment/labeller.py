"""What each component of uptake probably is, with a probability and the reasons: a first guess for a reviewer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lutrace.core import ContradictionError
from lutrace.imaging import BoolArray, Components, Mask, Volume
from lutrace.segment.labeller_body import find_body_on_work_grid
from lutrace.segment.labeller_bone import find_skeleton
from lutrace.segment.labeller_features import Features, measure_features
from lutrace.segment.labeller_frame import measure_body_shape
from lutrace.segment.labeller_posterior import Posterior, compute_posterior
from lutrace.segment.labeller_reasons import list_reasons
from lutrace.segment.labeller_score import compute_looks, list_hypotheses
from lutrace.segment.labeller_search import find_frames
from lutrace.terms import UptakePriors, uptake_identities, uptake_priors

UNCERTAIN = "uncertain"
Category = Literal["tumour", "physiological", "uncertain"]
_LEAST_SHOWN = 0.01


@dataclass(frozen=True)
class Identity:
    """What one component is taken for.

    `identity` is one of `terms.uptake_identities()`, `uncertain` when none is probable enough; `probability` is that of
    the identity, or of the best rival where it is uncertain. `rivals` are the other identities and their
    probabilities, the most probable first; `reasons` say in words what spoke for it.
    """

    component: int
    identity: str
    probability: float
    rivals: tuple[tuple[str, float], ...]
    reasons: tuple[str, ...]

    @property
    def category(self) -> Category:
        """What becomes of the component without a reader."""
        return _category_of(self.identity)


def identify(
    volume_suv: Volume,
    components: Components,
    *,
    ct: Volume | None = None,
    organs: Sequence[Mask] = (),
    tumour_seeds: BoolArray | None = None,
    tracer: str | None = None,
) -> tuple[Identity, ...]:
    """The identity of components 1..count on the grid of a scan in SUVbw (g/mL), in their order.

    By declared priors (`terms.uptake_priors`) of place, size, uptake, form, mirror image and, where there is a CT (HU)
    or organ masks, bone, density and mask: an explicit naive Bayes score over all ways in which the scan may lie in the
    atlas. A component that a tumour seed overlaps is tumour, wherever it lies. Components should be one organ or one
    lesion each: split what touches first.
    Raises ContradictionError when components, masks or seeds lie on another grid, or a unit is not the expected one.
    """
    _check(volume_suv, components, organs, tumour_seeds)
    if components.count == 0:
        return ()
    priors = uptake_priors()
    often, hot, hottest = _tracer_changes(priors, tracer)
    known = list_hypotheses(priors, often, hot)
    skeleton = next((mask for mask in organs if mask.name == "skeleton"), None)
    if skeleton is None and ct is not None:
        skeleton = find_skeleton(ct, volume_suv.geometry)
    features = measure_features(volume_suv, components, ct=ct, skeleton=skeleton, organs=organs)
    looks = compute_looks(features, known, priors)
    shape = measure_body_shape(find_body_on_work_grid(volume_suv, ct), ct)
    total = np.asarray(sum(looks.values()))
    frames = find_frames(shape, features, total, known=known, priors=priors)
    posterior = compute_posterior(frames, features, looks, known=known, priors=priors)
    seeded = set() if tumour_seeds is None else {int(number) for number in np.unique(components.labels[tumour_seeds])}
    return tuple(
        Identity(number, "tumour", 1.0, (), ("a tumour seed lies in it",))
        if number in seeded
        else _never_too_hot(_identity(number, posterior, features, priors), features, hottest)
        for number in range(1, components.count + 1)
    )


def _check(
    volume: Volume, components: Components, organs: Sequence[Mask], tumour_seeds: NDArray[np.bool_] | None
) -> None:
    shapes = [components.labels.shape, *(mask.array.shape for mask in organs)]
    if tumour_seeds is not None:
        shapes.append(tumour_seeds.shape)
    if any(shape != volume.array.shape for shape in shapes) or volume.unit != "g/mL":
        raise ContradictionError(
            f"labeller: expected components, masks and seeds on the grid of the scan {volume.array.shape} in g/mL, "
            f"found {sorted(set(shapes))} and {volume.unit}; resample them first"
        )


def _tracer_changes(priors: UptakePriors, tracer: str | None) -> tuple[dict[str, float], ...]:
    """What the tracer makes of how often something is expected and how hot, and the most that it can be."""
    found = [one for one in priors.tracers if tracer is not None and re.search(one.pattern, tracer, re.IGNORECASE)]
    return (found[0].factors, found[0].heat, found[0].most_heat) if found else ({}, {}, {})


def _never_too_hot(one: Identity, features: Features, hottest: dict[str, float]) -> Identity:
    """Uncertain, where the component is hotter than this identity can be with the tracer."""
    heat = float(features.heat[one.component - 1])
    if heat <= hottest.get(one.identity, np.inf):
        return one
    reason = f"SUVmax {100 * heat:.0f} % of the hottest 20 mL: too hot for a {one.identity} with this tracer"
    rivals = ((one.identity, one.probability), *one.rivals)
    return Identity(one.component, UNCERTAIN, one.probability, rivals, (reason, *one.reasons))


def _category_of(identity: str) -> Category:
    return next(one.category for one in uptake_identities() if one.name == identity)


def _identity(number: int, posterior: Posterior, features: Features, priors: UptakePriors) -> Identity:
    """Category first (the sum over its identities must reach its limit), then the best identity in it."""
    shares = posterior.by_identity[number - 1]
    ranked = sorted(((name, float(shares[k])) for k, name in enumerate(posterior.known.names)), key=lambda one: -one[1])
    sums = dict.fromkeys(("tumour", "physiological", "uncertain"), 0.0)
    for name, share in ranked:
        sums[_category_of(name)] += share
    reasons = list_reasons(number - 1, ranked[0][0], posterior, features)
    limits = {"tumour": priors.tumour_from, "physiological": priors.physiological_from}
    for category, limit in limits.items():
        if sums[category] >= limit:
            best = next((name, share) for name, share in ranked if _category_of(name) == category)
            rivals = tuple((n, round(s, 4)) for n, s in ranked if n != best[0] and s >= _LEAST_SHOWN)
            return Identity(number, best[0], round(best[1], 4), rivals, reasons)
    rivals = tuple((name, round(share, 4)) for name, share in ranked if share >= _LEAST_SHOWN)
    if _category_of(ranked[0][0]) == UNCERTAIN and ranked[0][1] >= priors.tumour_from:
        return Identity(number, ranked[0][0], round(ranked[0][1], 4), rivals[1:], reasons)
    return Identity(number, UNCERTAIN, round(ranked[0][1], 4), rivals, reasons)
