"""Figures of courses, drawn from rows written by hand of patients who do not exist."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.text import Text

from lutrace.core import Row, UnusableInputError
from lutrace.report import AlluvialFigure, SpiderFigure, SwimmerFigure, TrajectoryFigure
from lutrace.report.alluvial_figure import draw_alluvial
from lutrace.report.evidence import index_evidence
from lutrace.report.figure_themes import THEMES, theme_named
from lutrace.report.material import Material
from lutrace.report.spider_figure import draw_spider
from lutrace.report.swimmer_figure import draw_swimmer
from lutrace.report.trajectory_figure import draw_trajectories

pytestmark = pytest.mark.usefixtures("themed")
LABELS = {"on_treatment": "on treatment", "psa": "PSA", "psa50": "PSA50", "haemoglobin": "Haemoglobin"}


def material(**row_tables: Sequence[Row]) -> Material:
    evidence = index_evidence((), {}, labels={}, values_of={})
    return Material({}, LABELS, evidence, row_tables={f"t_{name}": rows for name, rows in row_tables.items()})


def texts_of(figure: Figure) -> list[Text]:
    """The texts that are seen, with their boxes known."""
    FigureCanvasAgg(figure).draw()
    unseen = {id(label) for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for label in _beyond(axis)}
    found = (text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible())
    return [text for text in found if id(text) not in unseen]


def _beyond(axis: Axis) -> list[Text]:
    """The labels of ticks beyond the ends of an axis: they are not drawn."""
    low, high = sorted(axis.get_view_interval())
    ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
    return [tick.label1 for tick in ticks if not low <= tick.get_loc() <= high]


def overlapping(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of texts whose boxes share more than a point in both directions."""
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts_of(figure)]
    return [
        (first, second)
        for (first, a), (second, b) in combinations(boxes, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1.5 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1.5
    ]


def outside(figure: Figure) -> list[str]:
    width, height = figure.canvas.get_width_height()
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts_of(figure)]
    return [name for name, box in boxes if box.x0 < -1 or box.y0 < -1 or box.x1 > width + 1 or box.y1 > height + 1]


def state(patient: str, ordinal: int, name: str, entry: float, leave: float, then: str | None = None) -> Row:
    return {
        "patient_id": patient, "ordinal": ordinal, "state": name, "line": None, "detail": None, "entry_day": entry,
        "exit_day": leave, "next_state": then, "source_table": "cycles", "source_row": "cycles:1", "rule": "by hand",
    }  # fmt: skip


def event(patient: str, track: str, kind: str, day: float, **more: Any) -> Row:
    row: Row = {
        "patient_id": patient, "track": track, "kind": kind, "number": None, "detail": None, "day": day,
        "end_day": None, "value": None, "unit": None, "source_table": "labs", "source_row": "labs:1", "rule": "by hand",
    }  # fmt: skip
    return row | more


def result(patient: str, day: float, value: float, **more: Any) -> Row:
    row: Row = {
        "patient_id": patient, "series": "psa", "day": day, "dose": 0, "last_of_dose": True, "value": value,
        "unit": "ng/mL", "comparator": None, "baseline": 100.0, "change_pct": value - 100.0, "is_baseline": False,
        "grade": None, "source_table": "labs", "source_row": "labs:1",
    }  # fmt: skip
    return row | more


STATES = [
    state("S001", 1, "on_treatment", 0, 200),
    state("S002", 1, "on_treatment", 0, 120, "stopped_progression"),
    state("S002", 2, "stopped_progression", 120, 300, "dead"),
    state("S002", 3, "dead", 300, 400),
    state("S003", 1, "on_treatment", 0, 60, "lost"),
    state("S003", 2, "lost", 60, 90),
]
EVENTS = [
    *(event(patient, "dose", "dose", day) for patient in ("S001", "S002") for day in (0.0, 42.0)),
    event("S001", "psa", "psa50", 35.0),
    event("S009", "psa", "psa50", 35.0),
]


def test_lanes_are_ordered_by_their_length_and_end_as_the_patient_did() -> None:
    drawing = draw_swimmer(SwimmerFigure("s", "", "t", "t"), material(course_states=STATES, timeline_events=EVENTS))
    lanes = drawing.figure.axes[0]
    assert [label.get_text() for label in lanes.get_yticklabels()] == ["S002", "S001", "S003"]
    months = 30.4375
    bars = [(bar.get_y() + 0.36, bar.get_x(), bar.get_width()) for bar in lanes.patches if isinstance(bar, Rectangle)]
    assert (0, pytest.approx(120 / months), pytest.approx(180 / months)) in bars
    assert len(bars) == 5  # the dead have no bar
    marks = {line.get_marker(): list(line.get_ydata()) for line in lanes.lines}
    assert marks == {"X": [0], ">": [1], "o": [1]}  # S002 died, S001 is followed, S003 is lost: no mark
    assert drawing.foot == "n = 3"


