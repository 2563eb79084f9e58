"""Region statistics of other software: units must be stated, and the numbers of a region must fit each other."""

from __future__ import annotations

import pytest

from lutrace.core import ProtocolError, Row, Source
from lutrace.ehr import RecordBatch, count_open, parse_mapping, rows_by_mapping
from lutrace.ehr.mapping import OPEN
from lutrace.terms import table_mapping_names, table_mapping_text

MAPPING = """
patient_id: id
untested: no real export was met
rules:
  - table: region_statistics
    columns:
      date: day
      software: {constant: mim}
      suv_basis: {constant: bw}
      original_name: contour
      region: {column: contour, values: {Liver: liver}, others: empty}
      volume_ml: {column: vol, unit: VOLUME}
      suv_mean: {column: mean, unit: g/mL}
      suv_max: {column: max, unit: g/mL}
      tlp_ml: {column: total, unit: g}
"""


def batch_of(*records: Row, volume: str = "mm^3") -> RecordBatch:
    mapping = parse_mapping(MAPPING.replace("VOLUME", volume), "m.yaml")
    return rows_by_mapping(mapping, list(enumerate(records, start=2)), Source("table", "0" * 64), name="t.csv")


def region(**cells: object) -> Row:
    row: Row = {
        "id": "SYN-1",
        "day": "2023-05-17",
        "contour": "Liver",
        "vol": "1500",
        "mean": "4",
        "max": "9",
        "total": "6",
    }
    return {**row, **cells}


def test_volumes_and_uptake_come_in_our_units() -> None:
    batch = batch_of(region(), region(contour="Lesion 3", total=None))

    liver, lesion = batch.rows["region_statistics"]
    assert (liver["region"], liver["volume_ml"], liver["suv_mean"], liver["tlp_ml"]) == ("liver", 1.5, 4.0, 6.0)
    assert (lesion["original_name"], lesion["region"], lesion["tlp_ml"]) == ("Lesion 3", None, None)
    assert batch.notes == ("the mapping is untested: no real export was met",)


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ({"mean": "10"}, "suv_mean is above suv_max"),
        ({"total": "6000"}, "tlp_ml is not suv_mean x volume_ml"),
        ({"vol": None, "mean": None, "max": None, "total": None}, "neither volume nor uptake is given"),
    ],
)
def test_numbers_that_cannot_be_of_one_region_are_refused(cells: Row, rule: str) -> None:
    batch = batch_of(region(**cells))

    assert rule in batch.faults[0].rule
    assert "region_statistics" not in batch.rows


def test_a_volume_in_the_wrong_unit_shows_in_the_total() -> None:
    assert "not even roughly" in batch_of(region(), volume="mL").faults[0].rule


def test_a_number_without_a_unit_is_refused_before_reading() -> None:
    with pytest.raises(ProtocolError, match="volume_ml: no unit is stated, and software differs"):
        parse_mapping(MAPPING.replace(", unit: VOLUME", ""), "m.yaml")


@pytest.mark.parametrize("name", ["hermes", "lifex", "mim", "syngo-via", "traqinform"])
def test_a_shipped_mapping_says_that_it_is_untested_and_is_refused_until_settled(name: str) -> None:
    text = table_mapping_text(name)

    with pytest.raises(ProtocolError, match=f"{name}.yaml, line .*is open") as caught:
        parse_mapping(text, f"{name}.yaml")
    assert len({words.split(",")[1] for words in str(caught.value).split("; ") if "is open" in words}) == count_open(
        text
    )

    settled = text.replace(f'suv_basis: {{constant: "{OPEN}"}}', "suv_basis: {constant: bw}")
    settled = settled.replace(f'tlp_ml: {{column: "{OPEN}", unit: "{OPEN}"}}', "tlp_ml: {column: tlp, unit: g}")
    settled = settled.replace(f'volume_ml: {{column: "{OPEN}", unit: "{OPEN}"}}', "volume_ml: {column: v, unit: mL}")
    settled = settled.replace(f'unit: "{OPEN}"', "unit: g/mL").replace(f'"{OPEN}"', "x")
    mapping = parse_mapping(settled, f"{name}.yaml")
    assert mapping.untested is not None and "no real export was met" in mapping.untested
    assert name in table_mapping_names()
