"""Registries filled from the five forms of the same virtual patients, each by its commands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lutrace.cli.app import run
from lutrace.ingest import run_init
from lutrace.virtual import add_arguments
from lutrace.virtual.chart import Chart

FORMS = ("fhir", "omop", "redcap", "tables", "notes")


@dataclass(frozen=True)
class Written:
    """The folder of the sources and the charts that they were written from."""

    folder: Path
    charts: tuple[Chart, ...]


def fill(registry: Path, folder: Path, source: str) -> None:
    """Add one form to the registry, which is made first; nothing may be refused."""
    if not registry.exists():
        run_init(registry, profile_text=(folder / "site.yaml").read_text(encoding="utf-8"))
    for arguments in add_arguments(folder)[source]:
        assert run(["add", *arguments, "--registry", str(registry)]) == 0, (source, arguments)
