"""The PSA course as values of a study: week 12, nadir, flare, doubling time, and the dose of the first response."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, finish, held
from lutrace.endpoints.psa.course import classify_course, derive_dose_response
from lutrace.endpoints.psa.series import first_cycles, psa_and_baseline
from lutrace.endpoints.psa.summary import LEVELS, WEEK_12_DAY, summarise_psa
from lutrace.protocol import PsaProgression, PsaRules
from lutrace.tables import CYCLES

COURSE_VALUES_OF_PSA = (
    "psa_change_12wk_pct",
    *(f"psa{percent}_12wk" for percent in LEVELS),
    "psa_nadir",
    "psa_flare",
    "psadt_months",
    "psa_velocity",
)
DOSE_VALUES_OF_PSA = (*(f"psa{percent}_dose" for percent in LEVELS), "psa_course")
_NOT_JUDGED = "no PSA baseline, or no PSA after cycle 1"


def derive_psa_course(basis: Basis) -> ir.Table:
    """`psa_change_12wk_pct` (%), `psa30_12wk` ... `psa90_12wk` (1 or 0), `psa_nadir` (ng/mL, dated at its first day),
    `psa_flare` (1 or 0), `psadt_months` and `psa_velocity` (ng/mL per year, over the values of the doubling time), all
    from the first cycle on and by the protocol's switches.

    Source: PCWG3, Scher et al., J Clin Oncol 2016;34:1402; doubling time as `doubling_time` says.
    """
    rules = basis.protocol.psa
    clocked, _ = psa_and_baseline(basis)
    summary = held(summarise_psa(clocked, rules, PsaProgression()))
    rows = attach(basis.time_zero(), summary, ["patient_id"])
    judged = ibis.coalesce(rows.reason, ibis.cases((rows.evaluable.isnull(), _NOT_JUDGED)))
    rows = _dated(rows.mutate(judged=judged), clocked, ("nadir", "baseline"))
    nadir = "lowest PSA since the first cycle, baseline included"
    flare = "at least 25 % above baseline by day 84, and below baseline later"
    doubling = f"ln 2 over the slope of ln PSA ({rules.doubling.window}, {rules.doubling.method}, "
    tables = [
        *_week_12_values(rows, clocked, rules),
        _value(
            rows, endpoint="psa_nadir", value=rows.nadir_ng_ml, proof="nadir", unit="ng/mL",
            reason=ibis.coalesce(ibis.cases((rows.nadir_ng_ml.isnull(), _NOT_JUDGED))), rule=nadir,
        ),
        _value(
            rows, endpoint="psa_flare", value=_as_number(rows.flare), proof="baseline", unit="1",
            reason=rows.judged, rule=flare,
        ),
        _value(
            rows, endpoint="psadt_months", value=rows.psadt_months, proof="nadir", unit="months",
            reason=ibis.coalesce(rows.psadt_reason, ibis.cases((rows.psadt_months.isnull(), _NOT_JUDGED))),
            rule=f"{doubling}{rules.doubling.convention})",
        ),
        _value(
            rows, endpoint="psa_velocity", value=rows.velocity_ng_ml_year, proof="nadir", unit="ng/mL/year",
            reason=ibis.cases(
                (rows.velocity_ng_ml_year.isnull(), ibis.coalesce(rows.psadt_reason, ibis.literal(_NOT_JUDGED)))
            ),
            rule=f"slope of PSA over the values of the doubling time ({rules.doubling.window})",
        ),
    ]  # fmt: skip
    return ibis.union(*tables)


def _week_12_values(rows: ir.Table, clocked: ir.Table, rules: PsaRules) -> list[ir.Table]:
    """Change at week 12 and the declines reached there, each with the value's row."""
    words = f"PSA nearest to day {WEEK_12_DAY} after cycle 1, within {rules.week12_window:g} days, against baseline"
    missing = ibis.cases((rows.week12_day.isnull(), f"no PSA within {rules.week12_window:g} days of week 12"))
    reason = ibis.coalesce(rows.judged, missing)
    at = clocked.select("patient_id", week12_row="psa_row", week12_date="psa_date", week12_day="day")
    rows = attach(rows.mutate(late=reason), at, ["patient_id", "week12_day"])
    answers = {"psa_change_12wk_pct": (rows.change_12wk_pct, "%")}
    answers |= {f"psa{p}_12wk": (_as_number(rows[f"psa{p}_12wk"]), "1") for p in LEVELS}
    return [
        _value(rows, endpoint=name, value=value, proof="week12", unit=unit, reason=rows.late, rule=words)
        for name, (value, unit) in answers.items()
    ]


