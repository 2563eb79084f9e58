"""Tables by group on 15 synthetic patients; tests and differences as R 4.2.2 gives them for the same numbers."""

from __future__ import annotations

from typing import Any

import pytest

from lutrace.core import ContradictionError, ProtocolError
from lutrace.models import SummaryLine, describe_groups, describe_table
from lutrace.protocol import GroupTable

AGES = {"A": (61, 64, 66, 70, 72, 75, 79, 81), "B": (58, 60, 63, 65, 71, 74, 77)}
RESPONSES = {"A": (1, 1, 1, 1, 1, 0, 0, 0), "B": (1, 1, 0, 0, 0, 0, 0)}
ECOG = {"A": "00001112", "B": "0011222"}
VARIABLES: list[dict[str, Any]] = [
    {"value": "age", "type": "number", "test": "rank_sum"},
    {"value": "psa50", "type": "yes", "test": "fisher"},
    {"value": "ecog", "type": "classes", "test": "fisher"},
]


def value(patient: str, population: str, endpoint: str, number: float | None, **told: Any) -> dict[str, Any]:
    row = {"patient_id": patient, "population": population, "endpoint": endpoint, "value": number, "unit": "years"}
    return {**row, "category": None, "reason": None, **told}


def values(shared: str = "") -> list[dict[str, Any]]:
    rows = []
    for group, ages in AGES.items():
        for place, age in enumerate(ages):
            patient = f"{shared or group}{place}"
            rows += [
                value(patient, group, "age", float(age)),
                value(patient, group, "psa50", float(RESPONSES[group][place])),
                value(patient, group, "ecog", None, category=ECOG[group][place]),
            ]
    return rows


def table(**changes: Any) -> GroupTable:
    given = {"name": "baseline", "label": "Baseline", "populations": ["A", "B"], "variables": VARIABLES}
    return GroupTable.model_validate(given | changes)


def found(made: Any, statistic: str, variable: str, level: str | None = None) -> dict[str, Any]:
    (row,) = [
        one
        for one in made.summaries
        if (one["statistic"], one["variable"], one["level"]) == (statistic, variable, level)
        and one["group"] in ("all", "A")
    ]
    return row


@pytest.mark.parametrize(
    ("variable", "kind", "test", "p"),
    [
        ("age", "number", "rank_sum", 0.280963481),
        ("age", "number", "welch", 0.2863459964),
        ("age", "number", "kruskal_wallis", 0.2471599732),
        ("psa50", "yes", "chi_square", 0.4264129635),
        ("psa50", "yes", "fisher", 0.3146853147),
        ("ecog", "classes", "fisher", 0.5493395493),
        ("ecog", "classes", "chi_square", 0.4049393982),
    ],
)
def test_p_values_are_those_of_r(variable: str, kind: str, test: str, p: float) -> None:
    made = describe_table(table(variables=[{"value": variable, "type": kind, "test": test}]), values())
    row = found(made, "p", variable)
    assert row["value"] == pytest.approx(p, rel=1e-8)
    assert (row["n"], row["total"]) == (15, 15)
    assert row["method"]


def test_standardised_differences_of_numbers_answers_and_classes() -> None:
    made = describe_table(table(smd=True), values())
    assert found(made, "smd", "age")["value"] == pytest.approx(0.576361199, rel=1e-8)
    assert found(made, "smd", "psa50")["value"] == pytest.approx(0.7246315678, rel=1e-8)
    assert found(made, "smd", "ecog", "0")["value"] == pytest.approx(0.4497190134, rel=1e-8)


def test_no_test_is_made_that_nobody_asked_for() -> None:
    plain = [{name: one[name] for name in ("value", "type")} for one in VARIABLES]
    made = describe_table(table(variables=plain), values())
    assert {row["statistic"] for row in made.summaries} == {"median_iqr", "count"}


def test_each_statistic_of_a_number() -> None:
    asked = [{"value": "age", "type": "number", "statistics": ["median_iqr", "median_range", "mean_sd"]}]
    made = describe_table(table(variables=asked), values())
    quartiles, ends, mean = (found(made, name, "age") for name in ("median_iqr", "median_range", "mean_sd"))
    assert (quartiles["value"], quartiles["low"], quartiles["high"]) == (71.0, 65.5, 76.0)
    assert (ends["value"], ends["low"], ends["high"]) == (71.0, 61.0, 81.0)
    assert (mean["value"], mean["sd"]) == (71.0, pytest.approx(7.131419414))
    assert quartiles["method"] == "median, quartiles of type 7"


def test_groups_are_the_classes_of_a_value_and_overall_is_all_of_them() -> None:
    rows = [row for row in values() if row["population"] == "A"]
    rows = [row for row in rows if (row["patient_id"], row["endpoint"]) != ("A7", "psa50")]
    made = describe_table(table(populations=["A"], by="psa50", overall=True, variables=VARIABLES[:1]), rows)
    sizes = {row["group"]: row["total"] for row in made.summaries if row["statistic"] == "median_iqr"}
    assert sizes == {"all": 7, "no": 2, "yes": 5}
    assert [one.text for one in made.warnings] == ["1 patients have no psa50 and stand in no group"]


def test_populations_that_share_patients_are_not_set_against_each_other() -> None:
    with pytest.raises(ProtocolError, match="7 patients are in more than one of A, B"):
        describe_table(table(smd=True), values(shared="same"))
    side_by_side = table(variables=[{"value": "age", "type": "number"}])
    assert len(describe_table(side_by_side, values(shared="same")).summaries) == 2


def test_a_variable_that_nobody_has_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ProtocolError, match=r"tables\.baseline: no patient has a value of agee; .* age, ecog, psa50"):
        describe_table(table(variables=[{"value": "agee", "type": "number"}]), values())


def test_a_test_that_cannot_be_made_is_told_and_the_table_stands() -> None:
    rows = [row | {"value": 70.0} if row["endpoint"] == "age" else row for row in values()]
    made = describe_table(table(variables=VARIABLES[:1]), rows)
    assert [one.text for one in made.warnings] == [
        "age: not compared: all values are equal: a rank-sum test needs values that differ"
    ]
    assert {row["statistic"] for row in made.summaries} == {"median_iqr"}


def test_classes_that_do_not_sum_to_their_patients_stop_the_run() -> None:
    rows = [value(f"p{n}", "A", "stop", None, category=name) for n, name in enumerate("xxyz")]
    line = SummaryLine("stop", "classes", ("x", "y"))
    with pytest.raises(ContradictionError, match=r"course, A, stop: the classes \(x 2, y 1\) sum to 3, expected 4"):
        describe_groups("course", [line], {"A": rows})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"variables": [{"value": "age", "type": "number", "test": "fisher"}]}, "expected a test for number"),
        ({"variables": [{"value": "age", "type": "number", "levels": ["a"]}]}, "expected type: classes"),
        ({"by": "psa50"}, "expected one population where groups are those of psa50"),
        ({"populations": ["A", "B", "C"], "smd": True}, "expected two populations"),
        ({"variables": [VARIABLES[0], VARIABLES[0]]}, "got twice: age"),
    ],
)
def test_a_table_that_cannot_be_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        table(**change)
