"""A mapping proposed from a dictionary: what is sure reads the data at once, what is not is open."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from tests.ehr.redcap_projects import dictionary, export, read, write_project

from lutrace.core import ProtocolError, UnusableInputError, parse_document
from lutrace.ehr import RedcapMapping, count_open, propose_redcap_mapping
from lutrace.ehr.redcap_project import Project
from lutrace.ingest import RedcapSource, ServerAccess, run_propose_redcap

DATA = """
record_id|redcap_repeat_instrument|redcap_repeat_instance|born|sex|person_complete|drawn|psa|hb|blood_complete|cycle_no|cycle_day|cycle_gbq|agent|cycle_complete
7|||1950-03-04|1|2|||||||||
7|blood|1||||2023-01-10|12,5|13.1|2|||||
7|cycle|1|||||||| 1|2023-01-12|7.4|617|2
7|cycle|2|||||||| 2|2023-02-23|7.3|it|2
"""


def proposed(data: str | None = DATA) -> str:
    exports = () if data is None else (export(data),)
    return propose_redcap_mapping(Project(dictionary(), exports, ("-99",)))


def settled(text: str) -> str:
    """The proposal after a person has read it: two dates whose headings say too little, and what names patients."""
    text = text.replace("patient_id: mrn", "patient_id: record_id")
    text = text.replace('administered_date: "?"', "administered_date: cycle_day")
    return text.replace('date: "?"', "date: visit_day")


def test_what_a_person_has_settled_reads_the_project() -> None:
    text = proposed()
    assert count_open(text) == 2
    batch = read(DATA, settled(text))
    assert batch.faults == ()
    assert [(row["birth_year"], row["sex"]) for row in batch.rows["patients"]] == [(1950, "male")]
    assert [(row["analyte"], row["value"]) for row in batch.rows["labs"]] == [("psa", 12.5), ("haemoglobin", 13.1)]
    assert [(r["cycle"], r["administered_date"], r["administered_mbq"], r["agent"]) for r in batch.rows["cycles"]] == [
        (1, dt.date(2023, 1, 12), 7400.0, "lu177_psma_617"),
        (2, dt.date(2023, 2, 23), 7300.0, "lu177_psma_it"),
    ]


def test_a_dictionary_alone_gives_a_proposal() -> None:
    text = proposed(None)
    rules = parse_document(settled(text), "map.yaml", RedcapMapping).rules
    assert [(rule.table, rule.sheet) for rule in rules] == [
        ("patients", "person"),
        ("vitals", "visit"),
        ("labs", "blood"),
        ("cycles", "cycle"),
    ]
    assert 'missing: ["-99"]' in text


def test_a_choice_whose_label_means_no_radioligand_is_left_open_and_the_mapping_refused() -> None:
    fields = [
        ("record_id", "cycle", "text", "Record ID"),
        ("cycle_no", "cycle", "text", "Cycle", "", "integer"),
        ("cycle_day", "cycle", "text", "Given on", "", "date_ymd"),
        ("cycle_gbq", "cycle", "text", "Activity (GBq)", "", "number"),
        ("agent", "cycle", "dropdown", "Agent", "1, 177Lu-PSMA-617 | 2, study drug"),
    ]
    text = propose_redcap_mapping(Project(dictionary(fields), ()))
    assert count_open(text) > 0
    with pytest.raises(ProtocolError, match=r"map.yaml, line \d+, rules.0.*open"):
        parse_document(text, "map.yaml", RedcapMapping)


def test_fields_of_free_text_are_offered_as_letters_and_others_told() -> None:
    text = proposed()
    assert "#  - {text: letter, language: de}  # Letter" in text
    assert 'sites____99: "not known here: Metastases: not known"' in text


def test_the_proposal_names_no_value_of_a_patient(tmp_path: Path) -> None:
    folder = write_project(tmp_path / "project", DATA)
    out = tmp_path / "map.yaml"
    run_propose_redcap(RedcapSource((str(folder),)), out)
    text = out.read_text(encoding="utf-8")
    assert not any(value in text for value in ("1950", "12.5", "2023-01-10", "13.1"))


def test_a_token_file_without_an_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableInputError, match="--token-file and --access go with the address"):
        run_propose_redcap(
            RedcapSource((str(tmp_path),), ServerAccess(token_file=tmp_path / "token")), tmp_path / "map.yaml"
        )


def test_a_dictionary_in_which_nothing_is_known_gives_no_proposal() -> None:
    with pytest.raises(UnusableInputError, match="no field is known here; write the mapping by hand"):
        propose_redcap_mapping(Project(dictionary([("record_id", "a", "text", "ID"), ("x", "a", "text", "X")]), ()))
