"""The studies that come with lutrace, as data."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from lutrace.core import ProtocolError, suggest
from lutrace.protocol import Protocol, parse_protocol, read_protocol


def shipped_names() -> tuple[str, ...]:
    """The names of the shipped protocols, in alphabetical order."""
    folder = files("lutrace.study") / "protocols"
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def load_protocol(name_or_path: str) -> Protocol:
    """The shipped protocol of that name, or the one in that file.

    Raises ProtocolError for a name that is neither, and for a faulty file.
    """
    if name_or_path in shipped_names():
        return parse_protocol(shipped_text(name_or_path), f"{name_or_path}.yaml")
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml") and path.is_file():
        return read_protocol(path)
    if path.is_dir():
        raise ProtocolError(
            f"{path.name}: is a folder, expected a study file (YAML) or one of {_names()}; name the file"
        )
    meant = suggest(name_or_path, shipped_names())
    raise ProtocolError(
        f"{path.name}: no such protocol; {f'{meant} ' if meant else ''}expected a YAML file or one of {_names()}"
    )


def _names() -> str:
    return ", ".join(shipped_names())


def shipped_text(name: str) -> str:
    """The text of a shipped protocol with its comments, to start an own one from."""
    return (files("lutrace.study") / "protocols" / f"{name}.yaml").read_text(encoding="utf-8")
