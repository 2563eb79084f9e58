"""ehr knows how records are written elsewhere (FHIR, OMOP, REDCap, tables) and reads them into declared rows."""

from lutrace.ehr import fhir_profile
from lutrace.ehr.fhir import read_fhir
from lutrace.ehr.records import Fault, Identity, Letter, RecordBatch
from lutrace.ehr.table_rows import read_table_rows

__all__ = ["Fault", "Identity", "Letter", "RecordBatch", "fhir_profile", "read_fhir", "read_table_rows"]
