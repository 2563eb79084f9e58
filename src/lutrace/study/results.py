"""`results.json`: every number of a run under a key, with n, N, unit, method, and the digests that it hangs on."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from lutrace.core import Row
from lutrace.protocol import (
    AgreementAnalysis,
    ComparisonAnalysis,
    ConcordanceAnalysis,
    CorrelationAnalysis,
    GroupedAnalysis,
    GroupTable,
    Protocol,
)
from lutrace.report import Notice, ReportMeta, group_endpoint
from lutrace.study.cohorts_shown import evidence_of_pair, number_of_balance, number_of_point
from lutrace.study.model_labels import terms_of
from lutrace.study.presentation import SIDES, class_endpoint
from lutrace.study.review_status import ReviewStatus, names_of_analysis, uses_new_lesions, uses_volume
from lutrace.study.times_shown import evidence_of_time

_OF_CURVES = ("specification", "share_of_specifications")
"""Measures of values that are derived anew, under other options: the evidence of the study is not theirs."""
_BESIDE_EACH_OTHER = (
    *("subdistribution_hazard_ratio", "cause_specific_hazard_ratio"),
    *("lower_quartile", "upper_quartile"),
)
"""Measures of one term and outcome in one analysis, whose keys end with them."""
_COMPARING = (AgreementAnalysis, ConcordanceAnalysis, CorrelationAnalysis)
Tables = Mapping[str, Sequence[Row]]


def collect_numbers(tables: Tables, protocol: Protocol) -> dict[str, dict[str, Any]]:
    """Every number by its key: `attrition/C2/3`, `cox/C2/os/ttv/adjusted`, ... (table, place, name).

    `evidence` names the rows of `evidence.csv` behind the number as `population/endpoint`.
    """
    compared = {one.name: (one.x, one.y) for one in protocol.analyses if isinstance(one, _COMPARING)}
    grouped = {one.name for one in protocol.analyses if isinstance(one, GroupedAnalysis) and one.by is not None}
    by_group = {table.name: table for table in protocol.tables}
    pairs = [
        *(_attrition(row) for row in tables.get("attrition", ())),
        *(_summary(row, by_group.get(row["table"])) for row in tables.get("summaries", ())),
        *(_agreement(row) for row in tables.get("agreements", ())),
        *(_estimate(row, compared, grouped, evidence_of_time(row, protocol)) for row in tables.get("estimates", ())),
        *(number_of_balance(row) for row in tables.get("balances", ())),
        *(number_of_point(row) for row in tables.get("validations", ())),
    ]
    beside = {one.pair: one for one in protocol.analyses if isinstance(one, ComparisonAnalysis)}
    pairs = [(key, number | evidence_of_pair(key, beside)) for key, number in pairs]
    numbers = dict(pairs)
    return dict(sorted(numbers.items()))


def _attrition(row: Row) -> tuple[str, dict[str, Any]]:
    population = row["population"]
    return f"attrition/{population}/{row['step']}", {
        "value": row["n"],
        "excluded": row["excluded"],
        "reason": row["reason"],
        "rule": row["rule"],
        "unit": "patients",
        "method": "count",
        "evidence": [f"{population}/cohort", f"{population}/attrition:{row['step']}"],
    }


def _summary(row: Row, table: GroupTable | None) -> tuple[str, dict[str, Any]]:
    level = f"/{row['level']}" if row["level"] is not None else ""
    return f"{row['table']}/{row['group']}/{row['variable']}/{row['statistic']}{level}", {
        "statistic": row["statistic"],
        "value": row["value"],
        "low": row["low"],
        "high": row["high"],
        "unit": row["unit"],
        "n": row["n"],
        "N": row["total"],
        **({"sd": row["sd"]} if row["statistic"] == "mean_sd" else {}),
        "method": row["method"] or "count",
        "evidence": [f"{place}/{row['variable']}" for place in _populations_of(row, table)],
    }


def _populations_of(row: Row, table: GroupTable | None) -> tuple[str, ...]:
    """The populations whose values a row of SUMMARIES rests on: its group, or those that groups are taken of."""
    if table is None or row["group"] in table.populations:
        return (row["group"],)
    return table.populations


def _agreement(row: Row) -> tuple[str, dict[str, Any]]:
    place = f"{row['analysis']}/{row['population']}/{row['definition']}"
    return f"{place}/{row['row_class']}/{row['column_class']}", {
        "value": row["n"],
        "unit": "patients",
        "method": "count",
        "evidence": [
            f"{row['population']}/{class_endpoint(row['analysis'], row['definition'], side)}" for side in SIDES
        ],
    }


def _estimate(
    row: Row, compared: Mapping[str, Sequence[str]], grouped: Collection[str], known: Sequence[str] | None
) -> tuple[str, dict[str, Any]]:
    """`known` is the evidence of rows whose term names no value."""
    parts = (row["analysis"], row["population"], row["endpoint"], row["term"])
    adjusted = "adjusted" if row["adjusted"] else "unadjusted"
    checks = row.get("checks")
    others = (*_split(row["adjusted_for"]), *compared.get(parts[0], ()))
    names = dict.fromkeys([row["endpoint"], *terms_of(row["term"]), *others])
    if row["measure"] in _OF_CURVES:
        names = {}
    if known is not None:
        names = dict.fromkeys(known)
    if row["analysis"] in grouped:
        names = dict.fromkeys([row["endpoint"], group_endpoint(row["analysis"], row["endpoint"])])
    measure = (row["measure"],) if row["measure"] in _BESIDE_EACH_OTHER else ()
    return "/".join((*parts, adjusted, *measure)), {
        "value": row["estimate"],
        "measure": row["measure"],
        "low": row["low"],
        "high": row["high"],
        "p": row["p"],
        **({} if row["q"] is None else {"q": row["q"]}),
        "unit": row["unit"],
        "covariate_unit": row["covariate_unit"],
        "adjusted_for": row["adjusted_for"],
        "n": row["n"],
        "events": row["events"],
        "method": row["method"],
        "checks": json.loads(checks) if isinstance(checks, str) else checks,
        "evidence": [f"{row['population']}/{name}" for name in names],
    }


def _status_of(key: str, number: Mapping[str, Any], protocol: Protocol, status: ReviewStatus) -> dict[str, Any]:
    """`status`: what no reader has gone over of the values that the number rests on; nothing where all is reviewed."""
    names = [place.split("/", 1)[1].partition(".")[0] for place in number["evidence"]]
    if number.get("measure") in _OF_CURVES:
        names.append(key.partition("/")[0])
    names += [used for name in names for used in names_of_analysis(name, protocol)]
    told = []
    if status.new_lesions and any(uses_new_lesions(name, protocol) for name in names):
        told.append(status.new_lesions)
    if status.volumes and any(uses_volume(name, protocol) for name in names):
        told.append(status.volumes)
    return {"status": told} if told else {}


def _split(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip() and name.strip() != "none"]


def _head_of(protocol: Protocol, meta: ReportMeta) -> dict[str, Any]:
    """What the numbers hang on: study, digests, versions, data cut, and whether the data are synthetic."""
    return {
        "study": protocol.study,
        "protocol_version": protocol.version,
        "protocol_digest": meta.protocol_digest,
        "snapshot_digest": meta.snapshot_digest,
        "lutrace_version": meta.lutrace_version,
        "versions": dict(meta.versions),
        "data_cut": meta.data_cut.isoformat() if meta.data_cut is not None else None,
        "synthetic": meta.synthetic,
        "notice": "Research software, not a medical device",
    }


def _labels_of(numbers: Collection[str], labels: Mapping[str, str]) -> dict[str, str]:
    """The labels of the names in the keys."""
    names = {name for key in numbers for name in key.split("/")}
    return {name: labels[name] for name in sorted(names) if name in labels}


def write_results(
    path: Path,
    *,
    protocol: Protocol,
    meta: ReportMeta,
    tables: Tables,
    notices: Sequence[Notice],
    status: ReviewStatus,
    labels: Mapping[str, str],
) -> None:
    """Write the JSON file: digests and versions, `numbers`, `curves` and others, `warnings`; same input, same bytes.

    `protocol` is the study as it was run; `labels` are a reader's words for the names in the keys.

    A number that rests on new lesions or volumes that nobody has reviewed says so under `status`.

    A count that the disclosure gate hid is its text (`<5`, `hidden`).
    """
    numbers = collect_numbers(tables, protocol)
    document = {
        **_head_of(protocol, meta),
        "numbers": {key: one | _status_of(key, one, protocol, status) for key, one in numbers.items()},
        "curves": list(tables.get("curves", ())),
        **{name: list(tables[name]) for name in ("incidences", "occupancies") if tables.get(name)},
        "labels": _labels_of(numbers, labels),
        "protocol": protocol.as_document(),
        "warnings": [{"where": one.where, "text": one.text, "severity": one.severity} for one in notices],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False, default=str)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
