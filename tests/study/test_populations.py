"""Populations from an index date on: members, attrition, evidence of losses, and baselines before the index event."""

from __future__ import annotations

import datetime as dt
import functools
from typing import Any

import pytest
from tests.conftest import HandFacts

from lutrace.core import MissingFactError, ProtocolError
from lutrace.protocol import parse_protocol
from lutrace.study import compute_study

CUT = dt.date(2024, 6, 30)
START = dt.date(2022, 1, 10)
STUDY = """
study: two-populations
title: Two populations
question: Who lives how long, and from when?
population: {agents: [lu177_psma_617]}
populations:
  - name: rlt
    label: Radioligand therapy
    index: {event: first_cycle}
    include:
      - {rule: value, of: centre, one_of: [Essen]}
      - {rule: value, of: haemoglobin}
      - {rule: value, of: haemoglobin, at_least: 9}
      - {rule: index_between, first: 2022-01-01, last: 2022-12-31}
  - name: comparator
    label: Other treatment
    index: {event: eligible_lines, after: [taxane, arpi], take: first}
    include:
      - {rule: not_in, population: rlt}
      - {rule: value, of: centre, one_of: [US]}
values:
  - {name: centre, label: Centre, kind: centre}
  - {name: haemoglobin, label: Haemoglobin, kind: lab, analyte: haemoglobin}
endpoints: [{kind: os, name: os, label: Overall survival}]
analyses:
  - {kind: kaplan_meier, name: km, label: Survival, populations: [rlt, comparator], endpoints: [os]}
"""


def on(day: int) -> dt.date:
    return START + dt.timedelta(days=day)


def build() -> dict[str, list[dict[str, Any]]]:
    """Essen: a to d treated, e never; US: u after taxane and ARPI, v after a taxane alone."""
    rows: dict[str, list[dict[str, Any]]] = {
        "patients": [],
        "cycles": [],
        "labs": [],
        "treatments": [],
        "follow_up": [],
    }
    for name, site in (*(("abcde"[i], "Essen") for i in range(5)), ("u", "US"), ("v", "US")):
        rows["patients"].append({"patient_id": name, "birth_year": 1950, "site": site, "row_id": f"p-{name}"})
    for name, day, value in (("a", 0, 12.0), ("b", 0, 8.9), ("c", 0, None), ("d", 400, 11.0)):
        rows["cycles"].append(
            {
                "patient_id": name,
                "cycle": 1,
                "administered_date": on(day),
                "agent": "lu177_psma_617",
                "row_id": f"c-{name}",
            }
        )
        if value is not None:
            lab = {"analyte": "haemoglobin", "value": value, "canonical_unit": "g/dL", "row_id": f"l-{name}"}
            rows["labs"].append({"patient_id": name, "date": on(day - 3), **lab})
    given = (
        ("u", "docetaxel", "taxane", -800, -700), ("u", "enzalutamide", "arpi", -600, -100),
        ("u", "cabazitaxel", "taxane", 50, 150), ("u", "carboplatin", "platinum", 300, 350),
        ("v", "docetaxel", "taxane", -800, -700), ("v", "cabazitaxel", "taxane", 50, 150),
    )  # fmt: skip
    for name, agent, kind, begin, end in given:
        row = {"agent": agent, "agent_class": kind, "begin_date": on(begin), "end_date": on(end)}
        precision = {"begin_date_precision": "day", "end_date_precision": "day"}
        rows["treatments"].append({"patient_id": name, **row, **precision, "row_id": f"t-{name}{begin}"})
    for name, day in (("a", 300), ("b", 300), ("c", 300), ("u", 250), ("v", 250)):
        death = {"status": "dead", "date": on(day), "date_precision": "day", "basis": "record"}
        rows["follow_up"].append({"patient_id": name, **death, "row_id": f"f-{name}"})
    return rows


@functools.cache
def run(cut: dt.date | None = CUT) -> Any:
    """What the study computes of these patients, once for all tests that only look."""
    return compute_study(parse_protocol(STUDY, "study.yaml"), HandFacts(build()), data_cut=cut)


def test_each_rule_is_a_step_that_says_whom_it_lost() -> None:
    steps = [row for row in run().tables["attrition"] if row["population"] == "rlt"]
    assert [(row["rule"], row["n"], row["excluded"]) for row in steps] == [
        ("screened: all patients of the registry", 7, 0),
        ("has first cycle with an agent of the study", 4, 3),
        ("Centre: Essen", 4, 0),
        ("Haemoglobin known", 3, 1),
        ("Haemoglobin at least 9", 2, 1),
        ("index date from 2022-01-01 up to 2022-12-31", 1, 1),
    ]


def test_a_loss_leads_to_the_value_that_decided_or_to_the_index_event() -> None:
    found = run().cohort.losses
    losses = {(row["patient_id"], row["step"]): row["source_row"] for row in found if row["population"] == "rlt"}
    assert losses["b", 4] == "l-b"
    assert losses["c", 3] == "c-c"
    assert losses["e", 1] == "p-e"


