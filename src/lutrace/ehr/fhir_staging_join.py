"""Which Gleason and TNM observations are those of the initial diagnosis: the first of each, and of which Condition."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from lutrace.core import Row
from lutrace.ehr.fhir_elements import EFFECTIVE, Moment, RecordError, moment_of
from lutrace.ehr.fhir_files import Located
from lutrace.ehr.fhir_milestones import onset_of
from lutrace.ehr.fhir_staging import complete_gleason, is_of_another_time, staged_by_pathology, staging_of_observation

_NEVER = dt.date.max


@dataclass
class JoinedStaging:
    """What the observations say of each diagnosis, by the keys of their resources.

    `columns` are by the key of the Condition; `later` holds the observations of another time: a recurrence, after
    treatment, or a later day than the first of the same kind; `elsewhere` those of a disease that is not read.
    """

    columns: dict[str, Row] = field(default_factory=dict)
    faults: dict[str, RecordError] = field(default_factory=dict)
    later: set[str] = field(default_factory=set)
    elsewhere: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Staging:
    located: Located
    when: Moment | None
    columns: Row
    by_pathology: bool
    again: bool

    @property
    def order(self) -> tuple[dt.date, bool]:
        """The earliest first, of one day the pathologist's first."""
        return (self.when.first_day() if self.when is not None else _NEVER, not self.by_pathology)


def join_staging(
    found: Iterable[Located],
    diagnoses: Mapping[str, list[Located]],
    *,
    patient_of: Callable[[Located], str],
    focus_of: Callable[[Located], tuple[str, ...]],
    is_ours: Callable[[str], bool],
) -> JoinedStaging:
    """Give each Gleason or TNM Observation to the initial diagnosis that it is of, the first of each kind.

    `diagnoses` are the initial Conditions by patient, `focus_of` gives the keys of the Conditions that an Observation
    is of, `is_ours` says whether a Condition is of the disease that is read.
    """
    joined = JoinedStaging()
    begun: dict[tuple[str, str], Moment | None] = {}
    for staging in sorted(_stagings(found, joined), key=lambda one: one.order):
        key, focus = staging.located.key, focus_of(staging.located)
        try:
            candidates = diagnoses.get(patient_of(staging.located), [])
            if not any(map(is_ours, focus)) and (focus or (not candidates and staging.columns.keys() <= set("tnm"))):
                joined.elsewhere.add(key)
            elif staging.again:
                joined.later.add(key)
            else:
                target = next(filter(is_ours, focus), None) or _diagnosis_of(staging, candidates)
                _take(staging, target, joined, begun)
        except RecordError as error:
            joined.faults[key] = error
    return joined


def _stagings(found: Iterable[Located], joined: JoinedStaging) -> list[_Staging]:
    stagings = []
    for located in found:
        try:
            columns = staging_of_observation(located.resource)
            if columns:
                when = moment_of(located.resource, "date", *EFFECTIVE)
                again, by_pathology = is_of_another_time(located.resource), staged_by_pathology(columns)
                stagings.append(_Staging(located, when, columns, by_pathology, again))
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
