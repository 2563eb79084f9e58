"""What the rules of response start from: the measured scans of each patient, and each with its baseline.

A baseline is of the same modality: for a SPECT that of cycle 1, for a PET the last one up to the first cycle, else the
first.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, ranked_first
from lutrace.protocol import PsaRules
from lutrace.tables import CYCLES, QUANTIFICATIONS, SCANS, TUMOUR_BURDENS, Facts, without
from lutrace.terms import tracers

NewAgainst = Literal["baseline", "any_earlier", "previous"]
_PURPOSES = ("psma_pet", "rlt_spect")
_USUAL_HOURS = 24.0
_BURDEN = ("plan_digest", "organs_given", "uncertain_ml", "lesions", "field_of_view_mm")


@dataclass(frozen=True)
class ResponseBasis:
    """The facts and the choices that all rules share.

    `plan` and `ttv_source` as in a protocol's measures; no change is formed on a volume below `floor_ml`.
    `new_against` says against which earlier scans of the same modality a lesion must be new. Facts later than
    `data_cut` are not known.
    """

    facts: Facts
    plan: str
    ttv_source: Literal["auto", "reviewed"] = "auto"
    floor_ml: float = 1.0
    new_against: NewAgainst = "baseline"
    count_indeterminate: bool = False
    psa: PsaRules = field(default_factory=PsaRules)
    data_cut: dt.date | None = None

    def known(self, table: ir.Table, date: str) -> ir.Table:
        """The rows whose `date` is not after the data cut."""
        return table if self.data_cut is None else table.filter(table[date] <= ibis.date(self.data_cut))


def list_scans(basis: ResponseBasis) -> ir.Table:
    """The measured scan of each patient, modality and cycle (SPECT) or day (PET).

    Measured under the plan first, then nearest to 24 h. Columns: patient, `purpose`, `cycle`, `scan_id`, `scan_date`,
    `scan_row`, `burden_row` and what the burden says (empty when not measured), `ttv_ml`, and the tracer.
    """
    scans = basis.known(basis.facts.table(SCANS), "date")
    scans = scans.filter(scans.purpose.isin(_PURPOSES) & (scans.status == "usable").fill_null(True))
    scans = scans.filter((scans.purpose == "psma_pet") | scans.cycle.notnull())
    scans = scans.select("patient_id", "purpose", "cycle", "scan_id", scan_date="date", scan_row="row_id")
    hours = basis.facts.table(QUANTIFICATIONS).select("scan_id", "hours_after_injection")
    rows = attach(attach(scans, hours, ["scan_id"]), _burdens(basis), ["scan_id"])
    rows = rows.mutate(
        visit=ibis.cases((rows.purpose == "rlt_spect", rows.cycle.cast("string")), else_=rows.scan_date.cast("string"))
    )
    order = [
        rows.burden_row.isnull(),
        (rows.hours_after_injection.fill_null(1000.0) - _USUAL_HOURS).abs(),
        "scan_id",
        "burden_row",
    ]
    chosen = ranked_first(rows, ["patient_id", "purpose", "visit"], order)
    return _with_tracer(basis, without(chosen, "visit", "hours_after_injection"))


def landmark_scans(basis: Basis, response: ResponseBasis) -> ir.Table:
    """The SPECT that a study chose, in the columns of `list_scans`; measured with organ masks by its selection."""
    chosen = basis.spects().select("patient_id", "cycle", "scan_id", "scan_date", "scan_row", "burden_row", "ttv_ml")
    burdens = without(_burdens(response), "ttv_ml", "scan_id")
    rows = attach(chosen, burdens, ["burden_row"])
    rows = rows.mutate(purpose=ibis.literal("rlt_spect"), organs_given=rows.burden_row.notnull())
    return _with_tracer(response, rows)


def pair_scans(basis: ResponseBasis, scans: ir.Table) -> ir.Table:
    """Each scan after the baseline beside it: its own columns, and those of the baseline with `base_` before them.

    `base_` is empty where the patient has no baseline of the same modality. `modality` is PET or SPECT.
    """
    first = first_cycles(basis)
    rows = attach(scans, first, ["patient_id"])
    pets = rows.filter(rows.purpose == "psma_pet")
    before = pets.scan_date <= pets.first_cycle_date
    base_pet = pets.group_by("patient_id").aggregate(
        base_date=ibis.coalesce(pets.scan_date.max(where=before), pets.scan_date.min())
    )
    rows = attach(rows, base_pet, ["patient_id"])
    is_pet = rows.purpose == "psma_pet"
    rows = rows.mutate(
        modality=ibis.cases((is_pet, "PET"), else_="SPECT"),
        is_base=ibis.cases((is_pet, rows.scan_date == rows.base_date), else_=rows.cycle == 1),
        is_late=ibis.cases((is_pet, rows.scan_date > rows.base_date), else_=rows.cycle > 1),
    )
    beside = [name for name in scans.columns if name not in ("patient_id", "purpose")]
    base = rows.filter(rows.is_base).select("patient_id", "purpose", **{f"base_{name}": name for name in beside})
    late = without(rows.filter(rows.is_late), "is_base", "is_late", "base_date")
    return attach(late, base, ["patient_id", "purpose"])


def first_cycles(basis: ResponseBasis) -> ir.Table:
    """`patient_id first_cycle_date`: the day of the first administration on record."""
    cycles = basis.known(basis.facts.table(CYCLES), "administered_date")
    return cycles.group_by("patient_id").aggregate(first_cycle_date=lambda t: t.administered_date.min())


def _burdens(basis: ResponseBasis) -> ir.Table:
    burdens = basis.facts.table(TUMOUR_BURDENS)
    burdens = burdens.filter(burdens.plan == basis.plan)
    total = burdens.tumour_auto_ml if basis.ttv_source == "auto" else burdens.tumour_reviewed_ml
    return burdens.select("scan_id", *_BURDEN, burden_row="row_id", ttv_ml=total)


def _with_tracer(basis: ResponseBasis, scans: ir.Table) -> ir.Table:
    """The ligand by its name in the vocabulary, else as the header spells it; the nuclide; the agent of the cycle."""
    headers = basis.facts.table(SCANS).select("scan_id", "tracer", "radionuclide")
    headers = headers.mutate(squeezed=headers.tracer.lower().re_replace(r"[\s\-_.,()\[\]]+", ""))
    known = [(headers.squeezed.contains(name).fill_null(False), one.name) for one in tracers() for name in one.names]
    headers = headers.select(
        "scan_id", nuclide="radionuclide", tracer=ibis.cases(*known, else_=headers.squeezed.nullif(""))
    )
    cycles = basis.facts.table(CYCLES).select("patient_id", "cycle", "agent")
    return attach(attach(scans, headers, ["scan_id"]), cycles, ["patient_id", "cycle"])
