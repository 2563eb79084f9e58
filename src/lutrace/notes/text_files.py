"""The text of a letter's file: plain text in any usual encoding, HTML, Word (.docx) and rich text (.rtf)."""

from __future__ import annotations

import io
import re
import zipfile
from html.parser import HTMLParser
from xml.etree import ElementTree

from lutrace.core import UnusableInputError

TEXT_ENDINGS = (".txt", ".text", ".html", ".htm", ".docx", ".rtf")

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_BLOCKS = frozenset(("p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "table", "section", "ul", "ol",
                     "dt", "dd", "hr", "pre", "article"))  # fmt: skip
_SILENT = frozenset(("script", "style", "head", "title"))
_CHARSET = re.compile(rb"<meta[^>]+charset=[\"']?([\w-]+)", re.IGNORECASE)
_RTF = re.compile(
    r"\\u(-?\d+) ?|\\'([0-9a-fA-F]{2})|\\([a-zA-Z]+)(-?\d+)? ?|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)"
)
_RTF_BREAKS = {"par": "\n", "line": "\n", "row": "\n", "sect": "\n\n", "page": "\n\n", "tab": "\t", "cell": "\t"}
_RTF_SIGNS = {"endash": "\u2013", "emdash": "\u2014", "bullet": "\u2022", "lquote": "\u2018", "rquote": "\u2019",
              "ldblquote": "\u201c", "rdblquote": "\u201d"}  # fmt: skip
_RTF_HIDDEN = frozenset(
    ["fonttbl", "colortbl", "stylesheet", "info", "pict", "header", "footer", "object", "themedata", "listtable"]
)
_LARGEST = 50_000_000


def read_text(name: str, content: bytes) -> str:
    r"""The text of a file by its ending, with lines as its paragraphs stand.

    Source: ECMA-376 part 1 (w:p, w:r, w:t, w:tab, w:br), the Rich Text Format 1.9.1 (control words, \u, \'hh).
    Raises UnusableInputError for another ending, and for a file that is not what its ending says; the message does not
    hold the file's name, which may be a patient's.
    """
    ending = "." + name.rsplit(".", 1)[-1].lower() if "." in name else ""
    match ending:
        case ".txt" | ".text":
            return decode_text(content)
        case ".html" | ".htm":
            return _text_of_html(content)
        case ".docx":
            return _text_of_docx(content)
        case ".rtf":
            return _text_of_rtf(content)
    raise UnusableInputError(f"no text file: expected {', '.join(TEXT_ENDINGS)}")


def decode_text(content: bytes) -> str:
    """Bytes as text: by their mark of order, else UTF-8, else Windows-1252, in which every German byte has a meaning.

    Raises UnusableInputError for bytes that are no text.

    >>> decode_text("Läsion".encode("cp1252"))
    'Läsion'
    """
    encoding = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), None)
    for one in (encoding,) if encoding else ("utf-8", "cp1252"):
        try:
            text = content.decode(one)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text.replace("\r\n", "\n").replace("\r", "\n")
    raise UnusableInputError("the bytes are no text in UTF-8, UTF-16 or Windows-1252; convert the file")


class _Paragraphs(HTMLParser):
    """The text of a page, a line per block, without what is not shown."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in _SILENT
        self.parts.append("\n" if tag in _BLOCKS else "\t" if tag in ("td", "th") else "")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in _SILENT and self._hidden > 0
        self.parts.append("\n" if tag in _BLOCKS and tag != "br" else "")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(re.sub(r"\s+", " ", data))


def _text_of_html(content: bytes) -> str:
    told = _CHARSET.search(content[:2048])
    try:
        text = content.decode(told[1].decode("ascii")) if told else decode_text(content)
    except (LookupError, UnicodeDecodeError):
        text = decode_text(content)
    page = _Paragraphs()
    page.feed(text)
    page.close()
    lines = [line.strip() for line in "".join(page.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _text_of_docx(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if archive.getinfo("word/document.xml").file_size > _LARGEST:
                raise UnusableInputError("the Word document holds more than 50 MB of text; split it")
            body = archive.read("word/document.xml")
        if b"<!DOCTYPE" in body[:1024]:
            raise UnusableInputError("the Word document declares entities; save it as .docx anew")
        root = ElementTree.fromstring(body)
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError, RuntimeError) as error:
        raise UnusableInputError("no Word document (.docx); save it anew, or as text") from error
    signs = {f"{_WORD}tab": "\t", f"{_WORD}br": "\n", f"{_WORD}cr": "\n", f"{_WORD}noBreakHyphen": "-"}
    lines = []
    for paragraph in root.iter(f"{_WORD}p"):
        lines.append(
            "".join(signs.get(one.tag, one.text or "" if one.tag == f"{_WORD}t" else "") for one in paragraph.iter())
        )
    return "\n".join(lines) + "\n"


def _text_of_rtf(content: bytes) -> str:
    if not content.lstrip().startswith(b"{\\rtf"):
        raise UnusableInputError("no rich text (.rtf); save it anew, or as text")
    source = content.decode("latin-1")
    told = re.search(r"\\ansicpg(\d+)", source)
    encoding = f"cp{told[1]}" if told and told[1] != "10000" else "cp1252"
    shown: list[str] = []
    hidden: list[bool] = [False]
    skip = 0
    for match in _RTF.finditer(source):
        code, byte, word, _number, sign, brace, plain = match.groups()
        if brace:
            hidden = [*hidden, hidden[-1]] if brace == "{" else hidden[:-1] or [False]
        elif word in _RTF_HIDDEN or sign == "*":
            hidden[-1] = True
        elif hidden[-1]:
            continue
        elif code is not None:
            shown.append(chr(int(code) % 65536))
            skip = 1
        elif skip and (byte or plain):
            shown.append("" if byte else (plain or "")[1:])
            skip = 0
        elif byte is not None:
            shown.append(_sign(byte, encoding))
        elif word is not None:
            shown.append(_RTF_BREAKS.get(word, _RTF_SIGNS.get(word, "")))
        elif sign is not None:
            shown.append({"~": "\u00a0", "_": "-", "-": ""}.get(sign, sign))
        else:
            shown.append(plain or "")
    return "".join(shown).strip() + "\n"


def _sign(byte: str, encoding: str) -> str:
    try:
        return bytes([int(byte, 16)]).decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return bytes([int(byte, 16)]).decode("latin-1")
