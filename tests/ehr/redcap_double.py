"""A test double of REDCap's API: a process of its own that follows the published protocol for one project.

It is no REDCap: it speaks the calls metadata, record (export and import), event, repeatingFormsEvents,
exportFieldNames, project and version, with token, filters, error JSON and status 403, as REDCap's API help page and
PyCap describe them. What it sends is made here, without code of the package under test.

Usage: python redcap_double.py STATE.json TOKEN [BUSY]; prints its port. STATE.json holds metadata, records, events,
repeating and project; an import writes it anew. BUSY is how many calls are first answered with 503.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

VERSION = "14.5.5"
SYSTEM = ("redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance")
Row = dict[str, str]


class RefusedError(Exception):
    """What the server answers with an error."""

    def __init__(self, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.status = status


class Project:
    def __init__(self, path: Path) -> None:
        self.path = path
        state = json.loads(path.read_text(encoding="utf-8"))
        self.metadata: list[Row] = state["metadata"]
        self.records: list[Row] = state.get("records", [])
        self.events: list[Row] = state.get("events", [])
        self.repeating: list[Row] = state.get("repeating", [])
        self.info: dict[str, Any] = state.get("project", {})

    def save(self) -> None:
        names = ("metadata", "records", "events", "repeating")
        state = {**{name: getattr(self, name) for name in names}, "project": self.info}
        self.path.write_text(json.dumps(state), encoding="utf-8")

    @property
    def record_field(self) -> str:
        return self.metadata[0]["field_name"]

    @property
    def forms(self) -> list[str]:
        return list(dict.fromkeys(row["form_name"] for row in self.metadata))

    def boxes(self, field: Row) -> dict[str, str]:
        """The export's column of each box, and its code."""
        codes = [part.split(",")[0].strip() for part in field["select_choices_or_calculations"].split("|")]
        return {f"{field['field_name']}___{re.sub('[^a-z0-9_]', '_', code.lower())}": code for code in codes}

    def columns(self, form: str) -> list[str]:
        names: list[str] = []
        for field in self.metadata:
            if field["form_name"] != form or field["field_type"] == "descriptive":
                continue
            names += self.boxes(field) if field["field_type"] == "checkbox" else [field["field_name"]]
        return [*names, f"{form}_complete"]

    def export(self, form: dict[str, str]) -> list[Row]:
        fields, records = listed(form, "fields"), listed(form, "records")
        known = {row["field_name"] for row in self.metadata} | {f"{one}_complete" for one in self.forms}
        unknown = [one for one in fields if one not in known]
        if unknown:
            raise RefusedError(f"The following values in the parameter 'fields' are not valid: {', '.join(unknown)}")
        wanted = [one for one in self.records if not records or one[self.record_field] in records]
        present = [name for name in SYSTEM if self._has(name, wanted)]
        rows = []
        for record in wanted:
            row = {self.record_field: record[self.record_field], **{name: record.get(name, "") for name in present}}
            for name in (column for one in self.forms for column in self.columns(one)):
                field = name.split("___")[0]
                if name != self.record_field and (not fields or name in fields or field in fields):
                    row[name] = self._cell(record, name, blank_gray="exportBlankForGrayFormStatus" in form)
            if form.get("exportSurveyFields") == "true":
                row |= {name: text for name, text in record.items() if name.endswith("_timestamp")}
            rows.append(row)
        return rows

    def _has(self, name: str, rows: list[Row]) -> bool:
        """Columns of repetition vanish from an answer whose records have none."""
        return bool(self.events) if name == "redcap_event_name" else any(row.get(name) for row in rows)

    def _cell(self, record: Row, name: str, *, blank_gray: bool) -> str:
        repeats = record.get("redcap_repeat_instrument") or None
        form = next(one for one in self.forms if name in self.columns(one))
        if repeats is not None and form != repeats:
            return ""
        if "___" in name:
            return record.get(name) or "0"
        if name.endswith("_complete") and not blank_gray:
            return record.get(name) or "0"
        return record.get(name, "")

    def add(self, rows: list[Row]) -> int:
        """Import flat rows: each cell is checked as REDCap does, raw codes and ISO dates only."""
        faults = [words for row in rows for words in self._faults(row)]
        if faults:
            raise RefusedError("\n".join(faults))
        place = (self.record_field, *SYSTEM)
        for row in rows:
            at = [row.get(name, "") for name in place]
            held = next((one for one in self.records if [one.get(name, "") for name in place] == at), None)
            if held is None:
                self.records.append({name: str(text) for name, text in row.items() if text != ""})
            else:
                held.update({name: str(text) for name, text in row.items() if text != ""})
        self.save()
        return len({row[self.record_field] for row in rows})

    def _faults(self, row: Row) -> list[str]:
        record = row.get(self.record_field, "")
        if not record:
            return ["the record has no name"]
        form = row.get("redcap_repeat_instrument", "")
        if form and form not in [one["form_name"] for one in self.repeating]:
            return [f'"{record}","redcap_repeat_instrument","{form}","is no repeating instrument"']
        by_name = {name: field for field in self.metadata for name in self._names(field)}
        faults = []
        for name, text in row.items():
            if text == "" or name in SYSTEM or name == self.record_field:
                continue
            if name.endswith("_complete") and name[: -len("_complete")] in self.forms:
                good = text in ("0", "1", "2")
            elif name not in by_name:
                good = False
            else:
                good = self._fits(by_name[name], name, text)
            if not good:
                faults.append(f'"{record}","{name}","{text}","The value is not valid for this field"')
        return faults

    def _names(self, field: Row) -> list[str]:
        return list(self.boxes(field)) if field["field_type"] == "checkbox" else [field["field_name"]]

    def _fits(self, field: Row, name: str, text: str) -> bool:
        kind, validation = field["field_type"], field.get("text_validation_type_or_show_slider_number", "")
        if kind in ("checkbox", "yesno", "truefalse"):
            return text in ("0", "1")
        if kind in ("radio", "dropdown"):
            codes = [part.split(",")[0].strip() for part in field["select_choices_or_calculations"].split("|")]
            return text in codes
        try:
            if validation.startswith("datetime_seconds"):
                dt.datetime.strptime(text, "%Y-%m-%d %H:%M:%S")
            elif validation.startswith("date_"):
                dt.datetime.strptime(text, "%Y-%m-%d")
            elif validation == "integer":
                int(text)
            elif validation == "number":
                float(text)
        except ValueError:
            return False
        return True


