"""`lutrace add fhir https://...`: the records of a FHIR server, fetched into the registry's inbox, then added."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lutrace.core import (
    AccessToken,
    ClientCredentials,
    FixedToken,
    FrozenModel,
    HttpAddress,
    HttpService,
    Progress,
    UnusableInputError,
    read_document,
    silent,
)
from lutrace.ehr import FhirQuery, fetch_fhir
from lutrace.ingest.pacs_step import read_token
from lutrace.ingest.profile import parse_profile
from lutrace.ingest.records_step import run_add_fhir
from lutrace.ingest.results import AddResult
from lutrace.registry import Registry

INBOX_FOLDER = "fhir_inbox"


class TokenServer(FrozenModel):
    """Where a program gets its tokens by OAuth 2.0 client credentials, and the file that holds its secret."""

    token_url: str
    client_id: str
    secret_file: Path
    scope: str | None = None


class ServerAccess(FrozenModel):
    """How a server lets us in: a YAML file outside the registry; paths in it begin at its folder."""

    token_file: Path | None = None
    oauth: TokenServer | None = None
    authorities: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


def read_access(path: Path) -> ServerAccess:
    """The access file with whole paths. Raises ProtocolError with the line of each fault."""
    access = read_document(path, ServerAccess)
    if access.token_file is not None and access.oauth is not None:
        raise UnusableInputError(f"{path.name}: expected token_file or oauth, found both; keep one")
    names = ("token_file", "authorities", "certificate", "key")
    given = {name: path.parent / found for name in names if (found := getattr(access, name)) is not None}
    oauth = access.oauth
    if oauth is not None:
        oauth = oauth.model_copy(update={"secret_file": path.parent / oauth.secret_file})
    return access.model_copy(update={**given, "oauth": oauth})


def run_add_fhir_server(
    registry_folder: Path,
    url: str,
    query: FhirQuery,
    access: ServerAccess,
    *,
    dry_run: bool = False,
    progress: Progress = silent,
) -> AddResult:
    """Fetch what fits the query from the FHIR server at `url`, and add it as files are added.

    A fetch that broke off is kept in the registry's inbox and gone on with; one that is in the registry begins anew.
    Raises UnusableInputError when the server fails, RegistryBusyError while another process writes.
    """
    with Registry.open(registry_folder, write=False) as registry:
        profile = parse_profile(registry.profile_text)
    service = HttpService(_address(url, access), _token(access))
    asked = replace(query, system=profile.patient_identifier_system)
    fetch = fetch_fhir(service, asked, registry_folder / INBOX_FOLDER, progress=progress)
    added = run_add_fhir(registry_folder, [fetch.folder], dry_run=dry_run, progress=progress)
    if not dry_run:
        fetch.finish()
    return replace(added, warnings=(*dict.fromkeys(fetch.notes), *added.warnings))


def _address(url: str, access: ServerAccess, service: str = "FHIR server") -> HttpAddress:
    return HttpAddress(service, url, access.authorities, access.certificate, access.key)


def _token(access: ServerAccess) -> AccessToken | None:
    if access.oauth is not None:
        secret = read_token(access.oauth.secret_file)
        address = _address(access.oauth.token_url, access, "token server")
        return ClientCredentials(address, access.oauth.client_id, secret, access.oauth.scope)
    return FixedToken(read_token(access.token_file)) if access.token_file is not None else None
