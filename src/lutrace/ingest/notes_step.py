"""`lutrace add notes`: letters into the registry, their text to the identities file, their facts to be reviewed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from lutrace.core import Progress, UnusableInputError, silent, tell_file
from lutrace.ingest.letter_files import read_letter_files
from lutrace.ingest.letter_rows import read_again, told_of_letters
from lutrace.ingest.profile import parse_profile
from lutrace.ingest.records_step import add_records
from lutrace.ingest.results import AddResult, result_of
from lutrace.registry import Registry


def run_add_notes(
    registry_folder: Path, sources: Sequence[Path], *, dry_run: bool = False, progress: Progress = silent
) -> AddResult:
    """Read letters (tables, folders of text files) into the registry, one source per transaction.

    The text goes to the identities file, where only a person who reviews sees it; facts with their spans to
    `text_findings`, not reviewed. Running it twice changes nothing; a changed letter gives its facts anew, and what a
    person said of a statement that still stands in the same words holds on.

    Raises UnusableInputError for a source that holds no letters, RegistryBusyError while another process writes.
    """
    missing = [tell_file(path) for path in sources if not path.exists()]
    if missing:
        raise UnusableInputError(f"{missing[0]}: no such file or folder; check the path")
    with Registry.open(registry_folder, write=True, dry_run=dry_run) as registry:
        profile = parse_profile(registry.profile_text)
        names = None if profile.letter_file_names is None else re.compile(profile.letter_file_names)
        batches = ((path, read_letter_files(path, names=names)) for path in sources)
        return add_records(registry, profile, batches, progress, total=len(sources))


def run_read_again(registry_folder: Path) -> tuple[AddResult, int]:
    """Find the facts of all letters anew that an older version of the rules has read, and how many letters that were.

    What a person said of a statement that is found as before holds on. Raises RegistryBusyError while another process
    writes.
    """
    with Registry.open(registry_folder, write=True) as registry:
        report, n_letters = read_again(registry)
    return result_of(report, tuple(told_of_letters({"read anew": n_letters}))), n_letters
