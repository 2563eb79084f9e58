"""The derivations are one expression for every backend: here they are only translated, not run."""

from __future__ import annotations

import datetime as dt

import ibis
import ibis.expr.types as ir
import pytest

from lutrace.core import Table, Type
from lutrace.endpoints import Basis, derived_names, express_values
from lutrace.protocol import Protocol

_KINDS = {
    Type.TEXT: "string",
    Type.JSON: "string",
    Type.INT: "int64",
    Type.FLOAT: "float64",
    Type.BOOL: "boolean",
    Type.DATE: "date",
    Type.DATETIME: "timestamp",
}


class Unbound:
    """Fact tables without a backend."""

    digest = ""

    def table(self, declared: Table) -> ir.Table:
        return ibis.table({column.name: _KINDS[column.type] for column in declared.columns}, name=declared.name)


@pytest.mark.parametrize("dialect", ["postgres", "databricks"])
@pytest.mark.parametrize("endpoint", ["psa_change_pct", "psa50", "psa_pfs", "os", "ttv_ml", "new_lesions", "ecog"])
def test_each_derivation_is_translated_for_other_backends(dialect: str, endpoint: str, protocol: Protocol) -> None:
    basis = Basis(Unbound(), protocol, [], [], dt.date(2024, 1, 1))
    assert endpoint in derived_names(protocol)
    assert "SELECT" in str(ibis.to_sql(express_values(basis, endpoint), dialect=dialect))
