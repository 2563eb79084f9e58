"""Timelines of cBioPortal read into rows: days from a patient's day zero become calendar days by a stated anchor.

Source: cBioPortal, docs/File-Formats.md, section Timeline Data (read 2026-11-22): a meta file per event type with the
datatype TIMELINE, and a data file with PATIENT_ID, START_DATE, STOP_DATE and EVENT_TYPE in days from diagnosis.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from lutrace.core import Row, Source, UnusableInputError, digest_of, digest_of_file, read_lines, tell_file
from lutrace.ehr.mapping import TableMapping, read_mapping
from lutrace.ehr.mapping_rows import rows_by_mapping
from lutrace.ehr.records import Fault, RecordBatch
from lutrace.tables import CYCLES
from lutrace.terms import analyte_named, drugs_in_text, tell

_REQUIRED = ("PATIENT_ID", "START_DATE", "EVENT_TYPE")
_DAYS = re.compile(r"^-?\d{1,6}$")
_FAULT_TABLE = {"TREATMENT": "treatments", "LAB_TEST": "labs"}
_SHIPPED = Path(__file__).parent / "mappings" / "cbioportal_timeline.yaml"
_WITHOUT_ANCHOR = "the day zero of the patient is not known, so its days stand for no dates"
_ANCHOR_REMEDY = "add the day of the first diagnosis to the registry first, or name a table of days zero: --anchor FILE"


def is_timeline_folder(path: Path) -> bool:
    """Whether a folder holds meta files of timelines."""
    return path.is_dir() and bool(_timelines(path))


def timeline_mapping() -> TableMapping:
    """The mapping that is shipped for timelines."""
    return read_mapping(_SHIPPED)


def read_timeline_patients(folder: Path) -> frozenset[str]:
    """The identifiers of all patients in the timelines of a folder."""
    return frozenset(
        str(row["PATIENT_ID"]) for path in _timelines(folder) for _, row in _rows(path) if row.get("PATIENT_ID")
    )


def read_timeline(
    folder: Path, anchors: Mapping[str, dt.date], mapping: TableMapping | None = None
) -> Iterator[tuple[Path, RecordBatch]]:
    """The rows of each data file of a folder's timelines; `anchors` give the day zero by patient identifier.

    The rows of a patient without an anchor are faults: no date is made up. Tests and agents that the vocabulary does
    not know, and other types of events, are counted by name. Raises UnusableInputError for a missing file or column.
    """
    stated = mapping or timeline_mapping()
    for path in _timelines(folder):
        yield path, _read_file(path, anchors, stated)


def _read_file(path: Path, anchors: Mapping[str, dt.date], mapping: TableMapping) -> RecordBatch:
    columns = sorted(mapping.columns_read())
    faults: list[Fault] = []
    unread: Counter[str] = Counter()
    records: list[tuple[int, Row]] = []
    for number, cells in _rows(path):
        record = {**dict.fromkeys(columns), **cells}
        unknown = _add_meaning(record)
        if unknown is not None:
            unread[unknown] += 1
            continue
        anchor = anchors.get(str(cells["PATIENT_ID"])) if cells["PATIENT_ID"] else None
        fault = _add_days(record, anchor)
        if fault is not None:
            table = _FAULT_TABLE.get(str(cells["EVENT_TYPE"]).upper(), "disease_events")
            faults.append(Fault(table, f"row {number}", None, fault, _ANCHOR_REMEDY))
            continue
        records.append((number, record))
    digest = digest_of([digest_of_file(path), sorted((name, str(day)) for name, day in anchors.items())])
    batch = rows_by_mapping(mapping, records, Source("table", digest), name=tell_file(path))
    known = {name: count for name, count in batch.unread.items() if not name.startswith("column ")}
    return replace(batch, faults=(*faults, *batch.faults), unread=dict(Counter(known) + unread))


def _add_meaning(record: Row) -> str | None:
    """Say in PURPOSE and RESULT_TEXT what a row is about; gives what of it is not known here, None when all is."""
    kind = str(record.get("EVENT_TYPE") or "").upper().replace(" ", "_")
    if kind in ("LAB_TEST", "LABTEST"):
        test = str(record.get("TEST") or "")
        if analyte_named(test) is None:
            return f"LAB_TEST of {tell(test or None)} (not in the vocabulary)"
        record["RESULT_TEXT"] = f"{record.get('COMPARATOR') or ''}{record.get('RESULT') or ''}" or None
    elif kind == "TREATMENT":
        agent = str(record.get("AGENT") or record.get("SUBTYPE") or record.get("TREATMENT_TYPE") or "")
        if agent in (CYCLES.by_name["agent"].codes or ()) and record.get("CYCLE"):
            record["PURPOSE"] = "cycle"
            return None
        found = drugs_in_text(agent.replace("_", " ")) or drugs_in_text(agent)
        if not found or found[0].purpose == "support":
            return f"TREATMENT with {tell(agent or None)} (not in the vocabulary)"
        record["PURPOSE"], record["AGENT"] = found[0].purpose, agent if len(found) > 1 else found[0].name
    return None


def _add_days(record: Row, anchor: dt.date | None) -> str | None:
    """Put the calendar days of a row into it; gives in words what hinders."""
    start, stop = record.get("START_DATE"), record.get("STOP_DATE")
    for name, days in (("START_DATE", start), ("STOP_DATE", stop)):
        if days is not None and not _DAYS.match(str(days)):
            return f"{name} must be a whole number of days, of at most six digits"
    if start is None:
        return "START_DATE is empty"
    if stop is not None and int(stop) < int(start):
        return "STOP_DATE is before START_DATE"
    if anchor is None:
        return _WITHOUT_ANCHOR
    try:
        record["BEGIN_DATE"] = (anchor + dt.timedelta(days=int(start))).isoformat()
        record["END_DATE"] = None if stop is None else (anchor + dt.timedelta(days=int(stop))).isoformat()
    except OverflowError:
        return "the days from day zero lead to no day of the calendar"
    return None


def _timelines(folder: Path) -> list[Path]:
    """The data files that the meta files of a folder name as timelines."""
    found = []
    for meta in sorted(folder.glob("meta_*.txt")):
        said = dict(_pair(line) for line in meta.read_text(encoding="utf-8-sig").splitlines() if ":" in line)
        if said.get("datatype") == "TIMELINE":
            found.append(folder / said.get("data_filename", ""))
    return found


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str | None]]]:
    if not path.is_file():
        raise UnusableInputError(f"{tell_file(path)}: a meta file names this data file, and it is not there; add it")
    lines = [line for line in enumerate(read_lines(path, "\t"), start=1) if line[1] and not line[1][0].startswith("#")]
    if not lines:
        return
    heads = [cell.strip() for cell in lines[0][1]]
    missing = [name for name in _REQUIRED if name not in heads]
    if missing:
        raise UnusableInputError(f"{tell_file(path)}: a timeline needs the columns {', '.join(missing)}; add them")
    for number, cells in lines[1:]:
        if any(cell.strip() for cell in cells):
            padded = [*cells, *[""] * (len(heads) - len(cells))]
            yield number, {name: cell.strip() or None for name, cell in zip(heads, padded, strict=False)}
