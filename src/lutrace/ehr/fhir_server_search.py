"""Records from a FHIR server by search: type after type, page after page, in a way that goes on where it stopped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lutrace.core import HttpAnswer, HttpService, HttpStatusError, Progress, UnusableInputError
from lutrace.ehr.fhir_elements import Resource, child, children, number, text
from lutrace.ehr.fhir_server import (
    FHIR_JSON,
    Fetch,
    FhirQuery,
    broken_off,
    explain,
    read_capabilities,
    searchable_types,
)

PAGE_SIZE = 500
_PATIENTS_AT_ONCE = 50
_IDS_AT_ONCE = 100
_BY_SUBJECT = "AdverseEvent"
"""The type whose patient is found by `subject`: R4 defines no search parameter `patient` for it."""
_PATIENT = re.compile(rb'"reference"\s*:\s*"(?:[^"]*/)?Patient/([A-Za-z0-9.-]{1,64})')
_NO_SUCH_SEARCH = (400, 403, 404, 405, 410, 501)
_MEDICATION = "Medication"


@dataclass(frozen=True)
class _Job:
    """One search: a type and its parameters; `name` tells it from the others of this fetch."""

    kind: str
    name: str
    params: Mapping[str, str]


@dataclass
class _Place:
    """How far a search has come: the link to the next page, and where its resources begin in the file, in bytes."""

    name: str
    start: int
    next: str | None = None
    pages: int = 0
    found: int = 0
    total: int | None = None

    @property
    def is_last(self) -> bool:
        """Whether the last page was read."""
        return self.pages > 0 and self.next is None

    def pass_by(self, bundle: Resource, found: int) -> None:
        """Go behind a page."""
        self.next = next((text(one, "url") for one in children(bundle, "link") if one.get("relation") == "next"), None)
        self.pages += 1
        self.found += found
        total = number(bundle, "total")
        self.total = int(total) if total is not None else self.total

    def begin_again(self) -> None:
        """Go back before the first page."""
        self.next, self.pages, self.found, self.total = None, 0, 0, None


def fetch_by_search(
    service: HttpService, fetch: Fetch, query: FhirQuery, types: Sequence[str], progress: Progress
) -> None:
    """All resources of `types` that fit the query, as NDJSON in the folder of the fetch.

    A type that the server cannot search is told in `fetch.notes`. Raises UnusableInputError, naming type and page,
    when the server fails: what was fetched is kept, and the next call goes on there.
    """
    capabilities = read_capabilities(service)
    known = searchable_types(capabilities)
    wanted = [kind for kind in types if kind not in ("Patient", _MEDICATION) and kind in known]
    absent = sorted(set(types) - known - {_MEDICATION})
    if absent:
        fetch.notes.append(f"the server says that it cannot search {', '.join(absent)}: not asked")
    patients = _find_patients(service, fetch, query)
    jobs = [job for kind in wanted for job in _jobs(kind, patients, query)]
    for done, job in enumerate(jobs, start=1):
        _run(service, fetch, job)
        progress("searches", done, len(jobs) + 1)
    for job in _medication_jobs(fetch, wanted):
        _run(service, fetch, job)
    progress("searches", len(jobs) + 1, len(jobs) + 1)
    _tell_missing(fetch, query)


def fetch_missing_patients(service: HttpService, fetch: Fetch) -> None:
    """The Patient resources that what was fetched refers to and lacks: an export of changes holds none that did not."""
    held = {text(one, "id") for one in fetch.written("Patient")}
    named: set[str] = set()
    for path in sorted(fetch.folder.glob("*.ndjson")):
        with path.open("rb") as file:
            for line in file:
                named.update(one.decode() for one in _PATIENT.findall(line))
    for place, some in _chunks(sorted(named - held), _IDS_AT_ONCE):
        _run(service, fetch, _Job("Patient", f"Patient {place}", {"_id": ",".join(some)}))


def _find_patients(service: HttpService, fetch: Fetch, query: FhirQuery) -> list[str] | None:
    """Fetch the Patient resources; their ids, None where everybody is asked for."""
    if query.group is not None:
        group = service.ask(f"Group/{query.group}", headers=FHIR_JSON).json()
        ids = [_id_of(text(child(member, "entity"), "reference"), "Patient") for member in children(group, "member")]
        members = sorted({one for one in ids if one is not None})
        if not members:
            raise UnusableInputError(
                "FHIR server: the group has no member that is a Patient; check the id of the Group"
            )
        jobs = [
            _Job("Patient", f"Patient {place}", {"_id": ",".join(some)})
            for place, some in _chunks(members, _IDS_AT_ONCE)
        ]
    elif query.patients:
        prefix = f"{_escaped(query.system)}|" if query.system is not None else ""
        jobs = [
            _Job("Patient", f"Patient {place}", {"identifier": ",".join(prefix + _escaped(one) for one in some)})
            for place, some in _chunks(list(query.patients), _PATIENTS_AT_ONCE)
        ]
    else:
        _run(service, fetch, _Job("Patient", "Patient", {}))
        return None
    for job in jobs:
        _run(service, fetch, job)
    return sorted({str(one["id"]) for one in fetch.written("Patient") if text(one, "id") is not None})


def _jobs(kind: str, patients: list[str] | None, query: FhirQuery) -> Iterator[_Job]:
    since = {"_lastUpdated": f"ge{query.instant}"} if query.since is not None else {}
    if patients is None:
        yield _Job(kind, kind, since)
        return
    by = "subject" if kind == _BY_SUBJECT else "patient"
    for place, some in _chunks(patients, _PATIENTS_AT_ONCE):
        named = [f"Patient/{one}" if by == "subject" else one for one in some]
        yield _Job(kind, f"{kind} {place}", {**since, by: ",".join(named)})


def _medication_jobs(fetch: Fetch, wanted: Sequence[str]) -> list[_Job]:
    """The Medication resources that what was fetched refers to: a server may hold a whole formulary."""
    ids = {
        found
        for kind in wanted
        if kind.startswith(_MEDICATION)
        for one in fetch.written(kind)
        if (found := _id_of(text(child(one, "medicationReference"), "reference"), _MEDICATION)) is not None
    }
    return [
        _Job(_MEDICATION, f"{_MEDICATION} {place}", {"_id": ",".join(some)})
        for place, some in _chunks(sorted(ids), _IDS_AT_ONCE)
    ]


def _run(service: HttpService, fetch: Fetch, job: _Job) -> None:
    """Fetch all pages of one search that are not here yet."""
    done = fetch.state.setdefault("done", [])
    if job.name in done:
        return
    sizes = fetch.state.setdefault("sizes", {})
    kept = fetch.state.get("current")
    place = _Place(**kept) if kept and kept["name"] == job.name else _Place(job.name, start=sizes.get(job.kind, 0))
    fetch.cut(job.kind, sizes.get(job.kind, 0))
    seen: set[str] = set()
    try:
        while not place.is_last:
            bundle = _page(service, fetch, job, place)
            found = _matches(bundle, fetch)
            sizes[job.kind] = fetch.append(job.kind, found)
            place.pass_by(bundle, len(found))
            if place.next is not None and place.next in seen:
                raise UnusableInputError("its pages lead back to one that was read; ask who runs the server")
            seen.add(place.next or "")
            fetch.save(current=vars(place), sizes=sizes)
    except HttpStatusError as error:
        if place.pages or error.status not in _NO_SUCH_SEARCH or job.kind == "Patient":
            raise _stopped(job, place, explain(error, fetch)) from None
        fetch.notes.append(f"{job.kind}: not read, {explain(error, fetch)}")
    except UnusableInputError as error:
        raise _stopped(job, place, str(error)) from None
    if place.total is not None and place.total != place.found:
        fetch.notes.append(f"{job.kind}: the server counted {place.total} and gave {place.found}")
    fetch.save(done=[*done, job.name], current=None)


def _page(service: HttpService, fetch: Fetch, job: _Job, place: _Place) -> Resource:
    """The next page of a search; a search whose place the server has forgotten begins again."""
    try:
        answer = _first_page(service, job) if place.next is None else service.ask(place.next, headers=FHIR_JSON)
    except HttpStatusError as error:
        if place.next is None or error.status not in (400, 404, 410):
            raise
        place.begin_again()
        fetch.cut(job.kind, place.start)
        answer = _first_page(service, job)
    bundle = answer.json()
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise UnusableInputError("the answer is no Bundle; check the address")
    return bundle


def _first_page(service: HttpService, job: _Job) -> HttpAnswer:
    """By POST, so that identifiers stand in no log of addresses; by GET where the server knows no other search."""
    params = {**job.params, "_count": str(PAGE_SIZE)}
    if job.params:
        try:
            return service.ask(f"{job.kind}/_search", method="POST", headers=FHIR_JSON, form=params)
        except HttpStatusError as error:
            if error.status not in (404, 405, 415, 501):
                raise
    return service.ask(job.kind, headers=FHIR_JSON, params=params)


def _matches(bundle: Resource, fetch: Fetch) -> list[Resource]:
    """The resources of a page that were asked for; what the server remarks beside them is kept and told."""
    found = []
    for entry in children(bundle, "entry"):
        resource = child(entry, "resource")
        if resource.get("resourceType") == "OperationOutcome":
            fetch.notes.append(f"the server remarks: {fetch.keep_outcome(resource)}")
        elif resource:
            found.append(resource)
    return found


def _stopped(job: _Job, place: _Place, reason: str) -> UnusableInputError:
    return broken_off(f"{job.kind}, page {place.pages + 1}", reason)


def _tell_missing(fetch: Fetch, query: FhirQuery) -> None:
    found = sum(1 for _ in fetch.written("Patient"))
    if len(query.patients) > found:
        fetch.notes.append(f"{len(query.patients) - found} of {len(query.patients)} patients are not on the server")


def _chunks(values: Sequence[str], size: int) -> list[tuple[int, Sequence[str]]]:
    return [(begin // size + 1, values[begin : begin + size]) for begin in range(0, len(values), size)]


def _escaped(value: str) -> str:
    """A value inside a search parameter, where backslash, bar, dollar and comma have a meaning."""
    for sign in ("\\", "|", "$", ","):
        value = value.replace(sign, f"\\{sign}")
    return value


def _id_of(reference: str | None, kind: str) -> str | None:
    """The id in a reference `Type/id`, relative, absolute or with a version."""
    parts = reference.split("/_history/")[0].split("/") if reference is not None else []
    return parts[-1] if len(parts) > 1 and parts[-2] == kind else None
