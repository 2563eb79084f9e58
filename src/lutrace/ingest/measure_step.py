"""`lutrace measure`: every scan not measured yet or whose inputs have changed, patient by patient."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lutrace.core import Progress, Row, Source, UnusableInputError, digest_of, silent
from lutrace.ingest.cycle_places import cycles_by_patient, place_scans
from lutrace.ingest.measure_task import PatientTask
from lutrace.ingest.measuring import MEASURED_TABLES, PatientAnswer, measure_patient
from lutrace.ingest.profile import SiteProfile, parse_profile
from lutrace.ingest.results import AddResult, result_of
from lutrace.ingest.tracer_check import UNMEASURED
from lutrace.ingest.workers import count_jobs, executor_of, map_as_done
from lutrace.registry import AddReport, FactBatch, Registry, Replacement
from lutrace.segment import Plan, load_plan
from lutrace.tables import (
    FINDING_UPTAKES,
    MASKS,
    MEASURE_VERSION,
    QUANTIFICATIONS,
    READER_FINDINGS,
    SCANS,
    TUMOUR_BURDENS,
)

DEFAULT_PLANS = ("suv3",)
_WITHOUT_PLAN = (QUANTIFICATIONS, FINDING_UPTAKES)
_QUANTITATIVE = ("psma_pet", "rlt_spect")


@dataclass(frozen=True)
class MeasureResult:
    """How many scans were measured now, refused now, and were up to date; and the rows that changed.

    `left_out` counts PET and SPECT that are neither PSMA-PET nor post-therapy scans; the warnings say why.
    """

    measured: int
    refused: int
    up_to_date: int
    rows: AddResult
    left_out: int = 0


def run_measure(
    registry_folder: Path,
    plans: Sequence[str] = DEFAULT_PLANS,
    *,
    jobs: int | None = None,
    scheduler: str | None = None,
    progress: Progress = silent,
) -> MeasureResult:
    """Measure all PSMA-PET and post-therapy scans under the plans named; a patient at a time is stored.

    Workers compute and return rows, only this process writes. A patient is measured anew when a header, pixel, mask,
    cycle, override, the profile or a plan has changed. Raises UnusableInputError for an unknown plan,
    RegistryBusyError while another process writes.
    """
    for name in plans:
        load_plan(name)
    with Registry.open(registry_folder, write=True) as registry:
        profile = parse_profile(registry.profile_text)
        wanted = [profile.plan_of(name) for name in dict.fromkeys(plans)]
        place_scans(registry, profile)
        tasks, up_to_date = _due_tasks(registry, profile, wanted)
        report, measured, refused = AddReport(), 0, 0
        count = count_jobs(jobs or profile.jobs)
        with executor_of(min(count, len(tasks)) or 1, scheduler=scheduler) as executor:
            answers = map_as_done(executor, measure_patient, tasks, jobs=count)
            for done, (task, answer) in enumerate(answers, start=1):
                report = report.plus(registry.add(_batch(task, answer)))
                measured, refused = measured + answer.measured, refused + answer.refused
                progress("patients", done, len(tasks))
        reasons = _left_out(registry)
        told = tuple(f"{n} scans {reason}" for reason, n in reasons.most_common())
        return MeasureResult(measured, refused, up_to_date, result_of(report, told), reasons.total())


def _left_out(registry: Registry) -> Counter[str]:
    """Why usable PET and SPECT are measured under no plan, and how many."""
    notes = [json.loads(row["notes"]) for row in registry.rows(SCANS, corrected=True, status="usable", purpose="other")]
    return Counter(note for one in notes for note in one if str(note).startswith(UNMEASURED))


def tasks_as_measured(registry: Registry, plans: Sequence[str] = ()) -> list[PatientTask]:
    """A task for each measured patient with the plans that he was measured under, or those of them that `plans` names.

    Raises UnusableInputError for a plan that nothing was measured under.
    """
    profile = parse_profile(registry.profile_text)
    known = _Known.of(registry).plans_of_patient
    unknown = [name for name in plans if not any(name in found for found in known.values())]
    if unknown:
        raise UnusableInputError(f"nothing was measured under plan {', '.join(unknown)}; run lutrace measure first")
    scans = _by_patient(registry.rows(SCANS, corrected=True, status="usable"))
    records = _records_by_patient(registry)
    tasks = []
    for patient_id, names in sorted(known.items()):
        task = _task(registry, profile, patient_id, scans[patient_id], records(patient_id))
        chosen = [profile.plan_of(name) for name in sorted(names) if not plans or name in plans]
        tasks.append(_with_plans(task, chosen))
    return [task for task in tasks if task.plans]


def _due_tasks(registry: Registry, profile: SiteProfile, wanted: Sequence[Plan]) -> tuple[list[PatientTask], int]:
    """A task for each patient with a scan to be measured, and how many scans of the others are up to date."""
    scans = _by_patient(registry.rows(SCANS, corrected=True, status="usable"))
    records = _records_by_patient(registry)
    known = _Known.of(registry)
    tasks, up_to_date = [], 0
    for patient_id, found in sorted(scans.items()):
        task = _task(registry, profile, patient_id, found, records(patient_id))
        plans = known.due_plans(task, wanted, profile)
        if plans:
            tasks.append(_with_plans(task, plans))
        else:
            up_to_date += len(task.scans)
    return tasks, up_to_date


@dataclass(frozen=True)
class _Records:
    """What the registry holds of a patient beside scans."""

    masks: Sequence[Row]
    cycles: Sequence[Row]
    findings: Sequence[Row]


def _records_by_patient(registry: Registry) -> Callable[[str], _Records]:
    """A function from a patient to the records that measuring rests on."""
    masks, cycles = _by_patient(registry.rows(MASKS)), cycles_by_patient(registry)
    findings = _by_patient(row for row in registry.rows(READER_FINDINGS, corrected=True) if _has_place(row))
    return lambda patient: _Records(masks.get(patient, ()), cycles.get(patient, ()), findings.get(patient, ()))


def _has_place(finding: Row) -> bool:
    return finding["kind"] == "ct_only_lesion" and None not in (finding["x_mm"], finding["y_mm"], finding["z_mm"])


def _task(
    registry: Registry, profile: SiteProfile, patient_id: str, scans: Sequence[Row], records: _Records
) -> PatientTask:
    quantitative = tuple(sorted((one for one in scans if one["purpose"] in _QUANTITATIVE), key=_in_time))
    quantification = profile.quantification
    stated = quantification.model_dump(mode="json") if quantification is not None else None
    return PatientTask(
        images=registry.images,
        patient_id=patient_id,
        scans=quantitative,
        cts=tuple(one for one in scans if one["purpose"] == "ct"),
        masks=tuple(records.masks),
        cycles=tuple(records.cycles),
        findings=tuple(records.findings),
        profile=quantification,
        networks=profile.networks,
        registration=profile.registration,
        plans=(),
        inputs={one["scan_id"]: _inputs_digest(one, records.cycles, stated) for one in quantitative},
        plan_inputs={},
    )


def _inputs_digest(scan: Row, cycles: Sequence[Row], profile: object) -> str:
    """Digest of what the SUV of a scan rests on: pixels, header, record of its cycle, profile."""
    own = [
        {name: value for name, value in cycle.items() if name not in ("source_id", "source_locator")}
        for cycle in cycles
        if cycle["cycle"] == scan["cycle"]
    ]
    parts = [MEASURE_VERSION, scan["pixel_digest"], scan["header_facts"], scan["cycle"], own, profile]
    return digest_of(parts)


def _with_plans(task: PatientTask, plans: Sequence[Plan]) -> PatientTask:
    return PatientTask(
        images=task.images,
        patient_id=task.patient_id,
        scans=task.scans,
        cts=task.cts,
        masks=task.masks,
        cycles=task.cycles,
        findings=task.findings,
        profile=task.profile,
        networks=task.networks,
        registration=task.registration,
        plans=tuple(plans),
        inputs=task.inputs,
        plan_inputs={
            (scan["scan_id"], plan.name): _plan_digest(task, scan, plan) for scan in task.scans for plan in plans
        },
    )


def _plan_digest(task: PatientTask, scan: Row, plan: Plan) -> str:
    """Digest of what the lesions of a scan and their tracks rest on: SUV inputs, plan, patient's masks and scans."""
    masks = sorted([row["region"], row["scan_id"], row["maker"], row["voxel_digest"]] for row in task.masks)
    others = sorted([one["scan_id"], task.inputs[one["scan_id"]]] for one in task.scans)
    cts = sorted([one["scan_id"], one["pixel_digest"]] for one in task.cts)
    networks = [repr(task.networks.organs), repr(task.networks.lesions)]
    places = ("row_id", "cycle", "date", "long_axis_mm", "x_mm", "y_mm", "z_mm")
    findings = sorted([str(row[name]) for name in places] for row in task.findings)
    parts = [task.inputs[scan["scan_id"]], plan.digest, masks, others, cts, networks, findings, task.registration]
    return digest_of(parts)


