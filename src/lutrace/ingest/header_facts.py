"""The facts of a header as JSON and back: how they lie in the registry."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from typing import Any

from lutrace.core import canonical_json
from lutrace.physics import FrameTime, QuantFacts, SpectCounting

_MOMENTS = ("injection_datetime", "series_datetime", "private_scan_datetime", "private_injection_datetime")
_CLOCKS = ("injection_time_only", "start_time_only")


def format_header_facts(facts: QuantFacts) -> str:
    """The facts as canonical JSON; date-times and clock times as ISO text."""
    return canonical_json(_plain(dataclasses.asdict(facts)))


def parse_header_facts(text: str) -> QuantFacts:
    """The facts of a JSON text that `format_header_facts` wrote."""
    content: dict[str, Any] = json.loads(text)
    for name in _MOMENTS:
        content[name] = _moment(content[name])
    for name in _CLOCKS:
        content[name] = dt.time.fromisoformat(content[name]) if content[name] is not None else None
    content["corrected_image"] = tuple(content["corrected_image"])
    content["notes"] = tuple(content["notes"])
    content["windows_kev"] = tuple((low, high) for low, high in content.get("windows_kev", ()))
    content["frames"] = tuple(
        FrameTime(**{**frame, "acquisition_start": _moment(frame["acquisition_start"])}) for frame in content["frames"]
    )
    if content["counting"] is not None:
        content["counting"] = SpectCounting(**content["counting"])
    return QuantFacts(**content)


def summarise_header_facts(text: str) -> str:
    """What explains the SUV, as JSON for people: what is not known is left out, and the frames are put together.

    Of the frames stay their number, the first and last start of acquisition, and the least and largest duration, frame
    reference time and decay factor.
    """
    content: dict[str, Any] = json.loads(text)
    frames: list[dict[str, Any]] = content.pop("frames", [])
    starts = sorted(frame["acquisition_start"] for frame in frames if frame["acquisition_start"] is not None)
    together: dict[str, Any] = {"n": len(frames)}
    if starts:
        together |= {"first_acquisition_start": starts[0], "last_acquisition_start": starts[-1]}
    for name in ("duration_s", "reference_time_s", "decay_factor"):
        values = [frame[name] for frame in frames if frame.get(name) is not None]
        if values:
            together[name] = min(values) if min(values) == max(values) else [min(values), max(values)]
    known = {name: value for name, value in content.items() if value not in (None, [], "")}
    return canonical_json(known | {"frames": together})


def _moment(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text is not None else None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date | dt.time) else value
