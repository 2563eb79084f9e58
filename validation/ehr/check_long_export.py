"""A bulk export of half a million lines in one file, line 500,000 of it broken: what is in, what is told, what repairs.

Synthetic, from a fixed seed (the export of the benchmark fhir_ndjson). Takes minutes of processor time.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from lutrace.ingest import run_add_fhir, run_init
from lutrace.registry import Registry
from lutrace.tables import QUARANTINE, SOURCES

EXPORT = Path(__file__).parents[2] / "benchmarks" / "fhir_ndjson_steps" / "export.py"
LINES, BROKEN = 500_500, 500_000


def main() -> list[str]:
    with tempfile.TemporaryDirectory(prefix="lutrace-validate-") as name:
        folder = Path(name)
        subprocess.run([sys.executable, str(EXPORT), str(folder / "parts"), str(LINES)], check=True)
        whole = [line for path in sorted((folder / "parts").iterdir(), reverse=True) for line in path.open("rb")]
        broken = [*whole[: BROKEN - 1], whole[BROKEN - 1][:-40] + b"\n", *whole[BROKEN:]]
        run_init(folder / "registry")
        return [
            *compare(folder, broken, (LINES - 1, 0, 0, 1), [(f"line {BROKEN}", "the line is not valid JSON in UTF-8")]),
            *compare(folder, broken, (0, 0, LINES - 1, 1), [(f"line {BROKEN}", "the line is not valid JSON in UTF-8")]),
            *compare(folder, whole, (1, 0, LINES - 1, 0), []),
        ]


def compare(
    folder: Path, lines: list[bytes], expected: tuple[int, int, int, int], refused: list[tuple[str, str]]
) -> list[str]:
    """Faults of what a run adds, updates, finds unchanged and refuses, and of what stands in quarantine after it."""
    (folder / "export.ndjson").write_bytes(b"".join(lines))
    done = run_add_fhir(folder / "registry", [folder / "export.ndjson"])
    counts = (done.added, done.updated, done.unchanged, done.quarantined)
    with Registry.open(folder / "registry", write=False) as registry:
        held = [(row["source_locator"], row["rule"]) for row in registry.rows(QUARANTINE)]
        sizes = {row["rows"] for row in registry.rows(SOURCES)}
    faults = [] if counts == expected else [f"expected {expected}, got {counts}"]
    faults += [] if held == refused else [f"expected the quarantine {refused}, got {held}"]
    return faults + ([] if sizes == {LINES} else [f"expected sources of {LINES} rows, got {sizes}"])
