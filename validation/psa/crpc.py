"""Castration resistance by PSA, written a second time from section 2.4 of the facts alone: loops over one man's values.

Where that section is silent: a value is castrate by the last testosterone on or before its day; a value that is not
castrate ends the run, as a rise on recovering testosterone shows nothing; rises are between neighbouring values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

CASTRATE_NMOL_L = Fraction("1.7")
"""facts 2.1.3, 2.4: "testosterone <50 ng/dL (1.7 nmol/L)"."""


@dataclass(frozen=True)
class Visit:
    day: int
    psa: Fraction
    castrate: bool


def mark_castrate(
    psa: list[tuple[int, Fraction]], testosterone: list[tuple[int, Fraction]], oldest: int | None = None
) -> list[Visit]:
    """Visits in order; a testosterone older than `oldest` days is not used."""
    visits = []
    for day, value in sorted(psa):
        known = [(when, level) for when, level in sorted(testosterone) if when <= day]
        usable = bool(known) and (oldest is None or day - known[-1][0] <= oldest)
        visits.append(Visit(day, value, usable and known[-1][1] < CASTRATE_NMOL_L))
    return visits


def castrate_periods(visits: list[Visit]) -> Iterator[list[Visit]]:
    period: list[Visit] = []
    for visit in visits:
        if visit.castrate:
            period.append(visit)
        elif period:
            yield period
            period = []
    if period:
        yield period


def find_eau(visits: list[Visit]) -> int | None:
    """As written: "3 consecutive PSA rises >=1 wk apart giving two >=50 % rises over nadir and PSA >2 ng/mL"."""
    for period in castrate_periods(visits):
        for last in range(3, len(period)):
            first = last
            while first > 0 and _is_rise(period[first - 1], period[first]):
                first -= 1
            if last - first < 3:
                continue
            high = 0
            for position in range(first + 1, last + 1):
                nadir = min(visit.psa for visit in period[:position])
                high += period[position].psa >= nadir * Fraction(3, 2)
            if high >= 2 and period[last].psa > 2:
                return period[last].day
    return None


def _is_rise(one: Visit, other: Visit, least: Fraction = Fraction(0)) -> bool:
    return other.psa > one.psa and other.psa - one.psa >= least and other.day - one.day >= 7


def find_aua(visits: list[Visit]) -> int | None:
    """As written: "2 consecutive rises >=0.2 ng/mL": the day of the second."""
    least = Fraction(1, 5)
    for period in castrate_periods(visits):
        for one, two, three in zip(period, period[1:], period[2:], strict=False):
            if _is_rise(one, two, least) and _is_rise(two, three, least):
                return three.day
    return None


def find_pcwg3(visits: list[Visit]) -> int | None:
    """As written: ">=25 % and >=2 ng/mL (PCWG3 min 1.0 start) over nadir, castrate, confirmed": day of the first."""
    for period in castrate_periods(visits):
        for position in range(1, len(period)):
            nadir, here = min(visit.psa for visit in period[:position]), period[position]
            later = [visit for visit in period[position + 1 :] if visit.day - here.day >= 21]
            pair = [here, *later[:1]]
            if len(pair) == 2 and all(v.psa >= nadir * Fraction(5, 4) and v.psa >= nadir + 2 for v in pair):
                return here.day
    return None


def find_screening(visits: list[Visit]) -> int | None:
    """As written: "any rise >0 within 7-90 d"."""
    for period in castrate_periods(visits):
        for one, two in pairwise(period):
            if two.psa > one.psa and 7 <= two.day - one.day <= 90:
                return two.day
    return None


FINDERS = {"eau": find_eau, "aua": find_aua, "pcwg3": find_pcwg3, "screening": find_screening}
