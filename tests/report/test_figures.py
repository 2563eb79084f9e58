from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.patches import FancyBboxPatch, Rectangle

from lutrace.core import UnusableInputError
from lutrace.report import (
    FlowFigure,
    ForestFigure,
    ReportFiles,
    ScatterFigure,
    SurvivalFigure,
    WaterfallFigure,
)
from lutrace.report.evidence import index_evidence
from lutrace.report.figure_style import spread
from lutrace.report.flow_figure import draw_flow
from lutrace.report.forest_figure import draw_forest
from lutrace.report.material import Material
from lutrace.report.patient_figures import draw_scatter, draw_waterfall
from lutrace.report.survival_figure import draw_survival


def material(tables: dict[str, list[dict[str, Any]]]) -> Material:
    return Material(tables, {}, index_evidence((), {}, labels={}, values_of={}))


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts] + [text.get_text() for text in figure.texts]


def curve(times: Sequence[float], at_risk: Sequence[int], events: Sequence[int]) -> list[dict[str, Any]]:
    """Rows of CURVES for those times; one patient leaves at each unless the next line says more."""
    left = [*at_risk[1:], 0]
    rows, survival = [], 1.0
    for day, n, n_events, n_after in zip(times, at_risk, events, left, strict=True):
        survival *= 1 - n_events / n
        rows.append(
            {
                "analysis": "km",
                "population": "c2",
                "endpoint": "os",
                "group": "all",
                "time_days": day,
                "at_risk": n,
                "events": n_events,
                "censored": n - n_after - n_events,
                "survival": survival,
                "low": None,
                "high": None,
            }
        )
    return rows


KM = SurvivalFigure("km", "", "km", "c2", "os", time_unit="days")


def test_numbers_at_risk_equal_those_of_r() -> None:
    # times 2,2,4,6,8,10 with events 1,0,1,1,0,1: R survival 3.5 summary(fit, times = c(0,2,4,6,8,10))$n.risk
    rows = curve([2, 4, 6, 8, 10], [6, 4, 3, 2, 1], [1, 1, 1, 0, 1])
    scaled = [{**row, "time_days": row["time_days"] * 7} for row in rows]  # ticks of 14 days fall on 2, 4, ... weeks
    drawing = draw_survival(KM, material({"curves": scaled}))
    table = [text.get_text() for text in drawing.figure.axes[-1].texts]
    assert table[:7] == ["At risk", "6", "6", "4", "3", "2", "1"]
    assert table[7:14] == ["Censored", "0", "1", "1", "1", "2", "2"]
    assert table[14:] == ["Events", "0", "1", "2", "3", "3", "4"]


def test_patients_who_enter_late_are_counted_once_and_told_of() -> None:
    # two at risk from day 0, a third from day 5 on: at risk 2, then 2 (one left, one came), then 1
    late = curve([3, 8, 12], [2, 2, 1], [1, 1, 0])
    late[0]["censored"], late[2]["censored"] = 0, 1
    drawing = draw_survival(KM, material({"curves": late}))
    assert "delayed entry" in drawing.notes[-1]
    assert drawing.foot == "n = 3, 2 events"


def test_a_dotted_line_falls_from_the_half_to_the_median(sample: Any) -> None:
    median = sample.estimate_row(analysis="km", term="all", measure="median", estimate=2.0, unit="weeks")
    drawing = draw_survival(KM, material({"curves": curve([2, 20], [66, 60], [1, 40]), "estimates": [median]}))
    assert [14.0, 14.0] in [list(line.get_xdata()) for line in drawing.figure.axes[0].lines]


def test_the_risk_table_stands_under_the_ticks_of_the_curve(sample: Any) -> None:
    drawing = draw_survival(KM, material({"curves": sample.curve_rows("all", 40, 100, 1)}))
    plot, table = drawing.figure.axes[0], drawing.figure.axes[-1]
    assert plot.get_xlim() == table.get_xlim()
    assert plot.get_position().x0 == pytest.approx(table.get_position().x0)
    assert plot.get_position().x1 == pytest.approx(table.get_position().x1)


def test_each_censored_time_has_a_tick_on_the_curve() -> None:
    drawing = draw_survival(KM, material({"curves": curve([2, 4, 6, 8, 10], [6, 4, 3, 2, 1], [1, 1, 1, 0, 1])}))
    [ticks] = [line for line in drawing.figure.axes[0].lines if line.get_marker() == "|"]
    assert list(ticks.get_xdata()) == [2, 8]
    assert list(ticks.get_ydata()) == pytest.approx([5 / 6, 5 / 6 * 3 / 4 * 2 / 3])


def test_the_median_is_the_one_of_its_row(sample: Any) -> None:
    median = sample.estimate_row(
        analysis="km", term="all", measure="median", estimate=26.0, low=21.0, high=36.0, unit="weeks", n=66, events=19
    )
    drawing = draw_survival(KM, material({"curves": curve([2], [66], [1]), "estimates": [median]}))
    assert "All patients: median 26.0 (21.0–36.0) weeks, 19 events / 66" in texts(drawing.figure)


