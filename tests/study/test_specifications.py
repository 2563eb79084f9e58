"""A specification curve: the same hazard ratio under other plans and rules, as rows, numbers and a figure."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import HandFacts
from tests.registry.rows import batch, make_registry

from lutrace.cli.app import run
from lutrace.core import Row, Type
from lutrace.protocol import parse_protocol
from lutrace.registry import Registry
from lutrace.study import compute_study
from lutrace.tables import FACT_TABLES, PATIENTS

TEXT = """\
study: small-curve
title: Does it hold under other plans and rules?
question: Does it?
population: {agents: [lu177_psma_617]}
landmarks: [{name: C2, label: SPECT of cycle 2, cycle: 2}]
measures: {plan: suv3}
endpoints:
  - {kind: psa_pfs, name: psa_pfs, label: PSA progression-free survival}
covariates:
  - {name: ttv, label: Tumour volume, value: ttv_ml, transform: log2, unit: per doubling of tumour volume}
  - {name: psa_change, label: PSA change, value: psa_ratio, transform: log2, unit: per doubling of PSA}
analyses:
  - {kind: cox, name: cox, label: Cox, populations: [C2], endpoints: [psa_pfs], terms: [ttv], adjust_for: [psa_change],
     bootstrap: {samples: 20, seed: 1}}
specifications:
  - name: decisions
    label: Hazard ratio of tumour volume under other plans and rules
    analysis: cox
    population: C2
    endpoint: psa_pfs
    term: ttv
    choices:
      - name: plan
        label: Plan
        options: [{name: suv3}, {name: suv4, change: {measures.plan: suv4}}]
      - name: rise
        label: Rise of PSA that counts
        options:
          - {name: r25, label: 25 %}
          - {name: r150, label: 150 %, change: {endpoints.psa_pfs.progression.rise: 150 %}}
"""
Rows = dict[str, list[Row]]
KEY = "decisions/C2/psa_pfs"


@pytest.fixture(scope="module")
def two_plans(abstract_rows: Rows) -> Rows:
    """The constructed cohort, its scans measured by a second plan, under which small volumes are the larger ones."""
    burdens = abstract_rows["tumour_burdens"]
    second = [{**row, "plan": "suv4", "plan_digest": "e" * 64, **_inverse(row)} for row in burdens]
    return {**abstract_rows, "tumour_burdens": [*burdens, *second], "pictures": []}


def _inverse(row: Row) -> dict[str, float]:
    volume = round(20_000 / row["tumour_auto_ml"], 2)
    return {"above_threshold_ml": volume, "tumour_auto_ml": volume}


@pytest.fixture(scope="module")
def ran(two_plans: Rows, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `lutrace run` has written from a registry of these rows."""
    folder = tmp_path_factory.mktemp("curve")
    study, registry, out = folder / "study.yaml", make_registry(folder / "registry"), folder / "out"
    study.write_text(TEXT, encoding="utf-8")
    with Registry.open(registry, write=True) as opened:
        for name, rows in two_plans.items():
            report = opened.add(batch(name, [_whole(name, row) for row in rows], name=name))
            assert report.quarantined == 0, name
    assert run(["run", str(study), "--registry", str(registry), "--out", str(out)]) == 0
    return out


def _whole(table: str, row: Row) -> Row:
    """The row with something in every column that may not be empty."""
    simple: dict[Type, Any] = {Type.TEXT: "x", Type.INT: 1, Type.FLOAT: 1.0, Type.BOOL: False, Type.JSON: "{}"}
    own = {column.name for column in PATIENTS.columns}
    lacking = [one for one in FACT_TABLES[table].columns if one.null is None and one.name not in (*own, *row)]
    return {
        "source_locator": "row 1",
        **row,
        **{one.name: one.codes[0] if one.codes else simple[one.type] for one in lacking},
    }


@pytest.fixture(scope="module")
def numbers(ran: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ran / "results.json").read_text(encoding="utf-8"))["numbers"]
    return found


