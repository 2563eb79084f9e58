"""Elements as text, numbers and moments, in the spellings that scanners really write."""

from __future__ import annotations

import copy
import datetime as dt
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from tests.dicom.build import code, compressed, drug, lutetium, nm_recon, pet_slices, private, write

from lutrace.core import ContradictionError, MissingFactError, UnsupportedError, UnusableInputError
from lutrace.dicom import index_folder, parse_radionuclide, read_series
from lutrace.dicom.elements import (
    combine_moment,
    element_integer,
    element_number,
    element_numbers,
    element_text,
    element_texts,
    format_tag,
    parse_date,
    parse_moment,
    parse_time,
    private_number,
    private_tag,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("110000", dt.time(11)),
        ("11", dt.time(11)),
        ("1105", dt.time(11, 5)),
        ("110000.25", dt.time(11, 0, 0, 250000)),
        ("11:05:06", dt.time(11, 5, 6)),
        ("235960", dt.time(23, 59, 59)),
        ("250000", None),
        ("", None),
        (None, None),
        ("noon", None),
    ],
)
def test_times_are_read_in_every_legal_and_old_spelling(text: str | None, expected: dt.time | None) -> None:
    assert parse_time(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("20230517", dt.date(2023, 5, 17)), ("2023.05.17", dt.date(2023, 5, 17)), ("20230231", None), ("x", None)],
)
def test_dates_are_read_or_are_none(text: str, expected: dt.date | None) -> None:
    assert parse_date(text) == expected


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("20230517100000.000000", None, dt.datetime(2023, 5, 17, 10)),
        ("20230517100000+0000", "+0200", dt.datetime(2023, 5, 17, 12)),
        ("20230517100000+0000", None, dt.datetime(2023, 5, 17, 10)),
        ("20230517100000-0500", "-0500", dt.datetime(2023, 5, 17, 10)),
        ("20230517", None, None),
        (None, None, None),
    ],
)
def test_moments_come_on_the_scanners_clock(text: str | None, zone: str | None, expected: dt.datetime | None) -> None:
    assert parse_moment(text, zone=zone) == expected


def test_a_moment_needs_both_date_and_time() -> None:
    assert combine_moment("20230517", None) is None
    assert combine_moment("20230517", "10") == dt.datetime(2023, 5, 17, 10)


def test_decoded_and_undecoded_elements_read_the_same(tmp_path: Path) -> None:
    (dataset,) = pet_slices(1)
    fresh = pydicom.dcmread(next(write(tmp_path, [dataset]).iterdir()))
    for one in (dataset, fresh):
        assert element_text(one, 0x00541001) == "BQML"
        assert element_texts(one, 0x00280051) == ("DECY", "ATTN", "SCAT", "NORM")
        assert element_numbers(one, 0x00280030, "Pixel Spacing") == (4.0, 2.0)
        assert element_integer(one, 0x00280010, "Rows") == 4
        assert element_number(one, 0x00101030, "weight") == 75.0
        assert element_number(one, 0x00541321, "absent") is None
        assert element_integer(one, 0x00540081, "slices") == 1


def test_a_malformed_number_is_named_with_its_tag() -> None:
    dataset = Dataset()
    dataset.add_new(0x00101030, "LO", "75,5")
    with pytest.raises(UnusableInputError, match=r"weight \(0010,1030\): expected numbers, found \('75,5',\)"):
        element_number(dataset, 0x00101030, "weight")
    dataset.add_new(0x00280010, "LO", "four")
    with pytest.raises(UnusableInputError, match="Rows"):
        element_integer(dataset, 0x00280010, "Rows")


def test_empty_elements_are_absent() -> None:
    dataset = Dataset()
    dataset.PatientWeight, dataset.Units, dataset.NumberOfFrames = None, "", None
    assert element_number(dataset, 0x00101030, "weight") is None
    assert element_text(dataset, 0x00541001) is None
    assert element_integer(dataset, 0x00280008, "frames") is None


@pytest.mark.parametrize("others", [0, 1, 5])
def test_private_elements_are_found_by_their_creator(others: int) -> None:
    dataset = Dataset()
    private(dataset, 0x7053, "Philips PET Private Group", {0x09: ("DS", "1.6")}, others=others)
    assert private_number(dataset, 0x7053, "Philips PET Private Group", 0x09) == 1.6
    assert private_tag(dataset, 0x7053, "Philips PET Private Group", 0x00) is None
    assert private_tag(dataset, 0x7053, "Somebody else", 0x09) is None


