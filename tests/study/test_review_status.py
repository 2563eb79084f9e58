"""What nobody has reviewed is said under what rests on it."""

from __future__ import annotations

from typing import Any

import pytest

from lutrace.study import load_protocol
from lutrace.study.review_status import find_status

PROTOCOL = load_protocol("early-spect-response")
ITEMS = {item.name: item for section in PROTOCOL.report.sections for item in section.items}


def value(endpoint: str, rule: str = "", category: str | None = None) -> dict[str, Any]:
    return {"population": "C2", "endpoint": endpoint, "rule": rule, "category": category}


PROVISIONAL = [value("new_lesions", "new: on no earlier SPECT; links not reviewed"), value("new_lesions", "new")]
AUTOMATIC = [value("spect_review", category="automatic, not reviewed"), value("spect_review", category="reviewed")]


def test_new_lesions_on_unreviewed_links_are_provisional_and_counted() -> None:
    status = find_status(PROVISIONAL, PROTOCOL)
    assert status.new_lesions.startswith("New lesions: PROVISIONAL")
    assert "reviewed 1 of 2 (SPECT of cycle 2)" in status.new_lesions
    assert status.volumes == ""


def test_volumes_without_review_are_called_automatic_and_counted() -> None:
    status = find_status(AUTOMATIC, PROTOCOL)
    assert status.volumes.startswith("Tumour volumes: automatic, not reviewed; reviewed 1 of 2 (SPECT of cycle 2)")


def test_nothing_is_said_when_all_is_reviewed() -> None:
    status = find_status([value("new_lesions", "new"), value("spect_review", category="reviewed")], PROTOCOL)
    assert (status.new_lesions, status.volumes) == ("", "")


@pytest.mark.parametrize(
    ("item", "n_notes"),
    [
        ("cox_grid", 2),
        ("forest", 2),
        ("new_lesion_counts", 1),
        ("km_os_new_lesions_c2", 1),
        ("km_os_ttv_c2", 1),
        ("waterfall_ttv_c2", 1),
        ("waterfall_psa_c2", 0),
        ("km_os_c2", 0),
    ],
)
def test_the_note_stands_under_what_uses_it(item: str, n_notes: int) -> None:
    status = find_status([*PROVISIONAL, *AUTOMATIC], PROTOCOL)
    assert len(status.notes_for(ITEMS[item], PROTOCOL)) == n_notes
