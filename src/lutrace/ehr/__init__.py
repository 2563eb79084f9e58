"""ehr knows how records are written elsewhere (FHIR, OMOP, REDCap, tables) and reads them into declared rows."""

from lutrace.ehr import fhir_profile
from lutrace.ehr.cbioportal_study import TABLES as CBIOPORTAL_TABLES
from lutrace.ehr.cbioportal_study import find_days_zero, make_cbioportal_study
from lutrace.ehr.cbioportal_timeline import is_timeline_folder, read_timeline, read_timeline_patients
from lutrace.ehr.fhir import read_fhir
from lutrace.ehr.fhir_server import BulkLevel, FhirQuery
from lutrace.ehr.fhir_server_fetch import fetch_fhir
from lutrace.ehr.fhir_write import make_fhir
from lutrace.ehr.fhir_write_check import find_changes
from lutrace.ehr.fhir_writing import WRITTEN_TYPES
from lutrace.ehr.mapping import TableMapping, parse_mapping, read_mapping, tell_key
from lutrace.ehr.mapping_proposal import count_open, propose_mapping
from lutrace.ehr.mapping_rows import rows_by_mapping
from lutrace.ehr.omop import OmopSettings, read_omop
from lutrace.ehr.omop_concepts import Codes as OmopCodes
from lutrace.ehr.omop_concepts import check_code as check_omop_code
from lutrace.ehr.omop_tables import SYNTHETIC, WRITTEN_TABLES
from lutrace.ehr.omop_write import CARRIED_TABLES, fill_cdm
from lutrace.ehr.omop_writing import Cdm, add_periods, add_source
from lutrace.ehr.omop_writing import Form as OmopForm
from lutrace.ehr.records import Fault, Identity, Letter, RecordBatch
from lutrace.ehr.redcap import read_redcap
from lutrace.ehr.redcap_api import fetch_project
from lutrace.ehr.redcap_mapping import RedcapMapping
from lutrace.ehr.redcap_output import REDCAP_FORMS, REDCAP_HEADINGS, make_redcap_project
from lutrace.ehr.redcap_project import Project, read_project
from lutrace.ehr.redcap_proposal import propose_redcap_mapping
from lutrace.ehr.table_rows import read_mapped_rows, read_table_rows

__all__ = [
    "CARRIED_TABLES",
    "CBIOPORTAL_TABLES",
    "REDCAP_FORMS",
    "REDCAP_HEADINGS",
    "SYNTHETIC",
    "WRITTEN_TABLES",
    "WRITTEN_TYPES",
    "BulkLevel",
    "Cdm",
    "Fault",
    "FhirQuery",
    "Identity",
    "Letter",
    "OmopCodes",
    "OmopForm",
    "OmopSettings",
    "Project",
    "RecordBatch",
    "RedcapMapping",
    "TableMapping",
    "add_periods",
    "add_source",
    "check_omop_code",
    "count_open",
    "fetch_fhir",
    "fetch_project",
    "fhir_profile",
    "fill_cdm",
    "find_changes",
    "find_days_zero",
    "is_timeline_folder",
    "make_cbioportal_study",
    "make_fhir",
    "make_redcap_project",
    "parse_mapping",
    "propose_mapping",
    "propose_redcap_mapping",
    "read_fhir",
    "read_mapped_rows",
    "read_mapping",
    "read_omop",
    "read_project",
    "read_redcap",
    "read_table_rows",
    "read_timeline",
    "read_timeline_patients",
    "rows_by_mapping",
    "tell_key",
]