def derive_psa_doses(basis: Basis) -> ir.Table:
    """`psa30_dose` ... `psa90_dose`, the number of the dose after which PSA first fell so far, and `psa_course`.

    Doses are the administrations of CYCLES in the order of their days; a PSA of a dose day is before that dose.
    """
    clocked, baseline = psa_and_baseline(basis)
    given = basis.known(basis.facts.table(CYCLES), "administered_date").inner_join(first_cycles(basis), "patient_id")
    doses = given.select("patient_id", dose_day=given.administered_date.delta(given.c1_date, unit="day"))
    response = derive_dose_response(clocked, baseline, doses.filter(doses.dose_day >= 0))
    found = attach(classify_course(response), baseline.select("patient_id", "baseline_row"), ["patient_id"])
    rows = _dated(attach(basis.time_zero(), found, ["patient_id"]), clocked, ("baseline",))
    unfollowed = ibis.cases((rows.n_doses_followed.isnull(), _NOT_JUDGED))
    words = "number of the dose after which PSA first was so far below baseline"
    tables = [
        _value(
            rows, endpoint=f"psa{p}_dose", value=rows[f"psa{p}_dose"].cast("float64"), proof="baseline", unit="1",
            rule=words,
            reason=ibis.coalesce(unfollowed, ibis.cases((rows[f"psa{p}_dose"].isnull(), f"no decline by {p} %"))),
        )
        for p in LEVELS
    ]  # fmt: skip
    shape = _value(
        rows, endpoint="psa_course", value=rows.n_doses_followed.cast("float64"), proof="baseline", unit="1",
        reason=unfollowed, rule="last PSA after each dose against the one before", category=rows.course,
    )  # fmt: skip
    return ibis.union(*tables, shape)


def _as_number(answer: ir.BooleanValue) -> ir.FloatingValue:
    return ibis.cases((answer, 1.0), (~answer, 0.0))


def _dated(rows: ir.Table, clocked: ir.Table, proofs: Sequence[str]) -> ir.Table:
    """The rows with `<proof>_date`, the day of the value that `<proof>_row` names."""
    for proof in proofs:
        row, date = f"{proof}_row", f"{proof}_date"
        known = clocked.select("patient_id", **{row: "psa_row", date: "psa_date"})
        rows = attach(rows, known, ["patient_id", row])
    return rows


def _value(
    rows: ir.Table,
    *,
    endpoint: str,
    value: ir.Value,
    proof: str,
    unit: str,
    reason: ir.Value,
    rule: str,
    **more: ir.Value,
) -> ir.Table:
    """Rows of ENDPOINT_VALUES with a value, or with the reason why there is none; dated at the row of the proof."""
    good = reason.isnull()
    own = rows.select(
        "patient_id",
        "population",
        "index_date",
        value=ibis.cases((good, value)),
        date=ibis.cases((good, rows[f"{proof}_date"])),
        source_row=ibis.cases((good, rows[f"{proof}_row"])),
        source_table=ibis.cases((good, "labs")),
        reason=reason,
        **more,
    )
    return finish(own, endpoint=endpoint, rule=rule, unit=unit)
