"""The tests of `make test` in their wide form: every derivation on Spark, and twenty times the random examples."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENGINES = (
    "tests/endpoints/test_course_engines.py",
    "tests/endpoints/test_history_engines.py",
    "tests/endpoints/test_questionnaire_engines.py",
    "tests/spec/test_ctcae_engines.py",
    "tests/study/test_engines.py",
)


def at_random() -> list[str]:
    """The test files whose random examples are queries."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    return [str(path.relative_to(ROOT)) for path in files if "@AT_RANDOM" in path.read_text(encoding="utf-8")]


def check_part(words: list[str]) -> list[str]:
    """Faults of one call of pytest; a test that was left out for want of a server is one too."""
    call = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--tb=short", *words]
    wide = {**os.environ, "LUTRACE_WIDE": "1", "CI": "true"}
    done = subprocess.run(call, cwd=ROOT, env=wide, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return []
    print(done.stdout[-4000:])
    return [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))] or [done.stderr[-400:]]


def main() -> list[str]:
    return [*check_part([*ENGINES, "-k", "spark"]), *check_part(at_random())]


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