@dataclass(frozen=True)
class _Known:
    """What the registry holds of earlier measurements."""

    quantified: Mapping[str, str]
    measured: frozenset[tuple[str, str, str]]
    plans_of_patient: Mapping[str, frozenset[str]]

    @staticmethod
    def of(registry: Registry) -> _Known:
        quantified: dict[str, str] = {}
        measured: set[tuple[str, str, str]] = set()
        plans: dict[str, set[str]] = defaultdict(set)
        for row in registry.rows(QUANTIFICATIONS):
            quantified[row["scan_id"]] = row["inputs_digest"]
            for step in json.loads(row["checks"]):
                if step["name"].startswith("plan "):
                    name = step["name"].removeprefix("plan ")
                    measured.add((row["scan_id"], name, step["facts"][0]))
                    plans[row["patient_id"]].add(name)
            if row["status"] == "refused":
                measured.add((row["scan_id"], "", row["inputs_digest"]))
        for row in registry.rows(TUMOUR_BURDENS):
            measured.add((row["scan_id"], row["plan"], row["inputs_digest"]))
            plans[row["patient_id"]].add(row["plan"])
        return _Known(quantified, frozenset(measured), {name: frozenset(found) for name, found in plans.items()})

    def due_plans(self, task: PatientTask, wanted: Sequence[Plan], profile: SiteProfile) -> list[Plan]:
        """The plans that a patient is to be measured under: none, or the wanted and all earlier ones together."""
        if not task.scans:
            return []
        names = {plan.name for plan in wanted}
        earlier = sorted(self.plans_of_patient.get(task.patient_id, frozenset()) - names)
        plans = [*wanted, *(profile.plan_of(name) for name in earlier if profile.has_plan(name))]
        whole = _with_plans(task, plans)
        current = all(self._is_current(whole, scan, plan) for plan in plans for scan in task.scans)
        return [] if current else plans

    def _is_current(self, task: PatientTask, scan: Row, plan: Plan) -> bool:
        scan_id, inputs = scan["scan_id"], task.inputs[scan["scan_id"]]
        if self.quantified.get(scan_id) != inputs:
            return False
        was_refused = (scan_id, "", inputs) in self.measured
        return was_refused or (scan_id, plan.name, task.plan_inputs[scan_id, plan.name]) in self.measured


def _batch(task: PatientTask, answer: PatientAnswer) -> FactBatch:
    """One patient's rows, which replace all that was measured of these scans under these plans before."""
    inputs = sorted([scan_id, plan, digest] for (scan_id, plan), digest in task.plan_inputs.items())
    replaces = [
        Replacement(table.name, (("patient_id", task.patient_id), ("plan", plan.name)))
        for table in MEASURED_TABLES
        if table not in _WITHOUT_PLAN
        for plan in task.plans
    ]
    replaces += [Replacement(table.name, (("patient_id", task.patient_id),)) for table in _WITHOUT_PLAN]
    return FactBatch(Source("measure", digest_of(inputs)), answer.rows, replaces=replaces)


def _by_patient(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["patient_id"]].append(row)
    return found


def _in_time(scan: Row) -> tuple[str, str]:
    moment = scan["acquisition_datetime"]
    return (moment.isoformat() if moment is not None else scan["date"].isoformat(), scan["scan_id"])
