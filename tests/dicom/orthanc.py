"""A real PACS for tests: Orthanc with its DICOMweb plug-in, on free ports, in a temporary folder."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ORTHANC = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin")
DICOMWEB = next(Path("/usr/share/orthanc/plugins").glob("libOrthancDicomWeb.so"), None)
WHERE = "not run: no Orthanc with its DICOMweb plug-in; to run it: sudo apt-get install orthanc orthanc-dicomweb"


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc: its ports, and the port to which it moves images for the AE title LUTRACE."""

    http_port: int
    dicom_port: int
    our_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def ask(self, path: str, data: bytes | None = None) -> Any:
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data=data), timeout=30) as answer:
            return json.loads(answer.read())

    def hold(self, paths: Iterable[Path]) -> None:
        for path in paths:
            assert self.ask("/instances", path.read_bytes())["Status"] in ("Success", "AlreadyStored")

    def forget_all(self) -> None:
        for study in self.ask("/studies"):
            request = urllib.request.Request(f"{self.url}/studies/{study}", method="DELETE")
            urllib.request.urlopen(request, timeout=30).close()


def free_ports(number: int) -> list[int]:
    """Ports that are free, each another: asked one after the other, the same can be given twice."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def free_port() -> int:
    return free_ports(1)[0]


@contextmanager
def running_orthanc(folder: Path) -> Iterator[Orthanc]:
    """Orthanc until the block ends."""
    assert ORTHANC is not None
    server = Orthanc(*free_ports(3))
    configuration = {
        "StorageDirectory": str(folder / "store"),
        "IndexDirectory": str(folder / "store"),
        "HttpPort": server.http_port,
        "DicomPort": server.dicom_port,
        "DicomAet": "ORTHANC",
        "DicomServerEnabled": True,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowMove": True,
        "DicomAlwaysAllowGet": True,
        "DicomModalities": {"lutrace": ["LUTRACE", "127.0.0.1", server.our_port]},
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "Plugins": [str(DICOMWEB)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    (folder / "orthanc.json").write_text(json.dumps(configuration), encoding="utf-8")
    with (folder / "log.txt").open("w", encoding="utf-8") as log:
        process = subprocess.Popen([ORTHANC, str(folder / "orthanc.json")], stdout=log, stderr=log)
        try:
            _wait_for(server)
            yield server
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_for(server: Orthanc) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            server.ask("/system")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
        else:
            return
    raise TimeoutError("Orthanc did not answer within 30 s")
