"""Where letters and records contradict each other: the finding, the record beside it, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from lutrace.registry.corrections import compute_patches
from lutrace.registry.schema import column_list
from lutrace.tables import TEXT_FINDINGS


@dataclass(frozen=True)
class TextConflict:
    """A finding (`row_id`) that a record (`other_row_id`, None where a record is missing) contradicts."""

    check: str
    severity: str
    row_id: str
    patient_id: str
    found: str
    other_row_id: str | None
    remedy: str


@dataclass(frozen=True)
class _Query:
    """A query over `said` (findings as reviewed, of the patient) that gives row_id, patient_id, found, other row."""

    check: str
    severity: str
    remedy: str
    sql: str


_ANSWER = (
    "read the letter (`lutrace extract --registry DIR --queue`): reject or correct the finding, or correct the record"
)
_DEAD = "SELECT patient_id, row_id, date FROM follow_up WHERE status = 'dead' AND date_precision = 'day'"
_MBQ = "try_cast(s.value AS DOUBLE) * CASE s.unit WHEN 'GBq' THEN 1000 WHEN 'mCi' THEN 37 WHEN 'MBq' THEN 1 END"
_REASONS = """
    SELECT patient_id, row_id, stop_reason AS reason, agent_class = 'rlt' AS of_rlt FROM treatments
    WHERE stop_reason IN ('completed', 'progression', 'toxicity', 'choice')
    UNION ALL SELECT patient_id, row_id, code, true FROM dispositions
    WHERE code_system = 'lutrace' AND code IN ('completed', 'progression', 'toxicity', 'choice')
