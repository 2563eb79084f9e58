"""Data-quality queries: what is missing, impossible or contradictory between rows, with the rows and what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from lutrace.registry.quality_texts import find_text_conflicts
from lutrace.registry.review_log import stale_acts
from lutrace.tables import MEASURE_VERSION, TEXT_FINDINGS

_MOST_PLACES = 10


@dataclass(frozen=True)
class QualityFinding:
    """One row that a query found: the query's name, the table and row, the patient, what is found, what to do.

    `source_id` and `place` are where the row was read; of rows in quarantine for one reason, the first places.
    """

    check: str
    severity: str
    table: str
    row_id: str
    patient_id: str | None
    found: str
    remedy: str
    source_id: str | None = None
    place: str | None = None


@dataclass(frozen=True)
class _Query:
    """A query that gives row_id, patient_id and a text for each finding."""

    check: str
    severity: str
    table: str
    remedy: str
    sql: str


_DEATHS = """
    SELECT patient_id, min(date) AS first, max(date) AS last, count(DISTINCT date) AS n, min(row_id) AS row_id
    FROM follow_up WHERE status = 'dead' AND date_precision = 'day' GROUP BY patient_id
"""

_QUERIES: tuple[_Query, ...] = (
    _Query(
        "cycle_without_activity",
        "error",
        "cycles",
        "give administered_mbq of this cycle, or correct it with an override: SUV takes no default",
        "SELECT row_id, patient_id, 'cycle ' || cycle || ' has a scan and no activity' FROM cycles c "
        "WHERE administered_mbq IS NULL AND EXISTS (SELECT 1 FROM scans s "
        "WHERE s.patient_id = c.patient_id AND s.cycle = c.cycle)",
    ),
    _Query(
        "cycle_without_weight",
        "warning",
        "cycles",
        "give weight_kg of this day; without it SUV needs the weight in the image header",
        "SELECT row_id, patient_id, 'cycle ' || cycle || ' has a scan and no weight' FROM cycles c "
        "WHERE weight_kg IS NULL AND EXISTS (SELECT 1 FROM scans s "
        "WHERE s.patient_id = c.patient_id AND s.cycle = c.cycle)",
    ),
    _Query(
        "cycles_out_of_order",
        "error",
        "cycles",
        "correct the number or the date of one of the cycles",
        "SELECT row_id, patient_id, 'cycle ' || cycle || ' is not after cycle ' || earlier FROM ("
        "SELECT row_id, patient_id, cycle, administered_date, "
        "lag(cycle) OVER w AS earlier, lag(administered_date) OVER w AS earlier_date FROM cycles "
        "WINDOW w AS (PARTITION BY patient_id ORDER BY cycle)) WHERE administered_date <= earlier_date",
    ),
    _Query(
        "cycle_number_missing",
        "warning",
        "cycles",
        "add the missing cycle, or say with an override that the numbers are right",
        "SELECT row_id, patient_id, 'cycle ' || cycle || ' follows cycle ' || coalesce(earlier, 0) FROM ("
        "SELECT row_id, patient_id, cycle, lag(cycle) OVER (PARTITION BY patient_id ORDER BY cycle) AS earlier "
        "FROM cycles) WHERE cycle <> coalesce(earlier, 0) + 1",
    ),
    _Query(
        "same_day_cycles",
        "error",
        "cycles",
        "remove the cycle that was recorded twice at its source",
        "SELECT row_id, patient_id, 'cycle ' || cycle || ' is on the day of another cycle' FROM ("
        "SELECT *, count(*) OVER (PARTITION BY patient_id, administered_date) AS n FROM cycles) WHERE n > 1",
    ),
    _Query(
        "scan_without_cycle",
        "warning",
        "scans",
        "add the record of the cycle, or correct its date: the scan cannot be placed in the course",
        "SELECT row_id, patient_id, 'a post-therapy scan follows no cycle within 10 days' FROM scans "
        "WHERE purpose = 'rlt_spect' AND cycle IS NULL",
    ),
    _Query(
        "scan_without_record",
        "error",
        "scans",
        "add the patient's records, or name the system of DICOM's PatientID in the site profile",
        "SELECT min(row_id), patient_id, count(*) || ' series of a patient without record' FROM scans s "
        "WHERE NOT EXISTS (SELECT 1 FROM patients p WHERE p.patient_id = s.patient_id) GROUP BY patient_id",
    ),
    _Query(
        "scan_refused",
        "warning",
        "scans",
        "see the reason; correct the series at its source and add it again",
        "SELECT row_id, patient_id, reason FROM scans WHERE status = 'refused'",
    ),
    _Query(
        "scan_not_measured",
        "warning",
        "scans",
        "nothing, if the scan shows another tracer; else correct the tracer in its header, or see the site profile",
        'SELECT row_id, patient_id, regexp_extract(notes, \'"(not measured: [^"]*)"\', 1) FROM scans '
        "WHERE purpose = 'other' AND notes LIKE '%\"not measured: %'",
    ),
    _Query(
        "quantification_refused",
        "error",
        "quantifications",
        "give the fact that the reason names, then run `lutrace measure` again",
        "SELECT row_id, patient_id, reason FROM quantifications WHERE status = 'refused'",
    ),
    _Query(
        "quantification_warned",
        "warning",
        "quantifications",
        "read the warnings of this row; correct the header's or the record's value with an override",
        "SELECT row_id, patient_id, warnings FROM quantifications WHERE status = 'ok' AND warnings <> '[]'",
    ),
    _Query(
        "measured_by_an_older_version",
        "warning",
        "quantifications",
        "run `lutrace measure` again: numbers may differ, the changelog says which",
        "SELECT min(row_id), NULL, count(*) || ' scans were measured by version ' "
        f"|| coalesce(measure_version::VARCHAR, '4 or earlier') || ' of measuring, this is {MEASURE_VERSION}' "
        f"FROM quantifications WHERE coalesce(measure_version, 0) < {MEASURE_VERSION} GROUP BY measure_version",
    ),
    _Query(
        "activity_budget_above_dose",
        "error",
        "quantifications",
        "check the dose, its unit and the calibration: more activity is seen than was given",
        "SELECT row_id, patient_id, 'activity in the field of view is ' || round(activity_budget_pct, 1) "
        "|| ' % of the dose' FROM quantifications WHERE activity_budget_pct > 100",
    ),
    _Query(
        "contradicting_deaths",
        "error",
        "follow_up",
        "find out which date of death is right and correct the other",
        f"SELECT row_id, patient_id, n || ' days of death, ' || date_diff('day', first, last) || ' d apart' "
        f"FROM ({_DEATHS}) WHERE n > 1",
    ),
    _Query(
        "contact_after_death",
        "error",
        "contacts",
        "correct the date of death or of the contact",
        f"SELECT c.row_id, c.patient_id, 'contact ' || date_diff('day', d.last, c.date) || ' d after death' "
        f"FROM contacts c JOIN ({_DEATHS}) d USING (patient_id) WHERE c.date > d.last",
    ),
    _Query(
        "alive_after_death",
        "error",
        "follow_up",
        "correct the date of death or the statement that the patient lived",
        f"SELECT f.row_id, f.patient_id, 'alive ' || date_diff('day', d.last, f.date) || ' d after death' "
        f"FROM follow_up f JOIN ({_DEATHS}) d USING (patient_id) WHERE f.status = 'alive' AND f.date > d.last",
    ),
    _Query(
        "lab_after_death",
        "error",
        "labs",
        "correct the date of death or of the sample",
        f"SELECT l.row_id, l.patient_id, l.analyte || ' drawn ' || date_diff('day', d.last, l.date) "
        "|| ' d after death' "
        f"FROM labs l JOIN ({_DEATHS}) d USING (patient_id) WHERE l.date > d.last",
    ),
    _Query(
        "cycle_after_death",
        "error",
        "cycles",
        "correct the date of death or of the cycle",
        f"SELECT c.row_id, c.patient_id, 'cycle ' || c.cycle || ' is after death' "
        f"FROM cycles c JOIN ({_DEATHS}) d USING (patient_id) WHERE c.administered_date > d.last",
    ),
    _Query(
        "treatment_ends_before_it_begins",
        "error",
        "treatments",
        "correct one of the two dates",
        "SELECT row_id, patient_id, agent || ' ends before it begins' FROM treatments "
        "WHERE end_date < begin_date AND coalesce(end_date_precision, 'day') = 'day'",
    ),
    _Query(
        "two_values_of_one_draw",
        "warning",
        "labs",
        "say which result is right; endpoints take the highest PSA of a day",
        "SELECT row_id, patient_id, analyte || ' has ' || n || ' different values of one moment' FROM ("
        "SELECT min(row_id) AS row_id, patient_id, analyte, count(DISTINCT value) AS n FROM labs "
        "GROUP BY patient_id, analyte, date, coalesce(time, '')) WHERE n > 1",
    ),
)


def find_all(connection: duckdb.DuckDBPyConnection) -> list[QualityFinding]:
    """What every query finds, in the order of the queries and then by row, with where each row was read."""
    findings = []
    for query in _QUERIES:
        for row_id, patient_id, found in connection.execute(f"SELECT * FROM ({query.sql}) ORDER BY 1").fetchall():
            findings.append(
                QualityFinding(query.check, query.severity, query.table, row_id, patient_id, str(found), query.remedy)
            )
    findings += _in_letters(connection)
    findings += [*_stale_overrides(connection), *_stale_reviews(connection)]
    return [_with_place(connection, one) for one in findings] + _in_quarantine(connection)


def _in_letters(connection: duckdb.DuckDBPyConnection) -> list[QualityFinding]:
    """What letters and records contradict each other in, with the rows of both."""
    return [
        QualityFinding(
            one.check,
            one.severity,
            TEXT_FINDINGS.name,
            one.row_id,
            one.patient_id,
            one.found + (f" ({one.other_row_id})" if one.other_row_id else ""),
            one.remedy,
        )
        for one in find_text_conflicts(connection)
    ]


def _with_place(connection: duckdb.DuckDBPyConnection, finding: QualityFinding) -> QualityFinding:
    """The finding with the source of its row."""
    held = connection.execute(
        f'SELECT source_id, source_locator FROM "{finding.table}" WHERE row_id = ?', [finding.row_id]
    ).fetchall()
    return replace(finding, source_id=held[0][0], place=held[0][1]) if held else finding


def _in_quarantine(connection: duckdb.DuckDBPyConnection) -> list[QualityFinding]:
    """The rows in quarantine, those of one source and one reason together."""
    rows = connection.execute(
        'SELECT "table", rule, remedy, source_id, quarantine_id, source_locator FROM quarantine ORDER BY ALL'
    ).fetchall()
    groups: dict[tuple[str, str, str, str], list[tuple[str, str | None]]] = {}
    for *key, quarantine_id, locator in rows:
        table, rule, remedy, source_id = key
        groups.setdefault((table, rule, remedy, source_id), []).append((quarantine_id, locator))
    return [
        QualityFinding(
            "rows_in_quarantine",
            "error",
            "quarantine",
            held[0][0],
            None,
            f"{len(held)} {'row' if len(held) == 1 else 'rows'} of {table}: {rule}",
            f"{remedy}; then add the file again",
            source_id,
            _places(held),
        )
        for (table, rule, remedy, source_id), held in groups.items()
    ]


def _places(held: Sequence[tuple[str, str | None]]) -> str | None:
    """The first places in the order of their numbers, and how many more there are."""
    places = sorted({locator for _, locator in held if locator is not None}, key=_natural)
    more = f" and {len(places) - _MOST_PLACES} more" if len(places) > _MOST_PLACES else ""
    return ", ".join(places[:_MOST_PLACES]) + more or None


def _natural(text: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", text)]


def _stale_reviews(connection: duckdb.DuckDBPyConnection) -> list[QualityFinding]:
    remedy = "the row was measured anew with another outcome, so the act is not applied: review the row again"
    return [
        QualityFinding(
            "review_of_a_changed_row",
            "error",
            "reviews",
            row["row_id"],
            row["patient_id"],
            f"{row['act']} of {row['target_row_id']}",
            remedy,
        )
        for row in stale_acts(connection)
    ]


def _stale_overrides(connection: duckdb.DuckDBPyConnection) -> list[QualityFinding]:
    remedy = "the corrected row is no longer in the registry: make the correction on the row that took its place"
    found = []
    for row_id, patient_id, table, target in connection.execute(
        'SELECT row_id, patient_id, "table", target_row_id FROM overrides ORDER BY row_id'
    ).fetchall():
        held = connection.execute(f'SELECT count(*) FROM "{table}" WHERE row_id = ?', [target]).fetchall()
        if not held[0][0]:
            found.append(
                QualityFinding(
                    "override_of_a_missing_row", "error", "overrides", row_id, patient_id, f"corrects {target}", remedy
                )
            )
    return found
