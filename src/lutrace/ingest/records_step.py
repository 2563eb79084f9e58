"""`lutrace add`: records of any reader into the registry, with pseudonyms for identifiers before anything is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from lutrace.core import Progress, Row, digest_of_file, silent
from lutrace.ehr import Identity, RecordBatch, read_fhir
from lutrace.ingest.cycle_places import place_scans
from lutrace.ingest.identifiers_step import with_system
from lutrace.ingest.letter_rows import add_letters, told_of_letters
from lutrace.ingest.person_words import PersonWords
from lutrace.ingest.profile import UNNAMED_CENTRE, SiteProfile, parse_profile
from lutrace.ingest.results import AddResult, result_of
from lutrace.registry import AddReport, FactBatch, RefusedRow, Registry, Replacement
from lutrace.tables import FACT_TABLES, PATIENTS, SOURCES


def run_add_fhir(
    registry_folder: Path, sources: Sequence[Path], *, dry_run: bool = False, progress: Progress = silent
) -> AddResult:
    """Read FHIR R4 bundles, NDJSON files or folders of them into the registry as one export, one part per transaction.

    A file of more resources than a part holds is stored part by part: stopped in the middle, whole parts are in, and
    the same command again adds the rest.

    Raises UnusableInputError when a source holds no FHIR, RegistryBusyError while another process writes.
    """
    with Registry.open(registry_folder, write=True, dry_run=dry_run) as registry:
        profile = parse_profile(registry.profile_text)
        system = profile.patient_identifier_system
        places = _paths_by_digest(sources)
        given = sources[0] if len(sources) == 1 else sources
        parts = read_fhir(given, identifier_system=system, code_maps=profile.code_maps)
        batches = ((places.get(one.source.digest), one) for one in parts)
        return add_records(registry, profile, batches, progress, total=len(places))


def pseudonymised(registry: Registry, profile: SiteProfile, batch: RecordBatch) -> FactBatch:
    """A reader's rows with pseudonyms in the place of identifiers; who is who goes to the identities file."""
    names = {identity.identifiers[0][1]: _link(registry, profile, identity) for identity in batch.identities}

    def pseudonym(row: Row) -> Row:
        identifier = row.get("patient_id")
        if not identifier:
            return row
        known = names.get(str(identifier)) or registry.pseudonym("patient", str(identifier))
        return {**row, "patient_id": known}

    def stored(table: str, row: Row) -> Row:
        known = pseudonym(row)
        if row.get("record_key"):
            known = {**known, "record_key": registry.identities.keyed(str(row["record_key"]))}
        if table == PATIENTS.name and row.get("site") is None and profile.centre != UNNAMED_CENTRE:
            known = {**known, "site": profile.centre}
        return known

    rows = {table: [stored(table, row) for row in given] for table, given in batch.rows.items()}
    faults = [
        RefusedRow(one.table, one.locator, one.column, one.rule, one.remedy, pseudonym(dict(one.row)))
        for one in batch.faults
    ]
    restated = [
        (str(pseudonym({"patient_id": patient})["patient_id"]), registry.identities.keyed(record))
        for patient, record in batch.restated
    ]
    return FactBatch(batch.source, rows, faults, restated=restated)


def _link(registry: Registry, profile: SiteProfile, identity: Identity) -> str:
    """The pseudonym of a person: by the identifier that rows carry, and by those of the site's system."""
    first, *others = identity.identifiers
    system = profile.patient_identifier_system
    values = [first[1], *(value for one, value in others if system is not None and one == system)]
    patient_id = registry.identities.link("patient", values)
    registry.identities.remember_person(
        patient_id,
        identity.identifiers,
        family=identity.family,
        given=identity.given,
        birth_date=identity.birth_date,
    )
    return patient_id


def _paths_by_digest(sources: Sequence[Path]) -> dict[str, Path]:
    files = [file for path in sources for file in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    return {digest_of_file(file): file for file in files if file.is_file()}


def replace_left_over(registry: Registry, batch: FactBatch) -> FactBatch:
    """The batch, replacing the rows of tables that its source gave before and does not give now."""
    source_id = batch.source.digest
    if not registry.rows(SOURCES, source_id=source_id):
        return batch
    replaces = []
    for table in FACT_TABLES.values():
        stored = registry.table(table)
        before = stored.filter(stored.source_id == source_id).select("row_id").to_pyarrow()["row_id"].to_pylist()
        now = {table.row_id(row) for row in batch.rows.get(table.name, ())} if before else set()
        if any(one.split("~")[0] not in now for one in before):
            replaces.append(Replacement(table.name, (("source_id", source_id),)))
    return replace(batch, replaces=tuple(replaces))


def add_records(
    registry: Registry,
    profile: SiteProfile,
    batches: Iterable[tuple[Path | None, RecordBatch]],
    progress: Progress,
    *,
    total: int = 0,
    whole_sources: bool = False,
) -> AddResult:
    """Store the batches of a reader with their source's path, and place scans in the cycles known by then.

    Batches of one source that follow each other are its parts.
    `whole_sources` says that each batch is all that its source gives: rows that it gave before (under another mapping)
    and gives no longer leave the registry.
    """
    report = AddReport()
    unread: Counter[str] = Counter()
    letters: Counter[str] = Counter()
    notes: dict[str, None] = {}
    stored: Counter[str] = Counter()
    people = PersonWords(*registry.identities.names_on_record())
    for done, (path, given) in enumerate(batches, start=1):
        source_name = None if path is None else profile.source_named(path.name)
        batch = with_system(people.without(given), profile.system_of(given.source.kind, source_name))
        facts = replace(
            pseudonymised(registry, profile, batch),
            rows_before=stored[batch.source.digest],
            source_name=source_name,
        )
        if whole_sources:
            facts = replace_left_over(registry, facts)
        added, told = add_letters(registry, facts, batch.letters, path=path)
        stored[batch.source.digest] += added.added + added.updated + added.unchanged + added.quarantined
        report = report.plus(added)
        letters.update(told)
        unread.update(batch.unread)
        notes.update(dict.fromkeys(batch.notes))
        progress("records", done, max(total, done))
    report = report.plus(place_scans(registry, profile))
    if report.removed:
        notes[f"removed {report.removed} rows that their source states no longer"] = None
    not_read = [f"not read: {name} ({count} times)" for name, count in sorted(unread.items())]
    return result_of(report, (*not_read, *notes, *told_of_letters(letters)))
