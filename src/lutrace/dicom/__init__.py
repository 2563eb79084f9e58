"""dicom knows the standard's objects: PET, NM, CT, SEG and RTSTRUCT read into Volume and Mask, and written."""

from lutrace.dicom.archive import Archive, ArchiveQuery, FoundSeries, Keeper
from lutrace.dicom.choice import Candidate, Choice, choose_series
from lutrace.dicom.choice_facts import candidate_of
from lutrace.dicom.deface import Defacing, FaceLoss
from lutrace.dicom.deidentify import Replacements, method_of
from lutrace.dicom.deidentify_private import SAFE_PRIVATE
from lutrace.dicom.deidentify_series import DeidentifiedSeries, LeftOut, WrittenFile, deidentify_files, leave_out
from lutrace.dicom.deidentify_table import EDITION
from lutrace.dicom.deidentify_text import Identifiers, find_identifiers, identifiers_of_person
from lutrace.dicom.drawn_regions import Algorithm, DrawnRegion, FlatRegion
from lutrace.dicom.headers import parse_radionuclide
from lutrace.dicom.identifier_scan import IdentifierScan
from lutrace.dicom.images import ReadAudit, SeriesImage
from lutrace.dicom.inbox import Inbox
from lutrace.dicom.index import FileFault, FolderIndex, PatientIdentity, SeriesFiles, index_folder
from lutrace.dicom.index_parts import index_in_parts
from lutrace.dicom.instance import Instance
from lutrace.dicom.masks import MaskReader, begin_masks, read_masks
from lutrace.dicom.network import DimseArchive, Peer, TlsFiles, check_connection
from lutrace.dicom.own_grid import read_own_masks
from lutrace.dicom.receiver import Listening, Receiver
from lutrace.dicom.series import is_activity_series, is_image_series, read_series, read_suv
from lutrace.dicom.spatial_registration import FrameMotion, read_frame_motions
from lutrace.dicom.tracking_uids import Tracking, make_tracking
from lutrace.dicom.web import WebAddress, WebArchive
from lutrace.dicom.write_common import SeriesHeader, Tracer, make_uid
from lutrace.dicom.write_ct import write_ct_series
from lutrace.dicom.write_nm import NmTiming, write_nm_series
from lutrace.dicom.write_pet import PetTiming, write_pet_series
from lutrace.dicom.write_rtstruct import write_rtstruct
from lutrace.dicom.write_rwvm import write_rwvm
from lutrace.dicom.write_seg import write_seg
from lutrace.dicom.write_sr import MeasuredRegion, OwnNumber, ReportedObjects, name_total_uptake, write_sr

__all__ = [
    "EDITION",
    "SAFE_PRIVATE",
    "Algorithm",
    "Archive",
    "ArchiveQuery",
    "Candidate",
    "Choice",
    "Defacing",
    "DeidentifiedSeries",
    "DimseArchive",
    "DrawnRegion",
    "FaceLoss",
    "FileFault",
    "FlatRegion",
    "FolderIndex",
    "FoundSeries",
    "FrameMotion",
    "IdentifierScan",
    "Identifiers",
    "Inbox",
    "Instance",
    "Keeper",
    "LeftOut",
    "Listening",
    "MaskReader",
    "MeasuredRegion",
    "NmTiming",
    "OwnNumber",
    "PatientIdentity",
    "Peer",
    "PetTiming",
    "ReadAudit",
    "Receiver",
    "Replacements",
    "ReportedObjects",
    "SeriesFiles",
    "SeriesHeader",
    "SeriesImage",
    "TlsFiles",
    "Tracer",
    "Tracking",
    "WebAddress",
    "WebArchive",
    "WrittenFile",
    "begin_masks",
    "candidate_of",
    "check_connection",
    "choose_series",
    "deidentify_files",
    "find_identifiers",
    "identifiers_of_person",
    "index_folder",
    "index_in_parts",
    "is_activity_series",
    "is_image_series",
    "leave_out",
    "make_tracking",
    "make_uid",
    "method_of",
    "name_total_uptake",
    "parse_radionuclide",
    "read_frame_motions",
    "read_masks",
    "read_own_masks",
    "read_series",
    "read_suv",
    "write_ct_series",
    "write_nm_series",
    "write_pet_series",
    "write_rtstruct",
    "write_rwvm",
    "write_seg",
    "write_sr",
]
