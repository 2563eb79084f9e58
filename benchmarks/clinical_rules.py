"""CTCAE grades, PSA endpoints and lines of therapy of synthetic patients with 100 laboratory rows each.

Each step is a process of its own on two threads, with DuckDB held to `--memory-gb`, its clock started after the
imports: lutrace beside a plain scan (every column of the same tables read once and aggregated by patient), for each
size, and beside pandas doing the same derivation on the smallest size (`clinical_rules_steps/peer.py`), in turns. The
rows that lutrace and pandas give must be the same.

`grade` and `psa` are what the commands run, from Parquet to Parquet; `lines` is LINE_AGENTS and LINES from a snapshot's
tables. Processor seconds are told beside the clock: they stay when other programs share the machine.

With `--folder` the tables and the answers of the steps are kept there, and what is there already is not done again;
else all is in a temporary folder. The bars: same rows as pandas, below 16 GB, and processor time per row that does not
grow by more than a quarter from one size to the next. No bar is set for the ratios.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / "clinical_rules_steps"
SIZES = (10_000, 100_000, 1_000_000)
SCANS = {"grade": "scan_labs", "psa": "scan_psa", "lines": "scan_lines"}
BAR_GB, BAR_GROWTH = 16.0, 1.25
Answers = dict[tuple[int, str], list[dict[str, Any]]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, nargs="+", default=SIZES)
    parser.add_argument("--rounds", type=int, default=3, help="turns of lutrace and pandas on the smallest size")
    parser.add_argument("--memory-gb", type=float, default=8.0, help="what DuckDB may hold")
    parser.add_argument("--folder", type=Path, help="keep tables and answers here, and go on from what is there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lutrace-bench-") as name:
        folder = given.folder or Path(name)
        return tell(*measure(folder, sorted(given.patients), given.rounds, given.memory_gb))


def measure(
    folder: Path, sizes: list[int], rounds: int, memory_gb: float
) -> tuple[Answers, dict[str, tuple[int, int]]]:
    """What each step took, by size and name, and of each how many rows were compared with pandas and differ."""
    answers: Answers = {}
    differ: dict[str, tuple[int, int]] = {}
    for patients in sizes:
        place = make(folder, patients)
        smallest = patients == sizes[0]
        for step, scan in SCANS.items():
            for turn in range(rounds if smallest else 1):
                for which in (scan, step):
                    command = [str(HERE / "ours.py"), which, "--memory-gb", str(memory_gb)]
                    answers.setdefault((patients, which), []).append(run(command, place, which, turn))
                if smallest:
                    command = [str(HERE / "peer.py"), step]
                    answers.setdefault((patients, f"pandas {step}"), []).append(
                        run(command, place, f"pandas_{step}", turn)
                    )
            if smallest:
                differ[step] = compare(step, place)
            tell_step(patients, step, answers)
    return answers, differ


def make(folder: Path, patients: int) -> Path:
    place = folder / str(patients)
    if not (place / "made").is_file():
        place.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, str(HERE / "patients.py"), str(place), str(patients)], check=True)
        (place / "made").touch()
    return place


def run(command: list[str], place: Path, name: str, turn: int) -> dict[str, Any]:
    """The answer of a step, or the one that is kept."""
    kept = place / f"{name}.{turn}.json"
    if not kept.is_file():
        line = [sys.executable, *command, str(place), str(place / f"{name}.out.parquet")]
        done = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True)
        kept.write_text(done.stdout.splitlines()[-1], encoding="utf-8")
    answer: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
    return answer


def compare(step: str, place: Path) -> tuple[int, int]:
    files = [str(place / f"{name}.out.parquet") for name in (step, f"pandas_{step}")]
    done = subprocess.run(
        [sys.executable, str(HERE / "agreement.py"), step, *files], check=True, stdout=subprocess.PIPE, text=True
    )
    compared, differ = json.loads(done.stdout)
    return compared, differ


def middle(answers: list[dict[str, Any]], what: str) -> float:
    return float(statistics.median(one[what] for one in answers))


def tell_step(patients: int, step: str, answers: Answers) -> None:
    mine, scan = answers[patients, step], answers[patients, SCANS[step]]
    rows, wall, cpu = mine[0]["rows"], middle(mine, "wall_s"), middle(mine, "cpu_s")
    print(
        f"{patients:>9} patients  {step:6}{rows:>12} rows: {wall:8.1f} s by the clock, {cpu:7.1f} CPU s, "
        f"{rows / wall:9.0f} rows/s, {rows / cpu:9.0f} rows/CPU s, "
        f"{max(one['peak_gb'] for one in mine):5.2f} GB; {cpu / middle(scan, 'cpu_s'):5.1f} plain scans",
        flush=True,
    )
    peer = answers.get((patients, f"pandas {step}"))
    if peer is not None:
        per_row = middle(peer, "cpu_s")
        print(
            f"{'':19}pandas {step}: {middle(peer, 'wall_s'):.1f} s, {per_row:.1f} CPU s, "
            f"{max(one['peak_gb'] for one in peer):.2f} GB; pandas / lutrace = {per_row / cpu:.2f} in CPU s",
            flush=True,
        )


def tell(answers: Answers, differ: dict[str, tuple[int, int]]) -> int:
    """Each bar; 1 when one is missed."""
    sizes = sorted({patients for patients, _ in answers})
    bars = [(f"{step}: {n} rows as pandas gives them", wrong == 0) for step, (n, wrong) in differ.items()]
    peak = max(one["peak_gb"] for which, found in answers.items() if which[1] in SCANS for one in found)
    bars.append((f"below {BAR_GB:g} GB (at most {peak:.2f})", peak < BAR_GB))
    for step in SCANS:
        cost = [middle(answers[size, step], "cpu_s") / answers[size, step][0]["rows"] for size in sizes]
        peer = answers[sizes[0], f"pandas {step}"]
        rows = answers[sizes[0], step][0]["rows"]
        print(f"{step}: pandas per row on {sizes[0]} / lutrace per row on {sizes[-1]} patients = "
              f"{middle(peer, 'cpu_s') / rows / cost[-1]:.2f} in CPU s")  # fmt: skip
        for small, large, before, after in zip(sizes, sizes[1:], cost, cost[1:], strict=False):
            bars.append((f"{step}: CPU per row at {large} is {after / before:.2f} of that at {small}",
                         after <= before * BAR_GROWTH))  # fmt: skip
    for text, met in bars:
        print(f"bar: {text}: {'met' if met else 'MISSED'}")
    return 0 if all(met for _, met in bars) else 1


if __name__ == "__main__":
    sys.exit(main())
