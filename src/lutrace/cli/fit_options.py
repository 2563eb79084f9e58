"""The options of `lutrace fit`, each declared once; a command is its words and a list of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import typer

from lutrace.core import UnusableInputError


@dataclass(frozen=True)
class Option:
    """One option: its type, its names, what it says in the help, and how its text becomes a field of the call."""

    kind: Any
    names: tuple[str, ...]
    told: str
    default: Any = None
    field: str = ""
    """Of the call; empty: the name under which the option is declared."""
    read: Callable[[str, Any], Any] | None = None
    """From the option's name, for a refusal, and what was given."""


@dataclass(frozen=True)
class Command:
    """One model: its name, a short help, what it gives, the options that it needs and those that it takes."""

    name: str
    short: str
    told: str
    needs: str
    takes: str = ""
    ends: str = "as_json out"
    """Options that come last, of every command that answers with rows."""

    def options(self) -> dict[str, bool]:
        """Each option by its declared name, with whether the command needs it."""
        return {**dict.fromkeys(self.needs.split(), True), **dict.fromkeys(f"{self.takes} {self.ends}".split(), False)}

    def build(self, run: Callable[..., None]) -> Callable[..., None]:
        """The function that typer calls: `run(name, table, fields, **outside)`; outside are files and how to show."""

        def call(**given: Any) -> None:
            fields = {
                OPTIONS[name].field or name: _read(OPTIONS[name], given[name])
                for name in self.options()
                if name not in _OUTSIDE
            }
            run(self.name, given["table"], fields, **{name: given[name] for name in self.options() if name in _OUTSIDE})

        parameters = [_parameter("table", Path, TABLE)]
        for name, needed in self.options().items():
            parameters.append(_option_parameter(name, OPTIONS[name], needed=needed))
        vars(call)["__signature__"] = inspect.Signature(parameters)
        call.__doc__ = self.told
        return call


def _option_parameter(name: str, option: Option, *, needed: bool) -> inspect.Parameter:
    kind = option.kind if needed or option.default is not None else option.kind | None
    default = typer.Option(... if needed else option.default, *option.names, help=option.told)
    return _parameter(name, kind, default)


def _parameter(name: str, kind: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def _read(option: Option, given: Any) -> Any:
    return given if option.read is None else option.read(option.names[0], given)


def _numbers(name: str, text: str | None) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in (text or "").replace(";", ",").split(",") if part.strip())
    except ValueError:
        raise UnusableInputError(f"{name}: expected numbers such as 6,12,24, got {text}") from None


