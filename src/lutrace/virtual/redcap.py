"""The charts as an exported REDCap project of a German site: dictionary, raw data and the centre's mapping for it.

Longitudinal (baseline, a planned event per cycle, end), with repeating instruments, checkboxes, numbers with a decimal
comma, dates day-month-year in the dictionary and ISO in the export, and a code for what was not answered.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from lutrace.ehr import REDCAP_HEADINGS
from lutrace.terms import instrument_named
from lutrace.virtual.chart import SITES, Chart
from lutrace.virtual.records import HAEMOGLOBIN_MMOL_PER_G_DL

_NUMBER = "number_comma_decimal"
_NOT_ANSWERED = "-99"
_AGENTS = ("docetaxel", "cabazitaxel", "abiraterone", "enzalutamide", "leuprorelin", "denosumab")
_REASONS = ("completed", "progression", "toxicity", "choice")
_ANALYTES = (
    "psa", "haemoglobin", "haemoglobin_mmol", "platelets", "leukocytes", "neutrophils", "lymphocytes", "creatinine",
    "alp", "ldh", "ast", "alt", "albumin", "bilirubin", "testosterone",
)  # fmt: skip
_BLOOD = ("red_cells", "platelets")
_EVENTS = ("fracture", "hospice", "clinical_progression", "dry_mouth")


@dataclass(frozen=True)
class _Field:
    """One field of the dictionary; a choice has the codes 1, 2, ... in the order of `choices`."""

    name: str
    form: str
    label: str
    type: str = "text"
    validation: str = ""
    choices: tuple[str, ...] = ()
    identifier: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        if self.type == "checkbox":
            return tuple(f"{self.name}___{code}" for code, _ in enumerate(self.choices, start=1))
        return (self.name,)


def write_redcap(folder: Path, charts: Sequence[Chart]) -> None:
    """Write `dictionary.csv`, `data.csv` (raw codes) and `mapping.yaml` of the project into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    fields = tuple(_fields())
    _write(folder / "dictionary.csv", REDCAP_HEADINGS, [_described(one) for one in fields])
    forms = list(dict.fromkeys(one.form for one in fields))
    header = ["study_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance"]
    for form in forms:
        header += [column for one in fields if one.form == form for column in one.columns if column != "study_id"]
        header.append(f"{form}_complete")
    rows = [row for number, chart in enumerate(charts, start=1) for row in _rows(number, chart, fields)]
    _write(folder / "data.csv", header, rows)
    text = resources.files("lutrace.virtual").joinpath("mappings", "redcap.yaml").read_text(encoding="utf-8")
    (folder / "mapping.yaml").write_text(text, encoding="utf-8", newline="\n")


