"""Every dependency of requirements.lock has a wheel for Windows and Python 3.11, under the hashes of the lock.

Windows itself is not run: this proves that an installation can be put together, not that it works.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

LOCK = Path(__file__).parents[2] / "requirements.lock"


def main() -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--dest", folder, "--no-deps"),
                *("--require-hashes", "--only-binary", ":all:", "--platform", "win_amd64", "--python-version", "3.11"),
                *("--implementation", "cp", "--abi", "cp311", "--abi", "abi3", "--abi", "none", "-r", str(LOCK)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        wheels = sorted(path.name for path in Path(folder).glob("*.whl"))
    print(f"   {len(wheels)} wheels for Windows, Python 3.11")
    return [] if done.returncode == 0 else [line for line in done.stderr.splitlines() if "ERROR" in line]


if __name__ == "__main__":
    print(main())
