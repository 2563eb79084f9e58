"""Where a scan lies in the course of therapy: which cycle it follows."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

from lutrace.core import Row, Source
from lutrace.ingest.profile import SiteProfile
from lutrace.registry import AddReport, FactBatch, Registry
from lutrace.tables import CYCLES, PROVENANCE, SCANS

POST_THERAPY = "rlt_spect"
_OWN = {"row_id", "source_id", "changed_by"} & {column.name for column in PROVENANCE}


def cycle_of(scan: Row, cycles: Sequence[Row], *, days_after: int) -> int | None:
    """The last cycle given not later than a post-therapy scan and at most `days_after` days before it; else None."""
    if scan["purpose"] != POST_THERAPY:
        return None
    fitting = [one for one in cycles if _follows(scan, one, days_after)]
    latest = max(fitting, key=lambda one: (_given(one), one["cycle"]), default=None)
    return None if latest is None else int(latest["cycle"])


def place_scans(registry: Registry, profile: SiteProfile) -> AddReport:
    """Give every post-therapy scan the cycle that the records now say it follows; returns what changed only."""
    cycles = cycles_by_patient(registry)
    moved: dict[str, list[Row]] = defaultdict(list)
    for scan in registry.rows(SCANS, purpose=POST_THERAPY):
        cycle = cycle_of(scan, cycles.get(scan["patient_id"], ()), days_after=profile.days_after_cycle)
        if cycle != scan["cycle"]:
            row = {name: value for name, value in scan.items() if name not in _OWN}
            moved[scan["source_id"]].append({**row, "cycle": cycle})
    report = AddReport()
    for source_id, rows in sorted(moved.items()):
        report = report.plus(registry.add(FactBatch(Source("dicom", source_id), {SCANS.name: rows})))
    return report


def cycles_by_patient(registry: Registry) -> dict[str, list[Row]]:
    """The corrected cycles of every patient."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in registry.rows(CYCLES, corrected=True):
        found[row["patient_id"]].append(row)
    return found


def _follows(scan: Row, cycle: Row, days_after: int) -> bool:
    given, moment = cycle["injection_datetime"], scan["acquisition_datetime"]
    if given is not None and moment is not None:
        return bool(dt.timedelta(0) <= moment - given <= dt.timedelta(days=days_after))
    return bool(0 <= (scan["date"] - cycle["administered_date"]).days <= days_after)


def _given(cycle: Row) -> dt.datetime:
    given: dt.datetime | None = cycle["injection_datetime"]
    return given if given is not None else dt.datetime.combine(cycle["administered_date"], dt.time())
