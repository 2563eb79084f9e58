"""What is told of a landmark's scan: whether tumour reaches the edge of what was imaged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def lesion(scan: str, number: int, *, cut: bool | None, category: str = "tumour", plan: str = "d") -> dict[str, Any]:
    return {
        "patient_id": "p",
        "scan_id": scan,
        "plan_digest": plan,
        "lesion": number,
        "category": category,
        "cut_by_view": cut,
        "row_id": f"lesion:{scan}/{number}",
    }


def test_tumour_at_the_edge_of_the_field_of_view_is_counted_and_shown_by_its_row(derive: Callable[..., Any]) -> None:
    rows = [
        lesion("s2", 1, cut=True),
        lesion("s2", 2, cut=False),
        lesion("s2", 3, cut=True),
        lesion("s2", 4, cut=True, category="physiological"),
        lesion("s2", 5, cut=True, plan="another"),
        lesion("s3", 1, cut=False),
    ]
    values = derive(lesions=rows)
    one, other = values["C2", "spect_view"], values["C3", "spect_view"]
    assert (one["value"], one["category"]) == (2.0, "tumour cut by the field of view")
    assert (one["source_table"], one["source_row"]) == ("lesions", "lesion:s2/1")
    assert (other["value"], other["category"]) == (0.0, "all tumour inside the field of view")
    assert (other["source_table"], other["source_row"]) == ("tumour_burdens", "burden:s3")


def test_a_scan_without_tumour_is_whole_and_one_measured_before_is_not_known(derive: Callable[..., Any]) -> None:
    values = derive(lesions=[lesion("s3", 1, cut=None), lesion("s3", 2, cut=True)])
    assert values["C2", "spect_view"]["category"] == "all tumour inside the field of view"
    unknown = values["C3", "spect_view"]
    assert (unknown["value"], unknown["category"]) == (None, None)
    assert unknown["reason"] == "measured before this was looked at; run lutrace measure again"
