"""lutrace.stats against R, topic by topic, run live where Rscript is installed.

A topic is a folder with `reference.R` (the analyses in R), `reference.csv` (its stored numbers) and `cases.py` (the
same by lutrace: `compute_all()` and `tolerance_of(case)`). Three comparisons: lutrace with the stored numbers, R now
with the stored numbers, lutrace with R now. Without Rscript, or without a package that a topic's script asks for
(it then ends with status 3), the first alone is made and the rest is said to be not run.
"""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from validation.stats.comparison import Numbers, compare, read_reference  # noqa: E402
from validation.stats.cox.trials import compute_trials, tolerance_of  # noqa: E402

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


def check_script(
    name: str, script: Path, own: Numbers, program: str | None, *, tolerance_of: Callable[[str], float]
) -> list[str]:
    """The faults of lutrace's numbers against those stored beside a script, and against the script run now."""
    reference = read_reference(script.with_suffix(".csv"))
    stored = {key: values for key, values in reference.items() if key[0] != "version"}
    faults = check(f"{name}: lutrace, stored R", own, stored, tolerance_of=tolerance_of)
    if program is None:
        return faults
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "reference.csv"
        ended = subprocess.run([program, str(script), str(HERE), str(out)], check=False)
        if ended.returncode == PACKAGE_MISSING:
            print(f"   not run: {name} with R now (a package is not installed)")
            return faults
        ended.check_returncode()
        live = read_reference(out)
    faults += check(f"{name}: stored R, R now", stored, live, tolerance_of=tolerance_of)
    return faults + check(f"{name}: lutrace, R now", own, live, tolerance_of=tolerance_of)


def check_topic(folder: Path, program: str | None) -> list[str]:
    """The faults of one topic."""
    cases = importlib.import_module(f"validation.stats.{folder.name}.cases")
    script = folder / "reference.R"
    return check_script(folder.name, script, cases.compute_all(), program, tolerance_of=cases.tolerance_of)


def check_trials(program: str | None) -> list[str]:
    """The faults of the real trials, where LUTRACE_REAL_DATA names the folder that holds them."""
    data = os.environ.get("LUTRACE_REAL_DATA")
    if data is None:
        print("   not run: real trials (LUTRACE_REAL_DATA is not set)")
        return []
    script = HERE / "cox" / "trials.R"
    return check_script("real trials", script, compute_trials(Path(data)), program, tolerance_of=tolerance_of)


def main() -> list[str]:
    """Compare every topic with its stored numbers and, where R is installed, with R live."""
    program = shutil.which("Rscript")
    if program is None:
        print("   not run: live R (Rscript is not installed)")
    topics = sorted(path.parent for path in HERE.glob("*/cases.py"))
    faults = [fault for folder in topics for fault in check_topic(folder, program)]
    return faults + check_trials(program)


if __name__ == "__main__":
    sys.exit("\n".join(main()))
