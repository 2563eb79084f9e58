"""`lutrace init`, `measure`, `check`, `upgrade`: make a registry and look after it.

Corridors are imported when their command runs: `lutrace --help` answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lutrace.cli.bars import progress_bars
from lutrace.cli.show import say, say_warnings, show_json, show_rows, tell

RegistryFolder = Annotated[Path, typer.Option("--registry", help="folder made by `lutrace init`")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")]
Jobs = Annotated[int | None, typer.Option(min=1, help="worker processes (default: one per core, at most 4)")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("init", short_help="Make an empty registry with its site profile.")(init)
    app.command("measure", short_help="SUV, organs, lesions and tracking of every new scan.")(measure)
    app.command("check", short_help="What is missing, impossible or contradictory.")(check)
    app.command("upgrade", short_help="Bring an older registry to this version's tables.")(upgrade)


def init(folder: Annotated[Path, typer.Argument(help="folder to make")]) -> None:
    """Make an empty registry with a commented site profile, site.yaml."""
    from lutrace.ingest import run_init

    run_init(folder)
    tell(f"{folder}: an empty registry; read {folder / 'site.yaml'} and fill in what your site needs")


def measure(
    registry: RegistryFolder,
    plan: Annotated[list[str] | None, typer.Option(help="measurement plan; may be repeated (default: suv3)")] = None,
    jobs: Jobs = None,
    scheduler: Annotated[str | None, typer.Option(help="address of a Dask scheduler, whose workers do it")] = None,
    as_json: AsJson = False,
) -> None:
    """SUV, organs, lesions and tracking of every scan not measured yet; stopped, it goes on where it was."""
    from lutrace.ingest import run_measure

    with progress_bars() as progress:
        result = run_measure(registry, plan or ["suv3"], jobs=jobs, scheduler=scheduler, progress=progress)
    counts = {
        "measured": result.measured,
        "up_to_date": result.up_to_date,
        "refused": result.refused,
        "left_out": result.left_out,
    }
    if as_json:
        show_json({"scans": counts, "warnings": list(result.rows.warnings)})
    else:
        tell(", ".join(f"{name.replace('_', ' ')} {n}" for name, n in counts.items()))
        say_warnings(result.rows.warnings)
    if result.refused:
        say("the reasons: lutrace check --registry " + str(registry))
        raise typer.Exit(1)


def check(registry: RegistryFolder, as_json: AsJson = False) -> None:
    """What is missing, impossible or contradictory, with the rows and what to do."""
    from lutrace.ingest import run_check

    rows = run_check(registry)
    if rows or as_json:
        show_rows("findings", rows, as_json=as_json)
    else:
        tell("nothing missing, impossible or contradictory in what is stored; scans never added are not missed")
    if rows:
        raise typer.Exit(1)


def upgrade(registry: RegistryFolder) -> None:
    """Bring a registry of an older version to this one's tables; its rows stay, and scans are then measured anew."""
    from lutrace.ingest import run_upgrade

    done = run_upgrade(registry)
    for line in done:
        tell(line)
    tell("the registry is of this version" + ("; run lutrace measure to measure anew" if done else " already"))
