"""Tables that a study can ask for beside its endpoints: rows, and how many patients are in each class."""

from __future__ import annotations

from typing import Literal

from lutrace.protocol.derived_course import DerivedAfter
from lutrace.protocol.derived_item import DerivedItem

AsOf = Literal["first_cycle", "landmark"]
"""The day asked about: that of the first cycle, or time zero of each landmark."""


class DerivedLines(DerivedItem):
    """Lines of therapy, their drugs, and what of them began before the day asked about."""

    kind: Literal["lines"]
    as_of: AsOf = "first_cycle"


class DerivedLineQueries(DerivedItem):
    """Records of treatments that the derivation of lines could not use, or only with an assumption."""

    kind: Literal["line_queries"]


class DerivedMcrpc(DerivedItem):
    """The date of mCRPC by each definition, the preferred one with its grade of evidence, and how far they agree."""

    kind: Literal["mcrpc"]


class DerivedCycles(DerivedItem):
    """Cycles of radioligand therapy reconciled from all statements, with their conflicts and the totals of series."""

    kind: Literal["cycles"]


class DerivedGradeGroups(DerivedItem):
    """The ISUP grade group of each patient; `which` of several Gleason scores."""

    kind: Literal["grade_groups"]
    which: Literal["highest", "initial", "latest"] = "highest"


class DerivedSites(DerivedItem):
    """Sites of metastases as of the day asked about."""

    kind: Literal["sites"]
    as_of: AsOf = "first_cycle"


Derived = (
    DerivedLines | DerivedLineQueries | DerivedMcrpc | DerivedCycles | DerivedGradeGroups | DerivedSites | DerivedAfter
)
