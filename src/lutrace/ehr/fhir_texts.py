"""Texts inside FHIR: attachments by their content type, narratives, in plain words."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from html.parser import HTMLParser

from lutrace.ehr.fhir_elements import RecordError, Resource, child, text

_PLAIN, _MARKED = "text/plain", ("text/html", "application/xhtml+xml")
_BLOCKS = frozenset(
    ("address", "blockquote", "br", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p")
) | frozenset(("pre", "section", "table", "tr", "ul"))
_SILENT = frozenset(("head", "script", "style", "title"))
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
_WRITTEN_BY_HAND = ("additional", None)


class _Words(HTMLParser):
    """Collects the words of HTML, a new line for each block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        self.parts += ["\n"] if tag in _BLOCKS else [" "] if tag in ("td", "th") else []

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT and self._silent > 0
        self.parts += ["\n"] if tag in _BLOCKS else []

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(" ".join(re.split(r"\s+", data)))


def words_of_html(html: str) -> str:
    """The words of an HTML or XHTML text, blocks on lines of their own."""
    parser = _Words()
    parser.feed(html)
    parser.close()
    lines = (re.sub(r"[ \xa0]+", " ", line).strip() for line in "".join(parser.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def content_type(attachment: Resource) -> str:
    """The content type of an attachment or Binary without its parameters, in small letters; empty when it has none."""
    return (text(attachment, "contentType") or "").partition(";")[0].strip().lower()


def is_text(attachment: Resource) -> bool:
    """Whether an attachment or Binary says that it is a text that is read."""
    return content_type(attachment) in (_PLAIN, *_MARKED)


def text_of_data(attachment: Resource) -> str:
    """The words of an attachment or Binary that holds its data; raises RecordError when they cannot be decoded."""
    said = _CHARSET.search(text(attachment, "contentType") or "")
    charset = said[1] if said is not None else "utf-8"
    try:
        decoded = base64.b64decode(re.sub(r"\s+", "", text(attachment, "data") or ""), validate=True).decode(charset)
    except (binascii.Error, UnicodeDecodeError, LookupError) as error:
        rule = f"text: the data are no base64 of a text in {charset[:20]}"
        raise RecordError(None, rule, "export the text again, with its charset in the content type") from error
    return words_of_html(decoded) if content_type(attachment) in _MARKED else decoded.strip()


def narrative(node: Resource, *, always: bool = False) -> str:
    """The narrative of a resource, or of a section (`always`); empty when it only repeats the elements beside it."""
    told = child(node, "text")
    if not always and text(told, "status") not in _WRITTEN_BY_HAND:
        return ""
    return words_of_html(text(told, "div") or "")
