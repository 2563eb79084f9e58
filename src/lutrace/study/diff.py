"""What changed between two runs of a study: what they hang on, numbers, reasons, warnings, patients."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from lutrace.core import Row
from lutrace.study.diff_patients import RunPersons, compare_persons, read_persons
from lutrace.study.result_files import read_results

_HEAD = ("study", "protocol_version", "protocol_digest", "snapshot_digest", "data_cut", "lutrace_version", "synthetic")
_COMPARED = ("value", "low", "high", "p", "n", "N", "events", "excluded", "unit", "method", "reason")
_BESIDE = tuple(name for name in _COMPARED if name != "value")
NO_PERSONS = (
    "one of the runs holds no rows of persons, so patients and why they are not evaluable are not compared: only counts"
)


@dataclass(frozen=True)
class RunDiff:
    """Rows of what changed from a first run to a second, by kind; empty where nothing did.

    `head`: digests, versions, data cut; `protocol`: keys of the study file; `numbers`: by their key; `reasons`: why
    patients were left out or not evaluable; `warnings`: that came or went; `patients`: who entered, left, or has
    another value. `note` says what could not be compared.
    """

    head: tuple[Row, ...]
    protocol: tuple[Row, ...]
    numbers: tuple[Row, ...]
    reasons: tuple[Row, ...]
    warnings: tuple[Row, ...]
    patients: tuple[Row, ...]
    note: str
    synthetic: bool

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed."""
        return not any(getattr(self, field.name) for field in fields(self) if field.name not in ("note", "synthetic"))


def run_diff(first: Path, second: Path) -> RunDiff:
    """What changed from the run in the folder `first` to the one in `second`.

    Patients are compared by the rows of the registry that stand behind their values: their study numbers are those of
    one report, and shift when a patient enters. Raises UnusableInputError for a folder without results.
    """
    old, new = read_results(first), read_results(second)
    before, after = read_persons(first), read_persons(second)
    persons = compare_persons(before, after) if before is not None and after is not None else ()
    notes = []
    if before is None or after is None:
        notes.append(NO_PERSONS)
    if "protocol" not in old or "protocol" not in new:
        notes.append("one of the runs does not hold its study file: only its digest is compared")
    return RunDiff(
        head=_head(old, new),
        protocol=_protocol(old, new),
        numbers=_numbers(old["numbers"], new["numbers"]),
        reasons=(*_excluded(old["numbers"], new["numbers"]), *_not_evaluable(before, after)),
        warnings=_warnings(old, new),
        patients=persons,
        note="; ".join(notes),
        synthetic=bool(old["synthetic"] or new["synthetic"]),
    )


def _head(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Row, ...]:
    pairs = [(name, old.get(name), new.get(name)) for name in _HEAD]
    versions = sorted({*old.get("versions", {}), *new.get("versions", {})})
    pairs += [(name, old.get("versions", {}).get(name), new.get("versions", {}).get(name)) for name in versions]
    return tuple({"what": name, "old": one, "new": other} for name, one, other in pairs if one != other)


def _protocol(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Row, ...]:
    """The keys of the study file that differ, items of lists by their names."""
    if "protocol" not in old or "protocol" not in new:
        return ()
    one, other = _flat(old["protocol"]), _flat(new["protocol"])
    keys = [key for key in dict.fromkeys([*one, *other]) if one.get(key) != other.get(key)]
    return tuple({"key": key, "old": one.get(key), "new": other.get(key)} for key in keys)


def _flat(node: Any, place: str = "") -> dict[str, Any]:
    """A document as its leaves by dotted place; an item of a list stands under its name, or else its number."""
    if isinstance(node, Mapping):
        pairs = [(str(key), value) for key, value in node.items()]
    elif isinstance(node, list) and any(isinstance(item, Mapping | list) for item in node):
        pairs = [
            (str(item["name"]) if isinstance(item, Mapping) and "name" in item else str(number), item)
            for number, item in enumerate(node, start=1)
        ]
    else:
        return {place: node}
    found: dict[str, Any] = {}
    for key, value in pairs:
        found |= _flat(value, f"{place}.{key}" if place else key)
    return found


def _numbers(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Row, ...]:
    rows: list[Row] = []
    for key in sorted({*old, *new}):
        one, other = old.get(key), new.get(key)
        if one is None or other is None:
            change, there = ("came", other) if one is None else ("went", one)
            value = there["value"] if there is not None else None
            values = {"old": value if change == "went" else None, "new": value if change == "came" else None}
            rows.append({"key": key, "change": change, **values, "difference": None, "also": ""})
            continue
        beside = [name for name in _BESIDE if one.get(name) != other.get(name)]
        if one["value"] == other["value"] and not beside:
            continue
        also = "; ".join(f"{name}: {_text(one.get(name))} to {_text(other.get(name))}" for name in beside)
        values = {"old": one["value"], "new": other["value"], "difference": _less(other["value"], one["value"])}
        rows.append({"key": key, "change": "changed", **values, "also": also})
    return tuple(rows)


def _less(new: Any, old: Any) -> float | None:
    both = [value for value in (new, old) if isinstance(value, int | float) and math.isfinite(value)]
    return both[0] - both[1] if len(both) == 2 else None


def _text(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _excluded(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Row, ...]:
    """Steps of selection that leave out another number of patients."""
    rows: list[Row] = []
    for key in sorted({*old, *new}):
        one, other = old.get(key, {}), new.get(key, {})
        before, after = one.get("excluded"), other.get("excluded")
        if key.startswith("attrition/") and before != after:
            told = {"where": key, "reason": other.get("reason") or one.get("reason")}
            rows.append({**told, "old": before, "new": after, "difference": _less(after, before)})
    return tuple(rows)


def _not_evaluable(before: RunPersons | None, after: RunPersons | None) -> tuple[Row, ...]:
    """Why values are missing, counted by population, endpoint and reason."""
    if before is None or after is None:
        return ()
    old, new = before.count_reasons(), after.count_reasons()
    return tuple(
        {
            "where": f"{population}/{endpoint}",
            "reason": reason,
            "old": old[population, endpoint, reason],
            "new": new[population, endpoint, reason],
            "difference": float(new[population, endpoint, reason] - old[population, endpoint, reason]),
        }
        for population, endpoint, reason in sorted({*old, *new})
        if old[population, endpoint, reason] != new[population, endpoint, reason]
    )


def _warnings(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Row, ...]:
    before, after = (
        Counter((one["severity"], one["where"], one["text"]) for one in results.get("warnings", ()))
        for results in (old, new)
    )
    rows = [("came", key) for key in sorted((after - before).elements())]
    rows += [("went", key) for key in sorted((before - after).elements())]
    return tuple(
        {"change": change, "severity": severity, "where": where, "text": text}
        for change, (severity, where, text) in rows
    )
