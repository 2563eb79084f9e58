"""What the codes of dispositions mean, as expressions."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from lutrace.endpoints.basis import attach
from lutrace.tables import without
from lutrace.terms import DispositionSystem, disposition_systems

OWN = "lutrace"
"""The system of this program's own words."""


def with_meaning(rows: ir.Table) -> ir.Table:
    """The rows with `meaning`, from `code_system` and `code`; empty for an unknown or refused code."""
    written = rows.code.strip().upper()
    short = [
        (rows.code_system == one.name, written.substr(0, one.digits)) for one in disposition_systems() if one.digits
    ]
    rows = rows.mutate(written=ibis.cases(*short, else_=written))
    known = [
        {"code_system": system.name, "written": code.upper(), "meaning": meaning}
        for system in disposition_systems()
        for meaning, codes in system.codes.items()
        for code in codes
    ]
    schema = pa.schema([(name, pa.string()) for name in ("code_system", "written", "meaning")])
    meanings = ibis.memtable(pa.Table.from_pylist(known, schema=schema))
    return without(attach(rows, meanings, ["code_system", "written"]), "written")


def mean_own_word(word: ir.StringValue) -> Any:
    """The meaning of a word of the program's own vocabulary (stop reasons of treatments and letters)."""
    own: DispositionSystem = next(one for one in disposition_systems() if one.name == OWN)
    return ibis.cases(*((word.isin(list(codes)), meaning) for meaning, codes in own.codes.items()))
