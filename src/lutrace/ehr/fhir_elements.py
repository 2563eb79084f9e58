"""Elements of FHIR resources read safely from plain JSON: a part of the wrong shape counts as absent."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lutrace.core import PartialDate, Precision, UnusableInputError, parse_partial_date
from lutrace.ehr import fhir_profile as profile
from lutrace.terms import Drug, drug_of_code, drugs_in_text, tell

Resource = Mapping[str, Any]

EFFECTIVE = ("effectiveDateTime", "effectivePeriod.start", "effectiveInstant")
"""Where an Observation or DiagnosticReport says when."""

_TIME = re.compile(r"T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?")
_CODE_SYSTEMS = {
    profile.ATC: "atc",
    profile.ATC_GERMAN: "atc",
    profile.RXNORM: "rxnorm",
    profile.SNOMED: "snomed",
    profile.OPS: "ops",
    **dict.fromkeys(profile.HCPCS, "hcpcs"),
}


class RecordError(UnusableInputError):
    """A record cannot become a row: which column broke which rule, and what to do."""

    def __init__(self, column: str | None, rule: str, remedy: str) -> None:
        """Store the parts; the message is the rule."""
        self.column = column
        self.rule = rule
        self.remedy = remedy
        super().__init__(rule)


@dataclass(frozen=True)
class Moment:
    """A date of any precision and, when the source gives one, the clock time as written there."""

    date: PartialDate
    time: dt.time | None

    @property
    def precision(self) -> Precision:
        """`day`, `month` or `year`."""
        return self.date.precision

    def day(self, column: str) -> dt.date:
        """The calendar day; refused when only the month or the year is known."""
        if self.precision != "day":
            rule = f"{column} must be known to the day, got the {self.precision}"
            raise RecordError(column, rule, "complete the date at the source")
        return self.date.first_day()

    def first_day(self) -> dt.date:
        """The first day that the date can mean."""
        return self.date.first_day()

    def datetime(self) -> dt.datetime | None:
        """Date and clock time, None without a clock time."""
        return None if self.time is None else dt.datetime.combine(self.first_day(), self.time)


def child(node: Resource, name: str) -> Resource:
    """The object under `name`, empty when absent."""
    value = node.get(name)
    return value if isinstance(value, dict) else {}


def children(node: Resource, name: str) -> list[Resource]:
    """The objects under `name`, a single one as a list of one."""
    value = node.get(name)
    if value is None:
        return []
    if isinstance(value, dict):
        return [value]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(node: Resource, name: str) -> str | None:
    """The non-empty text under `name`, None when absent."""
    value = node.get(name)
    return value.strip() or None if isinstance(value, str) else None


def number(node: Resource, name: str) -> float | int | None:
    """The number under `name`, None when absent."""
    value = node.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def codes(concept: Resource, *systems: str) -> list[str]:
    """The codes of a CodeableConcept in any of `systems`."""
    found = []
    for coding in children(concept, "coding"):
        system, code = coding.get("system"), coding.get("code")
        if not isinstance(code, str) or not isinstance(system, str):
            continue
        if system in systems or profile.RENAMED.get(system) in systems:
            found.append(code)
    return found


def system_of(coding: Resource) -> str | None:
    """The system of a coding by its present name, None when absent."""
    system = text(coding, "system")
    return profile.RENAMED.get(system, system) if system is not None else None


def concept_text(concept: Resource) -> str | None:
    """What a CodeableConcept says in words: its text, else a display, else a code."""
    for candidate in (concept, *children(concept, "coding")):
        found = text(candidate, "text") or text(candidate, "display")
        if found is not None:
            return found
    return next((coding["code"] for coding in children(concept, "coding") if text(coding, "code")), None)


def codes_of_any(concept: Resource) -> list[str]:
    """The codes of a CodeableConcept in whatever system."""
    return [code for coding in children(concept, "coding") if (code := text(coding, "code")) is not None]


def is_absent(node: Resource) -> bool:
    """Whether the value of an Observation or of its component is said to be missing, with a reason or by a code."""
    codings = children(child(node, "valueCodeableConcept"), "coding")
    missing = [coding for coding in codings if coding.get("system") in profile.ABSENT]
    return bool(child(node, "dataAbsentReason")) or (bool(missing) and len(missing) == len(codings))


def words_of(concept: Resource) -> list[str]:
    """Everything that a CodeableConcept says: its text, then display and code of each coding."""
    said = [text(concept, "text")]
    for coding in children(concept, "coding"):
        said += [text(coding, "display"), text(coding, "code")]
    return [word for word in said if word is not None]


def extension(node: Resource, url: str, *, element: str = "extension") -> Resource:
    """The first extension of this url, empty when absent; `element` may be modifierExtension."""
    return next((item for item in children(node, element) if item.get("url") == url), {})


def extension_count(node: Resource, url: str) -> int | None:
    """The whole number of an extension, None when absent."""
    found = extension(node, url)
    for name in ("valuePositiveInt", "valueInteger", "valueUnsignedInt"):
        value = found.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


@functools.lru_cache(maxsize=8192)
def moment(value: str | None, column: str) -> Moment | None:
    """A FHIR date or dateTime; None when absent; refused when it is no date. The wall clock is kept as written."""
    if value is None:
        return None
    try:
        date = parse_partial_date(value)
    except UnusableInputError as error:
        rule = f"{column} must be a date such as 2023, 2023-05 or 2023-05-17"
        raise RecordError(column, rule, "correct the date at the source") from error
    clock = _TIME.search(value)
    if clock is None:
        return Moment(date, None)
    hour, minute, second = (int(part or 0) for part in clock.groups())
    try:
        return Moment(date, dt.time(hour, minute, second))
    except ValueError as error:
        raise RecordError(column, f"{column} holds no time of the day", "correct the time at the source") from error


def moment_of(node: Resource, column: str, *paths: str) -> Moment | None:
    """The first date found at dotted `paths` such as `effectivePeriod.start`."""
    for path in paths:
        *parents, last = path.split(".")
        place = node
        for parent in parents:
            place = child(place, parent)
        found = moment(text(place, last), column)
        if found is not None:
            return found
    return None


def required(found: Moment | None, column: str, elements: str) -> Moment:
    """The moment itself; refused when absent, naming the elements looked at."""
    if found is None:
        raise RecordError(column, f"{column} is missing: none of {elements} is given", f"record one of {elements}")
    return found


def quantity_text(quantity: Resource) -> tuple[str, str | None] | None:
    """Value and unit of a Quantity as texts, UCUM code before display unit; None without a value."""
    value = number(quantity, "value")
    if value is None:
        return None
    return f"{text(quantity, 'comparator') or ''}{value}", text(quantity, "code") or text(quantity, "unit")


def measured(quantity: Resource, column: str, factors: Mapping[str, float]) -> float | None:
    """The value of a Quantity in the unit of the column; `factors` are of the accepted units."""
    value = number(quantity, "value")
    if value is None:
        return None
    if text(quantity, "comparator") is not None:
        raise RecordError(column, f"{column} must be exact, got a value with a comparator", "record the exact value")
    unit = text(quantity, "code") or text(quantity, "unit")
    if unit is None or unit not in factors:
        shown = "none" if unit is None else tell(unit)
        raise RecordError(column, f"{column} must be in one of {', '.join(factors)}, got {shown}", "state a known unit")
    factor = factors[unit]
    return float(value) if factor == 1 else float(f"{value * factor:.12g}")


def drugs_of(concept: Resource) -> tuple[Drug, ...]:
    """The drugs that a CodeableConcept means, by code before text; refused when code and text name different drugs."""
    coded: dict[str, Drug] = {}
    words = [text(concept, "text")]
    for coding in children(concept, "coding"):
        words.append(text(coding, "display"))
        system, code = _CODE_SYSTEMS.get(system_of(coding) or ""), text(coding, "code")
        drug = drug_of_code(system, code) if system is not None and code is not None else None  # type: ignore[arg-type]
        if drug is not None:
            coded[drug.name] = drug
    named = {drug.name: drug for word in words if word is not None for drug in drugs_in_text(word)}
    if not coded:
        return tuple(named.values())
    if named and not coded.keys() & named.keys() and named.keys() != {"lu177_psma_other"}:
        rule = f"code and text name different drugs: {', '.join(sorted(coded))} and {', '.join(sorted(named))}"
        raise RecordError("agent", rule, "correct the code or the text at the source")
    return tuple(coded.values())
