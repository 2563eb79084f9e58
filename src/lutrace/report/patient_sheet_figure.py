"""One page on one patient: pictures of scans, the timeline, and values with the rows that they rest on."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

from matplotlib.figure import Figure
from matplotlib.image import imread

from lutrace.core import Row
from lutrace.report.contents import ReportPicture
from lutrace.report.figure_style import axes_at, blank_axes_at, fitted, new_figure, width_in
from lutrace.report.figure_themes import FAINT, SOFT
from lutrace.report.material import Material
from lutrace.report.timeline_figure import PatientRows, draw_timeline, timeline_height_in
from lutrace.report.wording import format_value

_PAGE_IN = (8.27, 11.69)
_TOP_IN, _FOOT_IN, _HEAD_IN, _PICTURES_IN, _FACT_IN, _LEAST_FACTS_IN = 0.5, 0.55, 0.72, 1.9, 0.132, 1.0
_PURPOSE = "Facts and criteria with their rows, for discussion by physicians; no recommendation."


@dataclass(frozen=True)
class Fact:
    """One value of a patient in words, with the day it is of, its rule, and the row that it rests on."""

    what: str
    value: str
    day: str
    rule: str
    row: str


def list_facts(values: Sequence[Row], material: Material) -> list[Fact]:
    """The rows of ENDPOINT_VALUES of a patient in words: outcomes first, then values; what is not evaluable last."""
    order = sorted(values, key=lambda row: (row["reason"] is not None, row["event"] is None))
    return [
        Fact(
            f"{material.word(row['endpoint'])} ({material.word(row['population'])})",
            _value(row, material),
            "" if row["days"] is None else format_value(float(row["days"]), 0),
            row["rule"],
            row["source_row"] or "",
        )
        for row in order
    ]


def _value(row: Row, material: Material) -> str:
    if row["reason"] is not None:
        return f"not evaluable: {row['reason']}"
    unit = "" if row["unit"] in (None, "1") else f" {row['unit']}"
    parts = []
    if row["event"] is not None:
        parts.append("event" if row["event"] else "no event (censored)")
    is_answer = row["category"] is not None and row["value"] in (0.0, 1.0) and not unit
    if row["value"] is not None:
        parts.append(format_value(bool(row["value"])) if is_answer else f"{format_value(row['value'])}{unit}")
    if row["category"] not in (None, "censored", "none"):
        parts.append(material.word(row["category"]))
    return ", ".join(parts)


def draw_sheet(
    rows: PatientRows, facts: Sequence[Fact], material: Material, *, title: str, pictures: Sequence[ReportPicture]
) -> Figure:
    """The page of a patient. Panels that leave no room for facts, and facts without room, are left to the files."""
    figure = new_figure(_PAGE_IN[1], _PAGE_IN[0])
    left = (_PAGE_IN[0] - width_in()) / 2
    top = _PAGE_IN[1] - _TOP_IN
    _write_head(figure, left, top, rows, title, material.data_cut)
    top -= _HEAD_IN
    if pictures:
        _draw_pictures(figure, left, top, pictures)
        top -= _PICTURES_IN + 0.32
    shown = _fitting(rows, top - _FOOT_IN - _LEAST_FACTS_IN)
    draw_timeline(figure, shown, material, left_in=left, top_in=top)
    top -= timeline_height_in(shown) + 0.12
    left_out = [material.word(name) for name in rows.series if name not in shown.series]
    _write_facts(figure, left, top, facts, left_out)
    return figure


def _fitting(rows: PatientRows, room_in: float) -> PatientRows:
    """The rows without the last series, as many as do not fit."""
    shown = rows
    while len(shown.series) > 1 and timeline_height_in(shown) > room_in:
        last = shown.series[-1]
        shown = replace(shown, results=[row for row in shown.results if row["series"] != last])
    return shown


def _write_head(figure: Figure, left: float, top: float, rows: PatientRows, title: str, data_cut: str) -> None:
    head = blank_axes_at(figure, left, top - _HEAD_IN, width_in(), _HEAD_IN)
    head.text(0.0, _HEAD_IN - 0.1, f"Patient {rows.patient}", fontsize=14, fontweight="bold", va="center")
    cut = f"Data cut {data_cut}" if data_cut else "No data cut"
    head.text(width_in(), _HEAD_IN - 0.1, cut, ha="right", va="center", fontsize=8, color=SOFT)
    head.text(0.0, _HEAD_IN - 0.34, fitted(title, width_in(), 8)[0], fontsize=8, va="center")
    head.text(0.0, _HEAD_IN - 0.5, _PURPOSE, fontsize=7, color=SOFT, va="center")
    head.plot([0, width_in()], [0.06, 0.06], color=FAINT, linewidth=0.8)


def _draw_pictures(figure: Figure, left: float, top: float, pictures: Sequence[ReportPicture]) -> None:
    """Pictures side by side in their order, each under its label, as tall as the row allows."""
    images = [imread(io.BytesIO(picture.png), format="png") for picture in pictures]
    aspects = [image.shape[1] / image.shape[0] for image in images]
    height = min(_PICTURES_IN, (width_in() - 0.06 * len(images)) / sum(aspects))
    for picture, image, aspect in zip(pictures, images, aspects, strict=True):
        axes = axes_at(figure, left, top - 0.14 - height, height * aspect, height)
        axes.imshow(image, cmap="gray", aspect="auto", interpolation="none")
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_title(picture.label, fontsize=7, pad=2)
        left += height * aspect + 0.06
    first_left = (_PAGE_IN[0] - width_in()) / 2
    caption = fitted(pictures[0].caption, width_in(), 6)[0]
    note = blank_axes_at(figure, first_left, top - _PICTURES_IN - 0.3, width_in(), 0.14)
    note.text(0.0, 0.07, caption, fontsize=6, color=SOFT, va="center")


def _write_facts(figure: Figure, left: float, top: float, facts: Sequence[Fact], left_out: Sequence[str]) -> None:
    """Lines of what, value, day and row, as many as the page holds, and how many further ones the files have."""
    room = top - _FOOT_IN
    lines = max(int(room / _FACT_IN) - 2, 0)
    sheet = blank_axes_at(figure, left, _FOOT_IN, width_in(), room)
    columns = (0.0, width_in() * 0.43, width_in() * 0.73, width_in() * 0.81)
    for x, text in zip(columns, ("Fact", "Value", "Day", "Row"), strict=True):
        sheet.text(x, room - _FACT_IN / 2, text, fontsize=6.5, color=SOFT, va="center")
    sheet.plot([0, width_in()], [room - _FACT_IN] * 2, color=FAINT, linewidth=0.6)
    widths = [end - begin - 0.08 for begin, end in zip(columns, (*columns[1:], width_in()), strict=True)]
    for place, fact in enumerate(facts[:lines], start=1):
        for x, room_in, text in zip(columns, widths, (fact.what, fact.value, fact.day, fact.row), strict=True):
            sheet.text(x, room - _FACT_IN * (place + 0.5), _cut(text, room_in), fontsize=6, va="center")
    told = [f"{len(facts) - lines} further facts on the page of the patient"] if len(facts) > lines else []
    told += [f"not drawn for want of room: {', '.join(left_out)}"] if left_out else []
    sheet.text(0.0, 0.04, "; ".join(told), fontsize=6, color=SOFT, va="bottom")


def _cut(text: str, room_in: float) -> str:
    """The text, or as much of it as its column holds."""
    most = int(room_in / 0.047)
    return text if len(text) <= most else f"{text[: most - 1]}…"
