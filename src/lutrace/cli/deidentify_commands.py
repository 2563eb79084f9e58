"""`lutrace deidentify`: DICOM that may leave the house, with a report of what was done and checked."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lutrace.cli.bars import progress_bars
from lutrace.cli.show import say, show_json, tell


class Allowed(StrEnum):
    """What passes only when asked for."""

    DEVICE = "device"
    CAPTURES = "captures"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("deidentify", short_help="DICOM without its persons: SUV kept, result searched.")(deidentify)


def deidentify(
    source: Annotated[Path, typer.Argument(metavar="IN", help="folder with DICOM")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="folder to write, new or of an earlier run")],
    registry: Annotated[
        Path, typer.Option("--registry", help="folder made by `lutrace init`; gives pseudonyms and date shifts")
    ],
    allow: Annotated[
        list[Allowed] | None,
        typer.Option("--allow", help="device: station and serial numbers stay; captures: screens pass, look at them"),
    ] = None,
    deface: Annotated[bool, typer.Option("--deface", help="set the face in CT and PET to air")] = False,
    keep: Annotated[
        list[Path] | None, typer.Option("--keep", help="regions (SEG, RTSTRUCT, NIfTI) that --deface does not touch")
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="worker processes (default: one per core, at most 4)")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")] = False,
) -> None:
    """De-identify DICOM by PS3.15 with the options that keep SUV, and search every byte of the result.

    Exit status 1: an identifier was found or an SUV changed (OUT is then marked unsafe), or a file of --keep could not
    be placed.
    """
    from lutrace.ingest import DeidentifyOptions, run_deidentify

    allowed = allow or []
    options = DeidentifyOptions(Allowed.DEVICE in allowed, Allowed.CAPTURES in allowed, deface, tuple(keep or ()))
    with progress_bars() as progress:
        result = run_deidentify(source, out, registry, options=options, jobs=jobs, progress=progress)
    if as_json:
        show_json({"deidentification": result.report, "warnings": []})
    else:
        tell(f"written {result.n_written} files, left out {len(result.left_out)}; report: {out}/deidentification.txt")
        for reason, n in sorted(Counter(one.reason for one in result.left_out).items()):
            say(f"left out {n}: {reason}")
        for series, loss in sorted(result.faces.items()):
            say(f"{series}: face removed, {loss.removed_ml:.1f} mL of the body, {loss.kept_ml:.1f} mL kept for regions")
        for series, reason in sorted(result.suv_not_verified.items()):
            say(f"{series}: SUV not verified: {reason}")
    for one in result.not_kept:
        say(f"error: --keep {one.shown_name}: not placed: {one.reason}; its regions may have been set to air")
    if not result.is_safe:
        say(
            f"error: {len(result.findings)} files hold identifiers and {len(result.suv_differs)} series have another "
            f"SUV: {out.name} is marked unsafe, do not pass it on; deidentification.txt says which files"
        )
    if result.not_kept or not result.is_safe:
        raise typer.Exit(1)
