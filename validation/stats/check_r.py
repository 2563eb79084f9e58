"""lutrace.stats against R survival, run live where Rscript is installed.

Compares three things: R now with the stored reference.csv, lutrace with R on the synthetic inputs, and lutrace with R
on R's own data sets lung, veteran, pbc and heart, which stay in a temporary folder. Without Rscript it compares with
the stored numbers and says so.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import r_cases  # noqa: E402


def check(name: str, found: r_cases.Numbers, expected: r_cases.Numbers) -> list[str]:
    """Print the largest differences of one comparison; the faults above tolerance."""
    differences = sorted(r_cases.compare(found, expected), key=lambda one: -one[2])
    plain = max((one[2] for one in differences if not one[0].startswith("firth")), default=0.0)
    penalised = max((one[2] for one in differences if one[0].startswith("firth")), default=0.0)
    print(f"   {name}: {len(differences)} quantities, largest difference {plain:.1e} (Firth {penalised:.1e})")
    return [
        f"{name}: {case}, {quantity} differs by {difference:.1e}"
        for case, quantity, difference in differences
        if difference > r_cases.tolerance_of(case)
    ]


def main() -> list[str]:
    """Compare with the stored numbers and, where R is installed, with R live."""
    stored = r_cases.read_reference(HERE / "reference.csv")
    own = r_cases.compute_own(HERE / "inputs")
    faults = check("lutrace, stored R", own, stored)
    program = shutil.which("Rscript")
    if program is None:
        print("   not run: live R (Rscript is not installed)")
        return faults
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "reference.csv"
        subprocess.run([program, str(HERE / "reference.R"), str(HERE / "inputs"), str(out), "own"], check=True)
        live = r_cases.read_reference(out)
        shared = {key: values for key, values in stored.items() if key[0] != "version"}
        faults += check("stored R, R now", shared, live)
        faults += check("lutrace, R now", own, live)
        faults += check("lutrace, R's own data", r_cases.compute_r_data(Path(folder)), live)
    return faults


if __name__ == "__main__":
    sys.exit("\n".join(main()))
