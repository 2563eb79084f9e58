"""Dates known to the month or the year: the day that one stands for, and the first and last day that it can mean."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

Known = tuple[ir.DateValue, ir.StringValue]
"""A date, and how exactly it is known; the date may be any day that it can mean."""


def stands_for(date: ir.DateValue, precision: ir.StringValue, which: str) -> ir.DateValue:
    """The day that a date stands for: itself when known to the day; of a month or year the first day, the middle (the
    15th; 1 July) or the last, as `which` says. `date` is the first day that it can mean.
    """
    if which == "first":
        return date
    if which == "last":
        return last_day_of(date, precision)
    month = (date + ibis.interval(days=14)).cast("date")
    return _by_precision(date, precision, month=month, year=ibis.date(date.year(), 7, 1))


def first_day_of(date: ir.DateValue, precision: ir.StringValue) -> ir.DateValue:
    """The first day that a date can mean."""
    month, year = ibis.date(date.year(), date.month(), 1), ibis.date(date.year(), 1, 1)
    return _by_precision(date, precision, month=month, year=year)


def last_day_of(date: ir.DateValue, precision: ir.StringValue) -> ir.DateValue:
    """The last day that a date can mean."""
    in_next_month = (ibis.date(date.year(), date.month(), 1) + ibis.interval(days=31)).cast("date")
    next_month = ibis.date(in_next_month.year(), in_next_month.month(), 1)
    month = (next_month - ibis.interval(days=1)).cast("date")
    return _by_precision(date, precision, month=month, year=ibis.date(date.year(), 12, 31))


def bounds_of_later(one: Known, other: Known) -> tuple[ir.DateValue, ir.DateValue]:
    """The first and last day that the later of two dates can be; empty when either date is."""
    both = one[0].notnull() & other[0].notnull()
    first = ibis.greatest(first_day_of(*one), first_day_of(*other))
    last = ibis.greatest(last_day_of(*one), last_day_of(*other))
    return ibis.cases((both, first)), ibis.cases((both, last))


def precision_between(first: ir.DateValue, last: ir.DateValue) -> ir.StringValue:
    """How exactly a date is known that lies between two days of one year: to the day, the month or the year."""
    precision: ir.StringValue = ibis.cases(
        (first == last, "day"), (first.month() == last.month(), "month"), (first < last, "year")
    )
    return precision


def _by_precision(
    date: ir.DateValue, precision: ir.StringValue, *, month: ir.DateValue, year: ir.DateValue
) -> ir.DateValue:
    chosen: ir.DateValue = ibis.cases(
        ((precision == "month").fill_null(False), month),
        ((precision == "year").fill_null(False), year),
        else_=date,
    )
    return chosen
