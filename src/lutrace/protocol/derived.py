"""Tables that a study can ask for beside its endpoints: rows, and how many patients are in each class."""

from __future__ import annotations

from typing import Literal

from lutrace.core import Field, FrozenModel

AsOf = Literal["first_cycle", "landmark"]
"""The day asked about: that of the first cycle, or time zero of each landmark."""


class _Derived(FrozenModel):
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$")
    label: str


class DerivedLines(_Derived):
    """Lines of therapy, their drugs, and what of them began before the day asked about."""

    kind: Literal["lines"]
    as_of: AsOf = "first_cycle"


class DerivedLineQueries(_Derived):
    """Records of treatments that the derivation of lines could not use, or only with an assumption."""

    kind: Literal["line_queries"]


class DerivedMcrpc(_Derived):
    """The date of mCRPC by each definition, the preferred one with its grade of evidence, and how far they agree."""

    kind: Literal["mcrpc"]


class DerivedCycles(_Derived):
    """Cycles of radioligand therapy reconciled from all statements, with their conflicts and the totals of series."""

    kind: Literal["cycles"]


class DerivedGradeGroups(_Derived):
    """The ISUP grade group of each patient; `which` of several Gleason scores."""

    kind: Literal["grade_groups"]
    which: Literal["highest", "initial", "latest"] = "highest"


class DerivedSites(_Derived):
    """Sites of metastases as of the day asked about."""

    kind: Literal["sites"]
    as_of: AsOf = "first_cycle"


Derived = DerivedLines | DerivedLineQueries | DerivedMcrpc | DerivedCycles | DerivedGradeGroups | DerivedSites
