"""What may be told or kept of a cell that was not understood: numbers and known words, of all else only the shape."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lutrace.core.digests import digest_of

_LONGEST = 24
_DIGITS = 4
_LONGEST_NUMBER = 10
_NUMBER = re.compile(r"(?:<=|>=|=<|<|>|≤|≥)?\s*[-+]?(\d+)(?:[.,](\d+))?")
_PLAIN_SIGNS = frozenset(" .,;:/-+<>()[]%*^_=")
_FILE_WORD = re.compile(r"[^\W\d_]+|\d+")
_FILE_WORDS = (
    "adverse and answers arztbrief arztbriefe baseline befund befunde bericht berichte brief briefe bundle "
    "bundles care cbioportal cdm codes composition condition conditions contacts course csv ct cycle cycles data "
    "daten de decisions diagnose diagnosen diagnoses diagnosis diagnostic dicom dictionary disease dispositions "
    "document documents dose ecog en encounter encounters event events export exports fact facts fhir file files "
    "findings first folder folders follow followup form forms fragebogen fragebögen identifiers im image images "
    "img input inputs json lab labor laborwerte labs lesion lesions letter letters line lines list liste mapping "
    "mask masks master matrix medication medications medikation messwerte meta mr ndjson nm note notes "
    "observation observations of omop ordner organ organs other others patient patienten patients pet procedure "
    "procedures project projekt psa pt questionnaire questionnaires queue reader record records redcap region "
    "regions registration report reports result results reviewed rlt rs rtss rtstruct scan scans second seg "
    "series sheet slice spect sr staging statements statistics study support tabelle tabellen table tables test "
    "text texts the therapie therapien therapies therapy third timeline timelines todesfälle treatment treatments "
    "up value values verlauf vital vitals vitalwerte werte zyklen zyklus"
)
"""Words that a file's name may hold to be told as it is; the names of the fact tables are among them."""
_ENDINGS = (
    "csv tsv txt xlsx xls parquet json ndjson jsonl xml html htm pdf doc docx rtf odt md dcm nii gz zip sav dat db "
    "duckdb yaml yml"
)
_TOLD_IN_NAMES = frozenset(f"{_FILE_WORDS} {_ENDINGS}".split())

IsWord = Callable[[str], bool]


def shape_of(text: str) -> str:
    """The shape of a text: letters as `a`, digits as `9`, other signs as they are or as `?`, with its length if long.

    >>> shape_of("7700456 Mustermann")
    "a text like '9999999 aaaaaaaaaa'"
    """
    signs = ["9" if one.isdigit() else "a" if one.isalpha() else one if one in _PLAIN_SIGNS else "?" for one in text]
    told = "".join(signs[:_LONGEST])
    more = f"... of {len(text)} characters" if len(signs) > _LONGEST else ""
    return f"a text like '{told}'{more}" if text.strip() else "an empty text"


def tell_cell(cell: Any, is_word: IsWord = lambda text: False) -> str:
    """What a message may say of a cell: a short number as it is, a known word as it is, of all else the shape.

    A number of more than four digits may name a person and is told by its shape; zeros at the end do not count.

    >>> tell_cell("46,79"), tell_cell(150000.0), tell_cell(7700456)
    ("'46,79'", '150000', "a number like '9999999'")
    """
    if cell is None:
        return "nothing"
    text = _written(cell).strip()
    if isinstance(cell, bool):
        return text
    if isinstance(cell, str):
        return repr(text) if _may_stay(text, is_word) else shape_of(text)
    return text if is_short_number(text.removeprefix("-")) else shape_of(text).replace("a text", "a number", 1)


def keep_cell(cell: Any, is_word: IsWord) -> Any:
    """What may be kept of a cell of a refused row: dates, truths, short numbers, known words; else shapes."""
    if cell is None or isinstance(cell, bool | dt.date):
        return cell
    text = _written(cell).strip()
    return cell if not text or _may_stay(text, is_word) else shape_of(text)


def is_short_number(text: str) -> bool:
    """Whether a text is a number that is too short to name a person, with or without a comparator."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return False
    whole, fraction = match.group(1), (match.group(2) or "").rstrip("0")
    if len(whole) > 1 and whole.startswith("0"):
        return False
    if fraction:
        return len(whole) <= _DIGITS and len(fraction) <= _DIGITS
    return len(whole.rstrip("0")) <= _DIGITS and len(whole) <= _LONGEST_NUMBER


def tell_file(path: Path) -> str:
    """The name of a file where it holds words of records and short numbers only; else the digest of the name.

    >>> tell_file(Path("labs_2023.csv"))
    'labs_2023.csv'
    """
    words = _FILE_WORD.findall(path.name.casefold())
    if words and all(word in _TOLD_IN_NAMES or len(word) <= (_DIGITS if word.isdigit() else 1) for word in words):
        return path.name
    return withheld_name(path)


def withheld_name(path: Path) -> str:
    """What a message calls a file whose name may be a person's: the beginning of the digest of the name."""
    ending = path.suffix.lower().removeprefix(".")
    return f"file {digest_of(path.name)[:12]}{f'.{ending}' if ending in _ENDINGS.split() else ''} (name withheld)"


def _may_stay(text: str, is_word: IsWord) -> bool:
    """Whether a text names nobody: a known word, a short number, or one letter."""
    return set(text) <= _PLAIN_SIGNS or is_word(text) or is_short_number(text) or (len(text) == 1 and text.isalpha())


def _written(cell: Any) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.15g}"
    return str(cell)
