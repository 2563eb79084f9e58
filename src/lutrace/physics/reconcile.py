"""Header against record: what the header lacks, what the two say differently, and who is right."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lutrace.core import ContradictionError
from lutrace.physics.body import check_weight
from lutrace.physics.calibration import check_windows, compute_counts_to_bq_ml, describe_calibration, select_calibration
from lutrace.physics.corrections import SUV_UNITS
from lutrace.physics.dose import compute_dose_bq
from lutrace.physics.facts import DecayCorrection, QuantFacts
from lutrace.physics.moments import earliest_acquisition
from lutrace.physics.profile import Origin, QuantProfile
from lutrace.physics.trail import format_moment

WARN_RATIO = 0.05
REFUSE_RATIO = 0.20
WARN_S = 600.0
REFUSE_S = 3600.0
MAX_DAYS_AFTER_INJECTION = 21


@dataclass(frozen=True)
class InjectionRecord:
    """What the records say about one injection: net activity in Bq at `injection_datetime`, and the weight.

    `origin` names the record for messages (a row number or a registry key, never a person).
    """

    origin: str
    injected_bq: float | None
    injection_datetime: dt.datetime | None
    injection_date: dt.date | None
    weight_kg: float | None

    @property
    def day(self) -> dt.date | None:
        """Day of the injection."""
        return self.injection_datetime.date() if self.injection_datetime is not None else self.injection_date


@dataclass(frozen=True)
class Reconciled:
    """Facts to compute with, and what reconciling them had to note and to warn of."""

    facts: QuantFacts
    warnings: tuple[str, ...]


def select_record(records: Sequence[InjectionRecord], facts: QuantFacts) -> InjectionRecord | None:
    """The record of the injection that a scan followed: the last one not after it, at most 21 days before; or None.

    A record without a day is taken only if it is the patient's only one.
    """
    if len(records) == 1 and records[0].day is None:
        return records[0]
    scan = earliest_acquisition(facts) or facts.series_datetime
    if scan is None:
        return records[0] if len(records) == 1 else None
    moments = [
        (record.injection_datetime or dt.datetime.combine(record.day, dt.time()), record)
        for record in records
        if record.day is not None
    ]
    fitting = [
        pair for pair in moments if dt.timedelta(0) <= scan - pair[0] <= dt.timedelta(days=MAX_DAYS_AFTER_INJECTION)
    ]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def reconcile(facts: QuantFacts, record: InjectionRecord | None, profile: QuantProfile | None) -> Reconciled:
    """Facts of the header, completed and checked by a record, under the site's profile.

    The header comes first; the record fills what it lacks. Activity or weight more than 5 %, or injection more than
    10 min apart warns with both values; more than 20 %, or 60 min, raises ContradictionError unless the profile names
    the side that is right. Each value taken from elsewhere is a note of the facts.
    """
    profile = profile or QuantProfile()
    facts = _apply_profile(facts, profile)
    warnings: list[str] = []
    if record is not None:
        facts = _merge_activity(facts, record, profile.activity_from, warnings)
        facts = _merge_weight(facts, record, profile.weight_from, warnings)
        facts = _merge_injection(facts, record, profile.injection_time_from, warnings)
    facts = _calibrate(facts, profile, warnings)
    window = check_windows(facts)
    return Reconciled(facts, (*warnings, window) if window else tuple(warnings))


def _noted(facts: QuantFacts, note: str, **changes: object) -> QuantFacts:
    return replace(facts, notes=(*facts.notes, note), **changes)  # type: ignore[arg-type]


def _apply_profile(facts: QuantFacts, profile: QuantProfile) -> QuantFacts:
    if profile.weight_in_grams and facts.weight_kg is not None and facts.weight_kg >= 1000:
        facts = _noted(facts, f"weight {facts.weight_kg:g} read as grams (profile)", weight_kg=facts.weight_kg / 1000)
    if profile.height_in_cm and facts.height_m is not None and facts.height_m > 3:
        facts = _noted(facts, f"height {facts.height_m:g} read as cm (profile)", height_m=facts.height_m / 100)
    unit = profile.dose_unit_pt if facts.modality == "PT" else profile.dose_unit_nm
    if unit is not None and facts.header_dose:
        injected_bq, note = compute_dose_bq(facts.header_dose, modality=facts.modality, unit=unit)
        facts = _noted(facts, note, injected_bq=injected_bq)
    if profile.corrections and not facts.corrected_image:
        stated = ", ".join(profile.corrections)
        facts = _noted(facts, f"corrections {stated} (profile)", corrected_image=profile.corrections)
    if profile.decay_correction is not None and (facts.decay_correction is None or facts.modality == "NM"):
        facts = _state_decay_correction(facts, profile.decay_correction)
    if profile.half_life_s is not None and facts.half_life_s is None and facts.radionuclide is None:
        facts = _noted(facts, f"half-life {profile.half_life_s:g} s (profile)", half_life_s=profile.half_life_s)
    return replace(facts, trust_series_time=facts.trust_series_time or profile.trust_series_time)


def _state_decay_correction(facts: QuantFacts, stated: DecayCorrection) -> QuantFacts:
    """The site's word on decay. NM objects have no element for it: there DECY in Corrected Image follows the site."""
    corrected = facts.corrected_image
    if facts.modality == "NM" and corrected:
        corrected = tuple(code for code in corrected if code != "DECY") + (() if stated == "NONE" else ("DECY",))
    return _noted(facts, f"decay correction {stated} (profile)", decay_correction=stated, corrected_image=corrected)


