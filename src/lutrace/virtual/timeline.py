"""One virtual patient in calendar time: dates, administrations, body weight, bloods, earlier and later treatments."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from lutrace.core import DAYS_PER_MONTH
from lutrace.physics import decay_factor
from lutrace.virtual.cohort import STOP_REASONS, VirtualPatients
from lutrace.virtual.lesions import Course

LU177_HALF_LIFE_S = 574300.0
"""As scanners' headers say it: 6.647 days."""
SMALLEST_SUV_MEAN = 5.5
"""Mean tumour SUVbw on PET below which nobody is treated: uptake must exceed that of the liver (VISION)."""
DATA_CUT = dt.date(2024, 6, 28)
_ANALYTES = (
    ("platelets", 220.0, 0.30, -0.05, "10*9/L"),
    ("leukocytes", 6.0, 0.30, -0.04, "10*9/L"),
    ("lymphocytes", 1.1, 0.40, -0.08, "10*9/L"),
    ("creatinine", 1.0, 0.18, 0.01, "mg/dL"),
    ("alp", 120.0, 0.75, -0.02, "U/L"),
    ("ldh", 240.0, 0.40, 0.0, "U/L"),
    ("ast", 27.0, 0.30, 0.01, "U/L"),
    ("alt", 23.0, 0.35, 0.01, "U/L"),
    ("albumin", 3.8, 0.11, -0.005, "g/dL"),
    ("bilirubin", 0.5, 0.30, 0.0, "mg/dL"),
)
"""Name, median at the start, spread of its ln, change of its ln per cycle, unit. Medians: the project's notes."""


@dataclass(frozen=True)
class Administration:
    """One cycle: activity measured in the syringe at `assay`, given at `injection`, what stayed at `residual_at`."""

    cycle: int
    injection: dt.datetime
    assay: dt.datetime
    administered_mbq: float
    residual_mbq: float
    residual_at: dt.datetime
    weight_kg: float

    @property
    def net_bq(self) -> float:
        """Activity in the patient at the injection, in Bq."""
        before = (self.injection - self.assay).total_seconds()
        after = (self.residual_at - self.injection).total_seconds()
        given = self.administered_mbq * decay_factor(before, LU177_HALF_LIFE_S)
        return 1e6 * (given - self.residual_mbq / decay_factor(after, LU177_HALF_LIFE_S))


@dataclass(frozen=True)
class LabValue:
    """One result: analyte of the vocabulary, value in `unit` (UCUM)."""

    date: dt.date
    analyte: str
    value: float
    unit: str


@dataclass(frozen=True)
class Treatment:
    """A treatment by its name in the vocabulary; `end` None when it goes on."""

    agent: str
    begin: dt.date
    end: dt.date | None
    stop_reason: str | None


@dataclass(frozen=True)
class Patient:
    """All of one virtual patient that records, letters and scans are written from."""

    number: int
    identifier: str
    birth_date: dt.date
    height_cm: float
    burden: float
    gleason: tuple[int, int]
    initial_date: dt.date
    metastatic_date: dt.date
    mcrpc_date: dt.date
    course: Course
    administrations: tuple[Administration, ...]
    stop_reason: str
    pet_datetime: dt.datetime
    spect_datetimes: tuple[dt.datetime, ...]
    labs: tuple[LabValue, ...]
    ecog: tuple[tuple[dt.date, int], ...]
    treatments: tuple[Treatment, ...]
    dry_mouth_from: dt.date | None
    last_date: dt.date
    dead: bool
    progression_date: dt.date | None

    @property
    def name(self) -> str:
        """DICOM patient name that says what it is."""
        return f"SYNTHETIC^{self.number:04d}"

    @property
    def german(self) -> bool:
        """Whether the letters of this patient are in German."""
        return self.number % 2 == 0


