"""One scan measured under all plans: SUV, organs, lesions, totals, doses, picture."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field

from lutrace.core import LutraceError, Row, canonical_json, digest_of
from lutrace.imaging import Caption, Mask, Outline, Volume, render_mip_plate
from lutrace.ingest.dose_rows import measure_doses
from lutrace.ingest.finding_uptake import measure_findings
from lutrace.ingest.header_facts import parse_header_facts
from lutrace.ingest.lesion_marks import lesion_marks
from lutrace.ingest.measure_task import PatientTask, ct_of, organs_on, quantify_scan, seeds_on
from lutrace.ingest.pixels import load_volume
from lutrace.ingest.profile import Networks
from lutrace.ingest.suv_step import Quantified
from lutrace.physics import QuantFacts, QuantProfile, Step, select_recovery
from lutrace.segment import (
    LesionSet,
    OrganSet,
    Plan,
    ScanFacts,
    find_lesions,
    find_lesions_by_plans,
    find_organs,
    measure_healthy_skeleton,
    measure_organs,
)
from lutrace.tables import (
    FINDING_UPTAKES,
    LESION_DOSES,
    LESIONS,
    MEASURE_VERSION,
    ORGANS,
    PICTURES,
    QUANTIFICATIONS,
    TUMOUR_BURDENS,
)

SHOWN_BLACK_SUV = 10.0
"""SUVbw shown black in pictures, the same for all scans so that they can be compared."""

_MODALITY = {"psma_pet": "PET", "rlt_spect": "SPECT"}
_LEGEND = {"tumour": "tumour", "uncertain": "uncertain: a reader decides", "physiological": "normal uptake"}


@dataclass
class ScanAnswer:
    """The rows of one scan by table, and its lesions by plan."""

    rows: dict[str, list[Row]] = field(
        default_factory=lambda: {
            table.name: []
            for table in (
                QUANTIFICATIONS,
                ORGANS,
                LESIONS,
                TUMOUR_BURDENS,
                LESION_DOSES,
                FINDING_UPTAKES,
                PICTURES,
            )
        }
    )
    lesions: dict[str, LesionSet] = field(default_factory=dict)


def measure_scan(task: PatientTask, scan: Row) -> ScanAnswer:
    """All rows of a scan; what forbids its SUV makes it a refused row, what forbids a plan a warning of its row."""
    answer = ScanAnswer()
    try:
        suv, done = quantify_scan(task, scan)
        organs, found, refused = _segmented(task, scan, suv, done)
    except LutraceError as error:
        header = parse_header_facts(scan["header_facts"])
        answer.rows[QUANTIFICATIONS.name].append(_refused(task, scan, header, str(error)))
        return answer
    answer.lesions = found
    measured: list[Row] | None = None
    for lesions in found.values():
        if measured is None:
            measured = measure_organs(suv, organs.masks, lesions.plan)
        _collect(task, scan, (suv, done), (lesions, organs, measured), answer)
        answer.rows[PICTURES.name].append(_picture(task, scan, suv, lesions))
    uptakes, unmeasured = measure_findings(task, scan, suv)
    answer.rows[FINDING_UPTAKES.name] += uptakes
    refusals = [
        Step(f"plan {name}", (task.plan_inputs[scan["scan_id"], name],), f"refused: {why}") for name, why in refused
    ]
    quantified = _quantified(task, scan, done, refusals, (organs.notes, unmeasured))
    answer.rows[QUANTIFICATIONS.name].append(quantified)
    return answer


def find_scan_lesions(task: PatientTask, scan: Row) -> tuple[Volume, Quantified, dict[str, LesionSet]]:
    """The scan in SUVbw (g/mL), how its factor was found, and its lesions by plan: what `measure_scan` makes rows of.

    A plan that cannot be used is left out. Raises the LutraceError that forbids the SUV or the organs.
    """
    suv, done = quantify_scan(task, scan)
    _organs, found, _refused = _segmented(task, scan, suv, done)
    return suv, done, found


def _segmented(
    task: PatientTask, scan: Row, suv: Volume, done: Quantified
) -> tuple[OrganSet, dict[str, LesionSet], list[tuple[str, str]]]:
    """The organ masks, the lesions by plan, and what forbids a plan; the CT is let go of with the last of them."""
    organs, facts = _organs_and_facts(task, scan, suv, done)
    return organs, *_lesions(suv, organs, task.plans, facts)


def _organs_and_facts(task: PatientTask, scan: Row, suv: Volume, done: Quantified) -> tuple[OrganSet, ScanFacts]:
    """The organ masks by the first source that can serve, and what else the lesions rest on."""
    given = organs_on(task, scan, suv)
    row = ct_of(task, scan)
    needed = not {"skeleton", "liver"} <= {mask.name for mask in given}
    ct = load_volume(task.images, row) if row is not None and needed else None
    sources = list(dict.fromkeys(source for plan in task.plans for source in plan.organs))
    organs = find_organs(suv, given=given, ct=ct, sources=sources, model=task.networks.organs)
    profile = task.profile or QuantProfile()
    facts = ScanFacts(
        ct=ct,
        tracer=tracer_of(done.facts),
        modality=_MODALITY[scan["purpose"]],
        tumour_seeds=seeds_on(task, scan, suv),
        recovery=select_recovery(done.facts, profile.recovery_curves),
        model_mask=find_model_mask(task.networks, task.plans, suv, ct),
    )
    return organs, facts


def find_model_mask(networks: Networks, plans: Sequence[Plan], suv: Volume, ct: Volume | None) -> Mask | None:
    """What the site's lesion network marks, where a plan asks for it and the site has one."""
    wanted = any(plan.threshold.kind == "model" for plan in plans)
    return networks.lesions.find_candidates(suv, ct) if wanted and networks.lesions is not None else None


