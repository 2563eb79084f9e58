"""`lutrace add redcap` and `export redcap`: a project of REDCap into the registry by a mapping, and out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from lutrace.core import (
    HttpAddress,
    Progress,
    UnusableInputError,
    format_yaml,
    is_address,
    read_document,
    silent,
    write_rows,
)
from lutrace.ehr import (
    REDCAP_FORMS,
    Project,
    RedcapMapping,
    count_open,
    fetch_project,
    make_redcap_project,
    propose_redcap_mapping,
    read_project,
    read_redcap,
    tell_key,
)
from lutrace.ingest.export_step import ExportResult
from lutrace.ingest.fhir_server_step import ServerAccess
from lutrace.ingest.mapping_step import add_with_account
from lutrace.ingest.pacs_step import read_token
from lutrace.ingest.profile import parse_profile
from lutrace.ingest.results import AddResult
from lutrace.registry import Registry


@dataclass(frozen=True)
class RedcapSource:
    """Where a project is: its exported files, or the address of its API and how it lets us in (a token in a file)."""

    sources: tuple[str, ...]
    access: ServerAccess = field(default_factory=ServerAccess)

    def read(self, mapping: RedcapMapping | None, progress: Progress) -> Project:
        """The project; of an address only what `mapping` reads and what is not flagged as an identifier."""
        if not any(is_address(one) for one in self.sources):
            if self.access != ServerAccess():
                raise UnusableInputError(
                    "--token-file and --access go with the address of a REDCap API, not with files"
                )
            return read_project([Path(one) for one in self.sources])
        if len(self.sources) != 1 or self.access.token_file is None:
            raise UnusableInputError(
                "expected one address of a REDCap API, and the project's token in a file: --token-file FILE"
            )
        files = self.access
        address = HttpAddress("REDCap", self.sources[0], files.authorities, files.certificate, files.key)
        return fetch_project(address, read_token(self.access.token_file), mapping, progress=progress)


def run_add_redcap(
    registry_folder: Path,
    source: RedcapSource,
    *,
    mapping: Path,
    dry_run: bool = False,
    progress: Progress = silent,
) -> AddResult:
    """Read a project into the registry, one exported file (or one fetch) per transaction.

    A dry run answers with an account of every row in `explained`, without identifiers.
    Raises ProtocolError for a mapping that does not fit the project, UnusableInputError without data or dictionary.
    """
    stated = read_document(mapping, RedcapMapping, tell=tell_key)
    with Registry.open(registry_folder, write=True, dry_run=dry_run) as registry:
        profile = parse_profile(registry.profile_text)
        project = source.read(stated, progress)
        batches = read_redcap(project, stated, mapping_name=mapping.name)
        paths = [export.path for export in project.exports]
        sources = zip(paths, batches, strict=True)
        return add_with_account(registry, profile, sources, progress, total=len(paths), dry_run=dry_run)


def run_export_redcap(registry_folder: Path, out: Path) -> ExportResult:
    """Write a registry's facts as a REDCap project into `out`: dictionary, data in raw codes, repeating forms, mapping.

    Patients are named by pseudonyms, corrections are applied, free text and what names a person stays behind; dates are
    those of the patients, flagged as identifiers in the dictionary.
    """
    with Registry.open(registry_folder, write=False) as registry:
        tables = {table.name: registry.rows(table, corrected=True) for table in REDCAP_FORMS}
    project = make_redcap_project(tables)
    dictionary, data, repeating = (out / f"{name}.csv" for name in ("data_dictionary", "data", "repeating_forms"))
    write_rows(dictionary, project.dictionary)
    write_rows(data, project.data)
    write_rows(repeating, project.repeating)
    mapping = out / "mapping.yaml"
    mapping.write_text(format_yaml(project.mapping), encoding="utf-8", newline="\n")
    words = "dates are those of the patients: in REDCap export without fields that are flagged as identifiers"
    return ExportResult((dictionary, data, repeating, mapping), (words,))


def run_propose_redcap(source: RedcapSource, out: Path) -> int:
    """Write a proposed mapping of a project to `out`; returns how many of its lines are open."""
    text = propose_redcap_mapping(source.read(None, silent))
    out.write_text(text, encoding="utf-8", newline="\n")
    return count_open(text)
