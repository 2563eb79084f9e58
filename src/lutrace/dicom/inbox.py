"""The inbox: objects received or fetched, each a file named by digests, kept for good before the sender is thanked."""

from __future__ import annotations

import os
import secrets
import threading
import time
from pathlib import Path

from lutrace.core import LutraceError, digest_of_bytes
from lutrace.dicom.archive import ReceivedObject, parse_object, refusal_of

FOLDER = "inbox"
_PARTIAL = ".partial"
_PENDING = ".pending"
_SIGNS = 24
_STALE_S = 600.0


class Inbox:
    """Objects below `folder` as `study/series/object.dcm`, all named by digests of their UIDs.

    The same object sent again is held once; with other content (a correction in the PACS) it replaces what was held,
    unless it names another patient: then it is refused. A file is whole before it has its name, so that a killed
    receiver leaves none half written. Each study with objects that are not yet in the registry has a mark.
    """

    def __init__(self, folder: Path) -> None:
        """Make the folder; half-written files of receivers killed long ago are removed."""
        self.folder = folder
        (folder / _PARTIAL).mkdir(parents=True, exist_ok=True)
        (folder / _PENDING).mkdir(exist_ok=True)
        for path in (folder / _PARTIAL).iterdir():
            if time.time() - path.stat().st_mtime > _STALE_S:
                path.unlink(missing_ok=True)
        self._lock = threading.Lock()
        self._marked: set[str] = set()
        self.last_arrival = time.monotonic()
        self.kept = self.held = self.replaced = 0
        self.refused: dict[str, int] = {}

    def keep(self, received: ReceivedObject) -> str | None:
        """Keep an object; returns None once it lies on the disk, or the reason why it is refused."""
        reason = refusal_of(received)
        with self._lock:
            self.last_arrival = time.monotonic()
            if reason is None:
                reason = self._keep(received)
            if reason is not None:
                self.refused[reason] = self.refused.get(reason, 0) + 1
        return reason

    def holds(self, study_uid: str, series_uid: str, sop_instance_uid: str) -> bool:
        """Whether an object lies here."""
        return self._place(study_uid, series_uid, sop_instance_uid).is_file()

    def study_folder(self, study_uid: str) -> Path:
        """Where the objects of a study lie."""
        return self.folder / _name(study_uid)

    def take_pending(self) -> dict[Path, tuple[Path, ...]]:
        """The studies with objects that are not in the registry yet, each with its marks; objects that arrive from now
        on make new marks.
        """
        with self._lock:
            self._marked.clear()
        pending: dict[Path, list[Path]] = {}
        for mark in sorted((self.folder / _PENDING).iterdir()):
            pending.setdefault(self.folder / mark.name.split(".")[0], []).append(mark)
        return {study: tuple(marks) for study, marks in pending.items()}

    @property
    def has_pending(self) -> bool:
        """Whether a study waits to be added."""
        return any((self.folder / _PENDING).iterdir())

    def _keep(self, received: ReceivedObject) -> str | None:
        study = _name(received.study_uid)
        path = self._place(received.study_uid, received.series_uid, received.sop_instance_uid)
        replaces = False
        if path.is_file():
            before = path.read_bytes()
            if before == received.content:
                self.held += 1
                return None
            if _patient_of(before) != received.patient_id:
                return "this SOP Instance UID came before with another Patient ID"
            replaces = True
        if study not in self._marked:
            mark = self.folder / _PENDING / f"{study}.{os.getpid()}-{secrets.token_hex(4)}"
            _write(mark, b"")
            self._marked.add(study)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.folder / _PARTIAL / f"{os.getpid()}-{secrets.token_hex(8)}"
        _write(partial, received.content)
        partial.replace(path)
        self.kept += not replaces
        self.replaced += replaces
        return None

    def _place(self, study_uid: str, series_uid: str, sop_instance_uid: str) -> Path:
        return self.study_folder(study_uid) / _name(series_uid) / f"{_name(sop_instance_uid)}.dcm"


def _name(uid: str) -> str:
    return digest_of_bytes([uid.encode()])[:_SIGNS]


def _patient_of(content: bytes) -> str | None:
    try:
        return parse_object(content).patient_id
    except LutraceError:
        return None


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
