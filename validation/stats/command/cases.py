"""The same analyses as reference.R, by `lutrace fit`: files in, rows out."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

from validation.stats.comparison import INPUTS, Numbers

from lutrace.core import Row, read_rows, write_rows
from lutrace.study import FitCall, PlainFit, run_fit

LUNG = {"time": "time", "event": "status=2"}
UNITS = {
    "age": "years",
    "ph.karno": "points",
    "size": "cm",
    "number": "1",
    "mspike": "g/dL",
    "Reaction": "ms",
    "Days": "d",
}
"""Of the columns of R's data sets that enter a model as numbers."""


def tolerance_of(case: str) -> float:
    """Relative difference that counts as equal."""
    return {"fine-gray": 1e-6, "ordinal": 1e-5}.get(case, 1e-5 if case.startswith("mixed") else 1e-8)


def compute_all() -> Numbers:
    """All numbers of the topic."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        return {**_cox(folder), **_curves(), **_competing(folder), **_aft(folder), **_regression()}


def _fit(table: Path | str, **options: Any) -> PlainFit:
    path = INPUTS / f"{table}.csv" if isinstance(table, str) else table
    return run_fit(path, FitCall(**{"units": UNITS, **options}))


def _column(rows: Any, name: str) -> list[float]:
    return [math.nan if row[name] is None else float(row[name]) for row in rows]


def _of(found: PlainFit, measure: str) -> list[Row]:
    return [row for row in found.rows if row["measure"] == measure]


def _cox(folder: Path) -> Numbers:
    heart = folder / "heart.csv"
    write_rows(heart, [{**row, "w": 0.5 + float(row["age"]) ** 2 / 100} for row in read_rows(INPUTS / "heart.csv")])
    lung = folder / "lung.csv"
    rows = [row for row in read_rows(INPUTS / "lung.csv") if row["wt.loss"] is not None]
    write_rows(lung, [{**row, "kept": float(row["wt.loss"]) + 40} for row in rows])
    intervals = {"entry": "start", "time": "stop", "event": "event"}
    fits = {
        "cox": _fit(lung, kind="cox", **LUNG, terms="age, log2(kept), C(sex)"),
        "cox strata breslow": _fit(
            "lung", kind="cox", **LUNG, terms="age, per(ph.karno, 10)", strata="sex", ties="breslow"
        ),
        "cox cluster": _fit("bladder2", kind="cox", **intervals, terms="number, size", cluster="id"),
        "cox weights": _fit(heart, kind="cox", **intervals, terms="age + surgery", weights="w", cluster="id"),
    }
    numbers: Numbers = {}
    for case, found in fits.items():
        for quantity in ("coef", "se", "low", "high", "p"):
            numbers[case, quantity] = _column(found.rows, quantity)
        numbers[case, "n"] = [found.rows[0]["n"], found.rows[0]["events"]]
    checks = [one for one in fits["cox strata breslow"].checks if one["check"] == "proportional_hazards"]
    numbers["cox strata breslow", "proportional hazards"] = _column(checks, "p")
    return numbers


def _curves() -> Numbers:
    found = _fit("lung", kind="km", **LUNG, by="sex", times=(100.0, 365.0))
    means = _of(_fit("lung", kind="rmst", **LUNG, by="sex", tau=600.0), "rmst")
    medians, points = _of(found, "median"), _of(found, "survival")
    return {
        ("km", "median"): [
            number
            for row in medians
            for number in _column([row] * 3, "estimate")[:1] + _column([row], "low") + _column([row], "high")
        ],
        ("km", "survival"): _column(points, "estimate"),
        ("km", "se"): _column(points, "se"),
        ("km", "low"): _column(points, "low"),
        ("km", "at risk"): _column(points, "at_risk"),
        ("km", "log-rank"): _column(_of(found, "log_rank"), "statistic"),
        ("km", "rmst"): [*_column(means, "estimate"), *_column(means, "se")],
    }


def _competing(folder: Path) -> Numbers:
    path = folder / "mgus2.csv"
    rows = []
    for row in read_rows(INPUTS / "mgus2.csv"):
        progressed = row["pstat"] == "1"
        event = "pcm" if progressed else "death" if row["death"] == "1" else "0"
        rows.append({**row, "etime": row["ptime"] if progressed else row["futime"], "event": event})
    write_rows(path, rows)
    columns = {"time": "etime", "event": "event"}
    curves = _fit(path, kind="cif", **columns, by="sex", times=(60.0, 120.0))
    points = sorted(_of(curves, "cumulative_incidence"), key=lambda row: (row["term"], row["time"], row["cause"]))
    gray = _fit(path, kind="fine-gray", **columns, cause="pcm", terms="age, C(sex), mspike")
    return {
        ("cif", "gray"): _column(_of(curves, "gray_test"), "statistic"),
        ("cif", "incidence"): _column(points, "estimate"),
        ("cif", "se"): _column(points, "se"),
        ("fine-gray", "coef"): _column(gray.rows, "coef"),
        ("fine-gray", "se"): _column(gray.rows, "robust_se"),
    }


def _aft(folder: Path) -> Numbers:
    path = folder / "intervals.csv"
    rows = read_rows(INPUTS / "lung.csv")
    write_rows(
        path, [{**row, "low": row["time"], "high": row["time"] if row["status"] == "2" else None} for row in rows]
    )
    found = _fit(path, kind="aft", low="low", high="high", terms="age, C(sex)")
    scale = [one["value"] for one in found.checks if one["check"] == "scale"]
    return {
        ("aft", "coef"): _column(found.rows, "coef"),
        ("aft", "se"): _column(found.rows, "se"),
        ("aft", "scale"): scale,
    }


def _regression() -> Numbers:
    terms = "age, C(sex)"
    logistic = _fit("lung", kind="logistic", event="status=2", terms=terms)
    ordinal = _fit("lung", kind="ordinal", outcome="ph.ecog", terms=terms)
    numbers: Numbers = {
        ("logistic", "coef"): _column(logistic.rows, "coef"),
        ("logistic", "se"): _column(logistic.rows, "se"),
        ("logistic", "n"): [logistic.rows[0]["n"], logistic.rows[0]["events"]],
        ("ordinal", "coef"): _column(ordinal.rows, "coef"),
        ("ordinal", "cuts"): [one["value"] for one in ordinal.checks if one["check"] == "cut_point"],
    }
    sleep = {"kind": "mixed", "outcome": "Reaction", "terms": "Days", "group": "Subject", "random": "Days"}
    for name, method in (("Kenward-Roger", "kenward-roger"), ("Satterthwaite", "satterthwaite")):
        mixed = _fit("sleepstudy", **sleep, df_method=method)
        for quantity in ("coef", "se", "df", "p"):
            numbers[f"mixed {name}", quantity] = _column(mixed.rows, quantity)
        spread = [one["value"] for one in mixed.checks if one["check"] in ("random_sd", "residual_sd")]
    numbers["mixed Satterthwaite", "spread"] = spread
    return numbers
