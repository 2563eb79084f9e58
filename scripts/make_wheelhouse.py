"""Collect in wheelhouse/ all that installing lutrace without internet needs, for this system or for Windows.

Use: python scripts/make_wheelhouse.py [--windows] [--dev]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOUSE = ROOT / "wheelhouse"
WINDOWS = [
    *("--platform", "win_amd64", "--python-version", "3.11", "--implementation", "cp"),
    *("--abi", "cp311", "--abi", "abi3", "--abi", "none"),
]
HOW = """\
Install without internet, from a copy of the project with this folder in it:

Linux, macOS   LUTRACE_OFFLINE=1 make setup
Windows        py -3.11 -m venv .venv
               set PIP_NO_INDEX=1
               set PIP_FIND_LINKS=wheelhouse
               .venv\\Scripts\\python -m pip install --require-hashes -r requirements.lock
               .venv\\Scripts\\python -m pip install --no-deps lutrace
               .venv\\Scripts\\lutrace demo --out demo

Windows itself was not run by the project's tests.
"""


def pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", *arguments], check=True, cwd=ROOT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", action="store_true", help="wheels for Windows, Python 3.11")
    parser.add_argument("--dev", action="store_true", help="also what the tests need")
    options = parser.parse_args()
    lock = "requirements-dev.lock" if options.dev else "requirements.lock"
    platform = WINDOWS if options.windows else []
    HOUSE.mkdir(exist_ok=True)
    pip("wheel", "--quiet", "--no-deps", "--wheel-dir", str(HOUSE), ".")
    pip("download", "--quiet", "--dest", str(HOUSE), "--only-binary", ":all:", "setuptools>=77", "wheel")
    pip(
        *("download", "--quiet", "--dest", str(HOUSE), "--no-deps", "--require-hashes", "--only-binary", ":all:"),
        *(*platform, "-r", lock),
    )
    (HOUSE / "HOW.txt").write_text(HOW, encoding="utf-8")
    size = sum(path.stat().st_size for path in HOUSE.iterdir()) / 1e6
    print(f"wheelhouse: {len(list(HOUSE.glob('*.whl')))} wheels, {size:.0f} MB; how to install stands in HOW.txt")


if __name__ == "__main__":
    main()
