"""The data-quality queries on letters: what a finding says of the patient, and the record that contradicts it."""

from __future__ import annotations

from lutrace.registry.quality_queries import Query
from lutrace.tables import TEXT_FINDINGS

_ANSWER = (
    "read the letter (`lutrace extract --registry DIR --queue`): reject or correct the finding, or correct the record"
)
_OF_THE_PATIENT = "NOT coalesce(hypothetical, false) AND NOT coalesce(other_person, false) AND NOT uncertain"
_SAID = f"(SELECT * FROM text_findings WHERE NOT negated AND {_OF_THE_PATIENT})"
"""What letters say of the patient: nothing negated, doubted, conditional, or of another person."""
_DENIED = f"(SELECT * FROM text_findings WHERE negated AND NOT historical AND {_OF_THE_PATIENT})"
_DEAD = "SELECT patient_id, row_id, date FROM follow_up WHERE status = 'dead' AND date_precision = 'day'"
_NUMBER = (
    "CASE WHEN NOT regexp_matches(s.value, '^[<>=]*[1-9][0-9]{0,2}[.,][0-9]{3}$') "
    "THEN try_cast(ltrim(s.value, '<>=') AS DOUBLE) END"
)
"""The number of a finding; none where German and English read it in two ways (7.400)."""
_MBQ = f"{_NUMBER} * CASE s.unit WHEN 'GBq' THEN 1000 WHEN 'mCi' THEN 37 WHEN 'MBq' THEN 1 END"
_PSA_UNITS = "coalesce(lower(s.unit), 'ng/ml') IN ('ng/ml', 'µg/l', 'ug/l')"
_SUM_SAID = (
    "CASE WHEN contains(s.value, '+') THEN try_cast(s.value[1] AS INT) + try_cast(s.value[-1] AS INT) "
    "ELSE try_cast(s.value AS INT) END"
)
_SUM_HELD = "coalesce({0}.gleason_sum, {0}.gleason_primary + {0}.gleason_secondary)"
_REASONS = """
    SELECT patient_id, row_id, stop_reason AS reason, agent_class = 'rlt' AS of_rlt FROM treatments
    WHERE stop_reason IN ('completed', 'progression', 'toxicity', 'choice')
    UNION ALL SELECT patient_id, row_id, code, true FROM dispositions
    WHERE code_system = 'lutrace' AND code IN ('completed', 'progression', 'toxicity', 'choice')
"""


def _query(check: str, sql: str, *, severity: str = "warning", remedy: str = _ANSWER) -> Query:
    """A query whose SQL gives row_id, patient_id, what is found, and the row of the record (NULL: there is none)."""
    told = (
        "SELECT row_id, patient_id, found || coalesce(' (' || other || ')', '') "
        f"FROM ({sql}) q(row_id, patient_id, found, other)"
    )
    return Query(check, severity, TEXT_FINDINGS.name, remedy, told)


