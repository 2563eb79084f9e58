"""The charts as tables of a German hospital: semicolon CSV in Windows-1252 with decimal commas, and a workbook."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from lutrace.core import Row, write_workbook
from lutrace.terms import instrument_named
from lutrace.virtual.chart import Chart
from lutrace.virtual.records import HAEMOGLOBIN_MMOL_PER_G_DL, LIMITS

MAPPINGS = {"Patienten.csv": "patienten.yaml", "Labor.csv": "labor.yaml", "Therapie.xlsx": "therapie.yaml"}
"""The files that are written, and the mapping by which each is read."""
_ANALYTES = {
    "psa": ("PSA", "ng/ml"),
    "haemoglobin": ("Hämoglobin", "g/dl"),
    "platelets": ("Thrombozyten", "/nl"),
    "leukocytes": ("Leukozyten", "/nl"),
    "neutrophils": ("Neutrophile abs.", "/nl"),
    "lymphocytes": ("Lymphozyten abs.", "/nl"),
    "creatinine": ("Kreatinin", "mg/dl"),
    "alp": ("Alk. Phosphatase", "U/l"),
    "ldh": ("LDH", "U/l"),
    "ast": ("GOT (AST)", "U/l"),
    "alt": ("GPT (ALT)", "U/l"),
    "albumin": ("Albumin", "g/dl"),
    "bilirubin": ("Bilirubin gesamt", "mg/dl"),
    "testosterone": ("Testosteron", "ng/dl"),
}
_SITES = {"bone": "Knochen", "lymph_node": "Lymphknoten", "liver": "Leber", "lung": "Lunge"}
_ENDS = {
    "completed": "Abschluss",
    "progression": "Progress",
    "toxicity": "Nebenwirkungen",
    "choice": "Patientenwunsch",
}
_AGENTS = {
    "docetaxel": "Docetaxel",
    "cabazitaxel": "Cabazitaxel",
    "abiraterone": "Abirateron",
    "enzalutamide": "Enzalutamid",
    "leuprorelin": "Leuprorelin",
    "denosumab": "Denosumab",
}
_BLOOD = {"red_cells": "EK", "platelets": "TK"}
_EVENTS = {"fracture": "pathologische Fraktur", "hospice": "Hospiz"}


def write_tables(folder: Path, charts: Sequence[Chart]) -> None:
    """Write `Patienten.csv`, `Labor.csv` and the workbook `Therapie.xlsx` into `folder`, with the mapping of each.

    Dates are day.month.year, those known to the month month/year; every file says that its people are synthetic.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write_csv(folder / "Patienten.csv", [_person(chart) for chart in charts])
    _write_csv(folder / "Labor.csv", [row for chart in charts for row in _labs(chart)])
    sheets = {
        "Zyklen": [row for chart in charts for row in _cycles(chart)],
        "Vortherapien": [row for chart in charts for row in _treatments(chart)],
        "Transfusionen": [row for chart in charts for row in _transfusions(chart)],
        "Ereignisse": [row for chart in charts for row in _events(chart)],
        "Kontakte": [row for chart in charts for row in _contacts(chart)],
        "FACT-P": _answers(charts, "fact-p"),
        "XQ": _answers(charts, "xq"),
    }
    filled = {name: rows for name, rows in sheets.items() if rows}
    write_workbook(folder / "Therapie.xlsx", {name: (list(rows[0]), rows) for name, rows in filled.items()})
    for mapping in MAPPINGS.values():
        text = resources.files("lutrace.virtual").joinpath("mappings", mapping).read_text(encoding="utf-8")
        (folder / mapping).write_text(text, encoding="utf-8", newline="\n")


def _write_csv(path: Path, rows: Sequence[Row]) -> None:
    with path.open("w", newline="", encoding="cp1252") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow(rows[0])
        writer.writerows(row.values() for row in rows)


def _person(chart: Chart) -> Row:
    patient = chart.patient
    primary, secondary = patient.gleason
    t, n, m = chart.tnm
    found = {one.site: one for one in chart.milestones if one.site is not None}
    return {
        "PatNr": patient.identifier,
        "Name": "SYNTHETISCH",
        "Vorname": f"{patient.number:04d}",
        "Geburtsdatum": _day(patient.birth_date),
        "Testperson": "ja",
        "Größe (cm)": _number(patient.height_cm),
        "Größe gemessen am": _day(patient.administrations[0].injection.date()),
        "Erstdiagnose": _month(chart.milestone("initial").date),
        "Gleason": f"{primary}+{secondary}={primary + secondary}",
        "cT": f"c{t}",
        "cN": f"c{n}",
        "cM": f"c{m}",
        **{
            f"Metastasen {word} seit": _month(found[site].date) if site in found else ""
            for site, word in _SITES.items()
        },
        "mCRPC seit": _month(chart.milestone("mcrpc").date),
        "Sterbedatum": _death(chart),
    }


