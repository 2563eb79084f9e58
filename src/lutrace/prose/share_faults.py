"""Percentages against the counts that stand beside them."""

from __future__ import annotations

from collections.abc import Iterator

from lutrace.prose.faults import Fault, Severity
from lutrace.prose.reading import ReadSentence, ReadText
from lutrace.prose.rounding import find_counts, find_totals, format_share_of, is_cut_off, is_share
from lutrace.prose.shares import Scope, Share
from lutrace.prose.words import has_any
from lutrace.terms import prose_words

_WIDE = 40
"""With more totals than this a percentage fits to nearly any group and says nothing."""


def find_share_faults(read: ReadText) -> Iterator[Fault]:
    """Faults of shares: a percentage that its count is not, more than all, a total that nobody named."""
    for sentence in read.sentences:
        for figure, place in sentence.bare_percentages:
            scope = sentence.scope_at(place)
            if scope is not None and scope.is_strong:
                yield from _percent_of_group(sentence, Share(None, scope.figure, figure, place, place + 1))
        for share in sentence.shares:
            if share.percent is not None and share.n is None:
                yield from _percent_of_group(sentence, share)
            elif share.total is not None:
                yield from _full_share(sentence, share)
            elif share.percent is not None:
                yield from _share_without_total(read, sentence, share)
        yield from _more_than_all(sentence)


def _fault(sentence: ReadSentence, share: Share, rule: str, severity: Severity, told: tuple[str, str]) -> Fault:
    return Fault(rule, severity, sentence.number, sentence.quote(share.start, share.end), *told)


def _full_share(sentence: ReadSentence, share: Share) -> Iterator[Fault]:
    if share.n is None or share.total is None:
        return
    n, total = int(share.n.value), int(share.total.value)
    if total == 0 or n > total:
        told = (f"{n} is more than {total}", f"a count of at most {total}, or another total")
        yield _fault(sentence, share, "more_than_all", "certain", told)
    elif share.percent is not None and not is_share(n, total, share.percent):
        severity: Severity = "to look at" if is_cut_off(n, total, share.percent) else "certain"
        written = f"{format_share_of(n, total, share.percent.decimals)}, written as {share.percent.text}"
        told = (written, _consistent(n, total, share))
        yield _fault(sentence, share, "percentage", severity, told)


def _consistent(n: int, total: int, share: Share) -> str:
    """What would agree with the percentage: other counts of this total, other totals of this count."""
    if share.percent is None:
        return ""
    counts = ", ".join(f"{one}/{total}" for one in find_counts(total, share.percent))
    totals = find_totals(n, share.percent)
    others = ", ".join(f"{n}/{one}" for one in totals[:3]) if len(totals) <= _WIDE else ""
    said = " or ".join(text for text in (counts, others) if text)
    right = format_share_of(n, total, share.percent.decimals).split("= ")[1]
    return f"{right} for {n}/{total}" + (f"; {share.percent.text} would be {said}" if said else "")


def _percent_of_group(sentence: ReadSentence, share: Share) -> Iterator[Fault]:
    """`38.1% of 21 patients`: some whole number of them must be that percentage."""
    if share.percent is None or share.total is None or not 0 < share.total.value <= 10 ** (2 + share.percent.decimals):
        return
    total = int(share.total.value)
    if share.percent.value > 100 or not find_counts(total, share.percent):
        near = round(share.percent.value * total / 100)
        nearest = " and ".join(format_share_of(one, total) for one in sorted({max(near - 1, 0), min(near, total)}))
        told = (f"no whole number of {total} is {share.percent.text}: {nearest}", "a count with its total")
        yield _fault(sentence, share, "no_whole_number", "to look at", told)


def _share_without_total(read: ReadText, sentence: ReadSentence, share: Share) -> Iterator[Fault]:
    """`7 pts (47%)`: of the group that the clause opened with, or else of a group that the text names somewhere."""
    if share.n is None or share.percent is None:
        return
    n, percent = int(share.n.value), share.percent
    if percent.value > 100:
        told = (f"{percent.text} of patients is more than all", "a percentage of at most 100")
        yield _fault(sentence, share, "more_than_all", "certain", told)
        return
    scope = sentence.scope_at(share.start)
    if scope is not None and scope.figure.value >= n and scope.figure is not share.n:
        yield from _against_scope(read, sentence, share, scope)
        return
    totals = find_totals(n, percent)
    if n == 0:
        return
    if not totals:
        told = (f"no group of which {n} are {percent.text}", "the total, or another percentage")
        yield _fault(sentence, share, "no_whole_number", "certain", told)
    elif len(totals) <= _WIDE and not read.whole_numbers & set(totals) and any(one > n for one in read.counts):
        told = (
            f"{n} are {percent.text} of {_listed(totals)}; the text names no group of that size",
            "the total beside the count",
        )
        yield _fault(sentence, share, "total_not_named", "to look at", told)


def _against_scope(read: ReadText, sentence: ReadSentence, share: Share, scope: Scope) -> Iterator[Fault]:
    if share.n is None or share.percent is None:
        return
    n, total = int(share.n.value), int(scope.figure.value)
    if is_share(n, total, share.percent):
        return
    if is_cut_off(n, total, share.percent):
        told = (f"{format_share_of(n, total)}, written as {share.percent.text}", _consistent(n, total, share))
        yield _fault(sentence, share, "percentage", "to look at", told)
        return
    totals = find_totals(n, share.percent)
    earlier = {int(one.value) for one in sentence.counts_before(share.start)} & set(totals)
    if earlier and has_any(sentence.marked.text[scope.start : share.end], prose_words().inner):
        return
    named = sorted(earlier or read.counts & set(totals))
    other = f"; {share.percent.text} is {n} of {_listed(tuple(named))}, which the text names elsewhere" if named else ""
    arithmetic = (
        f"of the {total} that the clause opens with, {format_share_of(n, total)}, written as {share.percent.text}"
    )
    rule = "denominator" if named else "percentage"
    severity: Severity = "certain" if scope.is_strong and not earlier else "to look at"
    yield _fault(sentence, share, rule, severity, (arithmetic + other, _consistent(n, total, share)))


def _more_than_all(sentence: ReadSentence) -> Iterator[Fault]:
    """A count after `Of the 35 patients` that is above 35."""
    for count in sentence.clause_counts:
        scope = sentence.scope_at(count.start)
        if scope is not None and count.figure.value > scope.figure.value:
            n, total = int(count.figure.value), int(scope.figure.value)
            told = (f"{n} of the {total} that the clause opens with", f"at most {total}, or another group")
            quote = sentence.quote(scope.start, count.end)
            yield Fault("more_than_all", "certain", sentence.number, quote, *told)


def _listed(totals: tuple[int, ...]) -> str:
    if len(totals) > 3 and totals[-1] - totals[0] == len(totals) - 1:
        return f"{totals[0]} to {totals[-1]}"
    return " or ".join(str(total) for total in totals)
