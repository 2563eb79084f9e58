"""One whole-body PET (400 x 400 x 650, 60 lesions) from DICOM to ledger, organ masks given, plan suv3, no registration.

Side by side with SimpleITK and scipy in an environment of their own, twice (the library's filters on the whole image,
and tuned by hand, see `whole_body_steps/peer.py`), and with a bare `pixel_array` read of the files. Each run is a
process of its own, in turns; its clock starts after the imports. Lesions must be the same: volumes identical, SUVs to
1e-5. The CT is read by nobody: with organ masks given, nothing needs it.

MIRP, in a third environment, runs once and does less: it is given the masks of some of the lesions (`--mirp-lesions`,
stated in the output), reads the series and measures them; it draws no organ and finds no lesion. Its seconds stand for
that subset only and are not extrapolated to all.

The bars: at least 5 times as fast as the filters, and as MIRP on its part of the work; at most 4 times the bare read;
below 3 GB. Each is told apart.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from shared.environment import make_peer

STEPS = Path(__file__).parent / "whole_body_steps"
PEERS = {
    "whole_body_peer": ("SimpleITK==2.5.7", "scipy==1.17.1", "numpy==2.4.6", "pydicom==3.0.2"),
    "whole_body_mirp": ("mirp==2.7.0", "scipy==1.17.1", "numpy==2.4.6", "pydicom==3.0.2"),
}
FASTER, READS, BAR_GB = 5.0, 4.0, 3.0
RELATIVE = 1e-5
SHARED = ("volume_ml", "suv_mean", "suv_max", "suv_peak")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--mirp-lesions", type=int, default=10, help="how many of the lesions MIRP measures; 0 for none"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lutrace-bench-") as name:
        folder = Path(name)
        subprocess.run([sys.executable, str(STEPS / "scan.py"), str(folder)], check=True)
        commands = commands_of(folder)
        runs = [{which: run(command) for which, command in commands.items()} for _ in range(given.rounds + 1)][1:]
        for which in ("filters", "tuned"):
            check_same(folder / "lutrace.csv", folder / f"{which}.csv")
        later = [run([*commands["lutrace"], "--then", then])["later"] for then in ("plans", "labeller")]
        mirp = run_mirp(folder, commands["tuned"], given.mirp_lesions) if given.mirp_lesions else None
    return tell(runs, later, mirp)


def commands_of(folder: Path) -> dict[str, list[str]]:
    """How each side is started on the scan in a folder, by its name."""
    peer_python = make_peer("whole_body_peer", PEERS["whole_body_peer"])
    scan = [str(folder / "pet"), str(folder / "organs.nii.gz")]
    peer = [peer_python, str(STEPS / "peer.py"), *scan]
    return {
        "lutrace": [sys.executable, str(STEPS / "ours.py"), *scan, str(folder / "lutrace.csv")],
        "filters": [*peer, str(folder / "filters.csv"), "--way", "filters"],
        "tuned": [*peer, str(folder / "tuned.csv"), "--way", "tuned"],
        "pixel_array": [peer_python, str(STEPS / "bare_read.py"), scan[0]],
    }


def run_mirp(folder: Path, tuned: list[str], n_lesions: int) -> dict[str, Any]:
    """MIRP's answer on the first lesions that the tuned peer finds; they must measure the same."""
    masks = folder / "lesions.nii.gz"
    run([*tuned, "--masks", str(masks), "--most", str(n_lesions)])
    script, out = STEPS / "mirp_peer.py", folder / "mirp.csv"
    answer = run(
        [make_peer("whole_body_mirp", PEERS["whole_body_mirp"]), str(script), str(folder / "pet"), str(masks), str(out)]
    )
    check_same_measures(folder / "tuned.csv", out)
    return answer


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


def check_same_measures(theirs: Path, mirps: Path) -> None:
    """Raise unless MIRP's rows are among the tuned peer's: volume, mean, maximum and peak to 1e-4."""
    tables = []
    for path in (theirs, mirps):
        with path.open(newline="", encoding="utf-8") as file:
            tables.append(list(csv.DictReader(file)))
    assert tables[1], "MIRP: no lesion"
    for row in tables[1]:
        same = [all(math.isclose(float(row[n]), float(o[n]), rel_tol=1e-4) for n in SHARED) for o in tables[0]]
        assert any(same), row


def tell(runs: list[dict[str, dict[str, Any]]], later: list[dict[str, float]], mirp: dict[str, Any] | None) -> int:
    for which in runs[0]:
        steps = {name: statistics.median(one[which]["steps"][name] for one in runs) for name in runs[0][which]["steps"]}
        seconds = statistics.median(one[which]["seconds"] for one in runs)
        tell_steps(which, seconds, max(one[which].get("peak_gb", 0.0) for one in runs), steps)
    if mirp is not None:
        tell_steps("mirp", mirp["seconds"], mirp["peak_gb"], mirp["steps"])
        print(f"mirp: once, {mirp['lesions']} of {runs[0]['lutrace']['lesions']} lesions, whose masks it was given")
    print("apart:      " + ", ".join(f"{name} {value:.2f} s" for part in later for name, value in part.items()))
    versions = runs[0]["tuned"]["versions"] | ({} if mirp is None else mirp["versions"])
    print(
        f"{runs[0]['lutrace']['lesions']} lesions alike in all; " + ", ".join(f"{k} {v}" for k, v in versions.items())
    )
    return tell_bars(runs, mirp)


def tell_bars(runs: list[dict[str, dict[str, Any]]], mirp: dict[str, Any] | None) -> int:
    """Each bar with the peer that it is against; 1 when one is missed."""
    ours = [one["lutrace"]["seconds"] for one in runs]
    filters = tell_ratio("filters / lutrace", [one["filters"]["seconds"] / one["lutrace"]["seconds"] for one in runs])
    tell_ratio("tuned / lutrace", [one["tuned"]["seconds"] / one["lutrace"]["seconds"] for one in runs])
    reads = tell_ratio("lutrace / pixel_array", [o["lutrace"]["seconds"] / o["pixel_array"]["seconds"] for o in runs])
    gb = max(one["lutrace"]["peak_gb"] for one in runs)
    bars = [
        (f"{FASTER:g} times as fast as SimpleITK's filters", filters >= FASTER),
        (f"at most {READS:g} pixel_array reads", reads <= READS),
        (f"below {BAR_GB:g} GB", gb < BAR_GB),
    ]
    if mirp is not None:
        part = mirp["seconds"] / statistics.median(ours)
        print(f"mirp on {mirp['lesions']} lesions / lutrace on all, found and measured = {part:.2f} (one turn of mirp)")
        bars.append((f"{FASTER:g} times as fast as MIRP on {mirp['lesions']} lesions", part >= FASTER))
    for text, met in bars:
        print(f"bar: {text}: {'met' if met else 'MISSED'}")
    return 0 if all(met for _, met in bars) else 1


def tell_steps(which: str, seconds: float, gb: float, steps: dict[str, float]) -> None:
    memory = f", {gb:.2f} GB" if gb else ""
    print(f"{which:12}{seconds:7.2f} s{memory}: " + ", ".join(f"{name} {value:.2f}" for name, value in steps.items()))


def tell_ratio(name: str, ratios: list[float]) -> float:
    middle = statistics.median(ratios)
    print(f"{name} = {middle:.2f} (median of {len(ratios)} turns, {min(ratios):.2f} to {max(ratios):.2f})")
    return middle


if __name__ == "__main__":
    sys.exit(main())
