"""Synthetic REDCap projects for tests, in the shapes that real exports have; nobody in them exists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lutrace.core import Source, parse_document
from lutrace.ehr.records import RecordBatch
from lutrace.ehr.redcap import read_redcap
from lutrace.ehr.redcap_dictionary import Dictionary, make_dictionary
from lutrace.ehr.redcap_mapping import RedcapMapping
from lutrace.ehr.redcap_project import ExportedRows, Project, make_export

HEADINGS = (
    "field_name",
    "form_name",
    "field_type",
    "field_label",
    "select_choices_or_calculations",
    "text_validation_type_or_show_slider_number",
    "identifier",
    "branching_logic",
)
FIELDS = (
    ("record_id", "person", "text", "Record ID"),
    ("mrn", "person", "text", "Hospital number", "", "", "y"),
    ("born", "person", "text", "Geburtsdatum", "", "date_dmy", "y"),
    ("sex", "person", "radio", "Geschlecht", "1, männlich | 2, weiblich"),
    ("sites", "person", "checkbox", "Metastases", "1, bone | 2, nodes | -99, not known | L, <b>liver</b>"),
    ("visit_day", "visit", "text", "Day of the visit", "", "date_dmy"),
    ("weight", "visit", "text", "Weight (kg)", "", "number_comma_decimal"),
    ("pain", "visit", "yesno", "Pain"),
    ("complaints", "visit", "checkbox", "Complaints", "1, dry mouth | 2, fatigue", "", "", "[pain] = '1'"),
    ("drawn", "blood", "text", "Blutentnahme", "", "date_dmy"),
    ("psa", "blood", "text", "PSA (ng/ml)", "", "number_comma_decimal"),
    ("hb", "blood", "text", "Hb (g/dl)", "", "number"),
    ("cycle_no", "cycle", "text", "Cycle", "", "integer"),
    ("cycle_day", "cycle", "text", "Given on", "", "date_ymd"),
    ("cycle_gbq", "cycle", "text", "Activity (GBq)", "", "number"),
    ("agent", "cycle", "dropdown", "Agent", "617, 177Lu-PSMA-617, vipivotide | it, 177Lu-PSMA-I&amp;T"),
    ("letter", "closing", "notes", "Letter"),
    ("scan", "closing", "file", "Scan"),
    ("hint", "closing", "descriptive", "Thank you"),
)


def dictionary(fields: Sequence[Sequence[str]] = FIELDS) -> Dictionary:
    return make_dictionary([dict(zip(HEADINGS, one, strict=False)) for one in fields], "dictionary.csv")


def export(text: str, fields: Sequence[Sequence[str]] = FIELDS, *, name: str = "data.csv") -> ExportedRows:
    """The export in a text whose cells are parted by |, as its lines stand there."""
    header, *lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return make_export(header, lines, dictionary(fields), name=name, source=Source("redcap", "0" * 64))


def read(
    text: str, mapping: str, fields: Sequence[Sequence[str]] = FIELDS, missing: tuple[str, ...] = ()
) -> RecordBatch:
    """What a mapping makes of an export."""
    project = Project(dictionary(fields), (export(text, fields),), missing)
    (batch,) = read_redcap(project, parse_document(mapping, "map.yaml", RedcapMapping), mapping_name="map.yaml")
    return batch


def write_project(folder: Path, data: str, fields: Sequence[Sequence[str]] = FIELDS, *, separator: str = ",") -> Path:
    """A folder with dictionary.csv and data.csv; cells of `data` are parted by |."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [HEADINGS, *([*one, *[""] * (len(HEADINGS) - len(one))] for one in fields)]
    lines = [",".join(f'"{cell}"' for cell in row) for row in rows]
    (folder / "dictionary.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    cells = [[cell.strip() for cell in line.split("|")] for line in data.strip().splitlines()]
    text = "\n".join(separator.join(f'"{cell}"' for cell in line) for line in cells)
    (folder / "data.csv").write_text(text + "\n", encoding="utf-8-sig")
    return folder
