"""From a PACS into the registry by the command line: received, killed, found, pulled, and nobody named."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import FileDataset
from pynetdicom import AE
from tests.dicom.build import ct_slices
from tests.dicom.orthanc import DICOMWEB, ORTHANC, WHERE, Orthanc, free_port, running_orthanc
from tests.ingest.small_centre import write_scan

from lutrace.cli.app import run
from lutrace.core import Row, UnusableInputError
from lutrace.dicom import Listening, Peer
from lutrace.ingest import (
    ArchiveQuery,
    PacsSource,
    profile_template,
    read_patient_ids,
    read_token,
    run_add_dicom,
    run_pull,
    run_receive,
)
from lutrace.registry import Registry
from lutrace.tables import QUARANTINE, SCANS

NAME, PERSON = "Mustermann^Erika", "SYN-4711"
SECRETS = ("mustermann", "erika", "syn-4711", "19510704")
RECEIVER = "import sys; from lutrace.cli.app import run; sys.exit(run(sys.argv[1:]))"

pytestmark = pytest.mark.filterwarnings("ignore:.*socket:pytest.PytestUnraisableExceptionWarning")
pacs = pytest.mark.skipif(ORTHANC is None or DICOMWEB is None, reason=WHERE)


@pytest.fixture(autouse=True)
def _sockets_that_the_library_forgets() -> Iterator[None]:
    yield
    gc.collect()


def as_person(dataset: FileDataset, _number: int = 0) -> None:
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = NAME, PERSON, "19510704"
    dataset.StudyDate, dataset.StudyTime = "20230518", "090000"


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A SPECT of 16 and a CT of 3 files, one study, named like the patient."""
    folder = tmp_path_factory.mktemp("scanner")
    paths = []
    raw = tmp_path_factory.mktemp("raw")
    for number, path in enumerate(sorted(write_scan(raw, 0).iterdir())):
        dataset = dcmread(path)
        as_person(dataset)
        dataset.SeriesDescription = "SPECT Mustermann AC"
        dataset.save_as(folder / f"Mustermann_Erika_{number:02d}.dcm", enforce_file_format=True)
        paths.append(folder / f"Mustermann_Erika_{number:02d}.dcm")
    for number, dataset in enumerate(ct_slices(3, edit=as_person)):
        dataset.SeriesDescription = "CT low dose"
        dataset.save_as(folder / f"ct{number}.dcm", enforce_file_format=True)
        paths.append(folder / f"ct{number}.dcm")
    return paths


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    return made(tmp_path / "registry")


def made(folder: Path) -> Path:
    """A registry whose pseudonyms are those of every other one made here."""
    Registry.create(folder, profile_text=profile_template(), secret=b"synthetic")
    return folder


def scans_of(registry: Path) -> list[Row]:
    with Registry.open(registry, write=False) as opened:
        assert opened.rows(QUARANTINE) == []
        return opened.rows(SCANS)


def told_by(scans: list[Row]) -> list[tuple[str, int]]:
    return sorted((row["modality"], row["slices"]) for row in scans)


