"""Follow-up of the patients of an analysis set, and who of them can enter a model."""

from __future__ import annotations

from collections.abc import Sequence

from lutrace.core import ProtocolError, Row, UnusableInputError
from lutrace.protocol import Covariate, Protocol
from lutrace.stats import Survival, survival_of

_BEFORE_ALL = -1.0


def select_complete(rows: Sequence[Row], endpoint: str, covariates: Sequence[str] = ()) -> list[Row]:
    """The rows with a known time to `endpoint` and all covariates known. Raises UnusableInputError for no column."""
    needed = (f"{endpoint}_days", f"{endpoint}_event", *covariates)
    lacking = [name for name in needed if rows and name not in rows[0]]
    if lacking:
        raise UnusableInputError(f"the analysis set lacks the column {', '.join(lacking)}")
    return [row for row in rows if all(row[name] is not None for name in needed)]


def follow_up_of(rows: Sequence[Row], endpoint: str) -> Survival:
    """The follow-up of complete rows in days, with delayed entry where a patient is at risk only later."""
    days = [row[f"{endpoint}_days"] for row in rows]
    event = [row[f"{endpoint}_event"] for row in rows]
    return survival_of(days, event, entry=entries_of(rows))


def entries_of(rows: Sequence[Row]) -> list[float] | None:
    """The day from which each patient is at risk; None when all are from time zero on."""
    entry = [row.get("entry_days") or 0.0 for row in rows]
    if not any(entry):
        return None
    # Those at risk from time zero on are so before an event of that same day.
    return [start if start > 0 else _BEFORE_ALL for start in entry]


def count_events(rows: Sequence[Row], endpoint: str) -> int:
    """The number of events among complete rows."""
    return sum(bool(row[f"{endpoint}_event"]) for row in rows)


def is_late(row: Row, covariate: str) -> bool:
    """Whether a row's value of a covariate was not known yet when the patient came under risk, or has no date at all.

    False where there is no value.
    """
    if row.get(covariate) is None:
        return False
    days = row.get(f"{covariate}_days")
    return days is None or bool(days > (row.get("entry_days") or 0.0))


def count_late(rows: Sequence[Row], covariate: str) -> int:
    """How many patients have a value of a covariate that was not known yet when they came under risk."""
    return sum(is_late(row, covariate) for row in rows)


def covariate_of(protocol: Protocol, name: str) -> Covariate:
    """The covariate of that name with the unit that its hazard ratio is per; ProtocolError without unit or name."""
    covariate = protocol.covariate(name)
    if not covariate.unit.strip():
        raise ProtocolError(
            f"covariates.{name}.unit is empty: a hazard ratio needs a unit; say what it is per, "
            "for instance: per doubling of tumour volume"
        )
    return covariate
