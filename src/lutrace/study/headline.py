"""The few numbers at the top of a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from lutrace.core import Row
from lutrace.protocol import (
    ConcordanceAnalysis,
    CoxAnalysis,
    KaplanMeierAnalysis,
    OverallSurvival,
    ProportionAnalysis,
    Protocol,
    PsaPfs,
    ShowCoxGrid,
)
from lutrace.report import KeyNumber, format_estimate, format_value
from lutrace.study.review_status import ReviewStatus, uses_new_lesions

_LIMIT = 10
Tables = Mapping[str, Sequence[Row]]


def choose_key_numbers(tables: Tables, protocol: Protocol, status: ReviewStatus) -> tuple[KeyNumber, ...]:
    """At most ten: patients; adjusted hazard ratios of the main table; PSA50, new lesions, concordance, medians.

    All but the patients are of the first landmark. `tables` are rows that may leave: hidden counts stay hidden.
    """
    found = (
        *_patients(tables, protocol),
        *_ratios(tables, protocol, status),
        *_shares(tables, protocol, status),
        *_concordance(tables, protocol),
        *_medians(tables, protocol),
    )
    return tuple(islice(found, _LIMIT))


def _patients(tables: Tables, protocol: Protocol) -> list[KeyNumber]:
    ends = {row["population"]: row["n"] for row in tables["attrition"]}
    counts = [(landmark.label, ends[landmark.name]) for landmark in protocol.time_zeros if landmark.name in ends]
    value = " · ".join(format_value(n) for _, n in counts)
    first = protocol.time_zeros[0].name
    return [KeyNumber("Patients", value, " · ".join(label for label, _ in counts), first, ("cohort",))]


def _ratios(tables: Tables, protocol: Protocol, status: ReviewStatus) -> Iterator[KeyNumber]:
    """The adjusted hazard ratios of the analyses that the report shows side by side."""
    items = [item for section in protocol.report.sections for item in section.items if isinstance(item, ShowCoxGrid)]
    grid = items[0] if items else None
    names = grid.analyses if grid else tuple(one.name for one in protocol.analyses if isinstance(one, CoxAnalysis))[:1]
    for row in _of(tables, protocol, names):
        if row["measure"] != "hazard_ratio" or not row["adjusted"] or "/" in row["term"]:
            continue
        covariate = protocol.covariate(row["term"])
        others = ", ".join(protocol.covariate(name).label for name in row["adjusted_for"].split(", "))
        detail = f"hazard ratio, {covariate.unit}, adjusted for {others}; {_counts(row)}"
        if uses_new_lesions(row["term"], protocol):
            detail += status.short_new_lesions
        label = f"{_short(protocol, row['endpoint'])}: {covariate.label[0].lower()}{covariate.label[1:]}"
        behind = (row["endpoint"], row["term"])
        yield _key(label, row, detail, behind)


def _shares(tables: Tables, protocol: Protocol, status: ReviewStatus) -> Iterator[KeyNumber]:
    """PSA50, and new lesions against the scans that the protocol chose."""
    wanted = {"psa50": "PSA50", f"new_lesions_{protocol.new_lesions.reference}": "New lesions"}
    for of, label in wanted.items():
        names = [one.name for one in protocol.analyses if isinstance(one, ProportionAnalysis) and one.of == of]
        for row in _of(tables, protocol, names[:1]):
            analysis = next(one for one in protocol.analyses if one.name == row["analysis"])
            said = f"{format_value(row['events'])} of {format_value(row['n'])} patients; {analysis.label}"
            detail = said + (status.short_new_lesions if uses_new_lesions(of, protocol) else "")
            yield _key(label, row, detail, (of,))


def _concordance(tables: Tables, protocol: Protocol) -> Iterator[KeyNumber]:
    for analysis in protocol.analyses:
        if not isinstance(analysis, ConcordanceAnalysis):
            continue
        first = analysis.definitions[0]
        for row in _of(tables, protocol, [analysis.name]):
            if row["measure"] == "proportion" and row["term"] == first.name:
                detail = f"{format_value(row['events'])} of {format_value(row['n'])} patients; {first.label}"
                yield _key("Concordance PSA, volume", row, detail, (analysis.x, analysis.y))
        return


def _medians(tables: Tables, protocol: Protocol) -> Iterator[KeyNumber]:
    names = [one.name for one in protocol.analyses if isinstance(one, KaplanMeierAnalysis) and one.by is None]
    for row in _of(tables, protocol, names[:1]):
        label = f"Median {_short(protocol, row['endpoint'])}"
        yield _key(label, row, _counts(row), (row["endpoint"],))


def _key(label: str, row: Row, detail: str, behind: tuple[str, ...]) -> KeyNumber:
    """The estimate as the number, its interval first in the small print."""
    value, _, interval = format_estimate(row).partition(" (")
    if row["measure"] == "median" and row["estimate"] is not None:
        value = f"{value} {row['unit']}"
    small = f"95% CI {interval.removesuffix(')')}; {detail}" if interval else detail
    return KeyNumber(label, value, small, row["population"], behind)


def _of(tables: Tables, protocol: Protocol, analyses: Sequence[str]) -> list[Row]:
    first = protocol.time_zeros[0].name
    return [row for row in tables["estimates"] if row["population"] == first and row["analysis"] in analyses]


def _counts(row: Row) -> str:
    return f"n = {format_value(row['n'])}, {format_value(row['events'])} events"


def _short(protocol: Protocol, outcome: str) -> str:
    """`OS`, `PSA-PFS`: an outcome in the short form that physicians use."""
    declared = protocol.outcome(outcome)
    if isinstance(declared, OverallSurvival):
        return "OS"
    return "PSA-PFS" if isinstance(declared, PsaPfs) else declared.label
