"""A REDCap project by a centre's mapping, up to the rows of fact tables."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from tests.ehr.redcap_projects import read, write_project

from lutrace.core import ProtocolError
from lutrace.ingest import RedcapSource, run_add_redcap, run_init
from lutrace.registry import Registry
from lutrace.tables import LABS, PATIENTS, QUARANTINE

LABS_RULE = """
patient_id: mrn
rules:
  - table: labs
    columns: {date: drawn}
    each:
      - columns: {analyte: {constant: psa}, value: psa, unit: {constant: ng/mL}}
      - columns: {analyte: {constant: haemoglobin}, value: hb, unit: {constant: g/dL}}
"""
BLOOD = """
record_id|redcap_event_name|redcap_repeat_instrument|redcap_repeat_instance|mrn|person_complete|drawn|psa|hb|blood_complete
7|start_arm_1|||H-1|2||||
7|start_arm_1|blood|1|||2023-01-10|12,5|13.1|2
7|start_arm_1|blood|2|||2023-02-01|0,04||2
"""
VISITS = """
patient_id: record_id
rules:
  - table: vitals
    columns: {date: visit_day, measure: {constant: weight_kg}, value: {column: weight, unit: kg}}
  - table: cycles
    columns:
      cycle: cycle_no
      administered_date: visit_day
      administered_mbq: {column: cycle_gbq, unit: GBq}
      agent: {column: agent, values: {617: lu177_psma_617, it: lu177_psma_it}}
    sheet: cycle
"""


def test_results_of_a_repeating_form_have_place_patient_and_unit() -> None:
    batch = read(BLOOD, LABS_RULE)
    assert [
        (r["patient_id"], r["date"], r["analyte"], r["value"], r["source_locator"]) for r in batch.rows["labs"]
    ] == [
        ("H-1", dt.date(2023, 1, 10), "psa", 12.5, "row 3, psa"),
        ("H-1", dt.date(2023, 1, 10), "haemoglobin", 13.1, "row 3, hb"),
        ("H-1", dt.date(2023, 2, 1), "psa", 0.04, "row 4, psa"),
    ]
    assert batch.faults == ()
    assert batch.unread == {}


def test_a_column_of_another_form_is_taken_from_the_same_event() -> None:
    batch = read(
        "record_id|redcap_event_name|redcap_repeat_instrument|redcap_repeat_instance|visit_day|visit_complete|"
        "cycle_no|cycle_gbq|agent|cycle_complete\n"
        "7|one_arm_1|||2023-01-12|2||||\n7|one_arm_1|cycle|1|||1|7.4|617|2\n"
        "7|two_arm_1|||2023-02-23|2||||\n7|two_arm_1|cycle|1|||2|7.39|it|2",
        VISITS,
    )
    assert [(r["cycle"], r["administered_date"], r["administered_mbq"], r["agent"]) for r in batch.rows["cycles"]] == [
        (1, dt.date(2023, 1, 12), 7400.0, "lu177_psma_617"),
        (2, dt.date(2023, 2, 23), 7390.0, "lu177_psma_it"),
    ]


def test_a_column_of_another_event_is_refused_where_the_record_has_several_values() -> None:
    batch = read(
        "record_id|redcap_event_name|visit_day|weight|visit_complete|cycle_no|cycle_gbq|agent|cycle_complete\n"
        "7|one_arm_1|2023-01-12|80|2||||\n7|two_arm_1|2023-02-23|79|2||||\n7|three_arm_1||||1|7.4|617|2",
        VISITS,
    )
    assert "cycles" not in batch.rows
    (fault,) = batch.faults
    assert (fault.table, fault.locator) == ("cycles", "row 4")
    assert fault.rule.startswith("visit_day has several values in this record")


def test_planned_days_of_events_stand_for_dates_where_the_centre_says_so() -> None:
    mapping = """
patient_id: record_id
event_days: {since: cycle_day, days: {week_6_arm_1: 42}}
rules:
  - table: vitals
    columns: {date: redcap_event_date, measure: {constant: weight_kg}, value: {column: weight, unit: kg}}
    where: {redcap_event_name: week_6_arm_1}