def _death(chart: Chart) -> str:
    if chart.death is None:
        return ""
    day = chart.death.first_day()
    return _day(day) if chart.death.precision == "day" else _month(day)


def _labs(chart: Chart) -> Iterable[Row]:
    for lab in chart.patient.labs:
        name, unit = _ANALYTES[lab.analyte]
        low, high = LIMITS.get(lab.analyte, (None, None))
        factor, digits = 1.0, None
        if lab.analyte == "haemoglobin" and chart.patient.number % 3 == 0:
            factor, unit, digits = HAEMOGLOBIN_MMOL_PER_G_DL, "mmol/l", 2
        yield {
            "PatNr": chart.patient.identifier,
            "Abnahme": _day(lab.date),
            "Parameter": name,
            "Ergebnis": _number(lab.value * factor, digits),
            "Einheit": unit,
            "Norm von": "" if low is None else _number(low * factor, 2),
            "Norm bis": "" if high is None else _number(high * factor, 2),
        }


def _cycles(chart: Chart) -> Iterable[Row]:
    last = chart.patient.administrations[-1]
    grades = dict(chart.patient.ecog)
    for one in chart.patient.administrations:
        ended = chart.end_of_therapy is not None and one is last
        yield {
            "PatNr": chart.patient.identifier,
            "Zyklus": one.cycle,
            "Datum": one.injection.date(),
            "Injektion": one.injection,
            "Messung Spritze": one.assay,
            "Aktivität (MBq)": one.administered_mbq,
            "Restaktivität (MBq)": one.residual_mbq,
            "Messung Rest": one.residual_at,
            "Präparat": "177Lu-PSMA-617",
            "Gewicht (kg)": one.weight_kg,
            "ECOG": grades[one.injection.date()],
            "Therapieende": _ENDS[chart.end_of_therapy[0]] if ended and chart.end_of_therapy is not None else None,
        }


def _treatments(chart: Chart) -> Iterable[Row]:
    for one in chart.patient.treatments:
        yield {
            "PatNr": chart.patient.identifier,
            "Substanz": _AGENTS[one.agent],
            "Art": {"leuprorelin": "ADT", "denosumab": "Knochen"}.get(one.agent, "Tumortherapie"),
            "Beginn": one.begin,
            "Ende": one.end,
            "Grund": _ENDS[one.stop_reason] if one.stop_reason is not None else None,
        }


def _transfusions(chart: Chart) -> Iterable[Row]:
    for one in chart.transfusions:
        yield {
            "PatNr": chart.patient.identifier,
            "Datum": one.date,
            "Produkt": _BLOOD[one.kind],
            "Anzahl": one.units,
        }


def _events(chart: Chart) -> Iterable[Row]:
    told: list[tuple[dt.date, str, int | None]] = [(day, _EVENTS[kind], None) for kind, day in chart.events]
    if chart.clinical_progression is not None:
        told.append((chart.clinical_progression, "klinischer Progress", None))
    if chart.dry_mouth is not None:
        told.append((chart.dry_mouth[0], "Mundtrockenheit", chart.dry_mouth[1]))
    for day, name, grade in sorted(told):
        yield {"PatNr": chart.patient.identifier, "Datum": day, "Ereignis": name, "CTCAE-Grad": grade}


def _contacts(chart: Chart) -> Iterable[Row]:
    for stay in chart.stays:
        kind = "stationär" if stay.kind == "admission" else "ambulant"
        for day in dict.fromkeys((stay.begin, stay.end)):
            yield {"PatNr": chart.patient.identifier, "Datum": day, "Art": kind}


def _answers(charts: Sequence[Chart], name: str) -> list[Row]:
    instrument = instrument_named(name)
    assert instrument is not None
    return [
        {
            "PatNr": chart.patient.identifier,
            "Datum": one.date,
            **{item: dict(one.items).get(item) for item in instrument.items},
        }
        for chart in charts
        for one in chart.answers
        if one.instrument == name
    ]


def _day(day: dt.date) -> str:
    return f"{day:%d.%m.%Y}"


def _month(day: dt.date) -> str:
    return f"{day:%m/%Y}"


def _number(value: float, digits: int | None = None) -> str:
    shown: Any = round(value, 6 if digits is None else digits)
    return f"{shown:.12g}".replace(".", ",")