TEXT_QUERIES: tuple[Query, ...] = (
    _query(
        "letter_tells_a_death_without_record",
        "SELECT s.row_id, s.patient_id, 'a letter says that the patient died, and no record does', NULL "
        f"FROM {_SAID} s WHERE s.fact = 'death' AND NOT EXISTS (SELECT 1 FROM follow_up f "
        "WHERE f.patient_id = s.patient_id AND f.status = 'dead')",
        severity="error",
        remedy="add the death to the records with its day, or reject the finding; until then it counts in no endpoint",
    ),
    _query(
        "letter_and_record_differ_in_death",
        "SELECT s.row_id, s.patient_id, 'the ' || s.date_precision || ' of death in a letter is ' || CASE "
        "s.date_precision WHEN 'day' THEN abs(date_diff('day', d.date, s.date)) || ' d' "
        "WHEN 'month' THEN abs(date_diff('month', d.date, s.date)) || ' months' "
        "ELSE abs(date_diff('year', d.date, s.date)) || ' years' END || ' from that on record', d.row_id "
        f"FROM {_SAID} s JOIN ({_DEAD}) d USING (patient_id) WHERE s.fact = 'death' AND s.date IS NOT NULL "
        f"AND NOT EXISTS (SELECT 1 FROM ({_DEAD}) e WHERE e.patient_id = s.patient_id "
        "AND date_trunc(s.date_precision, e.date) = date_trunc(s.date_precision, s.date))",
        severity="error",
    ),
    _query(
        "letter_and_record_differ_in_gleason",
        "SELECT s.row_id, s.patient_id, 'Gleason ' || s.value || ' in a letter, ' || coalesce(d.gleason_primary || '+' "
        f"|| d.gleason_secondary, {_SUM_HELD.format('d')}::VARCHAR) || ' on record', d.row_id "
        f"FROM {_SAID} s JOIN diagnoses d USING (patient_id) "
        f"WHERE s.fact = 'gleason' AND {_SUM_HELD.format('d')} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM diagnoses e "
        "WHERE e.patient_id = s.patient_id AND CASE WHEN contains(s.value, '+') AND e.gleason_primary IS NOT NULL "
        "AND e.gleason_secondary IS NOT NULL THEN s.value = e.gleason_primary || '+' || e.gleason_secondary "
        f"ELSE {_SUM_SAID} = {_SUM_HELD.format('e')} END)",
    ),
    _query(
        "letter_and_record_differ_in_t",
        "SELECT s.row_id, s.patient_id, 'T' || s.t || ' in a letter, ' || d.t || ' on record', d.row_id FROM "
        f"(SELECT *, regexp_extract(value, 'T([0-4])', 1) AS t FROM {_SAID} WHERE fact = 'tnm') s "
        "JOIN diagnoses d USING (patient_id) WHERE s.t <> '' AND regexp_matches(d.t, '[0-4]') AND NOT EXISTS ("
        "SELECT 1 FROM diagnoses e WHERE e.patient_id = s.patient_id AND regexp_extract(e.t, '([0-4])', 1) = s.t)",
    ),
    _query(
        "letter_and_record_differ_in_stop_reason",
        f"SELECT s.row_id, s.patient_id, 'stopped for ' || s.reason || ' in a letter, ' || r.reason || ' on record', "
        f"r.row_id FROM (SELECT *, CASE value WHEN 'decision' THEN 'choice' ELSE value END AS reason FROM {_SAID} "
        f"WHERE fact = 'stop_reason' AND NOT historical) s JOIN ({_REASONS}) r USING (patient_id) WHERE r.of_rlt "
        f"AND NOT EXISTS (SELECT 1 FROM ({_REASONS}) e WHERE e.patient_id = s.patient_id AND e.reason = s.reason) "
        "AND NOT EXISTS (SELECT 1 FROM cycles c WHERE c.patient_id = s.patient_id "
        "HAVING s.date < min(c.administered_date))",
    ),
    _query(
        "letter_and_record_differ_in_cycle",
        "SELECT s.row_id, s.patient_id, 'cycle ' || s.value || ' in a letter is ' "
        "|| abs(date_diff('day', c.administered_date, s.date)) || ' d from that on record', c.row_id "
        f"FROM {_SAID} s JOIN cycles c ON c.patient_id = s.patient_id AND c.cycle::VARCHAR = s.value "
        "WHERE s.fact = 'rlt_cycle' AND s.date_precision = 'day' "
        "AND abs(date_diff('day', c.administered_date, s.date)) > 3",
    ),
    _query(
        "letter_tells_a_cycle_without_record",
        "SELECT s.row_id, s.patient_id, 'cycle ' || s.value || ' stands in a letter, and in no record', NULL "
        f"FROM {_SAID} s "
        "WHERE s.fact = 'rlt_cycle' AND EXISTS (SELECT 1 FROM cycles c WHERE c.patient_id = s.patient_id) "
        "AND NOT EXISTS (SELECT 1 FROM cycles c WHERE c.patient_id = s.patient_id AND c.cycle::VARCHAR = s.value)",
        remedy="add the record of the cycle, or reject the finding",
    ),
    _query(
        "letter_and_record_differ_in_activity",
        f"SELECT s.row_id, s.patient_id, round({_MBQ}) || ' MBq in a letter, ' || round(c.administered_mbq) "
        f"|| ' MBq on record of that day', c.row_id FROM {_SAID} s JOIN cycles c ON c.patient_id = s.patient_id "
        "AND c.administered_date = s.date WHERE s.fact = 'activity' AND s.date_precision = 'day' "
        f"AND abs({_MBQ} - c.administered_mbq) > 0.1 * c.administered_mbq",
    ),
    _query(
        "letter_and_record_differ_in_psa",
        "SELECT s.row_id, s.patient_id, 'PSA ' || s.value || ' in a letter, ' || coalesce(l.comparator, '') || l.value "
        f"|| ' ng/mL on record of that day', l.row_id FROM {_SAID} s JOIN labs l ON l.patient_id = s.patient_id "
        "AND l.date = s.date AND l.analyte = 'psa' AND l.value IS NOT NULL WHERE s.fact = 'psa' "
        f"AND s.date_precision = 'day' AND {_NUMBER} IS NOT NULL AND {_PSA_UNITS} AND NOT EXISTS (SELECT 1 FROM labs e "
        "WHERE e.patient_id = s.patient_id AND e.date = s.date AND e.analyte = 'psa' "
        f"AND (abs({_NUMBER} - e.value) <= 0.05 * e.value + 0.01 OR (e.comparator[1] = '<' AND {_NUMBER} <= e.value) "
        f"OR (s.value[1] = '<' AND e.value <= {_NUMBER})))",
    ),
    _query(
        "letter_and_record_differ_in_ecog",
        "SELECT s.row_id, s.patient_id, 'ECOG ' || s.value || ' in a letter, ' || v.value::INT "
        f"|| ' on record of that day', v.row_id FROM (SELECT *, coalesce(date, note_date) AS day FROM {_SAID} "
        "WHERE fact = 'ecog' AND CASE WHEN date IS NULL THEN note_date_precision = 'day' AND NOT historical "
        "ELSE date_precision = 'day' END) s JOIN vitals v ON v.patient_id = s.patient_id AND v.measure = 'ecog' "
        "AND v.date = s.day WHERE NOT EXISTS (SELECT 1 FROM vitals e WHERE e.patient_id = s.patient_id "
        "AND e.measure = 'ecog' AND e.date = s.day "
        "AND e.value BETWEEN try_cast(s.value[1] AS INT) AND try_cast(s.value[-1] AS INT))",
    ),
    _query(
        "letter_denies_a_site_that_a_scan_shows",
        "SELECT f.row_id, f.patient_id, f.value || ' metastases are denied in a letter, and a scan ' "
        "|| date_diff('day', c.date, f.day) || ' d before shows such a lesion', min(l.row_id) "
        f"FROM (SELECT *, coalesce(date, note_date) AS day FROM {_DENIED} WHERE fact = 'metastasis_site' "
        "AND coalesce(date_precision, note_date_precision) = 'day') f "
        "JOIN lesions l ON l.patient_id = f.patient_id AND l.category = 'tumour' "
        "AND l.site = CASE f.value WHEN 'lymph_node' THEN 'node' WHEN 'other' THEN NULL ELSE f.value END "
        "JOIN scans c ON c.scan_id = l.scan_id WHERE c.date BETWEEN f.day - INTERVAL 60 DAY AND f.day GROUP BY ALL",
    ),
    _query(
        "letter_says_and_denies",
        "SELECT s.row_id, s.patient_id, s.fact || ' ' || s.value || ' is stated and denied in one letter', "
        f"min(f.row_id) FROM {_SAID} s JOIN {_DENIED} f ON f.note_id = s.note_id AND f.fact = s.fact "
        "AND f.value = s.value WHERE NOT s.historical AND NOT coalesce(f.date <> s.date, false) "
        "AND s.fact IN ('metastasis_site', 'transfusion', 'toxicity', 'progression', 'fracture') GROUP BY ALL",
        remedy="read the letter, and reject or correct one of the two findings",
    ),
)
"""Every query sees findings as people reviewed them: one that was rejected contradicts nothing."""
