"""What `lutrace.ehr.read_fhir` makes of folders of public FHIR examples: counts, no texts; README says where from.

`python validation/ehr/read_public_fhir.py FOLDER...` prints one JSON object per folder. Each file is also read alone.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from lutrace.core import UnusableInputError
from lutrace.ehr import read_fhir


def counts_of(folder: Path) -> dict[str, object]:
    """Resources by type, rows by table, letters, faults by table and rule, and what gave no row, of one folder."""
    rows: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    unread: Counter[str] = Counter()
    letters = 0
    for batch in read_fhir(folder):
        rows.update({table: len(found) for table, found in batch.rows.items()})
        faults.update(f"{fault.table}: {fault.rule}" for fault in batch.faults)
        unread.update(batch.unread)
        letters += len(batch.letters)
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".json", ".ndjson"))
    return {
        "files": len(files),
        "files_read_alone": sum(is_read_alone(path) for path in files),
        "rows": dict(sorted(rows.items())),
        "letters": letters,
        "faults": dict(faults.most_common()),
        "counted": dict(unread.most_common()),
    }


def is_read_alone(path: Path) -> bool:
    """Whether a file by itself is read to its end; False when it is refused in words (no FHIR), never an exception."""
    try:
        for _ in read_fhir(path):
            continue
    except UnusableInputError:
        return False
    return True


def main() -> None:
    """Print the counts of each folder named."""
    for name in sys.argv[1:]:
        print(json.dumps({"folder": Path(name).name, **counts_of(Path(name))}, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
