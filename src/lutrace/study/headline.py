"""The few numbers at the top of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lutrace.core import Row
from lutrace.protocol import Protocol

_LIMIT = 8


def choose_key_numbers(tables: Mapping[str, Sequence[Row]], protocol: Protocol) -> list[tuple[str, str]]:
    """Patients per landmark, then adjusted hazard ratios and shares of the first landmark, as (label, text)."""
    chosen = [(f"Patients, {landmark.label}", str(_left(tables, landmark.name))) for landmark in protocol.landmarks]
    labels = {item.name: item.label for item in (*protocol.endpoints, *protocol.covariates, *protocol.analyses)}
    first = protocol.landmarks[0].name
    here = [row for row in tables["estimates"] if row["population"] == first and row["estimate"] is not None]
    for row in here:
        if row["measure"] == "hazard_ratio" and row["adjusted"] and row["low"] is not None and row["high"] is not None:
            term, outcome = labels.get(row["term"], row["term"]), labels.get(row["endpoint"], row["endpoint"])
            text = f"HR {row['estimate']:.2f} ({row['low']:.2f}–{row['high']:.2f}) {row['covariate_unit']}"
            chosen.append((f"{term}, {outcome}", text))
    for row in here:
        if row["measure"] == "proportion" and row["analysis"] in labels:
            share = row["estimate"] * (1 if row["unit"] == "%" else 100)
            text = f"{row['events']}/{row['n']} ({share:.0f} %)"
            chosen.append((labels[row["analysis"]], text))
    return chosen[:_LIMIT]


def _left(tables: Mapping[str, Sequence[Row]], population: str) -> int:
    steps = [row for row in tables["attrition"] if row["population"] == population]
    return int(steps[-1]["n"])
