"""`lutrace check --missing`: before the first run, which facts a study needs of a patient and the registry has not."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lutrace.core import Row, Table
from lutrace.registry import Registry
from lutrace.study.needs import Needs, find_needs
from lutrace.study.shipped import load_protocol, shipped_names
from lutrace.tables import (
    CONTACTS,
    CYCLES,
    DIAGNOSES,
    FOLLOW_UP,
    LABS,
    PATIENTS,
    QUANTIFICATIONS,
    QUESTIONNAIRES,
    SCANS,
    TREATMENTS,
    TUMOUR_BURDENS,
    VITALS,
)

MISSING_COLUMNS = ("study", "patient_id", "need", "missing", "add")
_TABLES = (
    CONTACTS,
    CYCLES,
    DIAGNOSES,
    FOLLOW_UP,
    QUANTIFICATIONS,
    QUESTIONNAIRES,
    SCANS,
    TREATMENTS,
    TUMOUR_BURDENS,
    VITALS,
)
_NEARBY_DAYS = 30
"""How far from a cycle a weight counts as known."""


@dataclass(frozen=True)
class MissingResult:
    """A row per patient and fact that is missing, and how many patients lack each of the treated ones."""

    rows: tuple[Row, ...]
    counts: tuple[Row, ...]


@dataclass(frozen=True)
class _Patient:
    """The facts of one patient by table, cycles of the study's radioligands in the order of their days."""

    patient_id: str
    facts: Mapping[str, Sequence[Row]] = field(default_factory=dict)

    def of(self, table: Table, **equal: object) -> list[Row]:
        """The rows of a table whose columns hold these values."""
        return [
            row
            for row in self.facts.get(table.name, ())
            if all(row.get(name) == value for name, value in equal.items())
        ]


def find_missing(registry_folder: Path, protocol: str | None = None) -> MissingResult:
    """The facts that a study (file or shipped name; None: every shipped one) needs, and patients do not have.

    Rows of `study patient_id need missing add`: what is missing in words and what to add. Counts of
    `study need patients of`. Raises ProtocolError for an unknown study.
    """
    names = shipped_names() if protocol is None else (protocol,)
    studies = [find_needs(load_protocol(name)) for name in names]
    with Registry.open(registry_folder, write=False) as registry:
        patients = _patients(registry, {analyte for needs in studies for analyte in needs.analytes})
    rows: list[Row] = []
    counts: list[Row] = []
    for needs in studies:
        found = [row for patient in patients for row in _missing_of(needs, patient)]
        rows += found
        for need in dict.fromkeys(row["need"] for row in found):
            lacking = {row["patient_id"] for row in found if row["need"] == need}
            counts.append({"study": needs.study, "need": need, "patients": len(lacking), "of": len(patients)})
    return MissingResult(tuple(rows), tuple(counts))


def _patients(registry: Registry, analytes: Iterable[str]) -> list[_Patient]:
    """Every patient of the registry with the facts that count: corrected, and of several sources the believed ones.

    Of the laboratory these analytes.
    """
    facts: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    names = {row["patient_id"] for row in registry.rows(PATIENTS)}
    asked: list[tuple[Table, dict[str, str]]] = [(table, {}) for table in _TABLES]
    asked += [(LABS, {"analyte": analyte}) for analyte in analytes]
    for table, equal in asked:
        for row in registry.rows(table, corrected=True, **equal):
            facts[row["patient_id"]][table.name].append(row)
    return [_Patient(name, facts.get(name, {})) for name in sorted(names | facts.keys())]


def _missing_of(needs: Needs, patient: _Patient) -> Iterator[Row]:
    cycles = sorted(
        (row for row in patient.of(CYCLES) if row["agent"] in needs.agents), key=lambda row: row["administered_date"]
    )
    if not cycles:
        given = "none of the study's radioligands" if patient.of(CYCLES) else "none at all"
        yield _row(needs, patient, "cycles", f"cycles of radioligand therapy: {given}", "cycles (add fhir, add table)")
        return
    if len(cycles) < needs.minimum_cycles:
        yield _row(
            needs,
            patient,
            "cycles",
            f"{len(cycles)} of the {needs.minimum_cycles} cycles that the study asks for",
            "the further cycles, if there were any; otherwise the patient does not enter",
        )
    yield from _missing_scans(needs, patient, cycles)
    yield from _missing_psa(needs, patient, cycles)
    yield from _missing_labs(needs, patient, cycles)
    yield from _missing_answers(needs, patient, cycles)
    yield from _missing_history(needs, patient, cycles)


def _row(needs: Needs, patient: _Patient, need: str, missing: str, add: str) -> Row:
    return {"study": needs.study, "patient_id": patient.patient_id, "need": need, "missing": missing, "add": add}


def _missing_scans(needs: Needs, patient: _Patient, cycles: Sequence[Row]) -> Iterator[Row]:
    """SPECT of the cycles that the study measures: there, quantitative with what SUV rests on, measured."""
    measured = {row["scan_id"] for row in patient.of(TUMOUR_BURDENS, plan=needs.plan)}
    quantitative = {row["scan_id"] for row in patient.of(QUANTIFICATIONS, status="ok")}
    for cycle in (row for row in cycles if row["cycle"] in needs.scans):
        number = cycle["cycle"]
        scans = patient.of(SCANS, purpose="rlt_spect", cycle=number)
        usable = [row["scan_id"] for row in scans if row["status"] == "usable"]
        if not usable:
            found = f"SPECT of cycle {number}" + (", the one there is refused" if scans else "")
            yield _row(
                needs, patient, f"SPECT of cycle {number}", found, "the series (add dicom), or its reason: check"
            )
        elif not measured.intersection(usable):
            words = f"tumour volume of cycle {number} by the plan {needs.plan}"
            yield _row(
                needs, patient, f"measured SPECT of cycle {number}", words, f"lutrace measure --plan {needs.plan}"
            )
        if quantitative.intersection(usable):
            continue
        if cycle["administered_mbq"] is None:
            yield _row(needs, patient, "cycle activity", f"activity of cycle {number}", "cycles.administered_mbq")
        if cycle["weight_kg"] is None and not _has_weight(patient, cycle["administered_date"]):
            yield _row(needs, patient, "weight", f"weight at cycle {number}", "cycles.weight_kg, or vitals weight_kg")


