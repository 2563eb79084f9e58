"""FHIR R4 NDJSON to registry, resources per second, beside fhir.resources parsing and validating the same lines alone.

The peer (R4B models of fhir.resources, in an environment of its own) stores nothing and makes no rows; lutrace reads
each file three times (who is who and what stands twice, what belongs together, the rows), checks the rows and stores
them. Each is a process of its own, its clock started after the imports, in turns. Of more than `--peer-lines` lines the
peer parses the first ones: its time per line does not depend on their number. Ratios are of processor seconds, which
stay nearly the same when other programs share the machine; the load is told.

Bars: the reader alone and the whole way into the registry at least as fast as the peer's parsing, at most 1.5 GB, and
processor time per resource that does not grow by more than a quarter from one size to the next.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

from shared.environment import make_peer

STEPS = Path(__file__).parent / "fhir_ndjson_steps"
SIZES = (10_000, 100_000, 1_000_000)
PEER = ("fhir.resources==8.3.0",)
BAR_GB, BAR_GROWTH = 1.5, 1.25
Answers = dict[tuple[str, int], dict[str, float]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--rounds", type=int, default=3, help="turns; of a million resources one")
    parser.add_argument("--peer-lines", type=int, default=100_000)
    given = parser.parse_args()
    peer, answers = make_peer("fhir_peer", PEER), Answers()
    with tempfile.TemporaryDirectory(prefix="lutrace-bench-") as name:
        for size in sorted(given.sizes):
            folder = Path(name) / str(size)
            subprocess.run([sys.executable, str(STEPS / "export.py"), str(folder), str(size)], check=True)
            commands = {
                "fhir.resources": [peer, str(STEPS / "peer.py"), str(folder), str(given.peer_lines)],
                "reader": [sys.executable, str(STEPS / "ours.py"), "reader", str(folder)],
                "registry": [sys.executable, str(STEPS / "ours.py"), "registry", str(folder)],
            }
            rounds = [
                {which: run(one) for which, one in commands.items()} for _ in range(given.rounds if size < 10**6 else 1)
            ]
            for which in commands:
                answers[which, size] = median([one[which] for one in rounds])
                tell(which, size, answers)
    return tell_bars(answers)


def run(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def median(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}


def per_second(one: dict[str, float]) -> float:
    return one["resources"] / one["cpu"]


def tell(which: str, size: int, answers: Answers) -> None:
    one, peer = answers[which, size], answers["fhir.resources", size]
    load = f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"
    print(
        f"{size:>8} {which:15}{per_second(one):8.0f} resources per CPU s ({one['cpu']:.1f} CPU s, {one['wall']:.1f} s, "
        f"{load}); {per_second(one) / per_second(peer):5.2f} times the peer; {one['peak_gb']:.2f} GB",
        flush=True,
    )


def tell_bars(answers: Answers) -> int:
    """Each bar; 1 when one is missed."""
    sizes = sorted({size for _, size in answers})
    bars = []
    for size in sizes:
        for which in ("reader", "registry"):
            ratio = per_second(answers[which, size]) / per_second(answers["fhir.resources", size])
            bars.append((f"{size}: {which} at {ratio:.2f} times the peer's resources per CPU second", ratio >= 1))
        peak = answers["registry", size]["peak_gb"]
        bars.append((f"{size}: {peak:.2f} GB of {BAR_GB}", peak <= BAR_GB))
    for small, large in pairwise(sizes):
        grown = per_second(answers["registry", small]) / per_second(answers["registry", large])
        bars.append((f"from {small} to {large}: {grown:.2f} times the time per resource", grown <= BAR_GROWTH))
    for text, met in bars:
        print(f"bar: {text}: {'met' if met else 'MISSED'}")
    return 0 if all(met for _, met in bars) else 1


if __name__ == "__main__":
    sys.exit(main())