def _write(path: Path, header: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([row.get(name, "") for name in header] for row in rows)


def _described(field: _Field) -> dict[str, str]:
    choices = " | ".join(f"{code}, {label}" for code, label in enumerate(field.choices, start=1))
    told = (
        field.name,
        field.form,
        "",
        field.type,
        field.label,
        choices,
        "",
        field.validation,
        "",
        "",
        field.identifier,
    )
    return dict(zip(REDCAP_HEADINGS, told, strict=False))


def _fields() -> Iterator[_Field]:
    yield _Field("study_id", "stammdaten", "Studiennummer")
    yield _Field("patnr", "stammdaten", "Patientennummer", identifier="y")
    yield _Field("geburt", "stammdaten", "Geburtsdatum", validation="date_dmy", identifier="y")
    yield _Field("testperson", "stammdaten", "Testperson (synthetisch)", "yesno")
    yield _Field("groesse", "stammdaten", "Größe (cm)", validation=_NUMBER)
    yield _Field("groesse_datum", "stammdaten", "Größe gemessen am", validation="date_dmy")
    yield _Field("ed", "stammdaten", "Erstdiagnose (JJJJ-MM)")
    yield _Field("gleason1", "stammdaten", "Gleason, erster Wert", validation="integer")
    yield _Field("gleason2", "stammdaten", "Gleason, zweiter Wert", validation="integer")
    for axis in "tnm":
        yield _Field(f"c{axis}", "stammdaten", f"TNM klinisch, {axis.upper()}")
    yield _Field("mets", "stammdaten", "Metastasen in", "checkbox", choices=tuple(SITES))
    for site in SITES:
        yield _Field(f"seit_{site}", "stammdaten", f"Metastasen {site} seit (JJJJ-MM)")
    yield _Field("mcrpc", "stammdaten", "mCRPC seit (JJJJ-MM)")
    yield _Field("z_nr", "zyklus", "Zyklus", validation="integer")
    yield _Field("z_inj", "zyklus", "Injektion", validation="datetime_seconds_dmy")
    yield _Field("z_mess", "zyklus", "Messung der Spritze", validation="datetime_seconds_dmy")
    yield _Field("z_gbq", "zyklus", "Aktivität (GBq)", validation=_NUMBER)
    yield _Field("z_rest", "zyklus", "Restaktivität (MBq)", validation=_NUMBER)
    yield _Field("z_rest_zeit", "zyklus", "Messung des Rests", validation="datetime_seconds_dmy")
    yield _Field("z_kg", "zyklus", "Gewicht (kg)", validation=_NUMBER)
    yield _Field("z_ecog", "zyklus", "ECOG", "radio", choices=("0", "1", "2", "3", "4"))
    for name in ("fact-p", "xq"):
        yield _Field(f"{_prefix(name)}_datum", _prefix(name), "Datum", validation="date_dmy")
        for item in _items(name):
            yield _Field(f"{_prefix(name)}_{item.lower()}", _prefix(name), item, validation="integer")
    yield _Field("l_datum", "labor", "Abnahme", validation="date_dmy")
    for analyte in _ANALYTES:
        yield _Field(f"l_{analyte}", "labor", analyte, validation=_NUMBER)
    yield _Field("t_mittel", "therapie", "Substanz", "dropdown", choices=_AGENTS)
    yield _Field("t_von", "therapie", "Beginn", validation="date_dmy")
    yield _Field("t_bis", "therapie", "Ende", validation="date_dmy")
    yield _Field("t_grund", "therapie", "Grund des Endes", "radio", choices=_REASONS)
    yield _Field("b_datum", "transfusion", "Datum", validation="date_dmy")
    yield _Field("b_art", "transfusion", "Produkt", "radio", choices=_BLOOD)
    yield _Field("b_zahl", "transfusion", "Anzahl", validation="integer")
    yield _Field("e_datum", "ereignis", "Datum", validation="date_dmy")
    yield _Field("e_art", "ereignis", "Ereignis", "radio", choices=_EVENTS)
    yield _Field("e_grad", "ereignis", "CTCAE-Grad", validation="integer")
    yield _Field("k_datum", "kontakt", "Datum", validation="date_dmy")
    yield _Field("k_art", "kontakt", "Art", "radio", choices=("ambulant", "stationär"))
    yield _Field("ende_grund", "abschluss", "Grund des Therapieendes", "radio", choices=_REASONS)
    yield _Field("ende_datum", "abschluss", "Letzter Zyklus", validation="date_dmy")
    yield _Field("tod", "abschluss", "Verstorben am (so genau wie bekannt)")


def _items(instrument: str) -> tuple[str, ...]:
    known = instrument_named(instrument)
    assert known is not None
    return known.items


def _prefix(instrument: str) -> str:
    return instrument.replace("-", "")


def _rows(number: int, chart: Chart, fields: Sequence[_Field]) -> Iterator[dict[str, Any]]:
    """The rows of one record: one for each event, and one for each instance of a repeating instrument."""
    record = {"study_id": str(number)}
    yield {**record, "redcap_event_name": "baseline_arm_1", **_person(chart), "stammdaten_complete": 2}
    for cells in _visits(chart):
        yield {**record, **cells}
    if chart.end_of_therapy is not None or chart.death is not None:
        yield {**record, "redcap_event_name": "ende_arm_1", **_end(chart), "abschluss_complete": 2}
    repeated = {
        "labor": _labs(chart),
        "therapie": _treatments(chart),
        "transfusion": _transfusions(chart),
        "ereignis": _events(chart),
        "kontakt": _contacts(chart),
    }
    for form, entries in repeated.items():
        for instance, cells in enumerate(entries, start=1):
            at = {"redcap_event_name": "verlauf_arm_1", "redcap_repeat_instrument": form}
            yield {**record, **at, "redcap_repeat_instance": instance, **cells, f"{form}_complete": 2}


def _person(chart: Chart) -> dict[str, Any]:
    patient = chart.patient
    found = {one.site: one.month for one in chart.milestones if one.site is not None}
    boxes = {f"mets___{code}": int(site in found) for code, site in enumerate(SITES, start=1)}
    return {
        "patnr": patient.identifier,
        "geburt": patient.birth_date,
        "testperson": 1,
        "groesse": _number(patient.height_cm),
        "groesse_datum": patient.administrations[0].injection.date(),
        "ed": chart.milestone("initial").month,
        "gleason1": patient.gleason[0],
        "gleason2": patient.gleason[1],
        **{f"c{axis}": f"c{value}" for axis, value in zip("tnm", chart.tnm, strict=True)},
        **boxes,
        **{f"seit_{site}": found.get(site, "") for site in SITES},
        "mcrpc": chart.milestone("mcrpc").month,
    }


def _visits(chart: Chart) -> Iterator[dict[str, Any]]:
    """The planned event of each cycle with its questionnaires."""
    grades = dict(chart.patient.ecog)
    for one in chart.patient.administrations:
        day = one.injection.date()
        cells: dict[str, Any] = {
            "redcap_event_name": f"zyklus_{one.cycle}_arm_1",
            "z_nr": one.cycle,
            "z_inj": one.injection,
            "z_mess": one.assay,
            "z_gbq": _number(one.administered_mbq / 1000),
            "z_rest": _number(one.residual_mbq),
            "z_rest_zeit": one.residual_at,
            "z_kg": _number(one.weight_kg),
            "z_ecog": grades[day] + 1,
            "zyklus_complete": 2,
        }
        for form in chart.answers:
            if form.date == day:
                prefix, given = _prefix(form.instrument), dict(form.items)
                cells |= {f"{prefix}_datum": day, f"{prefix}_complete": 2}
                cells |= {
                    f"{prefix}_{item.lower()}": given.get(item, _NOT_ANSWERED) for item in _items(form.instrument)
                }
        yield cells


def _end(chart: Chart) -> dict[str, Any]:
    cells: dict[str, Any] = {"tod": "" if chart.death is None else str(chart.death)}
    if chart.end_of_therapy is not None:
        reason, day = chart.end_of_therapy
        cells |= {"ende_grund": _REASONS.index(reason) + 1, "ende_datum": day}
    return cells


def _labs(chart: Chart) -> list[dict[str, Any]]:
    """One entry for each draw; every third patient's haemoglobin is in mmol/L, in a field of its own."""
    days: dict[dt.date, dict[str, Any]] = {}
    for lab in chart.patient.labs:
        cells = days.setdefault(lab.date, {"l_datum": lab.date})
        if lab.analyte == "haemoglobin" and chart.patient.number % 3 == 0:
            cells["l_haemoglobin_mmol"] = _number(round(lab.value * HAEMOGLOBIN_MMOL_PER_G_DL, 2))
        else:
            cells[f"l_{lab.analyte}"] = _number(lab.value)
    return list(days.values())


def _treatments(chart: Chart) -> list[dict[str, Any]]:
    return [
        {
            "t_mittel": _AGENTS.index(one.agent) + 1,
            "t_von": one.begin,
            "t_bis": one.end or "",
            "t_grund": "" if one.stop_reason is None else _REASONS.index(one.stop_reason) + 1,
        }
        for one in chart.patient.treatments
    ]


def _transfusions(chart: Chart) -> list[dict[str, Any]]:
    return [
        {"b_datum": one.date, "b_art": _BLOOD.index(one.kind) + 1, "b_zahl": one.units} for one in chart.transfusions
    ]


def _events(chart: Chart) -> list[dict[str, Any]]:
    told: list[tuple[dt.date, str, int | str]] = [(day, kind, "") for kind, day in chart.events]
    if chart.clinical_progression is not None:
        told.append((chart.clinical_progression, "clinical_progression", ""))
    if chart.dry_mouth is not None:
        told.append((chart.dry_mouth[0], "dry_mouth", chart.dry_mouth[1]))
    return [
        {"e_datum": day, "e_art": _EVENTS.index(kind) + 1, "e_grad": grade}
        for day, kind, grade in sorted(told, key=lambda one: one[:2])
    ]


def _contacts(chart: Chart) -> list[dict[str, Any]]:
    return [
        {"k_datum": day, "k_art": 2 if stay.kind == "admission" else 1}
        for stay in chart.stays
        for day in dict.fromkeys((stay.begin, stay.end))
    ]


def _number(value: float) -> str:
    return f"{value:.12g}".replace(".", ",")
