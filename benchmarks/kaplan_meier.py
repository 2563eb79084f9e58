"""Kaplan-Meier curves with errors and log-log intervals of a million patients, beside R and the Python libraries.

What is compared is survival at five times, and the standard error of its logarithm where a library gives it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from shared.survival_peers import Fit, describe, find_commands, make_patients, run


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--limit", type=int, default=120, help="processor seconds for each process")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    commands, met = find_commands(("full",)), True
    with tempfile.TemporaryDirectory(prefix="lutrace-bench-") as name:
        folder = make_patients(Path(name), given.size, 1)
        for times in ("daily", "time"):
            fit = Fit("km", folder, times, 1, given.rounds)
            mine = run(commands["lutrace"], fit, given.limit)
            assert mine is not None, "lutrace took more than the limit"
            for which, command in commands.items():
                answer = mine if which == "lutrace" else run(command, fit, given.limit)
                told = describe(which, answer, mine, given.limit)
                print(f"{given.size:>8} {'daily ties' if times == 'daily' else 'untied':10} {told}", flush=True)
                met &= answer is None or answer["cpu"] >= mine["cpu"]
    print(f"bar: nobody takes fewer processor seconds: {'met' if met else 'MISSED'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
