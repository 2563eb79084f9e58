"""The records of a FHIR server as a folder of NDJSON files, by search or by bulk export."""

from __future__ import annotations

from pathlib import Path

from lutrace.core import HttpService, Progress, UnusableInputError, silent
from lutrace.ehr.fhir import RESOURCE_TYPES
from lutrace.ehr.fhir_bulk import fetch_by_bulk
from lutrace.ehr.fhir_files import ENDINGS
from lutrace.ehr.fhir_server import Fetch, FhirQuery
from lutrace.ehr.fhir_server_search import fetch_by_search
from lutrace.ehr.fhir_server_texts import fetch_texts


def fetch_fhir(service: HttpService, query: FhirQuery, inbox: Path, *, progress: Progress = silent) -> Fetch:
    """The fetch of a query, whole: its `folder` is read by `read_fhir`; then its `finish` lets the next one begin anew.

    Raises UnusableInputError when the server fails or has nothing; what was fetched is kept in `inbox`, and the next
    call goes on with it.
    """
    fetch = Fetch.open(inbox, service, query, RESOURCE_TYPES)
    by = fetch_by_search if query.bulk is None else fetch_by_bulk
    by(service, fetch, query, RESOURCE_TYPES, progress)
    fetch_texts(service, fetch, progress)
    files = [path for path in fetch.folder.iterdir() if path.suffix in ENDINGS and path.stat().st_size]
    if not files:
        fetch.finish()
        raise UnusableInputError(f"{service.address.shown}: has no record that fits; " + "; ".join(fetch.notes))
    return fetch
