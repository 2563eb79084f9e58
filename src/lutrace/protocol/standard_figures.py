"""What the standard report draws of courses and timelines that a study derives."""

from __future__ import annotations

from collections.abc import Sequence

from lutrace.protocol.derived import Derived
from lutrace.protocol.derived_course import DerivedCourse
from lutrace.protocol.derived_timeline import DerivedTimeline
from lutrace.protocol.presentation import Item
from lutrace.protocol.presentation_figures import ShowAlluvial, ShowSpider, ShowSwimmer, ShowTrajectories

_PSA = "psa"


def figures_of_derived(derived: Sequence[Derived]) -> tuple[Item, ...]:
    """Spider and trajectories of each timeline; with a course beside it, its swimmer and its flows.

    A study without a timeline is shown its counts alone.
    """
    courses = [one for one in derived if isinstance(one, DerivedCourse)]
    items: list[Item] = []
    for one in derived:
        if not isinstance(one, DerivedTimeline):
            continue
        for course in courses:
            items.append(
                ShowSwimmer(
                    show="swimmer",
                    name=f"{course.name}_{one.name}_swimmer",
                    caption=course.label,
                    course=course.name,
                    timeline=one.name,
                )
            )
        if _PSA in one.series:
            items.append(
                ShowSpider(show="spider", name=f"{one.name}_spider", caption="Change of PSA", timeline=one.name)
            )
        items.append(
            ShowTrajectories(show="trajectories", name=f"{one.name}_trajectories", caption=one.label, timeline=one.name)
        )
    if items:
        items += [
            ShowAlluvial(
                show="alluvial",
                name=f"{course.name}_flows",
                caption=f"{course.label}: what followed",
                course=course.name,
            )
            for course in courses
        ]
    return tuple(items)
