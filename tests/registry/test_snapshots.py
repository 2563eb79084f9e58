"""Frozen states: the same content, the same digest; nothing frozen can be changed unseen."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.registry.rows import PATIENT, SCAN, batch, lab, make_registry, patients

from lutrace.core import ContradictionError, Row, UnusableInputError
from lutrace.registry import Registry, open_snapshot
from lutrace.tables import FACT_TABLES, LABS, PICTURES, QUARANTINE

PNG = b"\x89PNG\r\n\x1a\nsynthetic"


def filled(folder: Path, *, backwards: bool = False) -> Path:
    make_registry(folder)
    rows = [lab(day, float(day)) for day in range(1, 20)]
    with Registry.open(folder, write=True) as registry:
        registry.add(batch("patients", patients(3), name="p"))
        registry.add(batch("labs", rows[::-1] if backwards else rows, name="l"))
    return folder


def test_the_same_content_gives_the_same_digest_whatever_the_order_and_place(tmp_path: Path) -> None:
    digests = []
    for name, backwards in (("one", False), ("two", True)):
        with Registry.open(filled(tmp_path / name, backwards=backwards), write=False) as registry:
            digests.append(registry.freeze().digest)
    assert digests[0] == digests[1]


def test_the_digest_is_known(tmp_path: Path) -> None:
    """The digest of an empty registry: it changes only with the declared tables, never with machine or library."""
    with Registry.open(make_registry(tmp_path / "registry"), write=False) as registry:
        manifest = registry.freeze().manifest
    assert {name: one["rows"] for name, one in manifest["tables"].items()} == dict.fromkeys(
        [*FACT_TABLES, "sources", "merges"], 0
    )
    assert str(tmp_path) not in json.dumps(manifest)


def test_freezing_twice_gives_the_same_snapshot(tmp_path: Path) -> None:
    with Registry.open(filled(tmp_path / "registry"), write=True) as registry:
        first, second = registry.freeze(), registry.freeze()
        assert first.digest == second.digest
        assert [one.digest for one in registry.snapshots()] == [first.digest]


def test_one_changed_value_changes_the_digest_and_leaves_the_older_snapshot(tmp_path: Path) -> None:
    folder = filled(tmp_path / "registry")
    with Registry.open(folder, write=True) as registry:
        first = registry.freeze()
        registry.add(batch("labs", [lab(1, 99.0)], name="newer"))
        second = registry.freeze()
    assert first.digest != second.digest
    older = open_snapshot(folder, first.digest[:8]).table(LABS)
    assert older.value.max().to_pyarrow().as_py() == 19.0
    assert open_snapshot(folder, second.digest).table(LABS).value.max().to_pyarrow().as_py() == 99.0


def test_parquet_files_hold_the_declared_columns_sorted_by_key(tmp_path: Path) -> None:
    with Registry.open(filled(tmp_path / "registry", backwards=True), write=False) as registry:
        snapshot = registry.freeze()
    rows = pq.read_table(snapshot.folder / "labs.parquet")
    assert rows.column_names == [column.name for column in LABS.columns]
    assert rows["date"].to_pylist() == sorted(rows["date"].to_pylist())


def test_a_picture_comes_with_its_snapshot(tmp_path: Path) -> None:
    folder = make_registry(tmp_path / "registry")
    with Registry.open(folder, write=True) as registry:
        row: Row = {
            "picture_id": "I-1",
            "patient_id": PATIENT,
            "scan_id": SCAN,
            "plan": "suv3",
            "plan_digest": "d" * 64,
            "kind": "mip",
            "angle_deg": 0.0,
            "suv_max": 10.0,
            "width_px": 1,
            "height_px": 1,
            "png_digest": registry.images.put_png("I-1", PNG),
        }
        registry.add(batch(PICTURES.name, [row], kind="measure"))
        snapshot = registry.freeze()
        registry.images.put_png("I-1", PNG + b" newer")
    assert snapshot.picture("I-1") == PNG
    with pytest.raises(UnusableInputError, match="no picture"):
        snapshot.picture("I-2")


def test_a_changed_file_or_manifest_is_refused(tmp_path: Path) -> None:
    folder = filled(tmp_path / "registry")
    with Registry.open(folder, write=False) as registry:
        snapshot = registry.freeze()
    other = shutil.copytree(folder, tmp_path / "copy")
    pq.write_table(pq.read_table(snapshot.folder / "labs.parquet").slice(1), snapshot.folder / "labs.parquet")
    with pytest.raises(ContradictionError, match="labs"):
        open_snapshot(folder, snapshot.digest)
    manifest = other / "snapshots" / snapshot.digest / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"rows":19', '"rows":18'), encoding="utf-8")
    with pytest.raises(ContradictionError, match="manifest"):
        open_snapshot(other, snapshot.digest)


@pytest.mark.parametrize("digest", ["", "abc", "f" * 64])
def test_an_unknown_snapshot_is_refused(tmp_path: Path, digest: str) -> None:
    with pytest.raises(UnusableInputError, match="0 snapshots"):
        open_snapshot(filled(tmp_path / "registry"), digest)


def test_quarantine_stays_out_of_snapshots(tmp_path: Path) -> None:
    with Registry.open(make_registry(tmp_path / "registry"), write=True) as registry:
        registry.add(batch("labs", [lab(1, unit=None)]))
        snapshot = registry.freeze()
    assert not (snapshot.folder / "quarantine.parquet").exists()
    with pytest.raises(UnusableInputError, match="no table quarantine"):
        snapshot.table(QUARANTINE)