def _words(_: str, text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _pairs(example: str) -> Callable[[str, list[str] | None], dict[str, str]]:
    def read(name: str, given: list[str] | None) -> dict[str, str]:
        pairs = [one.rpartition("=") for one in given or ()]
        wrong = [
            one for one, (column, mark, told) in zip(given or (), pairs, strict=True) if not (column and mark and told)
        ]
        if wrong:
            raise UnusableInputError(
                f"{name}: expected a column and what belongs to it, {example}, got {', '.join(wrong)}"
            )
        return {column.strip(): told.strip() for column, _, told in pairs}

    return read


TABLE = typer.Argument(..., help="CSV, TSV, XLSX or Parquet, a row per patient (or per interval)")
_OUTSIDE = frozenset({"as_json", "out", "made", "answer", "ask", "site"})
"""Options that are no part of the call: files, and how the answer is shown."""
OPTIONS: Mapping[str, Option] = {
    "time": Option(str, ("--time",), "column: end of follow-up"),
    "event": Option(str, ("--event",), "column: 1 event, 0 censored; or which value is the event: status=2"),
    "causes": Option(str, ("--event",), "column: which event ended follow-up, or censoring", field="event"),
    "yes": Option(
        str, ("--event", "--outcome"), "column: 1 yes, 0 no; or which value is yes: response=CR", field="event"
    ),
    "censored": Option(str, ("--censored",), "the value of --event that means censored", default="0"),
    "cause": Option(str, ("--cause",), "this cause only"),
    "entry": Option(str, ("--entry",), "column: start of being at risk (delayed entry)"),
    "outcome": Option(str, ("--outcome",), "column of the outcome"),
    "by": Option(str, ("--by",), "column of the groups to compare"),
    "terms": Option(str, ("--terms",), '"age, log2(psa), C(ecog), rcs(psa, 4)"; C() for groups'),
    "strata": Option(str, ("--strata",), "column: own baseline for each of its values"),
    "cluster": Option(str, ("--cluster",), "column of what is independent; robust errors"),
    "weights": Option(str, ("--weights",), "column of case weights"),
    "offset": Option(str, ("--offset",), "column added to the linear predictor"),
    "group": Option(str, ("--group",), "column of what has several rows: the patient"),
    "random": Option(str, ("--random",), "terms with a slope per group, as in --terms"),
    "uncorrelated": Option(bool, ("--uncorrelated",), "intercepts and slopes not correlated", default=False),
    "df_method": Option(
        Literal["kenward-roger", "satterthwaite"], ("--df",), "degrees of freedom", default="kenward-roger"
    ),
    "classes": Option(str, ("--classes",), "from the lowest: 0,1,2 (default: sorted)", read=_words),
    "ties": Option(Literal["efron", "breslow"], ("--ties",), "default efron; with --firth breslow"),
    "firth": Option(
        bool, ("--firth",), "Firth's penalty (by itself where the likelihood has no maximum)", default=False
    ),
    "times": Option(str, ("--times",), "at these times only: 6,12,24", read=_numbers),
    "interval": Option(Literal["log-log", "log", "plain"], ("--interval",), "scale of the interval", default="log-log"),
    "tau": Option(float, ("--tau",), "time up to which the mean is taken, in the unit of --time"),
    "milestone": Option(float, ("--at",), "the time, in the unit of --time", field="tau"),
    "low": Option(str, ("--low",), "column: last time free of the event; empty: it had come before"),
    "high": Option(str, ("--high",), "column: first time with it; empty: it was not seen"),
    "distribution": Option(
        Literal["weibull", "exponential", "lognormal", "loglogistic"],
        ("--distribution",),
        "of the times",
        default="weibull",
    ),
    "units": Option(
        list[str], ("--unit",), "unit of a column, psa=ng/mL, or 1 for none; may be repeated", read=_pairs("psa=ng/mL")
    ),
    "landmark": Option(float, ("--landmark",), "follow those still at risk from this time on, in the unit of --time"),
    "measured": Option(
        list[str],
        ("--measured",),
        "column that says when a covariate was measured, psa=psa_day; may be repeated",
        read=_pairs("psa=psa_day"),
    ),
    "index": Option(str, ("--index",), "column: date of time zero, where --measured columns hold dates"),
    "ridge": Option(float, ("--ridge",), "shrink coefficients: theta of the penalty per standard deviation"),
    "split": Option(str, ("--split",), "terms that count as two: mean of the group, deviation from it", read=_words),
    "share_treated": Option(float, ("--share-treated",), "share of the treated who have a confounder"),
    "share_control": Option(float, ("--share-control",), "share of the controls who have it"),
    "start": Option(str, ("--start",), "column: when the line starts, a number or a date", field="at"),
    "eligible": Option(str, ("--eligible",), "column: 1 where the criteria are met at that start"),
    "strategy": Option(
        Literal["first", "last", "all", "random"], ("--strategy",), "last: to show its bias", default="first"
    ),
    "at": Option(str, ("--at",), "column: when the row was measured, on the clock of --time"),
    "values": Option(str, ("--values",), "columns that change: psa, ecog", field="terms"),
    "test": Option(
        Literal["log-rank", "gehan", "tarone-ware", "peto", "fleming-harrington"],
        ("--test",),
        "which events count more; choose beforehand",
        default="log-rank",
    ),
    "rho_gamma": Option(
        str, ("--rho-gamma",), "of fleming-harrington; 0,1: late differences", default="0,1", read=_numbers
    ),
    "trend": Option(bool, ("--trend",), "the values of --by are scores: test for a trend", default=False),
    "state": Option(str, ("--state",), "column: the state during the row"),
    "target": Option(str, ("--target",), "column: the state entered at its end; empty: nothing more is known"),
    "risk": Option(str, ("--risk",), "column: higher means earlier events"),
    "predicted": Option(str, ("--predicted",), "column: probability of an event by the time"),
    "robust": Option(bool, ("--robust",), "robust errors, each row on its own", default=False),
    "bounds": Option(str, ("--bounds",), "lowest and highest score: 0,100", read=_numbers),
    "intercept": Option(
        Literal["plain", "flic", "flac"],
        ("--intercept",),
        "Firth's penalty with an unbiased intercept (flic) or predictions (flac)",
        default="plain",
    ),
    "impute": Option(int, ("--impute",), "impute gaps in --terms this many times and pool"),
    "bootstrap": Option(int, ("--bootstrap",), "samples from which the optimism of the concordance is estimated"),
    "seed": Option(int, ("--seed",), "of the draws: the same seed, the same answer"),
    "first": Option(str, ("--first",), "column: one measurement"),
    "second": Option(str, ("--second",), "column: the other"),
    "correlation": Option(Literal["pearson", "spearman"], ("--method",), "which correlation", default="pearson"),
    "kappa_weights": Option(
        Literal["none", "linear", "quadratic"], ("--kappa-weights",), "of disagreements by steps", default="none"
    ),
    "icc": Option(
        Literal["1,1", "2,1", "3,1"],
        ("--kind",),
        "raters differ by patient (1,1), agree (2,1), or are consistent (3,1)",
        default="2,1",
    ),
    "raters": Option(str, ("--raters",), "columns of the raters: reader_1, reader_2", field="terms"),
    "wilson": Option(bool, ("--wilson",), "Wilson's interval in place of the exact one", default=False),
    "categories": Option(bool, ("--categories",), "--outcome holds categories", default=False),
    "treated": Option(str, ("--treated",), "column: 1 treated, 0 control; or which value is treated: arm=LuPSMA"),
    "estimand": Option(
        Literal["ATE", "ATT", "ATC", "ATO", "ATM"],
        ("--estimand",),
        "whose effect: all, treated, controls, overlap, matched",
        default="ATE",
    ),
    "stabilised": Option(bool, ("--stabilised",), "ATE weights around 1", default=False),
    "trim": Option(float, ("--trim",), "leave out scores below this or above 1 less this"),
    "cap": Option(float, ("--cap",), "quantile above which a weight is set to it: 0.99"),
    "match": Option(int, ("--match",), "match so many controls to each treated, in place of weights"),
    "replace": Option(bool, ("--replace",), "a control may be matched again", default=False),
    "caliper": Option(float, ("--caliper",), "largest distance, in standard deviations of the score"),
    "augmented": Option(
        Literal["linear", "logistic"], ("--augmented",), "model of the outcome, for doubly robust weighting"
    ),
    "made": Option(Path, ("--table",), "write the table that is made: CSV, TSV, XLSX or Parquet"),
    "recorded": Option(
        str, ("--recorded",), "share of deaths recorded: low,high of controls, low,high of treated", read=_numbers
    ),
    "draws": Option(int, ("--draws",), "how many draws", default=1000),
    "estimate": Option(str, ("--estimate",), "column of the estimates", default="estimate"),
    "error": Option(str, ("--error",), "column of their standard errors", default="se"),
    "estimate_low": Option(str, ("--low",), "column: lower end of the interval", default="low", field="low"),
    "estimate_high": Option(str, ("--high",), "column: upper end of the interval", default="high", field="high"),
    "ratio": Option(
        Literal["hazard", "odds", "risk"],
        ("--ratio",),
        "estimates are such ratios, with intervals",
        read=lambda _, given: given and f"{given} ratio",
    ),
    "common": Option(bool, ("--common/--rare",), "whether more than 15 % have the event"),
    "label": Option(str, ("--label",), "column that names the rows"),
    "heterogeneity": Option(
        Literal["REML", "DL", "fixed"], ("--heterogeneity",), "between studies; fixed: one effect", default="REML"
    ),
    "knapp_hartung": Option(bool, ("--knapp-hartung",), "t interval with the studies' own spread", default=False),
    "p": Option(str, ("--p",), "column of p values", default="p"),
    "adjustment": Option(
        Literal["holm", "bh"], ("--method",), "any false one (holm), or their share (bh)", default="holm"
    ),
    "family": Option(int, ("--family",), "how many tests were made, where the table does not hold all"),
    "curve": Option(str, ("--survival",), "column: the curve at --time, 1 to 0; may be empty"),
    "at_risk": Option(str, ("--at-risk",), "column: printed number at risk at --time; may be empty"),
    "n_events": Option(int, ("--events",), "events in all, where printed"),
    "level": Option(float, ("--level",), "confidence level", default=0.95),
    "model": Option(
        Literal["cox", "logistic", "km"], ("--model",), "of all sites; cox: each site a stratum", field="kind"
    ),
    "site": Option(str, ("--site",), "name of this site, as the others know it"),
    "ask": Option(Path, ("--ask",), "the question that `fit combine` wrote; none: first round"),
    "answer": Option(Path, ("--out",), "write what leaves the site to this JSON file"),
    "as_json": Option(bool, ("--json",), "print one JSON object and nothing else", default=False),
    "out": Option(Path, ("--out",), "write the same rows to a CSV, TSV, XLSX or Parquet file"),
}
