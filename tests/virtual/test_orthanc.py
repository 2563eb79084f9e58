"""A real PACS takes what the virtual centre writes: Orthanc, started here on a free port with a temporary folder."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lutrace.virtual import make_centre

ORTHANC = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin")

pytestmark = [
    pytest.mark.server("orthanc"),
    pytest.mark.slow,
    pytest.mark.skipif(ORTHANC is None, reason="not run: no Orthanc; scripts/test-servers installs it"),
]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def ask(url: str, data: bytes | None = None) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=30) as answer:
        return json.loads(answer.read())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("orthanc")
    port = free_port()
    configuration = {
        "StorageDirectory": str(folder / "store"),
        "IndexDirectory": str(folder / "store"),
        "HttpPort": port,
        "DicomServerEnabled": False,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "Plugins": [],
    }
    path = folder / "orthanc.json"
    path.write_text(json.dumps(configuration), encoding="utf-8")
    assert ORTHANC is not None
    with (folder / "log.txt").open("w", encoding="utf-8") as log:
        process = subprocess.Popen([ORTHANC, str(path)], stdout=log, stderr=log)
        url = f"http://127.0.0.1:{port}"
        try:
            wait_for(url)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=20)


def wait_for(url: str) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            ask(f"{url}/system")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
        else:
            return
    raise TimeoutError("Orthanc did not answer within 30 s")


def test_orthanc_takes_every_object_of_the_centre_and_orders_them_as_we_meant(server: str, tmp_path: Path) -> None:
    centre = make_centre(tmp_path / "centre", patients=1, seed=6, jobs=1)
    files = sorted((centre.folder / "dicom").rglob("*.dcm"))
    statuses = {ask(f"{server}/instances", path.read_bytes())["Status"] for path in files}
    assert statuses == {"Success"}
    held = ask(f"{server}/statistics")
    examinations = centre.pet_scans + centre.spect_scans
    assert held["CountPatients"] == 1
    assert held["CountStudies"] == examinations
    assert held["CountSeries"] == 3 * examinations
    assert held["CountInstances"] == len(files)
    modalities = {ask(f"{server}/series/{one}")["MainDicomTags"]["Modality"] for one in ask(f"{server}/series")}
    assert modalities == {"PT", "CT", "SEG"}
