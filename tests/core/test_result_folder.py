"""A folder of results is replaced as a whole or not at all, and nothing else is ever taken away with it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lutrace.core import UnusableInputError, check_result_folder, replaced_folder

KILLED_HALFWAY = """
import os, signal, sys
from pathlib import Path
from lutrace.core import replaced_folder
with replaced_folder(Path(sys.argv[1])) as fresh:
    (fresh / "a.csv").write_text("half of the new")
    os.kill(os.getpid(), signal.SIGKILL)
"""
STILL_AT_WORK = """
import sys
from pathlib import Path
from lutrace.core import replaced_folder
with replaced_folder(Path(sys.argv[1])) as fresh:
    print("at work", flush=True)
    sys.stdin.readline()
    (fresh / "a.csv").write_text("of the other")
"""
NAMES, FOLDERS = ("a.csv", "b.csv"), ("tables",)


def files(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def write(folder: Path, **texts: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text)


def test_new_results_take_the_place_of_the_old_ones_and_leave_nothing_beside_them(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, a="old", b="old")
    with replaced_folder(out) as fresh:
        write(fresh, a="new")
        assert files(out) == {"a.csv": "old", "b.csv": "old"}
    assert files(tmp_path) == {"out/a.csv": "new"}


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL on Windows")
@pytest.mark.parametrize("earlier", [{}, {"a": "old", "b": "old"}], ids=["no earlier results", "earlier results"])
def test_a_process_that_is_killed_leaves_the_folder_as_it_was(tmp_path: Path, earlier: dict[str, str]) -> None:
    out = tmp_path / "out"
    if earlier:
        write(out, **earlier)
    ended = subprocess.run([sys.executable, "-c", KILLED_HALFWAY, str(out)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert out.exists() == bool(earlier)
    assert files(out) == {f"{name}.csv": text for name, text in earlier.items()}
    assert [path.name.startswith(".out-unfinished-") for path in tmp_path.iterdir() if path != out] == [True]
    with replaced_folder(out) as fresh:
        write(fresh, a="new")
    assert files(tmp_path) == {"out/a.csv": "new"}
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL on Windows")
def test_earlier_results_that_a_killed_process_had_moved_aside_come_back(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, a="old")
    subprocess.run([sys.executable, "-c", KILLED_HALFWAY, str(out)], check=False)
    (left,) = (path for path in tmp_path.iterdir() if path != out)
    out.rename(left / "old")
    with pytest.raises(UnusableInputError), replaced_folder(out):
        raise UnusableInputError("no more")
    assert files(tmp_path) == {"out/a.csv": "old"}


def test_what_a_living_process_has_not_finished_stays(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with subprocess.Popen(
        [sys.executable, "-c", STILL_AT_WORK, str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "at work\n"
        with replaced_folder(out) as fresh:
            write(fresh, a="of this process")
        assert files(out) == {"a.csv": "of this process"}
        other.communicate("go on\n")
    assert other.returncode == 0
    assert files(tmp_path) == {"out/a.csv": "of the other"}


def test_a_folder_of_the_same_name_that_is_no_unfinished_run_stays(tmp_path: Path) -> None:
    write(tmp_path / ".out-unfinished-notes", a="of the user")
    with replaced_folder(tmp_path / "out") as fresh:
        write(fresh, a="new")
    assert files(tmp_path) == {"out/a.csv": "new", ".out-unfinished-notes/a.csv": "of the user"}


def test_an_error_leaves_the_folder_as_it_was_and_nothing_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "out", a="old")
    with pytest.raises(UnusableInputError), replaced_folder(tmp_path / "out") as fresh:
        write(fresh, a="half")
        raise UnusableInputError("no more")
    assert files(tmp_path) == {"out/a.csv": "old"}


def test_earlier_results_may_be_replaced(tmp_path: Path) -> None:
    check_result_folder(tmp_path / "none yet", NAMES, FOLDERS)
    check_result_folder(tmp_path, NAMES, FOLDERS)
    write(tmp_path, a="old")
    write(tmp_path / "tables", b="old", third="old")
    (tmp_path / ".DS_Store").write_text("of the system")
    check_result_folder(tmp_path, NAMES, FOLDERS, endings=(".csv",))


@pytest.mark.parametrize("strange", ["c.csv", "tables/c.csv", "tables/deep/a.csv", "other/a.csv", "a.csv/a.csv"])
def test_a_folder_with_anything_else_is_refused(tmp_path: Path, strange: str) -> None:
    path = tmp_path / "out" / strange
    path.parent.mkdir(parents=True)
    path.write_text("of the user")
    with pytest.raises(UnusableInputError, match="holds 1 other files or folders"):
        check_result_folder(tmp_path / "out", NAMES, FOLDERS)


def test_a_file_and_the_place_of_a_disk_are_no_folder_for_results(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UnusableInputError, match="found a file"):
        check_result_folder(tmp_path / "out", NAMES, FOLDERS)
    with pytest.raises(UnusableInputError, match="name a folder inside it"):
        check_result_folder(Path(tmp_path.anchor), NAMES, FOLDERS)


def test_where_the_new_folder_cannot_take_its_place_the_earlier_results_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.html").write_text("earlier", encoding="utf-8")
    rename = Path.rename

    def refuse_new(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise PermissionError(13, "in use", str(target))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse_new)
    with pytest.raises(PermissionError), replaced_folder(out) as fresh:
        (fresh / "report.html").write_text("later", encoding="utf-8")
    assert (out / "report.html").read_text(encoding="utf-8") == "earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
