"""What reading a series gives: its volume, the facts that its SUV rests on, and what was inferred on the way."""

from __future__ import annotations

from dataclasses import dataclass

from lutrace.dicom.index import PatientIdentity
from lutrace.imaging import Volume
from lutrace.physics import QuantFacts


@dataclass(frozen=True)
class ReadAudit:
    """How a series was read: files used, their transfer syntax, and each thing inferred or tolerated."""

    series_uid: str
    study_uid: str | None
    n_files: int
    transfer_syntax: str | None
    notes: tuple[str, ...]
    tolerated: tuple[str, ...] = ()
    """What of the files was put up with (copies, one slice only): worth a warning."""


@dataclass(frozen=True, eq=False)
class SeriesImage:
    """An image series: `facts` is None where the image has no activity (CT). `identity` never enters a message."""

    volume: Volume
    facts: QuantFacts | None
    audit: ReadAudit
    identity: PatientIdentity
