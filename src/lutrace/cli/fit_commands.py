"""`lutrace fit`: one model on a plain table, a row per estimate.

The corridor is imported when a command runs: `lutrace --help` answers at once.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lutrace.cli.show import say_warnings, show_json, show_rows, tell
from lutrace.core import Row, UnusableInputError, check_is_other_file, write_rows

if TYPE_CHECKING:
    from lutrace.study import PlainFit

MOST_SHOWN = 40
"""Rows that people see; files and JSON hold all."""
SHOWN = ("term", "cause", "time", "measure", "estimate (interval)", "p", "unit", "events/n")


class TieRule(StrEnum):
    """How tied events are counted."""

    EFRON = "efron"
    BRESLOW = "breslow"


class Interval(StrEnum):
    """The scale on which an interval of survival is symmetric."""

    LOG_LOG = "log-log"
    LOG = "log"
    PLAIN = "plain"


class Shape(StrEnum):
    """A distribution of times."""

    WEIBULL = "weibull"
    EXPONENTIAL = "exponential"
    LOGNORMAL = "lognormal"
    LOGLOGISTIC = "loglogistic"


class DfMethod(StrEnum):
    """How degrees of freedom are found."""

    KENWARD_ROGER = "kenward-roger"
    SATTERTHWAITE = "satterthwaite"


Table = Annotated[Path, typer.Argument(help="CSV, TSV, XLSX or Parquet, a row per patient (or per interval)")]
Time = Annotated[str, typer.Option("--time", help="column: end of follow-up")]
Event = Annotated[
    str, typer.Option("--event", help="column: 1 event, 0 censored; or which value is the event: status=2")
]
Causes = Annotated[str, typer.Option("--event", help="column: which event ended follow-up, or censoring")]
Censored = Annotated[str, typer.Option("--censored", help="the value of --event that means censored")]
Times = Annotated[str | None, typer.Option("--times", help="at these times only: 6,12,24")]
Outcome = Annotated[str, typer.Option("--outcome", help="column that is modelled")]
Entry = Annotated[str | None, typer.Option("--entry", help="column: start of being at risk (delayed entry)")]
By = Annotated[str | None, typer.Option("--by", help="column of the groups to compare")]
Terms = Annotated[str, typer.Option("--terms", help='"age, log2(psa), C(ecog), rcs(psa, 4)"; C() for groups')]
Strata = Annotated[str | None, typer.Option("--strata", help="column: own baseline for each of its values")]
Cluster = Annotated[str | None, typer.Option("--cluster", help="column of what is independent; robust errors")]
Weights = Annotated[str | None, typer.Option("--weights", help="column of case weights")]
Offset = Annotated[str | None, typer.Option("--offset", help="column added to the linear predictor")]
Firth = Annotated[bool, typer.Option("--firth", help="Firth's penalty (by itself where the likelihood has no maximum)")]
Units = Annotated[list[str] | None, typer.Option("--unit", help="unit of a column, psa=ng/mL; may be repeated")]
Level = Annotated[float, typer.Option("--level", help="confidence level")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")]
Out = Annotated[Path | None, typer.Option("--out", help="write the same rows to a CSV, TSV, XLSX or Parquet file")]

fit = typer.Typer(help="One model on a plain table, with every check.", no_args_is_help=False, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(fit, name="fit")


@fit.command("km", short_help="Kaplan-Meier: medians, survival, log-rank test.")
def km(  # noqa: PLR0913 - each parameter is an option
    table: Table,
    time: Time,
    event: Event,
    entry: Entry = None,
    by: By = None,
    strata: Strata = None,
    weights: Weights = None,
    cluster: Cluster = None,
    times: Times = None,
    interval: Annotated[Interval, typer.Option("--interval", help="scale of the interval")] = Interval.LOG_LOG,
    level: Level = 0.95,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Kaplan-Meier curves of all or of each group, medians first, and the log-rank test between groups."""
    asked = {
        "time": time,
        "event": event,
        "entry": entry,
        "by": by,
        "strata": strata,
        "weights": weights,
        "cluster": cluster,
    }
    _run(
        table,
        {"kind": "km", **asked, "times": _numbers(times), "interval": interval.value, "level": level},
        as_json=as_json,
        out=out,
    )


