"""Competing events, states over time and balance, drawn from rows written by hand."""

from __future__ import annotations

from typing import Any

import pytest
from tests.report.test_course_figures import outside, overlapping, texts_of

from lutrace.core import Row
from lutrace.report import IncidenceFigure, LoveFigure, OccupancyFigure
from lutrace.report.evidence import index_evidence
from lutrace.report.incidence_figure import draw_incidence
from lutrace.report.love_figure import draw_love
from lutrace.report.material import Material
from lutrace.report.occupancy_figure import draw_occupancy

pytestmark = pytest.mark.usefixtures("themed")


def material(**tables: list[Row]) -> Material:
    labels = {"death": "Death", "next_line": "Next line", "treated": "first dose"}
    return Material(tables, labels, index_evidence((), {}, labels={}, values_of={}))


def incidences(group: str = "all") -> list[Row]:
    """Ten patients: next line on days 30 and 60, death on day 60 and 90, one censored on day 45.

    Aalen-Johansen by hand: 1/10; then survival 9/10, one of the eight left has each event on day 60:
    0.1 + 0.9/8 = 0.2125 and 0.1125; then 0.9 * 6/8 = 0.675, one of six dies: 0.1125 + 0.675/6 = 0.225.
    """
    steps = [
        (30.0, 10, 0, {"next_line": (1, 0.1), "death": (0, 0.0)}),
        (45.0, 9, 1, {"next_line": (0, 0.1), "death": (0, 0.0)}),
        (60.0, 8, 0, {"next_line": (1, 0.2125), "death": (1, 0.1125)}),
        (90.0, 6, 0, {"next_line": (0, 0.2125), "death": (1, 0.225)}),
    ]
    return [
        {"analysis": "ci", "population": "treated", "endpoint": "next", "group": group, "cause": cause, "time": time,
         "time_unit": "days", "at_risk": at_risk, "events": events, "censored": censored, "incidence": share,
         "low": None, "high": None}
        for time, at_risk, censored, causes in steps
        for cause, (events, share) in causes.items()
    ]  # fmt: skip


SPEC = IncidenceFigure("ci", "", "ci", "treated", "next", time_unit="days")


def test_incidences_step_up_at_their_times_and_count_below() -> None:
    drawing = draw_incidence(SPEC, material(incidences=incidences()))
    plot, table = drawing.figure.axes
    next_line, death = plot.lines
    assert list(next_line.get_xdata()) == [0, 30, 45, 60, 90]
    assert list(next_line.get_ydata()) == [0, 0.1, 0.1, 0.2125, 0.2125]
    assert list(death.get_ydata()) == [0, 0, 0, 0.1125, 0.225]
    lines = [text.get_text() for text in table.texts]
    assert plot.get_xticks().tolist() == [0, 14, 28, 42, 56, 70, 84, 98]
    assert lines[:9] == ["At risk", "10", "10", "10", "9", "8", "6", "6", "0"]
    assert lines[9:18] == ["Next line", "0", "0", "0", "1", "1", "2", "2", "2"]
    assert lines[18:] == ["Death", "0", "0", "0", "0", "0", "1", "1", "2"]
    assert plot.get_position().x0 == pytest.approx(table.get_position().x0)
    assert drawing.foot == "n = 10"


def test_of_two_groups_each_curve_is_named_at_its_end() -> None:
    rows = [*incidences("psa50: reached"), *incidences("psa50: not reached")]
    drawing = draw_incidence(SPEC, material(incidences=rows))
    texts = [text.get_text().replace("\n", " ") for text in texts_of(drawing.figure)]
    assert {"reached: Next line", "not reached: Death", "psa50: not reached"} <= set(texts)
    assert len({(line.get_color(), str(line.get_linestyle())) for line in drawing.figure.axes[0].lines}) == 4
    assert overlapping(drawing.figure) == [] and outside(drawing.figure) == []
    assert drawing.foot == "n = 20"


def test_times_that_are_doses_are_whole_and_called_so() -> None:
    rows = [{**row, "time": row["time"] / 30, "time_unit": "doses"} for row in incidences() if row["time"] != 45.0]
    drawing = draw_incidence(SPEC, material(incidences=rows))
    axes = drawing.figure.axes[0]
    assert axes.get_xlabel() == "After dose" and axes.get_xticks().tolist() == [0, 1, 2, 3]


def occupancies() -> list[Row]:
    shares = {"on_treatment": (1.0, 0.5, 0.25), "completed": (0.0, 0.3, 0.35), "dead": (0.0, 0.2, 0.4)}
    return [
        {"analysis": "occ", "population": "treated", "endpoint": "course", "state": state, "time_days": day,
         "at_risk": 20 if state == "on_treatment" and day == 0 else 0, "probability": share, "low": None, "high": None}
        for state, own in shares.items()
        for day, share in zip((0.0, 90.0, 180.0), own, strict=True)
    ]  # fmt: skip


def test_states_are_stacked_from_treatment_to_death_up_to_one() -> None:
    drawing = draw_occupancy(OccupancyFigure("occ", "", "occ", "treated"), material(occupancies=occupancies()))
    [axes] = drawing.figure.axes
    tops = [list(line.get_ydata()) for line in axes.lines]
    assert tops == [[1.0, 0.5, 0.25], [1.0, pytest.approx(0.8), pytest.approx(0.6)], pytest.approx([1.0, 1.0, 1.0])]
    names = [text.get_text() for text in axes.texts if text.get_text()]
    assert names == ["on treatment", "completed", "dead"]
    assert drawing.foot == "n = 20"
    assert overlapping(drawing.figure) == [] and outside(drawing.figure) == []


def balance(term: str, stage: str, difference: float | None, **more: Any) -> Row:
    row: Row = {
        "analysis": "cmp", "population": "a+b", "term": term, "unit": "1", "stage": stage, "difference": difference,
        "weights": "none" if stage == "before" else "overlap", "n_first": 219, "n_second": 850, "missing_first": 0,
        "missing_second": 7, "ascertainment": None,
    }  # fmt: skip
    return row | more


def test_covariates_stand_by_their_difference_before_weighting() -> None:
    rows = [
        *(balance("age", "before", 0.21), balance("age", "after", -0.02)),
        *(
            balance("lymph_nodes", "before", -0.72, ascertainment="PET against CT"),
            balance("lymph_nodes", "after", 0.04),
        ),
        balance("sex", "before", None),
    ]
    drawing = draw_love(LoveFigure("love", "", "cmp"), material(balances=rows))
    [axes] = drawing.figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["lymph nodes *", "age"]
    points = [
        (line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines if line.get_marker() not in ("None", "")
    ]
    assert points == [(0.72, 0), (0.04, 0), (0.21, 1), (0.02, 1)]
    assert "Without a difference, as nothing varies: sex." in drawing.notes
    assert drawing.foot == "n = 219 and 857"
    assert overlapping(drawing.figure) == [] and outside(drawing.figure) == []


@pytest.mark.parametrize(
    ("draw", "spec"),
    [
        (draw_incidence, SPEC),
        (draw_occupancy, OccupancyFigure("o", "", "o", "p")),
        (draw_love, LoveFigure("l", "", "l")),
    ],
)
def test_without_rows_the_figure_says_so(draw: Any, spec: Any) -> None:
    assert "nothing to draw" in draw(spec, material()).alt
