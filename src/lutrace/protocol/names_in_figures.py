"""The derived tables and series that a figure names, and what they may be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lutrace.protocol.derived import Derived
from lutrace.protocol.derived_course import DerivedCourse
from lutrace.protocol.derived_timeline import DerivedTimeline


def list_names_in_figures(item: Any, derived: Sequence[Derived]) -> Iterator[tuple[str, Sequence[str], list[str]]]:
    """Key, names used and names allowed, for each key of an item of the report that names a course or a timeline."""
    timelines = {one.name: one for one in derived if isinstance(one, DerivedTimeline)}
    courses = [one.name for one in derived if isinstance(one, DerivedCourse)]
    for key, known in (("course", courses), ("timeline", list(timelines))):
        yield key, [name for name in (getattr(item, key, ""),) if name], known
    timeline = timelines.get(getattr(item, "timeline", ""))
    if timeline is not None and hasattr(item, "series"):
        named = (item.series,) if isinstance(item.series, str) else item.series
        yield "series", named, list(timeline.series)
