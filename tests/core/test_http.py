"""The HTTP session against a server that is busy, breaks off, refuses and leads elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lutrace.core import FixedToken, HttpAddress, HttpService, HttpStatusError, UnusableInputError


class Busy(BaseHTTPRequestHandler):
    """Each path behaves in its own way the first times that it is asked for; what was sent is kept."""

    asked: list[tuple[str, str | None]]
    elsewhere = ""

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers.get("Authorization")))
        times = sum(path == self.path for path, _ in self.asked)
        if self.path == "/base/busy" and times < 3:
            self.answer(429 if times == 1 else 503, b"", {"Retry-After": "0"})
        elif self.path == "/base/cut" and times < 3:
            self.answer(200, b"half", {"Content-Length": "9"})
        elif self.path.startswith("/base/never"):
            self.answer(503, b"", {"Retry-After": "0"})
        elif self.path == "/base/moved":
            self.answer(302, b"", {"Location": self.elsewhere})
        elif self.path == "/base/expired" and self.headers.get("Authorization") != "Bearer new":
            self.answer(401, b"")
        elif self.path == "/base/missing":
            self.answer(404, b"no patient SYN-1")
        else:
            self.answer(200, b'{"whole": 1}')

    def answer(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = True

    def log_message(self, *_arguments: object) -> None:
        return


class Renewed:
    """A token that expires once."""

    def __init__(self) -> None:
        self.value = "old"

    def text(self) -> str:
        return self.value

    def renew(self) -> bool:
        self.value = "new"
        return True


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first wait is a thousandth of a second and doubles from there, as it does from half a second."""
    monkeypatch.setattr("lutrace.core.http._FIRST_WAIT_S", 0.001)


Serve = Callable[[], tuple[str, list[tuple[str, str | None]]]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start such a server: its base address, and what it is asked."""
    running = []

    def start() -> tuple[str, list[tuple[str, str | None]]]:
        asked: list[tuple[str, str | None]] = []
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Mine", (Busy,), {"asked": asked}))
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.server_address[1]}/base", asked

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()


def service(url: str, token: FixedToken | Renewed | None = None) -> HttpService:
    return HttpService(HttpAddress("the server", url), token)


@pytest.mark.parametrize(("link", "times"), [("busy", 3), ("cut", 3), ("plain", 1)])
def test_a_busy_server_and_a_broken_answer_are_asked_again(serve: Serve, link: str, times: int) -> None:
    url, asked = serve()

    answer = service(url).ask(link)

    assert answer.json() == {"whole": 1}
    assert len(asked) == times


def test_a_server_that_stays_busy_is_given_up_and_the_message_names_no_query(serve: Serve) -> None:
    url, asked = serve()

    with pytest.raises(HttpStatusError, match="answers status 503; it is busy") as refused:
        service(url).ask("never", params={"identifier": "SYN-1"})

    assert len(asked) == 6  # once and five times again
    assert "SYN-1" not in str(refused.value)


def test_an_expired_token_is_renewed_once_and_a_fixed_one_is_refused(serve: Serve) -> None:
    url, asked = serve()

    assert service(url, Renewed()).ask("expired").status == 200
    assert [token for _, token in asked] == ["Bearer old", "Bearer new"]
    with pytest.raises(HttpStatusError, match="status 401; check the token"):
        service(url, FixedToken("secret-word")).ask("expired")
    assert "secret-word" not in repr(FixedToken("secret-word"))


def test_what_the_server_says_of_an_error_is_kept_apart_from_the_message(serve: Serve) -> None:
    url, _ = serve()

    with pytest.raises(HttpStatusError, match="status 404; check the address") as refused:
        service(url).ask("missing")

    assert refused.value.content == b"no patient SYN-1"
    assert "SYN-1" not in str(refused.value)


def test_a_link_to_another_server_is_not_followed(serve: Serve) -> None:
    url, _ = serve()
    other, asked = serve()

    with pytest.raises(UnusableInputError, match="links to another server"):
        service(url, FixedToken("t")).ask(f"{other}/plain")

    assert asked == []


def test_a_download_is_whole_or_not_there_and_its_token_stays_at_home(serve: Serve, tmp_path: Path) -> None:
    url, asked = serve()
    other, asked_elsewhere = serve()
    ours = service(url, FixedToken("t"))

    assert ours.download(f"{url}/cut", tmp_path / "file") == 12
    assert ours.download(f"{other}/plain", tmp_path / "other") == 12
    with pytest.raises(HttpStatusError, match="status 503"):
        ours.download(f"{url}/never", tmp_path / "none")

    assert (tmp_path / "file").read_bytes() == b'{"whole": 1}'
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "other"]
    assert {token for _, token in asked} == {"Bearer t"}
    assert asked_elsewhere == [("/base/plain", None)]


def test_a_redirect_takes_no_token_to_another_server(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, _ = serve()
    other, asked = serve()
    monkeypatch.setattr(Busy, "elsewhere", f"{other.replace('127.0.0.1', 'localhost')}/plain")

    service(url, FixedToken("t")).download(f"{url}/moved", tmp_path / "file")
    with pytest.raises(HttpStatusError, match="status 302"):
        service(url, FixedToken("t")).ask("moved")

    assert asked == [("/base/plain", None)]


def test_addresses_that_would_tell_a_secret_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableInputError, match="use https"):
        service("http://fhir.example/r4", FixedToken("t"))
    with pytest.raises(UnusableInputError, match="no user or password"):
        HttpAddress("the server", "https://user:word@fhir.example")
    with pytest.raises(UnusableInputError, match="begins with https"):
        HttpAddress("the server", "ftp://fhir.example")
    with pytest.raises(UnusableInputError, match=r"ca\.pem: no such file"):
        HttpAddress("the server", "https://fhir.example", tmp_path / "ca.pem")


def test_nobody_listening_is_told_without_the_address_asked() -> None:
    with pytest.raises(UnusableInputError, match=r"the server at 127\.0\.0\.1:9 does not answer: ConnectionError"):
        service("http://127.0.0.1:9").ask("Patient", params={"identifier": "SYN-1"})
