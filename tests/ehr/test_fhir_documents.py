"""Texts inside FHIR become letters; what is no text that is read is counted, never lost. All synthetic."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lutrace.ehr import RecordBatch, read_fhir

Resource = dict[str, Any]
ReadBundle = Callable[..., RecordBatch]

WORDS = "Kein Anhalt für Lebermetastasen.\nGleason 4+3=7."


def attachment(words: str = WORDS, kind: str = "text/plain; charset=UTF-8", **more: Any) -> Resource:
    charset = kind.partition("charset=")[2] or "utf-8"
    return {"contentType": kind, "data": base64.b64encode(words.encode(charset)).decode(), **more}


@pytest.fixture
def document(subject: Resource) -> Callable[..., Resource]:
    """A DocumentReference with these attachments."""

    def make(*attachments: Resource, **more: Any) -> Resource:
        return {
            "resourceType": "DocumentReference",
            "id": "doc",
            "status": "current",
            "type": {"coding": [{"system": "http://loinc.org", "code": "11490-0", "display": "Discharge letter"}]},
            "subject": subject,
            "date": "2023-06-02T10:00:00+02:00",
            "content": [{"attachment": one} for one in attachments],
            **more,
        }

    return make


def test_a_text_keeps_its_words_day_language_kind_and_patient(
    read_bundle: ReadBundle, patient: Resource, document: Callable[..., Resource]
) -> None:
    (letter,) = read_bundle(patient, document(attachment(language="de-DE", creation="2023-06-01"))).letters

    assert (letter.text, letter.patient_id, letter.date) == (WORDS, "SYN-0001", "2023-06-01")
    assert (letter.language, letter.kind, letter.source_locator) == ("de", "Discharge letter", "entry[1]")


def test_a_letter_keeps_its_key_when_its_words_change(
    read_bundle: ReadBundle, patient: Resource, document: Callable[..., Resource]
) -> None:
    keys = {read_bundle(patient, document(attachment(words))).letters[0].key for words in ("one", "two")}

    assert len(keys) == 1 and "doc" not in keys.pop()


@pytest.mark.parametrize("kind", ["text/html", "application/xhtml+xml; charset=ISO-8859-1"])
def test_html_is_read_as_words_without_its_head_and_scripts(
    read_bundle: ReadBundle, patient: Resource, document: Callable[..., Resource], kind: str
) -> None:
    html = (
        "<html><head><title>T</title><style>p{}</style></head><body><h1>Befund</h1><p>Größe&nbsp;&lt; 2&#160;cm,"
        "<br/>ossäre <b>Meta</b>stasen</p><script>x()</script><table><tr><td>PSA</td><td>12</td></tr></table></body>"
        "</html>"
    )
    (letter,) = read_bundle(patient, document(attachment(html, kind))).letters

    lines = [line for line in letter.text.splitlines() if line]
    assert lines == ["Befund", "Größe < 2 cm,", "ossäre Metastasen", "PSA 12"]


def test_of_several_formats_of_one_document_one_is_read(
    read_bundle: ReadBundle, patient: Resource, document: Callable[..., Resource]
) -> None:
    formats = [attachment("x", "application/pdf"), attachment("<p>marked</p>", "text/html"), attachment("plain")]

    batch = read_bundle(patient, document(*formats))

    assert [letter.text for letter in batch.letters] == ["plain"] and batch.unread == {}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"contentType": "application/pdf", "data": "JVBERi0="}, "application/pdf: not read"),
        ({"data": "JVBERi0="}, "no content type: not read"),
        ({"contentType": "text/plain", "url": "https://elsewhere/letter.txt"}, "text at an address outside the export"),
        ({"contentType": "text/plain", "data": ""}, "text/plain: not read"),
        (None, "no text"),
    ],
)
def test_what_is_not_read_is_counted_by_its_kind(
    read_bundle: ReadBundle,
    patient: Resource,
    document: Callable[..., Resource],
    given: Resource | None,
    reason: str,
) -> None:
    batch = read_bundle(patient, document(*([given] if given is not None else [])))

    assert batch.letters == () and batch.unread == {f"DocumentReference ({reason})": 1}


@pytest.mark.parametrize("broken", [{"data": "###"}, {"contentType": "text/plain; charset=ascii"}])
def test_a_text_that_cannot_be_decoded_is_a_fault_without_its_words(
    read_bundle: ReadBundle, patient: Resource, document: Callable[..., Resource], broken: Resource
) -> None:
    (fault,) = read_bundle(patient, document(attachment() | broken)).faults

    assert fault.table == "text_findings" and "no base64 of a text" in fault.rule
    assert "Leber" not in json.dumps([fault.rule, fault.remedy, fault.row])


def test_the_text_may_be_a_binary_of_the_export_in_another_file(
    tmp_path: Path, patient: Resource, document: Callable[..., Resource]
) -> None:
    named = document({"contentType": "text/plain", "url": "Binary/b1", "language": "en"})
    binary = {"resourceType": "Binary", "id": "b1", **attachment()}
    alone = {"resourceType": "Binary", "id": "b2", **attachment("nobody's")}
    for name, resources in (("Binary", [binary, alone]), ("DocumentReference", [named]), ("Patient", [patient])):
        lines = "\n".join(json.dumps(one) for one in resources)
        (tmp_path / f"{name}.ndjson").write_text(lines, encoding="utf-8")

    first, second, _ = read_fhir(tmp_path)

    (letter,) = first.letters
    assert (letter.text, letter.language, letter.date, letter.source_locator) == (WORDS, "en", "2023-06-02", "line 1")
    assert first.unread == {"Binary (no document that is read names it)": 1}
    assert second.letters == () and second.unread == {}


def test_a_report_gives_its_form_and_a_conclusion_that_the_form_does_not_hold(
    read_bundle: ReadBundle, patient: Resource, subject: Resource
) -> None:
    report = {
        "resourceType": "DiagnosticReport",
        "id": "report",
        "status": "final",
        "code": {"text": "PSMA PET/CT"},
        "subject": subject,
        "effectiveDateTime": "2023-05",
        "presentedForm": [attachment("Multiple bone metastases.")],
    }
    texts = [
        read_bundle(patient, report | {"conclusion": words}).letters[0].text
        for words in ("Progression.", "Multiple bone metastases.")
    ]

    assert texts == ["Multiple bone metastases.\n\nProgression.", "Multiple bone metastases."]
    assert read_bundle(patient, report).letters[0].date == "2023-05"


@pytest.mark.parametrize(("status", "letters"), [("additional", ["Sehr müde."]), ("generated", [])])
def test_a_narrative_counts_only_where_it_says_more_than_the_elements(
    read_bundle: ReadBundle, patient: Resource, document: Callable[..., Resource], status: str, letters: list[str]
) -> None:
    told = {"status": status, "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Sehr müde.</p></div>'}

    assert [letter.text for letter in read_bundle(patient, document(text=told)).letters] == letters


def test_sections_of_a_composition_stand_under_their_titles(
    read_bundle: ReadBundle, patient: Resource, subject: Resource
) -> None:
    def section(title: str, words: str, *inside: Resource) -> Resource:
        return {"title": title, "text": {"status": "generated", "div": f"<div>{words}</div>"}, "section": list(inside)}

    composition = {
        "resourceType": "Composition",
        "status": "final",
        "type": {"text": "Arztbrief"},
        "subject": subject,
        "date": "2023-06-02",
        "section": [section("Diagnosen", "Prostatakarzinom", section("Metastasen", "Knochen"))],
    }
    (letter,) = read_bundle(patient, composition).letters

    assert letter.text == "Diagnosen:\nProstatakarzinom\n\nMetastasen:\nKnochen"


def test_a_tumour_board_gives_its_words_and_its_plan_is_counted(
    read_bundle: ReadBundle, patient: Resource, subject: Resource
) -> None:
    plan = {
        "resourceType": "CarePlan",
        "id": "board",
        "status": "completed",
        "intent": "plan",
        "category": [{"text": "Tumorkonferenz"}],
        "subject": subject,
        "created": "2024-01-11",
        "activity": [{"detail": {"status": "scheduled", "description": "177Lu-PSMA empfohlen"}}],
        "note": [{"text": "Progress unter Enzalutamid."}],
    }
    batch = read_bundle(patient, plan)

    (letter,) = batch.letters
    assert (letter.kind, letter.date) == ("Tumorkonferenz", "2024-01-11")
    assert letter.text == "Progress unter Enzalutamid.\n177Lu-PSMA empfohlen"
    assert "cycles" not in batch.rows and batch.unread == {"CarePlan (a plan: only its words are read)": 1}


@pytest.mark.parametrize("more", [{"status": "entered-in-error"}, {"docStatus": "entered-in-error"}])
def test_a_document_entered_in_error_gives_no_letter(
    read_bundle: ReadBundle, patient: Resource, document: Callable[..., Resource], more: Resource
) -> None:
    batch = read_bundle(patient, document(attachment(), **more))

    assert batch.letters == () and batch.unread == {"DocumentReference (entered-in-error)": 1}


def related(document: Callable[..., Resource], name: str, code: str, target: str, **more: Any) -> Resource:
    relation = {"code": code, "target": {"reference": f"DocumentReference/{target}"}}
    return document(more.pop("given", None) or attachment(f"words of {name}"), id=name, relatesTo=[relation], **more)


@pytest.mark.parametrize(
    ("code", "more", "words", "unread"),
    [
        ("replaces", {}, ["b"], "a document of the export replaces it"),
        ("transforms", {}, ["b"], "a document of the export is its copy in another format"),
        ("appends", {}, ["a", "b"], None),
        ("signs", {}, ["a", "b"], None),
        ("transforms", {"given": {"contentType": "application/pdf", "data": "JVBERi0="}}, ["a"], None),
        ("transforms", {"status": "superseded"}, ["a"], None),
        ("replaces", {"status": "entered-in-error"}, ["a"], None),
        ("replaces", {"docStatus": "entered-in-error"}, ["a"], None),
        ("replaces", {"subject": {"reference": "Patient/p2"}}, ["a", "b"], None),
    ],
)
def test_of_a_document_and_the_one_that_takes_its_place_one_letter_counts(
    read_bundle: ReadBundle,
    patient: Resource,
    document: Callable[..., Resource],
    code: str,
    more: Resource,
    words: list[str],
    unread: str | None,
) -> None:
    other = {**patient, "id": "p2", "identifier": [{**patient["identifier"][1], "value": "SYN-0002"}]}
    newer = related(document, "b", code, "a", **more)

    batch = read_bundle(patient, other, newer, document(attachment("words of a"), id="a"))

    assert sorted(letter.text for letter in batch.letters) == [f"words of {name}" for name in words]
    assert batch.unread.get(f"DocumentReference ({unread})", 0) == (unread is not None)


def test_of_a_chain_of_replacements_the_last_counts_and_of_a_circle_all(
    read_bundle: ReadBundle, patient: Resource, document: Callable[..., Resource]
) -> None:
    first = document(attachment("words of a"), id="a")
    second = related(document, "b", "replaces", "a", status="superseded")
    chain = [first, second, related(document, "c", "replaces", "b")]
    circle = [related(document, "a", "replaces", "b"), related(document, "b", "replaces", "a")]

    chained, circled = read_bundle(patient, *chain), read_bundle(patient, *circle)

    assert [letter.text for letter in chained.letters] == ["words of c"]
    assert chained.unread == {
        "DocumentReference (a document of the export replaces it)": 1,
        "DocumentReference (superseded)": 1,
    }
    assert [letter.text for letter in circled.letters] == ["words of a", "words of b"]


@pytest.mark.parametrize("gone", ["superseded", "entered-in-error", "replaced"])
def test_the_binary_of_a_document_that_does_not_count_gives_no_letter(
    read_bundle: ReadBundle, patient: Resource, document: Callable[..., Resource], gone: str
) -> None:
    named = document({"contentType": "text/plain", "url": "Binary/b1"}, id="a")
    others = [related(document, "b", "replaces", "a")] if gone == "replaced" else []
    named |= {"status": gone} if gone != "replaced" else {}

    batch = read_bundle(patient, named, {"resourceType": "Binary", "id": "b1", **attachment("old")}, *others)

    assert [letter.text for letter in batch.letters] == ["words of b"] * len(others)
    assert batch.unread["Binary (no document that is read names it)"] == 1


def test_a_composition_that_replaces_another_counts_alone(
    read_bundle: ReadBundle, patient: Resource, subject: Resource
) -> None:
    def composition(name: str, **more: Any) -> Resource:
        section = {"title": "T", "text": {"status": "generated", "div": f"<div>{name}</div>"}}
        about = {"type": {"text": "Brief"}, "date": "2023-06-02", "subject": subject}
        return {"resourceType": "Composition", "id": name, "status": "final", **about, "section": [section], **more}

    relation = {"code": "replaces", "targetReference": {"reference": "Composition/old"}}
    batch = read_bundle(patient, composition("old"), composition("new", relatesTo=[relation]))

    assert [letter.text for letter in batch.letters] == ["T:\nnew"]
    assert batch.unread == {"Composition (a document of the export replaces it)": 1}
