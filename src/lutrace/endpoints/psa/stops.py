"""Where a PSA series ends: death, or another systemic therapy, after which values may not count."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach
from lutrace.endpoints.psa.progression import find_psa_progression
from lutrace.endpoints.psa.series import first_cycles, psa_and_baseline
from lutrace.endpoints.vital_status import vital_status
from lutrace.protocol import Pfs, PsaPfs
from lutrace.tables import TREATMENTS, without

SYSTEMIC = ("taxane", "arpi", "parp", "ra223", "platinum", "immune", "rlt", "trial")
"""Classes of treatment that count as a new systemic therapy."""


def new_therapies(basis: Basis) -> ir.Table:
    """`patient_id stop_date`: the first day after the first cycle on which another systemic therapy began."""
    given = basis.known(basis.facts.table(TREATMENTS), "begin_date")
    given = given.filter(given.agent_class.isin(list(SYSTEMIC))).inner_join(first_cycles(basis), "patient_id")
    after = given.filter(given.begin_date > given.c1_date)
    return after.group_by("patient_id").aggregate(stop_date=after.begin_date.min())


def judged_series(basis: Basis, outcome: PsaPfs | Pfs) -> tuple[ir.Table, ir.Table, ir.Table]:
    """The PSA series that the outcome judges, the baseline, and the progressions of `find_psa_progression`.

    With `after_new_therapy: censors` values later than the day on which another therapy began are not seen, neither as
    a rise nor as what confirms one. `event_at_stop` looks at that day and at the day of death.
    """
    clocked, baseline = psa_and_baseline(basis)
    if outcome.after_new_therapy == "censors":
        joined = attach(clocked, new_therapies(basis), ["patient_id"])
        seen = joined.filter(joined.stop_date.isnull() | (joined.psa_date <= joined.stop_date))
        clocked = without(seen, "stop_date")
    asked = outcome.progression.unconfirmed == "event_at_stop"
    found = find_psa_progression(clocked, baseline, outcome.progression, _stop_days(basis) if asked else None)
    return clocked, baseline, found


def _stop_days(basis: Basis) -> ir.Table:
    """`patient_id stop_day`: the later of death and the begin of another therapy, from the first cycle."""
    rows = first_cycles(basis)
    for other in (new_therapies(basis), vital_status(basis)):
        rows = attach(rows, other, ["patient_id"])
    died = ibis.cases((rows.died.fill_null(False), rows.status_date))
    stop = ibis.greatest(ibis.coalesce(died, rows.stop_date), ibis.coalesce(rows.stop_date, died))
    return rows.select("patient_id", stop_day=stop.delta(rows.c1_date, unit="day"))
