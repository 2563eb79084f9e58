"""A writer that is killed at any moment: run again, the registry holds what an undisturbed run would have given."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.registry.killed import N_BATCHES, fill
from tests.registry.rows import content, make_registry

from lutrace.core import RegistryBusyError
from lutrace.registry import Registry
from lutrace.tables import QUARANTINE

ROOT = Path(__file__).parents[2]
SCRIPT = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); import runpy; "
    "runpy.run_module('tests.registry.killed', run_name='__main__')"
)


def start(folder: Path, doing: str = "fill") -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(ROOT), str(folder), doing],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def images(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted((folder / "images").rglob("*"))
        if path.is_file()
    }


@pytest.mark.slow
def test_a_killed_and_repeated_run_equals_an_undisturbed_one(tmp_path: Path) -> None:
    undisturbed = make_registry(tmp_path / "undisturbed")
    began = time.monotonic()
    fill(undisturbed)
    whole_s = time.monotonic() - began
    disturbed = make_registry(tmp_path / "disturbed")
    chance = random.Random(7)
    interrupted = 0
    for _ in range(6):
        process = start(disturbed)
        time.sleep(chance.uniform(0.02, 0.8) * whole_s)
        interrupted += process.poll() is None
        process.kill()
        process.communicate()
    fill(disturbed)
    with Registry.open(undisturbed, write=False) as one, Registry.open(disturbed, write=False) as other:
        assert content(one) == content(other)
        assert one.freeze().digest == other.freeze().digest
        assert len(other.rows(QUARANTINE)) == N_BATCHES
    assert images(undisturbed) == images(disturbed)
    assert interrupted >= 3


def test_a_second_writer_and_a_reader_are_told_since_when_another_process_writes(tmp_path: Path) -> None:
    folder = make_registry(tmp_path / "registry")
    process = start(folder, "hold")
    try:
        for write in (True, False):
            with pytest.raises(RegistryBusyError, match="another process"):
                Registry.open(folder, write=write)
    finally:
        process.kill()
        process.communicate()
    with Registry.open(folder, write=True) as registry:
        assert registry.writable


def test_a_killed_writer_holds_nobody_up(tmp_path: Path) -> None:
    folder = make_registry(tmp_path / "registry")
    (folder / "writer.json").write_text('{"process": 1, "since": "2020-01-01T00:00:00+00:00"}', encoding="utf-8")
    (folder / "snapshots" / ".tmp-half").mkdir()
    with Registry.open(folder, write=True) as registry:
        assert registry.snapshots() == []
    assert not (folder / "writer.json").exists()
    assert not (folder / "snapshots" / ".tmp-half").exists()
