"""One whole-body PET (400 x 400 x 650, 60 lesions) from DICOM to ledger, organ masks given, plan suv3, no registration.

Side by side with SimpleITK and scipy in an environment of their own, twice (the library's filters on the whole image,
and tuned by hand, see `whole_body_steps/peer.py`), and with a bare `pixel_array` read of the files. Each run is a
process of its own, in turns; its clock starts after the imports. Lesions must be the same: volumes identical, SUVs to
1e-5. The CT is read by nobody: with organ masks given, nothing needs it. The bars: at least 5 times as fast as the
filters, at most 4 times the bare read, below 3 GB.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

STEPS = Path(__file__).parent / "whole_body_steps"
PEER = ("SimpleITK==2.5.7", "scipy==1.17.1", "numpy==2.4.6", "pydicom==3.0.2")
CACHE = Path(__file__).parent / ".cache"
FASTER, READS, BAR_GB = 5.0, 4.0, 3.0
RELATIVE = 1e-5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    peer_python = make_peer()
    with tempfile.TemporaryDirectory(prefix="lutrace-bench-") as name:
        folder = Path(name)
        subprocess.run([sys.executable, str(STEPS / "scan.py"), str(folder)], check=True)
        given = [str(folder / "pet"), str(folder / "organs.nii.gz")]
        commands = {
            "lutrace": [sys.executable, str(STEPS / "ours.py"), *given, str(folder / "lutrace.csv")],
            "filters": [peer_python, str(STEPS / "peer.py"), *given, str(folder / "filters.csv"), "--way", "filters"],
            "tuned": [peer_python, str(STEPS / "peer.py"), *given, str(folder / "tuned.csv"), "--way", "tuned"],
            "pixel_array": [peer_python, str(STEPS / "bare_read.py"), given[0]],
        }
        runs = [{which: run(command) for which, command in commands.items()} for _ in range(rounds + 1)][1:]
        for which in ("filters", "tuned"):
            check_same(folder / "lutrace.csv", folder / f"{which}.csv")
        later = [run([*commands["lutrace"], "--then", then])["later"] for then in ("plans", "labeller")]
    return tell(runs, later)


def make_peer() -> str:
    """The Python of the peer's environment; made on the first call, in a folder that git ignores."""
    folder = CACHE / "whole_body_peer"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    mark = folder / "installed.txt"
    if not mark.is_file() or mark.read_text(encoding="utf-8").split() != list(PEER):
        venv.create(folder, with_pip=True, clear=True)
        (CACHE / ".gitignore").write_text("*\n", encoding="utf-8")
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PEER], check=True)
        mark.write_text("\n".join(PEER), encoding="utf-8")
    return str(python)


def run(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    answer["seconds"] = sum(answer["steps"].values())
    return answer


def check_same(ours: Path, theirs: Path) -> None:
    """Raise unless each lesion of one table is in the other: same volume, SUV to 1e-5, place to 0.01 mm, site."""
    tables = []
    for path in (ours, theirs):
        with path.open(newline="", encoding="utf-8") as file:
            tables.append(sorted(csv.DictReader(file), key=lambda row: (float(row["z_mm"]), float(row["x_mm"]))))
    assert len(tables[0]) == len(tables[1]), f"{len(tables[0])} and {len(tables[1])} lesions"
    for one, other in zip(*tables, strict=True):
        assert math.isclose(float(one["volume_ml"]), float(other["volume_ml"]), rel_tol=1e-9), (one, other)
        for name in ("suv_mean", "suv_max", "suv_peak", "tlp_ml"):
            assert math.isclose(float(one[name]), float(other[name]), rel_tol=RELATIVE), (name, one, other)
        for name in ("x_mm", "y_mm", "z_mm"):
            assert math.isclose(float(one[name]), float(other[name]), abs_tol=0.01), (name, one, other)
        assert one["site"] == other["site"], (one, other)


def tell(runs: list[dict[str, dict[str, Any]]], later: list[dict[str, float]]) -> int:
    for which in runs[0]:
        steps = {name: statistics.median(one[which]["steps"][name] for one in runs) for name in runs[0][which]["steps"]}
        seconds = statistics.median(one[which]["seconds"] for one in runs)
        gb = max(one[which].get("peak_gb", 0.0) for one in runs)
        memory = f", {gb:.2f} GB" if gb else ""
        print(
            f"{which:12}{seconds:7.2f} s{memory}: " + ", ".join(f"{name} {value:.2f}" for name, value in steps.items())
        )
    print("apart:      " + ", ".join(f"{name} {value:.2f} s" for part in later for name, value in part.items()))
    versions = runs[0]["tuned"]["versions"]
    print(
        f"{runs[0]['lutrace']['lesions']} lesions alike in all; " + ", ".join(f"{k} {v}" for k, v in versions.items())
    )
    faster = tell_ratio("filters / lutrace", [one["filters"]["seconds"] / one["lutrace"]["seconds"] for one in runs])
    tell_ratio("tuned / lutrace", [one["tuned"]["seconds"] / one["lutrace"]["seconds"] for one in runs])
    reads = tell_ratio("lutrace / pixel_array", [o["lutrace"]["seconds"] / o["pixel_array"]["seconds"] for o in runs])
    gb = max(one["lutrace"]["peak_gb"] for one in runs)
    met = faster >= FASTER and reads <= READS and gb < BAR_GB
    print(f"bars: {FASTER:g} times the filters, {READS:g} reads, {BAR_GB:g} GB: {'met' if met else 'MISSED'}")
    return 0 if met else 1


def tell_ratio(name: str, ratios: list[float]) -> float:
    middle = statistics.median(ratios)
    print(f"{name} = {middle:.2f} (median of {len(ratios)} turns, {min(ratios):.2f} to {max(ratios):.2f})")
    return middle


if __name__ == "__main__":
    sys.exit(main())