"""
    batch = read(
        "record_id|redcap_event_name|weight|visit_complete|cycle_day|cycle_complete\n"
        "7|start_arm_1|81|2|2023-01-12|2\n7|week_6_arm_1|80|2||",
        mapping,
    )
    assert [(row["date"], row["value"]) for row in batch.rows["vitals"]] == [(dt.date(2023, 2, 23), 80.0)]


def test_a_code_that_the_mapping_does_not_list_is_a_fault_with_its_row() -> None:
    batch = read(
        "record_id|cycle_no|cycle_gbq|agent|cycle_complete|visit_day\n7|1|7.4|ac|2|2023-01-12",
        VISITS.split("  - table: vitals")[0] + "  - table: cycles" + VISITS.split("  - table: cycles")[1],
    )
    (fault,) = batch.faults
    assert (fault.locator, fault.column) == ("row 2", "agent")
    assert "7" not in fault.rule


def test_codes_of_the_project_for_missing_values_are_no_values() -> None:
    batch = read(BLOOD.replace("12,5", "UNK").replace("13.1", "-99"), LABS_RULE + "missing: [-99]\n", missing=("UNK",))
    assert [row["value"] for row in batch.rows["labs"]] == [0.04]
    assert batch.faults == ()


def test_identity_fields_go_to_the_identity_and_nowhere_else() -> None:
    batch = read(
        "record_id|mrn|born|sex|person_complete\n7|H-1|1950-03-04|1|2",
        "patient_id: mrn\nrules:\n  - table: patients\n    columns:\n      birth_date: born\n"
        "      sex: {column: sex, values: {1: male, 2: female}}\n",
    )
    assert batch.identities[0].identifiers == (("", "H-1"),)
    assert batch.identities[0].birth_date == "1950-03-04"
    (row,) = batch.rows["patients"]
    assert row["birth_year"] == 1950
    assert "1950-03-04" not in str(row)


def test_a_text_field_may_be_a_letter() -> None:
    batch = read(
        "record_id|mrn|person_complete|visit_day|visit_complete|letter|closing_complete\n"
        "7|H-1|2|2023-05-17|2|Kein Anhalt für Progress.|2",
        LABS_RULE + "letters:\n  - {text: letter, date: visit_day, language: de, kind: discharge}\n",
    )
    (letter,) = batch.letters
    assert (letter.patient_id, letter.date, letter.language, letter.kind) == ("H-1", "2023-05-17", "de", "discharge")
    assert (letter.text, letter.source_locator) == ("Kein Anhalt für Progress.", "row 2, letter")


def test_a_letter_belongs_to_the_patient_as_the_mapping_writes_the_number() -> None:
    data = "record_id|mrn|person_complete|letter|closing_complete\n7|12|2|Progress.|2\n8|||Stable.|2"
    mapping = LABS_RULE.replace("patient_id: mrn", "patient_id: {column: mrn, pad_zeros_to: 6}")
    batch = read(data, mapping + "letters:\n  - {text: letter}\n")
    assert [(letter.patient_id, letter.text) for letter in batch.letters] == [("000012", "Progress.")]
    assert [(fault.table, fault.locator, fault.rule) for fault in batch.faults] == [
        ("text_findings", "row 3", "patient_id is empty")
    ]


def test_fields_that_no_rule_reads_are_counted_by_name() -> None:
    batch = read("record_id|weight|visit_day|pain|visit_complete\n7|80|2023-01-01|1|2", VISITS)
    assert batch.unread == {"field pain of form visit": 1}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "value: {column: wieght, unit: kg}",
            r"map.yaml: the project has no column a text like 'aaaaaa'; did you mean weight\?",
        ),
        ("value: {column: mrn}", r"map.yaml: rules 1, value: mrn is flagged as an identifier"),
        ("value: {column: scan}", r"map.yaml: .*scan: an export holds no value of a file"),
    ],
)
def test_a_mapping_that_does_not_fit_the_dictionary_names_rule_and_column(line: str, words: str) -> None:
    mapping = (
        "patient_id: record_id\nrules:\n  - table: vitals\n    sheet: visit\n    columns:\n"
        f"      date: visit_day\n      measure: {{constant: weight_kg}}\n      {line}\n"
    )
    with pytest.raises(ProtocolError, match=words):
        read("record_id|weight\n7|80", mapping)


def test_a_rule_for_an_unknown_form_is_refused() -> None:
    with pytest.raises(ProtocolError, match=r"rules 2: no form is called cycles; did you mean cycle\?"):
        read("record_id|weight\n7|80", VISITS.replace("sheet: cycle", "sheet: cycles"))


def test_a_corrected_value_replaces_the_row_and_reading_again_changes_nothing(tmp_path: Path) -> None:
    run_init(tmp_path / "registry")
    mapping = tmp_path / "map.yaml"
    mapping.write_text(LABS_RULE, encoding="utf-8")
    counts = []
    for text in (BLOOD, BLOOD, BLOOD.replace("0,04", "0,05"), BLOOD.replace("0,04", "0,05")):
        folder = write_project(tmp_path / "project", text)
        done = run_add_redcap(tmp_path / "registry", RedcapSource((str(folder),)), mapping=mapping)
        counts.append((done.added, done.updated, done.unchanged, done.quarantined))
    assert counts == [(3, 0, 0, 0), (0, 0, 3, 0), (0, 1, 2, 0), (0, 0, 3, 0)]
    with Registry.open(tmp_path / "registry", write=False) as registry:
        assert sorted(row["value"] for row in registry.rows(LABS)) == [0.05, 12.5, 13.1]
        assert registry.rows(QUARANTINE) == []
        assert not any("H-1" in str(row) for table in (LABS, PATIENTS) for row in registry.rows(table))


def test_entries_that_no_rule_takes_are_counted() -> None:
    mapping = LABS_RULE.rstrip() + "\n    where: {drawn: [2023-01-10]}\n"
    batch = read(BLOOD, mapping)
    assert [row["value"] for row in batch.rows["labs"]] == [12.5, 13.1]
    assert batch.unread == {"entries of form blood that no rule of the mapping takes": 1}


def test_a_column_that_the_mapping_reads_and_no_export_has_is_told() -> None:
    without = "\n".join("|".join(cell for place, cell in enumerate(line.split("|")) if place != 7)
                        for line in BLOOD.strip().splitlines())  # fmt: skip
    batch = read(without, LABS_RULE)
    assert [row["analyte"] for row in batch.rows["labs"]] == ["haemoglobin"]
    assert batch.notes == ("psa: the mapping reads it, and no export has it; nothing was read of it",)


def test_a_form_whose_label_was_changed_is_named_by_the_mapping() -> None:
    renamed = BLOOD.replace("|blood|", "|Blutbild, neu|")
    assert [fault.locator for fault in read(renamed, LABS_RULE).faults] == ["row 3", "row 4"]
    batch = read(renamed, LABS_RULE + "forms: {'Blutbild, neu': blood}\n")
    assert [row["value"] for row in batch.rows["labs"]] == [12.5, 13.1, 0.04]


def test_instance_and_access_group_can_be_facts_and_who_answered_a_survey_cannot() -> None:
    data = "record_id|redcap_repeat_instrument|redcap_repeat_instance|redcap_data_access_group|cycle_day|agent|"
    data += "cycle_complete|sex|person_complete\n7|||berlin||||1|2\n7|cycle|3|berlin|2023-01-12|617|2||"
    mapping = """
patient_id: record_id
rules:
  - table: patients
    sheet: person
    columns: {site: redcap_data_access_group}
  - table: cycles
    columns:
      cycle: redcap_repeat_instance
      administered_date: cycle_day
      agent: {column: agent, values: {617: lu177_psma_617}}
"""
    batch = read(data, mapping)
    assert [row["site"] for row in batch.rows["patients"]] == ["berlin"]
    assert [row["cycle"] for row in batch.rows["cycles"]] == [3]
    with pytest.raises(ProtocolError, match="redcap_survey_identifier is flagged as an identifier"):
        read(data, mapping.replace("redcap_data_access_group", "redcap_survey_identifier"))