def test_a_median_that_is_not_reached_has_no_unit(sample: Any) -> None:
    median = sample.estimate_row(analysis="km", term="all", measure="median", estimate=None, low=None, unit="weeks")
    drawing = draw_survival(KM, material({"curves": curve([2], [66], [1]), "estimates": [median]}))
    assert "All patients: median not reached, 24 events / 66" in texts(drawing.figure)


def test_hazard_ratios_named_for_a_curve_are_written_with_unit_and_p(sample: Any) -> None:
    tables = {
        "curves": curve([2], [66], [1]),
        "estimates": [sample.estimate_row(), sample.estimate_row(adjusted=True, p=0.0001)],
    }
    drawing = draw_survival(replace(KM, estimates=("cox",)), material(tables))
    shown = texts(drawing.figure)
    assert "HR ttv log2 (per doubling), unadjusted: 1.42 (1.10–1.84), p = 0.007" in shown
    assert "HR ttv log2 (per doubling), adjusted: 1.42 (1.10–1.84), p <0.001" in shown


def test_the_test_between_groups_is_written_once_in_the_words_of_its_row(sample: Any) -> None:
    rows = [
        sample.estimate_row(
            analysis="km", term=group, measure="median", unit="weeks", p=0.004, method="KM; p by the log-rank test"
        )
        for group in ("a", "b")
    ]
    curves = [{**row, "group": group} for group in ("a", "b") for row in curve([2], [66], [1])]
    drawing = draw_survival(KM, material({"curves": curves, "estimates": rows}))
    assert texts(drawing.figure).count("p = 0.004 by the log-rank test") == 1


@pytest.mark.parametrize(
    ("groups", "names"),
    [
        (("volume: above median", "volume: up to median"), ["above median", "up to median"]),
        (("new lesions: yes", "new lesions: no"), ["new lesions: yes", "new lesions: no"]),
    ],
)
def test_names_that_begin_alike_are_short_at_the_curves(groups: tuple[str, str], names: list[str]) -> None:
    rows = [{**row, "group": group} for group in groups for row in curve([2], [66], [1])]
    drawing = draw_survival(replace(KM, groups=groups), material({"curves": rows}))
    assert [text.get_text().replace("\n", " ") for text in drawing.figure.axes[0].texts] == names


def test_a_time_unit_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnusableInputError, match="time_unit must be one of days, weeks, months, years, got 'moons'"):
        draw_survival(replace(KM, time_unit="moons"), material({"curves": curve([2], [66], [1])}))


def test_a_bar_above_the_cap_is_cut_and_carries_its_value(sample: Any) -> None:
    values = [350.0, 20.0, 0.0, -60.0]
    rows = [sample.value_row(number, "psa", value=value) for number, value in enumerate(values)]
    drawing = draw_waterfall(WaterfallFigure("w", "", "c2", "psa"), material({"endpoint_values": rows}))
    bars = [patch for patch in drawing.figure.axes[0].patches if isinstance(patch, Rectangle)]
    assert [bar.get_height() for bar in bars] == [100.0, 20.0, 0.0, -60.0]
    assert "+350" in texts(drawing.figure)
    assert [row["value"] for row in drawing.data] == values


def test_patients_without_a_value_are_counted_with_their_reason(sample: Any) -> None:
    rows = [sample.value_row(1, "psa", value=-10.0), sample.value_row(2, "psa", reason="no baseline")]
    drawing = draw_waterfall(WaterfallFigure("w", "", "c2", "psa"), material({"endpoint_values": rows}))
    assert drawing.notes == ("1 of 2 patients evaluable (not evaluable: no baseline: 1).",)


def test_a_scatter_shows_only_patients_with_both_values(sample: Any) -> None:
    rows = [
        sample.value_row(1, "x", value=-10.0),
        sample.value_row(2, "x", value=-20.0),
        sample.value_row(2, "y", value=900.0),
        sample.value_row(3, "y", value=5.0),
    ]
    drawing = draw_scatter(ScatterFigure("s", "", "c2", "x", "y"), material({"endpoint_values": rows}))
    assert list(drawing.data) == [{"patient_id": "pseudonym-002", "x": -20.0, "y": 900.0}]
    assert drawing.notes[0] == "1 of 3 patients have both values."
    assert "Open triangles" in drawing.notes[1]
    assert "n = 1" in texts(drawing.figure)


def test_an_interval_beyond_the_axis_ends_in_an_arrowhead(sample: Any) -> None:
    rows = [sample.estimate_row(estimate=9.0, low=0.9, high=900.0, se=1.8)]
    drawing = draw_forest(ForestFigure("f", "", ("cox",)), material({"estimates": rows}))
    markers = [line.get_marker() for line in drawing.figure.axes[1].lines]
    assert ">" in markers and "<" not in markers
    assert "9.00 (0.90–900.00)" in texts(drawing.figure)