def test_every_dose_is_a_tick_and_events_of_others_are_left_out() -> None:
    drawing = draw_swimmer(SwimmerFigure("s", "", "t", "t"), material(course_states=STATES, timeline_events=EVENTS))
    [ticks] = drawing.figure.axes[0].collections
    assert len(ticks.get_paths()) == 4
    assert "PSA90" not in [text.get_text() for text in texts_of(drawing.figure)]


@pytest.mark.parametrize("n", [24, 96, 219])
def test_lanes_fit_a_page_and_names_do_not_touch(n: int) -> None:
    rows = [state(f"S{number:03d}", 1, "on_treatment", 0, 30.0 + number) for number in range(1, n + 1)]
    drawing = draw_swimmer(SwimmerFigure("s", "", "t"), material(course_states=rows))
    assert drawing.figure.get_size_inches()[1] < 9.5
    assert overlapping(drawing.figure) == []
    named = len(drawing.figure.axes[0].get_yticklabels())
    assert named == (n if n < 90 else 0)


def test_an_unknown_unit_of_time_is_refused() -> None:
    with pytest.raises(UnusableInputError, match="time_unit must be one of days, weeks, months, years, got 'moons'"):
        draw_swimmer(SwimmerFigure("s", "", "t", time_unit="moons"), material(course_states=STATES))


SERIES = [
    result("S001", -5, 100, is_baseline=True),
    result("S001", 30, 40, dose=1),
    result("S001", 70, 260, dose=2, last_of_dose=False),
    result("S001", 80, 270, dose=2),
    result("S002", -2, 100, is_baseline=True),
    result("S002", 40, 90, dose=1),
    result("S003", 10, 50, baseline=None, change_pct=None),
]


def test_spider_lines_begin_at_zero_and_are_cut_at_the_cap() -> None:
    spec = SpiderFigure("s", "", "t", time_unit="days")
    drawing = draw_spider(spec, material(trajectories=SERIES, timeline_events=EVENTS))
    lines = [line for line in drawing.figure.axes[0].lines if len(line.get_xdata()) == 4]
    assert list(lines[0].get_xdata()) == [0, 30, 70, 80]
    assert list(lines[0].get_ydata()) == [0, -60, 100, 100]
    texts = [text.get_text() for text in texts_of(drawing.figure)]
    assert "PSA50 reached: 1 of 2" in texts and "not: 1 of 2" in texts
    assert drawing.notes[0].startswith("2 of 3 patients")
    assert "Changes above +100% are drawn at the edge." in drawing.notes
    assert drawing.foot == "n = 2 of 3"


def test_by_dose_the_last_result_after_it_counts() -> None:
    drawing = draw_spider(SpiderFigure("s", "", "t", by="dose"), material(trajectories=SERIES, timeline_events=EVENTS))
    [line] = [line for line in drawing.figure.axes[0].lines if list(line.get_xdata()) == [0, 1, 2]]
    assert list(line.get_ydata()) == [0, -60, 100]
    assert [row["value"] for row in drawing.data if row["patient_id"] == "S001"] == [100, 40, 270]


HB = [
    result("S001", day, value, series="haemoglobin", unit="g/dL", dose=dose)
    for day, value, dose in ((-3, 12.4, 0), (30, 9.6, 1), (70, 7.4, 2))
]
BANDS = [
    {"series": "haemoglobin", "term": "Anemia", "direction": "low", "grade": grade, "low": low, "high": high,
     "unit": "g/dL", "criteria": "ctcae-5.0", "rule": "by hand"}
    for grade, low, high in ((1, 10.0, 13.0), (2, 8.0, 10.0), (3, None, 8.0))
]  # fmt: skip
TRENDS = [
    {"series": "haemoglobin", "by": "dose", "at": 1.0, "patients": 1, "median": 9.6, "q1": 9.0, "q3": 10.1,
     "smooth": None, "unit": "g/dL", "rule": "by hand"},
    {"series": "haemoglobin", "by": "day", "at": 30.0, "patients": 1, "median": None, "q1": None, "q3": None,
     "smooth": 9.9, "unit": "g/dL", "rule": "by hand"},
]  # fmt: skip


