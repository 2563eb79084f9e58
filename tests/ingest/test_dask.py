"""Dask's executor gives what processes give: the same rows and the same snapshot, on a real local cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.ingest.small_centre import add_kidneys, write_sources

from lutrace.cli.app import run
from lutrace.core import UnusableInputError
from lutrace.ingest import profile_template, run_add_dicom, run_add_table, run_measure
from lutrace.registry import Registry

distributed = pytest.importorskip(
    "distributed", reason="not run: the extra dask; to run it: pip install 'lutrace[dask]'"
)

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a scheduler with two worker processes."""
    import dask

    with (
        dask.config.set({"distributed.worker.daemon": False}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
        ) as running,
    ):
        yield running.scheduler_address


def filled(folder: Path, sources: Path, *, scheduler: str | None) -> str:
    """The digest of a registry filled and measured with two processes, or by the scheduler's workers."""
    Registry.create(folder, profile_text=profile_template(), secret=b"synthetic")
    run_add_dicom(folder, [sources / "dicom"], jobs=2, scheduler=scheduler)
    run_add_table(folder, [sources / "tables"])
    add_kidneys(folder, sources)
    result = run_measure(folder, ["suv3", "suv4"], jobs=2, scheduler=scheduler)
    assert (result.measured, result.refused) == (2, 0)
    with Registry.open(folder, write=False) as registry:
        return registry.freeze().digest


def test_a_cluster_gives_the_snapshot_that_processes_give(cluster: str, tmp_path: Path) -> None:
    sources = write_sources(tmp_path)
    by_processes = filled(tmp_path / "processes", sources, scheduler=None)
    assert filled(tmp_path / "cluster", sources, scheduler=cluster) == by_processes


def test_add_dicom_hands_its_work_to_the_scheduler_named_or_says_that_none_answers(
    cluster: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources, folder = write_sources(tmp_path), tmp_path / "registry"
    Registry.create(folder, profile_text=profile_template(), secret=b"synthetic")
    call = ["add", "dicom", str(sources / "dicom"), "--registry", str(folder), "--scheduler"]
    assert run([*call, "tcp://127.0.0.1:9"]) == 2
    assert "nothing answers" in capsys.readouterr().err
    assert run([*call, cluster]) == 0
    assert run(["add", "fhir", str(sources), "--registry", str(folder), "--scheduler", cluster]) == 2
    assert "--scheduler goes with `add dicom`" in capsys.readouterr().err


def test_the_work_is_done_by_the_clusters_workers(cluster: str) -> None:
    import os

    from lutrace.ingest.workers import executor_of, map_as_done

    with executor_of(1, scheduler=cluster) as executor, distributed.Client(cluster) as client:
        workers = set(client.run(os.getpid).values())
        done = {answer for _, answer in map_as_done(executor, process_of, range(20), jobs=2)}
    assert done <= workers
    assert len(workers) == 2


def process_of(_task: int) -> int:
    import os

    return os.getpid()


def test_a_scheduler_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lutrace.ingest import workers

    monkeypatch.setattr(workers, "_CONNECT_S", 1)
    with (
        pytest.raises(UnusableInputError, match=r"scheduler tcp://127\.0\.0\.1:9: nothing answers"),
        workers.executor_of(2, scheduler="tcp://127.0.0.1:9"),
    ):
        pass
