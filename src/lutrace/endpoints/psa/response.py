"""PSA50 and PSA90: the best decline at any time after the first cycle, confirmed or not."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, finish, ranked_first
from lutrace.endpoints.psa.series import psa_and_baseline


def best_response(clocked: ir.Table, baseline: ir.Table, *, percent: float, gap_days: float) -> ir.Table:
    """One row per patient with a baseline and a later value: the first value that fell by `percent`, else the lowest.

    Columns: `patient_id best_psa best_date best_row baseline responded confirmed response_day`. Confirmed: a second
    value at least `gap_days` after one that fell enough has fallen enough too.
    """
    after = clocked.filter(clocked.day > 0).inner_join(baseline, "patient_id")
    after = after.select("patient_id", "psa_date", "psa", "psa_row", "day", "baseline")
    after = after.mutate(fell=(after.psa <= after.baseline * (1 - percent / 100) + 1e-9) & (after.baseline > 0))
    lowest = ranked_first(after, ["patient_id"], ["psa", "day", "psa_row"])
    lowest = lowest.select(
        "patient_id", "baseline", best_psa="psa", best_date="psa_date", best_row="psa_row", best_day="day"
    )
    falls = after.filter(after.fell)
    days = falls.group_by("patient_id").aggregate(response_day=falls.day.min(), last_day=falls.day.max())
    first = ranked_first(falls, ["patient_id"], ["day", "psa_row"])
    first = first.select("patient_id", first_date="psa_date", first_row="psa_row")
    rows = attach(attach(lowest, days, ["patient_id"]), first, ["patient_id"])
    return rows.mutate(
        responded=rows.response_day.notnull(),
        confirmed=(rows.last_day - rows.response_day >= gap_days).fill_null(False),
    )


def derive_psa_response(basis: Basis) -> ir.Table:
    """`psa30`, `psa50`, `psa80`, `psa90` (1 for a response, 0 for none) and `psa_best_change_pct` (%).

    The category of a response is confirmed, unconfirmed or none.
    Source: PCWG3; response at any time after the first cycle, also before the landmark.
    """
    gap = basis.protocol.psa.response_confirmation
    clocked, baseline = psa_and_baseline(basis)
    tables = [_response(basis, clocked, baseline, percent, gap) for percent in (30.0, 50.0, 80.0, 90.0)]
    rows = attach(basis.time_zero(), best_response(clocked, baseline, percent=50.0, gap_days=gap), ["patient_id"])
    rows = rows.mutate(
        date=rows.best_date,
        value=ibis.cases((rows.baseline > 0, 100 * (rows.best_psa - rows.baseline) / rows.baseline)),
        source_table=ibis.cases((rows.best_row.notnull(), "labs")),
        source_row=rows.best_row,
        reason=ibis.cases((rows.best_row.isnull(), "no PSA baseline, or no PSA after cycle 1")),
    )
    best = finish(rows, endpoint="psa_best_change_pct", rule="lowest PSA after cycle 1 against baseline", unit="%")
    return ibis.union(*tables, best)


def _response(basis: Basis, clocked: ir.Table, baseline: ir.Table, percent: float, gap: float) -> ir.Table:
    found = best_response(clocked, baseline, percent=percent, gap_days=gap)
    rows = attach(basis.time_zero(), found, ["patient_id"])
    rows = rows.mutate(
        date=ibis.coalesce(rows.first_date, rows.best_date),
        value=ibis.cases((rows.responded, 1.0), (rows.best_row.notnull(), 0.0)),
        category=ibis.cases(
            (rows.confirmed, "confirmed"), (rows.responded, "unconfirmed"), (rows.best_row.notnull(), "none")
        ),
        source_table=ibis.cases((rows.best_row.notnull(), "labs")),
        source_row=ibis.coalesce(rows.first_row, rows.best_row),
        reason=ibis.cases((rows.best_row.isnull(), "no PSA baseline, or no PSA after cycle 1")),
    )
    words = f"PSA at least {percent:g} % below baseline at any time after cycle 1; confirmed {gap:g} days later"
    return finish(rows, endpoint=f"psa{percent:g}", rule=words, unit="1")
