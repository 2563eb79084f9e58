"""The same bytes for the same content: office files without clocks."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)
_STAMP = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:(?:created|modified)>)")
_FIXED = b"2000-01-01T00:00:00Z"


def write_without_clock(path: Path, package: bytes) -> None:
    """Write an Office Open XML package with fixed times in it, so that equal content is equal bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as source, zipfile.ZipFile(target, "w") as packed:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = _STAMP.sub(rb"\g<1>" + _FIXED + rb"\g<3>", content)
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            entry.create_system = 3
            packed.writestr(entry, content)
    path.write_bytes(target.getvalue())
