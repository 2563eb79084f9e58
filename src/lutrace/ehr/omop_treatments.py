"""DRUG_EXPOSURE, PROCEDURE_OCCURRENCE and EPISODE in OMOP: treatments, medication, support, cycles."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lutrace.core import Row, digest_of
from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_cycle_statements import statement_of_draft
from lutrace.ehr.fhir_cycles import SAME_CYCLE_DAYS, Draft, number_cycles
from lutrace.ehr.fhir_elements import RecordError, Resource, codes
from lutrace.ehr.fhir_files import Located
from lutrace.ehr.fhir_irradiation import ACTIVITY_MBQ
from lutrace.ehr.omop_concepts import Concepts
from lutrace.ehr.omop_diagnoses import PRECISION
from lutrace.ehr.omop_output import CdmRow, PersonOutput
from lutrace.tables import SUPPORT as SUPPORT_TABLE
from lutrace.terms import Drug, cycle_agent_of, depot_days_in_text, disposition_of, omop_meanings, product_in_text

TREATMENT_REGIMEN, TREATMENT_CYCLE, PROGRESSION = (
    omop_meanings().episodes[one] for one in ("regimen", "cycle", "progression")
)
"""Concepts of the oncology extension: a course of therapy, a cycle of it, and a progression of the disease."""
OPEN_END = "end not recorded"
"""What `sig` says where the record gives no end: the model wants a last day in every row."""
_PLANNED = re.compile(r"prescription|order|planned|dispens", re.IGNORECASE)
_CLAIM = re.compile(r"\bclaim\b|\bbill", re.IGNORECASE)
_STOP = {"completed": "completed", "progression": "progression", "toxicity": "toxicity", "death": "death"}
_STOP |= {"other": "other", "decision": "choice"}
SUPPORT = {
    kind: Drug.model_validate({"name": kind, "purpose": "support", "support": kind})
    for kind in SUPPORT_TABLE.by_name["kind"].codes or ()
}
"""Own words for supportive measures whose drug is not told, such as `lutrace:g_csf`."""


@dataclass(frozen=True)
class Treated:
    """A row of DRUG_EXPOSURE or PROCEDURE_OCCURRENCE with what it is about."""

    row: CdmRow
    concept: Resource
    drugs: tuple[Drug, ...]

    @property
    def begin(self) -> str:
        """The name of the column with the first day."""
        return "drug_exposure_start_date" if self.row.table == "drug_exposure" else "procedure_date"

    @property
    def end(self) -> dt.date | None:
        """The last day; None where the record says that it has none."""
        if self.row.table == "procedure_occurrence":
            return self.row.day("procedure_end_date")
        if OPEN_END in _words(self.row):
            return None
        return self.row.day("verbatim_end_date") or self.row.day("drug_exposure_end_date")


def is_cycle(one: Treated) -> bool:
    """Whether the row is of radioligand therapy."""
    if any(code.startswith("8-530.d") for code in codes(one.concept, profile.OPS)):
        return True
    return any(drug.purpose == "rlt" for drug in one.drugs)


def read_treated(one: Treated, out: PersonOutput) -> None:
    """Rows of treatments, medications or support; radioligands wait for the cycles."""
    for drug in one.drugs:
        table = "support" if drug.support else "treatments" if drug.purpose in ("line", "local") else "medications"
        with out.refusing(table, one.row, {"agent": drug.name}):
            if drug.support is not None:
                units = one.row.integer("quantity") if one.row.table == "procedure_occurrence" else None
                day = one.row.required_day(one.begin)
                out.row("support", {"date": day, "kind": drug.support, "units": units}, one.row)
            elif table == "treatments":
                reason = _stop_reason(one.row)
                out.row(table, _period(one, drug) | {"agent_class": drug.agent_class, "stop_reason": reason}, one.row)
            else:
                said = _product(one, drug) if drug.purpose == "adt" else {}
                out.row(table, _period(one, drug) | {"kind": drug.purpose} | said, one.row)


def _period(one: Treated, drug: Drug) -> Row:
    begin, end = one.row.required_day(one.begin), one.end
    if end is not None and end < begin:
        raise RecordError("end_date", "end_date lies before begin_date", "correct the period in the CDM")
    said = next((found.group(1) for part in _words(one.row) if (found := PRECISION.match(part)) is not None), "day")
    if one.row.table == "procedure_occurrence" and end is None and OPEN_END not in _words(one.row):
        end = begin if drug.name != "radiotherapy" else None
    return {
        "agent": drug.name,
        "begin_date": begin,
        "begin_date_precision": said,
        "end_date": end,
        "end_date_precision": "day" if end is not None else None,
    }


def _words(row: CdmRow) -> list[str]:
    said = row.text("sig") if row.table == "drug_exposure" else row.text("modifier_source_value")
    return [part.strip() for part in (said or "").split(";")]


def _stop_reason(row: CdmRow) -> str | None:
    written = row.text("stop_reason")
    return _STOP.get(disposition_of("lutrace", written.casefold()) or "") if written is not None else None


def _product(one: Treated, drug: Drug) -> Row:
    words = [one.row.text("drug_source_value"), one.row.text("sig"), one.concept.get("text")]
    words += [coding.get("display") for coding in one.concept["coding"]]
    text = "; ".join(dict.fromkeys(word for word in words if word))
    return {"product": product_in_text(text, drug), "depot_days": depot_days_in_text(text)}


def read_cycles(
    found: Sequence[Treated],
    episodes: Sequence[CdmRow],
    weights_kg: Mapping[dt.date, set[float]],
    facts: Sequence[tuple[dt.date | None, Row]],
    concepts: Concepts,
    out: PersonOutput,
) -> None:
    """Rows of cycles from the records of radioligand therapy of one person; doubles and series as cycle_statements.

    `weights_kg` are the body weights by day; `facts` the residual activity and the time of assay with their day.
    """
    stated = _stated_cycles(episodes)
    drafts: list[tuple[Draft, Treated]] = []
    for one in found:
        with out.refusing("cycles", one.row):
            if _counts(one, concepts, out):
                drafts.append((_draft(one, stated, out), one))
    number_cycles([draft for draft, _ in drafts], {(out.patient_id, day): kg for day, kg in weights_kg.items()}, {})
    for draft, one in drafts:
        if draft.fault is not None or draft.absorbed:
            out.row("cycle_statements", statement_of_draft(draft), one.row)
        with out.refusing("cycles", one.row):
            if draft.fault is not None:
                raise draft.fault
            if draft.absorbed:
                out.unread(one.row, "the same cycle as an administration or procedure")
                continue
            for day, columns in facts:
                if day == draft.day:
                    draft.row = {**draft.row, **columns}
            out.row("cycles", draft.row, one.row)
            out.collected.notes.update(draft.notes)


def _counts(one: Treated, concepts: Concepts, out: PersonOutput) -> bool:
    """Whether the record says that a cycle was given; bills and series are kept as statements, plans are counted."""
    kind = concepts.find(one.row.concept(f"{one.row.table.split('_')[0]}_type_concept_id"))
    name = kind.name if kind is not None else ""
    begin, end = one.row.required_day(one.begin), one.end
    if _CLAIM.search(name):
        out.row("cycle_statements", {"kind": "billing", **_statement(one, begin, None), "scope": "cycle"}, one.row)
        return False
    if one.row.table == "drug_exposure" and _PLANNED.search(name) and "administ" not in name.casefold():
        out.unread(one.row, "radioligand prescribed or dispensed, not given")
        return False
    if end is not None and (end - begin).days > SAME_CYCLE_DAYS:
        kind_of = "procedure" if one.row.table == "procedure_occurrence" else "administration"
        total = activity_mbq(one.row) if one.row.table == "drug_exposure" else None
        out.row(
            "cycle_statements",
            {"kind": kind_of, **_statement(one, begin, end), "scope": "series", "activity_mbq": total},
            one.row,
        )
        rule = f"a cycle lasts at most {SAME_CYCLE_DAYS} days, the record is longer: it is a series of cycles"
        raise RecordError("administered_date", rule, "record each administration of the series")
    return True


def _statement(one: Treated, begin: dt.date, end: dt.date | None) -> Row:
    agent = next((drug.name for drug in one.drugs if drug.purpose == "rlt"), None)
    row: Row = {"begin_date": begin, "begin_precision": "day", "end_date": end, "agent": agent}
    for name, system in (("ops", profile.OPS), ("hcpcs", profile.HCPCS[0])):
        for code in codes(one.concept, system):
            meant, doubt = cycle_agent_of(name, code, begin.year)  # type: ignore[arg-type]
            return {**row, "code_system": name, "code": code, "doubt": doubt, "agent": meant or agent}
    return row


def _draft(one: Treated, stated: Mapping[tuple[str, int], int], out: PersonOutput) -> Draft:
    row = one.row
    is_drug = row.table == "drug_exposure"
    day = row.required_day(one.begin)
    clock = row.moment("drug_exposure_start_datetime" if is_drug else "procedure_datetime")
    agent = next((drug.name for drug in one.drugs if drug.purpose == "rlt"), "lu177_psma_other")
    known: dict[str, object] = {"administered_date": day, "agent": agent, "injection_datetime": clock}
    if is_drug:
        known["administered_mbq"] = activity_mbq(row)
        if row.number_of("quantity") is not None and known["administered_mbq"] is None:
            out.unread(row, "quantity of a radioligand without a unit of activity")
    located = Located({"resourceType": row.table, "code": one.concept}, row.locator, digest_of(row.table))
    number = stated.get((row.table, row.integer(f"{row.table}_id") or 0))
    return Draft(out.patient_id, located, is_drug, day, known, number)


def activity_mbq(row: CdmRow) -> float | None:
    """The activity of a drug exposure in MBq; None without a unit of activity beside its quantity."""
    quantity, unit = row.number_of("quantity"), row.text("dose_unit_source_value")
    if quantity is None or unit not in ACTIVITY_MBQ:
        return None
    return float(f"{float(quantity) * ACTIVITY_MBQ[unit]:.12g}")


def _stated_cycles(episodes: Sequence[CdmRow]) -> dict[tuple[str, int], int]:
    """The number of the cycle by table and id of the events that its episode names."""
    found: dict[tuple[str, int], int] = {}
    for one in episodes:
        number = one.integer("episode_number")
        if one.concept("episode_concept_id") != TREATMENT_CYCLE or number is None:
            continue
        for table, event in one.cells.get("events", ()):
            found[table, event] = number
    return found


def read_progressions(episodes: Sequence[CdmRow], out: PersonOutput) -> None:
    """Disease events of episodes of progression; of which basis, an episode does not say."""
    for one in episodes:
        number = one.concept("episode_concept_id")
        if number == PROGRESSION:
            with out.refusing("disease_events", one):
                day = one.required_day("episode_start_date")
                known = {"kind": "clinical_progression", "date": day, "date_precision": "day"}
                out.row("disease_events", {**known, "basis": "episode of progression"}, one)
        elif number != TREATMENT_CYCLE:
            out.unread(one, "regimen or other" if number == TREATMENT_REGIMEN else "not a cycle or progression")
