"""Environments of the peers that benchmarks are measured against."""

from __future__ import annotations

import os
import subprocess
import venv
from collections.abc import Sequence
from pathlib import Path

CACHE = Path(__file__).parents[1] / ".cache"


def make_peer(name: str, wanted: Sequence[str]) -> str:
    """The Python of a peer's environment; made on the first call, in a folder that git ignores."""
    folder = CACHE / name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    mark = folder / "installed.txt"
    if not mark.is_file() or mark.read_text(encoding="utf-8").split() != list(wanted):
        venv.create(folder, with_pip=True, clear=True)
        (CACHE / ".gitignore").write_text("*\n", encoding="utf-8")
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *wanted], check=True)
        mark.write_text("\n".join(wanted), encoding="utf-8")
    return str(python)
