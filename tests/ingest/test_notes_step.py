"""Letters into a registry: told apart, kept in the identities file, read anew when they change."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path
from typing import Any

import pytest

from lutrace.core import Row, TableError, UnusableInputError, write_rows
from lutrace.ingest import run_add_notes, run_check, run_init
from lutrace.notes import read_text
from lutrace.registry import Registry
from lutrace.tables import TEXT_FINDINGS

LETTERS: list[Row] = [
    {
        "note_id": "a",
        "patient_id": "4711",
        "date": "2022-06-01",
        "text": "Lebermetastasen. Kein Anhalt für Hirnmetastasen.",
    },
    {"note_id": "b", "patient_id": "4712", "date": "2022-06", "text": "Herr Muster: Bone metastases. ECOG 1."},
]

RTF = rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}Kein Anhalt f\'fcr Hirnmetastasen.\par}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    run_init(tmp_path / "registry")
    return tmp_path / "registry"


def add(folder: Path, letters: list[Row], name: str = "letters.csv") -> Any:
    path = folder.parent / name
    write_rows(path, letters)
    return run_add_notes(folder, [path])


def findings(folder: Path, **equal: Any) -> list[Row]:
    with Registry.open(folder, write=False) as registry:
        return registry.rows(TEXT_FINDINGS, **equal)


def facts(folder: Path) -> set[tuple[str, str, bool]]:
    return {(row["fact"], row["value"], row["negated"]) for row in findings(folder)}


def test_findings_carry_pseudonyms_assertions_and_their_proposer(folder: Path) -> None:
    result = add(folder, LETTERS)
    assert (result.added, result.quarantined) == (4, 0)
    assert facts(folder) == {
        ("metastasis_site", "liver", False),
        ("metastasis_site", "brain", True),
        ("metastasis_site", "bone", False),
        ("ecog", "1", False),
    }
    (brain,) = (row for row in findings(folder) if row["value"] == "brain")
    assert (brain["proposer"], brain["reviewed"], brain["confidence"], brain["other_person"]) == (
        "rules",
        False,
        "high",
        False,
    )
    assert (brain["rule"], brain["note_date"], brain["source_locator"]) == (
        "kein* anhalt fuer; kein* ... anhalt fuer",
        dt.date(2022, 6, 1),
        "row 2",
    )
    assert brain["note_id"].startswith("N-") and brain["patient_id"].startswith("P-")
    (ecog,) = (row for row in findings(folder) if row["fact"] == "ecog")
    assert (ecog["note_date"], ecog["note_date_precision"]) == (dt.date(2022, 6, 1), "month")


def test_adding_letters_twice_changes_nothing(folder: Path) -> None:
    add(folder, LETTERS)
    again = add(folder, LETTERS)
    assert (again.added, again.updated, again.unchanged) == (0, 0, 0)
    assert any(line.startswith("letters: 2 unchanged") for line in again.warnings)


def test_the_words_of_a_letter_stand_in_the_identities_file_only(folder: Path) -> None:
    add(folder, LETTERS)
    with Registry.open(folder, write=False) as registry:
        registry.freeze()
        held = registry.letters()
    assert {one.text for one in held.values()} == {row["text"] for row in LETTERS}
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "identities.duckdb":
            content = path.read_bytes()
            assert b"Herr Muster" not in content and b"4711" not in content, path.name


def test_a_changed_letter_replaces_its_findings(folder: Path) -> None:
    add(folder, LETTERS)
    changed = [{**LETTERS[0], "text": "Lungenmetastasen. Kein Anhalt für Hirnmetastasen."}, LETTERS[1]]
    result = add(folder, changed, "newer.csv")
    assert any(line.startswith("letters: 1 changed, 1 unchanged") for line in result.warnings)
    assert ("metastasis_site", "lung", False) in facts(folder)
    assert ("metastasis_site", "liver", False) not in facts(folder)


def test_the_older_file_read_again_does_not_bring_the_older_letter_back(folder: Path) -> None:
    add(folder, LETTERS)
    add(folder, [{**LETTERS[0], "text": "Lungenmetastasen."}], "newer.csv")
    add(folder, LETTERS)
    assert ("metastasis_site", "lung", False) in facts(folder)
    assert ("metastasis_site", "liver", False) not in facts(folder)


def review(folder: Path, row_id: str, act: str) -> None:
    with Registry.open(folder, write=True) as registry:
        (row,) = registry.rows(TEXT_FINDINGS, row_id=row_id)
        registry.append_review(
            {
                "patient_id": row["patient_id"],
                "table": "text_findings",
                "target_row_id": row_id,
                "act": act,
                "made_by": registry.pseudonym("user", "Dr. Example"),
                "made_at": dt.datetime(2024, 1, 5, 9, 30),
            }
        )


def frozen(folder: Path) -> set[tuple[str, bool]]:
    with Registry.open(folder, write=False) as registry:
        rows = registry.freeze().table(TEXT_FINDINGS).execute().to_dict("records")
    return {(row["value"], bool(row["reviewed"])) for row in rows}


def test_a_review_follows_its_statement_when_the_letter_changes_around_it(folder: Path) -> None:
    add(folder, LETTERS)
    (liver,) = (row for row in findings(folder) if row["value"] == "liver")
    (brain,) = (row for row in findings(folder) if row["value"] == "brain")
    review(folder, liver["row_id"], "accept")
    review(folder, brain["row_id"], "reject")
    text = f"Nachtrag: ECOG 2.\n{LETTERS[0]['text']}"
    add(folder, [{**LETTERS[0], "text": text}], "newer.csv")
    assert frozen(folder) == {("liver", True), ("2", False), ("bone", False), ("1", False)}
    assert [row["check"] for row in run_check(folder)] == []


def test_a_review_of_a_statement_that_says_something_else_now_is_not_carried_over(folder: Path) -> None:
    add(folder, LETTERS)
    (liver,) = (row for row in findings(folder) if row["value"] == "liver")
    review(folder, liver["row_id"], "accept")
    add(folder, [{**LETTERS[0], "text": "Keine Lebermetastasen. Kein Anhalt für Hirnmetastasen."}], "newer.csv")
    assert ("liver", True) not in frozen(folder)
    assert [row["check"] for row in run_check(folder)] == ["review_of_a_changed_row"]


@pytest.mark.parametrize(
    ("letters", "rule"),
    [
        ([{**LETTERS[0], "patient_id": None}], "patient_id is missing"),
        ([{**LETTERS[0], "text": " "}], "text is empty"),
        ([{**LETTERS[0], "date": "in June"}], "date: expected a day"),
        ([LETTERS[0], {**LETTERS[0], "text": "Another text."}], "another text of this source has the same name"),
    ],
)
def test_what_is_no_letter_waits_in_quarantine_with_its_row(folder: Path, letters: list[Row], rule: str) -> None:
    result = add(folder, letters)
    assert result.quarantined == 1
    (told,) = run_check(folder)
    assert rule in told["found"] and "4711" not in str(told)
    assert add(folder, [LETTERS[0]]).quarantined == 0
    assert run_check(folder) == []


def test_a_letter_that_is_known_as_another_patients_is_refused(folder: Path) -> None:
    add(folder, LETTERS)
    result = add(folder, [{**LETTERS[0], "patient_id": "4799"}], "newer.csv")
    assert result.quarantined == 1
    assert "known as another patient's" in run_check(folder)[0]["found"]
    assert len(findings(folder)) == 4


def test_a_dry_run_stores_nothing(folder: Path) -> None:
    path = folder.parent / "letters.csv"
    write_rows(path, LETTERS)
    assert run_add_notes(folder, [path], dry_run=True).added == 4
    assert findings(folder) == []
    with Registry.open(folder, write=False) as registry:
        assert registry.letters() == {}


def write_docx(path: Path) -> None:
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in ("Diagnosen:", "Knochenmetastasen"))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>')


def test_a_folder_of_files_of_many_kinds_with_a_list_of_patients(folder: Path) -> None:
    letters = folder.parent / "letters"
    letters.mkdir()
    (letters / "one.txt").write_bytes("Läsionen: Lebermetastasen.".encode("cp1252"))
    (letters / "two.html").write_text("<style>p{}</style><p>ECOG&nbsp;2</p><p>Lungenmetastasen</p>", encoding="utf-8")
    (letters / "three.rtf").write_bytes(RTF)
    write_docx(letters / "four.docx")
    (letters / "scan.pdf").write_bytes(b"%PDF")
    patients = [{"file": f"{name}", "patient_id": "4711"} for name in ("one.txt", "two", "three.rtf", "four.docx")]
    write_rows(letters / "notes.csv", patients)
    result = run_add_notes(folder, [letters])
    assert any("not read: files .pdf (1 times)" in line for line in result.warnings)
    assert facts(folder) == {
        ("metastasis_site", "liver", False),
        ("metastasis_site", "lung", False),
        ("metastasis_site", "brain", True),
        ("metastasis_site", "bone", False),
        ("ecog", "2", False),
    }


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            [("latin.txt", "7700123"), ("other.txt", "3"), ("latin.txt", "7700456")],
            ["row 4: the same as row 2; name each file once, with its one patient"],
        ),
        (
            [("latin", "7700123"), ("7700999_gone.txt", "7700999"), ("latin.txt", "7700456")],
            [
                "row 3: file: no file of this folder is called so; correct the name, or take the row out",
                "row 4: the same as row 2; name each file once, with its one patient",
            ],
        ),
    ],
)
def test_a_list_that_names_a_file_twice_or_one_that_is_not_there_is_refused_by_row(
    folder: Path, rows: list[tuple[str, str]], told: list[str]
) -> None:
    letters = folder.parent / "letters"
    letters.mkdir()
    for name in ("latin.txt", "other.txt"):
        (letters / name).write_text("ECOG 1.", encoding="utf-8")
    write_rows(letters / "notes.csv", [{"file": file, "patient_id": patient} for file, patient in rows])
    with pytest.raises(TableError) as refused:
        run_add_notes(folder, [letters])
    assert str(refused.value) == f"notes.csv: {'; '.join(told)}"
    assert findings(folder) == []


def test_names_of_files_tell_patient_and_day_by_the_pattern_of_the_profile(tmp_path: Path) -> None:
    run_init(tmp_path / "registry", profile_text="letter_file_names: '(?P<patient_id>\\d+)_(?P<date>[\\d-]+)'\n")
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "4711_2023-05-17.txt").write_text("ECOG 1 vor zwei Monaten.", encoding="utf-8")
    (tmp_path / "letters" / "unnamed.txt").write_text("ECOG 1.", encoding="utf-8")
    assert run_add_notes(tmp_path / "registry", [tmp_path / "letters"]).quarantined == 1
    (row,) = findings(tmp_path / "registry")
    assert (row["note_date"], row["date"], row["date_precision"]) == (
        dt.date(2023, 5, 17),
        dt.date(2023, 3, 1),
        "month",
    )


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("a.txt", "Größe".encode("utf-16"), "Größe"),
        ("a.TXT", b"\xef\xbb\xbfabc\r\ndef", "abc\ndef"),
        ("a.htm", b'<meta charset="iso-8859-1"><body>Gr\xf6\xdfe<br>x<script>no</script></body>', "Größe\nx\n"),
        ("a.rtf", rb"{\rtf1\ansi A\u228?B\line{\*\generator none}C\'e4\endash\~D}", "AäB\nCä\u2013\u00a0D\n"),
    ],
)
def test_text_of_files(name: str, content: bytes, text: str) -> None:
    assert read_text(name, content) == text


@pytest.mark.parametrize(
    ("name", "content"), [("a.doc", b""), ("a.docx", b"no zip"), ("a.rtf", b"no rtf"), ("a.txt", b"a\0b\xff")]
)
def test_files_that_are_no_text_are_refused_without_their_name(name: str, content: bytes) -> None:
    with pytest.raises(UnusableInputError) as told:
        read_text(name, content)
    assert "a." not in str(told.value).replace("(.docx)", "").replace("(.rtf)", "")[:12]
