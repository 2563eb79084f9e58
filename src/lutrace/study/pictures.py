"""Example scans for the report: one patient's pictures, cycle by cycle."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol as Interface

from lutrace.core import Row
from lutrace.protocol import Protocol, ShowPatientSheets, ShowPictures
from lutrace.report import Notice, ReportPicture
from lutrace.tables import PICTURES, Facts


class PictureFacts(Facts, Interface):
    """Facts whose pictures can be had too."""

    def picture(self, picture_id: str) -> bytes:
        """The PNG of a picture."""


@dataclass(frozen=True)
class Gathered:
    """The pictures of a report; `missing` names the figures that have none, `notices` say so."""

    pictures: tuple[ReportPicture, ...]
    missing: tuple[str, ...]
    notices: tuple[Notice, ...]


def gather_pictures(protocol: Protocol, facts: PictureFacts, scans: Sequence[Row]) -> Gathered:
    """The pictures for every figure of the protocol that shows example scans."""
    pictures: list[ReportPicture] = []
    missing: list[str] = []
    plan_digest = scans[0]["plan_digest"] if scans else ""
    for section in protocol.report.sections:
        for item in section.items:
            if isinstance(item, ShowPatientSheets):
                pictures += choose_pictures(facts, scans, plan_digest=plan_digest, panel=item.name, n_patients=None)
            if not isinstance(item, ShowPictures):
                continue
            found = choose_pictures(facts, scans, plan_digest=plan_digest, panel=item.name, n_patients=item.patients)
            pictures += found
            missing += [] if found else [item.name]
    notices = tuple(
        Notice(name, "no pictures are stored for the scans of this study; measure the scans again", "note")
        for name in missing
    )
    return Gathered(tuple(pictures), tuple(missing), notices)


def choose_pictures(
    facts: PictureFacts, scans: Sequence[Row], *, plan_digest: str, panel: str, n_patients: int | None
) -> list[ReportPicture]:
    """Anterior pictures of the patients with most cycles pictured (first by pseudonym among equals), in order of cycle.

    `scans` is the SPECT of each cycle as the cohort chose it; `n_patients` None takes all patients.
    """
    cycle_of = {row["scan_id"]: row["cycle"] for row in scans}
    rows = facts.table(PICTURES).filter(lambda t: t.plan_digest == plan_digest)
    found: dict[str, dict[int, Row]] = defaultdict(dict)
    for row in rows.order_by("patient_id", "angle_deg", "picture_id").to_pyarrow().to_pylist():
        cycle = cycle_of.get(row["scan_id"])
        if cycle is not None and row["kind"] == "mip":
            _keep_most_anterior(found[row["patient_id"]], cycle, row)
    ordered = sorted(found, key=lambda patient: (-len(found[patient]), patient))
    return [
        picture
        for number, patient in enumerate(ordered[:n_patients], start=1)
        for picture in _panel(facts, found[patient], panel, "M" if n_patients is None else f"Example {number}: m")
    ]


def _keep_most_anterior(by_cycle: dict[int, Row], cycle: int, row: Row) -> None:
    known = by_cycle.get(cycle)
    if known is None or abs(row["angle_deg"]) < abs(known["angle_deg"]):
        by_cycle[cycle] = row


def _panel(facts: PictureFacts, by_cycle: Mapping[int, Row], panel: str, opening: str) -> list[ReportPicture]:
    return [
        ReportPicture(
            png=facts.picture(row["picture_id"]),
            caption=(
                f"{opening}aximum intensity projection, SUV {row['suv_max']:g} is black, outlines by plan {row['plan']}"
            ),
            panel=panel,
            label=f"C{cycle}",
            patient_id=row["patient_id"],
        )
        for cycle, row in sorted(by_cycle.items())
    ]
