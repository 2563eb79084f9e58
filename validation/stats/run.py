"""Run R again and compare lutrace with it: `python validation/stats/run.py` (needs Rscript and the package survival).

Compares three things: R now with the stored reference.csv, lutrace with R on the synthetic inputs, and lutrace with R
on R's own data sets lung, veteran, pbc and heart, which stay in a temporary folder. Exits 1 on any difference above
tolerance; says so and exits 0 where R is not installed, after comparing with the stored numbers.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import cases  # noqa: E402


def check(name: str, found: cases.Numbers, expected: cases.Numbers) -> bool:
    """Print the largest differences of one comparison; whether all are within tolerance."""
    differences = sorted(cases.compare(found, expected), key=lambda one: -one[2])
    failed = [one for one in differences if one[2] > cases.tolerance_of(one[0])]
    plain = max((one[2] for one in differences if not one[0].startswith("firth")), default=0.0)
    penalised = max((one[2] for one in differences if one[0].startswith("firth")), default=0.0)
    print(f"{name}: {len(differences)} quantities, largest difference {plain:.1e} (Firth {penalised:.1e})")
    for case, quantity, difference in failed:
        print(f"  differs: {case}, {quantity}: {difference:.2e}")
    return not failed


def main() -> int:
    """Compare with the stored numbers and, where R is installed, with R live."""
    stored = cases.read_reference(HERE / "reference.csv")
    own = cases.compute_own(HERE / "inputs")
    passed = check("lutrace, stored R", own, stored)
    program = shutil.which("Rscript")
    if program is None:
        print("not run: live R (Rscript is not installed)")
        return 0 if passed else 1
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "reference.csv"
        subprocess.run([program, str(HERE / "reference.R"), str(HERE / "inputs"), str(out), "own"], check=True)
        live = cases.read_reference(out)
        shared = {key: values for key, values in stored.items() if key[0] != "version"}
        passed &= check("stored R, R now", shared, live)
        passed &= check("lutrace, R now", own, live)
        passed &= check("lutrace, R's own data", cases.compute_r_data(Path(folder)), live)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
