"""All that a report says, as text, before anything is written: for checks of its numbers against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lutrace.core import Row
from lutrace.report.composition import compose_table
from lutrace.report.contents import ReportInput, TableSpec
from lutrace.report.evidence import index_evidence
from lutrace.report.material import Material
from lutrace.report.text_table import TextTable


@dataclass(frozen=True)
class ReportTexts:
    """The tables of a report as texts, and its prose: where it stands and what it says."""

    tables: tuple[TextTable, ...]
    prose: tuple[tuple[str, str], ...]


def compose_report_texts(report_input: ReportInput, released: Mapping[str, Sequence[Row]]) -> ReportTexts:
    """The tables made of the rows that may leave, and the paragraphs, key numbers and abstract of the report."""
    spec = report_input.spec
    index = index_evidence((), {}, labels=spec.labels, values_of=spec.values_of)
    material = Material(released, spec.labels, index, report_input.notices)
    items = [item for section in spec.sections for item in section.items]
    tables = tuple(compose_table(item, material) for item in items if isinstance(item, TableSpec))
    prose = [(section.title, text) for section in spec.sections for text in section.text]
    prose += [("methods", text) for text in spec.methods]
    prose += [("key numbers", f"{key.label}: {key.value} ({key.detail})") for key in spec.key_numbers]
    prose += [(f"abstract, {heading}", text) for heading, text in spec.abstract]
    return ReportTexts(tables, tuple(prose))
