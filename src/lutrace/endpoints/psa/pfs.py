"""PSA progression-free survival from a landmark: PSA progression or death, whichever is first."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, finish, ranked_first
from lutrace.endpoints.psa.progression import describe_rule, without_percentage
from lutrace.endpoints.psa.stops import judged_series, new_therapies
from lutrace.endpoints.vital_status import vital_status
from lutrace.protocol import PsaPfs


def derive_psa_pfs(basis: Basis, outcome: PsaPfs) -> ir.Table:
    """Days from the landmark to PSA progression or death; else censored at the last PSA value (or last contact).

    PSA baseline, nadir and gates count from the first cycle. An event on or before the landmark makes a patient not
    evaluable; so does a missing PSA baseline. Without a PSA value after the landmark, follow-up has no length.
    """
    rows = _gather(basis, outcome)
    progressed = rows.progression_date.notnull()
    died = rows.died.fill_null(False) & (rows.status_date < rows.progression_date).fill_null(True)
    if outcome.after_new_therapy == "censors":
        died = died & (rows.stop_date.isnull() | (rows.status_date <= rows.stop_date))
    rows = rows.mutate(by_death=died, by_psa=progressed & ~died)
    rows = rows.mutate(
        date=ibis.cases(
            (rows.by_death, rows.status_date), (rows.by_psa, rows.progression_date), else_=rows.censor_date
        ),
        has_event=rows.by_death | rows.by_psa,
    )
    return finish(_evaluated(rows, outcome), endpoint=outcome.name, rule="")


def _gather(basis: Basis, outcome: PsaPfs) -> ir.Table:
    rows = basis.time_zero()
    clocked, baseline, found = judged_series(basis, outcome)
    for other in (baseline, found, vital_status(basis), new_therapies(basis)):
        rows = attach(rows, other, ["patient_id"])
    last = ranked_first(clocked, ["patient_id"], [ibis.desc("psa_date"), "psa_row"])
    rows = attach(rows, last.select("patient_id", last_psa_date="psa_date", last_psa_row="psa_row"), ["patient_id"])
    seen = (rows.last_psa_date >= rows.index_date).fill_null(False)
    if outcome.censor_at == "last_contact":
        until = rows.status_date
        if outcome.after_new_therapy == "censors":
            until = ibis.least(until, ibis.coalesce(rows.stop_date, until))
        return rows.mutate(censor_date=until, censor_table=rows.status_table, censor_row=rows.status_row)
    return rows.mutate(
        censor_date=ibis.cases((seen, rows.last_psa_date), else_=rows.index_date),
        censor_table=ibis.cases((seen, "labs"), else_="scans"),
        censor_row=ibis.cases((seen, rows.last_psa_row), else_=rows.index_row),
    )


def _evaluated(rows: ir.Table, outcome: PsaPfs) -> ir.Table:
    words = describe_rule(outcome.progression)
    reason = ibis.cases(
        (rows.baseline.isnull(), "no PSA baseline"),
        (rows.has_event & (rows.date <= rows.index_date), "event on or before the landmark"),
        (rows.date < rows.index_date, "follow-up ends before the landmark"),
    )
    return rows.mutate(
        reason=reason,
        event=ibis.cases((reason.isnull(), rows.has_event)),
        category=ibis.cases(
            (reason.notnull(), "left_out"),
            (rows.by_death, "death"),
            (rows.by_psa, "psa_progression"),
            else_="censored",
        ),
        source_table=ibis.cases((rows.by_death, rows.status_table), (rows.by_psa, "labs"), else_=rows.censor_table),
        source_row=ibis.cases(
            (rows.by_death, rows.status_row), (rows.by_psa, rows.progression_row), else_=rows.censor_row
        ),
        rule=ibis.cases(
            (rows.by_death, "death of any cause"),
            (rows.by_psa & (rows.baseline <= 0), f"{words}; {without_percentage(outcome.progression)}"),
            (rows.by_psa, words),
            else_="no event: censored at the last value that could show one",
        ),
    )
