"""The files of one series, each freed of its person and written under a new name, or left out with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydicom.dataset import Dataset

from lutrace.core import UnusableInputError, digest_of_bytes, digest_of_file
from lutrace.dicom import elements as el
from lutrace.dicom.deface import Defacing, FaceLoss, deface_dataset
from lutrace.dicom.deidentify import Replacements, deidentify_dataset
from lutrace.dicom.deidentify_choice import find_refusal
from lutrace.dicom.deidentify_file import read_object, write_deidentified
from lutrace.dicom.deidentify_text import Identifiers


@dataclass(frozen=True)
class LeftOut:
    """A file that is not passed on: where it is (never for a report), the digest of its bytes, and why."""

    path: Path
    digest: str
    reason: str


@dataclass(frozen=True)
class WrittenFile:
    """A file that was written: its name, and its elements counted by what was done to them."""

    name: str
    counts: dict[str, int]


@dataclass(frozen=True)
class DeidentifiedSeries:
    """What became of the files of a series; `identifiers` are for the search afterwards, never for a report."""

    written: tuple[WrittenFile, ...]
    left_out: tuple[LeftOut, ...]
    identifiers: Identifiers
    face: FaceLoss


def deidentify_files(
    paths: Sequence[Path],
    folder: Path,
    replacements: Replacements,
    *,
    with_captures: bool = False,
    defacing: Defacing | None = None,
) -> DeidentifiedSeries:
    """Write the de-identified objects of `paths`, all of one series and patient, into `folder`.

    A second file of one SOP Instance is left out, and so is one that says another patient than the first.
    """
    written: dict[str, WrittenFile] = {}
    left_out: list[LeftOut] = []
    identifiers = Identifiers({})
    face = FaceLoss()
    patient: str | None = None
    for path in sorted(paths):
        try:
            dataset = read_object(path)
            refusal = find_refusal(dataset, with_captures=with_captures)
            patient = patient or el.decoded_text(dataset, 0x00100020)
            if refusal is None and el.decoded_text(dataset, 0x00100020) != patient:
                refusal = "another Patient ID (0010,0020) than other files of its series"
            name = _name_of(dataset, replacements)
            if refusal is None and name in written:
                refusal = "a second file of the same SOP Instance UID (0008,0018)"
            if refusal is not None:
                left_out.append(leave_out(path, refusal))
                continue
            changes = deidentify_dataset(dataset, replacements)
            if defacing is not None:
                face = face.plus(deface_dataset(dataset, defacing))
            write_deidentified(dataset, folder / name)
        except (*el.PARSE_ERRORS, UnusableInputError) as error:
            left_out.append(leave_out(path, f"damaged: {type(error).__name__} while reading or writing it"))
            continue
        written[name] = WrittenFile(name, dict(changes.counts))
        identifiers = _joined(identifiers, changes.identifiers)
    return DeidentifiedSeries(tuple(written.values()), tuple(left_out), identifiers, face)


def leave_out(path: Path, reason: str) -> LeftOut:
    """The line of a file that is not passed on."""
    return LeftOut(path, digest_of_file(path), reason)


def _name_of(dataset: Dataset, replacements: Replacements) -> str:
    uid = el.element_text(dataset, 0x00080018)
    if uid is None:
        raise UnusableInputError("SOP Instance UID (0008,0018): found nothing")
    return digest_of_bytes([replacements.uid_key, b"file", uid.encode()])[:20] + ".dcm"


def _joined(one: Identifiers, other: Identifiers) -> Identifiers:
    """Both, where the count of short texts is that of the fuller file: files of a series say the same."""
    return replace(one.joined(other), n_too_short=max(one.n_too_short, other.n_too_short))