@fit.command("cox", short_help="Cox model: hazard ratios with their checks.")
def cox(  # noqa: PLR0913 - each parameter is an option
    table: Table,
    time: Time,
    event: Event,
    terms: Terms,
    entry: Entry = None,
    strata: Strata = None,
    cluster: Cluster = None,
    weights: Weights = None,
    offset: Offset = None,
    ties: Annotated[TieRule | None, typer.Option("--ties", help="default efron; with --firth breslow")] = None,
    firth: Firth = False,
    unit: Units = None,
    level: Level = 0.95,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Hazard ratios of the terms, tests of the model and of proportional hazards, events per term."""
    asked = {"time": time, "event": event, "terms": terms, "entry": entry, "strata": strata, "cluster": cluster}
    chosen = {"weights": weights, "offset": offset, "ties": None if ties is None else ties.value, "firth": firth}
    _run(table, {"kind": "cox", **asked, **chosen, "units": _units(unit), "level": level}, as_json=as_json, out=out)


@fit.command("rmst", short_help="Restricted mean survival time, differences and ratios.")
def rmst(  # noqa: PLR0913 - each parameter is an option
    table: Table,
    time: Time,
    event: Event,
    tau: Annotated[float, typer.Option("--tau", help="time up to which the mean is taken, in the unit of --time")],
    entry: Entry = None,
    by: By = None,
    cluster: Cluster = None,
    weights: Weights = None,
    level: Level = 0.95,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Mean time free of the event up to tau, of all or of each group, and between groups."""
    asked = {"time": time, "event": event, "tau": tau, "entry": entry, "by": by}
    _run(
        table,
        {"kind": "rmst", **asked, "cluster": cluster, "weights": weights, "level": level},
        as_json=as_json,
        out=out,
    )


@fit.command("cif", short_help="Cumulative incidence of competing events, Gray's test.")
def cif(  # noqa: PLR0913 - each parameter is an option
    table: Table,
    time: Time,
    event: Causes,
    censored: Censored = "0",
    cause: Annotated[str | None, typer.Option("--cause", help="this cause only")] = None,
    entry: Entry = None,
    by: By = None,
    strata: Strata = None,
    cluster: Cluster = None,
    weights: Weights = None,
    times: Times = None,
    interval: Annotated[Interval, typer.Option("--interval", help="scale of the interval")] = Interval.LOG_LOG,
    level: Level = 0.95,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Aalen-Johansen incidence of each cause, of all or of each group, and Gray's test between groups."""
    asked = {"time": time, "event": event, "censored": censored, "cause": cause, "entry": entry, "by": by}
    chosen = {"strata": strata, "cluster": cluster, "weights": weights, "times": _numbers(times)}
    _run(
        table, {"kind": "cif", **asked, **chosen, "interval": interval.value, "level": level}, as_json=as_json, out=out
    )


@fit.command("fine-gray", short_help="Fine and Gray's model of one of several causes.")
def fine_gray(  # noqa: PLR0913 - each parameter is an option
    table: Table,
    time: Time,
    event: Causes,
    cause: Annotated[str, typer.Option("--cause", help="the cause that is modelled")],
    terms: Terms,
    censored: Censored = "0",
    unit: Units = None,
    level: Level = 0.95,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Subdistribution hazard ratios with the sandwich of Fine and Gray (robust_se; se is the naive one)."""
    asked = {"time": time, "event": event, "cause": cause, "terms": terms, "censored": censored}
    _run(table, {"kind": "fine-gray", **asked, "units": _units(unit), "level": level}, as_json=as_json, out=out)


@fit.command("aft", short_help="Accelerated failure times of interval-censored data.")
def aft(  # noqa: PLR0913 - each parameter is an option
    table: Table,
    low: Annotated[str, typer.Option("--low", help="column: last time free of the event; empty: it had come before")],
    high: Annotated[str, typer.Option("--high", help="column: first time with it; empty: it was not seen")],
    terms: Annotated[str | None, typer.Option("--terms", help="as for cox; none: intercept alone")] = None,
    distribution: Annotated[Shape, typer.Option("--distribution", help="of the times")] = Shape.WEIBULL,
    weights: Weights = None,
    unit: Units = None,
    level: Level = 0.95,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Ratios of times (above 1: later events) where an event is known to lie between two times."""
    asked = {"low": low, "high": high, "terms": terms, "distribution": distribution.value, "weights": weights}
    _run(table, {"kind": "aft", **asked, "units": _units(unit), "level": level}, as_json=as_json, out=out)


@fit.command("logistic", short_help="Logistic model: odds ratios, separation named.")
def logistic(  # noqa: PLR0913 - each parameter is an option
    table: Table,
    terms: Terms,
    event: Annotated[
        str, typer.Option("--event", "--outcome", help="column: 1 yes, 0 no; or which value is yes: response=CR")
    ],
    cluster: Cluster = None,
    weights: Weights = None,
    offset: Offset = None,
    firth: Firth = False,
    unit: Units = None,
    level: Level = 0.95,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Odds ratios with profile intervals; where covariates separate the events, Firth's penalty, and they are named."""
    asked = {"event": event, "terms": terms, "cluster": cluster, "weights": weights, "offset": offset, "firth": firth}
    _run(table, {"kind": "logistic", **asked, "units": _units(unit), "level": level}, as_json=as_json, out=out)


@fit.command("ordinal", short_help="Proportional odds of an outcome in ordered classes.")
def ordinal(
    table: Table,
    outcome: Outcome,
    terms: Terms,
    classes: Annotated[str | None, typer.Option("--classes", help="from the lowest: 0,1,2 (default: sorted)")] = None,
    unit: Units = None,
    level: Level = 0.95,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Odds ratios of a higher class, with the cut points."""
    order = tuple(part.strip() for part in (classes or "").split(",") if part.strip())
    asked = {"outcome": outcome, "terms": terms, "classes": order, "units": _units(unit), "level": level}
    _run(table, {"kind": "ordinal", **asked}, as_json=as_json, out=out)


@fit.command("mixed", short_help="Linear mixed model of repeated measurements.")
def mixed(  # noqa: PLR0913 - each parameter is an option
    table: Table,
    outcome: Outcome,
    terms: Terms,
    group: Annotated[str, typer.Option("--group", help="column of what has several rows: the patient")],
    random: Annotated[str | None, typer.Option("--random", help="terms with a slope per group, as in --terms")] = None,
    uncorrelated: Annotated[bool, typer.Option("--uncorrelated", help="intercepts and slopes not correlated")] = False,
    df_method: Annotated[DfMethod, typer.Option("--df", help="degrees of freedom")] = DfMethod.KENWARD_ROGER,
    unit: Units = None,
    level: Level = 0.95,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Mean differences with t tests by Kenward and Roger or Satterthwaite; a random intercept per group."""
    asked = {"outcome": outcome, "terms": terms, "group": group, "random": random, "uncorrelated": uncorrelated}
    chosen = {"df_method": df_method.value, "units": _units(unit), "level": level}
    _run(table, {"kind": "mixed", **asked, **chosen}, as_json=as_json, out=out)


def _run(table: Path, options: dict[str, Any], *, as_json: bool, out: Path | None) -> None:
    from lutrace.study import FitCall, run_fit

    if out is not None:
        check_is_other_file(out, table)
    found = run_fit(table, FitCall(**options))
    if out is not None:
        write_rows(out, found.rows)
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


def _numbers(text: str | None) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in (text or "").replace(";", ",").split(",") if part.strip())
    except ValueError:
        raise UnusableInputError(f"--times: expected numbers such as 6,12,24, got {text}") from None


def _units(given: list[str] | None) -> dict[str, str]:
    pairs = [one.partition("=") for one in given or ()]
    wrong = [name for name, mark, unit in pairs if not (name and mark and unit)]
    if wrong:
        raise UnusableInputError(f"--unit: expected COLUMN=UNIT such as psa=ng/mL, got {', '.join(wrong)}")
    return {name.strip(): unit.strip() for name, _, unit in pairs}
