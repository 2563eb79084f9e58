import json
from pathlib import Path

import pytest

from lutrace.core import UnusableInputError, write_rows
from lutrace.ingest import TrackInputs, run_track

BEFORE = [("a", 0, 0, 0), ("b", 60, 0, 10), ("c", -50, 20, 90)]


def table(path: Path, rows: list[tuple[object, ...]], **more: object) -> Path:
    names = ("lesion_id", "x_mm", "y_mm", "z_mm")
    write_rows(path, [dict(zip(names, row, strict=True)) | more for row in rows])
    return path


def test_lesions_are_named_as_in_their_tables(tmp_path: Path) -> None:
    after = [("p", 1, 2, 31), ("q", 61, 2, 41), ("r", -49, 22, 121), ("s", 100, 100, 300)]
    links = run_track(table(tmp_path / "a.csv", BEFORE), table(tmp_path / "b.csv", after)).links
    assert list(links[0]) == ["baseline_id", "followup_id", "status", "distance_mm", "confidence", "cluster"]
    assert [(link["baseline_id"], link["followup_id"], link["status"]) for link in links] == [
        ("a", "p", "matched"),
        ("b", "q", "matched"),
        ("c", "r", "matched"),
        (None, "s", "new"),
    ]


def test_each_pair_is_linked_by_itself(tmp_path: Path) -> None:
    rows = [
        dict(zip(("lesion_id", "x_mm", "y_mm", "z_mm", "pair"), (*row, p), strict=True)) for p in "12" for row in BEFORE
    ]
    write_rows(tmp_path / "a.csv", rows)
    write_rows(tmp_path / "b.csv", [row for row in rows if row["pair"] == "1"])
    links = run_track(tmp_path / "a.csv", tmp_path / "b.csv").links
    assert [(link["pair"], link["status"]) for link in links] == [("1", "matched")] * 3 + [("2", "resolved")] * 3


def test_a_registration_file_moves_the_baseline(tmp_path: Path) -> None:
    matrix = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 500], [0, 0, 0, 1]]
    (tmp_path / "m.json").write_text(json.dumps(matrix), encoding="utf-8")
    after = [(name, x, y, z + 500) for name, x, y, z in BEFORE]
    paths = table(tmp_path / "a.csv", BEFORE), table(tmp_path / "b.csv", after)
    assert {link["status"] for link in run_track(*paths, inputs=TrackInputs(tmp_path / "m.json")).links} == {"matched"}
    assert {link["status"] for link in run_track(*paths).links} == {"new", "resolved"}


def test_all_faults_of_a_table_are_told_together(tmp_path: Path) -> None:
    bad = [("a", 0, "x", 0), ("a", 1, 2, None)]
    with pytest.raises(
        UnusableInputError, match=r"row 2, y_mm.*row 3, lesion_id: .a. stands in row 2 already.*row 3, z_mm"
    ):
        run_track(table(tmp_path / "a.csv", bad), table(tmp_path / "b.csv", BEFORE))


def test_a_table_without_coordinates_is_refused(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.csv", [{"lesion_id": "a", "x_mm": 1}])
    with pytest.raises(UnusableInputError, match="found no y_mm"):
        run_track(tmp_path / "a.csv", tmp_path / "a.csv")


def test_a_registration_of_another_shape_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text("[[1, 2], [3, 4]]", encoding="utf-8")
    path = table(tmp_path / "a.csv", BEFORE)
    with pytest.raises(UnusableInputError, match="4 x 4"):
        run_track(path, path, inputs=TrackInputs(tmp_path / "m.json"))


def test_lesions_that_merged_share_a_cluster(tmp_path: Path) -> None:
    before = [("a", 0, 0, 0), ("b", 20, 0, 0), ("c", -50, 20, 90), ("d", 80, 0, 200)]
    after = [("p", 10, 0, 0), ("q", -50, 20, 90), ("r", 80, 0, 200)]
    one, two = (
        [dict(zip(("lesion_id", "x_mm", "y_mm", "z_mm"), row, strict=True)) | {"volume_ml": 2.0} for row in rows]
        for rows in (before, after)
    )
    two[0]["volume_ml"] = 4.0
    write_rows(tmp_path / "a.csv", one)
    write_rows(tmp_path / "b.csv", two)
    links = run_track(tmp_path / "a.csv", tmp_path / "b.csv").links
    assert [(link["baseline_id"], link["status"], link["cluster"]) for link in links if link["followup_id"] == "p"] == [
        ("a", "merged", 1),
        ("b", "merged", 1),
    ]
    merged = [(link["compared"], link["volume_change_pct"]) for link in links if link["followup_id"] == "p"]
    assert merged == [("cluster", 0.0)] * 2  # 2 mL and 2 mL became one of 4 mL: nothing grew


def test_a_shift_that_too_few_pairs_tell_is_a_warning_with_its_count(tmp_path: Path) -> None:
    names = ("lesion_id", "x_mm", "y_mm", "z_mm", "pair")
    many = [(*row, "1") for row in BEFORE]
    for path, z in (("a.csv", 0), ("b.csv", 50)):
        rows = [*many, ("one", 0, 0, z, "2")]
        write_rows(tmp_path / path, [dict(zip(names, row, strict=True)) for row in rows])
    found = run_track(tmp_path / "a.csv", tmp_path / "b.csv")
    assert [text for text in found.warnings if "(in 1 of 2 pairs of scans)" in text and "--registration" in text]
    assert [link["status"] for link in found.links] == ["matched"] * 3 + ["resolved", "new"]
    settled = run_track(table(tmp_path / "c.csv", BEFORE), table(tmp_path / "d.csv", BEFORE))
    assert not [text for text in settled.warnings if "fewer than 3" in text]