def test_grades_are_bands_at_their_limits_each_with_its_name() -> None:
    drawing = draw_trajectories(
        TrajectoryFigure("t", "", "t", ("haemoglobin",)), material(trajectories=HB, grade_bands=BANDS, trends=TRENDS)
    )
    [axes] = drawing.figure.axes
    spans = sorted((round(band.get_y(), 3), round(band.get_y() + band.get_height(), 3)) for band in axes.patches)
    low, high = (round(end, 3) for end in axes.get_ylim())
    assert spans == [(low, 8.0), (8.0, 10.0), (10.0, high)]
    texts = [text.get_text() for text in texts_of(drawing.figure)]
    assert {"G1", "G2", "G3", "Haemoglobin, g/dL (n = 1)"} <= set(texts)
    assert "ctcae-5.0" in drawing.notes[-1]


@pytest.mark.parametrize(("by", "x", "y"), [("dose", 1.0, 9.6), ("day", 30 / 30.4375, 9.9)])
def test_the_middle_is_that_of_the_rows(by: str, x: float, y: float) -> None:
    drawing = draw_trajectories(TrajectoryFigure("t", "", "t", by=by), material(trajectories=HB, trends=TRENDS))
    bold = [line for line in drawing.figure.axes[0].lines if line.get_linewidth() == 2.0]
    assert [(list(line.get_xdata()), list(line.get_ydata())) for line in bold] == [([pytest.approx(x)], [y])]


FLOWS = [
    {"stage": stage, "from_category": begin, "to_category": end, "n": n, "total": 10}
    for stage, begin, end, n in (
        *((1, "completed", "none_recorded", 3), (1, "progression", "hospice", 2), (1, "progression", "next_line", 1)),
        *((1, "ongoing", "ongoing", 4), (2, "none_recorded", "completed", 3), (2, "hospice", "dead", 2)),
        *((2, "next_line", "dead", 1), (2, "ongoing", "on_treatment", 4)),
    )
]


def test_ribbons_are_as_wide_as_their_patients_and_classes_say_n_of_n() -> None:
    drawing = draw_alluvial(AlluvialFigure("a", "", "t"), material(course_flows=FLOWS))
    [sheet] = drawing.figure.axes
    ribbons = [patch for patch in sheet.patches if isinstance(patch, PathPatch)]
    widths = sorted(round(abs(one.get_path().vertices[0, 1] - one.get_path().vertices[7, 1]), 4) for one in ribbons)
    nodes = [patch for patch in sheet.patches if isinstance(patch, Rectangle)]
    assert len(ribbons) == len(FLOWS) and len(nodes) == 3 + 4 + 3
    of_one = widths[0]
    assert [round(width / of_one) for width in widths] == sorted(row["n"] for row in FLOWS)
    texts = [text.get_text() for text in texts_of(drawing.figure)]
    assert {"ongoing 4/10", "progression 3/10", "hospice 2/10", "dead 3/10"} <= set(texts)
    assert overlapping(drawing.figure) == [] and outside(drawing.figure) == []


@pytest.mark.parametrize("theme", ["greyscale", "jnm", "lancet"])
def test_every_theme_draws_within_its_width_without_overlap(theme: str) -> None:
    with mpl.rc_context(theme_named(theme).settings()):
        rows = material(course_states=STATES, timeline_events=EVENTS, trajectories=SERIES, course_flows=FLOWS)
        drawings = [
            draw_swimmer(SwimmerFigure("s", "", "t", "t"), rows),
            draw_spider(SpiderFigure("p", "", "t"), rows),
            draw_alluvial(AlluvialFigure("a", "", "t"), rows),
        ]
        for drawing in drawings:
            assert drawing.figure.get_size_inches()[0] == pytest.approx(THEMES[theme].width_mm / 25.4)
            assert overlapping(drawing.figure) == [] and outside(drawing.figure) == []


def test_an_unknown_theme_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UnusableInputError, match="expected one of default, jnm, jco, lancet, greyscale, got 'nature'"):
        theme_named("nature")


def test_in_greyscale_groups_differ_in_grey_and_in_line() -> None:
    theme = theme_named("greyscale")
    assert len(set(theme.palette)) == len({str(dash) for dash in theme.dashes}) == 6
    assert all(len({colour[1:3], colour[3:5], colour[5:7]}) == 1 for colour in theme.palette)


@pytest.mark.parametrize(
    ("draw", "spec"),
    [
        (draw_swimmer, SwimmerFigure("s", "", "t", "t")),
        (draw_spider, SpiderFigure("s", "", "t")),
        (draw_trajectories, TrajectoryFigure("s", "", "t")),
        (draw_alluvial, AlluvialFigure("s", "", "t")),
    ],
)
def test_without_patients_the_figure_says_so(draw: Any, spec: Any) -> None:
    assert "nothing to draw" in draw(spec, material()).alt
