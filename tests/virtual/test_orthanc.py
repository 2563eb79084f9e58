"""A real PACS takes what the virtual centre writes: Orthanc, started here on a free port with a temporary folder."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.dicom.orthanc import ORTHANC, running_orthanc

from lutrace.virtual import make_centre

pytestmark = [
    pytest.mark.server("orthanc"),
    pytest.mark.slow,
    pytest.mark.skipif(ORTHANC is None, reason="not run: no Orthanc; scripts/test-servers installs it"),
]


def ask(url: str, data: bytes | None = None) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=30) as answer:
        return json.loads(answer.read())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_orthanc(tmp_path_factory.mktemp("orthanc")) as running:
        yield running.url


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
