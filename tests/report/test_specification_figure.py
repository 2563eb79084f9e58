"""What is drawn of a specification curve, and the column of concordance corrected for optimism."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lutrace.core import Row
from lutrace.report import CheckTable, EstimateTable, SpecificationFigure, apply_disclosure
from lutrace.report.composition import compose_table
from lutrace.report.evidence import index_evidence
from lutrace.report.material import Material
from lutrace.report.specification_figure import draw_specifications

SPEC = SpecificationFigure("curve", "Under other decisions", "decisions")


def material(rows: list[Row], **labels: str) -> Material:
    return Material({"estimates": rows}, labels, index_evidence((), {}, labels=labels, values_of={}))


@pytest.fixture
def rows(sample: Any) -> list[Row]:
    made = []
    for rank, (plan, estimate) in enumerate((("b", 0.8), ("a", 1.4)), start=1):
        checks = {"options": {"plan": plan}, "is_study": plan == "a", "rank": rank}
        made.append(
            sample.estimate_row(
                analysis="decisions",
                measure="specification",
                term=f"plan={plan}",
                estimate=estimate,
                low=estimate / 1.3,
                high=estimate * 1.3,
                checks=json.dumps(checks),
            )
        )
    share = sample.estimate_row(
        analysis="decisions",
        measure="share_of_specifications",
        term="same_side",
        estimate=0.5,
        low=None,
        high=None,
        method="1 of 2 on the side of the study's own estimate",
    )
    return [*made, share]


def test_each_estimate_stands_over_the_dots_of_its_options(rows: list[Row]) -> None:
    drawing = draw_specifications(SPEC, material(rows, **{"decisions.plan": "Plan", "decisions.plan.a": "alpha"}))
    matrix, curve = drawing.figure.axes
    assert [label.get_text() for label in matrix.get_yticklabels()] == ["Plan: b", "Plan: alpha"]
    dots = [list(zip(line.get_xdata(), line.get_ydata(), strict=True)) for line in matrix.get_lines()]
    assert [(0, 0)] in dots and [(1, 1)] in dots
    points = {line.get_xdata()[0]: line for line in curve.get_lines() if line.get_marker() == "o"}
    assert [points[place].get_ydata()[0] for place in (0, 1)] == [0.8, 1.4]
    assert [points[place].get_markerfacecolor() == points[place].get_color() for place in (0, 1)] == [False, True]
    assert list(drawing.data) == rows[:2]
    assert "1 of 2 on the side of the study's own estimate." in drawing.notes[1]
    assert "0.80 (0.62–1.04)" in drawing.alt


def test_an_estimate_that_is_hidden_is_not_drawn_and_the_share_is_a_percentage(rows: list[Row]) -> None:
    rows[0] |= {"n": 3, "events": 2}
    released = apply_disclosure({"estimates": rows}, min_cell=5)
    left = material([dict(row) for row in released["estimates"]])
    curve = draw_specifications(SPEC, left).figure.axes[1]
    assert [line.get_xdata()[0] for line in curve.get_lines() if line.get_marker() == "o"] == [1]
    table = compose_table(EstimateTable("t", "", analyses=("decisions",)), left).texts()
    assert table[-1][-2:] == ["50%", "0.007"]


def test_without_specifications_there_is_nothing_to_draw() -> None:
    assert draw_specifications(SPEC, material([])).data == ()


def test_concordance_less_optimism_has_a_column_where_a_study_asked_for_it(sample: Any) -> None:
    plain = sample.estimate_row(checks="{}")
    asked = sample.estimate_row(term="x", checks=json.dumps({"optimism": {"corrected": 0.634}}))
    failed = sample.estimate_row(term="y", checks=json.dumps({"optimism": {"reason": "too few"}}))
    table = compose_table(CheckTable("t", "", analyses=("cox",)), material([plain, asked, failed])).texts()
    assert table[0][-1] == "Concordance, corrected"
    assert [line[-1] for line in table[2:]] == ["–", "0.63", "–"]
    alone = compose_table(CheckTable("t", "", analyses=("cox",)), material([plain])).texts()
    assert "Concordance, corrected" not in alone[0]
