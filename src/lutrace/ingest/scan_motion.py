"""The motion between any two scans of a patient: each is registered once to a scan that stands for all."""

from __future__ import annotations

from collections.abc import Sequence

from lutrace.core import EstimationError, Row
from lutrace.imaging import (
    Metric,
    PreparedScan,
    Registration,
    bend_prepared,
    identity_registration,
    join_over_fixed,
    prepare_scan,
    register_prepared,
)
from lutrace.ingest.measure_task import PatientTask, ct_of, quantify_scan
from lutrace.ingest.pixels import load_volume

_GRID_MM = 9.0
"""Registration looks at bones and body, not at voxels: below the resolution of SPECT nothing is gained but time."""

_CT_WINDOW = (-500.0, 500.0)
_SUV_WINDOW = (0.0, 10.0)


class Motions:
    """The motion between any two scans of a patient, by CT where both have one, else by uptake.

    Any two scans go over a third, the hub: for CT the first scan that has one, for uptake the first of the same
    purpose. Rigid, and with `registration: deformable` in the site profile bent after that; the uptake of PET is not
    bent to that of SPECT, which shows other things.
    """

    def __init__(self, task: PatientTask, scans: Sequence[Row]) -> None:
        """Hold the scans in order of time; nothing is registered before it is asked for."""
        self._task = task
        self._scans = scans
        self._known: dict[tuple[str, str], Registration | None] = {}
        self._prepared: dict[tuple[str, Metric], PreparedScan] = {}

    def between(self, one: Row, other: Row) -> Registration | None:
        """From one scan to another; none is needed in one frame of reference; None where registration fails."""
        if _share_frame(one, other):
            return identity_registration()
        hub = self._hub_of(one, other)
        there, back = self._from(hub, other), self._from(hub, one)
        if there is None or back is None:
            return None
        if one is hub:
            return there
        return join_over_fixed(back, there, method=f"over the first scan: {back.method}, {there.method}")

    def _hub_of(self, one: Row, other: Row) -> Row:
        if self._has_ct(one) and self._has_ct(other):
            return next(scan for scan in self._scans if self._has_ct(scan))
        if one["purpose"] == other["purpose"]:
            return next(scan for scan in self._scans if scan["purpose"] == one["purpose"])
        return one

    def _has_ct(self, scan: Row) -> bool:
        return ct_of(self._task, scan) is not None

    def _from(self, hub: Row, scan: Row) -> Registration | None:
        """From a hub to a scan; None where registration fails."""
        if scan is hub or _share_frame(hub, scan):
            return identity_registration()
        key = (hub["scan_id"], scan["scan_id"])
        if key not in self._known:
            try:
                self._known[key] = self._register(hub, scan)
            except EstimationError:
                self._known[key] = None
        return self._known[key]

    def _register(self, hub: Row, scan: Row) -> Registration:
        by_ct = self._has_ct(hub) and self._has_ct(scan)
        metric: Metric = "mutual_information" if by_ct else "correlation"
        looks = self._look(hub, metric, keep=True), self._look(scan, metric, keep=False)
        rigid = register_prepared(*looks, metric=metric)
        alike = by_ct or hub["purpose"] == scan["purpose"]
        return bend_prepared(*looks, rigid) if alike and self._task.registration == "deformable" else rigid

    def _look(self, scan: Row, metric: Metric, *, keep: bool) -> PreparedScan:
        """The CT or the uptake of a scan as registration reads it; of a hub it is kept."""
        key = (scan["scan_id"], metric)
        if key in self._prepared:
            return self._prepared[key]
        ct = ct_of(self._task, scan)
        if metric == "mutual_information" and ct is not None:
            found = prepare_scan(load_volume(self._task.images, ct), _CT_WINDOW, _GRID_MM)
        else:
            found = prepare_scan(quantify_scan(self._task, scan)[0], _SUV_WINDOW, _GRID_MM)
        if keep:
            self._prepared[key] = found
        return found


def _share_frame(one: Row, other: Row) -> bool:
    frame = one["frame_of_reference"]
    return frame is not None and frame == other["frame_of_reference"]