def make_patient(patients: VirtualPatients, index: int, rng: np.random.Generator) -> Patient:
    """The virtual patient of row `index` in calendar time; the data cut is the same for all."""
    v, number = patients, index + 1
    start = DATA_CUT - dt.timedelta(days=int(v.follow_up_day[index]))
    birth = start - dt.timedelta(days=int(v.age_years[index] * 365.25))
    last = start + dt.timedelta(days=int(v.last_day[index]))
    administrations = _administer(v, index, start, rng)
    mcrpc = start - _months(rng, 3.14, 0.70)
    metastatic = mcrpc - _months(rng, 2.6, 0.7)
    initial = metastatic - (dt.timedelta(0) if rng.random() < 0.4 else _months(rng, 3.2, 0.9))
    initial = max(initial, birth + dt.timedelta(days=40 * 365))
    reason = STOP_REASONS[int(v.stop_reason[index])]
    progression = start + dt.timedelta(days=int(v.pfs_day[index])) if v.pfs_day[index] < v.last_day[index] else None
    scans = min(len(administrations), 3)
    spects = [one.injection + dt.timedelta(minutes=int(60 * rng.normal(24.0, 1.0))) for one in administrations[:scans]]
    pet = dt.datetime.combine(start, dt.time(9, 30)) - dt.timedelta(days=int(rng.integers(8, 28)))
    dry = rng.random() < 0.39
    return Patient(
        number=number,
        identifier=f"SYN-{number:04d}",
        birth_date=birth,
        height_cm=round(float(v.height_cm[index]), 0),
        burden=float(v.burden[index]),
        gleason=[(3, 4), (4, 3), (4, 4), (4, 5), (5, 4)][int(rng.choice(5, p=[0.15, 0.2, 0.2, 0.35, 0.1]))],
        initial_date=initial,
        metastatic_date=max(metastatic, initial),
        mcrpc_date=max(mcrpc, initial),
        course=_course_of(v, index),
        administrations=administrations,
        stop_reason=reason,
        pet_datetime=pet + dt.timedelta(minutes=int(rng.integers(0, 300))),
        spect_datetimes=tuple(moment for moment in spects if moment.date() <= last),
        labs=_draw_labs(v, index, start, administrations, rng),
        ecog=tuple(
            (one.injection.date(), int(min(v.ecog[index] + (k > 2 and reason == "progression"), 4)))
            for k, one in enumerate(administrations)
        ),
        treatments=_treat(v, index, mcrpc=mcrpc, start=start, last=last, initial=initial, rng=rng),
        dry_mouth_from=administrations[-1].injection.date() + dt.timedelta(days=9) if dry else None,
        last_date=last,
        dead=bool(v.os_event[index]),
        progression_date=progression,
    )


def _months(rng: np.random.Generator, ln_median: float, ln_sd: float) -> dt.timedelta:
    return dt.timedelta(days=int(DAYS_PER_MONTH * np.exp(ln_median + ln_sd * rng.standard_normal())))


def _course_of(v: VirtualPatients, index: int) -> Course:
    ln_ttv, new, avid = v.ln_ttv[index], v.new_lesion[index], v.new_avid[index]
    return Course(
        has_bone=bool(v.has_bone[index]),
        has_node=bool(v.has_node[index]),
        has_liver=bool(v.has_liver[index]),
        has_lung=bool(v.has_lung[index]),
        ln_ttv=(float(ln_ttv[0]), float(ln_ttv[1]), float(ln_ttv[2])),
        new_lesion=(bool(new[0]), bool(new[1]), bool(new[2])),
        new_avid=(bool(avid[0]), bool(avid[1]), bool(avid[2])),
        suv_mean=max(float(v.suv_mean[index]), SMALLEST_SUV_MEAN),
    )


