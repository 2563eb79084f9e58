"""The tables of docs/methods/imaging-evaluation.md, written between its marks from results.json."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from summarise import SIZES

Row = dict[str, Any]
MODE_WORDS = {"masks": "masks given", "labeller_ct": "labeller, CT", "labeller": "labeller alone"}
_SIZE_HEADS = " | ".join(f"{size} mL" if size != "all" else size for size in SIZES)


def write_tables(results: Row, page: Path) -> None:
    """Replace what stands between the marks; nothing else of the page changes."""
    page.write_text(with_tables(results, page.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")


def with_tables(results: Row, text: str) -> str:
    """The page's text with the tables of these results."""
    for name, table in tables(results).items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if len(pattern.findall(text)) != 1:
            raise ValueError(f"the page needs one mark {name}")
        text = pattern.sub(lambda found, table=table: f"{found[1]}\n{table}\n{found[2]}", text)
    return text


def tables(results: Row) -> dict[str, str]:
    return {
        "measured": _measured(results),
        "detection-spect": _detection(results, "SPECT"),
        "detection-pet": _detection(results, "PET"),
        "volumes-spect": _volumes(results, "SPECT"),
        "volumes-pet": _volumes(results, "PET"),
        "kept": _kept(results),
        "new": _new(results),
        "new-wrong": _new_wrong(results),
    }


def _table(head: str, rows: Iterator[str]) -> str:
    columns = head.count("|") + 1
    return "\n".join([f"| {head} |", "|" + "---|" * columns, *(f"| {row} |" for row in rows)]) + "\n"


def _measured(results: Row) -> str:
    scans, painted = results["scans"], results["painted"]
    words = [
        f"Measured: commit {results['commit']}, seed {results['seed']}, {results['patients']} patients.",
        *(f"{scans[kind]} {kind} with {painted[kind]['all']} painted lesions ("
          + ", ".join(f"{size} mL: {painted[kind][size]}" for size in SIZES[:-1]) + ")."
          for kind in ("SPECT", "PET")),
    ]  # fmt: skip
    return "\n".join(words) + "\n"


def _share(value: list[float] | float | None) -> str:
    if value is None:
        return "-"
    return f"{value[0] if isinstance(value, list) else value:.2f}"


def _by_size(rows: list[Row], keys: tuple[str, ...]) -> dict[tuple[str, ...], dict[str, Row]]:
    grouped: dict[tuple[str, ...], dict[str, Row]] = {}
    for row in rows:
        grouped.setdefault(tuple(row[key] for key in keys), {})[row["size"]] = row
    return grouped


def _detection(results: Row, modality: str) -> str:
    grouped = _by_size([row for row in results["detection"] if row["modality"] == modality], ("plan", "mode"))

    def lines() -> Iterator[str]:
        for (plan, mode), sizes in grouped.items():
            cells = [" ".join(_share(sizes[size][name]) for name in ("recall", "precision", "f1")) for size in SIZES]
            dice = " | ".join([*cells, _share(sizes["all"]["dice"])])
            yield f"`{plan}` | {MODE_WORDS[mode]} | {dice}"

    return _table(f"plan | organs | {_SIZE_HEADS} | Dice", lines())


def _volumes(results: Row, modality: str) -> str:
    def lines() -> Iterator[str]:
        for row in results["volumes"]:
            if row["modality"] != modality:
                continue
            middle, low, high = row["ratio"]
            shares = " | ".join(
                f"{100 * row[f'{name}_per_painted']:.1f}"
                for name in ("removed", "uncertain", "below", "kept_normal", "spill")
            )
            each = f"{row['removed_ml_mean']:.1f} | {row['kept_normal_ml_mean']:.1f}"
            yield (
                f"`{row['plan']}` | {MODE_WORDS[row['mode']]} | {middle:.2f} ({low:.2f}-{high:.2f}) | "
                f"{_share(row['dice'])} | {each} | {shares}"
            )

    head = "plan | organs | measured / painted | Dice | **removed** mL | **kept** mL"
    return _table(f"{head} | removed % | uncertain % | below % | kept % | spill %", lines())


def _kept(results: Row) -> str:
    """Plan suv3: mL of normal uptake in tumour components, by identity, over all scans."""
    rows = [row for row in results["volumes"] if row["plan"] == "suv3"]
    names = sorted({name for row in rows for name in row["kept_by_ml"]})
    columns = [(row["modality"], row["mode"]) for row in rows]

    def lines() -> Iterator[str]:
        for name in names:
            yield " | ".join([name.replace("_", " "), *(f"{row['kept_by_ml'].get(name, 0.0):.1f}" for row in rows)])

    return _table(" | ".join(["uptake", *(f"{kind}, {MODE_WORDS[mode]}" for kind, mode in columns)]), lines())


def _new(results: Row) -> str:
    grouped = _by_size([row for row in results["new"] if row["reference"] == "any_earlier"], ("plan", "mode"))

    def lines() -> Iterator[str]:
        for (plan, mode), sizes in grouped.items():
            cells = [
                f"{one['called_of_painted']}/{one['painted']} {one['true']}/{one['called']}"
                for one in map(sizes.get, SIZES)
                if one
            ]
            total = sizes["all"]
            shares = " | ".join(
                [_interval(total["recall"]), _interval(total["precision"]), _share(total["recall_of_detected"])]
            )
            yield f"`{plan}` | {MODE_WORDS[mode]} | {' | '.join(cells[:-1])} | {shares}"

    heads = " | ".join(f"{size} mL" for size in SIZES[:-1])
    return _table(f"plan | organs | {heads} | recall | precision | of detected", lines())


def _new_wrong(results: Row) -> str:
    def lines() -> Iterator[str]:
        for row in results["new"]:
            if row["size"] != "all" or row["plan"] != "suv3":
                continue
            wrong = row["wrong"]
            reasons = " | ".join(
                str(wrong.get(name, 0)) for name in ("known, shown before", "known, not shown before", "no tumour")
            )
            yield (
                f"{row['reference'].replace('_', ' ')} | {MODE_WORDS[row['mode']]} | {row['followups']} | "
                f"{_interval(row['recall'])} | {_interval(row['precision'])} | {reasons}"
            )

    head = "new against | organs | follow-ups | recall | precision"
    return _table(f"{head} | known, shown before | known, not shown before | no tumour", lines())


def _interval(share: list[float] | None) -> str:
    return "-" if share is None else f"{share[0]:.2f} ({share[1]:.2f}-{share[2]:.2f})"
