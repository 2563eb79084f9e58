"""Published curves beside a study's own: where they come from, what was printed, and the file of their points."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

from lutrace.core import Field, FrozenModel, ProtocolError, Row, digest_of, field_validator, model_validator, read_rows

Point = tuple[str, float, float | None, float | None]
_COLUMNS = {"individual": ("arm", "time", "event"), "curve": ("arm", "time", "survival", "n_at_risk")}


class PublishedArm(FrozenModel):
    """One arm as printed: patients, events, median with its 95 % interval in the source's time unit, its place."""

    arm: str
    label: str
    n: int | None = Field(default=None, ge=1)
    events: int | None = Field(default=None, ge=0)
    median: float | None = Field(default=None, gt=0)
    low: float | None = Field(default=None, gt=0)
    high: float | None = Field(default=None, gt=0)
    place: str = ""


class PublishedRatio(FrozenModel):
    """The hazard ratio of two arms of one publication as printed, with its 95 % interval where there is one."""

    arm: str
    against: str
    estimate: float = Field(gt=0)
    low: float | None = Field(default=None, gt=0)
    high: float | None = Field(default=None, gt=0)
    place: str = ""


class External(FrozenModel):
    """A published survival curve to set beside a study's cohorts, never to compare with: other patients, another clock.

    file: a table in the folder of the study file. holds: `individual` times (columns arm, time, event of 0 and 1), or
    the points of a `curve` (arm, time, survival from 1 to 0) with rows of numbers at risk (n_at_risk), from which times
    are rebuilt. columns: the file's own names of these. rows: takes only rows whose columns have these values.
    digest: of the rows taken; filled when the file is read, refused when it holds others.
    """

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    label: str
    citation: str = Field(min_length=10)
    licence: str = ""
    outcome: Literal["os", "pfs", "psa_pfs", "ttnt"]
    file: str = Field(pattern=r"^[^/\\]+\.(csv|tsv|xlsx|parquet)$")
    holds: Literal["individual", "curve"]
    time_unit: Literal["days", "weeks", "months", "years"]
    columns: dict[Literal["arm", "time", "event", "survival", "n_at_risk"], str] = Field(default_factory=dict)
    rows: dict[str, str] = Field(default_factory=dict)
    arms: tuple[PublishedArm, ...] = Field(min_length=1)
    hazard_ratio: PublishedRatio | None = None
    differs: str = ""
    digest: str = ""
    points: tuple[Point, ...] = Field(default=(), exclude=True, repr=False, description="read from the file")

    @model_validator(mode="after")
    def _names_its_arms(self) -> External:
        names = [one.arm for one in self.arms]
        if len(set(names)) < len(names):
            raise ValueError("expected each arm once")
        ratio = self.hazard_ratio
        if ratio is not None and not {ratio.arm, ratio.against} <= set(names):
            raise ValueError(f"hazard_ratio expects two of the arms {', '.join(names)}")
        return self

    @field_validator("columns")
    @classmethod
    def _has_such_columns(cls, columns: dict[str, str], info: Any) -> dict[str, str]:
        allowed = _COLUMNS.get(info.data.get("holds", ""), ())
        unknown = [name for name in columns if name not in allowed]
        if unknown:
            raise ValueError(f"expected {', '.join(allowed)}, got {', '.join(unknown)}")
        return columns

    def term(self, arm: str) -> str:
        """The name under which rows and curves of an arm stand."""
        return f"{self.name}, {arm}"

    def points_of(self, arm: str) -> list[Point]:
        """The points of one arm, in the order of the file."""
        return [point for point in self.points if point[0] == arm]


def read_external(external: External, folder: Path) -> External:
    """The published curve with the points of its file and their digest.

    Raises UnusableInputError for a file that cannot be read, ProtocolError for one that lacks a column or an arm, holds
    what is no number, or other rows than the digest says.
    """
    names = {name: external.columns.get(name, name) for name in _COLUMNS[external.holds]}  # type: ignore[call-overload]
    rows = read_rows(folder / external.file)
    place = f"external.{external.name}, {external.file}"
    lacking = [name for name in (*names.values(), *external.rows) if rows and name not in rows[0]]
    if lacking or not rows:
        raise ProtocolError(f"{place}: expected the columns {', '.join(lacking) or 'arm, time'}; found none such")
    arms = {one.arm for one in external.arms}
    points = []
    for number, row in enumerate(rows, start=2):
        if all(str(row[column]) == value for column, value in external.rows.items()) and row[names["arm"]] in arms:
            points.append(_point(row, names, f"{place}, row {number}"))
    absent = sorted(arms - {point[0] for point in points})
    if absent:
        raise ProtocolError(f"{place}: no row has the arm {', '.join(absent)}; write arms as the file does")
    digest = digest_of(points)
    if external.digest and external.digest != digest:
        raise ProtocolError(
            f"{place}: the rows are not those that the study was written for (digest {external.digest[:12]}, found "
            f"{digest[:12]}); restore the file, or take the digest out of the study and say why in its version"
        )
    return external.model_copy(update={"points": tuple(points), "digest": digest})


def _point(row: Row, names: dict[str, str], place: str) -> Point:
    time = _number(row[names["time"]], names["time"], place)
    if time is None or time < 0:
        raise ProtocolError(f"{place}: {names['time']} expected a time from 0 on, got {row[names['time']]!r}")
    if "event" in names:
        event = _number(row[names["event"]], names["event"], place)
        if event not in (0, 1):
            raise ProtocolError(f"{place}: {names['event']} expected 1 (event) or 0 (censored)")
        return str(row[names["arm"]]), time, event, None
    survival, at_risk = (_number(row[names[name]], names[name], place) for name in ("survival", "n_at_risk"))
    if survival is None and at_risk is None:
        raise ProtocolError(f"{place}: expected {names['survival']}, {names['n_at_risk']}, or both")
    return str(row[names["arm"]]), time, survival, at_risk


def _number(value: Any, name: str, place: str) -> float | None:
    if value is None:
        return None
    try:
        found = float(value)
    except ValueError as error:
        raise ProtocolError(f"{place}: {name} expected a number with a decimal point, got {value!r}") from error
    if not math.isfinite(found):
        raise ProtocolError(f"{place}: {name} expected a number, got {value!r}")
    return found
