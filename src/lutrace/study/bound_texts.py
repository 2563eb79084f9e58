"""The texts of a study's report with the numbers that they name, and what in them was typed by hand."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from lutrace.core import ProtocolError
from lutrace.protocol import AbstractPart, Item, Presentation, Protocol, ReportSection, find_bound, find_typed
from lutrace.report import Notice, format_bound

_NEAR = 5
Numbers = Mapping[str, Mapping[str, Any]]


def bind_texts(report: Presentation, numbers: Numbers) -> Presentation:
    """The presentation with each `{key}` of its texts in the words of that number.

    Raises ProtocolError, with the keys that are near, for keys that the run has not; all faults together.
    """
    faults = [
        f"report.{place}: no number {{{one.key}}} in this run{_near(one.key, numbers)}"
        for place, text in report.texts
        for one, _ in find_bound(text)
        if one.key not in numbers
    ]
    if faults:
        raise ProtocolError(f"{'; '.join(faults)}; all keys stand in results.json of a run without these texts")
    return report.model_copy(
        update={
            "abstract": tuple(_bound_part(part, numbers) for part in report.abstract),
            "methods": tuple(_bound(text, numbers) for text in report.methods),
            "sections": tuple(_bound_section(section, numbers) for section in report.sections),
        }
    )


def find_typed_numbers(protocol: Protocol) -> tuple[Notice, ...]:
    """A warning for each text of the report that holds what looks like a result typed by hand."""
    return tuple(
        Notice(f"report.{place}", f"typed by hand, not bound to the run: {', '.join(found)}; name its key in braces")
        for place, text in protocol.report.texts
        if (found := find_typed(text))
    )


def _near(key: str, numbers: Numbers) -> str:
    """The keys most like a wrong one: those that begin alike, else those spelt alike."""
    parts = key.split("/")
    for length in range(len(parts) - 1, 0, -1):
        head = "/".join(parts[:length]) + "/"
        own = [one for one in numbers if one.startswith(head)]
        if own:
            close = difflib.get_close_matches(key, own, _NEAR, 0.0)
            return f"; there are {', '.join(close)}"
    close = difflib.get_close_matches(key, list(numbers), _NEAR, 0.0)
    return f"; there are {', '.join(close)}"


def _bound(text: str, numbers: Numbers) -> str:
    made, end = "", 0
    for one, (begin, after) in find_bound(text):
        made += text[end:begin] + format_bound(numbers[one.key], one.part)
        end = after
    return made + text[end:]


def _bound_part(part: AbstractPart, numbers: Numbers) -> AbstractPart:
    return part.model_copy(update={"text": _bound(part.text, numbers)})


def _bound_section(section: ReportSection, numbers: Numbers) -> ReportSection:
    texts = tuple(_bound(text, numbers) for text in section.text)
    return section.model_copy(
        update={"text": texts, "items": tuple(_bound_item(one, numbers) for one in section.items)}
    )


def _bound_item(item: Item, numbers: Numbers) -> Item:
    update: dict[str, Any] = {
        "caption": _bound(item.caption, numbers),
        "notes": tuple(_bound(note, numbers) for note in item.notes),
    }
    if hasattr(item, "parts"):
        update["parts"] = tuple(_bound_item(part, numbers) for part in item.parts)
    return item.model_copy(update=update)