"""
_QUERIES = (
    _Query(
        "letter_tells_a_death_without_record",
        "error",
        "add the death to the records with its day, or reject the finding; until then it counts in no endpoint",
        "SELECT s.row_id, s.patient_id, 'a letter says that the patient died, and no record does', NULL FROM said s "
        "WHERE s.fact = 'death' AND NOT EXISTS (SELECT 1 FROM follow_up f WHERE f.patient_id = s.patient_id "
        "AND f.status = 'dead')",
    ),
    _Query(
        "letter_and_record_differ_in_death",
        "error",
        _ANSWER,
        "SELECT s.row_id, s.patient_id, 'the day of death in a letter is ' || abs(date_diff('day', d.date, s.date)) "
        f"|| ' d from that on record', d.row_id FROM said s JOIN ({_DEAD}) d USING (patient_id) "
        "WHERE s.fact = 'death' AND s.date_precision = 'day' AND s.date <> d.date",
    ),
    _Query(
        "letter_and_record_differ_in_gleason",
        "warning",
        _ANSWER,
        "SELECT s.row_id, s.patient_id, 'Gleason ' || s.value || ' in a letter, ' || d.gleason_primary || '+' "
        "|| d.gleason_secondary || ' on record', d.row_id FROM said s JOIN diagnoses d USING (patient_id) "
        "WHERE s.fact = 'gleason' AND d.gleason_primary IS NOT NULL AND d.gleason_secondary IS NOT NULL "
        "AND NOT EXISTS (SELECT 1 FROM diagnoses e WHERE e.patient_id = s.patient_id "
        "AND (s.value = e.gleason_sum::VARCHAR OR s.value IN (e.gleason_primary || '+' || e.gleason_secondary, "
        "(e.gleason_primary + e.gleason_secondary)::VARCHAR)))",
    ),
    _Query(
        "letter_and_record_differ_in_t",
        "warning",
        _ANSWER,
        "SELECT s.row_id, s.patient_id, 'T' || s.t || ' in a letter, ' || d.t || ' on record', d.row_id FROM "
        "(SELECT *, regexp_extract(value, 'T([0-4])', 1) AS t FROM said WHERE fact = 'tnm') s "
        "JOIN diagnoses d USING (patient_id) WHERE s.t <> '' AND regexp_matches(d.t, '[0-4]') AND NOT EXISTS ("
        "SELECT 1 FROM diagnoses e WHERE e.patient_id = s.patient_id AND regexp_extract(e.t, '([0-4])', 1) = s.t)",
    ),
    _Query(
        "letter_and_record_differ_in_stop_reason",
        "warning",
        _ANSWER,
        f"SELECT s.row_id, s.patient_id, 'stopped for ' || s.reason || ' in a letter, ' || r.reason || ' on record', "
        f"r.row_id FROM (SELECT *, CASE value WHEN 'decision' THEN 'choice' ELSE value END AS reason FROM said "
        f"WHERE fact = 'stop_reason' AND NOT historical) s JOIN ({_REASONS}) r USING (patient_id) WHERE r.of_rlt "
        f"AND NOT EXISTS (SELECT 1 FROM ({_REASONS}) e WHERE e.patient_id = s.patient_id AND e.reason = s.reason)",
    ),
    _Query(
        "letter_and_record_differ_in_cycle",
        "warning",
        _ANSWER,
        "SELECT s.row_id, s.patient_id, 'cycle ' || s.value || ' in a letter is ' "
        "|| abs(date_diff('day', c.administered_date, s.date)) || ' d from that on record', c.row_id "
        "FROM said s JOIN cycles c ON c.patient_id = s.patient_id AND c.cycle::VARCHAR = s.value "
        "WHERE s.fact = 'rlt_cycle' AND s.date_precision = 'day' "
        "AND abs(date_diff('day', c.administered_date, s.date)) > 3",
    ),
    _Query(
        "letter_tells_a_cycle_without_record",
        "warning",
        "add the record of the cycle, or reject the finding",
        "SELECT s.row_id, s.patient_id, 'cycle ' || s.value || ' stands in a letter, and in no record', NULL "
        "FROM said s "
        "WHERE s.fact = 'rlt_cycle' AND EXISTS (SELECT 1 FROM cycles c WHERE c.patient_id = s.patient_id) "
        "AND NOT EXISTS (SELECT 1 FROM cycles c WHERE c.patient_id = s.patient_id AND c.cycle::VARCHAR = s.value)",
    ),
    _Query(
        "letter_and_record_differ_in_activity",
        "warning",
        _ANSWER,
        f"SELECT s.row_id, s.patient_id, round({_MBQ}) || ' MBq in a letter, ' || round(c.administered_mbq) "
        "|| ' MBq on record of that day', c.row_id FROM said s JOIN cycles c ON c.patient_id = s.patient_id "
        f"AND c.administered_date = s.date WHERE s.fact = 'activity' AND abs({_MBQ} - c.administered_mbq) "
        "> 0.1 * c.administered_mbq",
    ),
    _Query(
        "letter_and_record_differ_in_psa",
        "warning",
        _ANSWER,
        "SELECT s.row_id, s.patient_id, 'PSA ' || s.value || ' in a letter, ' || l.value "
        "|| ' ng/mL on record of that day'"
        ", l.row_id FROM said s JOIN labs l ON l.patient_id = s.patient_id AND l.date = s.date AND l.analyte = 'psa' "
        "WHERE s.fact = 'psa' AND s.date_precision = 'day' AND NOT EXISTS (SELECT 1 FROM labs e "
        "WHERE e.patient_id = s.patient_id AND e.date = s.date AND e.analyte = 'psa' "
        "AND abs(try_cast(ltrim(s.value, '<>=') AS DOUBLE) - e.value) <= 0.05 * e.value + 0.01)",
    ),
    _Query(
        "letter_and_record_differ_in_ecog",
        "warning",
        _ANSWER,
        "SELECT s.row_id, s.patient_id, 'ECOG ' || s.value || ' in a letter, ' || v.value::INT "
        "|| ' on record of that day', "
        "v.row_id FROM said s JOIN vitals v ON v.patient_id = s.patient_id AND v.measure = 'ecog' "
        "AND v.date = coalesce(s.date, s.note_date) WHERE s.fact = 'ecog' AND s.value <> (v.value::INT)::VARCHAR",
    ),
    _Query(
        "letter_denies_a_site_that_a_scan_shows",
        "warning",
        _ANSWER,
        "SELECT f.row_id, f.patient_id, f.value || ' metastases are denied in a letter, and a scan ' "
        "|| date_diff('day', c.date, f.note_date) || ' d before shows such a lesion', min(l.row_id) "
        "FROM findings f JOIN lesions l ON l.patient_id = f.patient_id AND l.category = 'tumour' "
        "AND l.site = CASE f.value WHEN 'lymph_node' THEN 'node' ELSE f.value END "
        "JOIN scans c ON c.scan_id = l.scan_id WHERE f.fact = 'metastasis_site' AND f.negated AND NOT f.uncertain "
        "AND NOT f.historical AND c.date BETWEEN f.note_date - INTERVAL 60 DAY AND f.note_date GROUP BY ALL",
    ),
    _Query(
        "letter_says_and_denies",
        "warning",
        "read the letter, and reject or correct one of the two findings",
        "SELECT s.row_id, s.patient_id, s.fact || ' ' || s.value || ' is stated and denied in one letter', "
        "min(f.row_id) "
        "FROM said s JOIN findings f ON f.note_id = s.note_id AND f.fact = s.fact AND f.value = s.value "
        "WHERE f.negated AND NOT f.uncertain AND NOT f.historical AND NOT s.historical "
        "AND s.fact IN ('metastasis_site', 'transfusion', 'toxicity', 'progression', 'fracture') GROUP BY ALL",
    ),
)


def find_text_conflicts(connection: duckdb.DuckDBPyConnection) -> list[TextConflict]:
    """What every query finds, in the order of the queries and then by row.

    Findings are as people reviewed them: one that was rejected contradicts nothing. What is negated, doubted, a
    condition or of another person is not said of the patient.
    """
    patches = compute_patches(connection).get(TEXT_FINDINGS.name)
    changed = patches.rows if patches is not None else {}
    kept = [row for row in changed.values() if row is not None]
    connection.register("changed_findings", pa.Table.from_pylist(kept, TEXT_FINDINGS.arrow_schema))
    connection.register("changed_ids", pa.table({"row_id": pa.array(list(changed), pa.string())}))
    names = column_list(TEXT_FINDINGS)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE findings AS SELECT {names} FROM text_findings "
        "WHERE row_id NOT IN (SELECT row_id FROM changed_ids) "
        f"UNION ALL SELECT {names} FROM changed_findings"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE said AS SELECT * FROM findings WHERE NOT negated AND NOT uncertain "
        "AND NOT coalesce(hypothetical, false) AND NOT coalesce(other_person, false)"
    )
    found = [
        TextConflict(query.check, query.severity, row_id, patient_id, str(words), other, query.remedy)
        for query in _QUERIES
        for row_id, patient_id, words, other in connection.execute(
            f"SELECT * FROM ({query.sql}) ORDER BY ALL"
        ).fetchall()
    ]
    for name in ("changed_findings", "changed_ids"):
        connection.unregister(name)
    return found
