"""lutrace.stats against R, topic by topic, run live where Rscript is installed.

A topic is a folder with `reference.R` (the analyses in R), `reference.csv` (its stored numbers) and `cases.py` (the
same by lutrace: `compute_all()` and `tolerance_of(case)`). Three comparisons: lutrace with the stored numbers, R now
with the stored numbers, lutrace with R now. Without Rscript, or without a package that a topic's script asks for
(it then ends with status 3), the first alone is made and the rest is said to be not run.
"""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from validation.stats.comparison import Numbers, compare, read_reference  # noqa: E402

PACKAGE_MISSING = 3


def check(name: str, found: Numbers, expected: Numbers, *, tolerance_of: Callable[[str], float]) -> list[str]:
    """Print the largest difference of one comparison, in parts of what is tolerated too; the faults above tolerance."""
    differences = list(compare(found, expected))
    largest = max((difference for _, _, difference in differences), default=0.0)
    used = max((difference / tolerance_of(case) for case, _, difference in differences), default=0.0)
    print(f"   {name}: {len(differences)} quantities, largest difference {largest:.1e}, {used:.1e} of the tolerance")
    return [
        f"{name}: {case}, {quantity} differs by {difference:.1e}"
        for case, quantity, difference in differences
        if difference > tolerance_of(case)
    ]


def check_topic(folder: Path, program: str | None) -> list[str]:
    """The faults of one topic."""
    cases = importlib.import_module(f"validation.stats.{folder.name}.cases")
    stored = {key: values for key, values in read_reference(folder / "reference.csv").items() if key[0] != "version"}
    own: Numbers = cases.compute_all()
    name, tolerance_of = folder.name, cases.tolerance_of
    faults = check(f"{name}: lutrace, stored R", own, stored, tolerance_of=tolerance_of)
    if program is None:
        return faults
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "reference.csv"
        ended = subprocess.run([program, str(folder / "reference.R"), str(HERE), str(out)], check=False)
        if ended.returncode == PACKAGE_MISSING:
            print(f"   not run: {name} with R now (a package is not installed)")
            return faults
        ended.check_returncode()
        live = read_reference(out)
    faults += check(f"{name}: stored R, R now", stored, live, tolerance_of=tolerance_of)
    return faults + check(f"{name}: lutrace, R now", own, live, tolerance_of=tolerance_of)


def main() -> list[str]:
    """Compare every topic with its stored numbers and, where R is installed, with R live."""
    program = shutil.which("Rscript")
    if program is None:
        print("   not run: live R (Rscript is not installed)")
    topics = sorted(path.parent for path in HERE.glob("*/cases.py"))
    return [fault for folder in topics for fault in check_topic(folder, program)]


if __name__ == "__main__":
    sys.exit("\n".join(main()))
