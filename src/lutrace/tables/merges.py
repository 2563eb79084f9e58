"""Which rows of different sources state the same fact, and what became of each that was left for another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lutrace.core import Table
from lutrace.tables.adverse_events import ADVERSE_EVENTS
from lutrace.tables.contacts import CONTACTS
from lutrace.tables.cycles import CYCLES
from lutrace.tables.declare import PATIENT, json, label, pseudonym, yes_no
from lutrace.tables.diagnoses import DIAGNOSES
from lutrace.tables.disease_events import DISEASE_EVENTS
from lutrace.tables.dispositions import DISPOSITIONS
from lutrace.tables.follow_up import FOLLOW_UP
from lutrace.tables.labs import LABS
from lutrace.tables.medications import MEDICATIONS
from lutrace.tables.patients import PATIENTS
from lutrace.tables.questionnaires import QUESTIONNAIRES
from lutrace.tables.support import SUPPORT
from lutrace.tables.treatments import TREATMENTS
from lutrace.tables.vitals import VITALS

MERGES = Table(
    "merges",
    "one row per row of a source that was left for that of another source, or changed by it",
    (
        pseudonym("merge_id", "digest of the rows"),
        PATIENT,
        label("table", "their table"),
        pseudonym("kept_row_id", "the row that stays, as frozen"),
        label("kept_source", "its source: the name in the site profile, or the kind"),
        pseudonym(
            "dropped_row_id",
            "the row left out; where the other has the same key, ~ and the source follow it",
            null="when none is left out",
        ),
        label("dropped_source", "its source", null="when none is left out"),
        pseudonym("dropped_source_id", "digest of its file (a row of sources)", null="when none is left out"),
        pseudonym("dropped_locator", "its place in there", null="when the source is the place"),
        label("verdict", "what the two rows say", codes=("same", "contradiction", "both_kept", "renumbered")),
        label("rule", "why this row stays, in words"),
        yes_no("stated", "the site profile states which source is believed"),
        json("differences", "column to the kept and the dropped value, of a contradiction", null="without one"),
        json("filled", "columns that the kept row has from the dropped one", null="when none"),
    ),
    ("merge_id",),
)


@dataclass(frozen=True)
class Compared:
    """A column in which two rows of one fact may not differ by more than is said; an empty value contradicts nothing.

    `relative` is a part of the larger value. `as_reported` names the column with the text reported: values agree within
    the rounding of both texts, and `relative` at most. `partial` dates agree when they can mean one day.
    """

    column: str
    relative: float = 0.0
    as_reported: str | None = None
    partial: bool = False


@dataclass(frozen=True)
class MergeRule:
    """When two rows of different sources state one fact.

    They do when the patient and `same` are equal, `both` are equal where both rows have a value, the dates `near` lie
    within `days` of each other (`span`: can mean one day), and `groups` are equal (an unlisted value is its own group,
    None fits every group). Of several fitting rows the nearest in `compared` are taken, each row once per source.
    `compared` says what contradicts. `filled` are columns that a kept row takes from the other where the first of the
    group is empty; `vague` values count as empty, and a coarser date of `sharpened` takes the finer one of the other.
    `where` keeps the rule to rows with a value, `numbered` counts rows of a patient anew by that date where two sources
    give one number twice, and contradictions under `keep_both` stay side by side until the profile settles them.
    """

    table: Table
    same: tuple[str, ...] = ()
    both: tuple[str, ...] = ()
    near: str | None = None
    days: int = 0
    span: bool = False
    groups: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    compared: tuple[Compared, ...] = ()
    filled: tuple[tuple[str, ...], ...] = ()
    vague: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    sharpened: tuple[str, ...] = ()
    where: tuple[str, str] | None = None
    numbered: tuple[str, str] | None = None
    keep_both: bool = False


_PSMA_LUTETIUM = {"lu177_psma_617": "lu177_psma", "lu177_psma_it": "lu177_psma", "lu177_psma_other": "lu177_psma"}

MERGE_RULES: tuple[MergeRule, ...] = (
    MergeRule(
        PATIENTS,
        compared=(Compared("birth_year"), Compared("sex"), Compared("site")),
        filled=(("birth_year",), ("sex",), ("site",), ("synthetic",)),
        vague={"sex": ("unknown",), "synthetic": (False,)},
    ),
    MergeRule(
        DIAGNOSES,
        same=("milestone", "method"),
        near="date",
        span=True,
        compared=tuple(
            Compared(name) for name in ("gleason_primary", "gleason_secondary", "gleason_sum", "t", "n", "m")
        ),
        filled=(("gleason_primary", "gleason_secondary", "gleason_sum"), ("gleason_sum",), ("t",), ("n",), ("m",)),
        sharpened=("date",),
    ),
    MergeRule(VITALS, same=("measure", "date"), compared=(Compared("value", relative=0.01),)),
    MergeRule(
        CYCLES,
        near="administered_date",
        days=1,
        groups={"agent": {**_PSMA_LUTETIUM, "other": None}},
        compared=(
            Compared("cycle"),
            Compared("agent"),
            Compared("administered_mbq", relative=0.02),
            Compared("residual_mbq", relative=0.05),
            Compared("weight_kg", relative=0.01),
        ),
        filled=(
            ("agent",),
            ("administered_mbq", "assay_datetime"),
            ("residual_mbq", "residual_datetime"),
            ("injection_datetime",),
            ("weight_kg",),
        ),
        vague={"agent": ("lu177_psma_other", "other")},
        numbered=("cycle", "administered_date"),
    ),
    MergeRule(
        TREATMENTS,
        same=("agent",),
        near="begin_date",
        span=True,
        compared=(Compared("agent_class"), Compared("end_date", partial=True), Compared("stop_reason")),
        filled=(("agent_class",), ("end_date", "end_date_precision"), ("stop_reason",)),
        sharpened=("begin_date", "end_date"),
    ),
    MergeRule(
        MEDICATIONS,
        same=("kind", "agent"),
        near="begin_date",
        span=True,
        compared=(Compared("end_date", partial=True), Compared("depot_days")),
        filled=(("end_date", "end_date_precision"), ("product",), ("depot_days",)),
        sharpened=("begin_date", "end_date"),
    ),
    MergeRule(
        LABS,
        same=("analyte", "date"),
        both=("time",),
        compared=(Compared("comparator"), Compared("value", relative=0.05, as_reported="value_text")),
        filled=(("time",), ("loinc",), ("lln", "uln"), ("uln",)),
    ),
    MergeRule(QUESTIONNAIRES, same=("instrument", "item", "date"), compared=(Compared("answer"),)),
    MergeRule(
        ADVERSE_EVENTS,
        same=("term", "reporter"),
        near="begin_date",
        span=True,
        compared=(Compared("grade"), Compared("end_date"), Compared("attribution")),
        filled=(("grade", "criteria"), ("end_date",), ("attribution",)),
        sharpened=("begin_date",),
    ),
    MergeRule(SUPPORT, same=("kind", "date"), compared=(Compared("units"),), filled=(("units",),)),
    MergeRule(DISEASE_EVENTS, same=("kind",), near="date", span=True, filled=(("basis",),), sharpened=("date",)),
    MergeRule(DISPOSITIONS, same=("code_system", "code"), near="date", span=True, sharpened=("date",)),
    MergeRule(CONTACTS, same=("kind", "date")),
    MergeRule(
        FOLLOW_UP,
        where=("status", "dead"),
        compared=(Compared("date", partial=True), Compared("cause")),
        filled=(("cause",),),
        sharpened=("date",),
        keep_both=True,
    ),
    MergeRule(FOLLOW_UP, same=("date",), where=("status", "alive")),
)
"""The facts that more than one source may state; rows of other tables have one source only."""

MERGED_TABLES: dict[str, Table] = {rule.table.name: rule.table for rule in MERGE_RULES}
