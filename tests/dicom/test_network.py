"""DICOM's network protocol and DICOMweb: what is kept, what is refused with which reason, and a real PACS asked."""

from __future__ import annotations

import datetime as dt
import gc
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import Request, urlopen

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.uid import generate_uid
from pynetdicom import AE
from tests.dicom.build import compressed, ct_slices, pet_slices, write
from tests.dicom.orthanc import DICOMWEB, ORTHANC, WHERE, Orthanc, free_port, running_orthanc

from lutrace.core import UnusableInputError
from lutrace.dicom import (
    Archive,
    ArchiveQuery,
    DimseArchive,
    FoundSeries,
    Inbox,
    Listening,
    PatientIdentity,
    Peer,
    Receiver,
    TlsFiles,
    WebAddress,
    WebArchive,
    check_connection,
    index_folder,
    read_series,
)
from lutrace.dicom.archive import parse_object, series_to_take

JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
pytestmark = pytest.mark.filterwarnings("ignore:.*socket:pytest.PytestUnraisableExceptionWarning")
pacs = pytest.mark.skipif(ORTHANC is None or DICOMWEB is None, reason=WHERE)


def send(
    port: int, datasets: list[FileDataset], *, aet: str = "SCANNER", tls: TlsFiles | None = None
) -> list[tuple[int, str]]:
    """Status and comment of each C-STORE, as a scanner would send it."""
    entity = AE(ae_title=aet)
    for uid in {str(one.SOPClassUID) for one in datasets}:
        for syntax in {str(one.file_meta.TransferSyntaxUID) for one in datasets}:
            entity.add_requested_context(uid, syntax)
    arguments = (tls.asking(), "localhost") if tls is not None else None
    association = entity.associate("localhost" if tls else "127.0.0.1", port, ae_title="LUTRACE", tls_args=arguments)
    if not association.is_established:
        return []
    answers = []
    for dataset in datasets:
        try:
            status = association.send_c_store(dataset)
        except ValueError:
            answers.append((-1, "no accepted context"))
            continue
        answers.append((status.Status, status.get("ErrorComment", "")))
    association.release()
    return answers


@pytest.fixture(autouse=True)
def _sockets_that_the_library_forgets() -> Iterator[None]:
    """A refused connection leaves pynetdicom's socket to the garbage collector: collected here, not in another test."""
    yield
    gc.collect()


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path / "inbox")


@pytest.fixture
def receiver(inbox: Inbox) -> Iterator[Receiver]:
    with Receiver(Listening("LUTRACE", free_port()), inbox.keep) as one:
        yield one


def files_of(inbox: Inbox) -> list[Path]:
    return sorted(inbox.folder.rglob("*.dcm"))


def test_what_is_sent_is_kept_as_it_was_and_named_by_nothing_of_the_patient(inbox: Inbox, receiver: Receiver) -> None:
    slices = pet_slices(5)
    assert send(receiver.listening.port, slices) == [(0, "")] * 5
    (series,) = index_folder([inbox.study_folder(slices[0].StudyInstanceUID)]).series
    image = read_series(series)
    stored = np.stack([one.pixel_array for one in slices]) * 2.5
    np.testing.assert_array_equal(image.volume.array, stored.astype(np.float32))
    names = " ".join(str(path.relative_to(inbox.folder)) for path in inbox.folder.rglob("*"))
    for word in ("SYN-1", "Synthetic", str(slices[0].StudyInstanceUID), str(slices[0].SOPInstanceUID)):
        assert word not in names


def test_the_same_object_sent_again_is_held_once_and_a_correction_replaces_it(inbox: Inbox, receiver: Receiver) -> None:
    slices = pet_slices(2)
    send(receiver.listening.port, slices)
    assert send(receiver.listening.port, slices) == [(0, "")] * 2
    assert (inbox.kept, inbox.held, inbox.replaced, len(files_of(inbox))) == (2, 2, 0, 2)
    slices[0].PatientWeight = 80
    assert send(receiver.listening.port, slices[:1]) == [(0, "")]
    assert (inbox.kept, inbox.replaced, len(files_of(inbox))) == (2, 1, 2)


