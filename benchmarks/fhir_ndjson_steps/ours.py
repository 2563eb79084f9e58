"""lutrace on an export: `ours.py registry|reader FOLDER` fills a new registry, or only makes the rows; JSON out."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from lutrace.ehr import read_fhir
from lutrace.ingest import run_add_fhir, run_init


def main() -> None:
    folder = Path(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="lutrace-bench-") as place:
        registry = Path(place) / "registry"
        run_init(registry)
        wall, cpu = time.perf_counter(), time.process_time()
        if sys.argv[1] == "registry":
            rows = run_add_fhir(registry, [folder]).added
        else:
            rows = sum(len(some) for batch in read_fhir(folder) for some in batch.rows.values())
        answer = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "resources": rows}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({**answer, "peak_gb": peak}))


if __name__ == "__main__":
    main()
