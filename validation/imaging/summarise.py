"""From scored scans to shares with intervals: detection by size, volumes, what was removed or kept, new lesions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from lutrace.virtual import SIZE_NAMES, size_of

Row = dict[str, Any]
ALL = "all"
SIZES = (*SIZE_NAMES, ALL)


def summarise(rows: Sequence[Row], plans: Sequence[str], modes: Sequence[str]) -> Row:
    """The content of results.json but for what was measured and when."""
    scored = [row for row in rows if row["kind"] == "scan" and "refused" not in row]
    refused = Counter((row["modality"], row["tracer"], row["plan"]) for row in rows if "refused" in row)
    first = [row for row in scored if row["plan"] == plans[0] and row["mode"] == modes[0]]
    followed = [row for row in rows if row["kind"] == "new"]
    detection, volumes, new = [], [], []
    for modality in ("SPECT", "PET"):
        for plan in plans:
            for mode in modes:
                some = [row for row in scored if (row["modality"], row["plan"], row["mode"]) == (modality, plan, mode)]
                if not some:
                    continue
                head = {"modality": modality, "plan": plan, "mode": mode}
                detection += [head | {"size": size} | _detection(some, size) for size in SIZES]
                volumes.append(head | _volumes(some))
    for plan in plans:
        for mode in modes:
            some = [row for row in followed if (row["plan"], row["mode"]) == (plan, mode)]
            for reference in ("any_earlier", "previous") if some else ():
                head = {"plan": plan, "mode": mode, "reference": reference}
                new += [head | {"size": size} | _new(some, reference, size) for size in SIZES]
    return {
        "scans": {kind: sum(row["modality"] == kind for row in first) for kind in ("SPECT", "PET")},
        "painted": {
            kind: {
                size: sum(
                    _is(size, one["volume_ml"]) for row in first if row["modality"] == kind for one in row["lesions"]
                )
                for size in SIZES
            }
            for kind in ("SPECT", "PET")
        },
        "refused": [
            dict(zip(("modality", "tracer", "plan", "runs"), (*key, n), strict=True))
            for key, n in sorted(refused.items())
        ],
        "detection": detection,
        "volumes": volumes,
        "new": new,
    }


def wilson(hits: int, n: int) -> list[float] | None:
    """Share and its 95 % interval by Wilson (1927); lesions of one patient are taken as independent."""
    if n == 0:
        return None
    z, p = 1.959964, hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return [round(value, 4) for value in (p, max(middle - half, 0.0), min(middle + half, 1.0))]


def _is(size: str, volume_ml: float) -> bool:
    return size in (ALL, size_of(volume_ml))


def _f1(recall: list[float] | None, precision: list[float] | None) -> float | None:
    if recall is None or precision is None or recall[0] + precision[0] == 0:
        return None
    return round(2 * recall[0] * precision[0] / (recall[0] + precision[0]), 4)


def _quartiles(values: Iterable[float]) -> list[float] | None:
    array = np.asarray(list(values))
    return [round(float(one), 4) for one in np.percentile(array, [50, 25, 75])] if array.size else None


def _detection(rows: Sequence[Row], size: str) -> Row:
    lesions = [one for row in rows for one in row["lesions"] if _is(size, one["volume_ml"])]
    components = [one for row in rows for one in row["components"] if _is(size, one["volume_ml"])]
    fates = Counter(one["fate"] for one in lesions)
    recall = wilson(fates["tumour"], len(lesions))
    precision = wilson(sum(one["lesion"] is not None for one in components), len(components))
    return {
        "lesions": len(lesions),
        "fates": dict(sorted(fates.items())),
        "recall": recall,
        "recall_apart": wilson(sum(one["apart"] for one in lesions), len(lesions)),
        "components": len(components),
        "precision": precision,
        "f1": _f1(recall, precision),
        "dice": _quartiles(one["dice"] for one in lesions if one["dice"] is not None),
    }


def _volumes(rows: Sequence[Row]) -> Row:
    def total(name: str) -> float:
        return round(sum(row[name] for row in rows), 2)

    kept: Counter[str] = Counter()
    for row in rows:
        kept.update(row["kept_by"])
    shares = {
        f"{name}_per_painted": round(total(f"{name}_ml") / total("painted_ml"), 4)
        for name in ("removed", "uncertain", "below", "kept_normal", "spill")
    }
    each: dict[str, Callable[[Row], float]] = {
        "ratio": lambda row: row["tumour_ml"] / row["painted_ml"],
        "dice": lambda row: row["dice"],
        "removed_ml": lambda row: row["removed_ml"],
        "kept_normal_ml": lambda row: row["kept_normal_ml"],
    }
    return {
        "scans": len(rows),
        "painted_ml": total("painted_ml"),
        "tumour_ml": total("tumour_ml"),
        **{name: _quartiles(map(value, rows)) for name, value in each.items()},
        "removed_ml_mean": round(total("removed_ml") / len(rows), 2),
        "kept_normal_ml_mean": round(total("kept_normal_ml") / len(rows), 2),
        **shares,
        "kept_by_ml": {name: round(value, 1) for name, value in kept.most_common()},
        "largest_kept_normal_ml": round(max(row["kept_normal_ml"] for row in rows), 1),
        "largest_removed_ml": round(max(row["removed_ml"] for row in rows), 1),
    }


def _new(rows: Sequence[Row], reference: str, size: str) -> Row:
    """Painted new lesions that were called new, and components called new that are such lesions, by their own size."""
    hits = painted = found = called = true = 0
    wrong: Counter[str] = Counter()
    for row in rows:
        followup, numbers = row["followup"], set(row["called"][reference])
        components = [one for one in followup["components"] if one["number"] in numbers]
        names = {one["lesion"] for one in components if one["new"]}
        new = [one for one in followup["lesions"] if one["new"] and _is(size, one["volume_ml"])]
        painted += len(new)
        found += sum(one["fate"] == "tumour" for one in new)
        hits += sum(one["identity"] in names for one in new)
        for one in components:
            if not _is(size, one["volume_ml"]):
                continue
            called += 1
            true += bool(one["new"])
            if not one["new"]:
                wrong[_why(one, row["seen_before"])] += 1
    recall, precision = wilson(hits, painted), wilson(true, called)
    return {
        "painted": painted,
        "detected": found,
        "called_of_painted": hits,
        "recall": recall,
        "recall_of_detected": wilson(hits, found),
        "called": called,
        "true": true,
        "precision": precision,
        "f1": _f1(recall, precision),
        "wrong": dict(sorted(wrong.items())),
        "followups": len(rows),
    }


def _why(component: Row, seen_before: Sequence[str]) -> str:
    """Why a component is not new in truth: no tumour at all, or known tumour that an earlier scan showed or did not."""
    if component["lesion"] is None:
        return "no tumour"
    return "known, shown before" if component["lesion"] in seen_before else "known, not shown before"
