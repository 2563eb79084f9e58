"""Objects with identifiers planted wherever a header can hold them. All invented."""

from __future__ import annotations

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid
from tests.dicom.build import code, private

NAME = "Musterfrau^Änne-Zoë"
WORDS = ("Musterfrau", "Änne-Zoë", "Kinderling", "Vornholt", "Quasthoff", "MRN990017", "ACC77441", "19510317")
WORDS += ("17.03.1951", "Klinikum Nirgendheim", "Nirgendweg 5", "0171 5550123", "STATION-Q7", "SER99X1")
UIDS = {name: generate_uid() for name in ("study", "tracking", "instance")}


def plant(dataset: FileDataset, number: int = 0) -> FileDataset:
    """Put a person into a dataset: plain elements, names of several values, sequences, UN, private and odd groups."""
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = NAME, "MRN990017", "19510317"
    dataset.PatientAge, dataset.IssuerOfPatientID = "072Y", "Klinikum Nirgendheim"
    dataset.OtherPatientNames = ["Kinderling^Änne", "Musterfrau^A"]
    dataset.PatientAddress, dataset.PatientTelephoneNumbers = "Nirgendweg 5", "0171 5550123"
    dataset.AccessionNumber, dataset.InstitutionName = "ACC77441", "Klinikum Nirgendheim"
    dataset.ReferringPhysicianName = "Vornholt^Jo"
    dataset.OperatorsName = ["Quasthoff^Pia", "Vornholt^Jo"]
    dataset.StationName, dataset.DeviceSerialNumber = "STATION-Q7", "SER99X1"
    dataset.StudyInstanceUID = UIDS["study"]
    dataset.StudyDate, dataset.StudyTime = "20230517", "104500"
    dataset.SeriesDescription = "PET WB AC Musterfrau 17.03.1951"
    dataset.StudyDescription = "Frau Musterfrau PSMA PET/CT Thorax"
    dataset.ProtocolName = "Quasthoffs Protokoll 60 min"
    dataset.ImageComments = "Bitte Dr. Vornholt anrufen, 0171 5550123"
    dataset.SoftwareVersions = "VG70 MRN990017"
    request = Dataset()
    request.AccessionNumber, request.RequestedProcedureDescription = "ACC77441", "PET Musterfrau"
    inner = Dataset()
    inner.PersonName, inner.InstitutionName = NAME, "Klinikum Nirgendheim"
    other = Dataset()
    other.PatientID = "MRN990017"
    dataset.OtherPatientIDsSequence = Sequence([other])
    anatomy = code("123037004", "SCT", "Body of Musterfrau")
    anatomy.AnatomicRegionModifierSequence = Sequence([inner])
    dataset.AnatomicRegionSequence = Sequence([anatomy])
    dataset.RequestAttributesSequence = Sequence([request])
    dataset.add(DataElement(0x00101040, "UN", b"Nirgendweg 5"))
    dataset.add(DataElement(0x00080080, "UN", b"Klinikum Nirgendheim"))
    private(dataset, 0x0011, "FOREIGN", {0x01: ("LO", NAME), 0x02: ("SQ", Sequence([other]))})
    private(dataset, 0x0009, "GEMS_PETD_01", {0x0D: ("DT", "20230517110000"), 0x01: ("LO", "MRN990017")}, others=1)
    dataset.add(DataElement(0x60000010, "US", 4))
    dataset.add(DataElement(0x60003000, "OW", b"MRN990017 "))
    dataset.add(DataElement(0x60004000, "LT", "Musterfrau"))
    dataset.add(DataElement(0x50000005, "US", 1))
    dataset.add(DataElement(0x50003000, "OW", b"MRN990017 "))
    icon = Dataset()
    icon.Rows = icon.Columns = 2
    icon.PixelData = b"MRN990017 "
    icon["PixelData"].VR = "OB"
    dataset.IconImageSequence = Sequence([icon])
    dataset.file_meta.SourceApplicationEntityTitle = "MRN990017"
    dataset.preamble = b"MRN990017".ljust(128, b"\0")
    dataset.InstanceNumber = number + 1
    return dataset
