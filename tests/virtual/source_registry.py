"""Registries filled from the five forms of the same virtual patients, each by its commands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lutrace.cli.app import run
from lutrace.ingest import run_init
from lutrace.virtual.chart import Chart
from lutrace.virtual.tables import MAPPINGS

COMMANDS = {
    "fhir": [["fhir", "fhir"]],
    "omop": [["omop", "omop"]],
    "redcap": [["redcap", "redcap/dictionary.csv", "redcap/data.csv", "--mapping", "redcap/mapping.yaml"]],
    "tables": [["table", f"tables/{file}", "--mapping", f"tables/{mapping}"] for file, mapping in MAPPINGS.items()],
    "notes": [["notes", "notes/letters.csv"]],
}


@dataclass(frozen=True)
class Written:
    """The folder of the sources and the charts that they were written from."""

    folder: Path
    charts: tuple[Chart, ...]


def fill(registry: Path, folder: Path, source: str) -> None:
    """Add one form to the registry, which is made first; nothing may be refused."""
    if not registry.exists():
        run_init(registry, profile_text=(folder / "site.yaml").read_text(encoding="utf-8"))
    for kind, *others in COMMANDS[source]:
        paths = [one if one.startswith("--") else str(folder / one) for one in others]
        assert run(["add", kind, *paths, "--registry", str(registry)]) == 0, (source, others)
