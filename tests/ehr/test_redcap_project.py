"""Exports of REDCap in all their spellings, as forms that somebody filled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from tests.ehr.redcap_projects import FIELDS, dictionary, export, write_project

from lutrace.core import UnusableInputError
from lutrace.ehr.redcap_forms import Entry, find_entries
from lutrace.ehr.redcap_project import ExportedRows, read_project

COLUMNS = {
    "record_id": "Record ID",
    "redcap_event_name": "Event Name",
    "redcap_repeat_instrument": "Repeat Instrument",
    "redcap_repeat_instance": "Repeat Instance",
    "mrn": "Hospital number",
    "born": "Geburtsdatum",
    "sex": "Geschlecht",
    "sites___1": "Metastases (choice=bone)",
    "sites___2": "Metastases (choice=nodes)",
    "sites____99": "Metastases (choice=not known)",
    "sites___l": "Metastases (choice=liver)",
    "person_complete": "Complete?",
    "visit_day": "Day of the visit",
    "weight": "Weight (kg)",
    "pain": "Pain",
    "complaints___1": "Complaints (choice=dry mouth)",
    "complaints___2": "Complaints (choice=fatigue)",
    "visit_complete": "Complete?",
    "drawn": "Blutentnahme",
    "psa": "PSA (ng/ml)",
    "hb": "Hb (g/dl)",
    "blood_complete": "Complete?",
}
"""The columns of one export, each with its label."""
UNTICKED = {"sites___1": "0", "sites___2": "0", "sites____99": "0", "sites___l": "0"}
RECORD = {"record_id": "7", "redcap_event_name": "start_arm_1"}
BLOOD = {**RECORD, "redcap_repeat_instrument": "blood"}
START = {**UNTICKED, "born": "1950-03-04", "sex": "1", "sites___1": "1", "person_complete": "2"}
VISIT = {"visit_day": "2023-01-10", "weight": "81,5", "pain": "0", "complaints___1": "0", "complaints___2": "0"}
LATER = {"visit_day": "2023-02-20", "weight": "80", "pain": "1", "complaints___1": "1", "complaints___2": "0"}
ROWS = (
    {**RECORD, **START, **VISIT, "visit_complete": "1"},
    {**BLOOD, "redcap_repeat_instance": "1", "drawn": "2023-01-10", "psa": "12,5", "hb": "13.1", "blood_complete": "2"},
    {**BLOOD, "redcap_repeat_instance": "2", "drawn": "2023-02-01", "psa": "0,04", "blood_complete": "2"},
    {
        **RECORD,
        "redcap_event_name": "cycle_1_arm_1",
        **UNTICKED,
        "person_complete": "0",
        **LATER,
        "visit_complete": "2",
    },
)
STATUS = {"0": "Incomplete", "1": "Unverified", "2": "Complete"}
BOX = {"0": "Unchecked", "1": "Checked"}


def lines(heads: Iterable[str], rows: Iterable[Mapping[str, str]]) -> str:
    return "\n".join(["|".join(heads), *("|".join(row.get(name, "") for name in COLUMNS) for row in rows)])


def labelled(row: Mapping[str, str]) -> dict[str, str]:
    """The row as REDCap exports it with labels."""
    words = {"sex": {"1": "männlich"}, "pain": {"0": "No", "1": "Yes"}, "redcap_repeat_instrument": {"blood": "Blood"}}
    for name in COLUMNS:
        if "___" in name:
            words[name] = BOX
        elif name.endswith("_complete"):
            words[name] = STATUS
    return {name: words.get(name, {}).get(text, text) for name, text in row.items()}


FLAT = lines(COLUMNS, ROWS)
LABELLED = lines(COLUMNS.values(), [labelled(row) for row in ROWS])
BY_VALUE = """
record|redcap_event_name|redcap_repeat_instrument|redcap_repeat_instance|field_name|value
7|start_arm_1|||born|1950-03-04
7|start_arm_1|||sex|1
7|start_arm_1|||sites|1
7|start_arm_1|||person_complete|2
7|start_arm_1|||visit_day|2023-01-10
7|start_arm_1|||weight|81,5
7|start_arm_1|||pain|0
7|start_arm_1|||visit_complete|1
7|start_arm_1|blood|1|drawn|2023-01-10
7|start_arm_1|blood|1|psa|12,5
7|start_arm_1|blood|1|hb|13.1
7|start_arm_1|blood|1|blood_complete|2
7|start_arm_1|blood|2|drawn|2023-02-01
7|start_arm_1|blood|2|psa|0,04
7|start_arm_1|blood|2|blood_complete|2
7|cycle_1_arm_1|||visit_day|2023-02-20
7|cycle_1_arm_1|||weight|80
7|cycle_1_arm_1|||pain|1
7|cycle_1_arm_1|||complaints|1
7|cycle_1_arm_1|||visit_complete|2
"""


def entries(given: ExportedRows, missing: tuple[str, ...] = ()) -> list[Entry]:
    found = []
    for row in given.rows:
        filled, problems = find_entries(row, dictionary(), missing)
        assert problems == []
        found += filled
    return found


def known(entry: Entry) -> dict[str, str]:
    return {name: text for name, text in entry.cells.items() if text is not None and not name.endswith("_complete")}


def contents(given: ExportedRows) -> list[tuple[str, str | None, str | None, dict[str, str]]]:
    return [(one.form, one.event, one.instance, known(one)) for one in entries(given)]


def test_a_row_holds_the_forms_that_somebody_filled_with_points_for_commas() -> None:
    assert contents(export(FLAT)) == [
        (
            "person",
            "start_arm_1",
            None,
            {
                "record_id": "7",
                "born": "1950-03-04",
                "sex": "1",
                "sites___1": "1",
                "sites___2": "0",
                "sites____99": "0",
                "sites___l": "0",
            },
        ),
        ("visit", "start_arm_1", None, {"visit_day": "2023-01-10", "weight": "81.5", "pain": "0"}),
        ("blood", "start_arm_1", "1", {"drawn": "2023-01-10", "psa": "12.5", "hb": "13.1"}),
        ("blood", "start_arm_1", "2", {"drawn": "2023-02-01", "psa": "0.04"}),
        (
            "visit",
            "cycle_1_arm_1",
            None,
            {"visit_day": "2023-02-20", "weight": "80", "pain": "1", "complaints___1": "1", "complaints___2": "0"},
        ),
    ]


def test_a_labelled_export_reads_as_the_raw_one_though_its_headings_stand_twice() -> None:
    assert contents(export(LABELLED)) == contents(export(FLAT))


def test_an_export_with_one_value_per_row_reads_as_the_flat_one_but_for_boxes_it_does_not_hold() -> None:
    by_value, flat = contents(export(BY_VALUE)), contents(export(FLAT))
    assert [one[:3] for one in by_value] == [one[:3] for one in flat]
    told = [{name: text for name, text in one[3].items() if name != "record_id"} for one in by_value]
    expected = [{name: text for name, text in one[3].items() if name != "record_id"} for one in flat]
    assert told == expected


def test_rows_are_numbered_as_a_spreadsheet_counts_them() -> None:
    assert [one.number for one in entries(export(FLAT))] == [2, 2, 3, 4, 5]


def test_labels_whose_columns_were_left_out_are_refused_where_they_can_mean_two_fields() -> None:
    fields = [("record_id", "a", "text", "Record ID"), *((f"day_{one}", one, "text", "Date") for one in "abc")]
    with pytest.raises(UnusableInputError, match="its labels can stand for several fields"):
        export("Record ID|Date|Complete?|Date|Complete?\n7|2023-01-01|Complete|2023-01-02|Complete", fields)


def test_labels_of_some_columns_are_read_where_their_order_leaves_one_reading() -> None:
    given = export("Record ID|Blutentnahme|PSA (ng/ml)|Hb (g/dl)|Notes of the ward\n7|2023-01-01|3|12|x")
    assert contents(given) == [("blood", None, None, {"drawn": "2023-01-01", "psa": "3", "hb": "12"})]


def test_two_choices_of_one_label_keep_their_label_to_be_refused_later() -> None:
    fields = [("record_id", "a", "text", "Record ID"), ("arm", "a", "radio", "Arm", "1, Lu | 2, Lu | 3, other")]
    given = export("record_id|arm|a_complete\n1|Lu|Complete\n2|other|Complete", fields)
    assert [row.cells["arm"] for row in given.rows] == ["Lu", "3"]


def test_choices_that_can_be_codes_or_labels_of_others_are_refused() -> None:
    fields = [("record_id", "a", "text", "Record ID"), ("grade", "a", "radio", "Grade", "1, 0 | 2, 1 | 3, 2")]
    with pytest.raises(UnusableInputError, match="its choices can be codes or labels"):
        export("record_id|grade\n1|1\n2|2", fields)


def test_the_status_of_the_form_settles_whether_choices_are_codes() -> None:
    fields = [("record_id", "a", "text", "Record ID"), ("grade", "a", "radio", "Grade", "1, 0 | 2, 1 | 3, 2")]
    raw = export("record_id|grade|a_complete\n1|1|2\n2|2|2", fields)
    labelled = export("record_id|grade|a_complete\n1|1|Complete\n2|2|Complete", fields)
    assert [row.cells["grade"] for row in raw.rows] == ["1", "2"]
    assert [row.cells["grade"] for row in labelled.rows] == ["2", "3"]


def test_a_date_that_a_spreadsheet_turned_round_is_read_in_the_order_of_its_field() -> None:
    given = export("record_id|born|cycle_day\n1|04.03.1950|2023-05-17\n2|04/03/1950|2023-05-18")
    assert [row.cells["born"] for row in given.rows] == ["1950-03-04", "1950-03-04"]


def test_a_form_that_nobody_opened_gives_no_entry_though_its_status_and_boxes_are_zero() -> None:
    given = export(
        "record_id|sex|sites___1|sites___2|sites____99|sites___l|person_complete|psa|blood_complete\n1||0|0|0|0|0|3|2"
    )
    assert [one.form for one in entries(given)] == ["blood"]


@pytest.mark.parametrize(
    ("status", "boxes"),
    [("2", ["0", "0"]), ("0", ["0", "0"]), ("", [None, None])],
    ids=["complete", "opened, incomplete", "gray: no status"],
)
def test_boxes_without_a_tick_say_no_only_where_the_form_has_a_status(status: str, boxes: list[str | None]) -> None:
    given = export(f"record_id|sex|sites___1|sites___2|sites____99|sites___l|person_complete\n1|1|0|0|0|0|{status}")
    (entry,) = entries(given)
    assert [entry.cells["sites___1"], entry.cells["sites___l"]] == boxes


def test_boxes_that_branching_can_have_hidden_are_unknown_until_one_is_ticked() -> None:
    given = export("record_id|pain|complaints___1|complaints___2|visit_complete\n1|0|0|0|2\n2|1|0|1|2")
    assert [(one.cells["complaints___1"], one.cells["complaints___2"]) for one in entries(given)] == [
        (None, None),
        ("0", "1"),
    ]


def test_a_group_of_boxes_whose_missing_code_is_ticked_is_unknown() -> None:
    given = export("record_id|sites___1|sites___2|sites____99|sites___l|person_complete\n1|0|0|1|0|2")
    (entry,) = entries(given, missing=("-99",))
    assert [text for name, text in entry.cells.items() if name.startswith("sites")] == [None] * 4


def test_a_survey_that_was_not_sent_has_no_time() -> None:
    given = export(
        "record_id|visit_timestamp|weight|visit_complete\n1|[not completed]|80|0\n2|2023-05-17 09:30:00|81|2"
    )
    assert [one.cells["visit_timestamp"] for one in entries(given)] == [None, "2023-05-17T09:30:00"]


def test_events_may_repeat_as_a_whole() -> None:
    given = export(
        "record_id|redcap_event_name|redcap_repeat_instrument|redcap_repeat_instance|weight|visit_complete\n"
        "1|visit_arm_1|||80|2\n1|visit_arm_1||2|79|2"
    )
    assert [(one.instance, one.cells["weight"]) for one in entries(given)] == [(None, "80"), ("2", "79")]


def test_a_row_of_a_form_that_is_not_in_the_dictionary_is_told() -> None:
    given = export("record_id|redcap_repeat_instrument|redcap_repeat_instance|psa\n1|imaging|1|3\n|||4")
    problems = [find_entries(row, dictionary())[1] for row in given.rows]
    assert problems[0][0].startswith("the repeating form is not in the dictionary")
    assert problems[1] == ["the record has no name"]


def test_yes_and_no_are_read_in_german_too() -> None:
    given = export("record_id|pain|visit_complete\n1|Ja|2\n2|Nein|2\n3|1|2")
    assert [row.cells["pain"] for row in given.rows] == ["1", "0", "1"]


def test_empty_rows_are_left_out_and_columns_that_are_no_field_are_counted() -> None:
    given = export("record_id|psa|sites___unk|ward\n1|3||A\n|||\n2|4||B")
    assert [row.number for row in given.rows] == [2, 4]
    assert dict(given.unread) == {"column a text like 'aaaa' (not in the dictionary)": 2}


def test_a_row_of_another_length_is_refused_by_its_number() -> None:
    with pytest.raises(UnusableInputError, match=r"data.csv: row 3 has 2 cells, expected 3"):
        export("record_id|psa|hb\n1|3|12\n2|4")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_folder_gives_its_dictionary_and_data_whatever_parts_the_cells(tmp_path: Path, separator: str) -> None:
    folder = write_project(tmp_path / "project", "record_id|psa|hb|blood_complete\n1|0,04|13|2", separator=separator)
    (folder / "events.csv").write_text("event_name,arm_num\nStart,1\n", encoding="utf-8")
    (folder / "notes.csv").write_text("what,why\na,b\n", encoding="utf-8")
    project = read_project([folder])
    assert [row.cells["psa"] for row in project.exports[0].rows] == ["0.04"]
    assert project.unread == {"file that is neither data nor data dictionary": 1}


def test_a_folder_without_a_dictionary_or_data_is_refused(tmp_path: Path) -> None:
    folder = write_project(tmp_path / "project", "record_id|psa\n1|3")
    with pytest.raises(UnusableInputError, match=r"expected one data dictionary .* found none among 1 files"):
        read_project([folder / "data.csv"])
    with pytest.raises(UnusableInputError, match="no export of data whose first column is record_id"):
        read_project([folder / "dictionary.csv"])


def test_a_record_may_be_named_by_any_text() -> None:
    fields = (("studien_id", "person", "text", "ID"), *FIELDS[1:])
    given = export("studien_id|psa|blood_complete\nLU-ä 7/b|3|2", fields)
    assert [find_entries(row, dictionary(fields))[0][0].record for row in given.rows] == ["LU-ä 7/b"]
