"""What a PACS is asked and what it answers, by whatever protocol: queries, series found, objects that arrive."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID

from lutrace.core import UnusableInputError
from lutrace.dicom import elements as el
from lutrace.dicom.index import PatientIdentity
from lutrace.dicom.instance import CT, NM, PET

KEPT_CLASSES = {
    PET: "PT",
    CT: "CT",
    NM: "NM",
    "1.2.840.10008.5.1.4.1.1.66.4": "SEG",
    "1.2.840.10008.5.1.4.1.1.481.3": "RTSTRUCT",
}
"""SOP classes that are received and fetched, and their modality: what `add dicom` reads, and nothing else."""

KEPT_SYNTAXES = (
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.5",
)
"""Transfer syntaxes that keep every voxel: uncompressed, deflated, and the lossless JPEG, JPEG-LS, JPEG 2000, RLE."""

_HEAD = (0x00080016, 0x00080018, 0x00100020, 0x0020000D, 0x0020000E)


@dataclass(frozen=True)
class ArchiveQuery:
    """Which studies: of these patients (all when empty), with a series of this modality, within these days."""

    patient_ids: tuple[str, ...] = ()
    modality: str | None = None
    first: dt.date | None = None
    last: dt.date | None = None

    def __post_init__(self) -> None:
        """Refuse a query for everything, wildcards in identifiers, and days in the wrong order."""
        if not self.patient_ids and self.modality is None and self.first is None and self.last is None:
            raise UnusableInputError("a query needs patients, a modality or dates; nobody wants the whole archive")
        if any(set(one) & set("*?\\") for one in self.patient_ids):
            raise UnusableInputError("patient identifiers: expected plain ones, found one with *, ? or a backslash")
        if self.modality is not None and not re.fullmatch(r"[A-Z]{2,16}", self.modality):
            raise UnusableInputError(f"modality: expected capitals as in PT, NM or CT, found {self.modality!r}")
        if self.first is not None and self.last is not None and self.last < self.first:
            raise UnusableInputError(f"dates: expected the first day before the last, found {self.first}, {self.last}")

    @property
    def study_date(self) -> str:
        """The days as DICOM's range matching writes them; empty for any day. DICOM PS3.4 C.2.2.2.5."""
        if self.first is None and self.last is None:
            return ""
        low, high = (f"{day:%Y%m%d}" if day is not None else "" for day in (self.first, self.last))
        return f"{low}-{high}"

    def fits(self, identity: PatientIdentity, date: dt.date | None) -> bool:
        """Whether an answer is what was asked for: some archives ignore keys that they do not know."""
        if self.patient_ids and identity.patient_id not in self.patient_ids:
            return False
        early = self.first is not None and (date is None or date < self.first)
        return not early and not (self.last is not None and (date is None or date > self.last))


@dataclass(frozen=True)
class FoundSeries:
    """A series that an archive says it holds; `n_images` is None when it does not say how many."""

    study_uid: str
    series_uid: str
    modality: str
    date: dt.date | None
    description: str | None
    n_images: int | None
    identity: PatientIdentity


@dataclass(frozen=True, eq=False)
class ReceivedObject:
    """One object as it came: a whole DICOM file in bytes, and the UIDs in it."""

    study_uid: str
    series_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    patient_id: str | None
    transfer_syntax: str
    content: bytes


Keeper = Callable[[ReceivedObject], str | None]
"""Keeps an object for good before it returns None, or returns the reason why it does not."""


class Archive(Protocol):
    """What every protocol can do for us."""

    def find_series(self, query: ArchiveQuery) -> tuple[FoundSeries, ...]:
        """The series of all studies that fit the query."""

    def find_instances(self, series: FoundSeries) -> tuple[str, ...]:
        """The SOP Instance UIDs of a series."""

    def fetch(self, series: FoundSeries, uids: Sequence[str] | None) -> str | None:
        """Fetch a series, or these of its objects, into the keeper; None, or the reason why something is missing."""


def parse_object(content: bytes) -> ReceivedObject:
    """The bytes of a DICOM file with the UIDs in it. Raises UnusableInputError when they cannot be read."""
    try:
        with el.quiet_parsing():
            dataset = pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True, specific_tags=list(_HEAD))
        sop_class, instance, patient, study, series = (el.element_text(dataset, tag) for tag in _HEAD)
        syntax = el.element_text(dataset.file_meta, 0x00020010)
    except (*el.PARSE_ERRORS, InvalidDicomError) as error:
        raise UnusableInputError(f"the object is damaged: {type(error).__name__} while parsing its header") from error
    if not (sop_class and instance and study and series and syntax):
        raise UnusableInputError("the object lacks a UID: SOP class, instance, study, series or transfer syntax")
    return ReceivedObject(study, series, instance, sop_class, patient, syntax, content)


def refusal_of(received: ReceivedObject) -> str | None:
    """Why an object is not kept by its class or transfer syntax; None when it is."""
    if received.sop_class_uid not in KEPT_CLASSES:
        return f"SOP class {UID(received.sop_class_uid).name}: nothing reads it here"
    if received.transfer_syntax not in KEPT_SYNTAXES:
        name = UID(received.transfer_syntax).name
        return f"transfer syntax {name}: lossy or unknown; send the images without loss"
    return None


def found_series(study: Dataset, series: Dataset) -> FoundSeries | None:
    """A series from the answers at study and series level; None when it has no UID."""
    study_uid, series_uid = el.element_text(study, 0x0020000D), el.element_text(series, 0x0020000E)
    if study_uid is None or series_uid is None:
        return None
    date = el.element_text(study, 0x00080020) or el.element_text(series, 0x00080021)
    return FoundSeries(
        study_uid=study_uid,
        series_uid=series_uid,
        modality=el.element_text(series, 0x00080060) or "",
        date=el.parse_date(date),
        description=el.decoded_text(series, 0x0008103E),
        n_images=el.element_integer(series, 0x00201209, "Number of Series Related Instances"),
        identity=PatientIdentity(
            patient_id=el.decoded_text(study, 0x00100020),
            name=el.decoded_text(study, 0x00100010),
            birth_date=el.element_text(study, 0x00100030),
            sex=None,
            issuer=None,
        ),
    )


def series_to_take(found: Sequence[FoundSeries], query: ArchiveQuery) -> tuple[FoundSeries, ...]:
    """Of all series answered, those of kinds that are read, in studies that fit the query, each once."""
    fitting = {one.series_uid: one for one in found if query.fits(one.identity, one.date)}
    wanted = {one.study_uid for one in fitting.values() if query.modality in (None, one.modality)}
    kinds = set(KEPT_CLASSES.values())
    return tuple(one for one in fitting.values() if one.study_uid in wanted and one.modality in kinds)
