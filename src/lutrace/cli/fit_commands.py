"""`lutrace fit`: one model on a plain table, a row per estimate.

The corridor is imported when a command runs: `lutrace --help` answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from lutrace.cli.fit_options import Command
from lutrace.cli.show import say_warnings, show_json, show_rows, tell
from lutrace.core import Row, check_is_other_file, write_rows

if TYPE_CHECKING:
    from lutrace.study import PlainFit

MOST_SHOWN = 40
"""Rows that people see; files and JSON hold all."""
SHOWN = ("term", "cause", "time", "measure", "estimate (interval)", "p", "unit", "events/n")
COMMANDS = (
    Command(
        "km",
        "Kaplan-Meier: medians, survival, log-rank test.",
        "Kaplan-Meier curves of all or of each group, medians first, and the log-rank test between groups.",
        needs="time event",
        takes="entry by strata weights cluster times interval landmark measured index units level",
    ),
    Command(
        "cox",
        "Cox model: hazard ratios with their checks.",
        "Hazard ratios of the terms, tests of the model and of proportional hazards, events per term.",
        needs="time event terms",
        takes="entry strata cluster weights offset ties firth units landmark measured index level",
    ),
    Command(
        "rmst",
        "Restricted mean survival time, differences and ratios.",
        "Mean time free of the event up to tau, of all or of each group, and between groups.",
        needs="time event tau",
        takes="entry by cluster weights landmark measured index units level",
    ),
    Command(
        "cif",
        "Cumulative incidence of competing events, Gray's test.",
        "Aalen-Johansen incidence of each cause, of all or of each group, and Gray's test between groups.",
        needs="time causes",
        takes="censored cause entry by strata cluster weights times interval landmark measured index units level",
    ),
    Command(
        "fine-gray",
        "Fine and Gray's model of one of several causes.",
        "Subdistribution hazard ratios with the sandwich of Fine and Gray (robust_se; se is the naive one).",
        needs="time causes cause terms",
        takes="censored units landmark measured index level",
    ),
    Command(
        "aft",
        "Accelerated failure times of interval-censored data.",
        "Ratios of times (above 1: later events) where an event is known to lie between two times.",
        needs="low high",
        takes="terms distribution weights units level",
    ),
    Command(
        "logistic",
        "Logistic model: odds ratios, separation named.",
        "Odds ratios with profile intervals; where covariates separate the events, Firth's penalty, and they are "
        "named.",
        needs="yes terms",
        takes="cluster weights offset firth units level",
    ),
    Command(
        "ordinal",
        "Proportional odds of an outcome in ordered classes.",
        "Odds ratios of a higher class, with the cut points.",
        needs="outcome terms",
        takes="classes units level",
    ),
    Command(
        "mixed",
        "Linear mixed model of repeated measurements.",
        "Mean differences with t tests by Kenward and Roger or Satterthwaite; a random intercept per group.",
        needs="outcome terms group",
        takes="random uncorrelated df_method units level",
    ),
)

fit = typer.Typer(help="One model on a plain table, with every check.", no_args_is_help=False, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in COMMANDS:
        fit.command(command.name, short_help=command.short)(command.build(_run))
    app.add_typer(fit, name="fit")


def _run(kind: str, table: Path, fields: dict[str, Any], *, as_json: bool, out: Path | None, made: Path | None) -> None:
    from lutrace.study import FitCall, run_fit

    targets = [one for one in (out, made) if one is not None]
    for target in targets:
        check_is_other_file(target, table)
    found = run_fit(table, FitCall(**{"kind": kind, **fields}))
    if out is not None:
        write_rows(out, found.rows)
    if made is not None:
        write_rows(made, found.made)
    if as_json:
        show_json({"estimates": found.rows, "checks": found.checks, "warnings": found.warnings})
        return
    _show(found)


def _show(found: PlainFit) -> None:
    shown = [_for_people(row) for row in found.rows[:MOST_SHOWN]]
    names = [name for name in SHOWN if any(row.get(name) is not None for row in shown)]
    if len({row.get("cause") for row in shown}) == 1 and "cause" in names:
        names.remove("cause")
    show_rows("estimates", shown, columns=names)
    if len(shown) < len(found.rows):
        tell(f"{len(found.rows) - len(shown)} more rows; --out FILE or --json gives all")
    if found.checks:
        names = [name for name in found.checks[0] if any(row[name] not in (None, "") for row in found.checks)]
        show_rows("checks", found.checks, columns=names)
    tell(". ".join(dict.fromkeys(str(row["method"]) for row in found.rows)) + ".")
    say_warnings(found.warnings)


def _for_people(row: Row) -> Row:
    ends = ["not reached" if end is None else f"{end:.4g}" for end in (row["low"], row["high"])]
    interval = "" if row["low"] is None and row["high"] is None else f" ({ends[0]} to {ends[1]})"
    estimate = "" if row["estimate"] is None else f"{row['estimate']:.4g}{interval}"
    events = f"{row['n']}" if row["events"] is None else f"{row['events']}/{row['n']}"
    return {**row, "estimate (interval)": estimate or None, "events/n": events}
