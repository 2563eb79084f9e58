"""What a folder holds: its series, whatever lies beside them, and the files that could not be read, by name."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from lutrace.core import UnusableInputError, tell_file
from lutrace.dicom import elements as el
from lutrace.dicom.instance import CT, NM, PET, Instance, instance_of
from lutrace.dicom.plain_header import read_plain_header

_DICOMDIR = "1.2.840.10008.1.3.10"


@dataclass(frozen=True)
class FileFault:
    """A file that begins as DICOM and could not be read, and why."""

    path: Path
    reason: str
    series_uid: str | None
    sop_instance_uid: str | None = None


@dataclass(frozen=True)
class PatientIdentity:
    """Who the header says it is: for the registry's identities file only, never for a message."""

    patient_id: str | None
    name: str | None
    birth_date: str | None
    sex: str | None
    issuer: str | None


@dataclass(frozen=True)
class SeriesFiles:
    """The files of one series; `header` is the first file's without pixels; `faults` are its files that are damaged."""

    series_uid: str
    study_uid: str | None
    modality: str
    sop_class_uid: str
    description: str | None
    identity: PatientIdentity
    instances: tuple[Instance, ...]
    header: Dataset
    faults: tuple[FileFault, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files, in the order found."""
        return tuple(instance.path for instance in self.instances)

    @property
    def manufacturer(self) -> str | None:
        """Manufacturer (0008,0070)."""
        return el.element_text(self.header, 0x00080070)

    @property
    def units(self) -> str | None:
        """Units (0054,1001) as written; NM objects mostly have none."""
        return el.element_text(self.header, 0x00541001)

    @property
    def decay_correction(self) -> str | None:
        """Decay Correction (0054,1102) as written."""
        return el.element_text(self.header, 0x00541102)


@dataclass(frozen=True)
class FolderIndex:
    """Series by UID in the order found, faults, and the count of files that are not DICOM or only list others."""

    series: tuple[SeriesFiles, ...]
    faults: tuple[FileFault, ...]
    n_files: int
    n_not_dicom: int
    n_directories: int

    def of_modality(self, *modalities: str) -> tuple[SeriesFiles, ...]:
        """The series of these modalities."""
        return tuple(series for series in self.series if series.modality in modalities)


def index_folder(paths: Sequence[Path]) -> FolderIndex:
    """Index of all files below `paths` (folders or files), by Series Instance UID, whatever the files are called.

    A file that is not DICOM is counted; a damaged one becomes a fault and hides no other. DICOMDIR files are skipped.
    Raises UnusableInputError when a path does not exist.
    """
    with el.quiet_parsing():
        return _index(paths)


def _index(paths: Sequence[Path]) -> FolderIndex:
    heads: dict[str, SeriesFiles] = {}
    found: dict[str, list[Instance]] = {}
    faults: list[FileFault] = []
    n_files = n_not_dicom = n_directories = 0
    for path in _walk(paths):
        n_files += 1
        series_uid = instance_uid = None
        try:
            parsed = _parse_next(path, heads) or _parse(path)
            if parsed is None:
                n_not_dicom += 1
                continue
            dataset, size_bytes, pixel_tag_at, cut = parsed
            if el.element_text(dataset.file_meta, 0x00020002) == _DICOMDIR:
                n_directories += 1
                continue
            series_uid = el.element_text(dataset, 0x0020000E)
            instance_uid = el.element_text(dataset, 0x00080018)
            if series_uid is None:
                raise UnusableInputError("Series Instance UID (0020,000E): found nothing")
            if cut is not None:
                raise UnusableInputError(cut)
            instance = instance_of(path, dataset, size_bytes=size_bytes, pixel_tag_at=pixel_tag_at)
            if series_uid not in heads:
                heads[series_uid] = _head(series_uid, instance, dataset)
        except (*el.PARSE_ERRORS, UnusableInputError) as error:
            faults.append(FileFault(path, _reason(error), series_uid, instance_uid))
            continue
        found.setdefault(series_uid, []).append(instance)
    series = tuple(
        replace(head, instances=tuple(found[uid]), faults=tuple(fault for fault in faults if fault.series_uid == uid))
        for uid, head in heads.items()
    )
    return FolderIndex(series, tuple(faults), n_files, n_not_dicom, n_directories)


def _walk(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_file():
            yield path
        elif path.is_dir():
            yield from sorted(child for child in path.rglob("*") if child.is_file())
        else:
            raise UnusableInputError(f"{tell_file(path)}: no such file or folder")


def _parse_next(path: Path, known: Container[str]) -> tuple[Dataset, int, int, None] | None:
    """What `_parse` gives, of an ordinary file of a series whose first header is there already; None for others."""
    plain = read_plain_header(path)
    if plain is None or el.element_text(plain[0], 0x0020000E) not in known:
        return None
    return plain[0], path.stat().st_size, plain[1], None


def _parse(path: Path) -> tuple[Dataset, int, int | None, str | None] | None:
    """Header, file size, the byte of Pixel Data, and how the file is cut short; None when the file is not DICOM.

    The byte is None without pixels and -1 when they are floats (7FE0,0008), (7FE0,0009), which are left to the decoder.
    """
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(132)
        if head[128:] != b"DICM" and not _begins_without_preamble(head):
            return None
        file.seek(0)
        try:
            dataset = pydicom.dcmread(file, stop_before_pixels=True, force=head[128:] != b"DICM")
        except InvalidDicomError:
            return None
        at = file.tell()
        follows = file.read(4)
    is_float = follows in (b"\xe0\x7f\x08\x00", b"\xe0\x7f\x09\x00")
    has_pixels = is_float or follows in (b"\xe0\x7f\x10\x00", b"\x7f\xe0\x00\x10")
    is_image = el.element_text(dataset, 0x00080016) in (PET, NM, CT) or 0x00280010 in dataset
    if is_image and not has_pixels:
        if str(dataset.file_meta.get("TransferSyntaxUID", "")) != "1.2.840.10008.1.2.1.99":
            return (
                dataset,
                size_bytes,
                None,
                f"truncated: an image header without Pixel Data (7FE0,0010) after {at} bytes",
            )
        has_pixels = True
    return dataset, size_bytes, (-1 if is_float else at) if has_pixels else None, None


def _begins_without_preamble(head: bytes) -> bool:
    begins_meta = head[:2] == b"\x02\x00" and head[3:6] in (b"\0UL", b"\0OB", b"\0UI")
    begins_data = head[:2] == b"\x08\x00" and head[3:4] == b"\0" and head[2] in (0x00, 0x01, 0x05, 0x08, 0x16)
    return len(head) == 132 and (begins_meta or begins_data)


def _reason(error: Exception) -> str:
    if isinstance(error, UnusableInputError):
        return str(error)
    return f"damaged or truncated: {type(error).__name__} while parsing the header"


def _head(uid: str, instance: Instance, header: Dataset) -> SeriesFiles:
    """A series without its files yet, from the header of the first of them."""
    return SeriesFiles(
        series_uid=uid,
        study_uid=el.element_text(header, 0x0020000D),
        modality=el.element_text(header, 0x00080060) or "",
        sop_class_uid=instance.sop_class_uid,
        description=el.element_text(header, 0x0008103E),
        identity=PatientIdentity(
            patient_id=el.decoded_text(header, 0x00100020),
            name=el.decoded_text(header, 0x00100010),
            birth_date=el.element_text(header, 0x00100030),
            sex=el.element_text(header, 0x00100040),
            issuer=el.decoded_text(header, 0x00100021),
        ),
        instances=(),
        header=header,
    )
