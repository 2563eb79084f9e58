"""The data-quality queries on cycles, scans, what was measured, and deaths."""

from __future__ import annotations

from dataclasses import dataclass

from lutrace.tables import MEASURE_VERSION


@dataclass(frozen=True)
class Query:
    """A query on the rows that count: it gives row_id, patient_id and a text for each finding."""

    check: str
    severity: str
    table: str
    remedy: str
    sql: str


DEATHS = """
    SELECT patient_id, min(date) AS first, max(date) AS last, count(DISTINCT date) AS n, min(row_id) AS row_id
    FROM follow_up WHERE status = 'dead' AND date_precision = 'day' GROUP BY patient_id
"""
"""SQL of the deaths known to the day: `patient_id first last n row_id`."""

QUERIES: tuple[Query, ...] = (
    Query(
        "cycle_without_activity",
        "error",
        "cycles",
        "give administered_mbq of this cycle, or correct it with an override: SUV takes no default",
        "SELECT row_id, patient_id, 'cycle ' || cycle || ' has a scan and no activity' FROM cycles c "
        "WHERE administered_mbq IS NULL AND EXISTS (SELECT 1 FROM scans s "
        "WHERE s.patient_id = c.patient_id AND s.cycle = c.cycle)",
    ),
    Query(
        "cycle_without_weight",
        "warning",
        "cycles",
        "give weight_kg of this day; without it SUV needs the weight in the image header",
        "SELECT row_id, patient_id, 'cycle ' || cycle || ' has a scan and no weight' FROM cycles c "
        "WHERE weight_kg IS NULL AND EXISTS (SELECT 1 FROM scans s "
        "WHERE s.patient_id = c.patient_id AND s.cycle = c.cycle)",
    ),
    Query(
        "cycles_out_of_order",
        "error",
        "cycles",
        "correct the number or the date of one of the cycles",
        "SELECT row_id, patient_id, 'cycle ' || cycle || ' is not after cycle ' || earlier FROM ("
        "SELECT row_id, patient_id, cycle, administered_date, "
        "lag(cycle) OVER w AS earlier, lag(administered_date) OVER w AS earlier_date FROM cycles "
        "WINDOW w AS (PARTITION BY patient_id ORDER BY cycle)) WHERE administered_date <= earlier_date",
    ),
    Query(
        "cycle_number_missing",
        "warning",
        "cycles",
        "add the missing cycle, or say with an override that the numbers are right",
        "SELECT row_id, patient_id, 'cycle ' || cycle || ' follows cycle ' || coalesce(earlier, 0) FROM ("
        "SELECT row_id, patient_id, cycle, lag(cycle) OVER (PARTITION BY patient_id ORDER BY cycle) AS earlier "
        "FROM cycles) WHERE cycle <> coalesce(earlier, 0) + 1",
    ),
    Query(
        "same_day_cycles",
        "error",
        "cycles",
        "remove the cycle that was recorded twice at its source",
        "SELECT row_id, patient_id, 'cycle ' || cycle || ' is on the day of another cycle' FROM ("
        "SELECT *, count(*) OVER (PARTITION BY patient_id, administered_date) AS n FROM cycles) WHERE n > 1",
    ),
    Query(
        "scan_without_cycle",
        "warning",
        "scans",
        "add the record of the cycle, or correct its date: the scan cannot be placed in the course",
        "SELECT row_id, patient_id, 'a post-therapy scan follows no cycle within 10 days' FROM scans "
        "WHERE purpose = 'rlt_spect' AND cycle IS NULL",
    ),
    Query(
        "scan_without_record",
        "error",
        "scans",
        "add the patient's records, or name the system of DICOM's PatientID in the site profile",
        "SELECT min(row_id), patient_id, count(*) || ' series of a patient without record' FROM scans s "
        "WHERE NOT EXISTS (SELECT 1 FROM patients p WHERE p.patient_id = s.patient_id) GROUP BY patient_id",
    ),
    Query(
        "scan_refused",
        "warning",
        "scans",
        "see the reason; correct the series at its source and add it again",
        "SELECT row_id, patient_id, reason FROM scans WHERE status = 'refused'",
    ),
    Query(
        "scan_not_measured",
        "warning",
        "scans",
        "nothing, if the scan shows another tracer; else correct the tracer in its header, or see the site profile",
        'SELECT row_id, patient_id, regexp_extract(notes, \'"(not measured: [^"]*)"\', 1) FROM scans '
        "WHERE purpose = 'other' AND notes LIKE '%\"not measured: %'",
    ),
    Query(
        "quantification_refused",
        "error",
        "quantifications",
        "give the fact that the reason names, then run `lutrace measure` again",
        "SELECT row_id, patient_id, reason FROM quantifications WHERE status = 'refused'",
    ),
    Query(
        "quantification_warned",
        "warning",
        "quantifications",
        "read the warnings of this row; correct the header's or the record's value with an override",
        "SELECT row_id, patient_id, warnings FROM quantifications WHERE status = 'ok' AND warnings <> '[]'",
    ),
    Query(
        "measured_by_an_older_version",
        "warning",
        "quantifications",
        "run `lutrace measure` again: numbers may differ, the changelog says which",
        "SELECT min(row_id), NULL, count(*) || ' scans were measured by version ' "
        f"|| coalesce(measure_version::VARCHAR, '4 or earlier') || ' of measuring, this is {MEASURE_VERSION}' "
        f"FROM quantifications WHERE coalesce(measure_version, 0) < {MEASURE_VERSION} GROUP BY measure_version",
    ),
    Query(
        "activity_budget_above_dose",
        "error",
        "quantifications",
        "check the dose, its unit and the calibration: more activity is seen than was given",
        "SELECT row_id, patient_id, 'activity in the field of view is ' || round(activity_budget_pct, 1) "
        "|| ' % of the dose' FROM quantifications WHERE activity_budget_pct > 100",
    ),
    Query(
        "contradicting_deaths",
        "error",
        "follow_up",
        "find out which date of death is right and correct the other",
        f"SELECT row_id, patient_id, n || ' days of death, ' || date_diff('day', first, last) || ' d apart' "
        f"FROM ({DEATHS}) WHERE n > 1",
    ),
    Query(
        "contact_after_death",
        "error",
        "contacts",
        "correct the date of death or of the contact",
        f"SELECT c.row_id, c.patient_id, 'contact ' || date_diff('day', d.last, c.date) || ' d after death' "
        f"FROM contacts c JOIN ({DEATHS}) d USING (patient_id) WHERE c.date > d.last",
    ),
    Query(
        "alive_after_death",
        "error",
        "follow_up",
        "correct the date of death or the statement that the patient lived",
        f"SELECT f.row_id, f.patient_id, 'alive ' || date_diff('day', d.last, f.date) || ' d after death' "
        f"FROM follow_up f JOIN ({DEATHS}) d USING (patient_id) WHERE f.status = 'alive' AND f.date > d.last",
    ),
    Query(
        "lab_after_death",
        "error",
        "labs",
        "correct the date of death or of the sample",
        f"SELECT l.row_id, l.patient_id, l.analyte || ' drawn ' || date_diff('day', d.last, l.date) "
        "|| ' d after death' "
        f"FROM labs l JOIN ({DEATHS}) d USING (patient_id) WHERE l.date > d.last",
    ),
    Query(
        "cycle_after_death",
        "error",
        "cycles",
        "correct the date of death or of the cycle",
        f"SELECT c.row_id, c.patient_id, 'cycle ' || c.cycle || ' is after death' "
        f"FROM cycles c JOIN ({DEATHS}) d USING (patient_id) WHERE c.administered_date > d.last",
    ),
    Query(
        "cycles_too_near",
        "warning",
        "cycles",
        "check the dates of both cycles: the same radioligand is given again after weeks, not days",
        "SELECT row_id, patient_id, 'cycle ' || cycle || ' is ' || date_diff('day', before, administered_date) "
        "|| ' d after cycle ' || earlier || ' of the same radioligand' FROM (SELECT *, lag(cycle) OVER w AS earlier, "
        "lag(administered_date) OVER w AS before FROM cycles "
        "WINDOW w AS (PARTITION BY patient_id, agent ORDER BY administered_date, cycle)) "
        "WHERE date_diff('day', before, administered_date) BETWEEN 1 AND 20",
    ),
    Query(
        "cycles_far_apart",
        "note",
        "cycles",
        "check whether a cycle between them is missing, or whether the therapy was taken up again",
        "SELECT row_id, patient_id, 'cycle ' || cycle || ' is ' || date_diff('day', before, administered_date) "
        "|| ' d after the cycle before' FROM (SELECT *, lag(administered_date) OVER (PARTITION BY patient_id "
        "ORDER BY administered_date, cycle) AS before FROM cycles) "
        "WHERE date_diff('day', before, administered_date) > 112",
    ),
    Query(
        "activity_implausible",
        "warning",
        "cycles",
        "check the activity and its unit (GBq, MBq, mCi); correct it with an override",
        "SELECT row_id, patient_id, 'cycle ' || cycle || ' has ' || administered_mbq || ' MBq of ' || agent "
        "FROM cycles WHERE (starts_with(agent, 'lu177') AND administered_mbq NOT BETWEEN 1000 AND 12000) "
        "OR (starts_with(agent, 'ac225') AND administered_mbq NOT BETWEEN 1 AND 20)",
    ),
    Query(
        "residual_above_activity",
        "error",
        "cycles",
        "correct the residual or the activity, or the unit of one of them",
        "SELECT row_id, patient_id, 'cycle ' || cycle || ': the residual is not below the activity' FROM cycles "
        "WHERE residual_mbq >= administered_mbq",
    ),
    Query(
        "patient_without_cycle",
        "note",
        "patients",
        "nothing, if the patient is a comparator; else add the record of the cycles",
        "SELECT row_id, patient_id, 'no cycle of radioligand therapy' FROM patients p "
        "WHERE EXISTS (SELECT 1 FROM cycles) AND NOT EXISTS (SELECT 1 FROM cycles c WHERE c.patient_id = p.patient_id)",
    ),
    Query(
        "cycle_without_patient",
        "error",
        "cycles",
        "add the patient's record, or link the identifiers (`lutrace add table identifiers.csv`)",
        "SELECT min(row_id), patient_id, count(*) || ' cycles of somebody of whom there is no patient record' "
        "FROM cycles c WHERE EXISTS (SELECT 1 FROM patients) "
        "AND NOT EXISTS (SELECT 1 FROM patients p WHERE p.patient_id = c.patient_id) GROUP BY patient_id",
    ),
    Query(
        "no_follow_up_since",
        "warning",
        "cycles",
        "add later records, or the vital status: nothing is known of the patient after this cycle",
        "SELECT c.row_id, c.patient_id, 'nothing is known after cycle ' || c.cycle FROM cycles c "
        "WHERE NOT EXISTS (SELECT 1 FROM cycles l WHERE l.patient_id = c.patient_id "
        "AND l.administered_date > c.administered_date) "
        "AND NOT EXISTS (SELECT 1 FROM labs l WHERE l.patient_id = c.patient_id AND l.date > c.administered_date) "
        "AND NOT EXISTS (SELECT 1 FROM contacts k WHERE k.patient_id = c.patient_id AND k.date > c.administered_date) "
        "AND NOT EXISTS (SELECT 1 FROM follow_up f WHERE f.patient_id = c.patient_id "
        "AND (f.date > c.administered_date OR f.status = 'dead'))",
    ),
    Query(
        "birth_year_implausible",
        "error",
        "patients",
        "correct the year of birth at its source",
        "SELECT p.row_id, p.patient_id, 'aged ' || (c.first - p.birth_year) || ' in the year of the first cycle' "
        "FROM patients p JOIN (SELECT patient_id, year(min(administered_date)) AS first FROM cycles "
        "GROUP BY patient_id) c "
        "USING (patient_id) WHERE c.first - p.birth_year NOT BETWEEN 30 AND 105 "
        "UNION ALL SELECT row_id, patient_id, 'aged ' || (year(current_date) - birth_year) || ' this year' "
        "FROM patients p WHERE year(current_date) - birth_year NOT BETWEEN 30 AND 130 "
        "AND NOT EXISTS (SELECT 1 FROM cycles c WHERE c.patient_id = p.patient_id)",
    ),
    Query(
        "source_without_rows",
        "warning",
        "sources",
        "check the file: nothing was read from it",
        "SELECT source_id, NULL, 'a source of kind ' || kind || ' gave no row' FROM sources "
        "WHERE rows = 0 AND kind IN ('fhir', 'omop', 'redcap', 'table')",
    ),
    Query(
        "fatal_adverse_event_without_death",
        "error",
        "adverse_events",
        "add the death to the records, or correct the grade",
        "SELECT row_id, patient_id, term || ' of grade 5, and no record of a death' FROM adverse_events a "
        "WHERE grade = 5 AND NOT EXISTS (SELECT 1 FROM follow_up f WHERE f.patient_id = a.patient_id "
        "AND f.status = 'dead')",
    ),
)
