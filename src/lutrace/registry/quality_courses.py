"""The data-quality queries on laboratory values, treatments, diagnoses, body measures, answers and dates."""

from __future__ import annotations

from lutrace.registry.quality_queries import DEATHS, Query

_DATED = {
    "labs": "date",
    "cycles": "administered_date",
    "treatments": "begin_date",
    "medications": "begin_date",
    "diagnoses": "date",
    "vitals": "date",
    "questionnaires": "date",
    "adverse_events": "begin_date",
    "disease_events": "date",
    "contacts": "date",
    "follow_up": "date",
}
_FUTURE = "correct the date at its source: it lies after today"
_SPIKE = 10
_WEIGHTS = """
    SELECT row_id, patient_id, date, value FROM vitals WHERE measure = 'weight_kg'
    UNION ALL SELECT row_id, patient_id, administered_date, weight_kg FROM cycles WHERE weight_kg IS NOT NULL
"""
_LINES = "('taxane', 'arpi', 'parp', 'ra223', 'platinum')"

_LABS = (
    Query(
        "two_values_of_one_draw",
        "warning",
        "labs",
        "say which result is right; endpoints take the highest PSA of a day",
        "SELECT row_id, patient_id, analyte || ' has ' || n || ' different values of one moment' FROM ("
        "SELECT min(row_id) AS row_id, patient_id, analyte, count(DISTINCT value) AS n FROM labs "
        "GROUP BY patient_id, analyte, date, coalesce(time, '')) WHERE n > 1",
    ),
    Query(
        "value_out_of_its_course",
        "warning",
        "labs",
        "check the unit and the decimal sign of this result; correct it with an override, or say that it is right",
        f"SELECT row_id, patient_id, analyte || ' is ' || value || ' ' || canonical_unit || ', ' || before || ' before "
        "and ' || after || ' after' FROM (SELECT *, lag(value) OVER w AS before, lead(value) OVER w AS after, "
        "lag(date) OVER w AS from_date, lead(date) OVER w AS to_date FROM labs WHERE comparator IS NULL "
        "WINDOW w AS (PARTITION BY patient_id, analyte ORDER BY date, time, row_id)) "
        "WHERE before > 0 AND after > 0 AND value > 0 AND date_diff('day', from_date, to_date) <= 180 "
        f"AND (value >= {_SPIKE} * greatest(before, after) OR {_SPIKE} * value <= least(before, after))",
    ),
    Query(
        "value_leaps_at_the_end",
        "warning",
        "labs",
        "check the unit and the decimal sign of this result, the last one; a next one will tell",
        "SELECT row_id, patient_id, analyte || ' is ' || value || ' ' || canonical_unit || ', ' || before || ' before' "
        "FROM (SELECT *, lag(value) OVER w AS before, lag(date) OVER w AS from_date, lead(row_id) OVER w AS following "
        "FROM labs WHERE comparator IS NULL "
        "WINDOW w AS (PARTITION BY patient_id, analyte ORDER BY date, time, row_id)) "
        "WHERE following IS NULL AND before > 0 AND value > 0 AND date_diff('day', from_date, date) <= 120 "
        "AND (value >= 100 * before OR 100 * value <= before)",
    ),
    Query(
        "limits_of_normal_reversed",
        "error",
        "labs",
        "correct the limits at their source: grades rest on them",
        "SELECT row_id, patient_id, analyte || ': the lower limit of normal is not below the upper one' FROM labs "
        "WHERE lln >= uln",
    ),
    Query(
        "mixed_units",
        "note",
        "labs",
        "nothing, if the laboratory changed its unit; else see the results of the rarer unit",
        "SELECT min(row_id), NULL, analyte || ' is reported in ' || count(DISTINCT unit) || ' units: ' "
        "|| string_agg(DISTINCT unit, ', ' ORDER BY unit) FROM labs GROUP BY analyte HAVING count(DISTINCT unit) > 1",
    ),
    Query(
        "no_psa_before_therapy",
        "warning",
        "cycles",
        "add the PSA of the 60 days before the first cycle: without it PSA response cannot be told",
        "SELECT arg_min(c.row_id, c.administered_date), c.patient_id, 'no PSA in the 60 days up to the first cycle' "
        "FROM cycles c WHERE EXISTS (SELECT 1 FROM labs WHERE analyte = 'psa') GROUP BY c.patient_id "
        "HAVING NOT EXISTS (SELECT 1 FROM labs l WHERE l.patient_id = c.patient_id AND l.analyte = 'psa' "
        "AND l.date BETWEEN min(c.administered_date) - INTERVAL 60 DAY AND min(c.administered_date))",
    ),
)

