"""Where a PSA series ends: death, or another systemic therapy, after which values may not count."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach
from lutrace.endpoints.psa.progression import find_psa_progression
from lutrace.endpoints.psa.series import first_cycles, psa_and_baseline
from lutrace.endpoints.vital_status import vital_status
from lutrace.protocol import Pfs, PsaPfs, PsaRules
from lutrace.tables import TREATMENTS, without

SYSTEMIC = ("taxane", "arpi", "parp", "ra223", "platinum", "immune", "rlt", "trial")
"""Classes of treatment that count as a new systemic therapy."""


def new_therapies(basis: Basis) -> ir.Table:
    """`patient_id stop_date`: the first day after the first cycle on which another systemic therapy began."""
    return basis.keep("new_therapies", lambda: _find_new_therapies(basis))


def _find_new_therapies(basis: Basis) -> ir.Table:
    given = basis.known(basis.facts.table(TREATMENTS), "begin_date")
    given = given.filter(given.agent_class.isin(list(SYSTEMIC))).inner_join(first_cycles(basis), "patient_id")
    after = given.filter(given.begin_date > given.c1_date)
    return after.group_by("patient_id").aggregate(stop_date=after.begin_date.min())


def judged_series(
    basis: Basis, outcome: PsaPfs | Pfs, psa: PsaRules | None = None
) -> tuple[ir.Table, ir.Table, ir.Table]:
    """The PSA series that the outcome judges, the baseline, and the progressions of `find_psa_progression`.

    The series and the baseline are by the protocol's rules, or by those of `psa`.
    With `after_new_therapy: censors` values later than the day on which another therapy began are not seen, neither as
    a rise nor as what confirms one. `event_at_stop` looks at that day and at the day of death.
    """
    psa = psa or basis.protocol.psa
    clocked, baseline = psa_and_baseline(basis, psa)
    if outcome.after_new_therapy == "censors":
        joined = attach(clocked, new_therapies(basis), ["patient_id"])
        seen = joined.filter(joined.stop_date.isnull() | (joined.psa_date <= joined.stop_date))
        clocked = without(seen, "stop_date")
    rule = outcome.progression
    stops = _stop_days(basis) if rule.unconfirmed == "event_at_stop" else None
    key = ("psa_progression", psa.values, psa.baseline, rule, outcome.after_new_therapy)
    return clocked, baseline, basis.keep(key, lambda: find_psa_progression(clocked, baseline, rule, stops))


def _stop_days(basis: Basis) -> ir.Table:
    """`patient_id stop_day`: the later of death and the begin of another therapy, from the first cycle."""
    rows = first_cycles(basis)
    for other in (new_therapies(basis), vital_status(basis)):
        rows = attach(rows, other, ["patient_id"])
    died = ibis.cases((rows.died.fill_null(False), rows.status_date))
    stop = ibis.greatest(ibis.coalesce(died, rows.stop_date), ibis.coalesce(rows.stop_date, died))
    return rows.select("patient_id", stop_day=stop.delta(rows.c1_date, unit="day"))
