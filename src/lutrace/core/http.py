"""HTTP as the asking side: one session with retries, time limits, verified TLS, and errors that name no one.

`requests` is imported when a server is asked, so that the command line answers at once.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import urljoin, urlsplit

from lutrace.core.errors import UnusableInputError

# It would log the path and query of what is asked, and these hold identifiers.
logging.getLogger("urllib3").setLevel(logging.ERROR)

OWN_MACHINE = ("localhost", "127.0.0.1", "::1")
_AGAIN = (408, 429, 502, 503, 504)
_TRIES = 5
_CUT_OFF_TRIES = 3
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 60
_TIMEOUT_S = (10, 120)
_CHUNK = 1 << 18
Answered = TypeVar("Answered")


def is_address(source: str) -> bool:
    """Whether a source is the address of a server, not a path."""
    return source.lower().startswith(("http://", "https://"))


class AccessToken(Protocol):
    """What is sent as the bearer token, and how to get another one once the server refuses it."""

    def text(self) -> str:
        """The token that holds now."""

    def renew(self) -> bool:
        """Get a new token; False where there is no way to."""


@dataclass(frozen=True)
class FixedToken:
    """A token that somebody put into a file."""

    value: str = field(repr=False)

    def text(self) -> str:
        """The token."""
        return self.value

    def renew(self) -> bool:
        """There is no other."""
        return False


@dataclass(frozen=True)
class HttpAddress:
    """The base address of a service, what messages call it, and PEM files of whom to trust and of ourselves."""

    service: str
    url: str
    authorities: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        """Refuse other addresses than http(s), ones with a password in them, and files that are not there."""
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UnusableInputError(f"{self.service}: expected an address that begins with https:// or http://")
        if parts.username or parts.password:
            raise UnusableInputError(f"{self.service}: no user or password in the address; give a token in a file")
        for path in (self.authorities, self.certificate, self.key):
            if path is not None and not path.is_file():
                raise UnusableInputError(f"{self.service}: {path.name}: no such file")

    @property
    def shown(self) -> str:
        """The host for a message."""
        return f"{self.service} at {urlsplit(self.url).netloc}"

    def resolve(self, link: str) -> str:
        """The whole address of a path below the base (the base itself for an empty one); an absolute one stays."""
        return urljoin(self.url.rstrip("/") + "/", link) if link else self.url

    def is_own(self, url: str) -> bool:
        """Whether an address is of this very server: scheme, host and port."""
        return _origin(self.url) == _origin(url)


class HttpStatusError(UnusableInputError):
    """The server answered with an error; `status` and `content` are for who speaks its language, not for messages."""

    def __init__(self, shown: str, status: int, content: bytes = b"") -> None:
        """Store the parts; the message names the host and what to do."""
        self.status = status
        self.content = content
        super().__init__(f"{shown} answers status {status}; {_remedy(status)}")


@dataclass(frozen=True)
class HttpAnswer:
    """What a server answered; the names of `headers` are in lower case."""

    shown: str
    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """The content as JSON; raises UnusableInputError when it is none."""
        try:
            return json.loads(self.content)
        except ValueError as error:
            raise UnusableInputError(f"{self.shown}: the answer is no JSON; check the address") from error


class HttpService:
    """One server that is asked: retries where it is busy or breaks off, within limits of time and number."""

    def __init__(self, address: HttpAddress, token: AccessToken | None = None) -> None:
        """Hold a session; nothing is asked yet. A token over http to another machine is refused."""
        parts = urlsplit(address.url)
        if token is not None and parts.scheme == "http" and parts.hostname not in OWN_MACHINE:
            raise UnusableInputError(
                f"{address.service}: a token over http can be read by everybody on the way; use https"
            )
        self.address = address
        self._token = token
        self.session = _make_session(address, token)

    def ask(
        self,
        link: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> HttpAnswer:
        """The server's answer at `link` (below the base address, or absolute on the same server).

        `form` is sent as a form, `body` as JSON. Raises HttpStatusError for an error status, UnusableInputError for a
        link to another server or none at all that answers; messages hold no path, no query and no token.
        """
        url = self.address.resolve(link)
        if not self.address.is_own(url):
            raise UnusableInputError(
                f"{self.address.shown} links to another server; give the base address that it names itself by"
            )
        sent = {"method": method, "url": url, "headers": headers, "params": params, "data": form, "json": body}

        def once() -> HttpAnswer:
            with self.session.request(**sent, timeout=_TIMEOUT_S, allow_redirects=False) as response:
                named = {name.lower(): value for name, value in response.headers.items()}
                return HttpAnswer(self.address.shown, response.status_code, named, response.content)

        answer = self._renewing(once)
        if answer.status >= 300:
            raise HttpStatusError(self.address.shown, answer.status, answer.content)
        return answer

    def download(
        self, url: str, path: Path, *, headers: Mapping[str, str] | None = None, with_token: bool = True
    ) -> int:
        """Write what stands at an absolute address to `path` and give its size in bytes; all of it, or nothing.

        The token goes to this service's own server only, never to another one or on a redirect to one.
        """
        has_token = with_token and self.address.is_own(url)
        session = self.session if has_token else _make_session(self.address, None)
        part = path.with_name(path.name + ".part")

        def once() -> HttpAnswer:
            with session.get(url, headers=headers, timeout=_TIMEOUT_S, stream=True) as response:
                if response.status_code >= 300:
                    return HttpAnswer(self.address.shown, response.status_code, {}, response.content)
                _check_is_private(self.address, response.url)
                with part.open("wb") as file:
                    for chunk in response.iter_content(_CHUNK):
                        file.write(chunk)
            return HttpAnswer(self.address.shown, 200, {}, b"")

        answer = self._renewing(once)
        if answer.status >= 300:
            raise HttpStatusError(self.address.shown, answer.status, answer.content)
        part.replace(path)
        return path.stat().st_size

    def told(self, ask: Callable[[], Answered]) -> Answered:
        """What asking gives; errors of the network become ours, without the address asked, which may hold names."""
        from requests import exceptions

        try:
            return ask()
        except exceptions.HTTPError as error:
            status = error.response.status_code if error.response is not None else 0
            raise HttpStatusError(self.address.shown, status) from None
        except exceptions.SSLError:
            raise UnusableInputError(
                f"{self.address.shown}: its certificate cannot be trusted; name the authority's PEM file"
            ) from None
        except exceptions.RequestException as error:
            raise UnusableInputError(f"{self.address.shown} does not answer: {type(error).__name__}") from None

    def _renewing(self, once: Callable[[], HttpAnswer]) -> HttpAnswer:
        """The answer; asked again with a new token when the one sent was refused."""
        answer = self.told(lambda: _not_cut_off(once))
        if answer.status == 401 and self._token is not None and self._token.renew():
            answer = self.told(lambda: _not_cut_off(once))
        return answer


def _make_session(address: HttpAddress, token: AccessToken | None) -> Any:
    """A session of requests: retries, whom it trusts, no proxy and no password from the surroundings."""
    import requests
    from urllib3.util import Retry

    class Bearer(requests.auth.AuthBase):
        """The token as RFC 6750 sends it."""

        def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
            assert token is not None
            request.headers["Authorization"] = f"Bearer {token.text()}"
            return request

    session = requests.Session()
    session.trust_env = False
    session.auth = Bearer() if token is not None else None
    session.verify = str(address.authorities) if address.authorities is not None else True
    if address.certificate is not None:
        session.cert = (str(address.certificate), str(address.key)) if address.key else str(address.certificate)
    retry = Retry(
        total=_TRIES,
        connect=2,
        redirect=0,
        backoff_factor=_FIRST_WAIT_S,
        backoff_max=_LONGEST_WAIT_S,
        retry_after_max=_LONGEST_WAIT_S,
        status_forcelist=_AGAIN,
        allowed_methods=None,
        raise_on_status=False,
    )
    for scheme in ("https://", "http://"):
        session.mount(scheme, requests.adapters.HTTPAdapter(max_retries=retry))
    return session


def _not_cut_off(once: Callable[[], HttpAnswer]) -> HttpAnswer:
    """The answer whole: asked again when it broke off in the middle, which the session's retries do not see."""
    from requests import exceptions

    for _ in range(_CUT_OFF_TRIES - 1):
        try:
            return once()
        except (exceptions.ChunkedEncodingError, exceptions.ContentDecodingError):
            continue
    return once()


def _check_is_private(address: HttpAddress, url: str) -> None:
    """Refuse records that came over plain http from another machine, as after a redirect."""
    parts = urlsplit(url)
    if parts.scheme != "https" and urlsplit(address.url).scheme == "https" and parts.hostname not in OWN_MACHINE:
        raise UnusableInputError(f"{address.shown} leads to a plain http address; records travel by https only")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _remedy(status: int) -> str:
    if status in (401, 403):
        return "check the token"
    if status in _AGAIN:
        return "it is busy: run the command again later"
    if status >= 500:
        return "it failed: ask who runs it, or run the command again later"
    return "check the address"
