"""What codes say of the disease: milestones, how it stands against before, and whether a person died of it."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from lutrace.core import FrozenModel, read_document
from lutrace.terms.sites import site_of_snomed

Milestone = Literal["initial", "metastatic", "crpc"]
Status = Literal["progression", "improved", "stable", "recurrence", "mixed", "unknown"]


class _Milestone(FrozenModel):
    milestone: Milestone
    icd10: tuple[str, ...]
    snomed: tuple[str, ...]


class _Status(FrozenModel):
    status: Status
    snomed: tuple[str, ...] = ()
    obds: tuple[str, ...] = ()


class _Causes(FrozenModel):
    prostate_cancer: tuple[str, ...]
    unclear: tuple[str, ...]


class _DiseaseCourse(FrozenModel):
    version: str
    milestones: tuple[_Milestone, ...]
    statuses: tuple[_Status, ...]
    causes: _Causes


@functools.cache
def _document() -> _DiseaseCourse:
    return read_document(Path(__file__).parent / "data" / "disease_course.yaml", _DiseaseCourse)


def milestone_of_icd10(code: str) -> Milestone | None:
    """The milestone that an ICD-10 code (WHO, GM or CM) means, by prefix; None when it is none."""
    return next((one.milestone for one in _document().milestones if code.startswith(one.icd10)), None)


def milestone_of_snomed(code: str) -> Milestone | None:
    """The milestone that a SNOMED code of a disorder means; a secondary tumour of a known site is metastatic."""
    found = next((one.milestone for one in _document().milestones if code in one.snomed), None)
    return "metastatic" if found is None and site_of_snomed(code) is not None else found


def disease_status_of(system: Literal["snomed", "obds"], code: str) -> Status | None:
    """How the disease stands against before, by a code of mCODE or a letter of oBDS; None for another code."""
    return next((one.status for one in _document().statuses if code in getattr(one, system)), None)


def cause_of_death(icd10: Iterable[str], *, by_tumour: bool | None = None) -> str | None:
    """The code of FOLLOW_UP.cause that the ICD-10 codes of a death mean; None when they leave it open.

    `by_tumour` is what a registry says beside them: died of a tumour or its treatment, or of something else (False).
    One code of the prostate tells, unless the registry says otherwise; of another tumour nothing is concluded.
    """
    causes = _document().causes
    codes = list(icd10)
    of_prostate = any(code.startswith(causes.prostate_cancer) for code in codes)
    if of_prostate:
        return None if by_tumour is False else "prostate_cancer"
    if by_tumour is not None:
        return None if by_tumour else "other"
    return "other" if codes and not any(code.startswith(causes.unclear) for code in codes) else None
