"""Rows of the registry as FHIR R4: cycles and how they ended, other therapies, supportive measures."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from lutrace.core import Row
from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_cycles import SAME_CYCLE_DAYS
from lutrace.ehr.fhir_writing import (
    Resource,
    Resources,
    clock,
    coding,
    concept,
    extensions,
    partial,
    period,
    quantity,
    words,
)
from lutrace.terms import Drug, disposition_systems, drug_named, drugs

_SYSTEMS = {one.name: one for one in disposition_systems()}
_NO_DRUG = "the agent is not in the vocabulary"


def add_cycles(made: Resources, tables: Mapping[str, Sequence[Row]]) -> None:
    """MedicationAdministrations of the cycles; that of its day carries why the therapy ended."""
    ends = _codings(tables, "therapy")
    for row in tables.get("cycles", ()):
        drug = drug_named(row["agent"])
        if drug is None or drug.purpose != "rlt":
            made.leave("cycles", row, "agent", _NO_DRUG)
            continue
        dose = quantity(row["administered_mbq"], "MBq")
        made.add(
            "MedicationAdministration",
            row,
            extension=extensions(
                (profile.CYCLE_NUMBER, "valuePositiveInt", row["cycle"]),
                (profile.ASSAY_DATETIME, "valueDateTime", clock(row["assay_datetime"])),
                (profile.RESIDUAL_ACTIVITY, "valueQuantity", quantity(row["residual_mbq"], "MBq")),
                (profile.RESIDUAL_DATETIME, "valueDateTime", clock(row["residual_datetime"])),
            ),
            status="completed",
            statusReason=[{"coding": [one]} for one in ends.get((row["patient_id"], row["administered_date"]), [])],
            medicationCodeableConcept=drug_concept(drug),
            effectiveDateTime=clock(row["injection_datetime"]) or row["administered_date"].isoformat(),
            dosage={"dose": dose} if dose is not None else None,
        )


def add_statements(made: Resources, tables: Mapping[str, Sequence[Row]]) -> None:
    """Procedures of series, and of single cycles beside the administration that speaks for them."""
    cycles: dict[str, list[dt.date]] = defaultdict(list)
    for row in tables.get("cycles", ()):
        cycles[row["patient_id"]].append(row["administered_date"])
    for row in tables.get("cycle_statements", ()):
        near = any(abs((day - row["begin_date"]).days) <= SAME_CYCLE_DAYS for day in cycles[row["patient_id"]])
        if row["kind"] not in ("procedure", "radiotherapy"):
            made.leave("cycle_statements", row, "kind", "only procedures are statements beside the cycles")
        elif row["scope"] == "cycle" and not near:
            made.leave("cycle_statements", row, "scope", "a procedure without a cycle near it would be read as a cycle")
        else:
            _add_statement(made, row)


def _add_statement(made: Resources, row: Row) -> None:
    drug = drug_named(row["agent"]) if row["agent"] is not None else None
    used = drug_concept(drug) if drug is not None else None
    coded = concept(profile.OPS, row["code"]) if row["code"] is not None and row["code_system"] == "ops" else None
    begin = partial(row["begin_date"], row["begin_precision"])
    whole = {"start": begin, "end": partial(row["end_date"], "day")}
    total = quantity(row["activity_mbq"], "MBq")
    made.add(
        "Procedure",
        row,
        extension=extensions(
            (profile.CYCLE_NUMBER, "valuePositiveInt", row["stated_cycle"]),
            (profile.TOTAL_DOSES[0], "valueQuantity", total),
        ),
        status="completed",
        code=coded or used,
        usedCode=[used] if coded is not None and used is not None else [],
        **({"performedPeriod": whole} if row["end_date"] is not None else {"performedDateTime": begin}),
    )


def add_treatment(made: Resources, row: Row) -> None:
    """A MedicationStatement of a drug, a Procedure of an operation or of radiotherapy."""
    drug = drug_named(row["agent"])
    if drug is None:
        made.leave("treatments", row, "agent", _NO_DRUG)
        return
    reason = row["stop_reason"]
    reasons = [concept(profile.STOP_REASON_SYSTEM, reason, reason)] if reason is not None else []
    if drug.purpose == "local":
        made.add(
            "Procedure",
            row,
            status="completed",
            statusReason=reasons[0] if reasons else None,
            code=drug_concept(drug),
            performedPeriod=period(row),
        )
        return
    _state(made, row, drug_concept(drug), statusReason=reasons)


def add_medication(made: Resources, row: Row) -> None:
    """A MedicationStatement; the brand is what its text says, the days of a depot stand in the dosage."""
    drug = drug_named(row["agent"])
    if drug is None:
        made.leave("medications", row, "agent", _NO_DRUG)
        return
    named = drug_concept(drug) | (words(row["product"]) or {})
    days = row["depot_days"]
    dosage = [{"text": f"every {days // 7} weeks"}] if days is not None and days % 7 == 0 else []
    _state(made, row, named, dosage=dosage)


def _state(made: Resources, row: Row, named: Resource, **elements: Any) -> None:
    status = "active" if row["end_date"] is None else "completed"
    made.add(
        "MedicationStatement",
        row,
        status=status,
        medicationCodeableConcept=named,
        effectivePeriod=period(row),
        **elements,
    )


def add_support(made: Resources, row: Row) -> None:
    """A Procedure of a transfusion, or of a growth factor by this program's code: the row names no drug."""
    kind = row["kind"]
    transfusion = next((one for one in drugs() if one.support == kind and one.snomed), None)
    made.add(
        "Procedure",
        row,
        extension=extensions((profile.UNITS, "valuePositiveInt", row["units"])),
        status="completed",
        code=drug_concept(transfusion) if transfusion is not None else concept(profile.FINDING_SYSTEM, kind, kind),
        performedDateTime=row["date"].isoformat(),
    )


def leave_dispositions(made: Resources, tables: Mapping[str, Sequence[Row]]) -> None:
    """Count the statements on an end that no cycle and no contact of their day can carry."""
    days = {("therapy", row["patient_id"], row["administered_date"]) for row in tables.get("cycles", ())}
    days |= {("stay", row["patient_id"], row["date"]) for row in tables.get("contacts", ())}
    for row in tables.get("dispositions", ()):
        system = _SYSTEMS[row["code_system"]]
        if not system.urls:
            made.leave("dispositions", row, "code_system", "the system of the code has no name in FHIR")
        elif (system.about, row["patient_id"], row["date"]) not in days:
            made.leave("dispositions", row, "date", "no cycle or contact of its day says how it ended")


def stays_of(tables: Mapping[str, Sequence[Row]]) -> dict[tuple[str, dt.date], list[Resource]]:
    """The codes of how stays ended, by patient and day."""
    return _codings(tables, "stay")


def _codings(tables: Mapping[str, Sequence[Row]], about: str) -> dict[tuple[str, dt.date], list[Resource]]:
    found: dict[tuple[str, dt.date], list[Resource]] = defaultdict(list)
    for row in tables.get("dispositions", ()):
        system = _SYSTEMS[row["code_system"]]
        if system.about == about and system.urls and row["date"] is not None:
            found[row["patient_id"], row["date"]].append(coding(system.urls[0], row["code"]))
    return found


def drug_concept(drug: Drug) -> Resource:
    """A drug or procedure of the vocabulary by its first code of ATC or SNOMED, and its name."""
    if drug.atc:
        return concept(profile.ATC, drug.atc[0], drug.name)
    if drug.snomed:
        return concept(profile.SNOMED, drug.snomed[0], drug.name)
    return {"text": drug.name}
