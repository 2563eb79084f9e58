"""The tests of `make test` in their wide form: each derivation on each engine, and twenty times the random examples."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENGINES = (
    "tests/spec/test_ctcae_engines.py",
    "tests/endpoints/test_questionnaire_engines.py",
    "tests/endpoints/test_history_engines.py",
    "tests/endpoints/test_course_engines.py",
    "tests/study/test_engines.py",
    "tests/study/test_derived_engines.py",
)
"""One file per family; one call of pytest for all, so that they share one Spark session and one PostgreSQL."""
SPARK = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.constraintPropagation.enabled": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}
"""Tables of some hundred rows take seconds to plan and compile and none to run: Spark interprets its plans here. The
few derivations of `make test` are compiled, as Spark does by default; both plan each once (`spark_session`)."""
_OUTCOMES = ("PASSED", "FAILED", "ERROR", "SKIPPED")


def at_random() -> list[str]:
    """The test files whose random examples are queries."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    return [str(path.relative_to(ROOT)) for path in files if "@AT_RANDOM" in path.read_text(encoding="utf-8")]


def check_part(words: list[str], settings: Path) -> list[str]:
    """Faults of one call of pytest, each test told when it ends; one left out for want of a server is a fault too."""
    call = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--tb=short", "-vv", *words]
    wide = {**os.environ, "LUTRACE_WIDE": "1", "CI": "true", "PYTHONUNBUFFERED": "1", "SPARK_CONF_DIR": str(settings)}
    started, lines, faults = time.perf_counter(), [], []
    with subprocess.Popen(call, cwd=ROOT, env=wide, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        assert run.stdout is not None
        for line in run.stdout:
            lines.append(line)
            outcome = next((one for one in _OUTCOMES if f" {one} " in line), None)
            if outcome is not None:
                print(f"   {time.perf_counter() - started:5.0f} s  {outcome.lower()} {line.split(' ')[0]}", flush=True)
            if line.startswith(("FAILED", "ERROR")):
                faults.append(line.strip())
    if run.returncode == 0:
        return []
    print("".join(lines)[-4000:])
    return faults or [f"pytest {' '.join(words)}: exit status {run.returncode}"]


def main() -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        told = "".join(f"{name} {value}\n" for name, value in SPARK.items())
        (Path(folder) / "spark-defaults.conf").write_text(told, encoding="utf-8")
        on_engines = check_part([*ENGINES, "-k", "spark or postgresql"], Path(folder))
        return [*on_engines, *check_part(at_random(), Path(folder))]


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
