"""A mapping proposed from a project's dictionary and data: each line with its reason, what is unsure left open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lutrace.core import Row, UnusableInputError
from lutrace.ehr.mapping import OPEN
from lutrace.ehr.mapping_columns import Profile, profile_of
from lutrace.ehr.mapping_headings import Heading, parse_heading, resembles
from lutrace.ehr.mapping_proposed_lines import Line, ProposedRule, Shared, quoted
from lutrace.ehr.mapping_proposed_rules import propose_rules
from lutrace.ehr.redcap_dictionary import Dictionary, Field
from lutrace.ehr.redcap_forms import find_entries
from lutrace.ehr.redcap_project import Project
from lutrace.tables import CYCLES
from lutrace.terms import drugs_in_text, headings

_SAMPLE_DATE, _SAMPLE_NUMBER = "2020-02-20", "1"
"""What stands for a field that nobody has filled yet, so that its kind is known."""
_UNUSED = ("descriptive", "file", "checkbox")


@dataclass
class _Page:
    """Lines of the file, each with what explains it; a rule names the form of its entries."""

    form: str = ""
    lines: list[str] = field(default_factory=list)

    def put(self, line: str, why: str = "") -> None:
        self.lines.append(f"{line}  # {why}" if why else line)
        if line.startswith("  - table:"):
            self.lines.append(f"    sheet: {self.form}")


def propose_redcap_mapping(project: Project) -> str:
    """The text of a mapping for a project, to be read and settled by a person; lines with `?` are open.

    Choices stand by their codes, with what their labels mean; a form without a known field has no rule.
    """
    dictionary = project.dictionary
    filled = _cells(project)
    page = _Page()
    page.put(
        f"# Proposed from the data dictionary ({len(dictionary.fields)} fields). Read every line; settle each {OPEN}."
    )
    page.put("source: REDCap project")
    if project.missing:
        page.put(f"missing: [{', '.join(map(quoted, project.missing))}]", "sure: missing data codes of the project")
    identifier, why = _identifier(dictionary)
    page.put(f"patient_id: {identifier}", why)
    page.put("rules:")
    n_before = len(page.lines)
    read = {dictionary.record_field, identifier}
    profiles = {form: _profiles(dictionary, form, filled) for form in dictionary.forms}
    for form, known in profiles.items():
        page.form = form
        others = [one for one in known if one.column not in read]
        for rule in _with_radioligand(propose_rules(others, Shared.of(others)), dictionary, form):
            coded = _by_code(rule, dictionary)
            coded.put(page.put)
            read |= coded.reads()
    if len(page.lines) == n_before:
        raise UnusableInputError(
            "data dictionary: no field is known here; write the mapping by hand (docs/how-to/redcap.md)"
        )
    _put_letters(page, dictionary)
    _put_rest(page, dictionary, {one.column: one.heading for known in profiles.values() for one in known}, read)
    return "\n".join(page.lines) + "\n"


def _cells(project: Project) -> dict[str, list[str]]:
    """The filled cells of each field, choices by label."""
    dictionary = project.dictionary
    found: dict[str, list[str]] = {one.name: [] for one in dictionary.fields}
    for export in project.exports:
        for row in export.rows:
            for entry in find_entries(row, dictionary, project.missing)[0]:
                for name, text in entry.cells.items():
                    known = dictionary.by_name.get(name)
                    if text is not None and known is not None:
                        found[name].append(known.choices.get(text, text))
    return found


def _profiles(dictionary: Dictionary, form: str, filled: dict[str, list[str]]) -> list[Profile]:
    fields = [one for one in dictionary.fields if one.form == form and one.type not in _UNUSED]
    return [_profile(one, filled[one.name]) for one in fields]


def _profile(known: Field, cells: Sequence[str]) -> Profile:
    """The look of a field: its kind as the dictionary says, its words those of its choices."""
    if known.choices and known.type not in ("yesno", "truefalse"):
        cells = list(known.choices.values())
    elif not cells:
        cells = [_SAMPLE_DATE] if known.date_order else [_SAMPLE_NUMBER] if known.is_number else []
    records: list[tuple[int, Row]] = [(number, {known.name: cell}) for number, cell in enumerate(cells, start=1)]
    return replace(profile_of(known.name, records), heading=_heading(known))


def _heading(known: Field) -> Heading:
    """What label, note and name of a field say, the first that says something."""
    label = known.label or known.name
    texts = (f"{label} ({known.note})" if known.note else label, label, known.name, known.name.replace("_", " "))
    parsed = [parse_heading(text) for text in texts]
    best = next((one for one in parsed if one.analyte or one.fact or one.item), parsed[0])
    return replace(best, column=known.name)


def _identifier(dictionary: Dictionary) -> tuple[str, str]:
    named = [one for one in dictionary.fields if one.is_identifier and _heading(one).words in headings().identifier]
    if named:
        return named[0].name, f"likely: flagged as an identifier and labelled as one; else {dictionary.record_field}"
    return (
        dictionary.record_field,
        "likely: the record's own name; name the field of the hospital's number, if there is one",
    )


def _with_radioligand(rules: Sequence[ProposedRule], dictionary: Dictionary, form: str) -> list[ProposedRule]:
    """The rules of a form; where it is of cycles, a choice that names radioligands is their agent and no treatment."""
    agents = CYCLES.by_name["agent"].codes or ()
    for known in dictionary.fields:
        named = {label: drugs_in_text(label) for label in known.choices.values()} if known.form == form else {}
        meant = {label: found[0].name for label, found in named.items() if len(found) == 1 and found[0].name in agents}
        if not meant or not any(rule.table == CYCLES.name for rule in rules):
            continue
        said = ", ".join(f"{quoted(label)}: {quoted(meant.get(label, OPEN))}" for label in known.choices.values())
        line = Line(
            "agent", f"{{column: {quoted(known.name)}, values: {{{said}}}}}", "sure: names radioligands", known.name
        )
        kept = [rule for rule in rules if known.name not in rule.reads() or rule.table == CYCLES.name]
        return [
            replace(rule, columns=[line if one.name == "agent" else one for one in rule.columns])
            if rule.table == CYCLES.name
            else rule
            for rule in kept
        ]
    return list(rules)


def _by_code(rule: ProposedRule, dictionary: Dictionary) -> ProposedRule:
    """The rule with the codes of choices in the place of their labels."""

    def coded(line: Line) -> Line:
        known = dictionary.by_name.get(line.reads or "")
        said = line.said
        for code, label in (known.choices if known is not None else {}).items():
            said = said.replace(f"{quoted(label)}: ", f"{quoted(code)}: ")
        return replace(line, said=said)

    where = rule.where
    if where is not None:
        codes = {label: code for code, label in dictionary.by_name[where[0]].choices.items()}
        where = (where[0], [codes.get(word, word) for word in where[1]])
    each = [[coded(line) for line in entry] for entry in rule.each]
    return replace(rule, columns=[coded(line) for line in rule.columns], each=each, where=where)


def _put_letters(page: _Page, dictionary: Dictionary) -> None:
    """Fields of free text, as lines to take out of the comment where they are letters."""
    texts = [one for one in dictionary.fields if one.type == "notes"]
    if texts:
        page.put("# letters:  # take # away for fields that hold letters; date and language where they are known")
    for one in texts:
        page.put(f"#  - {{text: {one.name}, language: de}}", one.label)


def _put_rest(page: _Page, dictionary: Dictionary, known: dict[str, Heading], read: set[str]) -> None:
    left = [one for one in dictionary.fields if one.name not in read and one.type not in ("descriptive", "file")]
    if left:
        page.put("not_read:")
    for one in left:
        meant = resembles(known[one.name]) if one.name in known else None
        for column, code in one.columns.items():
            if meant is not None:
                page.put(f'  {column}: "{OPEN}"', f"open: may be {meant}; write a rule, or why it is not read")
            else:
                label = one.label if code is None else f"{one.label}: {one.choices[code]}"
                page.put(f"  {column}: {quoted(f'not known here: {label}')}")
