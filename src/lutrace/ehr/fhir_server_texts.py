"""The texts of documents that a FHIR server keeps as Binary resources: each asked for by its id, of this server only.

Source: HL7 FHIR R4, "Binary": a read that accepts FHIR gives the resource; some servers give the content itself.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterator

from lutrace.core import HttpAddress, HttpAnswer, HttpService, HttpStatusError, Progress, UnusableInputError
from lutrace.ehr.fhir_binaries import attachments_of
from lutrace.ehr.fhir_elements import Resource, text
from lutrace.ehr.fhir_server import FHIR_JSON, Fetch, broken_off, explain
from lutrace.ehr.fhir_status import unread_status
from lutrace.ehr.fhir_texts import content_type, is_text

_ID = re.compile(r"(?!\.+$)[A-Za-z0-9.-]{1,64}")
_BINARY = "Binary"
_WITH_TEXTS = ("DocumentReference", "DiagnosticReport")
_NOT_GIVEN = (*range(300, 400), 400, 403, 404, 405, 406, 410, 415, 501)
"""Statuses that say of one text that it does not come: gone, forbidden, or kept on another server."""


def fetch_texts(service: HttpService, fetch: Fetch, progress: Progress) -> None:
    """The Binary resources that the documents fetched name as their text, as NDJSON in the folder of the fetch.

    Addresses that are not below the base of this server are not asked. What the server does not give is told in
    `fetch.notes`. Raises UnusableInputError when the server fails; the next call goes on with the text that failed.
    """
    ids = sorted(_ids_of_texts(service.address, fetch))
    size, done = fetch.state.get("texts", (0, 0))
    refused = Counter[str](fetch.state.get("refused", {}))
    fetch.cut(_BINARY, size)
    for place, name in enumerate(ids[done:], start=done + 1):
        try:
            answer = service.ask(f"{_BINARY}/{name}", headers=FHIR_JSON)
            size = fetch.append(_BINARY, [_binary_of(answer, name)])
        except HttpStatusError as error:
            if error.status not in _NOT_GIVEN:
                raise broken_off(f"text {place} of {len(ids)} of the documents", explain(error, fetch)) from None
            refused[str(error.status)] += 1
        except UnusableInputError as error:
            raise broken_off(f"text {place} of {len(ids)} of the documents", str(error)) from None
        fetch.save(texts=[size, place], refused=refused)
        progress("texts of documents", place, len(ids))
    if refused:
        told = ", ".join(f"{count} with status {status}" for status, count in sorted(refused.items()))
        fetch.notes.append(f"{refused.total()} of {len(ids)} texts of documents were not given by the server: {told}")


def _ids_of_texts(address: HttpAddress, fetch: Fetch) -> Iterator[str]:
    """The ids of the Binary resources that are asked for, one of each document at most; some may come twice."""
    seen: set[str] = set()
    for kind in _WITH_TEXTS:
        for document in fetch.written(kind):
            attachments = attachments_of(document)
            if unread_status(document) is not None or any(is_text(one) and text(one, "data") for one in attachments):
                continue
            named = (_id_below(address, text(one, "url")) for one in attachments if _may_be_text(one))
            name = next((found for found in named if found is not None), None)
            if name is not None and name not in seen:
                seen.add(name)
                yield name


def _may_be_text(attachment: Resource) -> bool:
    return is_text(attachment) or not content_type(attachment)


def _id_below(address: HttpAddress, url: str | None) -> str | None:
    """The id in the address of a Binary below the base of the server; None for every other address."""
    base = address.resolve(f"{_BINARY}/")
    whole = address.resolve(url).split("/_history/")[0] if url is not None else ""
    name = whole.removeprefix(base) if whole.startswith(base) else ""
    return name if _ID.fullmatch(name) is not None else None


def _binary_of(answer: HttpAnswer, name: str) -> Resource:
    """The resource that a server gave, or one of the content that it gave in its place."""
    kind = answer.headers.get("content-type", "")
    found = _parsed(answer) if "json" in kind else None
    if isinstance(found, dict) and found.get("resourceType") == _BINARY:
        return {**found, "id": name}
    data = base64.b64encode(answer.content).decode()
    return {"resourceType": _BINARY, "id": name, "contentType": kind, "data": data}


def _parsed(answer: HttpAnswer) -> object:
    try:
        return answer.json()
    except UnusableInputError:
        return None
