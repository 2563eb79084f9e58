"""Which Gleason and TNM observations are those of the initial diagnosis: the first of each, and of which Condition."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from lutrace.core import Row
from lutrace.ehr.fhir_elements import EFFECTIVE, Moment, RecordError, children, moment_of, text
from lutrace.ehr.fhir_files import Located
from lutrace.ehr.fhir_milestones import onset_of
from lutrace.ehr.fhir_staging import complete_gleason, is_of_another_time, staged_by_pathology, staging_of_observation

_NEVER = dt.date.max


@dataclass
class JoinedStaging:
    """What the observations say of each diagnosis, by the keys of their resources.

    `columns` are by the key of the initial Condition; `later` holds the observations of another time: a recurrence,
    after treatment, or a later day than the first of the same kind.
    """

    columns: dict[str, Row] = field(default_factory=dict)
    faults: dict[str, RecordError] = field(default_factory=dict)
    later: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Staging:
    located: Located
    when: Moment | None
    columns: Row
    by_pathology: bool

    @property
    def order(self) -> tuple[dt.date, bool]:
        """The earliest first, of one day the pathologist's first."""
        return (self.when.first_day() if self.when is not None else _NEVER, not self.by_pathology)


def join_staging(
    found: Iterable[Located],
    diagnoses: Mapping[str, list[Located]],
    *,
    patient_of: Callable[[Located], str],
    condition_at: Callable[[str | None, str], str | None],
) -> JoinedStaging:
    """Give each Gleason or TNM Observation to the initial diagnosis that it is of, the first of each kind.

    `diagnoses` are the initial Conditions by patient, `condition_at` gives the key of a Condition that a reference in a
    scope means.
    """
    joined = JoinedStaging()
    begun: dict[tuple[str, str], Moment | None] = {}
    for staging in sorted(_stagings(found, joined), key=lambda one: one.order):
        key = staging.located.key
        try:
            focus = _focus_of(staging.located, condition_at)
            target = focus or _diagnosis_of(staging, diagnoses.get(patient_of(staging.located), []))
            _take(staging, target, joined, begun)
        except RecordError as error:
            joined.faults[key] = error
    return joined


def _stagings(found: Iterable[Located], joined: JoinedStaging) -> list[_Staging]:
    stagings = []
    for located in found:
        try:
            columns = staging_of_observation(located.resource)
            if is_of_another_time(located.resource):
                joined.later.add(located.key)
            elif columns:
                when = moment_of(located.resource, "date", *EFFECTIVE)
                stagings.append(_Staging(located, when, columns, staged_by_pathology(located.resource)))
        except RecordError as error:
            joined.faults[located.key] = error
    return stagings


def _take(staging: _Staging, target: str, joined: JoinedStaging, begun: dict[tuple[str, str], Moment | None]) -> None:
    """Add the columns to those of the diagnosis, unless an earlier Observation already said them."""
    known = joined.columns.setdefault(target, {})
    groups = {name: name.partition("_")[0] for name in staging.columns}
    for group in dict.fromkeys(groups.values()):
        columns = {name: value for name, value in staging.columns.items() if groups[name] == group}
        held = begun.setdefault((target, group), staging.when)
        clash = next((name for name, value in columns.items() if known.get(name, value) != value), None)
        if _is_after(staging.when, held) or (clash is not None and _letter(columns[clash]) != _letter(known[clash])):
            joined.later.add(staging.located.key)
            continue
        if clash is not None:
            rule = f"{clash} contradicts another Observation of the same diagnosis"
            raise RecordError(clash, rule, "keep the one that holds for the initial diagnosis")
        known.update(complete_gleason(known | columns))


def _letter(value: object) -> str:
    """C or p of a category of TNM, empty for everything else."""
    return next((letter for letter in str(value) if letter in "cp"), "")


def _is_after(when: Moment | None, held: Moment | None) -> bool:
    return when is not None and held is not None and when.first_day() > held.date.last_day()


def _focus_of(located: Located, condition_at: Callable[[str | None, str], str | None]) -> str | None:
    for item in children(located.resource, "focus"):
        found = condition_at(text(item, "reference"), located.scope)
        if found is not None:
            return found
    return None


def _diagnosis_of(staging: _Staging, candidates: list[Located]) -> str:
    """The initial diagnosis of the same day, else the only one; a dated one goes before those without a date."""
    onsets = {candidate.key: onset_of(candidate.resource) for candidate in candidates}
    dated = [one for one in candidates if onsets[one.key] is not None]
    same_day = [one for one in dated if staging.when is not None and onsets[one.key].date == staging.when.date]  # type: ignore[union-attr]
    chosen = same_day or dated or candidates
    if len({onsets[one.key] for one in chosen}) != 1:
        rule = f"the diagnosis that this belongs to cannot be told: {len(chosen)} initial diagnoses"
        raise RecordError("milestone", rule, "refer to the Condition by Observation.focus")
    return chosen[0].key
