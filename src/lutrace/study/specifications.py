"""Specification curves of a study: the same hazard ratio, derived and fitted anew under every combination of options.

Rows of ESTIMATES: per specification one of measure `specification` (its hazard ratio; `analysis` is the curve, `term`
the options, `checks.options` the same by choice, `checks.rank` its place from the lowest), and per curve one of measure
`share_of_specifications`: how many lie on the side of the study's own estimate.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lutrace.core import Row, canonical_json
from lutrace.models import fit_analysis
from lutrace.protocol import CoxAnalysis, Protocol, SpecificationCurve, name_specification
from lutrace.report import Notice
from lutrace.stats import SpecificationSummary, summarise_specifications
from lutrace.study.reruns import derive_analysis_set
from lutrace.tables import Facts

SAME_SIDE = "same_side"
_NOTHING_BESIDE = dict.fromkeys(("bootstrap", "increment", "spline")) | dict.fromkeys(
    ("show_covariates", "standardised", "e_value"), False
)
"""What stands beside a hazard ratio in its analysis, and is not made anew under every option."""


@dataclass(frozen=True)
class Curves:
    """Rows of ESTIMATES of all specification curves, in the order of the protocol, and what a reader must be told."""

    estimates: tuple[Row, ...]
    notices: tuple[Notice, ...]


def fit_specifications(protocol: Protocol, facts: Facts, *, data_cut: dt.date | None = None) -> Curves:
    """Every specification of every curve of the protocol; nothing for a study without curves."""
    estimates: list[Row] = []
    notices: list[Notice] = []
    for curve in protocol.specifications:
        rows = []
        for options in curve.combinations():
            row, told = _fit(protocol, curve, options, facts, data_cut)
            rows.append(row)
            notices += told
        estimates += _in_order(curve, rows)
    return Curves(tuple(estimates), tuple(notices))


def _fit(
    protocol: Protocol, curve: SpecificationCurve, options: Any, facts: Facts, data_cut: dt.date | None
) -> tuple[Row, list[Notice]]:
    name = name_specification(curve, options)
    change = {place: value for option in options for place, value in option.change.items()}
    patched = protocol.patched(change, f"specifications.{curve.name}, {name}")
    analysis = next(one for one in patched.analyses if one.name == curve.analysis)
    assert isinstance(analysis, CoxAnalysis)
    alone = analysis.model_copy(
        update={
            "populations": (curve.population,),
            "endpoints": (curve.endpoint,),
            "terms": (curve.term,),
            "adjust_for": analysis.adjust_for if curve.adjusted else (),
            "unadjusted_too": not curve.adjusted,
            **_NOTHING_BESIDE,
        }
    )
    covariates = (*alone.terms, *alone.adjust_for)
    rows = derive_analysis_set(
        patched, facts, covariates=covariates, outcomes=(*alone.endpoints, *alone.strata), data_cut=data_cut
    )
    result = fit_analysis(alone, rows, patched)
    (found,) = result.estimates
    chosen = {choice.name: option.name for choice, option in zip(curve.choices, options, strict=True)}
    told = {
        "options": chosen,
        "of_term": found["term"],
        "is_study": not change,
        "adjusted": found["adjusted"],
    }
    row = {
        **found,
        "analysis": curve.name,
        "term": name,
        "measure": "specification",
        "checks": canonical_json({**json.loads(found["checks"]), **told}),
    }
    blocking = [one for one in result.warnings if one.severity == "blocking"]
    return row, [Notice(f"{curve.name}, {name}", one.text, one.severity) for one in blocking]


def _in_order(curve: SpecificationCurve, rows: Sequence[Row]) -> list[Row]:
    """The rows of a curve from the lowest estimate to the highest, each with its rank, and how far they agree."""
    checks = [json.loads(row["checks"]) for row in rows]
    main = next(place for place, one in enumerate(checks) if one["is_study"])
    summary = summarise_specifications(
        [math.nan if row["coef"] is None else row["coef"] for row in rows],
        *([math.log(row[end]) if row[end] else math.nan for row in rows] for end in ("low", "high")),
        main=main,
    )
    ordered = [
        {**rows[place], "checks": canonical_json({**checks[place], "rank": rank})}
        for rank, place in enumerate(summary.order, start=1)
    ]
    return [*ordered, _summary_row(rows[main], summary)]


def _summary_row(main: Row, summary: SpecificationSummary) -> Row:
    nothing = dict.fromkeys(("coef", "se", "low", "high", "statistic", "p", "q"))
    told = {
        "n_specifications": summary.n,
        "n_estimated": summary.n_estimated,
        "n_same_side": summary.n_same_side,
        "n_interval_on_that_side": summary.n_clear,
        "hazard_ratio": {
            name: None if coef is None else math.exp(coef)
            for name, coef in (("lowest", summary.lowest), ("median", summary.median), ("highest", summary.highest))
        },
    }
    return {
        **main,
        **nothing,
        "term": SAME_SIDE,
        "covariate_unit": "1",
        "measure": "share_of_specifications",
        "estimate": summary.same_side,
        "unit": "1",
        "method": f"{summary.n_same_side} of {summary.n_estimated} on the side of the study's own estimate; "
        f"{summary.method}",
        "checks": canonical_json(told),
    }
