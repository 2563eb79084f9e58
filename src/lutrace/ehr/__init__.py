"""ehr knows how records are written elsewhere (FHIR, OMOP, REDCap, tables) and reads them into declared rows."""

from lutrace.ehr import fhir_profile
from lutrace.ehr.fhir import read_fhir
from lutrace.ehr.fhir_server import BulkLevel, FhirQuery
from lutrace.ehr.fhir_server_fetch import fetch_fhir
from lutrace.ehr.mapping import TableMapping, parse_mapping, read_mapping
from lutrace.ehr.mapping_rows import rows_by_mapping
from lutrace.ehr.records import Fault, Identity, Letter, RecordBatch
from lutrace.ehr.table_rows import read_mapped_rows, read_table_rows

__all__ = [
    "BulkLevel",
    "Fault",
    "FhirQuery",
    "Identity",
    "Letter",
    "RecordBatch",
    "TableMapping",
    "fetch_fhir",
    "fhir_profile",
    "parse_mapping",
    "read_fhir",
    "read_mapped_rows",
    "read_mapping",
    "read_table_rows",
    "rows_by_mapping",
]
