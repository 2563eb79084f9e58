"""A bare `pixel_array` read of the files, nothing else; prints its seconds as JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pydicom

started = time.perf_counter()
slices = [pydicom.dcmread(path).pixel_array for path in Path(sys.argv[1]).iterdir()]
print(json.dumps({"steps": {"pixel_array": time.perf_counter() - started}, "slices": len(slices)}))