def _administer(v: VirtualPatients, index: int, start: dt.date, rng: np.random.Generator) -> tuple[Administration, ...]:
    weight = float(v.weight_kg[index])
    given = []
    for cycle in range(1, int(v.n_cycles[index]) + 1):
        day = start + dt.timedelta(days=int(v.cycle_day[index, cycle - 1]))
        injection = dt.datetime.combine(day, dt.time(10)) + dt.timedelta(minutes=int(rng.integers(0, 240)))
        given.append(
            Administration(
                cycle=cycle,
                injection=injection,
                assay=injection - dt.timedelta(minutes=int(rng.integers(15, 60))),
                administered_mbq=round(float(rng.normal(7400.0, 180.0)), 0),
                residual_mbq=round(float(rng.uniform(20.0, 140.0)), 0),
                residual_at=injection + dt.timedelta(minutes=int(rng.integers(10, 40))),
                weight_kg=round(weight, 1),
            )
        )
        weight *= float(np.exp(rng.normal(-0.006, 0.012)))
    return tuple(given)


def _draw_labs(
    v: VirtualPatients, index: int, start: dt.date, given: tuple[Administration, ...], rng: np.random.Generator
) -> tuple[LabValue, ...]:
    """PSA at each draw; bloods at those of them that lie within therapy and twelve weeks after."""
    until = (given[-1].injection.date() - start).days + 84
    burden = float(v.burden[index])
    own = {name: float(spread * rng.standard_normal()) for name, _, spread, _, _ in _ANALYTES}
    own["ldh"] = float(np.log(v.ldh[index] / 240.0))
    own["alp"] += 0.25 * burden
    labs = []
    for day, psa in zip(v.psa_day[index], v.psa_ng_ml[index], strict=True):
        if np.isnan(day):
            continue
        date = start + dt.timedelta(days=int(day))
        labs.append(LabValue(date, "psa", float(psa), "ng/mL"))
        if day > until:
            continue
        cycles = max(min(float(day) / 43.0, len(given)), 0.0)
        fall = (0.12 * (1 + 0.4 * burden) - 0.05 * float(v.marrow[index])) * cycles
        labs.append(LabValue(date, "haemoglobin", _round(v.haemoglobin[index] - fall + rng.normal(0, 0.3), 1), "g/dL"))
        for name, median, _, per_cycle, unit in _ANALYTES:
            value = median * float(np.exp(own[name] + per_cycle * cycles + 0.07 * rng.standard_normal()))
            labs.append(LabValue(date, name, _round(value, 0 if median > 50 else 2), unit))
            if name == "leukocytes":
                labs.append(LabValue(date, "neutrophils", _round(0.65 * value, 2), unit))
    first = min(one.date for one in labs)
    labs.append(LabValue(first, "testosterone", _round(float(rng.uniform(3, 30)), 0), "ng/dL"))
    return tuple(labs)


def _round(value: float, digits: int) -> float:
    return max(round(float(value), digits), 10.0**-digits)


def _treat(
    v: VirtualPatients,
    index: int,
    *,
    mcrpc: dt.date,
    start: dt.date,
    last: dt.date,
    initial: dt.date,
    rng: np.random.Generator,
) -> tuple[Treatment, ...]:
    """Androgen deprivation throughout, earlier lines between mCRPC and the first cycle, sometimes a line after."""
    adt = max(initial, mcrpc - dt.timedelta(days=int(rng.integers(300, 900))))
    treatments = [Treatment("leuprorelin", adt, None, None)]
    if v.has_bone[index]:
        treatments.append(Treatment("denosumab", mcrpc, None, None))
    agents = ["abiraterone", "enzalutamide"][: max(int(v.arpi_lines[index]), 1)]
    agents[1:1] = ["docetaxel", "cabazitaxel"][: int(v.taxane_lines[index])]
    room = max((start - mcrpc).days - 28, 30 * len(agents))
    begin = start - dt.timedelta(days=room + 28)
    for agent in agents:
        length = room // len(agents)
        end = begin + dt.timedelta(days=max(length - 14, 10))
        treatments.append(Treatment(agent, begin, end, "progression" if rng.random() < 0.85 else "toxicity"))
        begin += dt.timedelta(days=length)
    stopped = start + dt.timedelta(days=int(np.nanmax(v.cycle_day[index])) + 50)
    if STOP_REASONS[int(v.stop_reason[index])] == "progression" and stopped < last and rng.random() < 0.35:
        treatments.append(Treatment("cabazitaxel", stopped, None, None))
    return tuple(treatments)
