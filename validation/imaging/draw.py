"""The picture of the evaluation: detection by size, volumes, what was removed and kept apart, new lesions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from summarise import SIZES

from tables import MODE_WORDS

Row = dict[str, Any]
COLOURS = {"masks": "#1b6ca8", "labeller_ct": "#d1495b", "labeller": "#edae49"}
_WIDTH = 0.26


def draw_figures(results: Row, folder: Path) -> None:
    """Write imaging-evaluation.svg: one picture for 177Lu SPECT."""
    plt.rcParams.update(
        {
            "font.size": 8,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "svg.hashsalt": "lutrace",
            "svg.fonttype": "none",
        }
    )
    figure, axes = plt.subplots(2, 3, figsize=(11, 6.2), constrained_layout=True)
    _by_size(axes[0, 0], results, "recall", "Painted lesions found, plan suv3")
    _by_size(axes[0, 1], results, "precision", "Components that are tumour, plan suv3")
    _f1_by_plan(axes[0, 2], results)
    _ratio(axes[1, 0], results)
    _apart(axes[1, 1], results)
    _new(axes[1, 2], results)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), frameon=False, loc="outside lower center", ncols=3)
    figure.suptitle(
        f"Virtual centre, {results['scans']['SPECT']} SPECT of 177Lu-PSMA (synthetic, no patients)", fontsize=9
    )
    figure.savefig(folder / "imaging-evaluation.svg", metadata={"Date": None})
    plt.close(figure)


def _of(results: Row, table: str, **wanted: str) -> list[Row]:
    return [row for row in results[table] if all(row.get(key) == value for key, value in wanted.items())]


def _bars(axis: Any, shares: list[list[float] | None], *, number: int, mode: str) -> None:
    place = np.arange(len(shares)) + (number - 1) * _WIDTH
    values = [share or [0.0, 0.0, 0.0] for share in shares]
    ends = [[v[0] - v[1] for v in values], [v[2] - v[0] for v in values]]
    axis.bar(place, [v[0] for v in values], _WIDTH, color=COLOURS[mode], label=MODE_WORDS[mode])
    axis.errorbar(place, [v[0] for v in values], yerr=ends, fmt="none", ecolor="#333", elinewidth=0.7)


def _by_size(axis: Any, results: Row, name: str, title: str) -> None:
    for number, mode in enumerate(MODE_WORDS):
        rows = _of(results, "detection", modality="SPECT", plan="suv3", mode=mode)
        _bars(axis, [row[name] for row in rows], number=number, mode=mode)
    axis.set_xticks(range(len(SIZES)), SIZES)
    axis.set(title=title, ylim=(0, 1.05), xlabel="volume, mL")


def _f1_by_plan(axis: Any, results: Row) -> None:
    plans = [plan for plan in results["plans"] if _of(results, "detection", modality="SPECT", plan=plan)]
    for plan in plans:
        rows = _of(results, "detection", modality="SPECT", plan=plan, mode="masks")
        f1 = [np.nan if row["f1"] is None else row["f1"] for row in rows]
        (line,) = axis.plot(range(len(SIZES) - 1), f1[:-1], "o-", ms=3, label=plan)
        axis.plot(len(SIZES) - 1, f1[-1], "o", ms=3, color=line.get_color())
    axis.set_xticks(range(len(SIZES)), SIZES)
    axis.set(title="F1 by plan, organ masks given", ylim=(0, 1.05), xlabel="volume, mL")
    axis.legend(frameon=False, loc="lower right")


def _ratio(axis: Any, results: Row) -> None:
    plans = [plan for plan in results["plans"] if _of(results, "volumes", modality="SPECT", plan=plan)]
    for number, mode in enumerate(MODE_WORDS):
        rows = [_of(results, "volumes", modality="SPECT", plan=plan, mode=mode)[0]["ratio"] for plan in plans]
        place = np.arange(len(plans)) + (number - 1) * _WIDTH
        ends = [[row[0] - row[1] for row in rows], [row[2] - row[0] for row in rows]]
        axis.errorbar(place, [row[0] for row in rows], yerr=ends, fmt="o", ms=4, color=COLOURS[mode])
    axis.axhline(1.0, color="#999", lw=0.7)
    axis.set_ylim(0, max(axis.get_ylim()[1], 1.2))
    axis.set_xticks(range(len(plans)), plans)
    axis.set(title="Measured / painted volume: median, quartiles")


def _apart(axis: Any, results: Row) -> None:
    """Wrongly removed tumour to the left, wrongly kept normal uptake to the right."""
    plans = [plan for plan in results["plans"] if _of(results, "volumes", modality="SPECT", plan=plan)]
    for number, mode in enumerate(MODE_WORDS):
        rows = [_of(results, "volumes", modality="SPECT", plan=plan, mode=mode)[0] for plan in plans]
        place = np.arange(len(plans)) + (number - 1) * _WIDTH
        axis.barh(place, [-row["removed_ml_mean"] for row in rows], _WIDTH, color=COLOURS[mode])
        axis.barh(place, [row["kept_normal_ml_mean"] for row in rows], _WIDTH, color=COLOURS[mode], alpha=0.55)
    axis.axvline(0.0, color="#333", lw=0.7)
    axis.set_yticks(range(len(plans)), plans)
    axis.xaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    axis.set(title="Removed tumour  |  kept normal uptake", xlabel="mL per scan, mean")


def _new(axis: Any, results: Row) -> None:
    for number, mode in enumerate(MODE_WORDS):
        rows = _of(results, "new", plan="suv3", mode=mode, reference="any_earlier")
        _bars(axis, [row["recall"] for row in rows], number=number, mode=mode)
        share = next(row["precision"] for row in rows if row["size"] == "all")
        _bars(axis, [None] * len(SIZES) + [share], number=number, mode=mode)
    axis.set_xticks(range(len(SIZES) + 1), [*SIZES, "precision"])
    axis.set(title="New lesions, any earlier: recall, precision", ylim=(0, 1.05), xlabel="volume, mL")
