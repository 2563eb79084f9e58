"""Progress bars with the time left: on standard error, and only to a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from lutrace.core import Progress, silent


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """A progress callable that draws one bar per stage; silent when standard error is no terminal."""
    if not sys.stderr.isatty():
        yield silent
        return
    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    tasks: dict[str, int] = {}

    def draw(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = int(bars.add_task(stage, total=total))
        bars.update(bars.task_ids[tasks[stage]], completed=done, total=total)

    with bars:
        yield draw
