"""`make bench`: each benchmark against its named peer, side by side in turns, as a ratio; never a timed test."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="run only these (file names without ending)")
    names = parser.parse_args().names
    failed = 0
    for path in sorted(HERE.glob("*.py")):
        if path.name == "run.py" or (names and path.stem not in names):
            continue
        print(f"== {path.stem}", flush=True)
        failed += subprocess.run([sys.executable, str(path)], check=False).returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
