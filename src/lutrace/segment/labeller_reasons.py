"""What spoke for an identity and what against it, in words that a reader can check in the picture."""

from __future__ import annotations

import numpy as np

from lutrace.segment.labeller_features import Features
from lutrace.segment.labeller_posterior import Posterior

_SHOWN, _LEAST_FACTOR = 4, 1.5


def list_reasons(row: int, identity: str, posterior: Posterior, features: Features) -> tuple[str, ...]:
    """The features that changed the odds of an identity against all others most, with the factor of each.

    `row` counts components from 0. A factor above 1 speaks for the identity.
    """
    known = posterior.known
    own = known.identity == known.names.index(identity)
    share = np.maximum(posterior.by_hypothesis[row], 1e-12)
    factors = {}
    for name, fit in posterior.fits.items():
        factors[name] = _mean(fit[row][own], share[own]) / _mean(fit[row][~own], share[~own])
    ranked = sorted(factors.items(), key=lambda one: -abs(np.log(one[1])))
    words = _words(row, posterior, features)
    kept = [(name, factor) for name, factor in ranked if max(factor, 1 / factor) >= _LEAST_FACTOR][:_SHOWN]
    return tuple(f"{words[name]} ({'for' if factor > 1 else 'against'}, {_times(factor)})" for name, factor in kept)


def _mean(log_density: np.ndarray, share: np.ndarray) -> float:
    """The density, averaged over hypotheses by their probability."""
    return float(np.sum(np.exp(log_density) * share) / share.sum()) + 1e-12


def _times(factor: float) -> str:
    strength = max(factor, 1.0 / factor)
    return f"odds x {strength:.1f}" if strength < 100 else "odds x 100 or more"


def _words(row: int, posterior: Posterior, features: Features) -> dict[str, str]:
    x, y, z = posterior.atlas_mm[row]
    side = "left" if x >= 0 else "right"
    depth = "behind" if y >= 0 else "before"
    twin = int(posterior.twins[row])
    masks = [name for name, part in features.inside.items() if part[row] >= 0.5]
    return {
        "place": f"place: {abs(x):.0f} mm {side} of the midline, {abs(y):.0f} mm {depth} the middle, "
        f"{z / 10:.0f} cm above the base of the trunk",
        "volume": f"volume {features.volume_ml[row]:.1f} mL",
        "heat": f"SUVmax {100 * features.heat[row]:.0f} % of the hottest 20 mL",
        "rise": f"SUVmax {features.rise[row]:.1f} times the edge",
        "elongation": f"{features.elongation[row]:.1f} times as long as wide",
        "upright": f"cosine {features.upright[row]:.2f} to the body's axis",
        "twin": f"mirror image: component {twin + 1}" if twin >= 0 else "no mirror image",
        "bone": f"{100 * features.bone[row]:.0f} % in bone on CT",
        "hu": f"{features.hu[row]:.0f} HU",
        "mask": f"in the mask of {', '.join(masks)}" if masks else "in no organ mask",
    }
