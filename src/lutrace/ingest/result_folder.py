"""A folder of results that is replaced as a whole: never files of two runs side by side, never half of a run."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from lutrace.core import UnusableInputError


def check_result_folder(out: Path, names: Collection[str], folders: Collection[str]) -> None:
    """Raise UnusableInputError unless `out` can be replaced: not there, empty, or with results of an earlier run only.

    `names` are the files that a run writes, `folders` those of its subfolders that hold such files.
    """
    if out.exists() and not out.is_dir():
        raise UnusableInputError(f"{out.name}: expected a folder for the results, found a file")
    strange = [path for path in sorted(out.iterdir()) if not _is_ours(path, names, folders)] if out.is_dir() else []
    if strange:
        raise UnusableInputError(
            f"{out.name}: holds {len(strange)} other files or folders ({strange[0].name} ...), and results are "
            "replaced as a whole; name a new folder, or one with nothing but earlier results of this command"
        )


@contextmanager
def replaced_folder(out: Path) -> Iterator[Path]:
    """A new folder beside `out` to write into; it takes the place of `out` when all is written, else it is removed."""
    place = out.resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{place.name}-", dir=place.parent) as beside:
        fresh = Path(beside) / "new"
        fresh.mkdir()
        yield fresh
        if place.exists():
            place.rename(Path(beside) / "old")
        shutil.move(fresh, place)


def _is_ours(path: Path, names: Collection[str], folders: Collection[str]) -> bool:
    if path.is_dir():
        return path.name in folders and all(_is_ours(inside, names, ()) for inside in path.iterdir())
    return path.name in names
