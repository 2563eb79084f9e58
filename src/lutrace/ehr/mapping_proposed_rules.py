"""Which rules the columns of a table suggest: laboratory, cycles, measures, treatments, questionnaires, persons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lutrace.ehr.mapping import OPEN
from lutrace.ehr.mapping_columns import Profile
from lutrace.ehr.mapping_headings import BASELINE, parse_heading
from lutrace.ehr.mapping_proposed_lines import (
    LIKELY,
    SURE,
    Line,
    ProposedRule,
    Shared,
    coded_line,
    column_line,
    constant_line,
    date_line,
    quoted,
)
from lutrace.tables import CYCLES
from lutrace.terms import Analyte, analyte_named, code_of_word, drug_named, instruments_of_items

_ACTIVITIES = ("GBq", "MBq", "mCi", "Bq")
_FEWEST_ITEMS = 3
_MOST_UNITS = 4
_MEASURES = {
    "vitals.weight_kg": (30, 250),
    "vitals.height_cm": (120, 230),
    "vitals.ecog": (0, 5),
    "vitals.bmi_kg_m2": (10, 60),
}
"""By measure, between which numbers the middle of a column in its own unit lies."""
_PATIENT_DATES = ("birth_date",)
_WORDS = f"{SURE}: heading"


def propose_rules(profiles: Sequence[Profile], shared: Shared) -> list[ProposedRule]:
    """The rules for a table with these columns, the identifier left out."""
    facts = _by_fact(profiles)
    found = [
        _long_labs(facts, shared),
        None if _is_long_lab(facts) else _wide_labs(profiles, shared),
        _grouped_cycles(profiles, shared) or _listed_cycles(facts, shared),
        _vitals(profiles, shared),
        _treatments(facts),
        _questionnaires(profiles, shared),
        _patients(facts),
        *_follow_up(facts),
        *_diagnoses(facts),
    ]
    return [rule for rule in found if rule is not None]


def _by_fact(profiles: Sequence[Profile]) -> dict[str, Profile]:
    """The first column of each fact, those of one occasion left out."""
    facts: dict[str, Profile] = {}
    for one in profiles:
        if one.heading.fact is not None and one.heading.group is None:
            facts.setdefault(one.heading.fact, one)
    return facts


def _is_long_lab(facts: Mapping[str, Profile]) -> bool:
    named = facts.get("labs.analyte") or facts.get("labs.loinc")
    if named is None or "labs.value" not in facts:
        return False
    return named is facts.get("labs.loinc") or any(_analyte_of(word) is not None for word in named.words)


def _analyte_of(word: str) -> Analyte | None:
    return analyte_named(word) or parse_heading(word).analyte


def _long_labs(facts: Mapping[str, Profile], shared: Shared) -> ProposedRule | None:
    if not _is_long_lab(facts):
        return None
    columns = [shared.of_row()]
    where = None
    if (named := facts.get("labs.analyte")) is not None:
        known = {word: found.name for word in named.words if (found := _analyte_of(word)) is not None}
        codes = {word: name for word, name in known.items() if analyte_named(word) is None}
        if codes:
            said = ", ".join(f"{quoted(word)}: {name}" for word, name in codes.items())
            why = f"{LIKELY}: heading, and words of the vocabulary"
            columns.append(
                Line(
                    "analyte",
                    f"{{column: {quoted(named.column)}, values: {{{said}}}, others: keep}}",
                    why,
                    named.column,
                )
            )
        else:
            columns.append(column_line("analyte", named, f"{SURE}: heading, and words of the vocabulary"))
        if len(known) < len(named.words):
            where = (named.column, list(known))
    for fact in ("labs.loinc", "labs.value", "labs.unit", "labs.lln", "labs.uln", "labs.time"):
        if fact in facts:
            columns.append(column_line(fact.removeprefix("labs."), facts[fact], _WORDS))
    if "labs.unit" not in facts and not facts["labs.value"].mostly(facts["labs.value"].with_unit):
        columns.append(Line("unit", f"{{constant: {quoted(OPEN)}}}", "open: no heading names the unit of the results"))
    return ProposedRule("labs", "a result in each row", columns, where=where)


def _wide_labs(profiles: Sequence[Profile], shared: Shared) -> ProposedRule | None:
    entries = []
    for one in profiles:
        analyte = one.heading.analyte
        if analyte is None or not one.mostly(one.numbers + one.with_unit, 0.5):
            continue
        entry = [
            constant_line("analyte", analyte.name),
            column_line("value", one, f"{SURE}: heading names the analyte"),
        ]
        if not one.mostly(one.with_unit):
            entry.append(_unit_line(one, analyte))
        if (own := _date_of(one, shared)) is not None:
            entry.append(own)
        entries.append(entry)
    if not entries:
        return None
    every_has_own = all(any(line.name == "date" for line in entry) for entry in entries)
    return ProposedRule("labs", "a column for each analyte", () if every_has_own else [shared.of_row()], entries)


def _date_of(profile: Profile, shared: Shared) -> Line | None:
    """The date of a column's own occasion; open where it has an occasion that has no date."""
    group = profile.heading.group
    if group is None or (own := shared.of_group(group)) is not None:
        return None if group is None else own
    if group == BASELINE or shared.occasions:
        return Line("date", quoted(OPEN), f"open: no column gives the date of {group}")
    return None


