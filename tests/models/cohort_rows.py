"""Two synthetic cohorts as rows of an analysis set, and a study that sets them beside each other."""

from __future__ import annotations

from typing import Any

from lutrace.core import Row
from lutrace.protocol import Protocol, parse_protocol

STUDY = """
study: two-cohorts
title: Two synthetic cohorts
question: How long do patients of either cohort live?
population: {agents: [lu177_psma_617]}
populations:
  - {name: here, label: Treated here, index: {event: first_cycle}}
  - {name: there, label: Treated elsewhere, index: {event: eligible_lines, take: first}}
endpoints: [{kind: os, name: os, label: Overall survival, censor_at: last_activity}]
covariates:
  - {name: age, label: Age, value: age_years, transform: identity, unit: per year}
  - {name: liver, label: Liver metastases, value: psa50, transform: present, unit: yes against no}
  - {name: period, label: Calendar period, value: psa_nadir_period, transform: identity, unit: per period}
values: []
analyses: ANALYSES
"""
SIGNED = "{harmonised: yes, how: by the same rules, by: N. N., when: 2026-01-31}"
OPEN = "{harmonised: no, how: another clock}"
ITEMS = ("eligibility", "index_date", "calendar_time", "mortality_capture", "ascertainment")
EFFECT = "{adjust_for: [age, liver], weights: [overlap, ATE, ATT, matching], horizons: [360 days]}"


def checklist(open_item: str = "") -> str:
    """A checklist that is signed in all lines but one."""
    return "{" + ", ".join(f"{name}: {OPEN if name == open_item else SIGNED}" for name in ITEMS) + "}"


def study(**keys: str) -> Protocol:
    """The study with one comparison; keys are added to it as YAML."""
    own = {"populations": "[here, there]", "endpoints": "[os]"} | keys
    told = ", ".join(f"{key}: {value}" for key, value in own.items())
    text = STUDY.replace("psa_nadir_period", "psa80")
    analyses = f"[{{kind: comparison, name: beside, label: Both cohorts, {told}}}]"
    return parse_protocol(text.replace("ANALYSES", analyses), "two-cohorts.yaml")


def row(number: int, population: str, days: float, event: bool, **values: Any) -> Row:
    """One patient of the analysis set; values are known at time zero."""
    known = {name: value for name, value in values.items() if not name.endswith("_days")}
    days_of = {f"{name}_days": values.get(f"{name}_days", 0.0) for name in known}
    return {
        "patient_id": f"p{number}",
        "population": population,
        "entry_days": 0.0,
        "os_days": days,
        "os_event": event,
        **known,
        **days_of,
    }


_HERE = (
    "61 1 400 1 0|70 0 350 1 1|72 0 720 0 1|66 1 210 1 0|75 0 515 1 1|68 0 640 0 0|80 1 95 1 1|59 0 480 1 0|"
    "73 0 300 1 1|77 1 260 1 0|64 0 555 0 1|69 0 430 1 1|71 1 150 1 0|74 0 610 1 1|62 0 390 0 0"
)
_THERE = (
    "70 1 120 1 0|78 0 240 1 1|74 1 180 1 1|69 0 410 0 0|81 0 90 1 1|73 1 200 1 0|66 0 330 1 1|76 0 280 1 0|"
    "72 1 60 1 1|79 0 370 0 0|68 0 450 1 1|75 1 110 1 0|71 0 520 0 1|77 0 160 1 1|65 0 380 1 0|82 1 75 1 1|63 0 395 1 0"
)


def two_cohorts() -> list[Row]:
    """15 and 17 synthetic patients: age, liver, days, death and period, as the R scripts of the tests have them."""
    rows = []
    for population, text in (("here", _HERE), ("there", _THERE)):
        for one in text.split("|"):
            age, liver, days, event, period = map(int, one.split())
            rows.append(
                row(
                    len(rows), population, float(days), bool(event),
                    age=float(age), liver=float(liver), period=float(period),
                )
            )  # fmt: skip
    return rows