def test_a_ratio_that_is_not_estimable_is_written_but_not_drawn(sample: Any) -> None:
    rows = [sample.estimate_row(estimate=None, low=None, high=None, p=None, se=None)]
    drawing = draw_forest(ForestFigure("f", "", ("cox",)), material({"estimates": rows}))
    assert "not estimable" in texts(drawing.figure)
    assert [line for line in drawing.figure.axes[1].lines if line.get_marker() == "s"] == []


def attrition(population: str, steps: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
    return [
        {
            "population": population,
            "step": number,
            "rule": f"rule {number}",
            "n": n,
            "excluded": excluded,
            "reason": "why" if number else None,
        }
        for number, (n, excluded) in enumerate(steps)
    ]


def boxes(figure: Figure) -> int:
    return sum(isinstance(patch, FancyBboxPatch) for axes in figure.axes for patch in axes.patches)


def test_a_step_that_leaves_out_nobody_has_no_box_beside_it() -> None:
    rows = attrition("c2", [(80, 0), (72, 8), (72, 0)])
    drawing = draw_flow(FlowFigure("f", ""), material({"attrition": rows}))
    assert boxes(drawing.figure) == 3 + 1


def test_populations_that_do_not_follow_each_other_stand_side_by_side() -> None:
    rows = attrition("c2", [(80, 0), (66, 14)])
    following = draw_flow(FlowFigure("f", ""), material({"attrition": rows + attrition("c3", [(66, 0), (51, 15)])}))
    apart = draw_flow(FlowFigure("f", ""), material({"attrition": rows + attrition("c3", [(80, 0), (51, 29)])}))
    assert following.figure.get_size_inches()[1] > 1.5 * apart.figure.get_size_inches()[1]


@pytest.mark.parametrize("draw", ["flow", "forest", "survival", "waterfall", "scatter"])
def test_a_figure_without_rows_says_so(draw: str) -> None:
    drawings = {
        "flow": lambda: draw_flow(FlowFigure("f", ""), material({})),
        "forest": lambda: draw_forest(ForestFigure("f", "", ("cox",)), material({})),
        "survival": lambda: draw_survival(KM, material({})),
        "waterfall": lambda: draw_waterfall(WaterfallFigure("f", "", "c2", "psa"), material({})),
        "scatter": lambda: draw_scatter(ScatterFigure("f", "", "c2", "x", "y"), material({})),
    }
    assert "No patients: nothing to draw." in texts(drawings[draw]().figure)


def test_labels_moved_apart_keep_order_distance_and_limits() -> None:
    placed = spread([0.5, 0.51, 0.97, 0.98], 0.1, 0.05, 0.98)
    assert placed == sorted(placed)
    assert np.diff(placed).min() == pytest.approx(0.1)
    assert placed[-1] <= 0.98


def test_each_figure_lies_beside_its_data(rendered: ReportFiles) -> None:
    path = next(path for path in rendered.figures if path.name == "scatter.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 66
    assert set(rows[0]) == {"patient_id", "x", "y", "notice"}
    assert rows[0]["patient_id"].startswith("S")
    assert rows[0]["notice"].startswith("SYNTHETIC DATA")


def test_the_banner_is_drawn_into_every_figure(rendered: ReportFiles) -> None:
    for path in rendered.figures:
        if path.suffix == ".png":
            foot = imread(path)[-30:, :600, :3]
            assert foot.min() < 0.6, path.name


def test_vector_figures_hold_no_clock_and_embed_their_type(rendered: ReportFiles) -> None:
    for path in rendered.figures:
        content = path.read_bytes()
        if path.suffix == ".pdf":
            assert b"CreationDate" not in content and b"/FontFile2" in content, path.name
        if path.suffix == ".svg":
            assert b"<dc:date>" not in content and b"font-family" not in content, path.name


@pytest.mark.parametrize(("n", "n_values"), [(24, 3), (96, 0), (219, 0)])
def test_values_above_cut_bars_stand_only_where_bars_are_wide_enough(sample: Any, n: int, n_values: int) -> None:
    values = [sample.value_row(place, "psa", value=120.0 + place if place < 3 else -50.0) for place in range(n)]
    drawing = draw_waterfall(WaterfallFigure("w", "", "c2", "psa"), material({"endpoint_values": values}))
    assert len([text for text in texts(drawing.figure) if text.startswith("+12")]) == n_values
    told = "their value stands above them" if n_values else "3 bars above +100% are cut; the highest is +122%."
    assert told in drawing.notes[-1]


def test_a_forest_names_the_ratio_that_it_shows(sample: Any) -> None:
    rows = [sample.estimate_row(measure="odds_ratio", term=f"{'very ' * 9}long name") for _ in range(2)]
    drawing = draw_forest(ForestFigure("f", "", ("cox",)), material({"estimates": rows}))
    sheet, plot = drawing.figure.axes
    assert "OR (95% CI)" in texts(drawing.figure)
    assert plot.get_xlabel() == "Odds ratio (log scale)"
    [size] = {text.get_fontsize() for text in sheet.texts if text.get_text().startswith("very")}
    assert 5.0 <= size < 7.5  # smaller, so that it ends before the column of patients