def test_an_object_with_the_uid_of_another_patients_is_refused_and_the_first_stays(
    inbox: Inbox, receiver: Receiver
) -> None:
    slices = pet_slices(1)
    send(receiver.listening.port, slices)
    before = files_of(inbox)[0].read_bytes()
    slices[0].PatientID = "SYN-2"
    ((status, comment),) = send(receiver.listening.port, slices)
    assert status == 0xA900
    assert "another Patient ID" in comment
    assert files_of(inbox)[0].read_bytes() == before


def test_classes_that_nothing_reads_are_refused_and_counted_by_name(inbox: Inbox, receiver: Receiver) -> None:
    other = pet_slices(1)
    for dataset in other:
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = CAPTURE
    assert send(receiver.listening.port, [*pet_slices(1), *other]) == [(0, ""), (-1, "no accepted context")]
    assert receiver.refused_classes == {"Secondary Capture Image Storage": 1}
    assert len(files_of(inbox)) == 1


def test_a_lossy_object_is_refused_and_a_lossless_one_is_kept(inbox: Inbox, receiver: Receiver, tmp_path: Path) -> None:
    folder = write(tmp_path / "rle", compressed(ct_slices(1), "1.2.840.10008.1.2.5"))
    lossless = [dcmread(path) for path in folder.iterdir()]
    assert send(receiver.listening.port, lossless) == [(0, "")]
    entity = AE(ae_title="SCANNER")
    entity.add_requested_context(lossless[0].SOPClassUID, JPEG_BASELINE)
    association = entity.associate("127.0.0.1", receiver.listening.port)
    assert not association.accepted_contexts
    association.abort()
    lossy = replace(parse_object(files_of(inbox)[0].read_bytes()), transfer_syntax=JPEG_BASELINE)
    assert (
        inbox.keep(lossy) == "transfer syntax JPEG Baseline (Process 1): lossy or unknown; send the images without loss"
    )


def test_an_object_without_series_is_refused_with_the_reason(inbox: Inbox, receiver: Receiver) -> None:
    slices = pet_slices(1, SeriesInstanceUID=None)
    ((status, comment),) = send(receiver.listening.port, slices)
    assert status == 0xC000
    assert "lacks a UID" in comment
    assert files_of(inbox) == []


def test_only_the_callers_named_come_in(inbox: Inbox) -> None:
    with Receiver(Listening("LUTRACE", free_port(), callers=("GE_PET",)), inbox.keep) as receiver:
        assert send(receiver.listening.port, pet_slices(1), aet="STRANGER") == []
        assert send(receiver.listening.port, pet_slices(1), aet="GE_PET") == [(0, "")]
        assert receiver.refused_callers == 1


def test_who_calls_another_title_than_ours_is_refused_when_ours_must_be_called(inbox: Inbox) -> None:
    with Receiver(Listening("RESEARCH", free_port(), called_only=True), inbox.keep) as receiver:
        assert send(receiver.listening.port, pet_slices(1)) == []
        assert (receiver.refused_called, receiver.refused_callers) == (1, 0)
        check_connection(Peer("127.0.0.1", receiver.listening.port, "RESEARCH", "SCANNER"))


def test_an_echo_is_answered_and_a_silent_port_is_told(receiver: Receiver) -> None:
    check_connection(Peer("127.0.0.1", receiver.listening.port, "LUTRACE", "SCANNER"))
    with pytest.raises(UnusableInputError, match="no association with LUTRACE at 127"):
        check_connection(Peer("127.0.0.1", free_port(), "LUTRACE", "SCANNER"))
    with (
        pytest.raises(UnusableInputError, match="cannot be opened"),
        Receiver(receiver.listening, lambda _one: None),
    ):
        pass


def test_a_full_disk_is_an_answer_and_not_a_loss() -> None:
    def full(_object: object) -> str | None:
        raise OSError(28, "No space left on device")

    with Receiver(Listening("LUTRACE", free_port()), full) as receiver:
        ((status, comment),) = send(receiver.listening.port, pet_slices(1))
    assert (status, comment) == (0xA700, "cannot be stored: No space left on device")


@pytest.mark.parametrize("title", ["", " ", "SEVENTEEN_LETTERS", "A\\B", "ÄRZTE"])
def test_an_ae_title_that_the_standard_forbids_is_refused(title: str) -> None:
    with pytest.raises(UnusableInputError, match="AE title: expected 1 to 16 signs"):
        Listening(title, 11112)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="not run: needs openssl to make certificates")
