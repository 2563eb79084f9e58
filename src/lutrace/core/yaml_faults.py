"""Why a text is no YAML, in words of the person who wrote it, and on which line of a document a place stands."""

from __future__ import annotations

import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

_CAUSES: tuple[tuple[str, str], ...] = (
    (r"found character '\\t'", "a tab stands at the beginning; use spaces, two for each step"),
    (
        r"mapping values are not allowed",
        "a second colon in one line, or a line further in than the one above; put a text with a colon in quotes, "
        "and begin keys of one level in one column",
    ),
    (r"unexpected end of stream", "a quote or bracket is opened and never closed; close it"),
    (
        r"expected ',' or '[\]}]'",
        "a bracket is not closed, or a comma is missing between two entries; look at the line above",
    ),
    (r"expected '?<block end>'?", "a line begins in another column than its neighbours; begin them in one column"),
    (r"could not find expected ':'", "a key without its colon; write key: value"),
    (
        r"found undefined alias|found character '[*&!%@`]",
        "a text begins with a sign that YAML keeps for itself; put it in quotes",
    ),
)
"""By what the reader of YAML says."""


def describe_yaml_fault(problem: str) -> str:
    """What hinders reading and what to do, for the problem that the YAML reader names."""
    for pattern, words in _CAUSES:
        if re.search(pattern, problem):
            return words
    return f"{problem}; look for an open quote or bracket, or a wrong indent, here or above"


def find_line(text: str, place: str) -> int | None:
    """The line of a dotted place in a YAML text (`analyses.cox.terms`), items of lists by their names; from 1.

    None when nothing of the place is there. A name that stands deeper is found too (`report.ratios`).
    """
    node: Any = YAML(typ="rt").load(text)
    line: int | None = None
    for part in place.split("."):
        found = _step(node, part)
        if found is None:
            break
        line, node = found
    return line


def _step(node: Any, part: str) -> tuple[int, Any] | None:
    """The line and content of a key, or of the item with this name, in a node or anywhere below it."""
    if isinstance(node, CommentedMap):
        if part in node:
            return node.lc.key(part)[0] + 1, node[part]
        below = list(node.values())
    elif isinstance(node, CommentedSeq):
        for number, item in enumerate(node):
            if item == part or (isinstance(item, CommentedMap) and item.get("name") == part):
                return node.lc.item(number)[0] + 1, item
        below = list(node)
    else:
        return None
    return next((found for one in below if (found := _step(one, part)) is not None), None)