def test_a_population_counts_from_its_own_index_event() -> None:
    members = {(row["population"], row["patient_id"]): row for row in run().cohort.members}
    assert ("comparator", "v") not in members
    assert members["comparator", "u"]["index_date"] == on(50)
    values = {
        (row["population"], row["patient_id"]): row
        for row in run().tables["endpoint_values"]
        if row["endpoint"] == "os"
    }
    assert values["comparator", "u"]["days"] == 200.0
    assert values["rlt", "a"]["days"] == 300.0


def test_curves_are_of_each_population() -> None:
    medians = {
        row["population"]: (row["estimate"], row["n"], row["events"])
        for row in run().tables["estimates"]
        if row["analysis"] == "km" and row["measure"] == "median"
    }
    assert set(medians) == {"rlt", "comparator"}
    assert medians["rlt"][1:] == (1, 1)
    assert medians["comparator"][1:] == (1, 1)


def test_nobody_stands_in_both_populations() -> None:
    rows = build()
    for day, agent, kind in ((-900, "docetaxel", "taxane"), (-800, "enzalutamide", "arpi"), (-700, "olaparib", "parp")):
        given = {"agent": agent, "agent_class": kind, "begin_date": on(day), "end_date": on(day + 60)}
        rows["treatments"].append({"patient_id": "a", **given, "begin_date_precision": "day", "row_id": f"t-a{day}"})
    found = compute_study(parse_protocol(STUDY, "study.yaml"), HandFacts(rows), data_cut=CUT)
    steps = [(row["rule"], row["n"]) for row in found.tables["attrition"] if row["population"] == "comparator"]
    assert steps[1:3] == [("has line begun after taxane and arpi", 2), ("not among: Radioligand therapy", 1)]
    assert ("t-a-700", "a") in {(row["source_row"], row["patient_id"]) for row in found.cohort.losses}


def test_an_index_of_the_history_asks_for_a_data_cut() -> None:
    with pytest.raises(MissingFactError, match=r"populations.comparator: .* --data-cut"):
        run(cut=None)


def test_a_rule_that_counts_back_from_the_data_cut_asks_for_one() -> None:
    text = STUDY.replace("{rule: value, of: haemoglobin}", "{rule: followed_for, days: 84 days}", 1)
    with pytest.raises(MissingFactError, match=r"populations.rlt: followed_for .* --data-cut"):
        compute_study(parse_protocol(text, "study.yaml"), HandFacts(build()))
    found = compute_study(parse_protocol(text, "study.yaml"), HandFacts(build()), data_cut=on(450))
    steps = {row["rule"]: row["n"] for row in found.tables["attrition"] if row["population"] == "rlt"}
    assert steps["index date at least 84 days before the data cut"] == 3


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("of: centre, one_of: [Essen]", "of: center, one_of: [Essen]", "did you mean centre"),
        ("take: first", "take: all", "expected take: first"),
        ("name: comparator", "name: treated", "expected another name than treated"),
        ("at_least: 9}", "at_least: 9, at_most: 8}", "at_least up to at_most"),
        ("analyte: haemoglobin", "analyte: hemoglobine", "expected an analyte of the vocabulary"),
        ("{name: haemoglobin, label", "{name: psa50, label", "no built-in value"),
        ("populations: [rlt, comparator]", "populations: [rlt, us]", "analyses.km.populations"),
    ],
)
def test_a_wrong_population_is_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        parse_protocol(STUDY.replace(old, new), "study.yaml")


def test_a_study_without_time_zero_or_without_a_plan_is_refused() -> None:
    text = STUDY[: STUDY.index("populations:")] + STUDY[STUDY.index("values:") :].replace("[rlt, comparator]", "[rlt]")
    with pytest.raises(ProtocolError, match="expected landmarks or populations"):
        parse_protocol(text, "study.yaml")
    scan = "  - {name: ttv, label: TTV, kind: scan, region: tumour, measure: volume_ml}\nendpoints:"
    with pytest.raises(ProtocolError, match=r"measures.plan: .* of the value ttv"):
        parse_protocol(STUDY.replace("endpoints:", scan, 1), "study.yaml")


def test_baselines_of_a_later_line_lie_before_that_line() -> None:
    rows = build()
    for day, value in ((-10, 100.0), (45, 40.0), (90, 15.0)):
        lab = {"analyte": "psa", "value": value, "canonical_unit": "ng/mL", "value_text": str(value), "unit": "ng/mL"}
        rows["labs"].append({"patient_id": "u", "date": on(day), **lab, "row_id": f"psa{day}"})
    found = compute_study(parse_protocol(STUDY, "study.yaml"), HandFacts(rows), data_cut=CUT)
    values = {row["endpoint"]: row for row in found.tables["endpoint_values"] if row["patient_id"] == "u"}
    assert values["psa_baseline"]["value"] == 40.0
    assert values["psa_best_change_pct"]["value"] == pytest.approx(-62.5)
