"""One truth in five forms: FHIR, OMOP, REDCap, a hospital's tables, and letters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lutrace.core import UnusableInputError, format_yaml
from lutrace.virtual.chart import Chart
from lutrace.virtual.letters import LETTER_NAMES, make_letters, write_letter_files
from lutrace.virtual.omop import SITE_LINES, write_omop
from lutrace.virtual.parameters import CohortParameters
from lutrace.virtual.people import make_lesions, make_people
from lutrace.virtual.records import IDENTIFIER_SYSTEM, make_bundle
from lutrace.virtual.redcap import write_redcap
from lutrace.virtual.tables import MAPPINGS, write_tables


def make_sources(
    out: Path, *, patients: int = 24, seed: int = 1, parameters: CohortParameters | None = None
) -> tuple[Chart, ...]:
    """Write the records of the same virtual patients into the new folder `out`, once in each form; give their charts.

    `fhir/` a bundle each, `omop/` Parquet files of the common data model 5.4, `redcap/` an exported project with its
    mapping, `tables/` CSV and XLSX of a German hospital with their mappings, `notes/` letters and what they state,
    and `site.yaml`, the lines of the site profile that they need. No images. The people are those of `make_centre` with
    the same seed. Raises UnusableInputError when `out` holds files already.
    """
    if out.exists() and any(out.iterdir()):
        raise UnusableInputError(f"{out.name}: the folder for the sources must be empty; name a new one")
    charts = make_people(patients, seed=seed, parameters=parameters or CohortParameters())
    (out / "fhir").mkdir(parents=True)
    for chart in charts:
        _, lesions = make_lesions(chart.patient, seed=seed)
        content = json.dumps(make_bundle(chart, lesions), indent=1, ensure_ascii=False)
        path = out / "fhir" / f"{chart.patient.identifier}.json"
        path.write_text(content + "\n", encoding="utf-8", newline="\n")
    write_omop(out / "omop", charts)
    write_redcap(out / "redcap", charts)
    write_tables(out / "tables", charts)
    write_letter_files(out / "notes", make_letters(charts, seed=seed))
    (out / "site.yaml").write_text(format_yaml(site_lines()), encoding="utf-8", newline="\n")
    return charts


def add_arguments(folder: Path) -> dict[str, list[list[str]]]:
    """What `lutrace add` is told for each form of the sources in `folder`: one list of arguments per call."""
    redcap, tables = folder / "redcap", folder / "tables"
    export = [str(redcap / "dictionary.csv"), str(redcap / "data.csv"), "--mapping", str(redcap / "mapping.yaml")]
    return {
        "fhir": [["fhir", str(folder / "fhir")]],
        "omop": [["omop", str(folder / "omop")]],
        "redcap": [["redcap", *export]],
        "tables": [
            ["table", str(tables / file), "--mapping", str(tables / mapping)] for file, mapping in MAPPINGS.items()
        ],
        "notes": [["notes", str(folder / "notes" / "letters.csv")]],
    }


def site_lines() -> dict[str, Any]:
    """The lines of the site profile that the sources need: name, languages, identifiers, the OMOP codes of its own."""
    return {
        "centre": "Virtual centre (synthetic)",
        "languages": ["en", "de"],
        "letter_file_names": LETTER_NAMES,
        "patient_identifier_system": IDENTIFIER_SYSTEM,
        **SITE_LINES,
    }
