"""Progression-free survival by component: PSA, imaging, clinic, death; which came first, and ties."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, finish, ranked_first
from lutrace.endpoints.psa.progression import describe_rule
from lutrace.endpoints.psa.series import first_cycles
from lutrace.endpoints.psa.stops import judged_series, new_therapies
from lutrace.endpoints.vital_status import vital_status
from lutrace.protocol import Pfs
from lutrace.tables import DISEASE_EVENTS, LABS, PFS_COMPONENTS, SCANS

CATEGORIES = {
    "psa": "psa_progression",
    "radiological": "radiological_progression",
    "clinical": "clinical_progression",
    "death": "death",
}
"""Component by component, in the order that names the category when several share a day."""
_RECORDED = ("radiological", "clinical")


def derive_pfs(basis: Basis, outcome: Pfs) -> ir.Table:
    """Days from the landmark to the first of the outcome's components, as rows of ENDPOINT_VALUES.

    Components of one day: the category is the first of PSA, radiological, clinical, death; the rule names all. A
    progression on or before the landmark makes a patient not evaluable; so does a missing PSA baseline where PSA is a
    component. Components that were not asked for end nothing but death, which always ends follow-up.
    """
    return finish(_evaluated(_gathered(basis, outcome), outcome), endpoint=outcome.name, rule="")


def derive_pfs_components(basis: Basis, outcome: Pfs) -> ir.Table:
    """Rows of PFS_COMPONENTS: the day and the row of every component, asked for or not, and what came first."""
    rows = _gathered(basis, outcome).mutate(endpoint=ibis.literal(outcome.name))
    return rows.select(*PFS_COMPONENTS.by_name)


def _gathered(basis: Basis, outcome: Pfs) -> ir.Table:
    """Index, the date and row of each component, `first n_first first_date`, and where follow-up ends."""
    rows = basis.time_zero()
    _, baseline, psa = judged_series(basis, outcome)
    psa = psa.select("patient_id", psa_date="progression_date", psa_row="progression_row")
    tables = [baseline.select("patient_id", "baseline"), psa, *(_recorded(basis, name) for name in _RECORDED)]
    for table in (*tables, vital_status(basis), new_therapies(basis), _assessments(basis)):
        rows = attach(rows, table, ["patient_id"])
    died = rows.died.fill_null(False)
    rows = rows.mutate(death_date=ibis.cases((died, rows.status_date)), death_row=ibis.cases((died, rows.status_row)))
    if outcome.after_new_therapy == "censors":
        rows = _without_what_follows(rows)
    return _with_first(rows, outcome)


def _recorded(basis: Basis, name: str) -> ir.Table:
    """The first progression of that kind that the centre recorded after the first cycle."""
    events = basis.known(basis.facts.table(DISEASE_EVENTS), "date")
    events = events.filter(events.kind == f"{name}_progression").inner_join(first_cycles(basis), "patient_id")
    first = ranked_first(events.filter(events.date > events.c1_date), ["patient_id"], ["date", "row_id"])
    return first.select("patient_id", **{f"{name}_date": first.date, f"{name}_row": first.row_id})


def _assessments(basis: Basis) -> ir.Table:
    """`patient_id seen_date seen_table seen_row`: the last PSA or scan."""
    labs, scans = basis.facts.table(LABS), basis.facts.table(SCANS)
    every = ibis.union(
        *[
            basis.known(table, "date").select("patient_id", "date", seen_table=ibis.literal(name), seen_row="row_id")
            for table, name in ((labs.filter(labs.analyte == "psa"), LABS.name), (scans, SCANS.name))
        ]
    )
    every = every.rename(seen_date="date")
    last = every.group_by("patient_id").aggregate(seen_date=every.seen_date.max())
    found = every.inner_join(last, ["patient_id", "seen_date"])
    return ranked_first(found, ["patient_id"], ["seen_table", "seen_row"])


def _without_what_follows(rows: ir.Table) -> ir.Table:
    """Events later than the begin of another therapy are not seen; follow-up ends there."""
    seen: dict[str, Any] = {}
    for name in CATEGORIES:
        late = (rows[f"{name}_date"] > rows.stop_date).fill_null(False)
        seen[f"{name}_date"] = ibis.cases((~late, rows[f"{name}_date"]))
        seen[f"{name}_row"] = ibis.cases((~late, rows[f"{name}_row"]))
    for name in ("seen_date", "status_date"):
        seen[name] = ibis.cases((rows.stop_date.notnull(), ibis.least(rows[name], rows.stop_date)), else_=rows[name])
    return rows.mutate(**seen)


def _with_first(rows: ir.Table, outcome: Pfs) -> ir.Table:
    """The day of the first component asked for, which they were, and how many share it."""
    asked = [name for name in CATEGORIES if name in outcome.components]
    dates = [rows[f"{name}_date"] for name in asked]
    first = dates[0] if len(dates) == 1 else ibis.least(*[ibis.coalesce(one, _latest(dates)) for one in dates])
    rows = rows.mutate(first_date=first)
    here = {name: (rows[f"{name}_date"] == rows.first_date).fill_null(False) for name in asked}
    words = ibis.literal("")
    for name in asked:
        words = words + ibis.ifelse(here[name], f"+{name}", "")
    n_first = sum((ibis.ifelse(flag, 1, 0) for flag in here.values()), ibis.literal(0))
    return rows.mutate(
        first=ibis.cases((rows.first_date.notnull(), words.substr(1))),
        n_first=ibis.cases((rows.first_date.notnull(), n_first.cast("int64"))),
    )


def _latest(dates: list[Any]) -> Any:
    """Any of the days that is known: what an empty one is compared as."""
    return ibis.coalesce(*dates)


def _evaluated(rows: ir.Table, outcome: Pfs) -> ir.Table:
    asked = [name for name in CATEGORIES if name in outcome.components]
    competing = rows.death_date.notnull() & (rows.first_date.isnull() | (rows.death_date < rows.first_date))
    happened = rows.first_date.notnull() & ~competing.fill_null(False)
    end = rows.status_date if outcome.censor_at == "last_contact" else _last_seen(rows)
    rows = rows.mutate(happened=happened)
    rows = rows.mutate(date=ibis.cases((rows.happened, rows.first_date), else_=end))
    has_no_baseline = rows.baseline.isnull() & ibis.literal("psa" in asked)
    reason = ibis.cases(
        (has_no_baseline, "no PSA baseline"),
        (rows.happened & (rows.date <= rows.index_date), "event on or before the landmark"),
        (rows.date.isnull() | (rows.date < rows.index_date), "follow-up ends before the landmark"),
    )
    is_first = {name: rows.happened & (rows[f"{name}_date"] == rows.first_date).fill_null(False) for name in asked}
    labels = {"psa": LABS.name, "radiological": DISEASE_EVENTS.name, "clinical": DISEASE_EVENTS.name}
    ended = outcome.censor_at == "last_contact"
    tables = [(is_first[name], labels.get(name, rows.status_table)) for name in asked]
    words = describe_rule(outcome.progression)
    return rows.mutate(
        reason=reason,
        event=ibis.cases((reason.isnull(), rows.happened)),
        category=ibis.cases(
            (reason.notnull(), "left_out"), *((is_first[name], CATEGORIES[name]) for name in asked), else_="censored"
        ),
        source_table=ibis.cases(*tables, else_=rows.status_table if ended else _seen_or_index(rows, "table")),
        source_row=ibis.cases(
            *((is_first[name], rows[f"{name}_row"]) for name in asked),
            else_=rows.status_row if ended else _seen_or_index(rows, "row"),
        ),
        rule=ibis.cases(
            (rows.happened & rows.first.contains("psa"), ibis.literal("first of: ") + rows.first + f"; PSA: {words}"),
            (rows.happened, ibis.literal("first of: ") + rows.first),
            else_=f"no event: censored at the {outcome.censor_at.replace('_', ' ')}",
        ),
    )


def _last_seen(rows: ir.Table) -> Any:
    """The last assessment; without one since the landmark, the landmark itself: follow-up of no length."""
    seen = (rows.seen_date >= rows.index_date).fill_null(False)
    gone = rows.death_date.notnull() & (rows.death_date < rows.index_date)
    return ibis.cases((gone, rows.death_date), (seen, rows.seen_date), else_=rows.index_date)


def _seen_or_index(rows: ir.Table, what: str) -> Any:
    seen = (rows.seen_date >= rows.index_date).fill_null(False)
    at_index = ibis.literal(SCANS.name) if what == "table" else rows.index_row
    return ibis.cases((seen, rows[f"seen_{what}"]), else_=at_index)
