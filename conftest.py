"""What every test may rely on: real servers, and real data where its folder is named."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests import `validation.psa.second` however pytest was called

PROGRAMS = {
    "orthanc": ("Orthanc", "/usr/sbin/Orthanc"),
    "orthanc-dicomweb": ("libOrthancDicomWeb.so", "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"),
    "chromium": ("chromium", "/usr/bin/chromium"),
    "postgresql": ("initdb", "/usr/lib/postgresql"),
    "default-jre-headless": ("java", "/usr/bin/java"),
}
"""By Debian package: the command, and the file that it is."""


def _is_missing(server: str) -> bool:
    command, place = PROGRAMS[server]
    return shutil.which(command) is None and not Path(place).exists()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spark's own client leaves sockets to the garbage collector; its tests are not blamed for it."""
    for item in items:
        mark = item.get_closest_marker("server")
        if mark is not None and "default-jre-headless" in mark.args:
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))


@pytest.hookimpl(tryfirst=True)  # before skipif: under CI what is missing fails
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test whose server is missing names the command that would enable it; under CI that is a failure."""
    mark = item.get_closest_marker("server")
    if mark is not None:
        missing = [server for server in (mark.args or tuple(PROGRAMS)) if _is_missing(server)]
        if missing:
            reason = f"not run: needs {', '.join(missing)}; to run it: sudo apt-get install {' '.join(missing)}"
            if os.environ.get("CI") == "true":
                pytest.fail(reason)
            pytest.skip(reason)
    if item.get_closest_marker("real_data") is not None and not os.environ.get("LUTRACE_REAL_DATA"):
        pytest.skip("not run: no real data (set LUTRACE_REAL_DATA to its folder)")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data."""
    return Path(os.environ["LUTRACE_REAL_DATA"])
