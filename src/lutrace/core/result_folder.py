"""A folder of results that is replaced as a whole: never files of two runs side by side, never half of a run."""

from __future__ import annotations

import glob
import shutil
import sqlite3
import tempfile
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from lutrace.core.errors import UnusableInputError

_OF_THE_SYSTEM = (".DS_Store", "Thumbs.db", "desktop.ini")
"""Files that a look into a folder leaves there; nobody misses them."""
_HELD = "held"
"""A SQLite file that a run locks as long as it lives: the one lock that Python has on every system, and that ends with
its process however that ends."""


def check_result_folder(
    out: Path, names: Collection[str], folders: Collection[str], *, endings: Collection[str] = ()
) -> None:
    """Raise UnusableInputError unless `out` can be replaced: not there, empty, or with results of an earlier run only.

    `names` are the files that a run writes, `folders` those of its subfolders that hold such files, or any with one of
    the `endings`.
    """
    if out.exists() and not out.is_dir():
        raise UnusableInputError(f"{out.name}: expected a folder for the results, found a file")
    if out.is_mount():
        raise UnusableInputError(
            f"{out.name}: is where a disk is mounted, and results are replaced as a whole; name a folder inside it"
        )
    inside = sorted(out.iterdir()) if out.is_dir() else []
    strange = [path for path in inside if not _is_ours(path, names, folders, endings)]
    if strange:
        raise UnusableInputError(
            f"{out.name}: holds {len(strange)} other files or folders ({strange[0].name} ...), and results are "
            "replaced as a whole; name a new folder, or one with nothing but earlier results of this command"
        )


@contextmanager
def replaced_folder(out: Path) -> Iterator[Path]:
    """A new folder beside `out` to write into; it takes the place of `out` when all is written, else it is removed.

    A process that is killed leaves `out` as it was, and beside it what was not finished (`.<name>-unfinished-...`),
    which the next run into the same folder takes away.
    """
    place = out.resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{place.name}-unfinished-"
    _clear_unfinished(place, prefix)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=place.parent) as beside, _held(Path(beside)):
        fresh = Path(beside) / "new"
        fresh.mkdir()
        yield fresh
        old = Path(beside) / "old"
        if place.exists():
            place.rename(old)
        try:
            fresh.rename(place)
        except OSError:
            if old.exists():  # else the earlier results would go with what was not finished
                old.rename(place)
            raise


@contextmanager
def _held(beside: Path) -> Iterator[None]:
    """Lock an unfinished folder while this process works in it; where files cannot be locked, none counts as left."""
    with closing(sqlite3.connect(beside / _HELD, timeout=0)) as connection:
        with suppress(sqlite3.OperationalError):
            connection.execute("BEGIN EXCLUSIVE")
        yield


def _clear_unfinished(place: Path, prefix: str) -> None:
    """Take away what killed runs left beside `place`, after earlier results in it that they had just moved aside."""
    for beside in sorted(place.parent.glob(f"{glob.escape(prefix)}*")):
        if not (beside / _HELD).is_file() or _is_held(beside):
            continue
        if (beside / "old").exists() and not place.exists():
            (beside / "old").rename(place)
        shutil.rmtree(beside, ignore_errors=True)


def _is_held(beside: Path) -> bool:
    """Whether a living process works in an unfinished folder, as far as its lock tells."""
    try:
        with closing(sqlite3.connect(beside / _HELD, timeout=0)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error:
        return True
    return False


def _is_ours(path: Path, names: Collection[str], folders: Collection[str], endings: Collection[str]) -> bool:
    if path.is_dir():
        return path.name in folders and all(_is_result(one, names, endings) for one in path.iterdir())
    return _is_result(path, names, ())


def _is_result(path: Path, names: Collection[str], endings: Collection[str]) -> bool:
    known = path.name in names or path.name in _OF_THE_SYSTEM or path.suffix in endings
    return known and not path.is_dir()
