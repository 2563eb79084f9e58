"""dicom knows the standard's objects: PET, NM, CT, SEG and RTSTRUCT read into Volume and Mask, and written."""

from lutrace.dicom.headers import parse_radionuclide
from lutrace.dicom.images import ReadAudit, SeriesImage
from lutrace.dicom.index import FileFault, FolderIndex, PatientIdentity, SeriesFiles, index_folder
from lutrace.dicom.instance import Instance
from lutrace.dicom.masks import read_masks
from lutrace.dicom.series import is_image_series, read_series
from lutrace.dicom.write_seg import write_seg

__all__ = [
    "FileFault",
    "FolderIndex",
    "Instance",
    "PatientIdentity",
    "ReadAudit",
    "SeriesFiles",
    "SeriesImage",
    "index_folder",
    "is_image_series",
    "parse_radionuclide",
    "read_masks",
    "read_series",
    "write_seg",
]