_TREATMENTS = (
    Query(
        "treatment_ends_before_it_begins",
        "error",
        "treatments",
        "correct one of the two dates",
        "SELECT row_id, patient_id, agent || ' ends before it begins' FROM treatments "
        "WHERE end_date < begin_date AND coalesce(end_date_precision, 'day') = 'day'",
    ),
    Query(
        "stop_reason_missing",
        "warning",
        "treatments",
        "record why it ended, in the records or by an override of stop_reason",
        "SELECT row_id, patient_id, agent || ' ended, and no reason is recorded' FROM treatments "
        f"WHERE end_date IS NOT NULL AND stop_reason IS NULL AND agent_class IN {_LINES}",
    ),
    Query(
        "therapy_ended_without_reason",
        "warning",
        "cycles",
        "record in dispositions why no further cycle was given",
        "SELECT row_id, patient_id, 'no cycle since cycle ' || cycle || ' for ' || date_diff('day', last_dose, seen) "
        "|| ' d, and no reason is recorded' FROM (SELECT c.patient_id, max(c.cycle) AS cycle, "
        "max(c.administered_date) AS last_dose, arg_max(c.row_id, c.administered_date) AS row_id, "
        "(SELECT max(l.date) FROM labs l WHERE l.patient_id = c.patient_id) AS seen FROM cycles c "
        "GROUP BY c.patient_id) e WHERE cycle < 6 AND date_diff('day', last_dose, seen) > 112 "
        "AND EXISTS (SELECT 1 FROM dispositions) "
        "AND NOT EXISTS (SELECT 1 FROM dispositions d WHERE d.patient_id = e.patient_id)",
    ),
    Query(
        "overlapping_lines",
        "warning",
        "treatments",
        "correct the end of the one or the begin of the other, or say that both were given",
        "SELECT o.row_id, o.patient_id, o.agent || ' begins ' || date_diff('day', o.begin_date, t.end_date) "
        "|| ' d before ' || t.agent || ' of the same class ends' "
        "FROM treatments t JOIN treatments o USING (patient_id) "
        "WHERE t.agent_class = o.agent_class AND t.agent <> o.agent "
        f"AND t.agent_class IN {_LINES} AND t.begin_date < o.begin_date "
        "AND o.begin_date_precision = 'day' AND t.end_date_precision = 'day' "
        "AND date_diff('day', o.begin_date, t.end_date) > 14",
    ),
    Query(
        "next_line_before_the_last_dose",
        "warning",
        "treatments",
        "correct its begin or the date of the cycles, or say that both were given",
        "SELECT row_id, patient_id, agent || ' begins ' || date_diff('day', begin_date, last_dose) "
        "|| ' d before the last cycle' FROM treatments t "
        "JOIN (SELECT patient_id, min(administered_date) AS first_dose, "
        "max(administered_date) AS last_dose FROM cycles GROUP BY patient_id) USING (patient_id) "
        "WHERE agent_class IN ('taxane', 'parp', 'ra223', 'platinum') AND begin_date_precision = 'day' "
        "AND begin_date > first_dose AND begin_date < last_dose",
    ),
    Query(
        "treatment_without_begin_beside_one_with",
        "note",
        "treatments",
        "give the begin of the undated one, or reject it where it is the other",
        "SELECT row_id, patient_id, agent || ' stands once with and once without its begin' FROM treatments t "
        "WHERE begin_date IS NULL AND EXISTS (SELECT 1 FROM treatments o WHERE o.patient_id = t.patient_id "
        "AND o.agent = t.agent AND o.begin_date IS NOT NULL)",
    ),
    Query(
        "treatment_after_death",
        "error",
        "treatments",
        "correct the date of death or of the treatment",
        f"SELECT t.row_id, t.patient_id, t.agent || ' begins ' || date_diff('day', d.last, t.begin_date) "
        f"|| ' d after death' FROM treatments t JOIN ({DEATHS}) d USING (patient_id) WHERE t.begin_date > d.last",
    ),
    Query(
        "castration_not_recorded",
        "warning",
        "cycles",
        "add the androgen deprivation, the orchiectomy or a testosterone: castration is a condition of the label",
        "SELECT arg_min(c.row_id, c.administered_date), c.patient_id, "
        "'neither androgen deprivation nor orchiectomy nor a testosterone is on record' FROM cycles c "
        "WHERE EXISTS (SELECT 1 FROM medications WHERE kind = 'adt') "
        "AND NOT EXISTS (SELECT 1 FROM medications m WHERE m.patient_id = c.patient_id AND m.kind = 'adt') "
        "AND NOT EXISTS (SELECT 1 FROM labs l WHERE l.patient_id = c.patient_id AND l.analyte = 'testosterone') "
        "AND NOT EXISTS (SELECT 1 FROM treatments t WHERE t.patient_id = c.patient_id AND t.agent = 'orchiectomy') "
        "GROUP BY c.patient_id",
    ),
)

