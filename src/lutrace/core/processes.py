"""Worker processes: spawned, as on every system, and with one thread each, so that they do not fight over cores."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

_THREADS = (
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
)
"""What numerical libraries read at their start; a value that the user has set stays."""


@contextmanager
def spawn_workers(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of up to `jobs` spawned processes, each started when there is work for it, with one thread each."""
    added = [name for name in _THREADS if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    try:
        with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
            yield pool
    finally:
        for name in added:
            os.environ.pop(name, None)
