"""The terms of a model as a reader writes them, `age, log2(psa), C(ecog, ref=0)`, as columns of a design."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from lutrace.core import UnusableInputError
from lutrace.models.plain.columns import FloatArray, PlainTable, sort_labels
from lutrace.models.plain.units import find_unit, name_without_unit
from lutrace.stats import compute_spline_basis

_CALL = re.compile(r"\s*(\w+)\s*\((.*)\)\s*\Z", re.DOTALL)
_POSITIVE: Mapping[str, tuple[Callable[[FloatArray], FloatArray], str]] = {
    "log2": (np.log2, "per doubling of {name}"),
    "log": (np.log, "per e-fold of {name}"),
    "log10": (np.log10, "per 10-fold of {name}"),
}
KNOWN = "a column, log2(x), log(x), log10(x), sqrt(x), per(x, 10), C(x), C(x, ref=level), rcs(x, 4)"
DEFAULT_KNOTS = 4
_TRUTHS = frozenset({"true", "false"})


@dataclass(frozen=True, eq=False)
class Column:
    """One column of the design: its name, what its estimate is per, and its values (NaN where a cell is empty).

    `is_stated` is False for a number of which nobody has said the unit: its estimate is per 1 as the table writes it.
    """

    name: str
    unit: str
    values: FloatArray
    source: str
    is_stated: bool = True


@dataclass(frozen=True)
class Term:
    """A term as written: the function (None for a plain column), the column, and its argument."""

    text: str
    function: str | None
    column: str
    argument: str | None


def parse_terms(text: str, table: PlainTable) -> tuple[Term, ...]:
    """The terms of a list, each checked against the columns.

    Raises UnusableInputError for an empty list, an unknown function or column, and a term given twice.
    """
    found = [_parse(part.strip(), table) for part in _split(text, table) if part.strip()]
    if not found:
        raise UnusableInputError(f"--terms is empty; expected a list of {KNOWN}")
    texts = [term.text for term in found]
    doubled = sorted({one for one in texts if texts.count(one) > 1})
    if doubled:
        raise UnusableInputError(f"--terms names {', '.join(doubled)} twice")
    return tuple(found)


def build_columns(terms: tuple[Term, ...], table: PlainTable, units: Mapping[str, str]) -> tuple[Column, ...]:
    """The columns of the design of all terms; `units` says in which unit a column is whose header does not say it.

    A logarithm is per doubling (e-fold, 10-fold) whatever the unit, 0/1 is `1 vs 0`, true/false is `TRUE vs FALSE`:
    they need none.

    Raises TableError for a cell that is no number, and for a number that has no logarithm, by row.
    """
    return tuple(column for term in terms for column in _build(term, table, units))


def _split(text: str, table: PlainTable) -> list[str]:
    if text.strip() in table.columns:
        return [text.strip()]
    parts, depth, start = [], 0, 0
    for place, mark in enumerate(text):
        depth += {"(": 1, ")": -1}.get(mark, 0)
        if mark in ",+" and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


def _parse(text: str, table: PlainTable) -> Term:
    if text in table.columns:
        return Term(text, None, text, None)
    call = _CALL.match(text)
    if call is None:
        table.check_columns(text)
    assert call is not None
    function, inside = call[1], call[2].strip()
    if function not in (*_POSITIVE, "sqrt", "per", "C", "rcs"):
        raise UnusableInputError(f"--terms: {function}(...) is not known; expected {KNOWN}")
    column, argument = inside, None
    if inside not in table.columns and "," in inside:
        column, argument = (part.strip() for part in inside.rsplit(",", 1))
    table.check_columns(column)
    if argument is not None and function not in ("per", "C", "rcs"):
        raise UnusableInputError(f"--terms: {text}: {function} takes one column; expected {KNOWN}")
    return Term(text, function, column, argument)


def _build(term: Term, table: PlainTable, units: Mapping[str, str]) -> list[Column]:
    if term.function == "C":
        return _build_groups(term, table)
    words = {label for label in table.read_labels(term.column, none_is_empty=True) if label is not None}
    if term.function is None and words and {word.lower() for word in words} <= _TRUTHS:
        return [Column(term.text, "TRUE vs FALSE", table.read_events(term.column), term.column)]
    if words and not any(re.match(r"[+-]?[.\d]", word) for word in words):
        raise UnusableInputError(
            f"{table.name}: {term.column} holds words, not numbers; for groups write C({term.column})"
        )
    values = table.read_numbers(term.column)
    unit, name = find_unit(term.column, units), name_without_unit(term.column)
    of = f"of {name}, unit not stated" if unit is None else f"of {name}" if unit == "1" else f"{unit} of {name}"
    stated = unit is not None
    match term.function:
        case None:
            is_indicator = unit is None and bool(np.isin(values[np.isfinite(values)], (0.0, 1.0)).all())
            told = "1 vs 0" if is_indicator else f"per 1 {of}"
            return [Column(term.text, told, values, term.column, stated or is_indicator)]
        case "per":
            step = _step_of(term)
            return [Column(term.text, f"per {step:g} {of}", values / step, term.column, stated)]
        case "sqrt":
            table.refuse(values < 0, f"{term.text}: {term.column} is below 0 and has no root")
            return [Column(term.text, f"per 1 of the root {of}", np.sqrt(values), term.column, stated)]
        case "rcs":
            return _build_spline(term, values, of, stated)
        case other:
            transform, per = _POSITIVE[other]
            table.refuse(
                values <= 0,
                f"{term.text}: {term.column} is 0 or below and has no logarithm; leave the row out or use another term",
            )
            return [Column(term.text, per.format(name=name), transform(values), term.column)]


def _build_groups(term: Term, table: PlainTable) -> list[Column]:
    labels = table.read_labels(term.column)
    levels = sort_labels([label for label in labels if label is not None])
    if len(levels) < 2:
        raise UnusableInputError(f"{table.name}: {term.column} has one value only ({''.join(levels)}); drop the term")
    reference = levels[0]
    if term.argument is not None:
        reference = term.argument.partition("=")[2].strip() or term.argument
        if reference not in levels:
            raise UnusableInputError(f"--terms: {term.text}: {term.column} is never {reference}; it is {levels}")
    return [
        Column(
            f"C({term.column})[{level}]",
            f"{level} vs {reference}",
            np.array([np.nan if label is None else float(label == level) for label in labels]),
            term.column,
        )
        for level in levels
        if level != reference
    ]


def _build_spline(term: Term, values: FloatArray, of: str, stated: bool) -> list[Column]:
    known = np.isfinite(values)
    asked = DEFAULT_KNOTS if term.argument is None else _positive(term)
    if asked != int(asked):
        raise UnusableInputError(f"--terms: {term.text}: knots are a whole number, got {term.argument}")
    basis = compute_spline_basis(values[known], term.column, knots=int(asked))
    columns = np.full((values.size, len(basis.terms)), np.nan)
    columns[known] = basis.columns
    units = [f"per 1 {of}, straight part", *[f"bend of the spline of {term.column}"] * (len(basis.terms) - 1)]
    return [
        Column(f"{term.text}[{place + 1}]", unit, column, term.column, stated)
        for place, (unit, column) in enumerate(zip(units, columns.T, strict=True))
    ]


def _step_of(term: Term) -> float:
    if term.argument is None:
        raise UnusableInputError(f"--terms: {term.text}: say how much, as in per({term.column}, 10)")
    return _positive(term)


def _positive(term: Term) -> float:
    try:
        value = float(term.argument or "")
    except ValueError:
        value = 0.0
    if not value > 0:
        raise UnusableInputError(f"--terms: {term.text}: expected a number above 0, got {term.argument}")
    return value
