"""Records from a FHIR server into a registry: a test double in a process of its own; no real server was met."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lutrace.cli.app import run
from lutrace.core import HttpAddress, HttpService, UnusableInputError
from lutrace.ehr import FhirQuery, fetch_fhir, read_fhir
from lutrace.ehr.fhir_server import Fetch
from lutrace.registry import Registry
from lutrace.tables import LABS, PATIENTS

Resource = dict[str, Any]
DOUBLE = Path(__file__).with_name("fhir_server_double.py")


@dataclass(frozen=True)
class Server:
    """The address of a double, and the log of what it was asked."""

    url: str
    log: Path

    @property
    def asked(self) -> list[list[Any]]:
        """Method, path, parameters and authorization of each request."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]

    def times(self, part: str) -> int:
        """How often a path with this part was asked for."""
        return sum(part in path for _, path, _, _ in self.asked)


Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a double with its resources and what else its plan holds."""
    running = []

    def begin(resources: list[Resource], **plan: Any) -> Server:
        number = len(running)
        path, log = tmp_path / f"plan{number}.json", tmp_path / f"log{number}"
        path.write_text(json.dumps({"resources": resources, **plan}), encoding="utf-8")
        log.touch()
        process = subprocess.Popen(
            [sys.executable, str(DOUBLE), str(path), str(log)], stdout=subprocess.PIPE, text=True
        )
        running.append(process)
        assert process.stdout is not None
        return Server(f"http://127.0.0.1:{int(process.stdout.readline())}/fhir", log)

    yield begin
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lutrace.core.http._FIRST_WAIT_S", 0.001)


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    Registry.create(tmp_path / "registry", profile_text="centre: Synthetic centre\n")
    return tmp_path / "registry"


@pytest.fixture
def records(patient: Resource, lab: Callable[..., Resource]) -> list[Resource]:
    """Two patients; five PSA values of the first, one of the second."""
    other = {**patient, "id": "p2", "identifier": [{**patient["identifier"][1], "value": "SYN-0002"}]}
    labs = [lab(date=f"2023-05-1{day}") for day in range(5)]
    theirs = {**lab(date="2023-06-01"), "id": "theirs", "subject": {"reference": "Patient/p2"}}
    return [patient, other, *labs, theirs]


def rows_of(registry: Path) -> tuple[int, int]:
    with Registry.open(registry, write=False) as opened:
        return len(opened.rows(PATIENTS)), len(opened.rows(LABS))


def add(registry: Path, server: Server, *options: str) -> int:
    return run(["add", "fhir", server.url, "--registry", str(registry), *options])


def opened(server: Server, inbox: Path, **asked: Any) -> Fetch:
    return fetch_fhir(HttpService(HttpAddress("FHIR server", server.url)), FhirQuery(**asked), inbox)


def fetch(server: Server, inbox: Path, **asked: Any) -> list[Resource]:
    found = opened(server, inbox, **asked)
    lines = [line for path in found.folder.glob("*.ndjson") for line in path.read_text(encoding="utf-8").splitlines()]
    return [json.loads(line) for line in lines]


def test_a_whole_server_comes_page_after_page_and_a_second_time_changes_nothing(
    start: Start, registry: Path, records: list[Resource], capsys: pytest.CaptureFixture[str]
) -> None:
    server = start(records)

    assert add(registry, server) == 0
    assert rows_of(registry) == (2, 6)
    assert server.times("/Observation") == 3  # six results, two a page
    assert "added 8" in capsys.readouterr().out
    assert add(registry, server) == 0
    assert "added 0, updated 0, unchanged 8" in capsys.readouterr().out
    assert server.times("/Observation") == 6


def test_a_list_of_patients_is_asked_for_by_post_so_that_no_address_holds_them(
    start: Start, registry: Path, records: list[Resource], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = start(records)
    wanted = tmp_path / "wanted.txt"
    wanted.write_text("SYN-0001\nSYN-0009\n", encoding="utf-8")

    assert add(registry, server, "--patients", str(wanted)) == 0

    assert rows_of(registry) == (1, 5)
    assert "1 of 2 patients are not on the server" in "".join(capsys.readouterr())
    first = [(method, path) for method, path, params, _ in server.asked if "identifier" in params]
    assert first == [("POST", "/fhir/Patient/_search")]


def test_the_members_of_a_group_and_what_changed_since_a_day(
    start: Start, tmp_path: Path, records: list[Resource]
) -> None:
    records[2]["meta"] = {"lastUpdated": "2020-01-01T00:00:00Z"}
    group = {"resourceType": "Group", "id": "g", "member": [{"entity": {"reference": "Patient/p1"}}]}

    found = fetch(start([*records, group]), tmp_path / "inbox", group="g", since="2021-01-01")

    assert sorted(one["id"] for one in found if one["resourceType"] == "Patient") == ["p1"]
    assert len([one for one in found if one["resourceType"] == "Observation"]) == 4


def test_medications_are_asked_for_by_reference_not_as_a_formulary(
    start: Start, tmp_path: Path, records: list[Resource], subject: Resource
) -> None:
    drugs = [{"resourceType": "Medication", "id": name} for name in ("given", "never")]
    given = {
        "resourceType": "MedicationStatement",
        "id": "m",
        "status": "completed",
        "subject": subject,
        "medicationReference": {"reference": "Medication/given"},
    }

    found = fetch(start([*records, *drugs, given]), tmp_path / "inbox")

    assert [one["id"] for one in found if one["resourceType"] == "Medication"] == ["given"]


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again(start: Start, tmp_path: Path, records: list[Resource], status: int) -> None:
    fault = {"at": "/Observation", "from": 2, "times": 2, "status": status, "headers": {"Retry-After": "0"}}
    server = start(records, faults=[fault])

    assert len(fetch(server, tmp_path / "inbox")) == len(records)
    assert server.times("/Observation") == 5


def test_tokens_that_expire_are_renewed_and_never_told(
    start: Start, registry: Path, records: list[Resource], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = start(records, uses=2)
    token_url = server.url.replace("/fhir", "/token")
    (tmp_path / "secret").write_text("synthetic-secret\n", encoding="utf-8")
    access = tmp_path / "access.yaml"
    oauth = f"oauth:\n  token_url: {token_url}\n  client_id: program\n  secret_file: secret\n"
    access.write_text(oauth, encoding="utf-8")

    assert add(registry, server, "--access", str(access)) == 0

    assert rows_of(registry) == (2, 6)
    assert server.times("/token") >= 3
    told = "".join(capsys.readouterr())
    kept = b"".join(path.read_bytes() for path in registry.rglob("*") if path.is_file())
    for secret in ("synthetic-secret", "program", "token-0"):
        assert secret not in told
        assert secret.encode() not in kept


def test_a_wrong_token_is_refused_with_what_to_do(
    start: Start, registry: Path, records: list[Resource], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "token").write_text("wrong-word\n", encoding="utf-8")

    assert add(registry, start(records, uses=1), "--token-file", str(tmp_path / "token")) == 2

    told = capsys.readouterr().err
    assert "answers status 401; check the token" in told
    assert "wrong-word" not in told


def test_a_server_that_fails_half_way_is_gone_on_with(
    start: Start, registry: Path, records: list[Resource], capsys: pytest.CaptureFixture[str]
) -> None:
    server = start(records, faults=[{"at": "/Observation", "from": 4, "times": 1, "status": 500}])

    assert add(registry, server) == 2
    told = capsys.readouterr().err
    assert "Observation, page 3" in told
    assert "(OperationOutcome: error exception)" in told
    assert "SYN-0001" not in told
    assert rows_of(registry) == (0, 0)
    before = len(server.asked)
    assert add(registry, server) == 0
    assert rows_of(registry) == (2, 6)
    assert [path for _, path, _, _ in server.asked[before:]] == ["/fhir/metadata", "/fhir/Observation"]


@pytest.mark.parametrize("body", ["{broken", '{"resourceType": "Parameters"}'])
def test_a_page_that_is_no_bundle_stops_the_search_and_the_next_run_reads_it_again(
    start: Start, registry: Path, records: list[Resource], body: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server = start(records, faults=[{"at": "/Observation", "from": 2, "times": 1, "status": 200, "body": body}])

    assert add(registry, server) == 2
    assert "Observation, page 2" in capsys.readouterr().err
    assert add(registry, server) == 0
    assert rows_of(registry) == (2, 6)


def test_a_search_whose_place_the_server_forgot_begins_again_without_doubles(
    start: Start, registry: Path, records: list[Resource]
) -> None:
    faults = [
        {"at": "/Observation", "from": 4, "times": 1, "status": 500},
        {"at": "/Observation", "from": 4, "times": 1, "status": 410},
    ]
    server = start(records, faults=faults)

    assert add(registry, server) == 2
    assert add(registry, server) == 0
    (file,) = registry.rglob("Observation.ndjson")
    assert len(file.read_text(encoding="utf-8").splitlines()) == 6


def test_a_type_that_the_server_does_not_give_is_told_and_the_others_are_read(
    start: Start, registry: Path, records: list[Resource], capsys: pytest.CaptureFixture[str]
) -> None:
    fault = {"at": "/Procedure", "times": 9, "status": 403, "body": {"resourceType": "OperationOutcome"}}
    server = start(records, kinds=["Procedure"], faults=[fault])

    assert add(registry, server) == 0

    told = "".join(capsys.readouterr())
    assert rows_of(registry) == (2, 6)
    assert "Procedure: not read, FHIR server at" in told
    assert "cannot search AdverseEvent" in told


def test_pages_that_lead_back_to_one_that_was_read_end(start: Start, tmp_path: Path, records: list[Resource]) -> None:
    again = {"relation": "next", "url": "Patient?from=0"}
    page = {"resourceType": "Bundle", "link": [again], "entry": [{"resource": records[0]}]}

    with pytest.raises(UnusableInputError, match="Patient, page 3: its pages lead back"):
        fetch(start(records, faults=[{"at": "/Patient", "times": 9, "status": 200, "body": page}]), tmp_path / "inbox")


def test_pages_on_another_host_and_another_fhir_are_refused(
    start: Start, tmp_path: Path, records: list[Resource]
) -> None:
    with pytest.raises(UnusableInputError, match="links to another server"):
        fetch(start(records, other_base="http://localhost:9/fhir"), tmp_path / "a")
    with pytest.raises(UnusableInputError, match=r"speaks FHIR 5\.0\.0, expected 4\.0"):
        fetch(start(records, version="5.0.0"), tmp_path / "b")
    with pytest.raises(UnusableInputError, match="has no record that fits"):
        fetch(start([]), tmp_path / "c")


@pytest.mark.parametrize("level", ["system", "patient", "group"])
def test_a_bulk_export_is_waited_for_fetched_read_and_deleted(
    start: Start, registry: Path, records: list[Resource], level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server = start(records, polls=2)

    assert add(registry, server, "--bulk", level, *(["--group", "g"] if level == "group" else [])) == 0

    assert rows_of(registry) == (2, 6)
    told = "".join(capsys.readouterr())
    assert "could not export all: error not-found" in told
    assert "1 resources were deleted on the server" in told
    assert "SYN-0001" not in told
    kickoff = {"system": "$export", "patient": "Patient/$export", "group": "Group/g/$export"}[level]
    assert server.times(f"/fhir/{kickoff}") == 1
    assert ["DELETE", "/fhir/job/1"] in [asked[:2] for asked in server.asked]
    (_, _, params, _) = server.asked[0]
    assert "Observation" in params["_type"].split(",")


def test_patients_who_did_not_change_are_asked_for_beside_an_export_of_changes(
    start: Start, registry: Path, records: list[Resource]
) -> None:
    server = start(records, unchanged=["Patient"])

    assert add(registry, server, "--bulk", "patient", "--since", "2024-01-01") == 0

    assert rows_of(registry) == (2, 6)
    assert [params["_since"] for _, path, params, _ in server.asked if path.endswith("$export")] == [
        "2024-01-01T00:00:00Z"
    ]
    assert [params["_id"] for _, path, params, _ in server.asked if "Patient/_search" in path] == ["p1,p2"]


def test_a_bulk_export_broken_off_goes_on_with_the_files_that_lack(
    start: Start, registry: Path, records: list[Resource], capsys: pytest.CaptureFixture[str]
) -> None:
    server = start(records, faults=[{"at": "/file/Patient", "times": 1, "status": 500}])

    assert add(registry, server, "--bulk", "patient") == 2
    assert "file 2 of 4 of the export" in capsys.readouterr().err
    assert add(registry, server, "--bulk", "patient") == 0
    assert rows_of(registry) == (2, 6)
    assert (server.times("$export"), server.times("/file/Observation")) == (1, 1)


def test_an_expired_bulk_export_is_begun_anew(
    start: Start, registry: Path, records: list[Resource], capsys: pytest.CaptureFixture[str]
) -> None:
    server = start(records, uses=100, faults=[{"at": "/file/Patient", "times": 1, "status": 410}])
    token = registry.parent / "token"
    token.write_text("token-0", encoding="utf-8")
    service = HttpService(HttpAddress("tokens", server.url.replace("/fhir", "/token")))
    basic = {"Authorization": "Basic cHJvZ3JhbTpzeW50aGV0aWMtc2VjcmV0"}
    service.ask("", method="POST", form={"grant_type": "client_credentials"}, headers=basic)

    assert add(registry, server, "--bulk", "patient", "--token-file", str(token)) == 2
    assert "the export has expired" in capsys.readouterr().err
    assert add(registry, server, "--bulk", "patient", "--token-file", str(token)) == 0
    assert rows_of(registry) == (2, 6)
    assert server.times("$export") == 2


def document(name: str, *attachments: Resource, **more: Any) -> Resource:
    """A document whose texts stand elsewhere."""
    return {
        "resourceType": "DocumentReference",
        "id": name,
        "status": "current",
        "subject": {"reference": "Patient/p1"},
        "date": "2023-06-02",
        "content": [{"attachment": one} for one in attachments],
        **more,
    }


def at(url: str, kind: str | None = "text/plain") -> Resource:
    return {"contentType": kind, "url": url} if kind is not None else {"url": url}


def binary(name: str, words: str = "Größe 2 cm.", kind: str = "text/plain; charset=utf-8") -> Resource:
    data = base64.b64encode(words.encode()).decode()
    return {"resourceType": "Binary", "id": name, "contentType": kind, "data": data}


def texts_of(fetched: Fetch) -> list[str]:
    return sorted(letter.text for batch in read_fhir(fetched.folder) for letter in batch.letters)


@pytest.fixture
def with_texts(patient: Resource) -> list[Resource]:
    """Three documents whose texts are Binary resources of the server, and one that no document names."""
    return [
        patient,
        *(binary(name, f"text {name}") for name in ("b1", "b2", "b3")),
        binary("never"),
        document("relative", at("Binary/b1")),
        document("untyped", at("Binary/b2", None), at("Binary/never", "application/pdf")),
        document("absolute", at("{BASE}/Binary/b3/_history/7"), at("Binary/never", "text/html")),
    ]


TEXTS = ["text b1", "text b2", "text b3"]


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("bulk", [None, "patient"])
def test_texts_kept_as_binaries_of_the_server_are_asked_for_by_id(
    start: Start, tmp_path: Path, with_texts: list[Resource], native: bool, bulk: str | None
) -> None:
    server = start(with_texts, native=native, unchanged=["Binary"])

    found = opened(server, tmp_path / "inbox", bulk=bulk)

    assert texts_of(found) == TEXTS
    asked = [path for _, path, _, _ in server.asked if "/Binary" in path]
    assert asked == [f"/fhir/Binary/{name}" for name in ("b1", "b2", "b3")]


def test_texts_of_another_host_or_place_or_of_no_document_that_counts_are_never_asked_for(
    start: Start, registry: Path, patient: Resource, capsys: pytest.CaptureFixture[str]
) -> None:
    other = start([])
    urls = [f"{other.url}/Binary/b1", "{BASE}/../archive/Binary/b1", "/Binary/b1", "Binary/../Patient/p1"]
    urls += ["urn:uuid:b1", "{BASE}/Binary/..", "{BASE}/Binary/b1/more"]
    documents = [document(f"d{number}", at(url)) for number, url in enumerate(urls)]
    held = document("held", at("Binary/b1"), {"contentType": "text/plain", "data": "VGV4dA=="})
    gone = document("gone", at("Binary/b1"), status="superseded")
    server = start([patient, *documents, held, gone, binary("b1")])

    assert add(registry, server) == 0

    told = "".join(capsys.readouterr())
    assert "DocumentReference (text at an address outside the export)" in told
    assert other.asked == [] and server.times("Binary") == 0
    assert server.times("archive") == 0


def test_a_text_that_the_server_does_not_give_is_told_and_the_others_are_read(
    start: Start, registry: Path, with_texts: list[Resource], capsys: pytest.CaptureFixture[str]
) -> None:
    lost = document("lost", at("Binary/gone"))
    server = start([*with_texts, lost], faults=[{"at": "/Binary/b2", "times": 9, "status": 403}])

    assert add(registry, server) == 0

    told = "".join(capsys.readouterr())
    assert "2 of 4 texts of documents were not given by the server: 1 with status 403, 1 with status 404" in told
    with Registry.open(registry, write=False) as kept:
        assert sorted(one.text for one in kept.letters().values()) == ["text b1", "text b3"]


def test_texts_broken_off_go_on_with_the_one_that_failed(
    start: Start, tmp_path: Path, with_texts: list[Resource]
) -> None:
    server = start(with_texts, faults=[{"at": "/Binary/b2", "times": 1, "status": 500}])

    with pytest.raises(UnusableInputError, match=r"text 2 of 3 of the documents: .* run the same command again"):
        opened(server, tmp_path / "inbox")

    assert texts_of(opened(server, tmp_path / "inbox")) == TEXTS
    asked = [path[-2:] for _, path, _, _ in server.asked if "/Binary" in path]
    assert asked == ["b1", "b2", "b2", "b3"]


@pytest.mark.parametrize("body", ["{broken", '{"resourceType": "OperationOutcome"}'])
def test_an_answer_that_is_no_binary_is_counted_and_the_others_are_read(
    start: Start, tmp_path: Path, with_texts: list[Resource], body: str
) -> None:
    headers = {"Content-Type": "application/fhir+json"}
    fault = {"at": "/Binary/b1", "times": 1, "status": 200, "body": body, "headers": headers}

    found = opened(start(with_texts, faults=[fault]), tmp_path / "inbox")

    assert texts_of(found) == TEXTS[1:]
    assert (
        sum(batch.unread.get("Binary (application/fhir+json: not read)", 0) for batch in read_fhir(found.folder)) == 1
    )


def test_a_broken_line_of_an_export_does_not_hide_its_other_texts(
    start: Start, tmp_path: Path, with_texts: list[Resource]
) -> None:
    named = next(one for one in with_texts if one["id"] == "relative")
    lines = "{broken\n" + json.dumps(named) + "\n"
    fault = {"at": "/file/DocumentReference", "times": 1, "status": 200, "body": lines}
    server = start(with_texts, faults=[fault], unchanged=["Binary"])

    assert texts_of(opened(server, tmp_path / "inbox", bulk="patient")) == ["text b1"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"patients": ("a",), "group": "g"}, "the patients or a group"),
        ({"patients": ("a",), "bulk": "patient"}, "no list"),
        ({"since": "01.02.2024"}, "expects a day or an instant"),
        ({"bulk": "group"}, "go together"),
        ({"bulk": "patient", "group": "g"}, "go together"),
    ],
)
def test_questions_that_no_server_can_answer_are_refused(asked: Resource, words: str) -> None:
    with pytest.raises(UnusableInputError, match=words):
        FhirQuery(**asked)
