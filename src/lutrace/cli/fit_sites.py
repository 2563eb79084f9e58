"""`lutrace fit site-sums` and `lutrace fit combine`: one model of several sites, which send sums only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lutrace.cli.fit_options import Command
from lutrace.cli.fit_show import show_fit
from lutrace.cli.show import show_json, tell
from lutrace.core import check_is_other_file, write_rows

SITE_SUMS = Command(
    "site-sums",
    "What this site sends for a model of several sites.",
    "Sums of a Cox or logistic likelihood, or counts on a grid of times: what leaves the site, checked for disclosure.",
    needs="model site event answer",
    takes="time entry terms by times ties ask units landmark measured index",
    ends="",
)


def register(fit: typer.Typer) -> None:
    """Add these commands."""
    fit.command(SITE_SUMS.name, short_help=SITE_SUMS.short)(SITE_SUMS.build(_run_site_sums))
    fit.command("combine", short_help="One model of the sums of several sites.")(combine)


def _run_site_sums(_: str, table: Path, fields: dict[str, Any], *, site: str, answer: Path, ask: Path | None) -> None:
    from lutrace.study import FitCall, run_site_sums

    check_is_other_file(answer, table, *([] if ask is None else [ask]))
    found = run_site_sums(table, FitCall(**fields), site=site, ask=ask)
    answer.parent.mkdir(parents=True, exist_ok=True)
    answer.write_text(found.model_dump_json(indent=2) + "\n", encoding="utf-8")
    held = "counts per interval" if found.sums is None else f"{len(found.terms)} terms: sums over all rows"
    tell(f"{answer.name} holds all that leaves this site ({held}); read it before you send it")


def combine(
    answers: Annotated[list[Path], typer.Argument(help="answers of all sites and all rounds, or their folder")],
    question: Annotated[
        Path | None, typer.Option("--next", help="write the question for the next round to this JSON file")
    ] = None,
    level: Annotated[float, typer.Option("--level", help="confidence level")] = 0.95,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="write the rows to a CSV, TSV, XLSX or Parquet file")
    ] = None,
) -> None:
    """Estimates of the model of all sites; or, while it is not found, what to ask the sites next."""
    from lutrace.study import FitCall, run_combine

    for target in (one for one in (out, question) if one is not None):
        check_is_other_file(target, *answers)
    found = run_combine(answers, FitCall(kind="km", level=level))
    if found.question is not None and question is not None:
        question.write_text(found.question.model_dump_json(indent=2) + "\n", encoding="utf-8")
    if found.fit is not None and out is not None:
        write_rows(out, found.fit.records)
    if as_json:
        parts = ("rows", "checks", "warnings")
        estimates, checks, warnings = (() if found.fit is None else getattr(found.fit, part) for part in parts)
        told = {"estimates": estimates, "checks": checks, "warnings": warnings, "rounds": found.n_rounds}
        show_json({**told, "next": None if found.question is None else found.question.model_dump()})
    elif found.fit is not None:
        show_fit(found.fit)
    else:
        where = "--next FILE writes the question" if question is None else f"ask every site {question.name}"
        tell(f"round {found.n_rounds} is complete, the model is not found yet: {where}, and combine all answers")
