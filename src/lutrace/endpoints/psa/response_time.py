"""When PSA first fell far enough: in days from the landmark, and as the number of the dose that it followed."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.core import MissingFactError
from lutrace.endpoints.basis import Basis, attach, finish, ranked_first
from lutrace.endpoints.course.basis import CourseBasis
from lutrace.endpoints.course.states import build_course
from lutrace.endpoints.psa.course import dose_windows
from lutrace.endpoints.psa.response import best_response
from lutrace.endpoints.psa.series import first_cycles, psa_and_baseline
from lutrace.endpoints.psa.stops import new_therapies
from lutrace.endpoints.vital_status import vital_status
from lutrace.protocol import CourseRules, PsaResponse
from lutrace.tables import CYCLES, LABS, without

NO_BASELINE = "no PSA baseline"
_ENDED = ("completed", "progression", "toxicity", "decision", "other", "not_recorded")
"""Ends of treatment after which no further dose can be followed by a response."""


def derive_time_to_response(basis: Basis, outcome: PsaResponse) -> ir.Table:
    """Days from the landmark to the response, as rows of ENDPOINT_VALUES; a death before it competes (no event).

    Without either, censored at the last PSA since the landmark, or at the landmark itself. A response on or before the
    landmark makes a patient not evaluable; so does a missing PSA baseline.
    """
    clocked, baseline = _judged(basis, outcome)
    rows = basis.time_zero()
    last = ranked_first(clocked, ["patient_id"], [ibis.desc("psa_date"), "psa_row"])
    last = last.select("patient_id", seen_date="psa_date", seen_row="psa_row")
    for other in (_responses(basis, outcome, clocked, baseline), last, vital_status(basis), new_therapies(basis)):
        rows = attach(rows, other, ["patient_id"])
    seen = (rows.seen_date >= rows.index_date).fill_null(False)
    died = rows.died.fill_null(False)
    if outcome.after_new_therapy == "censors":
        died = died & (rows.stop_date.isnull() | (rows.status_date <= rows.stop_date))
    responded = rows.responded.fill_null(False)
    by_response = responded & ~(died & (rows.status_date < rows.first_date)).fill_null(False)
    rows = rows.mutate(by_response=by_response, by_death=died & ~by_response)
    rows = rows.mutate(
        date=ibis.cases(
            (rows.by_response, rows.first_date),
            (rows.by_death, rows.status_date),
            (seen, rows.seen_date),
            else_=rows.index_date,
        )
    )
    reason = ibis.cases(
        (rows.baseline.isnull(), NO_BASELINE),
        ((rows.by_response | rows.by_death) & (rows.date <= rows.index_date), "event on or before the landmark"),
    )
    rows = rows.mutate(
        reason=reason,
        event=ibis.cases((reason.isnull(), rows.by_response)),
        category=ibis.cases(
            (reason.notnull(), "left_out"), (rows.by_response, "response"), (rows.by_death, "death"), else_="censored"
        ),
        source_table=ibis.cases(
            (rows.by_response | (~rows.by_death & seen), LABS.name),
            (rows.by_death, rows.status_table),
            else_=CYCLES.name,
        ),
        source_row=ibis.cases(
            (rows.by_response, rows.first_row),
            (rows.by_death, rows.status_row),
            (seen, rows.seen_row),
            else_=rows.c1_row,
        ),
        rule=ibis.cases(
            (rows.by_response, describe_response(outcome)),
            (rows.by_death, "death without a response: a competing event"),
            else_="no event: censored at the last PSA",
        ),
    )
    return finish(rows, endpoint=outcome.name, rule="")


def derive_response_dose(basis: Basis, outcome: PsaResponse) -> ir.Table:
    """The number of the dose that the response followed (`response`), as rows of ENDPOINT_VALUES.

    Without one: the last dose, when treatment has ended since (`end_of_treatment`, `death`); the last dose that a PSA
    followed, when it goes on or the patient was lost (`censored`; 0: none was followed). A PSA of a dose day is before
    that dose; the last dose's window has no end but the next treatment. Raises MissingFactError without a data cut.
    """
    doses = basis.keep(("days_of_all_doses", outcome.rules), lambda: _treatment(basis, outcome.rules)[0])
    left = basis.keep(("end_of_treatment", outcome.rules), lambda: _treatment(basis, outcome.rules)[1])
    clocked, baseline = _judged(basis, outcome)
    found = _responses(basis, outcome, clocked, baseline)
    placed = attach(dose_windows(clocked.filter(clocked.day > 0), doses), left, ["patient_id"])
    placed = placed.filter((placed.dose > 0) & (placed.dose <= placed.n_doses))
    followed = placed.group_by("patient_id").aggregate(followed=placed.dose.max())
    at = placed.select("patient_id", first_row="psa_row", response_dose="dose")
    rows = basis.time_zero()
    for other in (found, followed, left):
        rows = attach(rows, other, ["patient_id"])
    rows = attach(rows, at, ["patient_id", "first_row"])
    by_response = rows.responded.fill_null(False) & rows.response_dose.notnull()
    over = rows.ended.isin([*_ENDED, "death"]).fill_null(False)
    rows = rows.mutate(
        category=ibis.cases(
            (rows.baseline.isnull(), "left_out"),
            (by_response, "response"),
            (rows.ended == "death", "death"),
            (over, "end_of_treatment"),
            else_="censored",
        ),
        value=ibis.cases(
            (by_response, rows.response_dose), (over, rows.n_doses), else_=rows.followed.fill_null(0)
        ).cast("float64"),
        date=ibis.cases((by_response, rows.first_date), else_=ibis.coalesce(rows.leave_date, rows.index_date)),
        source_table=ibis.cases(
            (by_response, LABS.name), else_=ibis.coalesce(rows.end_table, ibis.literal(CYCLES.name))
        ),
        source_row=ibis.cases((by_response, rows.first_row), else_=ibis.coalesce(rows.end_row, rows.c1_row)),
        reason=ibis.cases((rows.baseline.isnull(), NO_BASELINE)),
    )
    rows = rows.mutate(value=ibis.cases((rows.reason.isnull(), rows.value)))
    words = f"dose that it followed: {describe_response(outcome)}"
    return finish(rows, endpoint=outcome.by_dose, rule=words, unit="doses")


def describe_response(outcome: PsaResponse) -> str:
    """The rule in words, for the column `rule` and the report."""
    again = ", confirmed by a later value" if outcome.confirmed else ""
    return f"first PSA at least {outcome.fall:g} % below baseline{again}"


def _judged(basis: Basis, outcome: PsaResponse) -> tuple[ir.Table, ir.Table]:
    """The PSA series that counts, on the clock of the first cycle, and the baseline."""
    clocked, baseline = psa_and_baseline(basis)
    if outcome.after_new_therapy == "censors":
        joined = attach(clocked, new_therapies(basis), ["patient_id"])
        seen = joined.filter(joined.stop_date.isnull() | (joined.psa_date <= joined.stop_date))
        clocked = without(seen, "stop_date")
    return clocked, baseline


def _responses(basis: Basis, outcome: PsaResponse, clocked: ir.Table, baseline: ir.Table) -> ir.Table:
    """`patient_id baseline responded first_date first_row` of all who have a baseline."""
    gap = basis.protocol.psa.response_confirmation
    best = best_response(clocked, baseline, percent=outcome.fall, gap_days=gap)
    responded = best.confirmed if outcome.confirmed else best.responded
    best = best.select("patient_id", "first_date", "first_row", responded=responded)
    return attach(baseline.select("patient_id", "baseline"), best, ["patient_id"])


def _treatment(basis: Basis, rules: CourseRules) -> tuple[ir.Table, ir.Table]:
    """`patient_id dose_day` of all doses, and `patient_id n_doses ended leave_date end_table end_row` of treatment."""
    if basis.data_cut is None:
        raise MissingFactError(
            "response_by_dose: who is still on treatment is so on a day; run the study with --data-cut DATE"
        )
    history = basis.protocol.history
    grounds = CourseBasis(basis.facts, basis.data_cut, rules, line_rules=history.lines, mcrpc_rules=history.mcrpc)
    course = build_course(grounds)
    days = course.doses.inner_join(first_cycles(basis), "patient_id")
    days = days.mutate(dose_day=days.dose_date.delta(days.c1_date, unit="day"))
    given = course.doses.inner_join(course.leaves.select("patient_id", "leave_date"), "patient_id")
    given = given.filter((given.series == 1) & (given.leave_date.isnull() | (given.dose_date <= given.leave_date)))
    counted = given.group_by("patient_id").aggregate(n_doses=given.count())
    left = attach(
        counted, course.leaves.select("patient_id", "ended", "leave_date", "end_table", "end_row"), ["patient_id"]
    )
    return days.select("patient_id", "dose_day"), left
