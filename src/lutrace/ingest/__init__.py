"""ingest knows the order of steps from scans and records to the registry, parallel and resumable."""

from lutrace.dicom import ArchiveQuery, Listening, Peer, TlsFiles, WebAddress
from lutrace.ehr import BulkLevel, FhirQuery, is_timeline_folder
from lutrace.ingest.answer_step import run_answers
from lutrace.ingest.assert_step import AssertResult, run_assert
from lutrace.ingest.cbioportal_step import run_add_timeline, run_export_cbioportal
from lutrace.ingest.deidentify_step import DeidentifyOptions, DeidentifyResult, run_deidentify
from lutrace.ingest.export_fhir import run_export_fhir
from lutrace.ingest.export_omop import run_export_omop
from lutrace.ingest.export_step import ExportResult, run_export_csv, run_export_seg
from lutrace.ingest.extract_step import ExtractResult, run_extract
from lutrace.ingest.fhir_server_step import ServerAccess, read_access, run_add_fhir_server
from lutrace.ingest.lesions_step import LesionInputs, LesionsStepResult, run_lesions
from lutrace.ingest.letter_model import ProposeResult, run_propose
from lutrace.ingest.letter_queue import ReviewResult, run_queue, run_reviewed
from lutrace.ingest.mapping_step import run_add_table, run_propose_mapping
from lutrace.ingest.masks_step import run_add_masks
from lutrace.ingest.measure_step import DEFAULT_PLANS, MeasureResult, run_measure
from lutrace.ingest.notes_step import run_add_notes, run_read_again
from lutrace.ingest.omop_step import run_add_omop
from lutrace.ingest.pacs_step import (
    PacsSource,
    PullResult,
    ReceiveResult,
    read_patient_ids,
    read_token,
    run_find,
    run_pull,
    run_receive,
)
from lutrace.ingest.profile import SiteProfile, parse_profile, profile_template
from lutrace.ingest.records_step import run_add_fhir
from lutrace.ingest.redcap_step import RedcapSource, run_add_redcap, run_export_redcap, run_propose_redcap
from lutrace.ingest.registry_steps import is_open, run_check, run_init, run_merges, run_upgrade
from lutrace.ingest.results import AddResult
from lutrace.ingest.roi_step import RoiStepResult, run_roi
from lutrace.ingest.scans_step import run_add_dicom
from lutrace.ingest.suv_step import Quantified, SuvStepResult, quantify_image, quantify_volume, run_suv
from lutrace.ingest.track_step import TrackInputs, TrackStepResult, run_track

__all__ = [
    "DEFAULT_PLANS",
    "AddResult",
    "ArchiveQuery",
    "AssertResult",
    "BulkLevel",
    "DeidentifyOptions",
    "DeidentifyResult",
    "ExportResult",
    "ExtractResult",
    "FhirQuery",
    "LesionInputs",
    "LesionsStepResult",
    "Listening",
    "MeasureResult",
    "PacsSource",
    "Peer",
    "ProposeResult",
    "PullResult",
    "Quantified",
    "ReceiveResult",
    "RedcapSource",
    "ReviewResult",
    "RoiStepResult",
    "ServerAccess",
    "SiteProfile",
    "SuvStepResult",
    "TlsFiles",
    "TrackInputs",
    "TrackStepResult",
    "WebAddress",
    "is_open",
    "is_timeline_folder",
    "parse_profile",
    "profile_template",
    "quantify_image",
    "quantify_volume",
    "read_access",
    "read_patient_ids",
    "read_token",
    "run_add_dicom",
    "run_add_fhir",
    "run_add_fhir_server",
    "run_add_masks",
    "run_add_notes",
    "run_add_omop",
    "run_add_redcap",
    "run_add_table",
    "run_add_timeline",
    "run_answers",
    "run_assert",
    "run_check",
    "run_deidentify",
    "run_export_cbioportal",
    "run_export_csv",
    "run_export_fhir",
    "run_export_omop",
    "run_export_redcap",
    "run_export_seg",
    "run_extract",
    "run_find",
    "run_init",
    "run_lesions",
    "run_measure",
    "run_merges",
    "run_propose",
    "run_propose_mapping",
    "run_propose_redcap",
    "run_pull",
    "run_queue",
    "run_read_again",
    "run_receive",
    "run_reviewed",
    "run_roi",
    "run_suv",
    "run_track",
    "run_upgrade",
]
