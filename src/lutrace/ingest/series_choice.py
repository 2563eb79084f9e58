"""The choice among series as it stands in the registry: what each scan is used for, with the reason in its notes."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from lutrace.core import Row, canonical_json
from lutrace.dicom import Candidate, Choice, FolderIndex, SeriesFiles, candidate_of, choose_series, is_image_series
from lutrace.ingest.profile import SiteProfile
from lutrace.ingest.series_record import ReadSeries
from lutrace.ingest.tracer_check import UNMEASURED
from lutrace.registry import Registry

NOT_USED = "other"
_REASONS = ("chosen: ", "not chosen: ", "not used: ", "no PET or SPECT in its frame of reference", UNMEASURED)


@dataclass(frozen=True)
class NamedSeries:
    """A series with its pseudonyms and what the choice needs of it."""

    series: SeriesFiles
    candidate: Candidate


def name_series(registry: Registry, profile: SiteProfile, index: FolderIndex) -> list[NamedSeries]:
    """The image series of an index under their pseudonyms."""
    named = []
    for series in index.series:
        if not is_image_series(series):
            continue
        frame = series.header.get("FrameOfReferenceUID")
        candidate = candidate_of(
            series,
            key=registry.pseudonym("series", series.series_uid),
            study=registry.pseudonym("study", series.study_uid or series.series_uid),
            frame=registry.pseudonym("frame", str(frame)) if frame else None,
            preferred=profile.preferred_series,
        )
        named.append(NamedSeries(series, candidate))
    return named


def choose_among(
    named: Sequence[NamedSeries], known: Mapping[str, ReadSeries], stored: Collection[str], refused: Collection[str]
) -> dict[str, Choice]:
    """The choice for these series and for stored ones of the same studies or patient positions, by scan."""
    candidates = {one.candidate.key: one.candidate for one in named}
    studies = {one.study for one in candidates.values()}
    frames = {one.frame for one in candidates.values()} - {None}
    for key, read in known.items():
        beside = read.candidate.study in studies or read.candidate.frame in frames
        if key not in candidates and key in stored and beside:
            candidates[key] = read.candidate
    return choose_series(list(candidates.values()), refused)


def apply_choice(row: Row, purpose: str, choice: Choice, *, why_other: str) -> Row:
    """A row of `scans` with its purpose and, first of its notes, why it is used or not.

    `why_other` is the reason that a scan which was chosen has no purpose here.
    """
    notes = [note for note in json.loads(row["notes"]) if not str(note).startswith(_REASONS)]
    is_other = purpose == NOT_USED and choice.chosen is not False
    return {
        **row,
        "purpose": NOT_USED if choice.chosen is False else purpose,
        "notes": canonical_json([choice.reason, *([why_other] if is_other else []), *notes]),
    }


def choice_rows(named: Iterable[NamedSeries], choices: Mapping[str, Choice]) -> list[Row]:
    """A row per series for people: examination, modality, number of images, whether it is used, and why."""
    rows: list[Row] = [
        {
            "study_key": one.candidate.study,
            "scan_id": one.candidate.key,
            "modality": one.candidate.modality,
            "images": one.candidate.n_images,
            "used": choices[one.candidate.key].chosen is not False,
            "reason": choices[one.candidate.key].reason,
        }
        for one in named
    ]
    return sorted(rows, key=lambda row: (row["study_key"], row["modality"], not row["used"], row["scan_id"]))
