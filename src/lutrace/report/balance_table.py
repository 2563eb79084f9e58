"""The same covariates in two cohorts: means or shares, who lacks them, and standardised differences."""

from __future__ import annotations

from collections.abc import Sequence

from lutrace.core import Row
from lutrace.report.contents import BalanceTable
from lutrace.report.material import Material
from lutrace.report.text_table import Cell, TextTable
from lutrace.report.wording import EMPTY, format_fixed, format_share, format_value

UNWEIGHTED = "none"
_NOTES = (
    "Mean of the covariate as it enters the score (per doubling: of its logarithm to base 2); of yes and no the share, "
    "over the patients with a value. SMD: standardised mean difference, first less second cohort; ! marks an absolute "
    "difference above 0.1.",
)
_ASCERTAINED = "† The cohorts looked for it differently, so that part of the difference is how it was looked for: "


def compose_balance(spec: BalanceTable, material: Material) -> TextTable:
    """A line per covariate: mean or share and missing values of each cohort, and differences, also after weighting."""
    rows = material.rows("balances", analysis=spec.analysis)
    weightings = [name for name in dict.fromkeys(row["weights"] for row in rows) if name != UNWEIGHTED]
    first, second = (material.word(name) for name in spec.populations)
    headers = ("Characteristic", first, f"{first}: missing", second, f"{second}: missing", "SMD")
    after = {(row["term"], row["weights"]): row for row in rows if row["stage"] == "after"}
    lines = []
    for row in (row for row in rows if row["weights"] == UNWEIGHTED):
        mark = " †" if row["ascertainment"] else ""
        weighted = [after.get((row["term"], name)) for name in weightings]
        texts = (
            _mean(row, "first"),
            _missing(row, "first"),
            _mean(row, "second"),
            _missing(row, "second"),
            *(_difference(one) for one in (row, *weighted)),
        )
        name = f"{material.word(row['term'])}, {row['unit']}{mark}"
        lines.append((Cell(name), *(Cell(text) for text in texts)))
    columns = (*headers, *(f"SMD, {name} weights" for name in weightings))
    return TextTable(
        spec.name, spec.caption, columns, tuple(lines), (*_NOTES, *_ascertained(material, rows), *spec.notes)
    )


def _missing(row: Row, side: str) -> str:
    missing, n = row[f"missing_{side}"], row[f"n_{side}"]
    if not isinstance(missing, int) or not isinstance(n, int):
        return format_value(missing)
    return format_share(missing, n + missing)


def _mean(row: Row, side: str) -> str:
    mean = row[f"mean_{side}"]
    if not isinstance(mean, float):
        return format_value(mean)
    return f"{format_fixed(100 * mean, 1)}%" if row["is_share"] else format_value(mean)


def _difference(row: Row | None) -> str:
    if row is None or row["difference"] is None:
        return EMPTY
    return f"{format_fixed(row['difference'], 2)}{' !' if row['unbalanced'] else ''}"


def _ascertained(material: Material, rows: Sequence[Row]) -> tuple[str, ...]:
    told = {material.word(row["term"]): row["ascertainment"] for row in rows if row["ascertainment"]}
    return (_ASCERTAINED + "; ".join(f"{name}: {why}" for name, why in told.items()) + ".",) if told else ()