def test_with_tls_only_callers_with_a_certificate_of_our_authority_come_in(inbox: Inbox, tmp_path: Path) -> None:
    for name in ("ours", "theirs"):
        words = f"req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout {name}.key -out {name}.pem"
        command = ["openssl", *words.split(), "-addext", "subjectAltName=DNS:localhost"]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    ours = TlsFiles(tmp_path / "ours.pem", tmp_path / "ours.pem", tmp_path / "ours.key")
    stranger = TlsFiles(tmp_path / "ours.pem", tmp_path / "theirs.pem", tmp_path / "theirs.key")
    with Receiver(Listening("LUTRACE", free_port(), tls=ours), inbox.keep) as receiver:
        assert send(receiver.listening.port, pet_slices(2), tls=ours) == [(0, "")] * 2
        assert send(receiver.listening.port, pet_slices(1), tls=stranger) == []
        assert send(receiver.listening.port, pet_slices(1)) == []
    with pytest.raises(UnusableInputError, match="a certificate and its key go together"):
        TlsFiles(certificate=tmp_path / "ours.pem").asking()


def test_a_query_for_everything_or_with_wildcards_is_refused() -> None:
    with pytest.raises(UnusableInputError, match="nobody wants the whole archive"):
        ArchiveQuery()
    with pytest.raises(UnusableInputError, match="found one with"):
        ArchiveQuery(("SYN*",))
    with pytest.raises(UnusableInputError, match="the first day before the last"):
        ArchiveQuery(modality="PT", first=dt.date(2023, 2, 1), last=dt.date(2023, 1, 1))
    assert ArchiveQuery(modality="PT", first=dt.date(2023, 2, 1)).study_date == "20230201-"


def test_a_token_is_never_sent_where_everybody_can_read_it() -> None:
    with pytest.raises(UnusableInputError, match="use https"):
        WebAddress("http://pacs.example/dicom-web", "secret")
    with pytest.raises(UnusableInputError, match="no user or password"):
        WebAddress("https://user:secret@pacs.example/dicom-web")


# What follows asks a real PACS.

STUDY = generate_uid()
OTHER_STUDY = generate_uid()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """Orthanc with one study of patient SYN-1 (PET, CT, secondary capture) and one of SYN-2 (CT)."""
    folder = tmp_path_factory.mktemp("orthanc")
    first = {"StudyInstanceUID": STUDY, "StudyDate": "20230517", "SeriesDescription": "PET AC"}
    pet = pet_slices(6, **first)
    ct, other, capture = ct_slices(4), ct_slices(3), pet_slices(1, **first)
    for dataset in ct:
        dataset.StudyInstanceUID, dataset.StudyDate = STUDY, "20230517"
    for dataset in other:
        dataset.StudyInstanceUID, dataset.StudyDate, dataset.PatientID = OTHER_STUDY, "20240101", "SYN-2"
    for dataset in capture:
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = CAPTURE
        dataset.Modality = "OT"
    with running_orthanc(folder) as running:
        for name, datasets in (("pet", pet), ("ct", ct), ("other", other), ("capture", capture)):
            running.hold(sorted(write(folder / name, datasets).iterdir()))
        yield running


def archives(server: Orthanc, inbox: Inbox) -> dict[str, Archive]:
    peer = Peer("127.0.0.1", server.dicom_port, "ORTHANC", "LUTRACE")
    return {
        "get": DimseArchive(peer, inbox.keep),
        "move": DimseArchive(peer, inbox.keep, "LUTRACE"),
        "web": WebArchive(WebAddress(f"{server.url}/dicom-web"), inbox.keep),
    }


@pytest.mark.server("orthanc", "orthanc-dicomweb")
@pacs
@pytest.mark.parametrize("way", ["get", "web"])
def test_a_study_is_found_by_patient_modality_and_date_with_its_readable_series(
    server: Orthanc, inbox: Inbox, way: str
) -> None:
    archive = archives(server, inbox)[way]

    def told(query: ArchiveQuery) -> list[tuple[str, str, int | None]]:
        return sorted((one.modality, one.study_uid, one.n_images) for one in archive.find_series(query))

    both = [("CT", STUDY, 4), ("PT", STUDY, 6)]
    other = [("CT", OTHER_STUDY, 3)]
    assert told(ArchiveQuery(("SYN-1",))) == both
    assert told(ArchiveQuery(("SYN-2", "SYN-1"))) == sorted(both + other)
    assert told(ArchiveQuery(modality="PT")) == both
    assert told(ArchiveQuery(first=dt.date(2023, 12, 31))) == other
    assert told(ArchiveQuery(("SYN-1",), first=dt.date(2023, 5, 18))) == []
    assert told(ArchiveQuery(("SYN-3",))) == []


