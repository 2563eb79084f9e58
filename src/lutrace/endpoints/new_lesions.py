"""New lesions at a landmark: against which earlier scans, of which class, and whether anybody could see them."""

from __future__ import annotations

from collections.abc import Callable

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, count_of, finish
from lutrace.endpoints.new_lesion_counts import count_new, find_tracked, links_of, list_new
from lutrace.tables import READER_FINDINGS

UNREVIEWED = "links not reviewed"
"""Said where the links of lesions are the program's own and provisional."""
Choice = Callable[[ir.Table], ir.BooleanValue]
REFERENCES: dict[str, tuple[Choice, str]] = {
    "any_earlier": (lambda t: t.cycle < t.landmark_cycle, "on no earlier SPECT"),
    "previous_cycle": (lambda t: t.cycle == t.landmark_cycle - 1, "not on the SPECT of the cycle before"),
    "first_cycle": (lambda t: t.cycle == 1, "not on the SPECT of cycle 1"),
}
"""Earlier scans that a lesion is new against, and the words for it."""


_KEYS = ["patient_id", "population"]
_LINES = {"new_lesions_by_mean": "avid_by_mean", "new_lesions_by_mean_2sd": "avid_by_mean_2sd"}
"""Sensitivities: avid by the lesion's SUVmean above the reference mean, and by SUVmax above mean + 2 SD."""


def derive_new_lesions(basis: Basis) -> ir.Table:
    """`new_lesions_any_earlier`, `..._previous_cycle`, `..._first_cycle`, and `new_lesions` by the protocol's choice.

    The value is the number of new lesions that count, the category the patient's class: psma_avid, not_avid_ct,
    indeterminate, none, not_assessed. A lesion counts as new when it is new against each of the reference scans; all
    pairs of scans must have been tracked. Uptake above the reference organ is avid; a CT finding without such uptake
    counts when a reader recorded it; where nobody has read the CT, its absence is not known. `new_lesions_by_mean` and
    `new_lesions_by_mean_2sd` class the lesions of `new_lesions` by the two other lines.
    """
    own = basis.protocol.new_lesions.reference
    tables = [_against(basis, name, endpoint=f"new_lesions_{name}") for name in REFERENCES]
    others = [_against(basis, own, endpoint=name, line=line) for name, line in _LINES.items()]
    return ibis.union(*tables, *others, _against(basis, own, endpoint="new_lesions"))


def _against(basis: Basis, reference: str, *, endpoint: str, line: str = "avid") -> ir.Table:
    choose, words = REFERENCES[reference]
    zero = basis.time_zero().select(*_KEYS, "index_date", "spect_date")
    pairs = _pairs(basis, choose)
    links = links_of(basis.facts, basis.protocol.measures.plan)
    listed = list_new(links, pairs, _KEYS)
    lesions = count_new(listed.mutate(avid=listed[line]), _KEYS)
    rows = attach(zero, find_tracked(basis.facts, links, pairs, _KEYS), _KEYS)
    rows = attach(rows, lesions, _KEYS)
    rows = attach(rows, _ct(basis, reference), _KEYS)
    rows = rows.mutate(**{name: rows[name].fill_null(0) for name in _COUNTS}, tracked=rows.tracked.fill_null(False))
    words = f"new: {words}{_WORDS_OF_LINE[line]}"
    rule = ibis.cases((rows.unreviewed.fill_null(False), f"{words}; {UNREVIEWED}"), else_=words)
    return finish(_judged(basis, rows.mutate(rule=rule)), endpoint=endpoint, rule="", unit="lesions")


_COUNTS = ("avid", "with_ct", "indeterminate", "ct_only", "ct_reads")
_WORDS_OF_LINE = {
    "avid": "",
    "avid_by_mean": "; avid by SUVmean above the reference mean",
    "avid_by_mean_2sd": "; avid by SUVmax above the reference mean + 2 SD",
}


def _judged(basis: Basis, rows: ir.Table) -> ir.Table:
    rule = basis.protocol.new_lesions
    not_avid = rows.ct_only + rows.with_ct
    counted = rows.avid + not_avid
    if rule.count_indeterminate:
        counted = counted + rows.indeterminate
    unread = (rows.ct_reads == 0) & (counted == 0)
    reason = ibis.cases((~rows.tracked, "lesions of the two scans have not been linked"))
    if rule.ct_not_read == "not_assessed":
        reason = ibis.coalesce(reason, ibis.cases((unread, "no CT read: lesions without uptake not assessed")))
    classes = (
        (rows.avid > 0, "psma_avid", "lesion_links", rows.avid_row),
        (rows.with_ct > 0, "not_avid_ct", "lesion_links", rows.with_ct_row),
        (rows.ct_only > 0, "not_avid_ct", "reader_findings", rows.ct_row),
        (rows.indeterminate > 0, "indeterminate", "lesion_links", rows.indeterminate_row),
    )
    return rows.mutate(
        reason=reason,
        date=rows.spect_date,
        value=ibis.cases((reason.isnull(), counted.cast("float64"))),
        category=ibis.cases(
            (reason.notnull(), "not_assessed"), *((found, name) for found, name, _, _ in classes), else_="none"
        ),
        source_table=ibis.cases(*((found, table) for found, _, table, _ in classes), else_=rows.pair_table),
        source_row=ibis.cases(*((found, row) for found, _, _, row in classes), else_=rows.pair_row),
    )


def _pairs(basis: Basis, choose: Choice) -> ir.Table:
    """The reference scans of each patient and landmark with the landmark's scan."""
    spects = basis.spects()
    zero = basis.time_zero().select("patient_id", "population", landmark_cycle="cycle")
    late = spects.select("patient_id", landmark_cycle="cycle", followup_scan_id="scan_id", late_burden="burden_row")
    early = spects.select("patient_id", "cycle", baseline_scan_id="scan_id")
    pairs = zero.inner_join(late, ["patient_id", "landmark_cycle"]).inner_join(early, "patient_id")
    return pairs.filter(choose(pairs))


def _ct(basis: Basis, reference: str) -> ir.Table:
    """How often the CT of the landmark's cycle was read, and the new lesions that only CT shows.

    Against the first cycle, CT findings of all cycles since then count.
    """
    found = basis.known(basis.facts.table(READER_FINDINGS), "date")
    found = found.filter(found.kind.isin(["ct_read", "ct_only_lesion"]))
    found = found.select("patient_id", "kind", read_cycle="cycle", finding_row="row_id")
    zero = basis.time_zero().select("patient_id", "population", "cycle")
    joined = zero.inner_join(found, "patient_id")
    since = joined.read_cycle <= joined.cycle if reference == "first_cycle" else joined.read_cycle == joined.cycle
    lesion = (joined.kind == "ct_only_lesion") & since & (joined.read_cycle > 1)
    return joined.group_by(["patient_id", "population"]).aggregate(
        ct_reads=count_of((joined.read_cycle == joined.cycle).fill_null(False)),
        ct_only=count_of(lesion.fill_null(False)),
        ct_row=joined.finding_row.min(where=lesion),
    )
