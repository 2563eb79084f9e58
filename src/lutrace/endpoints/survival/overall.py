"""Overall survival from a landmark."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, finish
from lutrace.endpoints.vital_status import vital_status
from lutrace.protocol import OverallSurvival


def derive_overall_survival(basis: Basis, outcome: OverallSurvival) -> ir.Table:
    """Days from the landmark to death of any cause, or to the day on which the living are censored.

    A patient whose follow-up ends before the landmark, or who died on or before it, is not evaluable. A hospice ends
    no follow-up.
    """
    known = vital_status(basis, outcome.death_dates, censor_at=outcome.censor_at)
    rows = attach(basis.time_zero(), known, ["patient_id"])
    early = rows.status_date < rows.index_date
    dead_early = rows.died & (rows.status_date <= rows.index_date)
    reason = ibis.cases(
        (rows.status_date.isnull(), "no sign of life"),
        (dead_early, "event on or before the landmark"),
        (early, "follow-up ends before the landmark"),
    )
    rows = rows.mutate(
        reason=reason,
        date=rows.status_date,
        event=ibis.cases((reason.isnull(), rows.died)),
        category=ibis.cases((reason.notnull(), "left_out"), (rows.died, "death"), else_="censored"),
        source_table=rows.status_table,
        source_row=rows.status_row,
        rule=rows.status_rule,
    )
    return finish(rows, endpoint=outcome.name, rule="")
