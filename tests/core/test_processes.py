"""Worker processes: their own, with one thread each, and nothing left behind in this process."""

import os

import pytest

from lutrace.core import spawn_workers

NAMES = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"]


def test_workers_have_one_thread_each_but_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    with spawn_workers(1) as pool:
        seen = list(pool.map(os.getenv, NAMES))
        assert pool.submit(os.getpid).result() != os.getpid()
    assert seen == ["3", "1", "1"]
    assert [os.getenv(name) for name in NAMES] == ["3", None, None]
