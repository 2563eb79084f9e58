"""What the records of one virtual patient say, whatever the form that they are written in."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from lutrace.core import PartialDate
from lutrace.terms import instrument_named
from lutrace.virtual.timeline import LabValue, Patient

SITES = {"bone": "C79.5", "lymph_node": "C77.9", "liver": "C78.7", "lung": "C78.0"}
"""Sites of metastases that a virtual patient may have, and the ICD-10 code of each."""
REASONED = ("completed", "progression", "toxicity", "choice")
"""Reasons for the end of therapy; who goes on has none, and a death is recorded as such."""
_LOW_HAEMOGLOBIN_G_DL = 8.5
_INSTRUMENTS = ("fact-p", "xq")
_MONTH_ONLY = 4
"""Of every fourth patient the death is known to the month."""


@dataclass(frozen=True)
class Milestone:
    """A dated diagnosis, known to the month; `site` of metastases, `code` of ICD-10 (none for mCRPC)."""

    name: str
    date: dt.date
    code: str | None = None
    site: str | None = None

    @property
    def month(self) -> str:
        """The month as ISO 8601."""
        return f"{self.date:%Y-%m}"


@dataclass(frozen=True)
class Answers:
    """One filled-in questionnaire: raw answers by item id."""

    date: dt.date
    instrument: str
    items: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Transfusion:
    """Units of red cells or platelets on a day."""

    date: dt.date
    kind: str
    units: int


@dataclass(frozen=True)
class Stay:
    """A visit (begin and end on one day) or an admission."""

    begin: dt.date
    end: dt.date
    kind: str


@dataclass(frozen=True)
class Chart:
    """One patient's records: beside what `patient` holds, what is drawn or told for them.

    `end_of_therapy` is the reason and the day of the last cycle; `death` may be known to the month; `events` are
    fractures and hospice care; `clinical_progression` is the day on which the physician noted it.
    """

    patient: Patient
    milestones: tuple[Milestone, ...]
    tnm: tuple[str, str, str]
    answers: tuple[Answers, ...]
    transfusions: tuple[Transfusion, ...]
    events: tuple[tuple[str, dt.date], ...]
    clinical_progression: dt.date | None
    dry_mouth: tuple[dt.date, int] | None
    end_of_therapy: tuple[str, dt.date] | None
    stays: tuple[Stay, ...]
    death: PartialDate | None

    @property
    def sites(self) -> tuple[str, ...]:
        """Sites of metastases, in the order in which they were found."""
        return tuple(one.site for one in self.milestones if one.site is not None)

    def milestone(self, name: str) -> Milestone:
        """The first milestone of this name."""
        return next(one for one in self.milestones if one.name == name)


def make_chart(patient: Patient, rng: np.random.Generator) -> Chart:
    """The records of a virtual patient; the same patient and generator give the same chart.

    TNM, answers, transfusions, fractures and hospice care are drawn here, by choices of this model; nothing here is
    evidence. Nothing is recorded after the patient's last day.
    """
    given = [one.injection.date() for one in patient.administrations]
    reason = patient.stop_reason
    noted = min(given[-1] + dt.timedelta(days=40), patient.last_date) if reason == "progression" else None
    dry = patient.dry_mouth_from
    last = patient.last_date
    return Chart(
        patient=patient,
        milestones=_milestones(patient, rng),
        tnm=_tnm(patient, rng),
        answers=tuple(_answers(day, name, patient, rng) for day in given[:3] for name in _INSTRUMENTS),
        transfusions=_transfusions(patient, rng),
        events=_events(patient, rng),
        clinical_progression=noted,
        dry_mouth=(dry, 1 + patient.number % 2) if dry is not None and dry <= last else None,
        end_of_therapy=(reason, given[-1]) if reason in REASONED else None,
        stays=_stays(patient),
        death=_death(patient),
    )


def _milestones(patient: Patient, rng: np.random.Generator) -> tuple[Milestone, ...]:
    """Initial diagnosis, each site of metastases in a month of its own before therapy, and mCRPC."""
    course = patient.course
    there = {"bone": course.has_bone, "lymph_node": course.has_node, "liver": course.has_liver, "lung": course.has_lung}
    until = patient.administrations[0].injection.date()
    found, day = [], patient.metastatic_date
    for site in (name for name, has in there.items() if has):
        found.append(Milestone("metastatic", day, SITES[site], site))
        day = min(day + dt.timedelta(days=int(rng.integers(32, 200))), until - dt.timedelta(days=28))
    return (
        Milestone("initial", patient.initial_date, "C61"),
        *found,
        Milestone("mcrpc", patient.mcrpc_date),
    )


def _tnm(patient: Patient, rng: np.random.Generator) -> tuple[str, str, str]:
    """TNM at the first diagnosis: M by whether metastases were found in that month."""
    size = str(rng.choice(["T2c", "T3a", "T3b", "T4"], p=[0.2, 0.3, 0.35, 0.15]))
    node = "N1" if patient.course.has_node and rng.random() < 0.6 else "N0"
    spread = (patient.metastatic_date.year, patient.metastatic_date.month) == (
        patient.initial_date.year,
        patient.initial_date.month,
    )
    return size, node, ("M1b" if patient.course.has_bone else "M1a") if spread else "M0"


def _answers(day: dt.date, name: str, patient: Patient, rng: np.random.Generator) -> Answers:
    """Every item answered but, of one form in four, one left empty; the sicker, the worse."""
    instrument = instrument_named(name)
    assert instrument is not None
    low, high = int(instrument.low), int(instrument.high)
    mean = 0.5 + 0.12 * np.tanh(patient.burden)
    answers = [(item, int(rng.binomial(high - low, mean)) + low) for item in instrument.items]
    if rng.random() < 0.25:
        answers.pop(int(rng.integers(len(answers))))
    return Answers(day, name, tuple(answers))


def _transfusions(patient: Patient, rng: np.random.Generator) -> tuple[Transfusion, ...]:
    """Red cells on the day after a low haemoglobin, platelets once for some with many metastases."""
    low = [one for one in patient.labs if one.analyte == "haemoglobin" and one.value < _LOW_HAEMOGLOBIN_G_DL]
    found = [Transfusion(_after(one, patient), "red_cells", int(rng.integers(1, 4))) for one in low]
    if patient.burden > 1 and patient.course.has_bone:
        day = patient.administrations[-1].injection.date() + dt.timedelta(days=24)
        if day <= patient.last_date:
            found.append(Transfusion(day, "platelets", 1))
    return tuple(found)


def _after(lab: LabValue, patient: Patient) -> dt.date:
    return min(lab.date + dt.timedelta(days=1), patient.last_date)


def _events(patient: Patient, rng: np.random.Generator) -> tuple[tuple[str, dt.date], ...]:
    """A pathological fracture of some with bone metastases; hospice care before some deaths."""
    first, last = patient.administrations[0].injection.date(), patient.last_date
    found = []
    fracture = first + dt.timedelta(days=int(rng.integers(20, 200)))
    if patient.course.has_bone and rng.random() < 0.12 and fracture <= last:
        found.append(("fracture", fracture))
    hospice = last - dt.timedelta(days=int(rng.integers(5, 30)))
    if patient.dead and rng.random() < 0.4 and hospice > patient.administrations[-1].injection.date():
        found.append(("hospice", hospice))
    return tuple(found)


def _stays(patient: Patient) -> tuple[Stay, ...]:
    """Admissions for the cycles, visits for the blood draws, and the last contact of those alive."""
    last = patient.last_date
    admitted = sorted(one.injection.date() for one in patient.administrations)
    visits = {lab.date for lab in patient.labs} | ({last} if not patient.dead else set())
    return (
        *(Stay(day, min(day + dt.timedelta(days=2), last), "admission") for day in admitted),
        *(Stay(day, day, "visit") for day in sorted(visits - set(admitted))),
    )


def _death(patient: Patient) -> PartialDate | None:
    if not patient.dead:
        return None
    day = patient.last_date
    return PartialDate(day.year, day.month, None if patient.number % _MONTH_ONLY == 0 else day.day)
