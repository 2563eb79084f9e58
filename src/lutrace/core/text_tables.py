"""Text files with separated cells, as hospitals write them: encoding and separator found out, or refused by name."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from lutrace.core.cells import tell_file
from lutrace.core.errors import UnusableInputError

_SEPARATORS = ",;\t|"
_SEP_LINE = re.compile(r'^"?sep=(.)"?\r?\n', re.IGNORECASE)
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_ONE_BYTE = ("windows-1252", "mac-roman", "cp850")
"""What text of one byte a character is written in: Windows, older Macintosh, DOS."""
_LETTERS = frozenset("äöüÄÖÜßéèêëàáâçñóòôíúøåæµ")
_SIGNS = frozenset("°±×·–—„“”‘’…•½¼€§²³¹\u00a0")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_LOOKED_AT = 200
"""Lines by which the separator is found."""


@dataclass(frozen=True)
class TextLines:
    """The cells of a text table line by line; `notes` say how it was read, `broken` where a quote never closes."""

    lines: list[list[str]]
    notes: tuple[str, ...] = ()
    broken: int | None = None


def read_text_lines(path: Path, separator: str | None = None, encoding: str | None = None) -> TextLines:
    """The cells of a text file; encoding and separator are found out where they are not given.

    UTF-8 and UTF-16 show themselves; text of one byte a character is read where only one of Windows-1252, Mac Roman
    and DOS (850) gives words. A first line `sep=;` of a spreadsheet counts as the separator and not as a row. Raises
    UnusableInputError where the encoding is not clear, or is not the one given.
    """
    text, notes = _decoded(path, encoding)
    stated = _SEP_LINE.match(text)
    if stated is not None:
        text = text[stated.end() :]
        separator = separator or stated.group(1)
    if separator is None:
        separator = find_separator(text)
    if text and not text.endswith(("\n", "\r")):
        notes.append("the last line has no end: where the file was cut off, its last cell is not whole")
    lines: list[list[str]] = []
    broken = None
    try:
        for line in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            lines.append(line)
    except csv.Error:
        broken = len(lines) + 1
    if broken is None and text.count('"') % 2 and lines and any("\n" in cell for cell in lines[-1]):
        broken = len(lines)
        lines.pop()
    return TextLines(lines, tuple(notes), broken)


def find_separator(text: str) -> str:
    r"""The sign that splits the first lines into the most cells, the same number in most lines; a comma if none does.

    >>> find_separator("a;b;c\n1,5;2,5;3\n")
    ';'
    """
    head = "".join(text.splitlines(keepends=True)[:_LOOKED_AT])
    best, found = 0.0, ","
    for separator in _SEPARATORS:
        try:
            widths = [len(line) for line in csv.reader(io.StringIO(head, newline=""), delimiter=separator) if line]
        except csv.Error:
            continue
        usual = max(set(widths), key=lambda one: (widths.count(one), one)) if widths else 1
        score = widths.count(usual) / max(len(widths), 1) * (usual - 1) * (1.0 if widths[:1] == [usual] else 0.5)
        if score > best:
            best, found = score, separator
    return found


def _decoded(path: Path, encoding: str | None) -> tuple[str, list[str]]:
    data = path.read_bytes()
    if encoding is not None:
        return _stated(path, data, encoding), []
    for mark, name in _BOMS:
        if data.startswith(mark):
            return _stated(path, data[len(mark) :], name), [] if name == "utf-8" else ["the text is UTF-16"]
    wide = _utf16_without_mark(data)
    if wide is not None:
        return _stated(path, data, wide), ["the text is UTF-16, without a mark that says so"]
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError as error:
        if len(data) - error.start < 4 and error.reason == "unexpected end of data":
            return data[: error.start].decode("utf-8"), ["the file ends within a character: it may be cut off"]
        return _one_byte(path, data, error.start)


def _stated(path: Path, data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except LookupError as error:
        known = ", ".join(("utf-8", "utf-16", *_ONE_BYTE))
        raise UnusableInputError(
            f"{tell_file(path)}: no encoding is called {encoding!r}; expected one such as {known}"
        ) from error
    except UnicodeDecodeError as error:
        raise UnusableInputError(
            f"{tell_file(path)}: not {encoding} text (byte {error.start}); state another encoding, or save it as UTF-8"
        ) from error


def _utf16_without_mark(data: bytes) -> str | None:
    """UTF-16 shows in the zero bytes of its Latin letters: every second one."""
    head = data[:4000]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if len(head) < 4 or max(even, odd) < len(head) * 0.3 or min(even, odd) > len(head) * 0.05:
        return None
    return "utf-16-be" if even > odd else "utf-16-le"


def _one_byte(path: Path, data: bytes, first: int) -> tuple[str, list[str]]:
    readings: dict[str, list[str]] = {}
    for encoding in _ONE_BYTE:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if all(_is_plausible(text, match.start()) for match in _NOT_ASCII.finditer(text)):
            readings.setdefault(text, []).append(encoding)
    if len(readings) == 1:
        ((text, names),) = readings.items()
        return text, [f"the text is not UTF-8; read as {names[0]}"]
    found = "several encodings give words" if readings else "no encoding known here gives words"
    raise UnusableInputError(
        f"{tell_file(path)}: not UTF-8 text (byte {first}), and {found}; save it as UTF-8, or state encoding in the "
        "mapping"
    )


def _is_plausible(text: str, at: int) -> bool:
    """Whether a sign beyond ASCII stands where German and English write it: letters in words, other signs not."""
    sign = text[at]
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if sign in "µ":
        return True
    if sign in _LETTERS:
        return before.isalpha() or after.isalpha()
    if sign in "≤≥":
        return text[at + 1 : at + 3].strip()[:1].isdigit()
    if sign in "²³¹":
        return (before.isalnum() or before in ("^", ")")) and not after.isdigit()
    return sign in _SIGNS and (sign == "’" or not (before.isalpha() and after.isalpha()))