def test_each_combination_has_a_number_with_its_options_n_events_and_unit(numbers: dict[str, Any]) -> None:
    rows = {key: one for key, one in numbers.items() if one.get("measure") == "specification"}
    assert set(rows) == {
        f"{KEY}/plan={plan}, rise={rise}/adjusted" for plan in ("suv3", "suv4") for rise in ("r25", "r150")
    }
    assert {one["covariate_unit"] for one in rows.values()} == {"per doubling of tumour volume"}
    assert all(one["low"] < one["value"] < one["high"] and one["n"] >= one["events"] > 0 for one in rows.values())
    one = rows[f"{KEY}/plan=suv4, rise=r25/adjusted"]
    assert one["checks"]["options"] == {"plan": "suv4", "rise": "r25"}
    assert {"events_per_term", "converged", "separation", "influential_patients"} <= set(one["checks"])
    events = {key.partition("/plan=suv3, rise=")[2]: one["events"] for key, one in rows.items()}
    assert events["r150/adjusted"] < events["r25/adjusted"]
    ranks = sorted((one["value"], one["checks"]["rank"]) for one in rows.values())
    assert [rank for _, rank in ranks] == [1, 2, 3, 4]


def test_the_study_as_written_is_one_of_them_with_the_same_number(numbers: dict[str, Any]) -> None:
    own = numbers["cox/C2/psa_pfs/ttv/adjusted"]
    main = numbers[f"{KEY}/plan=suv3, rise=r25/adjusted"]
    assert main["checks"]["is_study"]
    assert [main[name] for name in ("value", "low", "high", "p", "n", "events")] == [
        own[name] for name in ("value", "low", "high", "p", "n", "events")
    ]


def test_another_option_is_the_study_that_says_so(numbers: dict[str, Any], two_plans: Rows) -> None:
    alone = TEXT[: TEXT.index("specifications:")].replace("{plan: suv3}", "{plan: suv4}")
    own = compute_study(parse_protocol(alone, "alone.yaml"), HandFacts(two_plans))
    row = next(row for row in own.tables["estimates"] if row["adjusted"])
    found = numbers[f"{KEY}/plan=suv4, rise=r25/adjusted"]
    assert (found["value"], found["n"], found["events"]) == (row["estimate"], row["n"], row["events"])


def test_the_share_on_the_same_side_is_counted_and_said(numbers: dict[str, Any]) -> None:
    share = numbers[f"{KEY}/same_side/adjusted"]
    main = numbers[f"{KEY}/plan=suv3, rise=r25/adjusted"]["value"]
    values = [one["value"] for one in numbers.values() if one.get("measure") == "specification"]
    n_same = sum((value > 1) == (main > 1) for value in values)
    assert 0 < n_same < 4
    assert share["value"] == n_same / 4
    assert share["method"].startswith(f"{n_same} of 4 on the side of the study's own estimate")
    assert share["checks"]["hazard_ratio"]["lowest"] == pytest.approx(min(values))


def test_the_curve_is_a_figure_with_its_data_and_no_row_of_it_claims_the_studys_evidence(
    ran: Path, numbers: dict[str, Any]
) -> None:
    assert {path.suffix for path in ran.rglob("decisions_curve.*")} == {".svg", ".png", ".pdf", ".csv"}
    page = html.unescape((ran / "report.html").read_text(encoding="utf-8"))
    assert "Rise of PSA that counts: 150 %" in page
    assert "on the side of the study's own estimate" in page
    assert all(one["evidence"] == [] for one in numbers.values() if one.get("measure") == "specification")
    assert numbers["cox/C2/psa_pfs/ttv/adjusted"]["evidence"]


def test_every_hazard_ratio_of_the_run_has_its_checks_and_its_concordance_less_optimism(
    ran: Path, numbers: dict[str, Any]
) -> None:
    ratios = [one for one in numbers.values() if one.get("measure") in ("hazard_ratio", "specification")]
    assert len(ratios) == 6
    for one in ratios:
        assert one["n"] >= one["events"] > 0
        assert one["covariate_unit"] and one["method"]
        assert {"events_per_term", "converged", "separation", "influential_patients"} <= set(one["checks"])
        assert "proportional_hazards_p" in one["checks"]
    optimisms = [one["checks"]["optimism"] for one in ratios if one["measure"] == "hazard_ratio"]
    assert len(optimisms) == 2
    for found in optimisms:
        assert found["corrected"] == pytest.approx(found["apparent"] - found["optimism"])
    table = (ran / "tables" / "cox_checks.csv").read_text(encoding="utf-8")
    assert "Concordance, corrected" in table