_OTHERS = (
    Query(
        "gleason_patterns_and_sum_differ",
        "error",
        "diagnoses",
        "correct the patterns or the sum",
        "SELECT row_id, patient_id, gleason_primary || '+' || gleason_secondary || ' is not ' || gleason_sum "
        "FROM diagnoses WHERE gleason_primary + gleason_secondary <> gleason_sum",
    ),
    Query(
        "milestones_out_of_order",
        "warning",
        "diagnoses",
        "correct one of the dates",
        "SELECT l.row_id, l.patient_id, l.milestone || ' is dated before the initial diagnosis' FROM diagnoses l "
        "JOIN (SELECT patient_id, min(date) AS date FROM diagnoses WHERE milestone = 'initial' GROUP BY patient_id) i "
        "USING (patient_id) WHERE l.milestone <> 'initial' "
        "AND CASE l.date_precision WHEN 'month' THEN last_day(l.date) "
        "WHEN 'year' THEN make_date(year(l.date), 12, 31) ELSE l.date END < i.date",
    ),
    Query(
        "dates_of_a_diagnosis_differ",
        "warning",
        "diagnoses",
        "find out which source is right, and correct the other",
        "SELECT min(row_id), patient_id, milestone || ' is dated ' || date_diff('day', min(first), max(first)) "
        "|| ' d apart by ' || count(*) || ' sources' FROM (SELECT min(d.row_id) AS row_id, d.patient_id, d.milestone, "
        'coalesce(s."name", s.kind) AS source, min(d.date) AS first FROM diagnoses d JOIN sources s USING (source_id) '
        "WHERE d.method IN ('code', 'registry', 'physician') AND d.date_precision = 'day' GROUP BY ALL) "
        "GROUP BY patient_id, milestone HAVING count(*) > 1 AND date_diff('day', min(first), max(first)) > 31",
    ),
    Query(
        "weight_leaps",
        "warning",
        "vitals",
        "check both weights: SUV rests on them",
        "SELECT row_id, patient_id, 'the weight goes from ' || before || ' to ' || value || ' kg in ' "
        "|| date_diff('day', from_date, date) || ' d' FROM (SELECT *, lag(value) OVER w AS before, "
        f"lag(date) OVER w AS from_date FROM ({_WEIGHTS}) WINDOW w AS (PARTITION BY patient_id ORDER BY date, row_id)) "
        "WHERE date_diff('day', from_date, date) <= 60 AND abs(value - before) > 0.15 * before",
    ),
    Query(
        "measure_implausible",
        "error",
        "vitals",
        "correct the value or its unit at its source",
        "SELECT row_id, patient_id, measure || ' is ' || value FROM vitals WHERE NOT CASE measure "
        "WHEN 'ecog' THEN value IN (0, 1, 2, 3, 4, 5) WHEN 'height_cm' THEN value BETWEEN 120 AND 220 "
        "WHEN 'weight_kg' THEN value BETWEEN 30 AND 250 WHEN 'bmi_kg_m2' THEN value BETWEEN 12 AND 70 ELSE true END",
    ),
    Query(
        "answer_out_of_range",
        "error",
        "questionnaires",
        "correct the answer, or the code by which the source says that there is none",
        "SELECT row_id, patient_id, instrument || ' ' || item || ' is ' || answer || ', which is no answer of it' "
        "FROM questionnaires q WHERE (instrument, item) IN (SELECT (instrument, item) FROM known_items) "
        "AND NOT EXISTS (SELECT 1 FROM known_items k WHERE k.instrument = q.instrument AND k.item = q.item "
        "AND q.answer BETWEEN k.low AND k.high)",
    ),
    Query(
        "unknown_item",
        "error",
        "questionnaires",
        "name the item by its id (see `lutrace score --help`)",
        "SELECT min(row_id), NULL, instrument || ' has no item ' || item || ': ' || count(*) || ' answers' "
        "FROM questionnaires q WHERE instrument IN (SELECT instrument FROM known_items) AND NOT EXISTS (SELECT 1 "
        "FROM known_items k WHERE k.instrument = q.instrument AND k.item = q.item) GROUP BY instrument, item",
    ),
    *(
        Query(
            "date_in_the_future",
            "error",
            table,
            _FUTURE,
            f"SELECT row_id, patient_id, '{column} lies after today' FROM {table} WHERE {column} > current_date",
        )
        for table, column in _DATED.items()
    ),
)

COURSE_QUERIES: tuple[Query, ...] = (*_LABS, *_TREATMENTS, *_OTHERS)
