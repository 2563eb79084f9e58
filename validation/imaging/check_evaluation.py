"""The evaluation on a small virtual centre against the shares of results.json, and the page against results.json.

A share may be smaller by chance and by the patients drawn: it fails where the whole Wilson interval of the small run
lies below that of the full one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import evaluate  # noqa: E402

import tables  # noqa: E402

PATIENTS = 4
PAGE = HERE.parents[1] / "docs" / "methods" / "imaging-evaluation.md"


def main() -> list[str]:
    full = json.loads((HERE / "results.json").read_text(encoding="utf-8"))
    text = PAGE.read_text(encoding="utf-8")
    faults = [] if tables.with_tables(full, text) == text else ["the page's tables are not those of results.json"]
    small = evaluate.run_evaluation(PATIENTS, jobs=2)
    faults += _compare(
        small["detection"], full["detection"], ("modality", "plan", "mode", "size"), ("recall", "precision")
    )
    return faults + _compare(small["new"], full["new"], ("plan", "mode", "reference", "size"), ("recall", "precision"))


def _compare(
    small: list[dict[str, Any]], full: list[dict[str, Any]], keys: tuple[str, ...], shares: tuple[str, ...]
) -> list[str]:
    known = {tuple(row[key] for key in keys): row for row in full}
    faults = []
    for row in small:
        key = tuple(row[name] for name in keys)
        for share in shares:
            here, there = row[share], known[key][share]
            if row["size"] == "all" and here is not None and there is not None and here[2] < there[1]:
                faults.append(f"{' '.join(key)}: {share} {here[0]:.2f}, on the full run {there[0]:.2f}")
    print(f"   {len(small)} groups compared")
    return faults


if __name__ == "__main__":
    print(main())
