"""Tokens that expire: OAuth 2.0 client credentials (RFC 6749, section 4.4), as FHIR servers give them to programs."""

from __future__ import annotations

import base64
import threading
import time
from urllib.parse import quote

from lutrace.core.errors import UnusableInputError
from lutrace.core.http import FixedToken, HttpAddress, HttpService, HttpStatusError

_EARLIER_S = 30.0
_DEFAULT_LIFE_S = 300.0


class ClientCredentials:
    """The token of a program that has an id and a secret at a token server; a new one is got before it expires."""

    def __init__(self, address: HttpAddress, client_id: str, secret: str, scope: str | None = None) -> None:
        """Hold what is needed; nothing is asked yet. A secret over http to another machine is refused."""
        self._server = HttpService(address)
        HttpService(address, FixedToken(secret))
        told = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
        self._headers = {"Authorization": "Basic " + base64.b64encode(told.encode()).decode()}
        self._form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope is not None else {})
        self._lock = threading.Lock()
        self._token = ""
        self._until_s = 0.0

    def text(self) -> str:
        """The token that holds now. Raises UnusableInputError when the token server gives none."""
        with self._lock:
            if not self._token or time.monotonic() > self._until_s:
                self._get()
            return self._token

    def renew(self) -> bool:
        """Get another one."""
        with self._lock:
            self._get()
        return True

    def _get(self) -> None:
        shown = self._server.address.shown
        headers = {**self._headers, "Accept": "application/json"}
        try:
            answer = self._server.ask("", method="POST", form=self._form, headers=headers).json()
        except HttpStatusError as error:
            raise UnusableInputError(
                f"{shown} gives no token (status {error.status}); check the client id, the secret and the scope"
            ) from None
        if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str):
            raise UnusableInputError(f"{shown}: the answer holds no access_token; check the address of the tokens")
        life = answer.get("expires_in")
        self._token = answer["access_token"]
        life_s = float(life) if isinstance(life, int | float) else _DEFAULT_LIFE_S
        self._until_s = time.monotonic() + max(life_s - _EARLIER_S, 0.0)
