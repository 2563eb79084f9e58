"""`lutrace add omop`: a CDM in DuckDB, in a folder of Parquet or CSV files, or in PostgreSQL, into the registry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from lutrace.core import Progress, silent
from lutrace.ehr import OmopCodes, OmopSettings, RecordBatch, read_omop
from lutrace.ingest.profile import SiteProfile, parse_profile
from lutrace.ingest.records_step import add_records
from lutrace.ingest.results import AddResult
from lutrace.registry import Registry, open_foreign


def run_add_omop(
    registry_folder: Path,
    sources: Sequence[str],
    *,
    schema: str | None = None,
    dry_run: bool = False,
    progress: Progress = silent,
) -> AddResult:
    """Read CDMs into the registry, a group of persons per transaction; `schema` goes before that of the profile.

    A source that fails half-way leaves the persons read before in the registry; reading it again adds the others.
    Raises UnusableInputError when a source cannot be opened or holds no PERSON, RegistryBusyError while another
    process writes.
    """
    with Registry.open(registry_folder, write=True, dry_run=dry_run) as registry:
        profile = parse_profile(registry.profile_text)
        batches = (batch for source in sources for batch in _read(source, profile, schema))
        return add_records(registry, profile, batches, progress)


def _read(source: str, profile: SiteProfile, schema: str | None) -> Iterator[tuple[Path | None, RecordBatch]]:
    stated = profile.omop
    settings = OmopSettings(
        OmopCodes(stated.concepts, stated.source_values),
        stable_ids=stated.stable_ids,
        patient_id=stated.patient_id,
        system=profile.patient_identifier_system or "",
        synthetic=stated.synthetic,
    )
    with open_foreign(source, schema=schema or stated.cdm_schema) as opened:
        for batch in read_omop(opened.tables, opened.digest, settings):
            yield opened.path, batch
