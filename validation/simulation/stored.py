"""What a simulation gave, stored with the version and the seed, and compared with what it gives now."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from lutrace import __version__

_SAME = 0.005
"""Difference from the stored number, absolute or as a share of it, that rounding on another machine may make."""


def write(path: Path, results: dict[str, Any], *, seed: int) -> None:
    """Write JSON with a note that the data are synthetic."""
    document = {"synthetic": True, "version": __version__, "seed": seed, "results": results}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8", newline="\n")


def read_results(path: Path) -> dict[str, Any]:
    """The numbers stored; none where nothing is."""
    return dict(json.loads(path.read_text(encoding="utf-8"))["results"]) if path.exists() else {}


def compare_stored(path: Path, results: dict[str, Any]) -> list[str]:
    """Where the numbers are not those stored."""
    stored, faults = read_results(path), []
    for name, found in results.items():
        for key, value in found.items():
            before = stored.get(name, {}).get(key, math.nan)
            if not math.isclose(value, before, rel_tol=_SAME, abs_tol=_SAME):
                faults.append(f"{name}, {key}: {value:.4f} now, {before:.4f} stored; store it anew when that is meant")
    return faults