def tracer_of(facts: QuantFacts) -> str | None:
    """The tracer with its radionuclide, as 68Ga-PSMA-11, from what header and record say; None when neither does."""
    if facts.radionuclide is None:
        return facts.tracer
    element, mass = facts.radionuclide.split("-")
    label = f"{mass}{element}"
    if facts.tracer is None:
        return label
    return facts.tracer if mass in facts.tracer else f"{label}-{facts.tracer}"


def _lesions(
    suv: Volume, organs: OrganSet, plans: Sequence[Plan], facts: ScanFacts
) -> tuple[dict[str, LesionSet], list[tuple[str, str]]]:
    """The lesions by plan, in one pass; if a plan cannot be used, one by one, with what forbids each."""
    try:
        return find_lesions_by_plans(suv, organs.masks, plans, **facts), []
    except LutraceError:
        found, refused = {}, []
        for plan in plans:
            try:
                found[plan.name] = find_lesions(suv, organs.masks, plan, **facts)
            except LutraceError as error:
                refused.append((plan.name, str(error)))
        return found, refused


def _collect(
    task: PatientTask,
    scan: Row,
    quantified: tuple[Volume, Quantified],
    made: tuple[LesionSet, OrganSet, Sequence[Row]],
    answer: ScanAnswer,
) -> None:
    suv, done = quantified
    lesions, organs, measured = made
    own = {"patient_id": task.patient_id, "scan_id": scan["scan_id"]}
    stamp = {"plan": lesions.plan.name, "plan_digest": lesions.plan.digest}
    organ_rows = [{**row, **stamp} for row in measured]
    organ_rows += measure_healthy_skeleton(suv, organs.masks, lesions, modality=_MODALITY[scan["purpose"]])
    answer.rows[ORGANS.name] += [{**own, **row} for row in organ_rows]
    answer.rows[LESIONS.name] += [{**own, **row} for row in lesions.rows]
    inputs = task.plan_inputs[scan["scan_id"], lesions.plan.name]
    answer.rows[TUMOUR_BURDENS.name].append({**own, **lesions.burden_row, "inputs_digest": inputs})
    if task.profile is not None and task.profile.single_time_point_dose and scan["purpose"] == "rlt_spect":
        answer.rows[LESION_DOSES.name] += [{**own, **row} for row in measure_doses(lesions, organ_rows, done)]


def _quantified(
    task: PatientTask,
    scan: Row,
    done: Quantified,
    refused_plans: Sequence[Step],
    told: tuple[Sequence[str], Sequence[str]],
) -> Row:
    """The row of a scan whose SUV is known; `told` are notes on its organs, and warnings on readers' findings."""
    factor = done.factor
    notes = [Step("note", (), note) for note in (*done.facts.notes, *told[0])]
    warnings = [*done.warnings, *(f"{step.name} {step.result}" for step in refused_plans), *told[1]]
    return {
        "scan_id": scan["scan_id"],
        "patient_id": task.patient_id,
        "status": "ok",
        "factor_suvbw": factor.factor_suvbw,
        "injected_bq_at_reference": factor.injected_bq_at_reference,
        "half_life_s": factor.half_life_s,
        "weight_kg": factor.weight_kg,
        "reference_datetime": factor.reference_datetime,
        "hours_after_injection": done.hours_after_injection,
        "activity_budget_pct": done.activity_budget_pct,
        "steps": _steps([*factor.steps, *notes]),
        "checks": _steps([*factor.checks, *refused_plans]),
        "warnings": canonical_json(warnings),
        "inputs_digest": task.inputs[scan["scan_id"]],
        "measure_version": MEASURE_VERSION,
    }


def _refused(task: PatientTask, scan: Row, facts: QuantFacts, reason: str) -> Row:
    return {
        "scan_id": scan["scan_id"],
        "patient_id": task.patient_id,
        "status": "refused",
        "reason": reason,
        "steps": _steps([Step("note", (), note) for note in facts.notes]),
        "checks": "[]",
        "warnings": "[]",
        "inputs_digest": task.inputs[scan["scan_id"]],
        "measure_version": MEASURE_VERSION,
    }


def _steps(steps: Sequence[Step]) -> str:
    return canonical_json([dataclasses.asdict(step) for step in steps])


def _picture(task: PatientTask, scan: Row, suv: Volume, lesions: LesionSet) -> Row:
    """Anterior and left lateral projection with the outlines of each category, their legend and scales."""
    present = list(dict.fromkeys(lesion.category for lesion in lesions.lesions))
    outlines = [Outline(lesions.array_of(category), category) for category in present]
    day = f", cycle {scan['cycle']}" if scan["cycle"] is not None else ""
    title = f"{_MODALITY[scan['purpose']]}{day}, plan {lesions.plan.name}"
    caption = Caption(title, tuple((one, _LEGEND[one]) for one in present), SHOWN_BLACK_SUV)
    png = render_mip_plate(suv, outlines, caption, marks=lesion_marks(lesions))
    picture_id = f"I-{digest_of([scan['scan_id'], lesions.plan.digest, 'mip', 0.0])[:16].upper()}"
    width_px, height_px = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
    return {
        "picture_id": picture_id,
        "patient_id": task.patient_id,
        "scan_id": scan["scan_id"],
        "plan": lesions.plan.name,
        "plan_digest": lesions.plan.digest,
        "kind": "mip",
        "angle_deg": 0.0,
        "suv_max": SHOWN_BLACK_SUV,
        "width_px": width_px,
        "height_px": height_px,
        "png_digest": task.images.put_png(picture_id, png),
    }
