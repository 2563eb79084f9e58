"""`lutrace suv`: a row per PET or SPECT series with its SUV factor and every step to it, or the reason of refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lutrace.core import LutraceError, MissingFactError, Row, UnusableInputError, tell_file
from lutrace.dicom import FolderIndex, SeriesFiles, SeriesImage, index_folder, is_activity_series, read_series
from lutrace.imaging import FloatArray, Volume, map_slices
from lutrace.ingest.file_names import shown_file_name
from lutrace.ingest.injections import Injection, read_injections, records_of
from lutrace.physics import (
    NUCLIDES,
    InjectionRecord,
    QuantFacts,
    QuantProfile,
    Step,
    SuvFactor,
    check_activity_budget,
    check_scan_time,
    compute_activity_budget_pct,
    compute_suv_factor,
    earliest_acquisition,
    reconcile,
    select_record,
)


@dataclass(frozen=True)
class SuvStepResult:
    """A row per PET or NM series, and what was skipped or damaged beside them."""

    rows: tuple[Row, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Quantified:
    """The SUV of one image: reconciled facts, factor, the largest SUVbw in g/mL, the activity budget in %.

    `hours_after_injection` ends with the first start of acquisition of the series: not with its middle, nor with the
    moment that the image is decay-corrected to.
    """

    facts: QuantFacts
    factor: SuvFactor
    suvbw_max: float
    activity_budget_pct: float | None
    hours_after_injection: float | None
    warnings: tuple[str, ...]


def run_suv(paths: Sequence[Path], *, injections: Path | None, profile: QuantProfile | None) -> SuvStepResult:
    """SUV of each PET and NM series below `paths`; a series that cannot be quantified is a refused row with its reason.

    `injections` is a table of administrations, matched to a series by the patient and the day. Raises
    UnusableInputError when there is no DICOM at all or the table is unusable.
    """
    table = read_injections(injections) if injections is not None else None
    index = index_folder(paths)
    if not index.series and not index.faults:
        raise UnusableInputError(
            f"{', '.join(map(tell_file, paths))}: no DICOM in {index.n_files} files; "
            "name a folder with PET or SPECT series"
        )
    rows = [_row(series, table, profile) for series in index.series if is_activity_series(series)]
    known = {series.series_uid for series in index.series}
    lost = dict.fromkeys(fault.series_uid for fault in index.faults if fault.series_uid not in known)
    rows.extend(_lost_row(uid, index) for uid in lost if uid is not None)
    return SuvStepResult(tuple(rows), tuple(_beside(index)))


def quantify_image(image: SeriesImage, records: Sequence[InjectionRecord], profile: QuantProfile | None) -> Quantified:
    """SUV of an image, its header reconciled with the patient's records; raises the LutraceError that forbids it."""
    if image.facts is None:
        raise MissingFactError(f"an image in {image.volume.unit} has no activity: expected PET or SPECT")
    return quantify_volume(image.volume, image.facts, records, profile)


def quantify_volume(
    volume: Volume, facts: QuantFacts, records: Sequence[InjectionRecord], profile: QuantProfile | None
) -> Quantified:
    """SUV of a volume and the facts of its header; raises the LutraceError that forbids it."""
    record = select_record(records, facts)
    unmatched = ("the records hold no injection within 21 days before this scan",) if records and not record else ()
    reconciled = reconcile(facts, record, profile)
    factor = compute_suv_factor(reconciled.facts)
    per_slice = np.asarray(factor.slice_factors or (1.0,)) * factor.factor_suvbw
    sums, tops = _sums_and_tops(volume.array)
    budget = compute_activity_budget_pct(
        sums,
        factor,
        voxel_ml=volume.geometry.voxel_volume_ml,
        weight_kg=factor.weight_kg,
    )
    check_activity_budget(budget)
    hours = _hours_after_injection(reconciled.facts, factor)
    factor = _with_moments(factor, hours)
    window = (profile or QuantProfile()).scan_window_h
    late = check_scan_time(hours, reconciled.facts.radionuclide, window)
    return Quantified(
        facts=reconciled.facts,
        factor=factor,
        suvbw_max=float(np.max(tops.astype(np.float64) * per_slice)),
        activity_budget_pct=budget,
        hours_after_injection=hours,
        warnings=(*unmatched, *reconciled.warnings, *factor.warnings, *((late,) if late else ())),
    )


def _sums_and_tops(array: FloatArray) -> tuple[NDArray[np.float64], FloatArray]:
    """The sum and the highest voxel of each slice."""
    found = map_slices(array, lambda some, _: (some.sum(axis=(1, 2), dtype=np.float64), some.max(axis=(1, 2))))
    return np.concatenate([sums for sums, _ in found]), np.concatenate([tops for _, tops in found])


