"""What a reader must be told beside the numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import ibis

from lutrace.core import FrozenModel, Row
from lutrace.endpoints import CUT_BY_VIEW, UNREVIEWED, UNREVIEWED_VOLUME, said_in_letters
from lutrace.models import describe_immortal_time, is_late
from lutrace.protocol import CourseRules, CoxAnalysis, DeathDates, Protocol, PsaPfs, ShowDerived, TimeZero
from lutrace.report import Notice
from lutrace.tables import MEASURE_VERSION, MERGES, QUANTIFICATIONS, Facts


def find_notices(protocol: Protocol, values: Sequence[Row], analysis_set: Sequence[Row]) -> tuple[Notice, ...]:
    """Warnings on time zero, baselines, scans, new lesions and multiplicity, each with its count."""
    notices: list[Notice] = []
    for landmark in protocol.time_zeros:
        notices += _time_zero(landmark)
        here = [row for row in values if row["population"] == landmark.name]
        notices += _counted(landmark, here)
        notices += _unreviewed(landmark, here)
        n_set = sum(1 for row in analysis_set if row["population"] == landmark.name)
        notices += _lost_covariates(protocol, landmark, analysis_set, n_set)
    notices += _gates(protocol)
    corrected = {name for family in protocol.multiplicity for name in family.analyses}
    n_models = sum(
        len(one.populations) * len(one.endpoints) * len(one.terms)
        for one in protocol.analyses
        if isinstance(one, CoxAnalysis) and one.name not in corrected
    )
    if n_models > 1:
        text = f"{n_models} Cox models are reported without correction for multiplicity"
        notices.append(Notice("analyses", text, "note"))
    return (*notices, *_not_shown(protocol))


def find_outdated_scans(facts: Facts, scans: Sequence[Row]) -> tuple[Notice, ...]:
    """A warning for each older version of measuring that scans of the study were measured by, with their count."""
    used = {row["scan_id"] for row in scans}
    table = facts.table(QUANTIFICATIONS)
    known = table.measure_version if "measure_version" in table.columns else ibis.null("int64")
    rows = table.select("scan_id", measure_version=known).to_pyarrow().to_pylist()
    versions = Counter(row["measure_version"] or 0 for row in rows if row["scan_id"] in used)
    return tuple(
        Notice(
            "scans",
            f"{n} of {len(used)} SPECT were measured by version {version or '4 or earlier'} of measuring, this is "
            f"{MEASURE_VERSION}: numbers may differ (changelog); run lutrace measure again",
        )
        for version, n in sorted(versions.items())
        if version < MEASURE_VERSION
    )


def find_letter_choices(protocol: Protocol, facts: Facts) -> tuple[Notice, ...]:
    """A warning for each kind of fact that letters state, that nobody has reviewed, and that the study lets count.

    Deaths that letters state and no endpoint of the study counts are a note.
    """
    notices = []
    for fact, kind in (("death", DeathDates), ("stop_reason", CourseRules)):
        choices = {rules.letters for rules in _rules_of(protocol, kind)}
        rows = said_in_letters(facts, (fact,))
        n = len(set(rows.filter(~rows.reviewed).patient_id.to_pyarrow().to_pylist())) if choices else 0
        words = f"findings of {fact} in letters of {n} patients that nobody has reviewed"
        if n and "all" in choices:
            notices.append(Notice("letters", f"{words} count, as the study says (letters: all)"))
        elif n:
            notices.append(Notice("letters", f"{words} do not count (lutrace extract --registry DIR --queue)", "note"))
    return tuple(notices)


def _rules_of(part: object, kind: type[DeathDates] | type[CourseRules]) -> Iterator[DeathDates | CourseRules]:
    """The rules of one kind that stand anywhere in a study."""
    if isinstance(part, kind):
        yield part
    elif isinstance(part, FrozenModel):
        for name in type(part).model_fields:
            yield from _rules_of(getattr(part, name), kind)
    elif isinstance(part, tuple):
        for one in part:
            yield from _rules_of(one, kind)


def find_merged(facts: Facts) -> tuple[Notice, ...]:
    """A note for each table in which rows of several sources became one; contradictions that nobody settled warn."""
    table = facts.table(MERGES)
    counted = table.group_by("table", "verdict", "stated").agg(n=table.count()).to_pyarrow().to_pylist()
    notices = []
    for name in sorted({row["table"] for row in counted}):
        kinds: Counter[str] = Counter()
        for row in counted:
            if row["table"] == name:
                settled = " settled" if row["stated"] and row["verdict"] == "contradiction" else ""
                kinds[row["verdict"] + settled] += row["n"]
        told = [f"{words} {kinds[kind]}" for kind, words in _MERGED if kinds[kind]]
        warns = bool(kinds["contradiction"] or kinds["both_kept"])
        notices.append(Notice(name, "; ".join(told), "warning" if warns else "note"))
    return tuple(notices)


_MERGED = (
    ("same", "rows of a further source that state what the believed one states (left out):"),
    ("contradiction settled", "rows left out that contradict the believed source, as the site profile states:"),
    ("contradiction", "rows left out by the default order that contradict another source (lutrace check):"),
    ("both_kept", "rows that contradict another source and both stay (lutrace check):"),
    ("renumbered", "rows counted anew by date, as two sources give one number twice:"),
)


def _not_shown(protocol: Protocol) -> list[Notice]:
    """Derived tables that a report written out in the study file does not show."""
    items = [item for section in protocol.report.sections for item in section.items]
    shown = {item.of for item in items if isinstance(item, ShowDerived)}
    text = "is derived and stands in the tables, but no item of the report shows it; add {show: derived, of: %s} to one"
    return [Notice(one.name, text % one.name, "note") for one in protocol.derived if one.name not in shown]


def _time_zero(landmark: TimeZero) -> list[Notice]:
    where = landmark.name
    if landmark.origin == "first_cycle":
        return [Notice(where, describe_immortal_time(landmark), "blocking")]
    if landmark.origin == "administration":
        return [Notice(where, "patients are at risk from the day of their SPECT on (delayed entry)", "note")]
    return []


def _counted(landmark: TimeZero, values: Sequence[Row]) -> list[Notice]:
    asked = (
        ("spect_review", "category", UNREVIEWED_VOLUME, "have an automatic tumour volume that nobody has reviewed"),
        ("spect_view", "category", CUT_BY_VIEW, "have tumour that the field of view cuts: more than is measured"),
        ("psa_baseline", "category", "older than the window", "have a PSA baseline older than the window (fallback)"),
        ("psa_baseline", "reason", None, "have no PSA baseline: PSA change and PSA progression are not evaluable"),
        ("spect_hours", "category", "outside 20 to 28 h", "had their SPECT outside 20 to 28 h after injection"),
        ("new_lesions", "reason", None, "are not assessed for new lesions"),
        ("psa_ratio", "reason", None, "have no PSA change at the landmark"),
        ("ttv_ratio", "category", "no tumour", "have no tumour left: their volume counts as the floor in logarithms"),
        ("ttv_ratio", "category", "below floor", "have a tumour volume below the floor"),
    )
    notices = []
    for endpoint, column, wanted, words in asked:
        rows = [row for row in values if row["endpoint"] == endpoint]
        found = [row for row in rows if row[column] is not None and wanted in (None, row[column])]
        if found:
            notices.append(Notice(f"{landmark.name}, {endpoint}", f"{len(found)} of {len(rows)} patients {words}"))
    return notices


def _unreviewed(landmark: TimeZero, values: Sequence[Row]) -> list[Notice]:
    rows = [row for row in values if row["endpoint"] == "new_lesions" and UNREVIEWED in row["rule"]]
    if not rows:
        return []
    text = (
        f"new lesions of {len(rows)} patients are provisional: they rest on links between scans that the program made "
        "and nobody has reviewed"
    )
    return [Notice(f"{landmark.name}, new_lesions", text)]


def _lost_covariates(protocol: Protocol, landmark: TimeZero, analysis_set: Sequence[Row], n_set: int) -> list[Notice]:
    notices = []
    for covariate in protocol.covariates:
        late = [row for row in analysis_set if row["population"] == landmark.name and is_late(row, covariate.name)]
        if late:
            text = f"{len(late)} of {n_set} patients have this value from after time zero: it tells of their future"
            notices.append(Notice(f"{landmark.name}, {covariate.name}", text, "blocking"))
    return notices


def _gates(protocol: Protocol) -> list[Notice]:
    return [
        Notice(
            outcome.name,
            f"without a decline no PSA progression is dated before day {outcome.progression.no_decline_gate:g} from "
            "cycle 1 (PCWG3); from an earlier landmark to that day only a rise after a decline, or death, is an event",
            "note",
        )
        for outcome in protocol.endpoints
        if isinstance(outcome, PsaPfs) and outcome.progression.no_decline_gate > 0
    ]
