"""How the course before and around radioligand therapy is read: lines, cycles, castration resistance, sites."""

from __future__ import annotations

from typing import Literal

from lutrace.core import Days, Field, FrozenModel, Percent


class LineRules(FrozenModel):
    """How treatments become lines of therapy.

    combination_window: a drug that begins at most that long after a line's first belongs to it; so long must an earlier
    drug go on into a new line to be counted there. gap: a longer pause of the same drug begins a new line; rlt_gap: the
    same for radioligands, whose cycles are six weeks or more apart. partial_begin: the day that a date known to the
    month or year stands for. two_doses_after: a period of a taxane at least so long holds two doses. before_mcrpc: a
    line that begins at most so long before the date of mCRPC still is a line of mCRPC.
    """

    combination_window: Days = Field(default=28.0, ge=0)
    gap: Days = Field(default=120.0, gt=0)
    rlt_gap: Days = Field(default=112.0, gt=0)
    partial_begin: Literal["first", "middle", "last"] = "middle"
    two_doses_after: Days = Field(default=21.0, gt=0)
    before_mcrpc: Days = Field(default=0.0, ge=0)


class CycleRules(FrozenModel):
    """How statements on radioligand therapy become cycles.

    same_cycle: statements at most so far from the one before are the same cycle. activity_tolerance: larger differences
    between statements of the same agent are a conflict. series_tolerance: how far the total of a series may lie from
    the sum of its cycles.
    """

    same_cycle: Days = Field(default=3.0, ge=0)
    activity_tolerance: Percent = Field(default=5.0, ge=0)
    series_tolerance: Percent = Field(default=10.0, ge=0)


class McrpcRules(FrozenModel):
    """How the date of metastatic castration-resistant disease is found.

    castrate_ng_dl: testosterone below it is castrate. testosterone_age: how old a value may be. castrate_after: how
    long after its begin androgen deprivation has made castrate. depot: how long one dose acts; empty takes the
    record's, else the drug's own from the vocabulary. late_dose: a dose so long after the last one ceased keeps the
    state. open_deprivation: a drug without a recorded end is `ongoing`, or one `dose`. hormone_sensitive_within: an
    ARPI or taxane that begins so soon after androgen deprivation treats hormone-sensitive disease. conflict_after:
    other definitions further from the preferred date are a conflict.
    """

    castrate_ng_dl: float = Field(default=50.0, gt=0)
    testosterone_age: Days = Field(default=180.0, gt=0)
    castrate_after: Days = Field(default=28.0, ge=0)
    depot: Days | None = Field(default=None, gt=0)
    late_dose: Days = Field(default=28.0, ge=0)
    open_deprivation: Literal["ongoing", "dose"] = "ongoing"
    hormone_sensitive_within: Days = Field(default=180.0, ge=0)
    partial_date: Literal["first", "middle", "last"] = "middle"
    conflict_after: Days = Field(default=90.0, ge=0)


class SiteRules(FrozenModel):
    """Which statements on metastases count on a day: images and texts not older than `look_back`; diagnoses always."""

    look_back: Days | None = Field(default=180.0, ge=0)


class HistoryRules(FrozenModel):
    """All rules by which the history of a patient is read: a study has one set of them."""

    lines: LineRules = LineRules()
    cycles: CycleRules = CycleRules()
    mcrpc: McrpcRules = McrpcRules()
    sites: SiteRules = SiteRules()