def test_tags_are_written_as_the_standard_does() -> None:
    assert format_tag(0x0020000D) == "(0020,000D)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("177 Lutetium", "Lu-177"),
        ("^177^Lutetium", "Lu-177"),
        ("Lu-177", "Lu-177"),
        ("[177Lu]Lu-PSMA-617", "Lu-177"),
        ("177Lu-PSMA-I&T", "Lu-177"),
        ("^68^Gallium", "Ga-68"),
        ("Ga68 PSMA-11", "Ga-68"),
        ("18F-PSMA-1007", "F-18"),
        ("Fluorine-18", "F-18"),
        ("PSMA-617", None),
        ("99mTc", None),
        (None, None),
    ],
)
def test_the_radionuclide_is_found_in_the_words_of_headers(text: str | None, expected: str | None) -> None:
    assert parse_radionuclide(text) == expected


def facts_of(folder: Path, datasets: Any) -> Any:
    (series,) = index_folder([write(folder, datasets)]).series
    return read_series(series).facts


def test_the_radiopharmaceutical_text_names_the_nuclide_when_no_code_does(tmp_path: Path) -> None:
    item = lutetium(Radiopharmaceutical="177Lu-PSMA-617")
    item.RadionuclideCodeSequence = []
    facts = facts_of(tmp_path, pet_slices(2, drug_item=item))
    assert (facts.radionuclide, facts.tracer) == ("Lu-177", "177Lu-PSMA-617")


def test_the_tracer_is_taken_from_its_code_when_there_is_no_text(tmp_path: Path) -> None:
    item = drug()
    item.RadiopharmaceuticalCodeSequence = [code("C-B1031", "SRT", "Fluorodeoxyglucose F^18^")]
    assert facts_of(tmp_path, pet_slices(2, drug_item=item)).tracer == "Fluorodeoxyglucose F^18^"


def test_two_radiopharmaceuticals_are_refused(tmp_path: Path) -> None:
    def edit(dataset: Dataset, index: int) -> None:
        dataset.RadiopharmaceuticalInformationSequence.append(drug(RadionuclideTotalDose=5e8))

    with pytest.raises(ContradictionError, match="2 items with different activities"):
        facts_of(tmp_path, pet_slices(2, edit=edit))


def test_an_unknown_decay_correction_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContradictionError, match="found 'SOME'"):
        facts_of(tmp_path, pet_slices(2, DecayCorrection="SOME"))


def test_a_malformed_start_date_time_is_noted_and_the_time_used(tmp_path: Path) -> None:
    item = drug()
    item.add_new(0x00181078, "LO", "yesterday")
    facts = facts_of(tmp_path, pet_slices(2, drug_item=item))
    assert (facts.injection_datetime, facts.injection_time_only) == (None, dt.time(10))
    assert any("(0018,1078) is malformed" in note for note in facts.notes)


def test_a_series_without_radiopharmaceutical_has_no_activity(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, pet_slices(2, RadiopharmaceuticalInformationSequence=None))
    assert (facts.injected_bq, facts.radionuclide, facts.half_life_s) == (None, None, None)


def test_acquisition_date_time_stands_in_for_date_and_time(tmp_path: Path) -> None:
    slices = pet_slices(2, AcquisitionDate=None, AcquisitionTime=None, AcquisitionDateTime="20230517110000")
    assert facts_of(tmp_path, slices).frames[0].acquisition_start == dt.datetime(2023, 5, 17, 11)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"PixelSpacing": None}, MissingFactError, "Pixel Spacing"),
        ({"ImageOrientationPatient": None}, MissingFactError, "Image Orientation"),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, ContradictionError, "right angle"),
        ({"ImagePositionPatient": None}, MissingFactError, "Image Position"),
        ({"NumberOfFrames": 2}, UnsupportedError, "expected single-frame images"),
    ],
)
def test_a_stack_needs_its_geometry(
    tmp_path: Path, changes: dict[str, Any], error: type[Exception], words: str
) -> None:
    def edit(dataset: Dataset, index: int) -> None:
        if "NumberOfFrames" in changes:
            dataset.PixelData = dataset.PixelData * 2

    with pytest.raises(error, match=words):
        facts_of(tmp_path, pet_slices(3, edit=edit, **changes))


