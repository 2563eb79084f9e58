"""Where the numbers of a run come from."""

from __future__ import annotations

import datetime as dt
import importlib.metadata

import lutrace
from lutrace.protocol import Protocol
from lutrace.report import ReportMeta
from lutrace.tables import PATIENTS, Facts

_COMPUTING = ("duckdb", "ibis-framework", "numpy", "scipy", "statsmodels")
"""The programs beside lutrace whose versions can move a number."""


def describe_run(protocol: Protocol, facts: Facts, data_cut: dt.date | None) -> ReportMeta:
    """Digests, versions, the centre's name, and whether any patient is synthetic: then the whole report says so."""
    patients = facts.table(PATIENTS).select("site", "synthetic").distinct().to_pyarrow().to_pylist()
    sites = sorted({row["site"] for row in patients if row["site"] is not None})
    return ReportMeta(
        snapshot_digest=facts.digest,
        protocol_digest=protocol.digest,
        protocol_yaml=protocol.as_yaml(),
        data_cut=data_cut,
        lutrace_version=lutrace.__version__,
        synthetic=any(row["synthetic"] for row in patients),
        centre=", ".join(sites) or "centre not named in the site profile",
        versions={name: importlib.metadata.version(name) for name in _COMPUTING},
    )
