"""Records from a FHIR server by Bulk Data Access (HL7, version 2): a job at the server, then its NDJSON files.

Source: HL7 FHIR Bulk Data Access IG 2.0.0, "Export": kick-off with `Prefer: respond-async`, polling of
`Content-Location`, manifest, files, deletion of the job.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lutrace.core import HttpAnswer, HttpService, HttpStatusError, Progress, UnusableInputError
from lutrace.ehr.fhir_elements import Resource, children, text
from lutrace.ehr.fhir_server import FHIR_JSON, Fetch, FhirQuery, broken_off, explain
from lutrace.ehr.fhir_server_search import fetch_missing_patients

_NDJSON = "application/fhir+ndjson"
_AT_ONCE = 4
_LONGEST_PAUSE_S = 120.0
_FIRST_PAUSE_S = 1.0
_PATHS = {"system": "$export", "patient": "Patient/$export", "group": "Group/{group}/$export"}


def fetch_by_bulk(
    service: HttpService, fetch: Fetch, query: FhirQuery, types: Sequence[str], progress: Progress
) -> None:
    """All files of an export of `types`, in the folder of the fetch; the job at the server is deleted then.

    A job that was begun before is waited for again, and files that are here are not fetched again. Raises
    UnusableInputError when the server fails or the export has expired; what is needed to go on is kept.
    """
    if "manifest" not in fetch.state:
        if "job" not in fetch.state:
            fetch.save(job=_begin(service, fetch, query, types))
        fetch.save(manifest=_wait(service, fetch, progress))
    manifest = fetch.state["manifest"]
    _download(service, fetch, manifest, progress)
    if query.since is not None:
        fetch_missing_patients(service, fetch)
    _tell(fetch)
    _delete_job(service, fetch)


def _begin(service: HttpService, fetch: Fetch, query: FhirQuery, types: Sequence[str]) -> str:
    """Ask for the export; the address at which it tells how far it is."""
    assert query.bulk is not None
    params = {"_outputFormat": _NDJSON, "_type": ",".join(types)}
    if query.since is not None:
        params["_since"] = query.instant
    headers = {**FHIR_JSON, "Prefer": "respond-async"}
    try:
        answer = service.ask(_PATHS[query.bulk].format(group=query.group), headers=headers, params=params)
    except HttpStatusError as error:
        raise UnusableInputError(f"the export was not begun: {explain(error, fetch)}") from None
    place = answer.headers.get("content-location")
    if answer.status != 202 or place is None:
        raise UnusableInputError(
            f"{service.address.shown}: expected status 202 and a Content-Location for an export, got status "
            f"{answer.status}; the server has no Bulk Data Access at this level: ask without --bulk"
        )
    return service.address.resolve(place)


def _wait(service: HttpService, fetch: Fetch, progress: Progress) -> dict[str, Any]:
    """The manifest, once the server has written all files."""
    asked = 0
    while True:
        try:
            answer = service.ask(fetch.state["job"], headers={"Accept": "application/json"})
        except HttpStatusError as error:
            if error.status not in (408, 429, 502, 503, 504):  # else the job goes on, and so does this when run again
                fetch.forget("job")
            raise UnusableInputError(f"the export failed: {explain(error, fetch)}") from None
        if answer.status == 200:
            break
        asked += 1
        progress("waiting for the export", asked, asked + 1)
        time.sleep(_pause_s(answer, asked))
    manifest = answer.json()
    if not isinstance(manifest, dict) or not isinstance(manifest.get("output"), list):
        raise UnusableInputError("the export has no manifest with an output; ask who runs the server")
    return manifest


def _pause_s(answer: HttpAnswer, asked: int) -> float:
    """Seconds until the next question: what the server says, else longer and longer."""
    told = answer.headers.get("retry-after", "")
    wanted = float(told) if told.isdecimal() else _FIRST_PAUSE_S * 2 ** min(asked - 1, 6)
    return min(wanted, _LONGEST_PAUSE_S)


def _download(service: HttpService, fetch: Fetch, manifest: dict[str, Any], progress: Progress) -> None:
    """Every file of the manifest that is not here yet, a few at a time."""
    listed = [("", one) for one in children(manifest, "output")]
    listed += [("error-", one) for one in children(manifest, "error")]
    listed += [("deleted-", one) for one in children(manifest, "deleted")]
    has_token = manifest.get("requiresAccessToken") is not False
    due = []
    for place, (prefix, one) in enumerate(listed, start=1):
        kind, url = text(one, "type") or "unknown", text(one, "url")
        path = fetch.folder / f"{prefix}{kind if kind.isalpha() else 'unknown'}.{place:05d}.{_ending(prefix)}"
        if url is None:
            raise UnusableInputError(
                f"the export's manifest names no address for file {place}; ask who runs the server"
            )
        if not path.exists():
            due.append((url, path))

    def get(wanted: tuple[str, Any]) -> None:
        service.download(
            service.address.resolve(wanted[0]), wanted[1], headers={"Accept": _NDJSON}, with_token=has_token
        )

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        futures = [pool.submit(get, one) for one in due]
        for done, future in enumerate(futures, start=len(listed) - len(due) + 1):
            try:
                future.result()
            except UnusableInputError as error:
                for waiting in futures:
                    waiting.cancel()
                raise _expired_or_broken(fetch, error, done, len(listed)) from None
            progress("files of the export", done, len(listed))


def _ending(prefix: str) -> str:
    """Only the files of `output` are read as records."""
    return "ndjson" if not prefix else "outcomes"


def _expired_or_broken(fetch: Fetch, error: UnusableInputError, place: int, total: int) -> UnusableInputError:
    if isinstance(error, HttpStatusError) and error.status in (403, 404, 410):
        fetch.forget("job", "manifest")
        for path in fetch.folder.glob("*.*.*"):
            path.unlink()
        return UnusableInputError(
            f"file {place} of {total} of the export is no longer there ({error}): the export has expired; "
            "run the same command again for a new one"
        )
    return broken_off(f"file {place} of {total} of the export", str(error))


def _tell(fetch: Fetch) -> None:
    """Notes on what the server could not export, and on what it has deleted."""
    for path in sorted(fetch.folder.glob("error-*.outcomes")):
        for outcome in _lines(path):
            fetch.notes.append(f"the server could not export all: {fetch.keep_outcome(outcome)}")
    deleted = sum(
        len(children(bundle, "entry")) for path in fetch.folder.glob("deleted-*.outcomes") for bundle in _lines(path)
    )
    if deleted:
        fetch.notes.append(
            f"{deleted} resources were deleted on the server since then; their rows stay: correct them by overrides"
        )


def _lines(path: Any) -> list[Resource]:
    with path.open("rb") as file:
        return [json.loads(line) for line in file if line.strip()]


def _delete_job(service: HttpService, fetch: Fetch) -> None:
    """Let the server remove its files; one that has no deletion keeps them until they expire."""
    try:
        service.ask(fetch.state["job"], method="DELETE", headers=FHIR_JSON)
    except HttpStatusError as error:
        if error.status not in (404, 405, 410, 501):
            fetch.notes.append(f"the export was not deleted at the server: {error}")
