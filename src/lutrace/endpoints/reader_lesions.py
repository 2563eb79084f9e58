"""Lesions that a reader saw on the CT of a scan and that software does not see: counted, and what of them is unknown.

For a SPECT they are the findings tied to its cycle, for a PET those of no cycle within the rule's window of days.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from lutrace.endpoints.basis import attach
from lutrace.endpoints.response_basis import ResponseBasis
from lutrace.tables import FINDING_UPTAKES, READER_FINDINGS, without
from lutrace.terms import sites

_KINDS = ("ct_read", "ct_only_lesion")


def read_findings(basis: ResponseBasis, scans: ir.Table, *, window_days: float) -> ir.Table:
    """One row per CT read and per lesion without uptake of each scan: `kind`, sizes, `site_name`, `suv_max`, `row`.

    `suv_max` is what software measured at the place, else what the report states. `site_name` is the site by its name
    in the vocabulary, empty for a site that it does not know.
    """
    found = basis.known(basis.facts.table(READER_FINDINGS), "date")
    found = found.filter(found.kind.isin(_KINDS))
    found = found.mutate(spelled=found.site.lower().strip())
    names = _site_names()
    found = found.left_join(names, found.spelled == names.known_as)
    found = found.select(
        "patient_id",
        "kind",
        "soft_tissue",
        "suv_max",
        "long_axis_mm",
        "short_axis_mm",
        "site_name",
        found_date="date",
        found_cycle="cycle",
        row="row_id",
    )
    measured = basis.facts.table(FINDING_UPTAKES).select("scan_id", row="finding_row_id", measured_suv_max="suv_max")
    joined = scans.select("patient_id", "scan_id", "purpose", "cycle", "scan_date").inner_join(found, "patient_id")
    days = joined.found_date.delta(joined.scan_date, unit="day").abs()
    own_cycle = (joined.purpose == "rlt_spect") & (joined.found_cycle == joined.cycle)
    own_day = (joined.purpose == "psma_pet") & joined.found_cycle.isnull() & (days <= window_days)
    joined = joined.filter((own_cycle | own_day).fill_null(False))
    joined = attach(joined, measured, ["scan_id", "row"])
    joined = joined.mutate(suv_max=ibis.coalesce(joined.measured_suv_max, joined.suv_max))
    return without(joined, "measured_suv_max")


def _site_names() -> ir.Table:
    rows = {
        spelling: site.name for site in sites() for spelling in (*site.names, site.name, site.name.replace("_", " "))
    }
    rows["node"] = "lymph_node"
    schema = pa.schema([("known_as", pa.string()), ("site_name", pa.string())])
    return ibis.memtable(
        pa.Table.from_pylist(
            [{"known_as": key, "site_name": name} for key, name in sorted(rows.items())], schema=schema
        )
    )
