"""DICOM's own network protocol as the asking side: C-ECHO, C-FIND, C-MOVE and C-GET (PS3.4, annexes A to C)."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import AE, _config, build_context, build_role, evt
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext

from lutrace.core import UnusableInputError
from lutrace.dicom import elements as el
from lutrace.dicom.archive import (
    KEPT_CLASSES,
    KEPT_SYNTAXES,
    ArchiveQuery,
    FoundSeries,
    Keeper,
    found_series,
    parse_object,
    series_to_take,
)

# The library would log queries and answers, which hold identifiers.
_config.LOG_HANDLER_LEVEL = "none"
_config.LOG_REQUEST_IDENTIFIERS = False
_config.LOG_RESPONSE_IDENTIFIERS = False
logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)

ECHO = "1.2.840.10008.1.1"
_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
_GET = "1.2.840.10008.5.1.4.1.2.2.3"
"""Verification, and the study root information model (PS3.4 C.6.2)."""

_PENDING = (0xFF00, 0xFF01)
_AT_ONCE = 100
"""Objects named in one request."""

STATUS = {
    0xA700: "out of resources",
    0xA701: "out of resources: cannot count the matches",
    0xA702: "out of resources: cannot send the images",
    0xA801: "the move destination is not known to the archive; enter our AE title, host and port there",
    0xA900: "the query does not fit the archive's model",
    0xB000: "some of the images could not be sent",
    0xFE00: "cancelled",
    0x0122: "SOP class not supported",
    0x0124: "not authorised",
}
"""What the statuses mean that an archive answers. DICOM PS3.4 C.4, PS3.7 annex C."""


@dataclass(frozen=True)
class TlsFiles:
    """PEM files: whom to trust (the system's authorities when None), and our own certificate with its key."""

    authorities: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def asking(self) -> ssl.SSLContext:
        """The context of the side that asks; the other side's certificate is checked, its host name too."""
        return _with_own(ssl.create_default_context(cafile=self.authorities), self)

    def answering(self) -> ssl.SSLContext:
        """The context of the side that answers; with authorities, only callers with a certificate of theirs come in."""
        if self.certificate is None:
            raise UnusableInputError("TLS: the receiving side needs its own certificate and key")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.authorities is not None:
            context.load_verify_locations(self.authorities)
            context.verify_mode = ssl.CERT_REQUIRED
        return _with_own(context, self)


@dataclass(frozen=True)
class Peer:
    """An archive: where it listens, its AE title and ours."""

    host: str
    port: int
    called_aet: str
    calling_aet: str
    tls: TlsFiles | None = None

    def __post_init__(self) -> None:
        """Check the AE titles. DICOM PS3.5 6.2: 1 to 16 signs."""
        for title in (self.called_aet, self.calling_aet):
            check_aet(title)

    @property
    def shown(self) -> str:
        """The peer for a message."""
        return f"{self.called_aet} at {self.host}:{self.port}"


def check_aet(title: str) -> None:
    """Raise UnusableInputError unless `title` can be an AE title: 1 to 16 printable ASCII signs, no backslash."""
    plain = title.strip()
    if not (0 < len(plain) <= 16 and plain.isascii() and plain.isprintable() and "\\" not in plain):
        raise UnusableInputError(f"AE title: expected 1 to 16 signs without a backslash, found {title!r}")


def check_connection(peer: Peer) -> None:
    """C-ECHO: raise UnusableInputError with the reason unless the peer answers."""
    with _associated(peer, [build_context(ECHO)]) as association:
        status = association.send_c_echo()
        _check_status(status, peer, "echo", expected=(0x0000,))


@dataclass(frozen=True)
class DimseArchive:
    """An archive asked by C-FIND; it sends by C-MOVE to the AE title `move_to`, or by C-GET when that is None."""

    peer: Peer
    keep: Keeper | None = None
    move_to: str | None = None

    def find_series(self, query: ArchiveQuery) -> tuple[FoundSeries, ...]:
        """The series of kinds that are read, of all studies that fit the query. Study root, study then series level."""
        found: list[FoundSeries] = []
        with _associated(self.peer, [build_context(_FIND)]) as association:
            studies: dict[str, Dataset] = {}
            for patient_id in query.patient_ids or ("",):
                for study in self._ask(association, _study_keys(query, patient_id)):
                    uid = el.element_text(study, 0x0020000D)
                    if uid is not None:
                        studies[uid] = study
            for uid, study in studies.items():
                answers = self._ask(association, _series_keys(uid))
                found += [one for one in (found_series(study, series) for series in answers) if one is not None]
        return series_to_take(found, query)

    def find_instances(self, series: FoundSeries) -> tuple[str, ...]:
        """The SOP Instance UIDs of a series."""
        keys = _keys("IMAGE", StudyInstanceUID=series.study_uid, SeriesInstanceUID=series.series_uid, SOPInstanceUID="")
        with _associated(self.peer, [build_context(_FIND)]) as association:
            answers = self._ask(association, keys)
        uids = [el.element_text(answer, 0x00080018) for answer in answers]
        return tuple(dict.fromkeys(uid for uid in uids if uid is not None))

    def fetch(self, series: FoundSeries, uids: Sequence[str] | None) -> str | None:
        """Have a series, or these of its objects, sent; None, or why some are missing."""
        keys = {"StudyInstanceUID": series.study_uid, "SeriesInstanceUID": series.series_uid}
        if uids is None:
            requests = [_keys("SERIES", **keys)]
        else:
            parts = [list(uids[start : start + _AT_ONCE]) for start in range(0, len(uids), _AT_ONCE)]
            requests = [_keys("IMAGE", **keys, SOPInstanceUID=part) for part in parts]
        contexts, roles, handlers = self._fetching()
        with _associated(self.peer, contexts, roles=roles, handlers=handlers) as association:
            reasons = [self._send(association, request) for request in requests]
        return next((reason for reason in reasons if reason is not None), None)

    def _fetching(self) -> tuple[list[PresentationContext], list[Any], list[Any]]:
        if self.move_to is not None:
            return [build_context(_MOVE)], [], []
        contexts = [build_context(_GET)]
        contexts += [build_context(uid, syntax) for uid in KEPT_CLASSES for syntax in KEPT_SYNTAXES]
        roles = [build_role(uid, scp_role=True) for uid in KEPT_CLASSES]
        return contexts, roles, [(evt.EVT_C_STORE, handle_store, [self.keep])]

    def _send(self, association: Association, request: Dataset) -> str | None:
        if self.move_to is not None:
            answers = association.send_c_move(request, self.move_to, _MOVE)
        else:
            answers = association.send_c_get(request, _GET)
        last = Dataset()
        for status, _ in answers:
            last = status
        code = last.get("Status")
        if code == 0x0000 and not last.get("NumberOfFailedSuboperations"):
            return None
        if code is None:
            return "the archive broke the connection off"
        failed = last.get("NumberOfFailedSuboperations")
        return f"{_meaning(code)}{f' ({failed} failed)' if failed else ''}"

    def _ask(self, association: Association, keys: Dataset) -> list[Dataset]:
        answers = []
        with el.quiet_parsing():
            for status, answer in association.send_c_find(keys, _FIND):
                _check_status(status, self.peer, "query", expected=(0x0000, *_PENDING))
                if answer is not None:
                    answers.append(answer)
        return answers


def handle_store(event: evt.Event, keep: Keeper) -> Dataset:
    """Answer a C-STORE: success only once the object is kept for good, else a status with the reason (PS3.4 B.2.3)."""
    try:
        received = parse_object(event.encoded_dataset())
        request: Any = event.request
        if received.sop_class_uid != request.AffectedSOPClassUID:
            return _answer(0xA900, "SOP class: the object is of another class than announced")
        reason = keep(received)
    except UnusableInputError as error:
        return _answer(0xC000, str(error))
    except OSError as error:
        return _answer(0xA700, f"cannot be stored: {error.strerror or type(error).__name__}")
    return _answer(0x0000, "") if reason is None else _answer(0xA900, reason)


def _answer(status: int, comment: str) -> Dataset:
    answer = Dataset()
    answer.Status = status
    if comment:
        answer.ErrorComment = comment[:64]
    return answer


@contextmanager
def _associated(
    peer: Peer, contexts: list[PresentationContext], *, roles: Sequence[Any] = (), handlers: Sequence[Any] = ()
) -> Iterator[Association]:
    entity = AE(ae_title=peer.calling_aet)
    entity.acse_timeout, entity.dimse_timeout, entity.network_timeout = 30, 600, 600
    tls = (peer.tls.asking(), peer.host) if peer.tls is not None else None
    association = entity.associate(
        peer.host,
        peer.port,
        contexts=contexts,
        ae_title=peer.called_aet,
        ext_neg=list(roles),
        tls_args=tls,
        evt_handlers=list(handlers),
    )
    if not association.is_established:
        raise UnusableInputError(f"no association with {peer.shown}: {_why_not(association)}")
    try:
        if not any(one.abstract_syntax == contexts[0].abstract_syntax for one in association.accepted_contexts):
            raise UnusableInputError(f"{peer.shown} does not offer {UID(str(contexts[0].abstract_syntax)).name}")
        yield association
    finally:
        if association.is_established:
            association.release()


def _why_not(association: Association) -> str:
    primitive: Any = association.acceptor.primitive
    if association.is_rejected and primitive is not None:
        return f"{primitive.result_str}, {primitive.reason_str}; check the AE titles that the archive allows"
    return "nothing there answers (host, port, TLS?)"


def _check_status(status: Dataset, peer: Peer, what: str, *, expected: Sequence[int]) -> None:
    code = status.get("Status")
    if code is None:
        raise UnusableInputError(f"{peer.shown} broke the connection off during the {what}; try again")
    if code not in expected:
        raise UnusableInputError(f"{peer.shown} refuses the {what}: {_meaning(code)}")


def _meaning(code: int) -> str:
    words = STATUS.get(code)
    return f"{words} (status {code:04X})" if words else f"status {code:04X}"


def _study_keys(query: ArchiveQuery, patient_id: str) -> Dataset:
    return _keys(
        "STUDY",
        PatientID=patient_id,
        PatientName="",
        PatientBirthDate="",
        StudyDate=query.study_date,
        StudyInstanceUID="",
        ModalitiesInStudy=query.modality or "",
    )


def _series_keys(study_uid: str) -> Dataset:
    return _keys(
        "SERIES",
        StudyInstanceUID=study_uid,
        SeriesInstanceUID="",
        Modality="",
        SeriesDate="",
        SeriesDescription="",
        NumberOfSeriesRelatedInstances="",
    )


def _keys(level: str, **values: Any) -> Dataset:
    keys = Dataset()
    keys.QueryRetrieveLevel = level
    if level == "STUDY":
        keys.SpecificCharacterSet = "ISO_IR 192"
    for name, value in values.items():
        setattr(keys, name, value)
    return keys


def _with_own(context: ssl.SSLContext, files: TlsFiles) -> ssl.SSLContext:
    if (files.certificate is None) != (files.key is None):
        raise UnusableInputError("TLS: a certificate and its key go together; give both")
    if files.certificate is not None:
        context.load_cert_chain(files.certificate, files.key)
    return context
