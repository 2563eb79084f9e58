"""Overrides and reviews: what they change in a snapshot, what they may not, and what they leave alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.registry.rows import PATIENT, SCAN, batch, burden, cycle, lesion, make_registry

from lutrace.core import ContradictionError, Row, TableError
from lutrace.registry import Registry, Replacement, Snapshot
from lutrace.tables import CYCLES, LESION_LINKS, LESIONS, REVIEWS, TUMOUR_BURDENS

WHOLE = [Replacement("lesions", (("scan_id", SCAN),))]


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.open(make_registry(tmp_path / "registry"), write=True) as registry:
        registry.add(batch("cycles", [cycle(1, "2024-01-08"), cycle(2, "2024-02-19")]))
        measured = [lesion(1, 4.0), lesion(2, 6.0), lesion(3, 2.0, "uncertain")]
        registry.add(batch("lesions", measured, name="m1", kind="measure", replaces=WHOLE))
        registry.add(batch("tumour_burdens", [burden(10.0, 2.0)], name="m2", kind="measure"))
        yield registry


def override(row: Row, column: str, value: str, **more: Any) -> Row:
    made: Row = {
        "patient_id": PATIENT,
        "table": row["row_id"].split(":")[0],
        "target_row_id": row["row_id"],
        "column": column,
        "old_value": str(row[column]),
        "new_value": value,
        "reason": "typing error in the record",
        "made_by": "U-TEST",
        "made_at": dt.datetime(2024, 6, 1, 10, 0),
    }
    return {**made, **more}


def act(registry: Registry, number: int, kind: str, **more: Any) -> Row:
    target = registry.rows(LESIONS, lesion=number)[0]["row_id"]
    made: Row = {
        "patient_id": PATIENT,
        "table": "lesions",
        "target_row_id": target,
        "act": kind,
        "made_by": "U-TEST",
        "made_at": dt.datetime(2024, 6, 1, 10, 0),
    }
    return {**made, **more}


def reviewed_ml(snapshot: Snapshot) -> float | None:
    value: float | None = snapshot.table(TUMOUR_BURDENS).tumour_reviewed_ml.to_pyarrow().to_pylist()[0]
    return value


def test_an_override_changes_the_snapshot_typed_and_leaves_the_source_row(registry: Registry) -> None:
    before = registry.freeze().digest
    override_id = registry.override(override(registry.rows(CYCLES)[0], "weight_kg", "85.5"))
    frozen = registry.freeze().table(CYCLES).order_by("cycle").to_pyarrow().to_pylist()
    assert [(row["weight_kg"], row["changed_by"]) for row in frozen] == [(85.5, override_id), (80.0, None)]
    assert registry.rows(CYCLES)[0]["weight_kg"] == 80.0
    assert registry.rows(CYCLES, corrected=True)[0]["weight_kg"] == 85.5
    assert registry.freeze().digest != before


def test_the_last_override_of_a_value_holds(registry: Registry) -> None:
    row = registry.rows(CYCLES)[0]
    registry.override(override(row, "weight_kg", "90", made_at=dt.datetime(2024, 6, 2)))
    registry.override(override(row, "weight_kg", "70", made_at=dt.datetime(2024, 6, 1)))
    assert registry.rows(CYCLES, corrected=True)[0]["weight_kg"] == 90.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"new_value": "heavy"}, "expected a finite number in kg"),
        ({"new_value": "900"}, "must be at most 350 kg"),
        ({"column": "row_id"}, "cannot be corrected"),
        ({"column": "patient_id"}, "cannot be corrected"),
        ({"target_row_id": "cycles:nothing"}, "is not in cycles"),
        ({"patient_id": "P-OTHER"}, "of another patient"),
        ({"table": "reviews"}, "expected a fact table"),
        ({"column": "cycle", "new_value": "2"}, "has this key already"),
    ],
)
def test_an_impossible_override_is_refused(registry: Registry, change: Row, message: str) -> None:
    with pytest.raises(TableError, match=message):
        registry.override({**override(registry.rows(CYCLES)[0], "weight_kg", "85"), **change})


def test_a_rejected_lesion_is_no_longer_tumour_and_the_total_follows(registry: Registry) -> None:
    assert reviewed_ml(registry.freeze()) is None
    review_id = registry.append_review(act(registry, 1, "reject"))
    snapshot = registry.freeze()
    rows = snapshot.table(LESIONS).order_by("lesion").to_pyarrow().to_pylist()
    assert [row["category"] for row in rows] == ["physiological", "tumour", "uncertain"]
    assert rows[0]["changed_by"] == review_id
    assert reviewed_ml(snapshot) == 6.0


def test_accepting_keeps_the_rows_and_gives_the_reviewed_total(registry: Registry) -> None:
    registry.append_review(act(registry, 1, "accept"))
    assert reviewed_ml(registry.freeze()) == 10.0


def test_relabelling_an_uncertain_lesion_adds_it(registry: Registry) -> None:
    registry.append_review(act(registry, 3, "relabel", changes={"category": "tumour"}))
    assert reviewed_ml(registry.freeze()) == 12.0


def test_an_edit_replaces_numbers_and_an_undo_takes_it_back(registry: Registry) -> None:
    before = registry.freeze().table(LESIONS).to_pyarrow()
    edited = registry.append_review(act(registry, 2, "edit", changes={"volume_ml": 7.5, "voxels": 20}))
    assert reviewed_ml(registry.freeze()) == 11.5
    undone = registry.append_review(act(registry, 2, "undo", undoes=edited))
    assert registry.freeze().table(LESIONS).to_pyarrow().equals(before)
    registry.append_review(act(registry, 2, "undo", undoes=undone))
    assert reviewed_ml(registry.freeze()) == 11.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"act": "relabel"}, "needed by relabel"),
        ({"act": "reject", "changes": {"category": "benign"}}, "no other act"),
        ({"act": "relabel", "changes": {"category": "cyst"}}, "must be one of tumour"),
        ({"act": "edit", "changes": {"scan_id": "S-1"}}, "cannot be changed"),
        ({"act": "undo"}, "needed by undo"),
        ({"act": "undo", "undoes": "review:none"}, "no standing act"),
        ({"act": "accept", "target_row_id": "lesions:none"}, "is not in lesions"),
        ({"act": "accept", "patient_id": "P-OTHER"}, "of another patient"),
        ({"act": "accept", "made_at": None}, "expected a date-time"),
    ],
)
def test_an_act_that_breaks_a_rule_is_refused(registry: Registry, change: Row, message: str) -> None:
    with pytest.raises(TableError, match=message):
        registry.append_review({**act(registry, 1, "accept"), **change})
    assert registry.rows(REVIEWS) == []


def test_accepting_a_link_makes_it_final_and_rejecting_one_removes_it(registry: Registry) -> None:
    link: Row = {
        "patient_id": PATIENT,
        "baseline_scan_id": SCAN,
        "followup_scan_id": "S-2",
        "plan": "suv3",
        "plan_digest": "d" * 64,
        "status": "new",
        "provisional": True,
    }
    registry.add(batch("lesion_links", [{**link, "followup_lesion": number} for number in (1, 2)], name="links"))
    targets = [row["row_id"] for row in registry.rows(LESION_LINKS)]
    for target, kind in zip(targets, ("accept", "reject"), strict=True):
        registry.append_review({**act(registry, 1, kind), "table": "lesion_links", "target_row_id": target})
    rows = registry.freeze().table(LESION_LINKS).to_pyarrow().to_pylist()
    assert [(row["row_id"], row["provisional"]) for row in rows] == [(targets[0], False)]


def test_a_review_of_a_row_that_was_measured_anew_is_not_applied_and_told(registry: Registry) -> None:
    registry.append_review(act(registry, 1, "reject"))
    registry.add(batch("lesions", [lesion(1, 4.1), lesion(2, 6.0)], name="m3", kind="measure", replaces=WHOLE))
    assert reviewed_ml(registry.freeze()) is None
    assert [one.check for one in registry.check() if one.table == "reviews"] == ["review_of_a_changed_row"]


def test_a_log_that_was_changed_outside_is_refused(registry: Registry) -> None:
    for number in (1, 2, 3):
        registry.append_review(act(registry, number, "accept"))
    folder = registry.folder
    registry.close()
    with duckdb.connect(str(folder / "registry.duckdb")) as connection:
        connection.execute("UPDATE reviews SET act = 'reject' WHERE sequence = 2")
    with (
        Registry.open(folder, write=False) as tampered,
        pytest.raises(ContradictionError, match="does not hold from act 2"),
    ):
        tampered.freeze()