def start_receiver(registry: Path, port: int, *more: str) -> subprocess.Popen[str]:
    words = [
        "pacs",
        "receive",
        "--registry",
        str(registry),
        "--aet",
        "LUTRACE",
        "--port",
        str(port),
        "--jobs",
        "1",
        *more,
    ]
    process = subprocess.Popen(
        [sys.executable, "-c", RECEIVER, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert process.stderr.readline() == f"listening as LUTRACE on 127.0.0.1:{port}\n"
    return process


def send(port: int, paths: list[Path], *, pause_s: float = 0.0) -> int:
    """Send files until the receiver is gone; returns how many were thanked for."""
    entity = AE(ae_title="SCANNER")
    for uid in {str(dcmread(path, stop_before_pixels=True).SOPClassUID) for path in paths}:
        entity.add_requested_context(uid, "1.2.840.10008.1.2.1")
    association = entity.associate("127.0.0.1", port, ae_title="LUTRACE")
    thanked = 0
    for path in paths:
        if not association.is_established:
            break
        thanked += association.send_c_store(path).get("Status") == 0
        time.sleep(pause_s)
    if association.is_established:
        association.release()
    return thanked


def test_what_is_received_lies_in_the_registry_once_the_sender_has_gone(registry: Path, images: list[Path]) -> None:
    port = free_port()
    process = start_receiver(registry, port, "--until-idle", "2", "--json")
    assert send(port, images) == len(images)
    assert send(port, images) == len(images)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    told = json.loads(out)
    assert told["objects"] == {"kept": 19, "held": 19, "replaced": 0, "refused": {}}
    assert told_by(scans_of(registry)) == [("CT", 3), ("PT", 16)]


@pytest.mark.parametrize(("words", "taken"), [(["--aet", "RESEARCH"], 0), ([], 19)])
def test_once_our_title_is_stated_only_those_who_call_it_come_in(
    words: list[str], taken: int, registry: Path, images: list[Path]
) -> None:
    port = free_port()
    call = ["pacs", "receive", "--registry", str(registry), "--port", str(port), *words, "--until-idle", "2", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-c", RECEIVER, *call, "--jobs", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith("listening as ")
    assert send(port, images) == taken  # the sender calls LUTRACE
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    refused = {"another AE title than ours was called": 1} if taken == 0 else {}
    assert json.loads(out)["objects"]["refused"] == refused


@pytest.mark.slow
def test_a_killed_receiver_loses_and_doubles_nothing(registry: Path, images: list[Path], tmp_path: Path) -> None:
    port = free_port()
    sent = [images[:7], images[7:]]
    process = start_receiver(registry, port)
    assert send(port, sent[0]) == 7
    process.kill()
    process.communicate()
    process = start_receiver(registry, port)
    thanked: list[int] = []
    sender = threading.Thread(target=lambda: thanked.append(send(port, sent[1], pause_s=0.05)))
    sender.start()
    time.sleep(0.3)
    process.kill()
    process.communicate()
    sender.join()
    assert 0 < thanked[0] < len(sent[1])
    process = start_receiver(registry, port, "--until-idle", "3", "--json")
    assert send(port, images) == len(images)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    told = json.loads(out)["objects"]
    assert told["held"] >= 7 + thanked[0]
    assert told["held"] + told["kept"] == len(images)
    calm = made(tmp_path / "calm")
    run_add_dicom(calm, [images[0].parent], jobs=1)
    without_source = [[{**row, "source_id": None} for row in scans_of(one)] for one in (registry, calm)]
    assert without_source[0] == without_source[1]
    assert told_by(scans_of(calm)) == [("CT", 3), ("PT", 16)]


def test_what_a_killed_receiver_had_kept_is_added_at_the_next_start(registry: Path, images: list[Path]) -> None:
    from lutrace.dicom import Inbox
    from lutrace.dicom.archive import parse_object

    inbox = Inbox(registry / "inbox")
    for path in images:
        assert inbox.keep(parse_object(path.read_bytes())) is None
    result = run_receive(registry, Listening("LUTRACE", free_port()), until_idle_s=0.0, jobs=1)
    assert (result.kept, result.rows.added) == (0, 2)
    again = run_receive(registry, Listening("LUTRACE", free_port()), until_idle_s=0.0, jobs=1)
    assert (again.rows.added, again.rows.unchanged) == (0, 0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, images: list[Path]) -> Iterator[Orthanc]:
    with running_orthanc(tmp_path_factory.mktemp("orthanc")) as running:
        running.hold(images)
        yield running


def address(server: Orthanc, way: str) -> list[str]:
    if way == "web":
        return ["--dicomweb", f"{server.url}/dicom-web"]
    own = ["--receive-port", str(server.our_port)] if way == "move" else []
    return ["--host", "127.0.0.1", "--port", str(server.dicom_port), "--aec", "ORTHANC", "--aet", "LUTRACE", *own]


@pytest.mark.server("orthanc", "orthanc-dicomweb")
@pacs
@pytest.mark.parametrize("way", ["get", "web"])
def test_find_shows_what_is_there_and_nobody_by_name_unless_asked(
    server: Orthanc, way: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "patients.txt").write_text(f"{PERSON}\n", encoding="utf-8")
    words = ["pacs", "find", *address(server, way), "--patient-file", str(tmp_path / "patients.txt")]
    assert run(words) == 0
    shown = capsys.readouterr()
    assert all(secret not in (shown.out + shown.err).casefold() for secret in SECRETS)
    assert run([*words, "--json"]) == 0
    out = capsys.readouterr().out
    assert all(secret not in out.casefold() for secret in SECRETS)
    rows: list[dict[str, Any]] = json.loads(out)["series"]
    assert [(row["patient"], row["study"], row["modality"], row["images"]) for row in rows] == [
        (1, 1, "CT", 3),
        (1, 1, "PT", 16),
    ]
    assert [row["description"] for row in rows] == [
        "CT low dose",
        "(withheld: it holds a part of the patient's name or identifier)",
    ]
    assert run([*words, "--json", "--identifiers"]) == 0
    asked = json.loads(capsys.readouterr().out)["series"]
    assert {row["patient_id"] for row in asked} == {PERSON}


@pytest.mark.server("orthanc", "orthanc-dicomweb")
@pacs
@pytest.mark.parametrize("way", ["get", "move", "web"])
def test_pull_fetches_what_is_not_there_yet_and_nothing_twice(
    server: Orthanc, registry: Path, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["pacs", "pull", "--registry", str(registry), *address(server, way), "--modality", "PT"]
    words += ["--from", "2023-05-01", "--to", "2023-05-31", "--jobs", "1", "--json"]
    assert run(words) == 0
    first = json.loads(capsys.readouterr().out)
    assert first["series"] == {"found": 2, "present": 0, "fetched": 2, "incomplete": 0}
    assert first["objects"] == 19
    assert told_by(scans_of(registry)) == [("CT", 3), ("PT", 16)]
    for path in (registry / "inbox").rglob("*.dcm"):
        path.unlink()
    assert run(words) == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["series"]["present"], again["objects"], again["rows"]["added"]) == (2, 0, 0)


@pytest.mark.server("orthanc", "orthanc-dicomweb")
@pacs
def test_a_pull_that_was_broken_off_goes_on_with_what_is_missing(
    server: Orthanc, registry: Path, images: list[Path]
) -> None:
    from lutrace.dicom import Inbox
    from lutrace.dicom.archive import parse_object

    inbox = Inbox(registry / "inbox")
    for path in images[:10]:
        assert inbox.keep(parse_object(path.read_bytes())) is None
    source = PacsSource(Peer("127.0.0.1", server.dicom_port, "ORTHANC", "LUTRACE"))
    result = run_pull(registry, source, ArchiveQuery((PERSON,)), jobs=1)
    assert (result.objects, result.incomplete) == (9, 0)
    assert told_by(scans_of(registry)) == [("CT", 3), ("PT", 16)]


@pytest.mark.server("orthanc", "orthanc-dicomweb")
@pacs
def test_an_archive_that_cannot_be_reached_or_used_is_one_paragraph_without_a_name(
    server: Orthanc, registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "patients.txt").write_text(f"{PERSON}\n", encoding="utf-8")
    wrong = ["--dicomweb", f"{server.url}/nothing-here"]
    silent = ["--host", "127.0.0.1", "--port", str(free_port()), "--aec", "ORTHANC"]
    for where in (wrong, silent):
        words = ["pacs", "pull", "--registry", str(registry), *where, "--patient-file", str(tmp_path / "patients.txt")]
        assert run(words) == 2
        shown = capsys.readouterr()
        assert shown.err.startswith("error: ")
        assert len(shown.err.splitlines()) == 1
        assert all(secret not in (shown.out + shown.err).casefold() for secret in SECRETS)


@pytest.mark.server("orthanc", "orthanc-dicomweb")
@pacs
@pytest.mark.parametrize("way", ["get", "move", "web"])
def test_no_identifier_stands_in_logs_output_or_file_names(
    server: Orthanc, registry: Path, way: str, tmp_path: Path
) -> None:
    """The whole command in a process of its own that logs everything that any library says."""
    (tmp_path / "patients.txt").write_text(f"{PERSON}\n", encoding="utf-8")
    words = ["pacs", "pull", "--registry", str(registry), *address(server, way)]
    words += ["--patient-file", str(tmp_path / "patients.txt"), "--jobs", "1"]
    script = "import logging; logging.basicConfig(level=logging.DEBUG); " + RECEIVER
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    said = (done.stdout + done.stderr).casefold()
    assert [secret for secret in SECRETS if secret in said] == []
    names = " ".join(str(path.relative_to(registry)) for path in registry.rglob("*")).casefold()
    assert [secret for secret in SECRETS if secret in names] == []
    holding = {
        path.relative_to(registry).parts[0]
        for path in registry.rglob("*")
        if path.is_file() and any(word in path.read_bytes() for word in (b"Mustermann", PERSON.encode()))
    }
    assert holding == {"identities.duckdb", "inbox"}


def test_patients_and_tokens_are_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("A-1\n\n A-2 \nA-1\n", encoding="utf-8")
    (tmp_path / "list.csv").write_text("patient_id,x\nA-1,1\n007,2\n", encoding="utf-8")
    (tmp_path / "token").write_text("abc\n", encoding="utf-8")
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    assert read_patient_ids(tmp_path / "list.txt") == ("A-1", "A-2")
    assert read_patient_ids(tmp_path / "list.csv") == ("A-1", "007")
    assert read_token(tmp_path / "token") == "abc"
    for read in (read_token, read_patient_ids):
        for name in ("empty", "absent"):
            with pytest.raises(UnusableInputError):
                read(tmp_path / name)


def test_calls_that_cannot_be_meant_are_refused(registry: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, reason in (
        (["pacs", "find", "--modality", "PT"], "expected --host, --port and --aec"),
        (["pacs", "find", "--host", "h", "--port", "104", "--aec", "A"], "nobody wants the whole archive"),
        (["pacs", "find", "--dicomweb", "https://h/d", "--host", "h", "--modality", "PT"], "--dicomweb goes without"),
        (["pacs", "find", "--dicomweb", "pacs.example", "--modality", "PT"], "begins with https://"),
    ):
        assert run(words) == 2
        assert reason in capsys.readouterr().err
