"""One persistent identity per lesion over all scans of a patient: PSMA-PET first, then every SPECT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lutrace.core import Row, digest_of

LesionKey = tuple[str, str, int]
"""Scan, digest of the plan, number of the lesion."""

_JOINING = ("matched", "merged", "split")


def name_tracks(lesions: Sequence[LesionKey], links: Sequence[Row], scan_ids: Sequence[str]) -> Mapping[LesionKey, str]:
    """The track of each lesion, named by its first appearance; `scan_ids` stand in order of time.

    `links` are rows of `lesion_links` between any earlier and later of these scans. A lesion takes the identity of its
    partner on the latest earlier scan that has one, so a lesion that one scan missed keeps its name. No two lesions of
    a scan share an identity: of lesions that merged, and of parts of one that split, the best link (greatest overlap,
    then greatest confidence, then least distance) carries it on; other parts begin a track of their own and their
    cluster in `lesion_links` tells where they came from.
    """
    order = {scan_id: number for number, scan_id in enumerate(scan_ids)}
    offers: dict[tuple[str, str], list[Row]] = {}
    for link in links:
        if link["status"] in _JOINING and link["baseline_scan_id"] in order and link["followup_scan_id"] in order:
            offers.setdefault((link["followup_scan_id"], link["plan_digest"]), []).append(link)
    names: dict[LesionKey, str] = {}
    by_scan: dict[tuple[str, str], list[LesionKey]] = {}
    for key in lesions:
        by_scan.setdefault((key[0], key[1]), []).append(key)
    for scan, digest in sorted(by_scan, key=lambda one: (order.get(one[0], len(order)), one)):
        own = offers.get((scan, digest), [])
        for link in sorted(own, key=lambda one: _rank(one, order)):
            earlier = names.get((link["baseline_scan_id"], digest, link["baseline_lesion"]))
            later = (scan, digest, link["followup_lesion"])
            taken = {names[key] for key in by_scan[scan, digest] if key in names}
            if earlier is not None and later not in names and earlier not in taken:
                names[later] = earlier
        for key in sorted(by_scan[scan, digest]):
            names.setdefault(key, f"T-{digest_of(list(key))[:16].upper()}")
    return names


def _rank(link: Row, order: Mapping[str, int]) -> tuple[float, ...]:
    """Latest earlier scan first; there the best link first."""
    return (
        -order[link["baseline_scan_id"]],
        -(link["overlap"] or 0.0),
        -(link["confidence"] or 0.0),
        link["distance_mm"] or 0.0,
        link["baseline_lesion"],
        link["followup_lesion"],
    )
