"""Digests: the same content gives the same name, on every machine."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def _plain(value: Any) -> Any:
    """Turn what JSON does not know into what it does; refuse the rest."""
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"no canonical form for {type(value).__name__}")


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain)


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no spaces and shortest floats: one text per content. NaN is refused."""
    return _ENCODER.encode(value)


def digest_of(value: Any) -> str:
    """SHA-256 in hex of the canonical JSON of `value`."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def digest_of_bytes(chunks: Iterable[bytes | memoryview]) -> str:
    """SHA-256 in hex of the concatenated chunks."""
    sha = hashlib.sha256()
    for chunk in chunks:
        sha.update(chunk)
    return sha.hexdigest()


def digest_of_file(path: Path) -> str:
    """SHA-256 in hex of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def short(digest: str) -> str:
    """The first twelve characters, enough to tell the digests of one study apart."""
    return digest[:12]
