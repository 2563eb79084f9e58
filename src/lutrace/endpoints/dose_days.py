"""The day of each dose of radioligand therapy, as values of a study."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, finish
from lutrace.protocol import DOSE
from lutrace.tables import CYCLES


def derive_dose_days(basis: Basis) -> ir.Table:
    """`dose_1`, `dose_2`, ... as rows of ENDPOINT_VALUES, each dated at the day of that dose; none for one not given.

    Doses are counted by their days: two rows of one day are one dose.
    """
    given = basis.known(basis.facts.table(CYCLES), "administered_date")
    days = given.group_by(["patient_id", "administered_date"]).aggregate(source_row=given.row_id.min())
    order = ibis.window(group_by="patient_id", order_by="administered_date")
    days = days.mutate(number=(ibis.row_number().over(order) + 1).cast("int64"))
    days = days.select("patient_id", "number", "source_row", date="administered_date")
    rows = basis.time_zero().select("patient_id", "population", "index_date").inner_join(days, "patient_id")
    rows = rows.mutate(value=rows.number.cast("float64"), source_table=ibis.literal(CYCLES.name))
    finished = finish(rows, endpoint="dose", rule="day of that dose, doses counted by their days", unit="doses")
    return finished.mutate(endpoint=ibis.literal(DOSE) + finished.value.cast("int64").cast("string"))
