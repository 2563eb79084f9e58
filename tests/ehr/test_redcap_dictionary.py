"""The data dictionary: fields, choices and the columns that an export makes of them."""

from __future__ import annotations

import pytest
from tests.ehr.redcap_projects import dictionary

from lutrace.core import UnusableInputError
from lutrace.ehr.redcap_dictionary import checkbox_column, make_dictionary, parse_choices

DOWNLOADED = {
    "Variable / Field Name": "psa",
    "Form Name": "blood",
    "Field Type": "text",
    "Field Label": "<p>PSA&nbsp;(ng/ml)</p>",
    "Text Validation Type OR Show Slider Number": "number_2dp_comma_decimal",
    "Identifier?": "",
}
OF_THE_API = {
    "field_name": "psa",
    "form_name": "blood",
    "field_type": "text",
    "field_label": "PSA (ng/ml)",
    "text_validation_type_or_show_slider_number": "number_2dp_comma_decimal",
    "identifier": "",
}


def test_a_label_of_a_choice_may_hold_commas_and_html() -> None:
    assert parse_choices("1, one, or <b>two</b> | -99, not known|a,Ä") == {
        "1": "one, or two",
        "-99": "not known",
        "a": "Ä",
    }


@pytest.mark.parametrize(
    ("code", "column"), [("1", "sites___1"), ("-99", "sites____99"), ("L", "sites___l"), ("a.b", "sites___a_b")]
)
def test_a_box_is_called_by_its_code_in_small_letters_and_underscores(code: str, column: str) -> None:
    assert checkbox_column("sites", code) == column


def test_a_downloaded_dictionary_and_the_metadata_of_the_api_say_the_same() -> None:
    assert make_dictionary([DOWNLOADED], "a.csv") == make_dictionary([OF_THE_API], "the API")


def test_the_columns_of_an_export_are_fields_boxes_and_no_descriptions() -> None:
    known = dictionary()
    assert known.record_field == "record_id"
    assert [name for name, (field, _) in known.by_column.items() if field.form == "person"] == [
        "record_id",
        "mrn",
        "born",
        "sex",
        "sites___1",
        "sites___2",
        "sites____99",
        "sites___l",
    ]
    assert "hint" not in known.by_column


def test_validations_say_which_fields_hold_dates_and_numbers() -> None:
    known = dictionary().by_name
    assert (known["born"].date_order, known["cycle_day"].date_order, known["psa"].date_order) == ("dmy", "ymd", None)
    assert [name for name, field in known.items() if field.is_number] == [
        "weight",
        "psa",
        "hb",
        "cycle_no",
        "cycle_gbq",
    ]


def test_a_title_of_a_form_becomes_its_unique_name() -> None:
    made = make_dictionary([{**OF_THE_API, "form_name": "Blood counts (lab)"}], "a.csv")
    assert made.forms == ("blood_counts_lab",)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "a.csv: the data dictionary is empty"),
        ([{"record_id": "1"}], "a.csv: no data dictionary: expected the columns field name"),
        ([OF_THE_API, OF_THE_API], "a.csv: row 3: field psa stands twice"),
        ([{**OF_THE_API, "field_type": ""}], "a.csv: row 2: field_type is empty"),
    ],
)
def test_what_is_no_dictionary_is_refused(rows: list[dict[str, str]], words: str) -> None:
    with pytest.raises(UnusableInputError, match=words):
        make_dictionary(rows, "a.csv")
