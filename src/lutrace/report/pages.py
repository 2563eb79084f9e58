"""Pages as one self-contained HTML file: no request leaves them, and nothing in them but our own script can run."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from lutrace.core import short
from lutrace.report.contents import IndexEntry, IndexMeta, KeyNumber, ReportInput, blocking_texts
from lutrace.report.figure_files import RenderedFigure
from lutrace.report.text_table import TextTable
from lutrace.report.wording import banner_lines

_PX_PER_IN = 120


def format_report_page(
    report_input: ReportInput,
    sections: Sequence[Mapping[str, Any]],
    *,
    key_numbers: Sequence[tuple[KeyNumber, int | None]],
    provenance: Sequence[tuple[str, str]],
    evidence: Mapping[str, Any] | None,
) -> str:
    """The report as HTML. `sections` are the titles, paragraphs and items made by `place_table` and `place_figure`.

    `key_numbers` come with the number of their evidence.
    """
    script = _read_template("evidence.js")
    return format_template(
        "report.html",
        title=report_input.title,
        subtitle=report_input.subtitle,
        meta=report_input.meta,
        banner=banner_lines(report_input.meta.synthetic),
        key_numbers=key_numbers,
        sections=sections,
        abstract=report_input.spec.abstract,
        methods=report_input.spec.methods,
        blocking=blocking_texts(report_input),
        provenance=provenance,
        evidence_rows=len(evidence["columns"]["patient"]) if evidence is not None else 0,
        evidence_json=_inert_json(evidence),
        script=Markup(script),
        script_hash=_hash(script) if evidence is not None else "",
    )


def format_patient_page(
    report_input: ReportInput, patient: str, *, svg: bytes, alt: str, facts: Sequence[Any], files: Sequence[str]
) -> str:
    """The page of one patient as HTML: the drawing, and each fact with day, rule and row. `files` stand beside it."""
    return format_template(
        "patient.html",
        title=f"Patient {patient}",
        subtitle=report_input.title,
        meta=report_input.meta,
        banner=banner_lines(report_input.meta.synthetic),
        uri=_data_uri(svg, "image/svg+xml"),
        alt=alt,
        facts=facts,
        files=files,
        script_hash="",
    )


def place_table(table: TextTable, number: int, files: Sequence[Path], root: Path) -> dict[str, Any]:
    """A table as the page places it, with links to its files."""
    return {
        "is_table": True,
        "wordy": [table.is_wordy(place) for place in range(len(table.headers))],
        "number": number,
        "name": table.name,
        "caption": table.caption,
        "headers": table.headers,
        "lines": table.lines,
        "notes": table.notes,
        "files": _links(files, root),
    }


def place_figure(figure: RenderedFigure, number: int, root: Path) -> dict[str, Any]:
    """A figure as the page places it: the drawing inside the page, its files linked beside it."""
    return {
        "is_table": False,
        "number": number,
        "name": figure.name,
        "caption": figure.caption,
        "alt": figure.alt,
        "notes": figure.notes,
        "uri": _data_uri(figure.svg, "image/svg+xml"),
        "width_px": round(figure.width_in * _PX_PER_IN),
        "files": _links(figure.paths, root),
    }


def render_index(out: Path, entries: Sequence[IndexEntry], meta: IndexMeta) -> Path:
    """Write `index.html` into the folder `out`: what was made, with links relative to it; gives its path."""
    places = [
        {
            "title": entry.title,
            "href": quote(_relative(entry.path, out)),
            "summary": entry.summary,
            "alt": entry.alt or entry.title,
            "uri": _data_uri(entry.png, "image/png") if entry.png is not None else "",
        }
        for entry in entries
    ]
    pictures = [
        {"label": picture.label, "caption": picture.caption, "uri": _data_uri(picture.png, "image/png")}
        for picture in meta.pictures
    ]
    page = format_template(
        "index.html",
        title=meta.title,
        meta=meta,
        banner=banner_lines(meta.synthetic),
        entries=places,
        pictures=pictures,
        script_hash="",
    )
    out.mkdir(parents=True, exist_ok=True)
    path = out / "index.html"
    path.write_text(page, encoding="utf-8", newline="\n")
    return path


def format_template(template: str, **values: Any) -> str:
    """A page from one of our templates in the house's style; `values` has `banner`, and all that the template names."""
    style = _read_template("style.css").replace("BANNER", " · ".join(values["banner"]))
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_read_template),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(
        style=Markup(style), style_hash=_hash(style), short=short, **values
    )


def _read_template(name: str) -> str:
    return (Path(__file__).parent / "templates" / name).read_text(encoding="utf-8")


def _inert_json(document: Mapping[str, Any] | None) -> Markup:
    """JSON that cannot close the script element it stands in."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _data_uri(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _links(files: Sequence[Path], root: Path) -> list[str]:
    return [quote(_relative(path, root)) for path in files]


def _relative(path: Path, root: Path) -> str:
    return PurePath(os.path.relpath(path.absolute(), root.absolute())).as_posix()