def listed(form: dict[str, str], name: str) -> list[str]:
    """The values of `name[0]`, `name[1]`, or of one text with commas."""
    found = [text for key, text in form.items() if re.fullmatch(rf"{name}\[\d+\]", key)]
    return found or [one for one in form.get(name, "").split(",") if one]


def as_eav(project: Project, rows: list[Row]) -> list[Row]:
    out = []
    for row in rows:
        for name, text in row.items():
            if name in (project.record_field, *SYSTEM) or text == "" or (text == "0" and "___" in name):
                continue
            at = {"record": row[project.record_field], **{one: row[one] for one in SYSTEM if one in row}}
            field, _, _code = name.partition("___")
            code = (
                next((project.boxes(one)[name] for one in project.metadata if name in project._names(one)), text)
                if "___" in name
                else text
            )
            out.append({**at, "field_name": field, "value": code})
    return out


def as_csv(rows: list[Row]) -> str:
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def answer(project: Project, form: dict[str, str]) -> Any:
    content = form.get("content")
    data = json.loads(form["data"]) if "data" in form else None
    match content:
        case "metadata" if data is not None:
            project.metadata = data
            project.save()
            return len(data)
        case "metadata":
            return project.metadata
        case "repeatingFormsEvents" if data is not None:
            project.repeating = data
            project.save()
            return len(data)
        case "repeatingFormsEvents":
            return project.repeating
        case "record" if data is not None:
            count = project.add(data)
            return {"count": count}
        case "record":
            rows = project.export(form)
            return as_eav(project, rows) if form.get("type") == "eav" else rows
        case "event":
            if not project.events:
                raise RefusedError("You cannot export events for classic projects")
            return project.events
        case "exportFieldNames":
            names = [(field["field_name"], name) for field in project.metadata for name in project._names(field)]
            return [{"original_field_name": one, "choice_value": "", "export_field_name": name} for one, name in names]
        case "project":
            return project.info
    raise RefusedError(f"The value of the parameter 'content' is not valid: {content}")


class Handler(BaseHTTPRequestHandler):
    project: Project
    token: str
    busy = 0

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = {name: values[-1] for name, values in parse_qs(body, keep_blank_values=True).items()}
        if Handler.busy > 0:
            Handler.busy -= 1
            self._send(503, "text/plain", "busy", {"Retry-After": "0"})
            return
        try:
            if form.get("token") != Handler.token:
                raise RefusedError("You do not have permissions to use the API", 403)
            if form.get("content") == "version":
                self._send(200, "text/html; charset=utf-8", VERSION)
                return
            given = answer(Handler.project, form)
            if form.get("format") == "csv" and isinstance(given, list):
                self._send(200, "text/csv; charset=utf-8", as_csv(given))
            else:
                self._send(200, "application/json; charset=utf-8", json.dumps(given))
        except RefusedError as error:
            self._send(error.status, "application/json; charset=utf-8", json.dumps({"error": str(error)}))

    def do_GET(self) -> None:
        self._send(501, "application/json; charset=utf-8", json.dumps({"error": "The request method is not valid"}))

    def _send(self, status: int, kind: str, text: str, headers: dict[str, str] | None = None) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def main() -> None:
    Handler.project = Project(Path(sys.argv[1]))
    Handler.token = sys.argv[2]
    Handler.busy = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
