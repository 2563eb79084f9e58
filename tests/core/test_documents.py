from __future__ import annotations

import pytest

from lutrace.core import FrozenModel, ProtocolError, convert, digest_of, parse_document, parse_quantity


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
