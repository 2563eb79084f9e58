"""One of lutrace's derivations on the tables of a folder, timed from after the imports; prints one line of JSON.

`grade` and `psa` are what `lutrace grade` and `lutrace psa` run, from Parquet to Parquet; `lines` derives LINE_AGENTS
and LINES from the tables of a snapshot; `scan_labs`, `scan_psa` and `scan_lines` read every column of the same tables
once and aggregate them by patient, and keep the answer likewise. All on one DuckDB with a limit of memory and a folder
for what does not fit.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ibis
import pyarrow.parquet as pq

from lutrace.endpoints import derive_line_agents, derive_lines
from lutrace.study import run_grades, run_psa, write_grades, write_table
from lutrace.tables import CYCLES, LABS

INPUTS = {"grade": ("labs",), "psa": ("psa",), "lines": ("treatments", "cycles")}
INPUTS |= {"scan_labs": INPUTS["grade"], "scan_psa": INPUTS["psa"], "scan_lines": INPUTS["lines"]}


class ParquetFacts:
    """The fact tables of a folder."""

    digest = "0" * 64

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def table(self, declared: Any) -> Any:
        return ibis.read_parquet(self._folder / f"{declared.name}.parquet")


def grade(folder: Path, out: Path) -> None:
    write_grades(run_grades(folder / "labs.parquet"), out)


def psa(folder: Path, out: Path) -> None:
    write_table(out, run_psa(folder / "psa.parquet", str(folder / "index.parquet")).patients)


def lines(folder: Path, out: Path) -> None:
    agents = out.with_name("line_agents.parquet")
    stream(derive_line_agents(ParquetFacts(folder)), agents)
    mcrpc = ibis.read_parquet(folder / "mcrpc.parquet")
    stream(derive_lines(ibis.read_parquet(agents), mcrpc), out)


def stream(rows: Any, path: Path) -> None:
    """Write the rows as they come; DuckDB holds a day that it has computed as a time, until told otherwise."""
    dates = [name for name, kind in rows.schema().items() if kind.is_date()]
    rows.mutate(**{name: rows[name].cast("timestamp").cast("date") for name in dates}).to_parquet(path)


def scan_labs(folder: Path, out: Path) -> None:
    rows = ibis.read_parquet(folder / f"{LABS.name}.parquet")
    kept = {name: rows[name].max() for name in rows.columns if name != "patient_id"}
    rows.group_by("patient_id").aggregate(n=rows.count(), first=rows.date.min(), **kept).to_parquet(out)


def scan_psa(folder: Path, out: Path) -> None:
    rows = ibis.read_parquet(folder / "psa.parquet")
    by = rows.group_by("patient_id")
    by.aggregate(n=rows.count(), first=rows.date.min(), last=rows.date.max(), most=rows.psa_ng_ml.max()).to_parquet(out)


def scan_lines(folder: Path, out: Path) -> None:
    names = ("patient_id", "agent", "begin_date", "end_date", "row_id")
    cycles = ibis.read_parquet(folder / f"{CYCLES.name}.parquet").rename(begin_date="administered_date")
    treatments = ibis.read_parquet(folder / "treatments.parquet").select(*names)
    rows = treatments.union(cycles.mutate(end_date=cycles.begin_date).select(*names))
    kept = {name: rows[name].max() for name in names[1:]}
    rows.group_by("patient_id").aggregate(n=rows.count(), **kept).to_parquet(out)


STEPS: dict[str, Callable[[Path, Path], None]] = {
    step.__name__: step for step in (grade, psa, lines, scan_labs, scan_psa, scan_lines)
}


def used_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=sorted(STEPS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--memory-gb", type=float, default=8.0)
    given = parser.parse_args()
    limits = {"memory_limit": f"{given.memory_gb:g}GB", "temp_directory": str(given.out.parent / "spill"), "threads": 2}
    ibis.set_backend(ibis.duckdb.connect(**limits))
    begun, cpu = time.perf_counter(), used_cpu_s()
    STEPS[given.step](given.folder, given.out)
    answer = {"wall_s": time.perf_counter() - begun, "cpu_s": used_cpu_s() - cpu}
    unit = 1e9 if sys.platform == "darwin" else 1e6 / 1.024
    answer["peak_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    names = INPUTS[given.step]
    answer["rows"] = sum(pq.read_metadata(given.folder / f"{name}.parquet").num_rows for name in names)
    answer["out_rows"] = pq.read_metadata(given.out).num_rows
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
