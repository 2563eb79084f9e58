"""Pixels beside the tables: compressed, named by their content, checked on reading, written whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lutrace.core import ContradictionError, MissingFactError, UnsupportedError, canonical_json, digest_of_bytes

FOLDER = "images"
TEMPORARY = ".tmp-"
_MAGIC = b"LTIMAGE1"
_PNG = b"\x89PNG\r\n\x1a\n"
_INT16_MAX = 32767
_BLOCK = 1 << 22
"""Voxels looked at in one go: temporaries stay small beside the array."""

_TYPES = {"bool": np.bool_, "float32": np.float32, "int16": np.int16, "int32": np.int32, "uint8": np.uint8}

Array = NDArray[Any]
Meta = Mapping[str, Any]


class ImageStore:
    """Arrays and pictures by key (the pseudonym of a scan, region or picture) and by content.

    A file is named by the digest of what it holds; a small file per key says which content is the key's. So a key
    changes its content in one step, and what an older snapshot names stays.
    """

    def __init__(self, folder: Path, *, below: Path | None = None) -> None:
        """Name the folder of a store; nothing is read or made. What it lacks is read from the store `below`."""
        self.folder = folder
        self.below = below

    def create(self) -> None:
        """Make the empty store."""
        (self.folder / "content").mkdir(parents=True, exist_ok=True)
        (self.folder / "keys").mkdir(exist_ok=True)

    def remove_orphans(self) -> int:
        """Remove files that a killed process left half written; returns how many."""
        orphans = [path for path in self.folder.rglob(f"{TEMPORARY}*") if path.is_file()]
        for path in orphans:
            path.unlink(missing_ok=True)
        return len(orphans)

    def put_array(self, key: str, array: Array, meta: Meta) -> str:
        """Store an array (bool, float32, int16, int32, uint8) with its metadata; returns the digest of both."""
        kind = str(array.dtype)
        if kind not in _TYPES:
            raise UnsupportedError(f"{key}: expected an array of {', '.join(_TYPES)}, got {kind}")
        raw = _raw_bytes(array)
        described = {"type": kind, "shape": list(array.shape), "meta": dict(meta)}
        digest = digest_of_bytes([canonical_json(described).encode(), raw])
        if not self._content(digest).is_file():
            encoding, packed = _pack(array, raw)
            payload = pa.Codec("zstd", compression_level=1).compress(packed, asbytes=True)
            header = canonical_json({**described, "encoding": encoding, "packed_bytes": len(packed)}).encode()
            self._write(self._content(digest), _MAGIC, len(header).to_bytes(8, "little"), header, payload)
        self._point(key, digest)
        return digest

    def get_array(self, key: str) -> tuple[Array, dict[str, Any]]:
        """The array of a key and its metadata; raises MissingFactError without one, ContradictionError when damaged."""
        return self.get_array_by_digest(self.digest(key))

    def get_array_by_digest(self, digest: str) -> tuple[Array, dict[str, Any]]:
        """The array of a content digest and its metadata."""
        content = self._read(digest)
        if not content.startswith(_MAGIC):
            raise ContradictionError(f"image {digest[:12]} is not an array of this store; add its source again")
        start = len(_MAGIC) + 8
        end = start + int.from_bytes(content[len(_MAGIC) : start], "little")
        try:
            header = json.loads(content[start:end])
            array = _unpack(pa.Codec("zstd").decompress(memoryview(content)[end:], header["packed_bytes"]), header)
        except (ValueError, OSError) as error:
            raise ContradictionError(_damaged(digest)) from error
        described = {name: header[name] for name in ("type", "shape", "meta")}
        if digest_of_bytes([canonical_json(described).encode(), _raw_bytes(array)]) != digest:
            raise ContradictionError(_damaged(digest))
        return array, header["meta"]

    def put_png(self, key: str, png: bytes) -> str:
        """Store a PNG; returns its SHA-256."""
        if not png.startswith(_PNG):
            raise UnsupportedError(f"{key}: expected the bytes of a PNG picture")
        digest = digest_of_bytes([png])
        if not self._content(digest).is_file():
            self._write(self._content(digest), png)
        self._point(key, digest)
        return digest

    def get_png(self, key: str) -> bytes:
        """The PNG of a key."""
        return self.get_png_by_digest(self.digest(key))

    def get_png_by_digest(self, digest: str) -> bytes:
        """The PNG of a content digest; raises ContradictionError when the file is damaged."""
        content = self._read(digest)
        if digest_of_bytes([content]) != digest:
            raise ContradictionError(_damaged(digest))
        return content

    def has(self, key: str) -> bool:
        """Whether the key names something."""
        return any(path.is_file() for path in self._places("keys", f"{key}.txt"))

    def digest(self, key: str) -> str:
        """The digest of what the key names."""
        for path in self._places("keys", f"{key}.txt"):
            if path.is_file():
                return path.read_text(encoding="ascii")
        raise MissingFactError(f"no image is stored under {key}; add its source again")

    def _places(self, *parts: str) -> list[Path]:
        folders = [self.folder] if self.below is None else [self.folder, self.below]
        return [folder.joinpath(*parts) for folder in folders]

    def _key(self, key: str) -> Path:
        return self.folder / "keys" / f"{key}.txt"

    def _content(self, digest: str) -> Path:
        return self.folder / "content" / digest[:2] / f"{digest}.img"

    def _read(self, digest: str) -> bytes:
        for path in self._places("content", digest[:2], f"{digest}.img"):
            if path.is_file():
                return path.read_bytes()
        raise MissingFactError(f"image {digest[:12]} is not in the store; add its source again")

    def _point(self, key: str, digest: str) -> None:
        path = self._key(key)
        if not path.is_file() or path.read_text(encoding="ascii") != digest:
            self._write(path, digest.encode())

    def _write(self, path: Path, *parts: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{TEMPORARY}{os.getpid()}-{secrets.token_hex(4)}")
        with temporary.open("wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)


def _damaged(digest: str) -> str:
    return f"image {digest[:12]} does not hold what its name says; restore it from a backup or add its source again"


def _raw_bytes(array: Array) -> memoryview:
    """The logical content: little-endian, C order; booleans as packed bits. Nothing is copied that lies so already."""
    if array.dtype == np.bool_:
        return np.packbits(np.ascontiguousarray(array)).data
    plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return plain.reshape(-1).view(np.uint8).data


def _pack(array: Array, raw: memoryview) -> tuple[str, memoryview]:
    """What is compressed: whole numbers in 16 bits, other numbers byte plane by byte plane (they compress better)."""
    if array.dtype == np.float32 and _is_whole(array):
        return "int16-planes", _planes(_raw_bytes(array.astype(np.int16)), 2)
    if array.dtype.itemsize > 1:
        return "planes", _planes(raw, array.dtype.itemsize)
    return "raw", raw


def _is_whole(array: Array) -> bool:
    """Whether 16-bit whole numbers say the same: no fraction, no minus zero, nothing infinite or undefined."""
    if not array.size:
        return False
    low, high = float(array.min()), float(array.max())
    if not (low >= -_INT16_MAX and high <= _INT16_MAX):  # also false where a value is undefined
        return False
    flat = array.reshape(-1)
    for start in range(0, flat.size, _BLOCK):
        part = flat[start : start + _BLOCK]
        small = part.astype(np.int16)
        if not (small == part).all() or (np.signbit(part) & (part == 0)).any():
            return False
    return True


def _planes(raw: memoryview, width: int) -> memoryview:
    return np.ascontiguousarray(np.frombuffer(raw, np.uint8).reshape(-1, width).T).reshape(-1).data


def _unpack_bits(packed: NDArray[np.uint8], count: int) -> NDArray[np.bool_]:
    """The first `count` bits; memory before the first and after the last that is set is never touched."""
    array = np.zeros(count, np.bool_)
    held = np.flatnonzero(packed)
    if len(held):
        begin, stop = int(held[0]), int(held[-1]) + 1
        bits = np.unpackbits(packed[begin:stop], count=min(8 * stop, count) - 8 * begin)
        array[8 * begin : 8 * begin + len(bits)] = bits.view(np.bool_)
    return array


def _unpack(packed: pa.Buffer, header: Mapping[str, Any]) -> Array:
    kind = np.dtype(_TYPES[header["type"]])
    shape = tuple(header["shape"])
    flat = np.frombuffer(packed, np.uint8)
    if kind == np.bool_:
        count = int(np.prod(shape, dtype=np.int64))
        return _unpack_bits(flat, count).reshape(shape)
    if header["encoding"] == "raw":
        return flat.view(kind.newbyteorder("<")).astype(kind).reshape(shape)
    stored = np.dtype(np.int16) if header["encoding"] == "int16-planes" else kind
    together = np.empty((flat.size // stored.itemsize, stored.itemsize), np.uint8)
    for place, plane in enumerate(flat.reshape(stored.itemsize, -1)):
        together[:, place] = plane
    return together.reshape(-1).view(stored.newbyteorder("<")).astype(kind, copy=False).reshape(shape)
