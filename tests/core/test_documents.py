from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest

from lutrace.core import (
    Field,
    FrozenModel,
    ProtocolError,
    convert,
    digest_of,
    parse_document,
    parse_quantity,
    read_document,
)


class Wanted(FrozenModel):
    name: str
    numbers: list[int]


def test_each_fault_names_its_line() -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_document("name: a\nnumbers:\n  - 1\n  - b\nother: 3\n", "study.yaml", Wanted)
    assert "study.yaml, line 4, numbers.1" in str(caught.value)
    assert "study.yaml, line 5, other" in str(caught.value)


def test_a_key_that_stands_twice_is_refused() -> None:
    with pytest.raises(ProtocolError, match="line 2"):
        parse_document("name: a\nname: b\nnumbers: []\n", "study.yaml", Wanted)


def test_a_quantity_needs_its_unit() -> None:
    assert parse_quantity("6 weeks", "day") == 42
    with pytest.raises(Exception, match="a number and a unit"):
        parse_quantity("6", "day")


def test_units_of_different_kind_are_not_converted() -> None:
    assert convert(1, "GBq", "Bq") == 1e9
    with pytest.raises(Exception, match="cannot express"):
        convert(1, "GBq", "kg")


def test_the_order_of_keys_does_not_change_a_digest() -> None:
    assert digest_of({"a": 1, "b": [2, 3]}) == digest_of({"b": [2, 3], "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})


class Round(FrozenModel):
    kind: Literal["round"]
    radius_mm: float = Field(gt=0)


class Square(FrozenModel):
    kind: Literal["square"]
    side_mm: float


class Plan(FrozenModel):
    title: str
    colour: Literal["red", "blue"] = "red"
    shapes: tuple[Annotated[Round | Square, Field(discriminator="kind")], ...] = Field(default=(), min_length=1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("titel: a\n", "p.yaml, line 1, titel: there is no such key here; did you mean title?"),
        ("zzz: a\n", "there is no such key here; expected title, colour, shapes"),
        ("colour: red\n", "title: is missing; add it"),
        ("title: [a]\n", "title: expected text, got a list of 1"),
        ("title: a\ncolour: bleu\n", "line 2, colour: expected one of red, blue, got 'bleu'; did you mean blue?"),
        ("title: a\nshapes: []\n", "shapes: expected at least 1 entries, got a list of 0"),
        ("title: a\nshapes:\n - {kind: rund}\n", "expected kind to be one of round, square, got 'rund'; did you mean"),
        ("title: a\nshapes:\n - {side_mm: 2}\n", "shapes.0: kind is missing"),
        (
            "title: a\nshapes:\n - kind: square\n   side_mm: wide\n",
            "line 4, shapes.0.square.side_mm: expected a number",
        ),
        ("title: a\nshapes:\n - {kind: round, radius_mm: -1}\n", "expected a number above 0.0, got -1"),
        ("title: a\nshapes:\n - {kind: square, radius_mm: 1}\n", "no such key here; expected kind, side_mm"),
        ("- a\n", "document: expected keys with values, got a list of 1"),
        ("title: [a\n", "no readable YAML"),
        ("title: a\ntitle: b\n", 'duplicate key "title"; keep one of the two'),
    ],
)
def test_a_fault_says_what_was_expected_and_what_was_meant(text: str, words: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_document(text, "p.yaml", Plan)
    said = str(caught.value)
    assert words in said
    for jargon in ("Input should", "Value error", "Extra inputs", "Field required", "Input tag"):
        assert jargon not in said


def test_a_folder_in_the_place_of_a_document_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match="is a folder, expected a YAML file; name the file itself"):
        read_document(tmp_path, Plan)
    (tmp_path / "latin.yaml").write_bytes("title: Universitätsklinik\n".encode("latin-1"))
    with pytest.raises(ProtocolError, match=r"latin\.yaml: not UTF-8 text"):
        read_document(tmp_path / "latin.yaml", Plan)
