"""A text read once: each sentence with its figures, counts, shares, groups and estimates."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from lutrace.prose.estimates import Estimate, find_estimates
from lutrace.prose.figures import NOT_ANY, PERCENT, PLAIN, Figure, Marked, find_figures, mark_figures
from lutrace.prose.sentences import Sentence, split_sentences
from lutrace.prose.shares import Scope, Share, find_group_sizes, find_scopes, find_shares
from lutrace.terms import prose_words

_OPENS = re.compile(r"(?:^|[,;:(]\s*|\b(?:and|while|whereas|that|only|but)\s+)$")


@dataclass(frozen=True)
class ClauseCount:
    """A count that a clause begins with (`17 transitioned to hospice`), with the clause; places in the marked text."""

    figure: Figure
    words: str
    start: int
    end: int


@dataclass(frozen=True)
class ReadSentence:
    """A sentence and the numbers in it."""

    sentence: Sentence
    marked: Marked
    shares: tuple[Share, ...]
    scopes: tuple[Scope, ...]
    groups: tuple[Figure, ...]
    clause_counts: tuple[ClauseCount, ...]
    estimates: tuple[Estimate, ...]

    @property
    def number(self) -> int:
        """The place of the sentence in the text, from 1."""
        return self.sentence.number

    def scope_at(self, place: int) -> Scope | None:
        """The group that a place of the marked sentence is about; None when no clause opens with one."""
        return next((scope for scope in reversed(self.scopes) if scope.start <= place < scope.end), None)

    def counts_before(self, place: int) -> list[Figure]:
        """The counts of patients that stand before a place of the marked sentence."""
        found = [share.n for share in self.shares if share.n is not None and share.end <= place]
        return [*found, *(count.figure for count in self.clause_counts if count.start < place)]

    @property
    def placed_groups(self) -> list[tuple[Figure, int]]:
        """The sizes of groups with their places in the marked sentence."""
        return [(one, self.marked.place_of(one)) for one in self.groups]

    @functools.cached_property
    def bare_percentages(self) -> tuple[tuple[Figure, int], ...]:
        """Percentages that begin a clause and have no count beside them, with their places."""
        inside = [(share.start, share.end) for share in self.shares]
        inside += [(one.start, one.end) for one in self.estimates if one.intervals]
        found: list[tuple[Figure, int]] = []
        for match in re.finditer(PERCENT, self.marked.text):
            place = match.start()
            if any(begin <= place < end for begin, end in inside) or not _OPENS.search(self.marked.text[:place]):
                continue
            found.append((self.marked.figure(match[0]), place))
        return tuple(found)

    def quote(self, start: int, end: int) -> str:
        """A piece of the sentence as it is written, with some words around it."""
        text = self.marked.text
        begin = max(text.rfind(" ", 0, max(start - 40, 0)) + 1, 0) if start > 40 else 0
        stop = text.find(" ", min(end + 40, len(text)))
        stop = len(text) if stop < 0 else stop
        before, after = ("... " if begin else ""), (" ..." if stop < len(text) else "")
        return f"{before}{self.marked.words_of(text[begin:stop]).strip()}{after}"


@dataclass(frozen=True)
class ReadText:
    """All sentences of a text, and every number of patients that it names."""

    sentences: tuple[ReadSentence, ...]

    @functools.cached_property
    def counts(self) -> frozenset[int]:
        """Every count and every size of a group in the text."""
        found: set[float] = set()
        for one in self.sentences:
            figures = [*one.groups, *(scope.figure for scope in one.scopes), *(c.figure for c in one.clause_counts)]
            figures += [figure for share in one.shares for figure in (share.n, share.total) if figure is not None]
            found |= {figure.value for figure in figures}
        return frozenset(int(value) for value in found)

    @functools.cached_property
    def whole_numbers(self) -> frozenset[int]:
        """Every whole number of the text, whatever it counts."""
        return frozenset(int(one.value) for own in self.sentences for one in own.marked.figures if one.is_whole)


def read_text(text: str) -> ReadText:
    """The sentences of a text with their numbers, in order."""
    return ReadText(tuple(read_sentence(sentence) for sentence in split_sentences(text)))


def read_sentence(sentence: Sentence) -> ReadSentence:
    """One sentence with its numbers."""
    marked = mark_figures(sentence.text, find_figures(sentence.text))
    return ReadSentence(
        sentence,
        marked,
        find_shares(marked),
        find_scopes(marked),
        find_group_sizes(marked),
        _find_clause_counts(marked),
        find_estimates(marked),
    )


def _find_clause_counts(marked: Marked) -> tuple[ClauseCount, ...]:
    matches = list(_clause_pattern().finditer(marked.text))
    found: list[ClauseCount] = []
    for number, match in enumerate(matches):
        figure = marked.figure(match["n"])
        if not figure.is_whole or figure.compared:
            continue
        limit = matches[number + 1].start() if number + 1 < len(matches) else len(marked.text)
        stop = re.search(r"[;.]", marked.text[match.start("n") : limit])
        end = limit if stop is None else match.start("n") + stop.start()
        words = marked.words_of(marked.text[match.start("n") + 1 : end])
        found.append(ClauseCount(figure, words, match.start("n"), end))
    return tuple(found)


@functools.cache
def _clause_pattern() -> re.Pattern[str]:
    persons = "|".join(sorted(map(re.escape, prose_words().persons), key=len, reverse=True))
    verbs = "|".join(map(re.escape, prose_words().clause_verbs))
    aside = rf"(?:\s*[\(\[]{NOT_ANY[:-1]}\)\]]*(?:{PERCENT}|{PLAIN}/{PLAIN})[^\)\]]*[\)\]])?"
    return re.compile(
        r"(?:^|(?<=[,;:(]\s)|(?<=\band\s)|(?<=\bwhile\s)|(?<=\bonly\s)|(?<=\bremaining\s)|(?<=\bother\s)|(?<=\bbut\s))"
        rf"(?P<n>{PLAIN}){aside}(?:\s+(?:of them|of these|of whom))?(?:\s+(?:\w+\s+)?(?:{persons}))?{aside}"
        rf"(?:\s+(?:also|then|subsequently|still|currently|later|never|further|others?))?\s+(?:{verbs}|\w{{3,}}ed)\b",
        re.IGNORECASE,
    )