def _unit_line(profile: Profile, analyte: Analyte) -> Line:
    unit = profile.heading.unit
    if unit is not None and analyte.knows(unit):
        return constant_line("unit", unit, f"{SURE}: unit in the heading")
    fitting = [
        name
        for name, factor in analyte.factors
        if profile.middle is not None and analyte.low <= profile.middle * factor <= analyte.high
    ]
    hint = f"; numbers around {profile.middle:g} may be {', '.join(fitting[:_MOST_UNITS])}" if fitting else ""
    return Line("unit", f"{{constant: {quoted(OPEN)}}}", f"open: the heading names no unit{hint}")


def _grouped_cycles(profiles: Sequence[Profile], shared: Shared) -> ProposedRule | None:
    """A rule for columns such as `cycle1_date`, `cycle1_gbq`: an entry for each cycle."""
    numbers = sorted(
        {
            (one.heading.number, one.heading.group)
            for one in profiles
            if one.heading.number is not None
            and one.heading.group is not None
            and (one.heading.fact or "").startswith("cycles.")
        }
    )
    entries = []
    for number, group in numbers:
        own = {one.heading.fact: one for one in profiles if one.heading.group == group}
        date = shared.of_group(group, "administered_date")
        entry = [
            constant_line("cycle", number),
            date or Line("administered_date", quoted(OPEN), f"open: no date of {group}"),
        ]
        entry += [_activity(name, own[f"cycles.{name}"]) for name in _CYCLE_ACTIVITIES if f"cycles.{name}" in own]
        entries.append(entry)
    if not entries:
        return None
    return ProposedRule("cycles", "columns for each cycle", [_radioligand(None)], entries)


_CYCLE_ACTIVITIES = ("administered_mbq", "residual_mbq")


def _listed_cycles(facts: Mapping[str, Profile], shared: Shared) -> ProposedRule | None:
    activity = facts.get("cycles.administered_mbq")
    if activity is None or ("cycles.cycle" not in facts and activity.heading.unit not in _ACTIVITIES):
        return None
    date = facts.get("cycles.administered_date")
    columns = [
        shared.of_row("administered_date") if date is None else date_line("administered_date", date, _WORDS),
        column_line("cycle", facts["cycles.cycle"], _WORDS)
        if "cycles.cycle" in facts
        else Line("cycle", quoted(OPEN), "open: no heading names the number of the cycle"),
        *(_activity(name, facts[f"cycles.{name}"]) for name in _CYCLE_ACTIVITIES if f"cycles.{name}" in facts),
        _radioligand(facts.get("cycles.agent")),
    ]
    return ProposedRule("cycles", "a cycle in each row", columns)


def _activity(name: str, profile: Profile) -> Line:
    unit = profile.heading.unit
    if unit in _ACTIVITIES:
        said = f"{{column: {quoted(profile.column)}, unit: {unit}}}"
        return Line(name, said, f"{SURE}: heading and its unit", profile.column)
    hint = "" if profile.middle is None else f"; numbers around {profile.middle:g}"
    said = f"{{column: {quoted(profile.column)}, unit: {quoted(OPEN)}}}"
    return Line(name, said, f"open: GBq or MBq? the heading names no unit{hint}", profile.column)


def _radioligand(profile: Profile | None) -> Line:
    allowed = CYCLES.by_name["agent"].codes or ()
    if profile is None:
        return Line("agent", f"{{constant: {quoted(OPEN)}}}", f"open: one of {', '.join(allowed)}")
    codes: dict[str, str | None] = {}
    for word in profile.words:
        drug = drug_named(word)
        codes[word] = word if word in allowed else drug.name if drug is not None and drug.name in allowed else None
    return coded_line("agent", profile, codes, f"{LIKELY}: heading and words of the vocabulary")


def _vitals(profiles: Sequence[Profile], shared: Shared) -> ProposedRule | None:
    entries = []
    for one in profiles:
        if one.heading.fact not in _MEASURES or not one.mostly(one.numbers) or one.middle is None:
            continue
        measure = one.heading.fact.removeprefix("vitals.")
        entry = [constant_line("measure", measure), _measured(one, measure)]
        if (own := _date_of(one, shared)) is not None:
            entry.append(own)
        entries.append(entry)
    return ProposedRule("vitals", "measures of the body", [shared.of_row()], entries) if entries else None


