"""One object without its person: the table of PS3.15, dates, UIDs, text, private elements, and what must stay."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.uid import JPEG2000Lossless, RLELossless, generate_uid
from tests.dicom.build import code, compressed, ct_slices, nm_recon, pet_slices, private, ramp, write
from tests.dicom.planted import NAME, UIDS, WORDS, plant
from tests.dicom.regions import rtstruct

from lutrace.dicom import Identifiers, IdentifierScan, Replacements, find_identifiers, method_of
from lutrace.dicom.deidentify import deidentify_dataset
from lutrace.dicom.deidentify_choice import find_refusal
from lutrace.dicom.deidentify_file import read_object, write_deidentified
from lutrace.dicom.deidentify_text import clean_descriptor
from lutrace.dicom.deidentify_values import replace_uid, shift_date, shift_moment

TO = Replacements("P-7K3QW9ZD", -100, b"k" * 32)
NOBODY = Identifiers({})


def freed(dataset: Dataset, tmp_path: Path, *, keep_device: bool = False) -> pydicom.FileDataset:
    """The object as it is after a way through files."""
    write(tmp_path / "in", [dataset])
    read = read_object(tmp_path / "in" / "im0000")
    to = Replacements(TO.pseudonym, TO.days, TO.uid_key, keep_device=keep_device)
    deidentify_dataset(read, to)
    write_deidentified(read, tmp_path / "out" / "one.dcm")
    return pydicom.dcmread(tmp_path / "out" / "one.dcm")


@pytest.mark.parametrize("kind", ["PT", "CT", "NM"])
def test_nothing_planted_is_left_in_any_byte(kind: str, tmp_path: Path) -> None:
    made = {"PT": pet_slices(1)[0], "CT": ct_slices(1)[0], "NM": nm_recon()}[kind]
    planted = plant(made)
    uids = {str(made[name].value) for name in ("SOPInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")}
    freed(planted, tmp_path)
    before, after = ((tmp_path / name).read_bytes() for name in ("in/im0000", "out/one.dcm"))
    for word in [*WORDS, *UIDS.values(), *uids]:
        for spelt in (word, word.lower(), word.upper()):
            for encoding in ("utf-8", "latin-1", "utf-16-le", "utf-16-be"):
                assert spelt.encode(encoding) not in after, word
    assert b"Musterfrau" in before
    assert b"MRN990017" in before[:128]


def test_what_suv_rests_on_and_the_pixels_stay_to_the_bit(tmp_path: Path) -> None:
    original = plant(pet_slices(1, slopes=[2.71828182845904])[0])
    found = freed(original, tmp_path)
    for name in (
        "PatientWeight",
        "PatientSize",
        "PatientSex",
        "PatientAge",
        "Units",
        "DecayCorrection",
        "RescaleSlope",
    ):
        assert found[name].value == original[name].value
    assert found.CorrectedImage == original.CorrectedImage
    drug, before = found.RadiopharmaceuticalInformationSequence[0], original.RadiopharmaceuticalInformationSequence[0]
    assert drug.RadionuclideTotalDose == before.RadionuclideTotalDose
    assert drug.RadionuclideHalfLife == before.RadionuclideHalfLife
    assert drug.RadiopharmaceuticalStartTime == before.RadiopharmaceuticalStartTime
    assert found.PixelData == original.PixelData
    assert found.AcquisitionTime == "110000"


def test_all_dates_move_by_the_same_days_and_clocks_stay(tmp_path: Path) -> None:
    found = freed(plant(pet_slices(1)[0]), tmp_path)
    assert found.StudyDate == found.SeriesDate == found.AcquisitionDate == "20230206"  # 17 May 2023 less 100 days
    drug = found.RadiopharmaceuticalInformationSequence[0]
    assert drug.RadiopharmaceuticalStartDateTime == "20230206100000"
    assert found.StudyTime == "104500"
    assert found.private_block(0x0009, "GEMS_PETD_01")[0x0D].value == "20230206110000"


def test_the_header_says_who_it_is_now_and_what_was_done(tmp_path: Path) -> None:
    found = freed(plant(pet_slices(1)[0]), tmp_path)
    assert found.PatientID == str(found.PatientName) == "P-7K3QW9ZD"
    assert found.PatientBirthDate == found.AccessionNumber == ""
    assert found.PatientIdentityRemoved == "YES"
    assert found.LongitudinalTemporalInformationModified == "MODIFIED"
    said = {item.CodeValue: item.CodeMeaning for item in found.DeidentificationMethodCodeSequence}
    assert said == method_of(False)
    known = {concept.value: concept.meaning for name in codes.DCM.dir() if (concept := getattr(codes.DCM, name))}
    assert {value: known[value] for value in said} == said


def test_device_identity_stays_only_when_asked_for(tmp_path: Path) -> None:
    without = freed(plant(pet_slices(1)[0]), tmp_path / "a")
    with_it = freed(plant(pet_slices(1)[0]), tmp_path / "b", keep_device=True)
    assert (without.StationName, with_it.StationName) == ("REMOVED", "STATION-Q7")
    assert with_it.DeviceSerialNumber == "SER99X1"
    assert "113109" in {item.CodeValue for item in with_it.DeidentificationMethodCodeSequence}


def test_descriptors_keep_the_words_of_imaging_only(tmp_path: Path) -> None:
    found = freed(plant(pet_slices(1)[0]), tmp_path)
    assert found.SeriesDescription == "PET WB AC"
    assert found.StudyDescription == "PSMA PET/CT Thorax"
    assert found.ProtocolName == "Protokoll 60 min"
    assert "Vornholt" not in str(found.get("ImageComments", ""))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("lesion1 liver R lobe", "lesion1 liver R lobe"),
        ("GTV_Mass_PET", "GTV_Mass_PET"),
        ("Okonkwo, Nneka 3.0mm AC", "3.0mm AC"),
        ("PSMA 2023-05-17 60min", "PSMA 60min"),
        ("1.2.276.0.7230010.3.1.2.99 CT", "CT"),
        ("WB 0171/555 0123", "WB"),
        ("Nguyen", ""),
    ],
)
def test_a_name_never_seen_before_does_not_survive_in_a_descriptor(text: str, left: str) -> None:
    assert clean_descriptor(text, NOBODY) == left


def test_private_elements_go_but_for_those_that_suv_needs_wherever_their_block_lies(tmp_path: Path) -> None:
    dataset = pet_slices(1)[0]
    private(dataset, 0x7053, "Philips PET Private Group", {0x00: ("DS", "0.000551"), 0x03: ("ST", NAME)}, others=2)
    private(dataset, 0x7053, "OTHER", {0x09: ("DS", "1.5")})
    private(dataset, 0x0071, "SIEMENS MED PT", {0x22: ("DT", "20230517110000.25"), 0x21: ("UI", "1.2.3")})
    found = freed(dataset, tmp_path)
    left = [(int(e.tag) & 0xFFFF00FF, str(e.value)) for e in found if e.tag.is_private and e.tag.element > 0xFF]
    assert left == [(0x00710022, "20230206110000.25"), (0x70530000, "0.000551")]
    assert found.private_block(0x7053, "Philips PET Private Group")[0x00].value == 0.000551


def test_a_private_number_that_is_text_does_not_stay(tmp_path: Path) -> None:
    dataset = pet_slices(1)[0]
    private(dataset, 0x7053, "Philips PET Private Group", {0x00: ("LO", "Musterfrau"), 0x09: ("UN", b"2.5 ")})
    found = freed(dataset, tmp_path)
    assert [str(e.value) for e in found if e.tag.is_private and e.tag.element > 0xFF] == ["2.5"]


def test_references_follow_the_new_uids_of_their_objects(tmp_path: Path) -> None:
    slices = pet_slices(2)
    drawn = rtstruct([("lesion Musterfrau", [np.zeros((3, 3))])])
    image = Dataset()
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = slices[0].SOPClassUID, slices[0].SOPInstanceUID
    contour = drawn.ROIContourSequence[0].ContourSequence[0]
    contour.ContourImageSequence = Sequence([image])
    one, other = freed(slices[0], tmp_path / "a"), freed(drawn, tmp_path / "b")
    told = other.ROIContourSequence[0].ContourSequence[0].ContourImageSequence[0]
    assert told.ReferencedSOPInstanceUID == one.SOPInstanceUID == one.file_meta.MediaStorageSOPInstanceUID
    assert told.ReferencedSOPClassUID == one.SOPClassUID
    assert other.StructureSetROISequence[0].ReferencedFrameOfReferenceUID == one.FrameOfReferenceUID
    assert other.StructureSetROISequence[0].ROIName == "lesion"
    assert contour.ContourData == other.ROIContourSequence[0].ContourSequence[0].ContourData


def test_a_lesion_keeps_one_identity_in_segment_and_report(tmp_path: Path) -> None:
    uid = generate_uid()
    item = Dataset()
    item.ValueType, item.ConceptNameCodeSequence = "TEXT", Sequence([code("112039", "DCM", "Tracking Identifier")])
    item.TextValue = "Musterfrau lesion 4"
    person = Dataset()
    person.ValueType, person.ConceptNameCodeSequence = "PNAME", Sequence([code("121008", "DCM", "Person Observer")])
    person.PersonName = NAME
    tracked = Dataset()
    tracked.ValueType, tracked.UID = "UIDREF", uid
    tracked.ConceptNameCodeSequence = Sequence([code("112040", "DCM", "Tracking Unique Identifier")])
    report, segmented = pet_slices(2)
    report.ContentSequence = Sequence([item, person, tracked])
    segment = Dataset()
    segment.TrackingID, segment.TrackingUID, segment.SegmentLabel = "Musterfrau lesion 4", uid, "Musterfrau"
    segmented.SegmentSequence = Sequence([segment])
    report, segmented = freed(report, tmp_path / "a"), freed(segmented, tmp_path / "b")
    found, (text, name, told) = segmented.SegmentSequence[0], report.ContentSequence
    assert text.TextValue == found.TrackingID
    assert found.TrackingID.startswith("T-")
    assert told.UID == found.TrackingUID != uid
    assert name.PersonName == found.SegmentLabel == "REMOVED"


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_compressed_pixels_pass_as_they_are(syntax: str, tmp_path: Path) -> None:
    original = compressed([plant(pet_slices(1, stored=ramp(1, 64, 64))[0])], syntax)[0]
    found = freed(original, tmp_path)
    assert found.file_meta.TransferSyntaxUID == syntax
    assert found.PixelData == original.PixelData
    assert np.array_equal(found.pixel_array, original.pixel_array)


def test_overlays_curves_icons_and_what_no_dictionary_knows_are_gone(tmp_path: Path) -> None:
    planted = plant(pet_slices(1)[0])
    planted.add(DataElement(0x00180F0F, "LO", "unknown to all"))
    found = freed(planted, tmp_path)
    assert not [e for e in found if e.tag.group in (0x5000, 0x6000, 0x0011)]
    assert "IconImageSequence" not in found
    assert 0x00180F0F not in found


def test_an_unreadable_date_does_not_stay(tmp_path: Path) -> None:
    dataset = pet_slices(1)[0]
    dataset.add(DataElement(0x00080012, "DA", "1951MAR"))
    dataset.add(DataElement(0x00380020, "DA", "soon"))
    found = freed(dataset, tmp_path)
    assert found.InstanceCreationDate == "19000101"
    assert "AdmittingDate" not in found


def test_an_age_above_89_says_90_only(tmp_path: Path) -> None:
    assert freed(pet_slices(1, PatientAge="097Y")[0], tmp_path / "a").PatientAge == "090Y"
    assert freed(pet_slices(1, PatientAge="089Y")[0], tmp_path / "b").PatientAge == "089Y"


def test_a_vendor_or_tracer_that_is_also_a_name_stays(tmp_path: Path) -> None:
    dataset = pet_slices(1, Manufacturer="SIEMENS", PatientName="Siemens^Gallium", SeriesDescription="Gallium PET")[0]
    found = freed(dataset, tmp_path)
    assert found.Manufacturer == "SIEMENS"
    assert found.SeriesDescription == "Gallium PET"


@given(day=st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31)), days=st.integers(-730, 730))
def test_a_date_moves_there_and_back(day: dt.date, days: int) -> None:
    text = day.strftime("%Y%m%d")
    moved = shift_date(text, days)
    assert moved is not None
    assert dt.datetime.strptime(moved, "%Y%m%d").date() - day == dt.timedelta(days)
    assert shift_date(moved, -days) == text


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("20231231235959.123456+0100", "20240110235959.123456+0100"),
        ("20231231", "20240110"),
        ("202312", "202312"),
        ("2023.12.31", None),
        ("soon", None),
    ],
)
def test_a_moment_keeps_its_clock_and_offset(text: str, moved: str | None) -> None:
    assert shift_moment(text, 10) == moved
    assert shift_date("2023.12.31", 10) == "2024.01.10"


def test_a_uid_has_one_successor_per_key_and_the_standards_own_stay() -> None:
    assert replace_uid("1.2.3.4.5", b"a" * 32) == replace_uid("1.2.3.4.5\0", b"a" * 32)
    assert replace_uid("1.2.3.4.5", b"a" * 32) != replace_uid("1.2.3.4.5", b"b" * 32)
    assert replace_uid("1.2.3.4.5", b"a" * 32).startswith("2.25.")
    assert len(replace_uid("1.2.3.4.5", b"a" * 32)) <= 64
    assert replace_uid("1.2.840.10008.1.2.1", b"a" * 32) == "1.2.840.10008.1.2.1"


CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"SOPClassUID": CAPTURE}, "secondary capture"),
        ({"SOPClassUID": CAPTURE + ".4"}, "secondary capture"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.67"}, "dose report"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.68"}, "dose report"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.104.1"}, "encapsulated document"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.11.1"}, "presentation state"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11"}, "text report"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.66"}, "not known to be safe"),
        ({"SOPClassUID": "1.3.12.2.1107.5.9.1"}, "not known to be safe"),
        ({"BurnedInAnnotation": "YES"}, "Burned In"),
        ({"ImageType": ["DERIVED", "SECONDARY", "OTHER", "CT_SOM5 PROT"]}, "a screen by its Image Type"),
        ({"PhotometricInterpretation": "RGB"}, "colour image"),
        ({"ImagePositionPatient": None}, "without a position"),
        ({"PatientID": ""}, "no Patient ID"),
    ],
)
def test_what_is_not_known_to_be_safe_is_left_out_with_its_reason(changes: dict[str, object], reason: str) -> None:
    dataset = pet_slices(1)[0]
    assert find_refusal(dataset) is None
    for name, value in changes.items():
        if value is None:
            delattr(dataset, name)
        else:
            setattr(dataset, name, value)
    assert reason in str(find_refusal(dataset))


def test_a_capture_passes_only_when_asked_for() -> None:
    dataset = pet_slices(1)[0]
    dataset.SOPClassUID = CAPTURE
    assert find_refusal(dataset, with_captures=True) is None


def scan_of(content: bytes, tmp_path: Path, dataset: Dataset | None = None) -> dict[str, int]:
    path = tmp_path / "file"
    path.write_bytes(content)
    known = find_identifiers(plant(pet_slices(1)[0]) if dataset is None else dataset)
    return IdentifierScan(Identifiers(known.texts, frozenset(UIDS.values()))).find_in_file(path, "file")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("MUSTERFRAU", "name"),
        ("änne-zoë", "name"),
        ("mrn990017", "patient identifier"),
        ("1951-03-17", "birth date"),
        ("klinikum nirgendheim", "institution"),
        ("study", "UID"),
    ],
)
def test_the_search_finds_an_identifier_in_any_case_and_encoding(
    text: str, kind: str, encoding: str, tmp_path: Path
) -> None:
    shown = UIDS.get(text, text)
    assert scan_of(b"\x01\x02 \0" + shown.encode(encoding) + b"\0\0 \x03", tmp_path) == {kind: 1}


def test_the_search_takes_no_part_of_a_number_or_word_for_an_identifier(tmp_path: Path) -> None:
    person = Dataset()
    person.PatientName, person.PatientID, person.PatientBirthDate = "Max^Li", "4711", "19510317"
    assert scan_of(b" 12.4711 147110 2.25.195103171 Maximum SUVmax lithium ", tmp_path, person) == {}
    assert scan_of(b" 4711 ", tmp_path, person) == {"patient identifier": 1}


def test_short_identifiers_are_counted_not_searched() -> None:
    person = Dataset()
    person.PatientName, person.PatientID = "Li^A", "7"
    assert find_identifiers(person).n_too_short >= 1
    assert "7" not in find_identifiers(person).texts
