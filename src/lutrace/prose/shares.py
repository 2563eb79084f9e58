"""Counts of patients in a sentence: of how many, with which percentage, and after which group was named."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from lutrace.prose.figures import NOT_ANY, PERCENT, PLAIN, Figure, Marked
from lutrace.terms import prose_words

_OF = r"\s*(?:/|\s(?:out )?of(?: (?:the|these|those|all|our|a total of|total))*\s)\s*"
_COUNT_LABEL = r"(?:[Nn]\s*=\s*)?"
_GAP = rf"(?:\s+{NOT_ANY[:-1]},;:.()\[\]]{{1,60}})?"
_UP_TO_PERSONS = (
    r"(?:\s+(?!(?:of|in|for|from|with|among|to|by|at|on|and|or|per|months?|weeks?|days?|years?|cycles?|doses?)\b)[\w/-]+)"
    r"{{0,4}}?\s+(?:{})\b"
)
_YEARS = range(1900, 2101)
_BEFORE_NAMES = re.compile(r"([\w'-]+)[\s:=]*$")


@dataclass(frozen=True)
class Share:
    """A count of patients (`n`), of how many (`total`), as which percentage; each as far as it is written.

    `start` and `end` are its place in the marked sentence.
    """

    n: Figure | None
    total: Figure | None
    percent: Figure | None
    start: int
    end: int

    @property
    def text(self) -> str:
        """The share as a short text: `7 (47%)`, `47/66 (71%)`."""
        count = "" if self.n is None else f"{self.n.value:g}"
        count += "" if self.total is None else f"/{self.total.value:g}"
        if self.percent is None:
            return count
        percent = f"{self.percent.value:.{self.percent.decimals}f} %"
        return f"{count} ({percent})" if count else percent


@dataclass(frozen=True)
class Scope:
    """A group that a clause opens with (`Of the 35 who stopped`): what follows is of it, up to `end`."""

    figure: Figure
    words: str
    start: int
    end: int
    is_strong: bool


def find_shares(marked: Marked) -> tuple[Share, ...]:
    """The counts of patients in a marked sentence, those with a total or a percentage first in the same place."""
    taken: list[tuple[int, int]] = []
    found: list[Share] = []
    for pattern in _patterns():
        for match in pattern.finditer(marked.text):
            share = _share_of(marked, match)
            span = (match.start(), match.end())
            if share is None or any(span[0] < end and begin < span[1] for begin, end in taken):
                continue
            taken.append(span)
            found.append(share)
    return tuple(sorted(found, key=lambda share: share.start))


def find_scopes(marked: Marked) -> tuple[Scope, ...]:
    """The groups that clauses of the sentence open with; each reaches up to the next, or to words that set it aside."""
    found: list[Scope] = []
    for match in _scope_pattern().finditer(marked.text):
        figure = marked.figure(match["total"])
        if not _can_count(figure, marked, match.start("total"), strictly=match["opener"].lower() not in _STRONG):
            continue
        is_strong = match["opener"].lower() in _STRONG
        words = marked.words_of(match["words"] or "")
        found.append(Scope(figure, words, match.start(), len(marked.text), is_strong))
    return tuple(_cut_off(scope, found, marked.text) for scope in found)


def find_group_sizes(marked: Marked) -> tuple[Figure, ...]:
    """Numbers of patients that the sentence names: `66 patients`, `N = 219`, `a total of 96`."""
    found = [(match[str(match.lastgroup)], match.lastgroup) for match in _group_pattern().finditer(marked.text)]
    figures = [(marked.figure(letter), marked.text.index(letter), name) for letter, name in found]
    return tuple(
        one for one, place, name in figures if name == "label" or _can_count(one, marked, place, strictly=False)
    )


_STRONG = frozenset({"of", "among", "amongst", "out of"})


def _cut_off(scope: Scope, scopes: list[Scope], text: str) -> Scope:
    later = [other.start for other in scopes if other.start > scope.start]
    closer = _closer_pattern().search(text, scope.start + 1)
    ends = [*later, *([closer.start()] if closer is not None else []), len(text)]
    return replace(scope, end=min(ends))


def _share_of(marked: Marked, match: re.Match[str]) -> Share | None:
    parts: Mapping[str, str | None] = match.groupdict()
    n, total, percent = (
        None if parts.get(name) is None else marked.figure(str(parts[name])) for name in ("n", "total", "percent")
    )
    for figure, name in ((n, "n"), (total, "total")):
        if figure is not None and not _can_count(figure, marked, match.start(name), strictly=n is None):
            return None
    if n is not None and total is None and _counts_things(marked.text[match.start("n") + 1 : match.end()]):
        return None
    if n is not None and total is not None and percent is None and n.value > total.value:
        return None
    return Share(n, total, percent, match.start(), match.end())


def _can_count(figure: Figure, marked: Marked, place: int, *, strictly: bool) -> bool:
    """Whether a number can be one of patients: whole, no step of a scale, no year (unless patients follow)."""
    if not figure.is_whole or figure.compared:
        return False
    before = _BEFORE_NAMES.search(marked.text[:place])
    if before is not None and before[1].lower() in {*prose_words().scales, *prose_words().months}:
        return False
    followed = _persons_pattern().match(marked.text, place + 1) is not None
    return followed or not (strictly or figure.value in _YEARS)


def _counts_things(after: str) -> bool:
    """Whether a number is followed by what is no patient: `6 cycles (29%)`, `70 years or older (45%)`."""
    words = prose_words()
    first = re.match(r"\s+([\w/-]+)", after)
    return first is not None and first[1].lower() in {*words.scales, *words.things, *words.units}


@functools.cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    """From the fullest way of writing a share to the barest; the first that fits a place is taken."""
    n, total, percent = (
        rf"(?P<{name}>{kind})" for name, kind in (("n", PLAIN), ("total", PLAIN), ("percent", PERCENT))
    )
    opened, closed = r"\s*[\(\[]\s*", r"\s*(?=[\)\];,])"
    return tuple(
        re.compile(text)
        for text in (
            rf"{n}{opened}{percent}\s*[\)\]]\s*(?:out )?of (?:the |these |those |all |our )*{total}",
            rf"{n}{_OF}{total}{_GAP}{opened}{percent}",
            rf"{n}{_OF}{total}{_GAP}[,;:]\s*{percent}(?!\s*(?:CI|confidence|credible))",
            rf"{percent}{_GAP}{opened}{_COUNT_LABEL}{n}{_OF}{total}",
            rf"{percent}\s*[,;:]?\s*{_COUNT_LABEL}{n}\s*/\s*{total}",
            rf"[\(\[]\s*{_COUNT_LABEL}{n}\s*[,;:]\s*{percent}\s*[\)\]]",
            rf"[\(\[]\s*{percent}\s*[,;:]\s*{_COUNT_LABEL}{n}\s*[\)\]]",
            rf"{percent}{_GAP}{opened}[Nn]\s*=\s*{n}{closed}",
            rf"{percent}{opened}{n}(?:\s+(?:{_persons()}))?{closed}",
            rf"{percent} of (?:the |these |those |all |our )*{total}\b(?=\s+\w)",
            rf"{n}{_GAP}{opened}{percent}{closed}",
            rf"{n}{_OF}{total}",
        )
    )


@functools.cache
def _scope_pattern() -> re.Pattern[str]:
    openers = "|".join(sorted(prose_words().scope_openers, key=len, reverse=True))
    return re.compile(
        rf"(?:^|(?<=[.;:,(]\s)|(?<=\band\s)|(?<=\bwhile\s)|(?<=\bwhereas\s))(?P<opener>{openers}) "
        rf"(?:the |these |those |all |our |a total of |total )*(?P<total>{PLAIN})(?!\s*(?:/|%|of\b))"
        rf"(?P<words>(?:\s+{NOT_ANY[:-1]},;:.]*)?)",
        re.IGNORECASE,
    )


@functools.cache
def _group_pattern() -> re.Pattern[str]:
    return re.compile(
        rf"\b[Nn]\s*=\s*(?P<label>{PLAIN})|\b(?:total|cohort|sample) of (?P<total>{PLAIN})"
        rf"|(?P<named>{PLAIN})(?={_UP_TO_PERSONS.format(_persons())})",
        re.IGNORECASE,
    )


@functools.cache
def _persons_pattern() -> re.Pattern[str]:
    return re.compile(_UP_TO_PERSONS.format(_persons()), re.IGNORECASE)


@functools.cache
def _closer_pattern() -> re.Pattern[str]:
    named = "|".join(map(re.escape, prose_words().scope_closers))
    openers = "|".join(map(re.escape, prose_words().scope_openers))
    other = rf"(?:;\s*(?:and\s+)?|\b(?:while|whereas)\s+)(?:{openers})\b"
    return re.compile(rf"(?<![\w-])(?:{named})(?![\w-])|{other}", re.IGNORECASE)


@functools.cache
def _persons() -> str:
    return "|".join(sorted(map(re.escape, prose_words().persons), key=len, reverse=True))
