"""YAML documents that people write (site profile, study protocol, vocabularies): one reader, errors with lines."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

import pydantic
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError

from lutrace.core.document_faults import Tell, describe_fault, field_names, is_slip_of, tell_as_it_is
from lutrace.core.errors import ProtocolError
from lutrace.core.yaml_faults import describe_yaml_fault


class FrozenModel(pydantic.BaseModel):
    """Base of every declared document: immutable, and an unknown key is an error."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", strict=False)


Model = TypeVar("Model", bound=pydantic.BaseModel)


def parse_yaml(text: str, name: str, tell: Tell = tell_as_it_is) -> Any:
    """The content of a YAML 1.2 text, remembering line numbers; `name` names it in errors.

    Raises ProtocolError with the line when the text is not YAML or a key stands twice.
    """
    try:
        return YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise ProtocolError(f"{name}, line {line}: {_problem(error, tell)}") from error


def read_document(path: Path, model: type[Model], *, tell: Tell = tell_as_it_is) -> Model:
    """The document in a YAML file, checked against `model`; all faults are reported together with their lines.

    `tell` says what a message may repeat of its keys and texts (default: all).
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ProtocolError(f"{path.name}: not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        fact = "is a folder, expected a YAML file" if path.is_dir() else "cannot be read"
        raise ProtocolError(f"{path.name}: {fact}; name the file itself") from error
    return parse_document(text, path.name, model, tell=tell)


def parse_document(text: str, name: str, model: type[Model], *, tell: Tell = tell_as_it_is) -> Model:
    """The document in a YAML text, checked against `model`.

    Raises ProtocolError that lists each fault as `name, line 12, key.path: what would be allowed`.
    """
    content = parse_yaml(text, name, tell)
    if content is None:
        content = {}
    try:
        return model.model_validate(_plain(content))
    except pydantic.ValidationError as error:
        keys = field_names(model)
        told = {
            part: part if part in keys else _key(part, keys, tell) for one in error.errors() for part in _texts(one)
        }
        faults = [
            f"{name}, line {_line_of(content, fault['loc'])}, {_dotted(fault['loc'], told)}: "
            f"{describe_fault(fault, model, tell)}"
            for fault in _own_faults(error.errors())
        ]
        raise ProtocolError("; ".join(faults)) from error


def _own_faults(faults: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The faults without those of a list that is too short only because of the faults of its entries."""
    places = [fault["loc"] for fault in faults]
    return [
        fault
        for fault in faults
        if fault["type"] != "too_short"
        or not any(len(place) > len(fault["loc"]) and place[: len(fault["loc"])] == fault["loc"] for place in places)
    ]


def format_yaml(content: Any) -> str:
    """YAML text of plain data, keys in the order given."""
    stream = StringIO()
    writer = YAML()
    writer.default_flow_style = False
    writer.width = 110
    writer.dump(content, stream)
    return stream.getvalue()


def _problem(error: MarkedYAMLError, tell: Tell) -> str:
    """What hinders reading, with what to look at."""
    if isinstance(error, DuplicateKeyError):
        key = str(error.problem).split(" with value")[0].removeprefix("found duplicate key ").strip('"')
        return f'duplicate key "{_key(key, (), tell)}"; keep one of the two'
    return f"no readable YAML: {describe_yaml_fault(str(error.problem))}"


def _plain(node: Any) -> Any:
    if isinstance(node, dict):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    return node


def _key(key: str, known: Collection[str], tell: Tell) -> str:
    """A key for a message: one that is nearly a key of the document is a slip of the pen and no person."""
    if is_slip_of(key, known):
        return key
    told = tell(key)
    return told.strip("'") if told.startswith("'") else f"({told})"


def _texts(fault: Mapping[str, Any]) -> list[str]:
    return [part for part in fault["loc"] if isinstance(part, str)]


def _dotted(location: tuple[int | str, ...], told: Mapping[str, str]) -> str:
    return ".".join(str(part) if isinstance(part, int) else told[part] for part in location) or "document"


def _line_of(node: Any, location: tuple[int | str, ...]) -> int:
    line = 1
    for part in location:
        if isinstance(node, CommentedMap) and part in node:
            line = node.lc.key(part)[0] + 1
            node = node[part]
        elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
            line = node.lc.item(part)[0] + 1
            node = node[part]
    return line
