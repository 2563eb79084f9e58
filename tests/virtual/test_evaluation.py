"""The counting behind docs/methods/imaging-evaluation.md on cases counted by hand; the page against its numbers."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
HERE = ROOT / "validation" / "imaging"


@pytest.fixture(name="modules")
def _modules() -> Iterator[tuple[ModuleType, ModuleType]]:
    sys.path.insert(0, str(HERE))
    try:
        yield importlib.import_module("summarise"), importlib.import_module("tables")
    finally:
        sys.path.remove(str(HERE))
        for name in ("summarise", "tables"):
            sys.modules.pop(name, None)


def test_wilson_intervals_are_those_of_the_textbook(modules: tuple[ModuleType, ModuleType]) -> None:
    # Newcombe, Stat Med 1998;17:857, table I, method 3
    wilson = modules[0].wilson
    assert wilson(81, 263) == pytest.approx([0.3080, 0.2553, 0.3662], abs=1e-4)
    assert wilson(15, 148) == pytest.approx([0.1014, 0.0624, 0.1605], abs=1e-4)
    assert wilson(0, 20) == pytest.approx([0.0, 0.0, 0.1611], abs=1e-4)
    assert wilson(0, 0) is None


def scan(**more: Any) -> dict[str, Any]:
    lesions = [
        {"identity": "L01", "volume_ml": 8.0, "new": False, "fate": "tumour", "apart": True, "dice": 0.8},
        {"identity": "L02", "volume_ml": 0.5, "new": True, "fate": "below", "apart": False, "dice": None},
        {"identity": "L03", "volume_ml": 5.0, "new": True, "fate": "tumour", "apart": True, "dice": 0.6},
        {"identity": "L04", "volume_ml": 30.0, "new": False, "fate": "uncertain", "apart": False, "dice": None},
    ]
    components = [
        {"number": 1, "volume_ml": 9.0, "lesion": "L01", "new": False},
        {"number": 2, "volume_ml": 3.0, "lesion": None, "new": False},
        {"number": 3, "volume_ml": 6.0, "lesion": "L03", "new": True},
    ]
    volumes = {"painted_ml": 43.5, "tumour_ml": 18.0, "dice": 0.5, "removed_ml": 1.0, "uncertain_ml": 20.0}
    volumes |= {"below_ml": 0.5, "kept_normal_ml": 3.0, "spill_ml": 2.0, "kept_by": {"kidney": 3.0}}
    row = {"kind": "scan", "modality": "SPECT", "tracer": "177Lu-PSMA-617", "plan": "suv3", "mode": "masks"}
    return row | volumes | {"lesions": lesions, "components": components} | more


def follow_up(called: list[int]) -> dict[str, Any]:
    row = {"kind": "new", "plan": "suv3", "mode": "masks", "seen_before": ["L01"], "followup": scan()}
    return row | {"called": {"any_earlier": called, "previous": called}}


def test_detection_is_counted_by_painted_size_and_precision_by_measured_size(
    modules: tuple[ModuleType, ModuleType],
) -> None:
    found = modules[0].summarise([scan()], ["suv3"], ["masks"])
    by_size = {row["size"]: row for row in found["detection"]}
    assert (by_size["4-20"]["lesions"], by_size["4-20"]["recall"][0]) == (2, 1.0)
    assert by_size["1-4"]["precision"][0] == 0.0
    assert by_size["1-4"]["recall"] is None
    total = by_size["all"]
    assert total["fates"] == {"below": 1, "tumour": 2, "uncertain": 1}
    assert total["recall"][0] == 0.5
    assert total["precision"][0] == pytest.approx(2 / 3, abs=1e-4)
    assert total["f1"] == pytest.approx(4 / 7, abs=1e-4)


def test_a_component_called_new_is_right_only_when_it_is_a_new_lesion(modules: tuple[ModuleType, ModuleType]) -> None:
    found = modules[0].summarise([scan(), follow_up([1, 2, 3])], ["suv3"], ["masks"])
    (total,) = [row for row in found["new"] if row["size"] == "all" and row["reference"] == "any_earlier"]
    assert (total["painted"], total["detected"], total["called_of_painted"]) == (2, 1, 1)
    assert (total["called"], total["true"]) == (3, 1)
    assert total["wrong"] == {"known, shown before": 1, "no tumour": 1}


def test_a_plan_that_was_refused_is_counted_and_gives_no_share(modules: tuple[ModuleType, ModuleType]) -> None:
    refused = {"kind": "scan", "modality": "SPECT", "tracer": "177Lu-PSMA-617", "plan": "liver", "mode": "masks"}
    found = modules[0].summarise([scan(), refused | {"refused": "its constant"}], ["suv3", "liver"], ["masks"])
    assert [(row["plan"], row["runs"]) for row in found["refused"]] == [("liver", 1)]
    assert {row["plan"] for row in found["detection"]} == {"suv3"}


def test_the_tables_of_the_page_are_those_of_the_results(modules: tuple[ModuleType, ModuleType]) -> None:
    page = (ROOT / "docs" / "methods" / "imaging-evaluation.md").read_text(encoding="utf-8")
    results = json.loads((HERE / "results.json").read_text(encoding="utf-8"))
    assert modules[1].with_tables(results, page) == page