def _measured(profile: Profile, measure: str) -> Line:
    assert profile.middle is not None
    low, high = _MEASURES[f"vitals.{measure}"]
    unit = profile.heading.unit
    if unit in ("kg", "g", "cm", "m"):
        return Line(
            "value",
            f"{{column: {quoted(profile.column)}, unit: {unit}}}",
            f"{SURE}: heading and its unit",
            profile.column,
        )
    if low <= profile.middle <= high:
        own = measure.rsplit("_", 1)[-1] if measure in ("weight_kg", "height_cm") else "its scale"
        return column_line("value", profile, f"{LIKELY}: numbers around {profile.middle:g} are taken as {own}")
    said = f"{{column: {quoted(profile.column)}, unit: {quoted(OPEN)}}}"
    return Line("value", said, f"open: in what unit are numbers around {profile.middle:g}?", profile.column)


def _treatments(facts: Mapping[str, Profile]) -> ProposedRule | None:
    agent = facts.get("treatments.agent")
    if agent is None or agent.drugs * 3 < agent.seen:
        return None
    columns = [column_line("agent", agent, f"{SURE}: heading; {agent.drugs} of {agent.seen} cells name known drugs")]
    columns += [
        date_line(name, facts[f"treatments.{name}"], _WORDS)
        for name in ("begin_date", "end_date")
        if f"treatments.{name}" in facts
    ]
    if (reason := facts.get("treatments.stop_reason")) is not None:
        columns.append(_coded("stop_reason", reason))
    return ProposedRule("treatments", "a treatment in each row", columns)


def _coded(name: str, profile: Profile) -> Line:
    words = [word for word in profile.words if word not in profile.unknown]
    return coded_line(name, profile, {word: code_of_word(name, word) for word in words}, f"{LIKELY}: heading")


def _questionnaires(profiles: Sequence[Profile], shared: Shared) -> ProposedRule | None:
    items = [one for one in profiles if one.heading.item is not None and one.mostly(one.numbers)]
    if len(items) < _FEWEST_ITEMS:
        return None
    fitting = instruments_of_items(frozenset(str(one.heading.item) for one in items))
    if len(fitting) == 1:
        instrument = constant_line("instrument", fitting[0].name, f"{SURE}: only it has all these items")
    else:
        why = f"open: {', '.join(one.name for one in fitting) or 'no instrument'} has all these items"
        instrument = Line("instrument", f"{{constant: {quoted(OPEN)}}}", why)
    entries = [[constant_line("item", str(one.heading.item)), column_line("answer", one, "")] for one in items]
    return ProposedRule("questionnaires", "a column for each item", [shared.of_row(), instrument], entries)


def _patients(facts: Mapping[str, Profile]) -> ProposedRule | None:
    columns = []
    if (sex := facts.get("patients.sex")) is not None:
        columns.append(_coded("sex", sex))
    for name in ("birth_date", "birth_year", "family", "given"):
        if (found := facts.get(f"patients.{name}")) is not None:
            line = date_line(name, found, _WORDS) if name in _PATIENT_DATES else column_line(name, found, _WORDS)
            columns.append(line)
    return (
        ProposedRule("patients", "names and dates of birth go to the identities file only", columns)
        if columns
        else None
    )


def _follow_up(facts: Mapping[str, Profile]) -> list[ProposedRule]:
    rules = []
    if (dead := facts.get("follow_up.dead")) is not None:
        columns = [constant_line("status", "dead"), date_line("date", dead, _WORDS), constant_line("basis", "record")]
        if (cause := facts.get("follow_up.cause")) is not None:
            columns.append(_coded("cause", cause))
        rules.append(ProposedRule("follow_up", "deaths", columns, only_with="date"))
    if (alive := facts.get("follow_up.alive")) is not None:
        columns = [
            constant_line("status", "alive"),
            date_line("date", alive, _WORDS),
            constant_line("basis", "contact"),
        ]
        rules.append(ProposedRule("follow_up", "last known alive", columns))
    return rules


def _diagnoses(facts: Mapping[str, Profile]) -> list[ProposedRule]:
    rules = []
    known = [name for name in ("gleason_sum", "t", "n", "m") if f"diagnoses.{name}" in facts]
    how = constant_line("method", "physician", f"{LIKELY}: as a person recorded it; code, registry or text otherwise")
    if "diagnoses.initial" in facts or known:
        columns = [constant_line("milestone", "initial"), how]
        if (initial := facts.get("diagnoses.initial")) is not None:
            columns.append(date_line("date", initial, _WORDS))
        columns += [column_line(name, facts[f"diagnoses.{name}"], _WORDS) for name in known]
        rules.append(ProposedRule("diagnoses", "the first diagnosis", columns))
    if (mcrpc := facts.get("diagnoses.mcrpc")) is not None and mcrpc.mostly(mcrpc.dates):
        rules.append(
            ProposedRule(
                "diagnoses",
                "castration resistance",
                [constant_line("milestone", "mcrpc"), how, date_line("date", mcrpc, _WORDS)],
            )
        )
    return rules
