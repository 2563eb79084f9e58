"""fhir.resources on an export: `peer.py FOLDER LIMIT` parses and validates the first LIMIT lines of R4B; JSON out."""

from __future__ import annotations

import json
import resource
import sys
import time
from itertools import islice
from pathlib import Path

from fhir.resources.R4B.observation import Observation
from fhir.resources.R4B.patient import Patient

KINDS = {"Patient": Patient, "Observation": Observation}


def main() -> None:
    limit = int(sys.argv[2])
    paths = sorted(Path(sys.argv[1]).glob("*.ndjson"), reverse=True)  # patients first, as few as they are
    for kind in KINDS.values():
        kind.model_rebuild()
    wall, cpu = time.perf_counter(), time.process_time()
    done = 0
    lines = ((KINDS[path.name.split(".")[0]], line) for path in paths for line in path.open("rb"))
    for kind, line in islice(lines, limit):
        kind.model_validate_json(line)
        done += 1
    answer = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "resources": done}
    print(json.dumps({**answer, "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}))


if __name__ == "__main__":
    main()
