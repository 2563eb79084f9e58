"""Growth from scan to scan: a lesion against its partner, lesions that merged or split against each other as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lutrace.segment.tracking import Link


@dataclass(frozen=True)
class Growth:
    """A sum before and after, of one lesion or of all lesions of a cluster, in the unit it was given in."""

    level: Literal["lesion", "cluster"]
    before: float
    after: float

    @property
    def change_pct(self) -> float | None:
        """Change in percent of the sum before; None where that is 0."""
        return 100.0 * (self.after - self.before) / self.before if self.before > 0 else None


def compute_growth(
    links: Sequence[Link], before: Mapping[int, float], after: Mapping[int, float]
) -> list[Growth | None]:
    """For each link, what its lesions held before and after (volume in mL, or uptake), by lesion number.

    Parts of a lesion that split, and lesions that merged, cannot be compared one by one: every link of a cluster gets
    the sums over all lesions of the cluster, each counted once. None for a link with one end, and where a value of any
    lesion compared is not known.
    """
    ends: dict[object, tuple[set[int], set[int]]] = {}
    for number, link in enumerate(links):
        if link.baseline_lesion is not None and link.followup_lesion is not None:
            own = ends.setdefault(_unit(number, link), (set(), set()))
            own[0].add(link.baseline_lesion)
            own[1].add(link.followup_lesion)
    return [_growth(link, ends.get(_unit(number, link)), before, after) for number, link in enumerate(links)]


def _unit(number: int, link: Link) -> tuple[str, int]:
    return ("link", number) if link.cluster is None else ("cluster", link.cluster)


def _growth(
    link: Link, ends: tuple[set[int], set[int]] | None, before: Mapping[int, float], after: Mapping[int, float]
) -> Growth | None:
    if ends is None or not (ends[0] <= before.keys() and ends[1] <= after.keys()):
        return None
    level: Literal["lesion", "cluster"] = "lesion" if link.cluster is None else "cluster"
    return Growth(level, sum(before[one] for one in sorted(ends[0])), sum(after[one] for one in sorted(ends[1])))
