"""`lutrace pacs receive|find|pull`: what a PACS sends or holds, into the registry's inbox and from there into it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from lutrace.core import Progress, RegistryBusyError, Row, UnusableInputError, read_rows, silent, tell_file
from lutrace.dicom import (
    Archive,
    ArchiveQuery,
    DimseArchive,
    FoundSeries,
    Inbox,
    Keeper,
    Listening,
    Peer,
    Receiver,
    WebAddress,
    WebArchive,
)
from lutrace.ingest.file_names import holds_part_of
from lutrace.ingest.results import AddResult
from lutrace.ingest.scans_step import run_add_dicom
from lutrace.registry import Registry
from lutrace.tables import SCANS

INBOX_FOLDER = "inbox"
_QUIET_S = 2.0
_WAIT_S = 0.2
_SINGLE_FRAME = ("PT", "CT")
_OWN_MACHINE = ("127.0.0.1", "::1", "localhost")
Tell = Callable[[str], None]


@dataclass(frozen=True)
class PacsSource:
    """Where images are asked for: a DIMSE peer, which sends by C-MOVE to `listening` or else by C-GET, or DICOMweb."""

    peer: Peer | None = None
    listening: Listening | None = None
    web: WebAddress | None = None

    def archive(self, keep: Keeper | None = None) -> Archive:
        """The archive, which fetches into `keep`; raises UnusableInputError unless one address is given."""
        if self.web is not None and self.peer is None:
            return WebArchive(self.web, keep)
        if self.peer is not None and self.web is None:
            return DimseArchive(self.peer, keep, self.listening.aet if self.listening is not None else None)
        raise UnusableInputError("pacs: expected either --host, --port, --aec and --aet, or --dicomweb")


@dataclass(frozen=True)
class ReceiveResult:
    """How many objects were kept, were there already, replaced others and were refused, by reason; rows as of `add`."""

    kept: int
    held: int
    replaced: int
    refused: dict[str, int]
    rows: AddResult


@dataclass(frozen=True)
class PullResult:
    """How many series the archive holds, were in the registry or inbox already, were fetched, and lack objects."""

    found: int
    present: int
    fetched: int
    incomplete: int
    objects: int
    rows: AddResult
    warnings: tuple[str, ...] = ()


@dataclass
class _Adding:
    """The pending studies of an inbox into the registry, and what came of it so far."""

    registry_folder: Path
    inbox: Inbox
    jobs: int | None
    progress: Progress
    total: AddResult = field(default_factory=lambda: AddResult(0, 0, 0, 0))

    refused: dict[Path, int] = field(default_factory=dict)

    def add_pending(self) -> None:
        """Add the studies that wait, all at once; their marks go once they are added."""
        pending = self.inbox.take_pending()
        studies = [study for study in pending if study.is_dir()]
        if studies:
            self._add(studies)
        _unmark(pending.values())

    def add_pending_one_by_one(self) -> int:
        """Add the studies that wait, each by itself; returns how many.

        A study that was refused while it was still coming in counts by what became of it in the end.
        """
        pending = self.inbox.take_pending()
        for study, marks in pending.items():
            if study.is_dir():
                self.refused[study] = self._add([study]).quarantined
            _unmark([marks])
        return len(pending)

    def _add(self, studies: Sequence[Path]) -> AddResult:
        done = run_add_dicom(self.registry_folder, studies, progress=self.progress, jobs=self.jobs)
        self.total = self.total.plus(done)
        return done


def _unmark(marks: Iterable[Iterable[Path]]) -> None:
    for mark in (one for some in marks for one in some):
        mark.unlink(missing_ok=True)


def read_patient_ids(path: Path) -> tuple[str, ...]:
    """The patient identifiers of a file: one per line, or the column patient_id of a table by its ending.

    Raises UnusableInputError when the file has none.
    """
    if path.suffix.lower() in (".csv", ".tsv", ".xlsx", ".parquet"):
        values = [row.get("patient_id") for row in read_rows(path)]
    else:
        if not path.is_file():
            raise UnusableInputError(f"{tell_file(path)}: no such file; expected one patient identifier per line")
        values = list(path.read_text(encoding="utf-8-sig").splitlines())
    found = tuple(dict.fromkeys(str(value).strip() for value in values if value is not None and str(value).strip()))
    if not found:
        raise UnusableInputError(f"{tell_file(path)}: expected patient identifiers, found none")
    return found


def read_token(path: Path) -> str:
    """The token in a file, without the white space around it. Raises UnusableInputError when there is none."""
    token = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
    if not token or any(sign.isspace() for sign in token):
        raise UnusableInputError(f"{tell_file(path)}: expected a file with one token and nothing else")
    return token


def run_find(source: PacsSource, query: ArchiveQuery, *, identifiers: bool = False) -> list[Row]:
    """A row per series that the archive holds: patients and studies numbered, nobody named.

    With `identifiers` each row has them too. A series description that holds a part of the patient's name or
    identifier is withheld. Raises UnusableInputError when the archive cannot be asked.
    """
    found = _sorted(source.archive().find_series(query))
    patients = {one: n for n, one in enumerate(dict.fromkeys(_person(series) for series in found), start=1)}
    studies = {uid: n for n, uid in enumerate(dict.fromkeys(series.study_uid for series in found), start=1)}
    rows = []
    for series in found:
        row: Row = {
            "patient": patients[_person(series)],
            "study": studies[series.study_uid],
            "study_date": series.date,
            "modality": series.modality,
            "images": series.n_images,
            "description": _shown_description(series),
        }
        if identifiers:
            row |= {
                "patient_id": series.identity.patient_id,
                "patient_name": series.identity.name,
                "birth_date": series.identity.birth_date,
                "study_uid": series.study_uid,
                "series_uid": series.series_uid,
            }
        rows.append(row)
    return rows


def run_pull(
    registry_folder: Path,
    source: PacsSource,
    query: ArchiveQuery,
    *,
    jobs: int | None = None,
    progress: Progress = silent,
) -> PullResult:
    """Fetch all series that fit and are not there yet into the inbox, then add them to the registry.

    A series whose scan the registry holds is not fetched again, unless the archive has more images of it; of a series
    that was broken off, only the missing objects are fetched. Raises UnusableInputError when the archive cannot be
    asked, RegistryBusyError while another process writes.
    """
    inbox = Inbox(registry_folder / INBOX_FOLDER)
    asking = source.archive(inbox.keep)
    found = _sorted(asking.find_series(query))
    due = _due(registry_folder, found)
    adding = _Adding(registry_folder, inbox, jobs, progress)
    fetched, incomplete, warnings = 0, 0, list[str]()
    with _listening(source, inbox):
        for done, series in enumerate(due, start=1):
            before = inbox.kept + inbox.replaced
            reason = _fetch(asking, inbox, series)
            fetched += inbox.kept + inbox.replaced > before
            if reason is not None:
                incomplete += 1
                warnings.append(f"series {done} of {len(due)} ({series.modality}): {reason}; run the command again")
            progress("series fetched", done, len(due))
    adding.add_pending()
    present = len(found) - fetched - incomplete
    objects = inbox.kept + inbox.replaced
    return PullResult(len(found), max(present, 0), fetched, incomplete, objects, adding.total, tuple(warnings))


def run_receive(
    registry_folder: Path,
    listening: Listening,
    *,
    until_idle_s: float | None = None,
    jobs: int | None = None,
    tell: Tell | None = None,
    progress: Progress = silent,
) -> ReceiveResult:
    """Receive until nothing has come for `until_idle_s` seconds (for ever when None), adding what has come.

    A study is added when no association is open, or none has sent for two seconds. What a killed receiver had kept and
    not added is added at the start. Raises UnusableInputError when the port cannot be opened.
    """
    with Registry.open(registry_folder, write=False):
        inbox = Inbox(registry_folder / INBOX_FOLDER)
    adding = _Adding(registry_folder, inbox, jobs, progress)
    told: Tell = tell or (lambda _line: None)
    with Receiver(listening, inbox.keep) as receiver:
        told(f"listening as {listening.aet} on {listening.bind}:{listening.port}")
        if listening.bind not in _OWN_MACHINE and not listening.callers and listening.tls is None:
            told("warning: everybody who reaches this port may send; name the callers, or use TLS")
        for _ in _turns(inbox, receiver, until_idle_s):
            if inbox.has_pending and (not receiver.is_busy or _idle_s(inbox) > _QUIET_S):
                _add_patiently(adding, told)
        refused = {
            **inbox.refused,
            **{f"SOP class {k}: nothing reads it": n for k, n in receiver.refused_classes.items()},
        }
        if receiver.refused_callers:
            refused["the calling AE title is not allowed"] = receiver.refused_callers
        if receiver.refused_called:
            refused["another AE title than ours was called"] = receiver.refused_called
    rows = replace(adding.total, quarantined=sum(adding.refused.values()))
    return ReceiveResult(inbox.kept, inbox.held, inbox.replaced, refused, rows)


def _turns(inbox: Inbox, receiver: Receiver, until_idle_s: float | None) -> Iterator[None]:
    """One turn after the other until nothing has come for long enough, nobody sends, and nothing waits to be added."""
    while True:
        yield
        idle = until_idle_s is not None and _idle_s(inbox) >= until_idle_s
        if idle and not receiver.is_busy and not inbox.has_pending:
            return
        time.sleep(_WAIT_S)


def _idle_s(inbox: Inbox) -> float:
    return time.monotonic() - inbox.last_arrival


def _add_patiently(adding: _Adding, told: Tell) -> None:
    """Add; when another process writes the registry, what waits stays marked and is tried again."""
    try:
        added = adding.add_pending_one_by_one()
    except RegistryBusyError:
        time.sleep(_WAIT_S)
        return
    total = adding.total
    told(f"{added} studies read; so far {adding.inbox.kept} objects kept, rows added {total.added}")


@contextmanager
def _listening(source: PacsSource, inbox: Inbox) -> Iterator[None]:
    with Receiver(source.listening, inbox.keep) if source.listening is not None else nullcontext():
        yield


def _due(registry_folder: Path, found: Sequence[FoundSeries]) -> list[FoundSeries]:
    """The series that the registry lacks, or holds with fewer images than the archive; nothing is written for that."""
    with Registry.open(registry_folder, write=True, dry_run=True) as registry:
        slices = {row["scan_id"]: row["slices"] for row in registry.rows(SCANS)}
        due = []
        for series in found:
            held = slices.get(registry.pseudonym("series", series.series_uid))
            grown = series.modality in _SINGLE_FRAME and (series.n_images or 0) > (held or 0)
            if held is None or grown:
                due.append(series)
    return due


def _fetch(archive: Archive, inbox: Inbox, series: FoundSeries) -> str | None:
    """Fetch what the inbox lacks of a series; None, or why some is still missing."""
    uids = archive.find_instances(series)
    missing = [uid for uid in uids if not inbox.holds(series.study_uid, series.series_uid, uid)]
    if not missing:
        return None
    told = archive.fetch(series, None if len(missing) == len(uids) else missing)
    still = sum(not inbox.holds(series.study_uid, series.series_uid, uid) for uid in uids)
    if not still:
        return None
    return f"{still} of {len(uids)} objects did not arrive{f': {told}' if told else ''}"


def _sorted(found: Sequence[FoundSeries]) -> list[FoundSeries]:
    def place(series: FoundSeries) -> tuple[str, dt.date, str, str, str]:
        return _person(series), series.date or dt.date.min, series.study_uid, series.modality, series.series_uid

    return sorted(found, key=place)


def _person(series: FoundSeries) -> str:
    return series.identity.patient_id or ""


def _shown_description(series: FoundSeries) -> str | None:
    people = (series.identity.patient_id, series.identity.name)
    if series.description is not None and holds_part_of(series.description, people):
        return "(withheld: it holds a part of the patient's name or identifier)"
    return series.description
