"""ehr knows how records are written elsewhere (FHIR, OMOP, REDCap, tables) and reads them into declared rows."""

from lutrace.ehr import fhir_profile
from lutrace.ehr.fhir import read_fhir
from lutrace.ehr.fhir_server import BulkLevel, FhirQuery
from lutrace.ehr.fhir_server_fetch import fetch_fhir
from lutrace.ehr.mapping import TableMapping, parse_mapping, read_mapping
from lutrace.ehr.mapping_rows import rows_by_mapping
from lutrace.ehr.omop import OmopSettings, read_omop
from lutrace.ehr.omop_concepts import Codes as OmopCodes
from lutrace.ehr.omop_concepts import check_code as check_omop_code
from lutrace.ehr.records import Fault, Identity, Letter, RecordBatch
from lutrace.ehr.redcap import read_redcap
from lutrace.ehr.redcap_api import fetch_project
from lutrace.ehr.redcap_mapping import RedcapMapping
from lutrace.ehr.redcap_output import REDCAP_FORMS, make_redcap_project
from lutrace.ehr.redcap_project import Project, read_project
from lutrace.ehr.table_rows import read_mapped_rows, read_table_rows

__all__ = [
    "REDCAP_FORMS",
    "BulkLevel",
    "Fault",
    "FhirQuery",
    "Identity",
    "Letter",
    "OmopCodes",
    "OmopSettings",
    "Project",
    "RecordBatch",
    "RedcapMapping",
    "TableMapping",
    "check_omop_code",
    "fetch_fhir",
    "fetch_project",
    "fhir_profile",
    "make_redcap_project",
    "parse_mapping",
    "read_fhir",
    "read_mapped_rows",
    "read_mapping",
    "read_omop",
    "read_project",
    "read_redcap",
    "read_table_rows",
    "rows_by_mapping",
]
