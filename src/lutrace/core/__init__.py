"""core knows errors, units, dates, declared columns, provenance and digests: what every room speaks."""

from lutrace.core.columns import Column, Disclosure, Table, Type
from lutrace.core.dates import DAYS_PER_MONTH, PartialDate, Precision, parse_partial_date
from lutrace.core.digests import canonical_json, digest_of, digest_of_bytes, digest_of_file, short
from lutrace.core.document_faults import suggest
from lutrace.core.documents import FrozenModel, format_yaml, parse_document, parse_yaml, read_document
from lutrace.core.errors import (
    ContradictionError,
    DisclosureError,
    EstimationError,
    LutraceError,
    MissingFactError,
    ProtocolError,
    RegistryBusyError,
    TableError,
    UnsupportedError,
    UnusableInputError,
)
from lutrace.core.processes import spawn_workers
from lutrace.core.progress import Progress, silent
from lutrace.core.quantities import (
    AfterValidator,
    BeforeValidator,
    Days,
    Field,
    Hours,
    Millilitres,
    NanogramsPerMl,
    Percent,
    PositiveFloat,
    field_validator,
)
from lutrace.core.result_folder import check_result_folder, replaced_folder
from lutrace.core.source import Source
from lutrace.core.tabular import (
    Row,
    check_is_other_file,
    check_is_table_file,
    has_decimal_comma,
    read_numbered_rows,
    read_rows,
    with_decimal_points,
    write_rows,
)
from lutrace.core.units import convert, parse_quantity

__all__ = [
    "DAYS_PER_MONTH",
    "AfterValidator",
    "BeforeValidator",
    "Column",
    "ContradictionError",
    "Days",
    "Disclosure",
    "DisclosureError",
    "EstimationError",
    "Field",
    "FrozenModel",
    "Hours",
    "LutraceError",
    "Millilitres",
    "MissingFactError",
    "NanogramsPerMl",
    "PartialDate",
    "Percent",
    "PositiveFloat",
    "Precision",
    "Progress",
    "ProtocolError",
    "RegistryBusyError",
    "Row",
    "Source",
    "Table",
    "TableError",
    "Type",
    "UnsupportedError",
    "UnusableInputError",
    "canonical_json",
    "check_is_other_file",
    "check_is_table_file",
    "check_result_folder",
    "convert",
    "digest_of",
    "digest_of_bytes",
    "digest_of_file",
    "field_validator",
    "format_yaml",
    "has_decimal_comma",
    "parse_document",
    "parse_partial_date",
    "parse_quantity",
    "parse_yaml",
    "read_document",
    "read_numbered_rows",
    "read_rows",
    "replaced_folder",
    "short",
    "silent",
    "spawn_workers",
    "suggest",
    "with_decimal_points",
    "write_rows",
]