def test_a_slice_of_another_size_is_another_stack(tmp_path: Path) -> None:
    def edit(dataset: Dataset, index: int) -> None:
        if index == 1:
            dataset.Rows, dataset.Columns = 6, 4

    with pytest.raises(ContradictionError, match="more than one stack"):
        facts_of(tmp_path, pet_slices(3, edit=edit))


def test_uneven_spacing_is_refused(tmp_path: Path) -> None:
    def edit(dataset: Dataset, index: int) -> None:
        dataset.ImagePositionPatient = [0, 0, [0, 3, 6, 7.4, 10.4][index]]

    with pytest.raises(ContradictionError, match=r"gap of 1\.40 mm .* uneven spacing"):
        facts_of(tmp_path, pet_slices(5, edit=edit))


def test_one_slice_has_its_thickness_or_no_extent(tmp_path: Path) -> None:
    (series,) = index_folder([write(tmp_path / "a", pet_slices(1))]).series
    assert read_series(series).volume.geometry.spacing_mm[2] == 3.0
    with pytest.raises(MissingFactError, match="Slice Thickness"):
        facts_of(tmp_path / "b", pet_slices(1, SliceThickness=None))


def test_damaged_compressed_pixels_are_unusable_by_name(tmp_path: Path) -> None:
    slices = compressed(pet_slices(2), "1.2.840.10008.1.2.5")
    for dataset in slices:
        dataset.PixelData = dataset.PixelData[:40] + b"\0" * (len(dataset.PixelData) - 40)
    with pytest.raises(UnusableInputError, match=r"Pixel Data \(7FE0,0010\): (cannot be decoded|expected)"):
        facts_of(tmp_path, slices)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"PixelSpacing": None}, "Pixel Spacing"),
        ({"SpacingBetweenSlices": None, "SliceThickness": None}, "Spacing Between Slices"),
    ],
)
def test_spect_needs_its_spacing(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(MissingFactError, match=words):
        facts_of(tmp_path, [nm_recon(**changes)])


def test_spect_without_spacing_takes_the_thickness_and_says_so(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, [nm_recon(SpacingBetweenSlices=None, SliceVector=None)])
    assert any("Slice Thickness 4.8 mm is taken" in note for note in facts.notes)


def test_units_of_an_nm_object_without_mapping_are_believed_and_noted(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, [nm_recon(mapping=None, Units="BQML", RescaleSlope=2.0)])
    assert facts.units == "BQML"
    assert any("in an NM object" in note for note in facts.notes)


def test_two_nm_objects_in_one_series_are_refused(tmp_path: Path) -> None:
    first, second = nm_recon(), nm_recon()
    second.SeriesInstanceUID = first.SeriesInstanceUID
    with pytest.raises(UnsupportedError, match="2 NM objects in one series"):
        facts_of(tmp_path, [first, second])


@pytest.mark.parametrize("slope", [0.0, float("nan")])
def test_a_mapping_with_an_unusable_slope_is_refused(tmp_path: Path, slope: float) -> None:
    with pytest.raises(ContradictionError, match="Real World Value Slope"):
        facts_of(tmp_path, [nm_recon(mapping=(slope, "Bq/ml"))])


def test_mappings_that_differ_are_refused_and_a_table_is_not_read(tmp_path: Path) -> None:
    def double(dataset: Dataset, index: int) -> None:
        other = copy.deepcopy(dataset.RealWorldValueMappingSequence[0])
        other.RealWorldValueSlope = 9.0
        dataset.RealWorldValueMappingSequence.append(other)

    def without_slope(dataset: Dataset, index: int) -> None:
        del dataset.RealWorldValueMappingSequence[0].RealWorldValueSlope

    with pytest.raises(ContradictionError, match="2 different mappings to BQML"):
        facts_of(tmp_path / "a", [nm_recon(edit=double)])
    with pytest.raises(UnsupportedError, match="tables are not read"):
        facts_of(tmp_path / "b", [nm_recon(edit=without_slope)])
