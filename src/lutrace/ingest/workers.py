"""Workers behind one interface: a pool of spawned processes, Dask's executor for a scheduler, or this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager
from typing import Any, TypeVar

from lutrace.core import UnsupportedError, UnusableInputError, spawn_workers

Task = TypeVar("Task")
Answer = TypeVar("Answer")

MOST_JOBS = 4
_AHEAD = 2
_CONNECT_S = 30


def count_jobs(jobs: int | None) -> int:
    """The number of worker processes: as asked, else one per core and at most four."""
    return jobs if jobs is not None else max(1, min(MOST_JOBS, os.cpu_count() or 1))


@contextmanager
def executor_of(jobs: int, *, scheduler: str | None = None) -> Iterator[Executor | None]:
    """An executor: Dask's when a scheduler is given, spawned processes for several jobs, None for one.

    Raises UnsupportedError when a scheduler is given and Dask is not installed, UnusableInputError when none answers.
    """
    if scheduler is not None:
        try:
            from distributed import Client
        except ImportError:
            raise UnsupportedError("a scheduler needs the extra `lutrace[dask]`; install it, or use --jobs") from None
        connect: Any = Client
        try:
            client = connect(scheduler, timeout=_CONNECT_S)
        except (OSError, ValueError) as error:
            raise UnusableInputError(
                f"scheduler {scheduler}: nothing answers ({type(error).__name__}); start it, or use --jobs"
            ) from error
        with client:
            yield client.get_executor(pure=False)
    elif jobs > 1:
        with spawn_workers(jobs) as pool:
            yield pool
    else:
        yield None


def map_as_done(
    executor: Executor | None, work: Callable[[Task], Answer], tasks: Iterable[Task], *, jobs: int
) -> Iterator[tuple[Task, Answer]]:
    """Every task with its answer, as soon as it is there; few tasks are handed out ahead, so memory stays bounded."""
    if executor is None:
        for task in tasks:
            yield task, work(task)
        return
    waiting: dict[Future[Answer], Task] = {}
    for task in tasks:
        waiting[executor.submit(work, task)] = task
        if len(waiting) >= jobs + _AHEAD:
            yield from _finished(waiting)
    while waiting:
        yield from _finished(waiting)


def _finished(waiting: dict[Future[Answer], Task]) -> Iterator[tuple[Task, Answer]]:
    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
    for future in done:
        yield waiting.pop(future), future.result()
