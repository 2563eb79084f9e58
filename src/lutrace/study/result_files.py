"""The results of a run, read again from its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lutrace.core import UnusableInputError

RESULTS_FILE = "results.json"
_NEEDED = frozenset({"numbers", "study", "synthetic", "protocol_digest", "snapshot_digest"})


def read_results(out: Path) -> dict[str, Any]:
    """The `results.json` of a run's folder. Raises UnusableInputError for a folder without, or another file."""
    try:
        results = json.loads((out / RESULTS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnusableInputError(
            f"{out.name}: expected the folder of a run with its {RESULTS_FILE}, found none that can be read; "
            "make one with lutrace run"
        ) from error
    if not isinstance(results, dict) or not set(results) >= _NEEDED:
        raise UnusableInputError(f"{out.name}/{RESULTS_FILE}: expected the results of lutrace run, found another file")
    return results
