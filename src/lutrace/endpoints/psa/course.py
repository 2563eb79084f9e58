"""PSA by dose: which dose a value follows, the decline after each dose, and the shape of the course."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.psa.series import after_index
from lutrace.endpoints.psa.summary import LEVELS, has_fallen
from lutrace.tables import without


def dose_windows(clocked: ir.Table, doses: ir.Table) -> ir.Table:
    """The series with `dose`, the number of doses given before each value; a value of a dose day is before that dose.

    `doses` is `patient_id dose_day` on the same clock; two doses of one day are one.
    """
    given = doses.select("patient_id", day="dose_day").distinct()
    given = given.mutate(psa=ibis.null("float64"), psa_date=ibis.null("date"), psa_row=ibis.null("string"), is_dose=1)
    names = ("patient_id", "day", "psa", "psa_date", "psa_row", "is_dose")
    marks = clocked.mutate(is_dose=0).select(*names).union(given.select(*names))
    until = ibis.window(group_by="patient_id", order_by=["day", "is_dose"], preceding=(None, 0))
    marks = marks.mutate(dose=marks.is_dose.sum().over(until).cast("int64"))
    return without(marks.filter(marks.is_dose == 0), "is_dose")


def derive_dose_response(clocked: ir.Table, baseline: ir.Table, doses: ir.Table) -> ir.Table:
    """One row per patient and dose that a PSA followed: `patient_id dose n_values last_day last_ng_ml lowest_ng_ml
    last_change_pct best_change_pct psa30 psa50 psa80 psa90`, each within the window of that dose alone.

    The window of a dose runs from the day after it to the day of the next one; percentages are of the one baseline.
    """
    placed = dose_windows(clocked, doses)
    after = after_index(clocked, baseline).inner_join(placed.select("patient_id", "day", "dose"), ["patient_id", "day"])
    after = after.filter((after.dose > 0) & (after.baseline > 0))
    window = ibis.window(group_by=["patient_id", "dose"])
    after = after.mutate(last=after.day.max().over(window), **{f"psa{p}": has_fallen(after, p) for p in LEVELS})
    rows = after.group_by("patient_id", "dose").aggregate(
        n_values=after.count(),
        last_day=after["last"].max(),
        last_ng_ml=after.psa.max(where=after.day == after["last"]),
        lowest_ng_ml=after.psa.min(),
        baseline=after.baseline.max(),
        **{f"psa{p}": after[f"psa{p}"].ifelse(1, 0).max() == 1 for p in LEVELS},
    )
    return rows.mutate(
        last_change_pct=100 * (rows.last_ng_ml - rows.baseline) / rows.baseline,
        best_change_pct=100 * (rows.lowest_ng_ml - rows.baseline) / rows.baseline,
    ).select(
        "patient_id",
        "dose",
        "n_values",
        "last_day",
        "last_ng_ml",
        "lowest_ng_ml",
        "last_change_pct",
        "best_change_pct",
        *(f"psa{p}" for p in LEVELS),
        "baseline",
    )


def classify_course(dose_response: ir.Table) -> ir.Table:
    """`patient_id n_doses_followed psa30_dose psa50_dose psa80_dose psa90_dose course` from `derive_dose_response`.

    `psa50_dose` is the dose after which PSA first was 50 % below baseline. `course` looks at the last value after each
    dose, the baseline first: `sustained_decrease` when each is below the one before, `increase` when each is above,
    else `fluctuation`.

    Source: classes after Hartrampf et al. 2022 (the paper's own wording was not read).
    """
    order = ibis.window(group_by="patient_id", order_by="dose")
    steps = dose_response.mutate(before=dose_response.last_ng_ml.lag().over(order))
    steps = steps.mutate(step=steps.last_ng_ml - ibis.coalesce(steps.before, steps.baseline))
    rows = steps.group_by("patient_id").aggregate(
        n_doses_followed=steps.count(),
        n_down=(steps.step < 0).ifelse(1, 0).sum(),
        n_up=(steps.step > 0).ifelse(1, 0).sum(),
        **{f"psa{p}_dose": steps.dose.min(where=steps[f"psa{p}"]) for p in LEVELS},
    )
    return rows.mutate(
        course=ibis.cases(
            (rows.n_down == rows.n_doses_followed, "sustained_decrease"),
            (rows.n_up == rows.n_doses_followed, "increase"),
            else_="fluctuation",
        )
    ).select("patient_id", "n_doses_followed", *(f"psa{p}_dose" for p in LEVELS), "course")
