"""The numbers of a sentence, in digits and in words, and the sentence with each number as one letter."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from lutrace.terms import prose_words

PLAIN = "[\ue000-\ue7ff]"
PERCENT = "[\ue800-\uefff]"
TIED = "[\uf000-\uf7ff]"
ANY = "[\ue000-\uf7ff]"
NOT_ANY = "[^\ue000-\uf7ff]"
_FIRST = {"plain": 0xE000, "percent": 0xE800, "tied": 0xF000}
_MOST = 0x7FF
_DIGITS = re.compile(
    r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])|\d+(?:\.\d+)?|\.\d+)(?P<percent>\s?(?:%|percent\b|per cent\b))?"
)
_COMPARED = re.compile(r"(<=|>=|=<|=>|[<>≤≥±]|(?:at least|more than|less than|fewer than|up to|over|under)\s)\s*$")
_LEVEL = re.compile(r"[\s-]*(?:CI|CrI|confidence|credible)", re.IGNORECASE)
"""What follows the percentage of an interval, which is a share of nobody."""
_SIGN = re.compile(r"(?:^|[\s(\[=:;,/<>≤≥])[-+]$")


@dataclass(frozen=True)
class Figure:
    """A number as it is written at a place of a sentence: its value, its decimals, and whether it is a percentage.

    `compared` is the sign before it (`<`, `≥`), empty for none. `tied` says that it is part of a compound, compared or
    the level of an interval, so that it counts nobody: `12-week`, `≥50`, `95% CI`.
    """

    value: float
    decimals: int
    text: str
    start: int
    end: int
    percent: bool = False
    compared: str = ""
    tied: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether it is written as a whole number, as counts are."""
        return self.decimals == 0 and self.value >= 0


@dataclass(frozen=True)
class Marked:
    """A sentence with one private letter in the place of each figure, for patterns, and the figures by that letter."""

    text: str
    figures: tuple[Figure, ...]
    letters: str

    def figure(self, letter: str) -> Figure:
        """The figure that stands for a letter."""
        return self.figures[self.letters.index(letter)]

    def place_of(self, figure: Figure) -> int:
        """Where the letter of a figure stands."""
        return self.text.index(self.letters[self.figures.index(figure)])

    def words_of(self, text: str) -> str:
        """A piece of the marked sentence with its numbers written out again."""
        return "".join(self.figure(sign).text if sign in self.letters else sign for sign in text)


def find_figures(text: str) -> tuple[Figure, ...]:
    """The numbers of a sentence in plain characters; those within names (`PSA50`, `177Lu`, `CTCAEv5.0`) are none."""
    found = [figure for match in _DIGITS.finditer(text) if (figure := _of_digits(text, match)) is not None]
    found += [_of_words(text, match) for match in _spelled().finditer(text)]
    return tuple(sorted(found, key=lambda figure: figure.start))


def mark_figures(text: str, figures: Sequence[Figure]) -> Marked:
    """The sentence with each number as one letter; the rest as it is."""
    parts: list[str] = []
    letters: list[str] = []
    place = 0
    for number, figure in enumerate(figures):
        kind = "tied" if figure.tied else "percent" if figure.percent else "plain"
        letters.append(chr(_FIRST[kind] + min(number, _MOST)))
        parts += [text[place : figure.start], letters[-1]]
        place = figure.end
    return Marked("".join([*parts, text[place:]]), tuple(figures), "".join(letters))


def _of_digits(text: str, match: re.Match[str]) -> Figure | None:
    before, after = text[: match.start()], text[match.end() :]
    start = match.start()
    if _SIGN.search(before):
        start -= 1
        before = before[:-1]
    elif re.search(r"(?:\w|[A-Za-z]-|\d\.)$", before) or re.search(r"(?:^|[\s(])\.$", before):
        return None
    unit = re.match(r"[A-Za-z]+", after)
    is_percent = match["percent"] is not None
    if unit is not None and not is_percent and unit[0].lower() not in prose_words().units:
        return None
    if not is_percent and re.match(r"\.\d|:\d\d\b", after):
        return None
    compared = _COMPARED.search(before)
    is_level = is_percent and _LEVEL.match(after) is not None
    tied = is_level or re.match(r"-(?:[A-Za-z]|and-)", after) is not None or compared is not None
    plain = match["number"].replace(",", "")
    value = -float(plain) if text[start] == "-" else float(plain)
    return Figure(
        value=value,
        decimals=len(plain.partition(".")[2]),
        text=text[start : match.end()],
        start=start,
        end=match.end(),
        percent=is_percent,
        compared=compared[1].strip() if compared is not None else "",
        tied=tied,
    )


@functools.cache
def _spelled() -> re.Pattern[str]:
    """Numbers in words up to the thousands: `sixty-six`, `one hundred and twenty-three`, `Two`."""
    ones = "|".join(sorted(prose_words().number_words, key=len, reverse=True))
    small = rf"(?:{ones})(?:[- ](?:{ones}))?"
    return re.compile(
        rf"(?<![\w-])(?P<words>{small}(?: (?:hundred|thousand)(?:,? (?:and )?{small})?)*)"
        r"(?P<percent>\s?(?:%|percent\b|per cent\b))?(?![\w])",
        re.IGNORECASE,
    )


def _of_words(text: str, match: re.Match[str]) -> Figure:
    value = 0
    for word in re.split(r"[\s,-]+", match["words"].lower()):
        if word in ("hundred", "thousand"):
            value = max(value, 1) * (100 if word == "hundred" else 1000)
        elif word != "and":
            value += prose_words().number_words[word]
    compared = _COMPARED.search(text[: match.start()])
    return Figure(
        value=float(value),
        decimals=0,
        text=match[0],
        start=match.start(),
        end=match.end(),
        percent=match["percent"] is not None,
        compared=compared[1].strip() if compared is not None else "",
        tied=compared is not None or re.match(r"-[A-Za-z]", text[match.end() :]) is not None,
    )