def _has_weight(patient: _Patient, day: dt.date) -> bool:
    near = dt.timedelta(days=_NEARBY_DAYS)
    return any(abs(row["date"] - day) <= near for row in patient.of(VITALS, measure="weight_kg"))


def _missing_psa(needs: Needs, patient: _Patient, cycles: Sequence[Row]) -> Iterator[Row]:
    if needs.psa_fallback_days is None or needs.psa_landmark_days is None:
        return
    first = cycles[0]["administered_date"]
    days = [row["date"] for row in patient.of(LABS, analyte="psa")]
    if not _any_within(days, first - dt.timedelta(days=needs.psa_fallback_days), first):
        words = f"PSA in the {needs.psa_fallback_days:g} days before cycle 1"
        yield _row(needs, patient, "baseline PSA", words, "labs, analyte psa")
    for landmark in needs.landmarks:
        cycle = next((row for row in cycles if row["cycle"] == landmark.cycle), None)
        if cycle is None or landmark.cycle == 1:
            continue
        end = cycle["administered_date"] + dt.timedelta(days=needs.window_days)
        begin = max(first + dt.timedelta(days=1), end - dt.timedelta(days=needs.psa_landmark_days))
        if not _any_within(days, begin, end):
            words = f"PSA at {landmark.label}: none from {begin} to {end}"
            yield _row(needs, patient, f"PSA at {landmark.name}", words, "labs, analyte psa")


def _missing_labs(needs: Needs, patient: _Patient, cycles: Sequence[Row]) -> Iterator[Row]:
    if needs.labs is None:
        return
    first = cycles[0]["administered_date"]
    begins = [row["administered_date"] for row in cycles]
    spans = list(zip(begins, [*begins[1:], begins[-1] + dt.timedelta(days=60)], strict=True))
    for analyte in needs.labs.analytes:
        days = [row["date"] for row in patient.of(LABS, analyte=analyte)]
        if not _any_within(days, first - dt.timedelta(days=needs.labs.baseline_days), first):
            words = f"{analyte} in the {needs.labs.baseline_days:g} days before cycle 1"
            yield _row(needs, patient, f"baseline {analyte}", words, f"labs, analyte {analyte}")
        empty = [
            str(row["cycle"])
            for row, (begin, end) in zip(cycles, spans, strict=True)
            if not _any_within(days, begin + dt.timedelta(days=1), end)
        ]
        if empty:
            words = f"{analyte} after cycle {', '.join(empty)}"
            yield _row(needs, patient, f"{analyte} per cycle", words, f"labs, analyte {analyte}")


def _missing_answers(needs: Needs, patient: _Patient, cycles: Sequence[Row]) -> Iterator[Row]:
    first = cycles[0]["administered_date"]
    for instrument, window in needs.questionnaires.items():
        days = [row["date"] for row in patient.of(QUESTIONNAIRES, instrument=instrument)]
        if not _any_within(days, first - dt.timedelta(days=window), first):
            words = f"{instrument} answered in the {window:g} days before cycle 1"
            yield _row(needs, patient, f"baseline {instrument}", words, f"questionnaires, instrument {instrument}")
        if not any(day > first for day in days):
            words = f"{instrument} answered after cycle 1"
            yield _row(needs, patient, f"{instrument} on therapy", words, f"questionnaires, instrument {instrument}")


def _missing_history(needs: Needs, patient: _Patient, cycles: Sequence[Row]) -> Iterator[Row]:
    last = cycles[-1]["administered_date"]
    if needs.vital_status:
        alive = [row["date"] for row in (*patient.of(FOLLOW_UP), *patient.of(CONTACTS))]
        if not any(day > last for day in alive):
            words = "death, or a contact after the last cycle"
            yield _row(needs, patient, "vital status", words, "follow_up (dead or alive, with its day), or contacts")
    if needs.treatments and not patient.of(TREATMENTS):
        words = "treatments other than the cycles: none is on record"
        yield _row(needs, patient, "treatments", words, "treatments; a patient without any has none to add")
    diagnoses = patient.of(DIAGNOSES)
    dated = {row["milestone"] for row in diagnoses if row["date"] is not None}
    if needs.mcrpc and not dated & {"crpc", "mcrpc"}:
        yield _row(needs, patient, "mCRPC date", "a dated castration resistance", "diagnoses, milestone mcrpc or crpc")
    scores = ("gleason_primary", "gleason_sum")
    if needs.gleason and not any(row[name] is not None for row in diagnoses for name in scores):
        yield _row(needs, patient, "Gleason score", "a Gleason score", "diagnoses, gleason_sum or its patterns")
    if needs.metastases and "metastatic" not in dated:
        yield _row(needs, patient, "metastases", "a dated metastasis", "diagnoses, milestone metastatic")


def _any_within(days: Sequence[dt.date], begin: dt.date, end: dt.date) -> bool:
    return any(begin <= day <= end for day in days)
