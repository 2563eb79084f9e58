"""Registries from the five forms of one virtual centre against its truth: what agrees, and how often letters err.

`python -m validation.virtual_centre.compare_sources` writes sources.json and the tables of docs/reference/sources.md.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from validation.command import run_command

from lutrace.core import Row, read_rows
from lutrace.ingest import run_extract, run_init
from lutrace.registry import Registry
from lutrace.tables import FACT_TABLES, LABS, MERGED_TABLES
from lutrace.virtual import add_arguments, compare_facts, make_sources, make_true_facts, read_facts
from lutrace.virtual.chart import Chart

PATIENTS, SEED = 24, 1
HERE = Path(__file__).parent
STORED = HERE / "sources.json"
PAGE = HERE.parents[1] / "docs" / "reference" / "sources.md"
FORMS = ("fhir", "omop", "redcap", "tables", "notes")


def fill(registry: Path, folder: Path, source: str) -> None:
    """Add one form to a registry, which is made first."""
    if not registry.exists():
        run_init(registry, profile_text=(folder / "site.yaml").read_text(encoding="utf-8"))
    for arguments in add_arguments(folder)[source]:
        run_command(["add", *arguments, "--registry", str(registry)])


def measure(patients: int = PATIENTS, seed: int = SEED) -> Row:
    """By form and field the facts that are true, found and right; of the letters by fact; of all in one registry."""
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base) / "sources"
        charts = make_sources(folder, patients=patients, seed=seed)
        structured: dict[str, Any] = {}
        for source in (*FORMS, "all"):
            registry = Path(base) / source
            for one in FORMS if source == "all" else [source]:
                fill(registry, folder, one)
            if source != "notes":
                structured[source] = _fields(registry, charts, corrected=source == "all")
        with Registry.open(Path(base) / "all", write=True) as opened:
            merges = [row["verdict"] for row in opened.merges()]
        return {
            "patients": patients,
            "seed": seed,
            "fields": structured,
            "merges": {one: merges.count(one) for one in sorted(set(merges))},
            "letters": _letters(folder / "notes"),
        }


def _fields(registry: Path, charts: Sequence[Chart], *, corrected: bool) -> dict[str, list[int]]:
    with Registry.open(registry, write=True) as opened:
        people = {opened.pseudonym("patient", one.patient.identifier): one.patient.identifier for one in charts}
        names = [name for name in FACT_TABLES if name in (*MERGED_TABLES, "reader_findings", LABS.name)]
        tables = {name: opened.rows(FACT_TABLES[name], corrected=corrected) for name in names}
    results = compare_facts(make_true_facts(charts), read_facts(tables, people))
    return {one.field: [one.true, one.found, one.right] for one in results}


def _letters(folder: Path) -> dict[str, list[int]]:
    """By fact: stated, found, both; of those with a date, how many were found with that date."""
    labels = folder / "letter_facts.csv"
    extracted = run_extract(folder / "letters.csv", labels=labels)
    dated = [row for row in read_rows(labels) if row["date"]]
    found = {(row["note_id"], row["fact"], row["value"], row["date"]) for row in extracted.rows}
    counts: dict[str, list[int]] = {}
    for row in extracted.agreement:
        mine = [one for one in dated if one["fact"] == row["fact"]]
        right = sum((one["note_id"], one["fact"], one["value"], one["date"]) in found for one in mine)
        counts[row["fact"]] = [row["positives"], row["found"], row["tp"], len(mine), right]
    return counts


def with_tables(results: Mapping[str, Any], text: str) -> str:
    """The page's text with the tables of these results between its marks."""
    for name, lines in (("fields", _field_lines(results)), ("letters", _letter_lines(results))):
        table = "\n".join(lines)
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if len(pattern.findall(text)) != 1:
            raise ValueError(f"the page needs one mark {name}")
        text = pattern.sub(lambda match, table=table: f"{match[1]}\n{table}\n\n{match[2]}", text)
    return text


def _field_lines(results: Mapping[str, Any]) -> list[str]:
    forms = list(results["fields"])
    lines = ["| field | true | " + " | ".join(forms) + " |", "|---|---" + "|---" * len(forms) + "|"]
    for field in results["fields"]["fhir"]:
        counts = [results["fields"][form][field] for form in forms]
        cells = ["all" if one[0] == one[1] == one[2] else f"{one[2]} of {one[1]} found" for one in counts]
        lines.append(f"| {field} | {counts[0][0]} | {' | '.join(cells)} |")
    return lines


def _letter_lines(results: Mapping[str, Any]) -> list[str]:
    lines = ["| fact | stated | found | precision | recall | with its date |", "|---|---|---|---|---|---|"]
    for fact, (stated, found, both, dated, right) in results["letters"].items():
        shares = [f"{both / n:.3f}" if n else "-" for n in (found, stated)]
        lines.append(
            f"| {fact} | {stated} | {found} | {' | '.join(shares)} | {f'{right} of {dated}' if dated else '-'} |"
        )
    return lines


def main() -> None:
    results = measure()
    STORED.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8", newline="\n")
    PAGE.write_text(with_tables(results, PAGE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
    sys.stdout.write(f"{STORED.name}, {PAGE.name}\n")


if __name__ == "__main__":
    main()
