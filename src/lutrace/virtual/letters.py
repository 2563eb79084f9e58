"""Letters about virtual patients, in English or German: the facts of the records, in prose."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from lutrace.virtual.timeline import Patient

_SITES = {
    "en": {"bone": "bone", "node": "lymph node", "liver": "liver", "lung": "lung"},
    "de": {"bone": "Knochen", "node": "Lymphknoten", "liver": "Leber", "lung": "Lungen"},
}
_AGENTS_DE = {"docetaxel": "Docetaxel", "cabazitaxel": "Cabazitaxel", "abiraterone": "Abirateron"}
_AGENTS_DE |= {"enzalutamide": "Enzalutamid", "leuprorelin": "Leuprorelin", "denosumab": "Denosumab"}
_REASONS = {
    "en": {
        "progression": "Therapy was stopped because of progression.",
        "toxicity": "Therapy was stopped because of toxicity.",
        "choice": "Therapy was ended at the patient's wish.",
        "completed": "Therapy was completed as planned.",
        "death": "The patient died during therapy.",
        "ongoing": "Therapy goes on.",
    },
    "de": {
        "progression": "Die Therapie wurde wegen Progress beendet.",
        "toxicity": "Die Therapie wurde wegen Toxizität beendet.",
        "choice": "Die Therapie wurde auf Wunsch des Patienten beendet.",
        "completed": "Die Therapie wurde planmäßig abgeschlossen.",
        "death": "Der Patient ist unter der Therapie verstorben.",
        "ongoing": "Die Therapie wird fortgesetzt.",
    },
}


@dataclass(frozen=True)
class Letter:
    """One letter: its name, whose it is, its day, language and text."""

    note_id: str
    patient_id: str
    date: dt.date
    language: Literal["en", "de"]
    text: str


def write_letters(patient: Patient) -> tuple[Letter, ...]:
    """The letter before the first cycle and the one after the last; every letter says that it is synthetic."""
    language: Literal["en", "de"] = "de" if patient.german else "en"
    first = patient.administrations[0].injection.date()
    last = patient.administrations[-1].injection.date() + dt.timedelta(days=2)
    referral = _referral_de(patient) if patient.german else _referral_en(patient)
    discharge = _discharge_de(patient) if patient.german else _discharge_en(patient)
    pairs = ((first - dt.timedelta(days=5), referral), (min(last, patient.last_date), discharge))
    return tuple(
        Letter(f"{patient.identifier}-{number}", patient.identifier, day, language, text)
        for number, (day, text) in enumerate(pairs, start=1)
    )


def _sites(patient: Patient, language: str, *, present: bool) -> list[str]:
    course = patient.course
    there = {"bone": course.has_bone, "node": course.has_node, "liver": course.has_liver, "lung": course.has_lung}
    return [_SITES[language][site] for site, has in there.items() if has is present]


def _earlier(patient: Patient) -> list[tuple[str, dt.date, str | None]]:
    start = patient.administrations[0].injection.date()
    return [(one.agent, one.begin, one.stop_reason) for one in patient.treatments if one.end and one.end < start]


def _baseline_psa(patient: Patient) -> float:
    return next(lab.value for lab in patient.labs if lab.analyte == "psa")


def _last_psa(patient: Patient, day: dt.date) -> float:
    return [lab.value for lab in patient.labs if lab.analyte == "psa" and lab.date <= day][-1]


def _referral_en(patient: Patient) -> str:
    primary, secondary = patient.gleason
    sites = " and ".join(f"{site} metastases" for site in _sites(patient, "en", present=True))
    absent = _sites(patient, "en", present=False)
    lines = [
        "SYNTHETIC LETTER - this person does not exist.",
        f"Diagnosis: metastatic castration-resistant prostate cancer, first diagnosed {patient.initial_date:%m/%Y}, "
        f"Gleason {primary}+{secondary}={primary + secondary}.",
        f"Castration resistance since {patient.mcrpc_date:%m/%Y}.",
        f"PSMA PET/CT of {patient.pet_datetime:%Y-%m-%d} shows {sites}.",
        *(f"No evidence of {site} metastases." for site in absent),
        *(
            f"He received {agent} from {begin:%m/%Y}, stopped because of {reason or 'an unknown reason'}."
            for agent, begin, reason in _earlier(patient)
        ),
        f"PSA before therapy {_baseline_psa(patient):.1f} ng/mL. ECOG {patient.ecog[0][1]}.",
        "There is no pathological fracture. Family history: his father had prostate cancer.",
        "We plan radioligand therapy with 177Lu-PSMA-617.",
    ]
    return "\n".join(lines) + "\n"


def _referral_de(patient: Patient) -> str:
    primary, secondary = patient.gleason
    sites = " und ".join(f"{site}metastasen" for site in _sites(patient, "de", present=True))
    lines = [
        "SYNTHETISCHER BRIEF - diese Person existiert nicht.",
        f"Diagnose: metastasiertes kastrationsresistentes Prostatakarzinom, Erstdiagnose {patient.initial_date:%m/%Y}, "
        f"Gleason {primary}+{secondary}={primary + secondary}.",
        f"Kastrationsresistenz seit {patient.mcrpc_date:%m/%Y}.",
        f"Im PSMA-PET/CT vom {patient.pet_datetime:%d.%m.%Y} zeigen sich {sites}.",
        *(f"Kein Anhalt für {site}metastasen." for site in _sites(patient, "de", present=False)),
        *(
            f"Er erhielt {_AGENTS_DE[agent]} ab {begin:%m/%Y}, beendet wegen "
            f"{'Progress' if reason == 'progression' else 'Toxizität'}."
            for agent, begin, reason in _earlier(patient)
        ),
        f"PSA vor Therapie {_baseline_psa(patient):.1f} ng/ml".replace(".", ",") + f". ECOG {patient.ecog[0][1]}.",
        "Eine pathologische Fraktur liegt nicht vor. Familienanamnese: Der Vater hatte ein Prostatakarzinom.",
        "Geplant ist eine Radioligandentherapie mit 177Lu-PSMA-617.",
    ]
    return "\n".join(lines) + "\n"


def _discharge_en(patient: Patient) -> str:
    one = patient.administrations[-1]
    lines = [
        "SYNTHETIC LETTER - this person does not exist.",
        f"Cycle {one.cycle} of 177Lu-PSMA-617 was given on {one.injection:%Y-%m-%d}: "
        f"{one.administered_mbq / 1000:.2f} GBq at {one.weight_kg:.1f} kg body weight.",
        f"PSA {_last_psa(patient, one.injection.date()):.1f} ng/mL, before the first cycle "
        f"{_baseline_psa(patient):.1f} ng/mL.",
        "Mild dry mouth is reported." if patient.dry_mouth_from else "He denies dry mouth.",
        _REASONS["en"][patient.stop_reason],
    ]
    return "\n".join(lines) + "\n"


def _discharge_de(patient: Patient) -> str:
    one = patient.administrations[-1]
    psa, before = _last_psa(patient, one.injection.date()), _baseline_psa(patient)
    activity = f"{one.administered_mbq / 1000:.2f} GBq bei {one.weight_kg:.1f} kg".replace(".", ",")
    values = f"PSA {psa:.1f} ng/ml, vor dem ersten Zyklus {before:.1f} ng/ml".replace(".", ",")
    lines = [
        "SYNTHETISCHER BRIEF - diese Person existiert nicht.",
        f"Zyklus {one.cycle} mit 177Lu-PSMA-617 am {one.injection:%d.%m.%Y}: {activity} Körpergewicht.",
        f"{values}.",
        "Leichte Mundtrockenheit wird angegeben." if patient.dry_mouth_from else "Mundtrockenheit wird verneint.",
        _REASONS["de"][patient.stop_reason],
    ]
    return "\n".join(lines) + "\n"
