"""Documents in FHIR as letters: DocumentReference, DiagnosticReport, Composition, CarePlan, and their Binary."""

from __future__ import annotations

from collections.abc import Iterator

from lutrace.ehr.fhir_binaries import Document, attachments_of, document_of
from lutrace.ehr.fhir_elements import Resource, child, children, text
from lutrace.ehr.fhir_output import Output
from lutrace.ehr.fhir_texts import content_type, is_text, narrative, text_of_data
from lutrace.ehr.records import Letter
from lutrace.terms import fhir_words


def read_document(document: Resource, out: Output) -> None:
    """A letter of the first text among the formats of a DocumentReference."""
    found = _text_of(document, out) or narrative(document)
    if found:
        _give(out, document_of(document, out.patient), found)
    elif not attachments_of(document):
        out.unread("no text")


def read_report_texts(report: Resource, out: Output) -> bool:
    """Whether a DiagnosticReport gives a letter: its presented form, and the conclusion unless that stands in it."""
    form, conclusion = _text_of(report, out), text(report, "conclusion") or ""
    found = "\n\n".join(part for part in (form, conclusion if conclusion not in form else "") if part)
    found = found or narrative(report)
    if found:
        _give(out, document_of(report, out.patient), found)
    return bool(found)


def read_composition(composition: Resource, out: Output) -> None:
    """A letter of the sections of a Composition, each under its title."""
    found = "\n\n".join(_sections(composition)) or narrative(composition)
    if found:
        _give(out, document_of(composition, out.patient), found)
    else:
        out.unread("no text")


def read_care_plan(plan: Resource, out: Output) -> None:
    """A letter of what a plan (of a tumour board) says in words; its codes are counted: no table holds a plan."""
    said = [text(plan, "description"), *(text(note, "text") for note in children(plan, "note"))]
    for activity in children(plan, "activity"):
        detail = child(activity, "detail")
        said.append(text(detail, "description"))
        said += [text(note, "text") for note in children(activity, "progress")]
    found = "\n".join(part for part in said if part) or narrative(plan)
    if found:
        _give(out, document_of(plan, out.patient), found)
    out.unread("a plan: only its words are read")


def read_binary(binary: Resource, out: Output) -> None:
    """The letter of a Binary that a document of the export names."""
    document = out.survey.binaries.document(out.located)
    if document is None:
        out.unread("no document that is read names it")
    elif not is_text(binary):
        out.unread(f"{fhir_words().tell_content_type(content_type(binary))}: not read")
    else:
        _give(out, document, text_of_data(binary))


def _text_of(resource: Resource, out: Output) -> str:
    """The first text among the formats of one document; when there is none, why is counted."""
    attachments = attachments_of(resource)
    for one in attachments:
        if is_text(one) and text(one, "data"):
            return text_of_data(one)
    urls = [url for one in attachments if (url := text(one, "url")) is not None]
    if any(out.survey.binaries.has(url, out.located.scope) for url in urls):
        return ""
    for one in attachments:
        if text(one, "url") and not text(one, "data") and (is_text(one) or not content_type(one)):
            out.unread("text at an address outside the export")
        else:
            out.unread(f"{fhir_words().tell_content_type(content_type(one))}: not read")
    return ""


def _sections(node: Resource) -> Iterator[str]:
    for section in children(node, "section"):
        words = narrative(section, always=True)
        if words:
            title = text(section, "title")
            yield f"{title}:\n{words}" if title is not None else words
        yield from _sections(section)


def _give(out: Output, document: Document, words: str) -> None:
    if not words:
        out.unread("an empty text")
        return
    letter = Letter(
        document.key, document.patient, words, out.located.locator, document.date, document.language, document.kind
    )
    out.collected.letters.append(letter)