@pytest.mark.server("orthanc", "orthanc-dicomweb")
@pacs
@pytest.mark.parametrize("way", ["get", "move", "web"])
def test_a_series_arrives_whole_and_only_the_missing_objects_are_fetched_again(
    server: Orthanc, inbox: Inbox, way: str
) -> None:
    archive = archives(server, inbox)[way]
    with Receiver(Listening("LUTRACE", server.our_port), inbox.keep):
        (series,) = [one for one in archive.find_series(ArchiveQuery(("SYN-1",))) if one.modality == "PT"]
        assert archive.fetch(series, None) is None
        uids = archive.find_instances(series)
        assert all(inbox.holds(series.study_uid, series.series_uid, uid) for uid in uids)
        (found,) = index_folder([inbox.study_folder(STUDY)]).series
        assert read_series(found).volume.array.shape[0] == 6
        victims = files_of(inbox)[:2]
        for path in victims:
            path.unlink()
        missing = [uid for uid in uids if not inbox.holds(series.study_uid, series.series_uid, uid)]
        assert archive.fetch(series, missing) is None
    assert (inbox.kept, inbox.held, len(files_of(inbox))) == (8, 0, 6)


@pytest.mark.server("orthanc", "orthanc-dicomweb")
@pacs
def test_an_unknown_move_destination_is_told(server: Orthanc, inbox: Inbox) -> None:
    peer = Peer("127.0.0.1", server.dicom_port, "ORTHANC", "LUTRACE")
    archive = DimseArchive(peer, inbox.keep, "NOBODY")
    (series,) = [one for one in archive.find_series(ArchiveQuery(("SYN-1",))) if one.modality == "PT"]
    assert archive.fetch(series, None) is not None
    assert files_of(inbox) == []


class _Gate(BaseHTTPRequestHandler):
    """Lets requests with the right token through to the server behind it, as a hospital's gateway does."""

    behind = ""

    def do_GET(self) -> None:
        if self.headers.get("Authorization") != "Bearer synthetic-token":
            self.send_error(401)
            return
        asked = Request(self.behind + self.path, headers={"Accept": self.headers["Accept"]})
        with urlopen(asked, timeout=30) as answer:
            body = answer.read()
            self.send_response(200)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        return


@pytest.mark.server("orthanc", "orthanc-dicomweb")
@pacs
def test_a_gateway_lets_the_token_in_and_its_refusal_names_no_patient(server: Orthanc, inbox: Inbox) -> None:
    gate = ThreadingHTTPServer(("127.0.0.1", 0), type("Gate", (_Gate,), {"behind": server.url}))
    thread = threading.Thread(target=gate.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{gate.server_address[1]}/dicom-web"
    try:
        archive = WebArchive(WebAddress(url, "synthetic-token"), inbox.keep)
        (series,) = [one for one in archive.find_series(ArchiveQuery(("SYN-1",))) if one.modality == "CT"]
        assert archive.fetch(series, None) is None
        assert inbox.kept == 4
        with pytest.raises(UnusableInputError, match="answers status 401; check the token") as refused:
            WebArchive(WebAddress(url, "wrong")).find_series(ArchiveQuery(("SYN-1",)))
        assert "SYN-1" not in str(refused.value)
    finally:
        gate.shutdown()
        gate.server_close()
        thread.join()


def test_a_series_of_another_patient_or_day_in_the_answers_is_left_out() -> None:
    """An archive that ignores a key answers too much."""

    def series(patient: str, day: int, modality: str, uid: str) -> FoundSeries:
        who = PatientIdentity(patient, None, None, None, None)
        return FoundSeries(f"study of {patient}", uid, modality, dt.date(2023, 5, day), None, None, who)

    answered = [
        series("A", 1, "PT", "1"),
        series("A", 1, "CT", "2"),
        series("A", 1, "SR", "3"),
        series("B", 1, "PT", "4"),
        series("A", 9, "PT", "5"),
    ]
    query = ArchiveQuery(("A",), "PT", dt.date(2023, 5, 1), dt.date(2023, 5, 2))
    assert [one.series_uid for one in series_to_take(answered, query)] == ["1", "2"]
