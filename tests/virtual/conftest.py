"""The sources of one virtual centre, written once for all tests."""

from __future__ import annotations

import pytest
from tests.virtual.source_registry import Written

from lutrace.virtual import make_sources

N, SEED = 4, 60


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Four patients, among them deaths known to the day and to the month, a fracture, hospice care, a transfusion."""
    folder = tmp_path_factory.mktemp("sources") / "all"
    return Written(folder, make_sources(folder, patients=N, seed=SEED))
