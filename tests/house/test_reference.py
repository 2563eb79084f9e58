"""The reference pages say what the declarations say."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["tables.md", "ctcae.md", "dispositions.md", "checks.md", "study.schema.json"])
def test_a_page_of_reference_is_what_the_declarations_give(name: str) -> None:
    spec = importlib.util.spec_from_file_location("write_reference", ROOT / "scripts" / "write_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert page == module.PAGES[name](), "run `make docs`"