def _row(series: SeriesFiles, table: Sequence[Injection] | None, profile: QuantProfile | None) -> Row:
    facts: QuantFacts | None = None
    try:
        image = read_series(series)
        facts = image.facts
        records = records_of_series(series, image, table)
        done = quantify_image(image, records, profile)
    except LutraceError as error:
        return _refused(series, facts, str(error))
    extra = [] if table is None or records else ["the injections table has no row of this patient"]
    factor, facts = done.factor, done.facts
    notes = [f"note: {note}" for note in facts.notes]
    return {
        **_head(series, facts),
        "status": "ok",
        "reason": None,
        "factor_suvbw": factor.factor_suvbw,
        "suvbw_max": done.suvbw_max,
        "injected_bq_at_reference": factor.injected_bq_at_reference,
        "half_life_s": factor.half_life_s,
        "weight_kg": factor.weight_kg,
        "reference_datetime": _iso(factor),
        "activity_budget_pct": done.activity_budget_pct,
        "hours_after_injection": done.hours_after_injection,
        "reference_hours_after_injection": _reference_hours(factor),
        "steps": [format_step(step) for step in factor.steps] + notes,
        "checks": [format_step(check) for check in factor.checks],
        "warnings": [*image.audit.tolerated, *done.warnings, *extra],
    }


def format_step(step: Step) -> str:
    """A step as one line: name, result, and the facts it used."""
    return f"{step.name}: {step.result}" + (f" [{'; '.join(step.facts)}]" if step.facts else "")


def records_of_series(
    series: SeriesFiles, image: SeriesImage, table: Sequence[Injection] | None
) -> list[InjectionRecord]:
    """The injection records of a series' patient; raises MissingFactError when they cannot be decayed."""
    if table is None or image.facts is None:
        return []
    nuclide = NUCLIDES.get(image.facts.radionuclide or "")
    half_life_s = image.facts.half_life_s or (nuclide.half_life_s if nuclide is not None else None)
    mine = [one for one in table if one.patient_id == series.identity.patient_id]
    if not mine:
        return []
    if half_life_s is None:
        raise MissingFactError(
            "Radionuclide Half Life (0018,1075): needed to decay the injections table's activities, found nothing, "
            "and no known radionuclide is named"
        )
    return records_of(mine, series.identity.patient_id, half_life_s=half_life_s)


def _head(series: SeriesFiles, facts: QuantFacts | None) -> Row:
    return {
        "series_uid": series.series_uid,
        "modality": series.modality,
        "manufacturer": series.manufacturer,
        "units": facts.units if facts is not None else series.units,
        "decay_correction": facts.decay_correction if facts is not None else series.decay_correction,
    }


def _refused(series: SeriesFiles, facts: QuantFacts | None, reason: str) -> Row:
    return {
        **_head(series, facts),
        "status": "refused",
        "reason": reason,
        "factor_suvbw": None,
        "suvbw_max": None,
        "injected_bq_at_reference": None,
        "half_life_s": facts.half_life_s if facts is not None else None,
        "weight_kg": facts.weight_kg if facts is not None else None,
        "reference_datetime": None,
        "activity_budget_pct": None,
        "hours_after_injection": None,
        "reference_hours_after_injection": None,
        "steps": [f"note: {note}" for note in facts.notes] if facts is not None else [],
        "checks": [],
        "warnings": [],
    }


def _lost_row(series_uid: str, index: FolderIndex) -> Row:
    faults = [fault for fault in index.faults if fault.series_uid == series_uid]
    empty = dict.fromkeys(("modality", "manufacturer", "units", "decay_correction"))
    nothing = dict.fromkeys(
        ("factor_suvbw", "suvbw_max", "injected_bq_at_reference", "half_life_s", "weight_kg", "reference_datetime")
    )
    return {
        "series_uid": series_uid,
        **empty,
        "status": "refused",
        "reason": f"all {len(faults)} files of the series are damaged: {faults[0].reason}",
        **nothing,
        "activity_budget_pct": None,
        "hours_after_injection": None,
        "reference_hours_after_injection": None,
        "steps": [],
        "checks": [],
        "warnings": [],
    }


def _beside(index: FolderIndex) -> list[str]:
    people = [text for series in index.series for text in (series.identity.name, series.identity.patient_id)]
    beside = [f"{shown_file_name(fault.path, people)}: {fault.reason}" for fault in index.faults]
    others = [series for series in index.series if not is_activity_series(series)]
    beside.extend(
        f"series {series.series_uid} ({series.modality or 'no modality'}, {len(series.instances)} files): not "
        "quantitative, skipped"
        for series in others
    )
    if index.n_not_dicom:
        beside.append(f"{index.n_not_dicom} of {index.n_files} files are not DICOM and were skipped")
    return beside


def _hours_after_injection(facts: QuantFacts, factor: SuvFactor) -> float | None:
    start, injection = earliest_acquisition(facts), factor.injection_datetime
    return (start - injection).total_seconds() / 3600.0 if start is not None and injection is not None else None


def _reference_hours(factor: SuvFactor) -> float | None:
    """The moment that activity and image refer to, in hours after the injection."""
    reference, injection = factor.reference_datetime, factor.injection_datetime
    return (reference - injection).total_seconds() / 3600.0 if reference is not None and injection is not None else None


def _with_moments(factor: SuvFactor, hours: float | None) -> SuvFactor:
    """The factor with both moments among its checks, where start of acquisition and decay reference differ."""
    reference = _reference_hours(factor)
    if hours is None or reference is None or abs(hours - reference) * 3600.0 <= 1.0:
        return factor
    said = f"start of acquisition {hours:.3f} h, decay reference {reference:.3f} h"
    return replace(factor, checks=(*factor.checks, Step("hours after injection", (), said)))


def _iso(factor: SuvFactor) -> str | None:
    return factor.reference_datetime.isoformat() if factor.reference_datetime is not None else None