def _check_not_baked_in(facts: QuantFacts, shown: str) -> None:
    if facts.units in SUV_UNITS or (facts.units == "CNTS" and facts.philips_suv_factor):
        raise ContradictionError(
            f"{shown}: the profile takes the record's, and the image's SUV was made by the scanner with the header's; "
            "export the series in BQML"
        )


def _merge_activity(
    facts: QuantFacts, record: InjectionRecord, origin: Origin | None, warnings: list[str]
) -> QuantFacts:
    header, recorded = facts.injected_bq, record.injected_bq
    if recorded is None:
        return facts
    taken = f"injected activity {recorded / 1e6:.6g} MBq of {record.origin}"
    if header is None:
        return _noted(facts, f"{taken}: the header has none", injected_bq=recorded)
    shown = f"injected activity: header {header / 1e6:.6g} MBq, {record.origin} {recorded / 1e6:.6g} MBq"
    _judge(abs(header / recorded - 1), shown, origin=origin, line="activity_from", warnings=warnings)
    if origin != "record" or header == recorded:
        return facts
    _check_not_baked_in(facts, shown)
    return _noted(facts, f"{taken} (profile)", injected_bq=recorded)


def _merge_weight(facts: QuantFacts, record: InjectionRecord, origin: Origin | None, warnings: list[str]) -> QuantFacts:
    header, recorded = facts.weight_kg, record.weight_kg
    if recorded is None:
        return facts
    check_weight(recorded)
    taken = f"weight {recorded:g} kg of {record.origin}"
    if not header:
        return _noted(facts, f"{taken}: the header has none", weight_kg=recorded)
    shown = f"weight: header {header:g} kg, {record.origin} {recorded:g} kg"
    _judge(abs(header / recorded - 1), shown, origin=origin, line="weight_from", warnings=warnings)
    if origin != "record" or header == recorded:
        return facts
    _check_not_baked_in(facts, shown)
    return _noted(facts, f"{taken} (profile)", weight_kg=recorded)


def _merge_injection(
    facts: QuantFacts, record: InjectionRecord, origin: Origin | None, warnings: list[str]
) -> QuantFacts:
    clock = facts.injection_time_only
    if clock is not None and facts.injection_datetime is None and record.day is not None:
        note = f"day of the injection time {clock.isoformat(timespec='seconds')} of {record.origin}"
        dated = dt.datetime.combine(record.day, clock)
        facts = _noted(facts, note, injection_datetime=dated, injection_time_only=None)
    recorded = record.injection_datetime
    if recorded is None:
        return facts
    header = facts.injection_datetime or facts.private_injection_datetime
    taken = f"injection {format_moment(recorded)} of {record.origin}"
    if header is None:
        return _noted(facts, f"{taken}: the header has none", injection_datetime=recorded, injection_time_only=None)
    apart_s = abs((header - recorded).total_seconds())
    shown = f"injection: header {format_moment(header)}, {record.origin} {format_moment(recorded)}"
    if apart_s > REFUSE_S and origin is None:
        raise ContradictionError(
            f"{shown}: {apart_s / 60:.0f} min apart, expected at most 60; set injection_time_from in the site profile"
        )
    if apart_s > WARN_S:
        warnings.append(f"{shown}: {apart_s / 60:.0f} min apart; {origin or 'header'} used")
    if origin == "record":
        return _noted(facts, f"{taken} (profile)", injection_datetime=recorded, start_time_only=None)
    return facts


def _judge(ratio: float, shown: str, *, origin: Origin | None, line: str, warnings: list[str]) -> None:
    if not math.isfinite(ratio) or (ratio > REFUSE_RATIO and origin is None):
        raise ContradictionError(
            f"{shown}: {100 * ratio:.0f} % apart, expected at most 20 %; correct one, or set {line} in the site profile"
        )
    if ratio > WARN_RATIO:
        warnings.append(f"{shown}: {100 * ratio:.0f} % apart; {origin or 'header'} used")


def _calibrate(facts: QuantFacts, profile: QuantProfile, warnings: list[str]) -> QuantFacts:
    if facts.modality != "NM" or facts.units != "CNTS" or facts.counts_to_bq_ml is not None or facts.counting is None:
        return facts
    calibration = select_calibration(facts, profile.spect_calibrations)
    if calibration is None:
        return facts
    factor = compute_counts_to_bq_ml(facts.counting, calibration)
    if calibration.uncertainty_pct is not None:
        warnings.append(
            f"every SUV of this scan carries the calibration's uncertainty, {calibration.uncertainty_pct:g} %"
        )
    return _noted(facts, describe_calibration(calibration, factor), counts_to_bq_ml=factor)
