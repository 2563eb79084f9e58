"""DICOM's own network protocol as the answering side: a C-STORE SCP that keeps what is read and says why not else."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from pydicom.uid import UID
from pynetdicom import AE, evt

from lutrace.core import UnusableInputError
from lutrace.dicom.archive import KEPT_CLASSES, KEPT_SYNTAXES, Keeper
from lutrace.dicom.network import ECHO, TlsFiles, check_aet, handle_store

_MOST_ASSOCIATIONS = 10


@dataclass(frozen=True)
class Listening:
    """Our AE title, where we listen, who may call (everybody when empty), and TLS when files are given.

    With `called_only` those who call another AE title than ours are refused.
    """

    aet: str
    port: int
    bind: str = "127.0.0.1"
    callers: Sequence[str] = ()
    tls: TlsFiles | None = None
    called_only: bool = False

    def __post_init__(self) -> None:
        """Check the AE titles; beyond this machine only known callers or TLS come in."""
        for title in (self.aet, *self.callers):
            check_aet(title)


@dataclass
class Receiver:
    """A running receiver; use it as a context manager. C-ECHO is answered, C-STORE goes to the keeper.

    Objects of classes that nothing reads are refused when the association is negotiated, and counted by class.
    Raises UnusableInputError when the port cannot be opened.
    """

    listening: Listening
    keep: Keeper
    refused_classes: dict[str, int] = field(default_factory=dict)
    refused_callers: int = 0
    refused_called: int = 0
    _server: Any = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Receiver:
        """Start listening."""
        entity = AE(ae_title=self.listening.aet)
        entity.maximum_associations = _MOST_ASSOCIATIONS
        entity.acse_timeout, entity.dimse_timeout, entity.network_timeout = 30, 60, 60
        entity.require_calling_aet = list(self.listening.callers)
        entity.require_called_aet = self.listening.called_only
        entity.add_supported_context(ECHO)
        for uid in KEPT_CLASSES:
            entity.add_supported_context(uid, list(KEPT_SYNTAXES))
        handlers = [
            (evt.EVT_C_STORE, handle_store, [self.keep]),
            (evt.EVT_ACCEPTED, self._note_refused_classes),
            (evt.EVT_REJECTED, self._note_refused),
        ]
        tls = self.listening.tls.answering() if self.listening.tls is not None else None
        place = (self.listening.bind, self.listening.port)
        try:
            self._server = entity.start_server(place, block=False, ssl_context=tls, evt_handlers=handlers)  # type: ignore[arg-type]
        except OSError as error:
            raise UnusableInputError(
                f"port {self.listening.port} of {self.listening.bind} cannot be opened: {error.strerror}; "
                "stop what listens there, or choose another"
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening; open associations are broken off."""
        if self._server is not None:
            for association in self._server.active_associations:
                association.abort()
            self._server.shutdown()
            self._server = None

    @property
    def is_busy(self) -> bool:
        """Whether an association is open."""
        return self._server is not None and bool(self._server.active_associations)

    def _note_refused_classes(self, event: evt.Event) -> None:
        kinds = {str(one.abstract_syntax) for one in event.assoc.rejected_contexts if one.abstract_syntax}
        with self._lock:
            for uid in kinds:
                name = UID(uid).name
                self.refused_classes[name] = self.refused_classes.get(name, 0) + 1

    def _note_refused(self, event: evt.Event) -> None:
        request: Any = event.assoc.requestor.primitive
        called = (getattr(request, "called_ae_title", None) or "").strip()
        with self._lock:
            if self.listening.called_only and called != self.listening.aet.strip():
                self.refused_called += 1
            else:
                self.refused_callers += 1
