"""A table of lesions as `lutrace track` takes it: rows checked, what is no tumour left out, and said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lutrace.core import (
    Row,
    TableError,
    UnusableInputError,
    digest_of,
    read_numbered_rows,
    tell_cell,
    tell_file,
    with_decimal_points,
)

COORDINATES = ("x_mm", "y_mm", "z_mm")
_NO_TUMOUR = ("physiological", "artefact", "benign")
_KNOWN = ("tumour", "uncertain", *_NO_TUMOUR)


@dataclass(frozen=True)
class LesionTable:
    """The rows to be tracked (`lesion_id pair x_mm y_mm z_mm volume_ml frame_digest`), if pairs are named, warnings."""

    rows: tuple[Row, ...]
    has_pairs: bool
    warnings: tuple[str, ...]


def read_lesion_table(path: Path, *, all_rows: bool = False) -> LesionTable:
    """The lesions of a table with `lesion_id x_mm y_mm z_mm`, optionally `volume_ml pair category frame_digest`.

    Coordinates are LPS mm. Rows whose `category` is physiological, artefact or benign are left out with a warning that
    counts them, unless `all_rows`; a row without category, or of one that is not known, stays. Raises
    UnusableInputError for a missing column and, all faults together, for cells that hold no usable value.
    """
    raw = with_decimal_points(path, read_numbered_rows(path), (*COORDINATES, "volume_ml"))
    names = list(raw[0][1]) if raw else []
    missing = [name for name in ("lesion_id", *COORDINATES) if raw and name not in names]
    if missing:
        remedy = "; this is the table of a registry: its links are in lesion_links.csv" if "scan_id" in names else ""
        raise UnusableInputError(
            f"{tell_file(path)}: expected columns lesion_id x_mm y_mm z_mm, found no {', '.join(missing)}{remedy}"
        )
    has_pairs = "pair" in names
    rows = _checked(raw, path, has_pairs=has_pairs)
    kept = [row for row in rows if all_rows or row["category"] not in _NO_TUMOUR]
    counts = Counter(row["category"] for row in rows)
    return LesionTable(tuple(kept), has_pairs, tuple(_told(path.name, counts, len(rows), all_rows=all_rows)))


def digest_frame(uid: str | None) -> str | None:
    """What tables say of a Frame of Reference UID: equal where it is, and not the UID; None without one."""
    return None if uid is None else digest_of(uid)[:16]


def frame_of_rows(rows: Sequence[Row]) -> str | None:
    """The `frame_digest` that all rows share; None when one has none, or they differ."""
    found = {row["frame_digest"] for row in rows}
    return str(only) if len(found) == 1 and (only := found.pop()) is not None else None


def check_pairs(tables: Sequence[LesionTable], names: Sequence[str]) -> list[str]:
    """Warnings of pairs that only one of two tables names.

    Raises UnusableInputError when one table has the column `pair` and the other does not.
    """
    filled = [table for table in tables if table.rows]
    if len({table.has_pairs for table in filled}) > 1:
        with_pairs = next(name for table, name in zip(tables, names, strict=True) if table.has_pairs)
        raise UnusableInputError(
            f"{with_pairs} has a column pair and the other table has none: give it in both, or in neither"
        )
    found = [{row["pair"] for row in table.rows} for table in tables]
    return [
        f"{name}: {n} of its pairs are not in the other table, so all their lesions count as {word}"
        for name, word, n in zip(
            names, ("resolved", "new"), (len(found[0] - found[1]), len(found[1] - found[0])), strict=True
        )
        if n and all(found)
    ]


def _told(name: str, counts: Counter[str | None], total: int, *, all_rows: bool) -> list[str]:
    """What the column `category` made of the rows."""
    told = []
    out = {word: counts[word] for word in _NO_TUMOUR if counts[word]}
    if out:
        shown = ", ".join(f"{n} {word}" for word, n in out.items())
        told.append(
            f"{name}: {shown} of {total} rows are tracked like tumour (--all)"
            if all_rows
            else f"{name}: {shown} of {total} rows are no tumour by their category and left out; --all tracks them too"
        )
    strange = sum(n for word, n in counts.items() if word is not None and word not in _KNOWN)
    if strange:
        told.append(f"{name}: {strange} rows have a category other than {', '.join(_KNOWN)}; they are tracked")
    return told


def _checked(raw: Sequence[tuple[int, Row]], path: Path, *, has_pairs: bool) -> list[Row]:
    """The rows with numbers in place of text; all faults are reported together."""
    faults: list[str] = []
    rows: list[Row] = []
    seen: dict[tuple[object, object], int] = {}
    for number, cells in raw:
        category = cells.get("category")
        row: Row = {
            "lesion_id": cells["lesion_id"],
            "pair": cells.get("pair"),
            "category": None if category is None else str(category).strip().casefold(),
            "frame_digest": cells.get("frame_digest"),
        }
        key = (row["pair"], row["lesion_id"])
        if row["lesion_id"] is None:
            faults.append(f"row {number}, lesion_id: expected a name of the lesion, found nothing")
        elif key in seen:
            what = f"{str(row['lesion_id'])[:40]!r} stands in row {seen[key]} already"
            remedy = "give each lesion its own" + ("" if has_pairs else ", or the pairs of scans in a column pair")
            faults.append(f"row {number}, lesion_id: {what}; {remedy}")
        if has_pairs and row["pair"] is None:
            faults.append(f"row {number}, pair: expected the name of its pair of scans, found nothing")
        seen.setdefault(key, number)
        for name in (*COORDINATES, "volume_ml"):
            row[name] = _number(cells.get(name), f"row {number}, {name}", faults, needed=name != "volume_ml")
        if row["volume_ml"] is not None and row["volume_ml"] <= 0:
            faults.append(f"row {number}, volume_ml: expected a volume above 0, found {row['volume_ml']:g}")
        rows.append(row)
    if faults:
        raise UnusableInputError(str(TableError(path.name, faults)))
    return rows


def _number(cell: object, place: str, faults: list[str], *, needed: bool) -> float | None:
    if cell is None or cell == "":
        if needed:
            faults.append(f"{place}: expected a number in mm, found nothing")
        return None
    try:
        value = float(str(cell))
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        faults.append(f"{place}: expected a number, found {tell_cell(cell)}")
        return None
    return value
