"""PSA change, tumour volume and new lesions at a landmark."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Any

import pytest

from lutrace.protocol import Protocol

Derive = Callable[..., Any]
OnDay = Callable[[int], dt.date]


def test_psa_change_is_the_last_value_on_or_before_the_landmark_against_baseline(derive: Derive) -> None:
    values = derive(psa=((-10, 200.0), (0, 100.0), (20, 10.0), (43, 40.0), (44, 1.0)))
    row = values["C2", "psa_change_pct"]
    assert (row["value"], row["days"], row["source_row"], row["category"]) == (-60.0, 0.0, "labs:43", "response")
    assert values["C2", "psa_log_ratio"]["value"] == pytest.approx(math.log(0.4), rel=1e-12)


@pytest.mark.parametrize(
    ("day", "category", "reason"),
    [
        (-28, "within the window", None),
        (-29, "older than the window", None),
        (-60, "older than the window", None),
        (-61, None, "no PSA before cycle 1 within the window"),
    ],
)
def test_the_baseline_window_is_28_days_and_60_flagged(
    derive: Derive, day: int, category: str | None, reason: str | None
) -> None:
    row = derive(psa=((day, 100.0), (40, 60.0)))["C2", "psa_baseline"]
    assert (row["category"], row["reason"]) == (category, reason)


def test_of_two_values_of_one_day_the_higher_counts(derive: Derive) -> None:
    assert derive(psa=((0, 90.0), (0, 100.0), (40, 50.0)))["C2", "psa_change_pct"]["value"] == -50.0


def test_a_baseline_is_not_taken_for_the_value_of_the_landmark(derive: Derive) -> None:
    row = derive(psa=((0, 100.0),))["C2", "psa_change_pct"]
    assert (row["value"], row["reason"]) == (None, "no PSA between cycle 1 and the landmark within the window")


def test_a_logarithm_of_psa_0_is_not_formed(derive: Derive) -> None:
    values = derive(psa=((0, 100.0), (40, 0.0)))
    assert values["C2", "psa_change_pct"]["value"] == -100.0
    assert (values["C2", "psa_log_ratio"]["value"], values["C2", "psa_log_ratio"]["reason"]) == (
        None,
        "PSA of the landmark is 0",
    )


@pytest.mark.parametrize(
    ("later", "value", "category"),
    [
        (((60, 50.0), (81, 50.0)), 1.0, "confirmed"),
        (((60, 50.0), (80, 50.0)), 1.0, "unconfirmed"),
        (((60, 51.0),), 0.0, "none"),
    ],
)
def test_psa50_at_any_time_and_confirmed_21_days_later(
    derive: Derive, later: tuple[tuple[int, float], ...], value: float, category: str
) -> None:
    row = derive(psa=((0, 100.0), *later))["C2", "psa50"]
    assert (row["value"], row["category"]) == (value, category)


def test_volume_change_refers_to_the_spect_of_cycle_1(derive: Derive) -> None:
    values = derive(volumes={1: 100.0, 2: 80.0, 3: 40.0})
    assert values["C3", "ttv_change_pct"]["value"] == -60.0
    assert values["C3", "ttv_log_ratio"]["value"] == pytest.approx(math.log(0.4), rel=1e-12)
    assert values["C3", "ttv_change_pct"]["category"] == "response"


def test_a_tumour_that_is_gone_has_a_finite_logarithm(derive: Derive) -> None:
    values = derive(volumes={1: 100.0, 2: 0.0, 3: 0.5})
    assert values["C2", "ttv_change_pct"]["value"] == -100.0
    assert values["C2", "ttv_log_ratio"]["value"] == pytest.approx(math.log(1 / 100), rel=1e-12)
    assert values["C2", "ttv_log_ml"]["value"] == 0.0
    assert [values[name, "ttv_ratio"]["category"] for name in ("C2", "C3")] == ["no tumour", "below floor"]


def test_no_percentage_is_formed_on_a_baseline_near_zero(derive: Derive) -> None:
    row = derive(volumes={1: 0.2, 2: 5.0})["C2", "ttv_change_pct"]
    assert (row["value"], row["reason"]) == (None, "tumour volume of cycle 1 below 1 mL: a percentage means nothing")


def test_without_a_spect_of_cycle_1_there_is_a_volume_but_no_change(derive: Derive) -> None:
    values = derive(volumes={2: 80.0})
    assert values["C2", "ttv_ml"]["value"] == 80.0
    assert values["C2", "ttv_ratio"]["reason"] == "no measured SPECT of cycle 1"


def link(early: int, late: int, lesion: int | None, status: str, new_class: str | None = None) -> dict[str, Any]:
    return {
        "patient_id": "p",
        "baseline_scan_id": f"s{early}",
        "followup_scan_id": f"s{late}",
        "plan": "suv3",
        "plan_digest": "d",
        "baseline_lesion": None if status == "new" else 1,
        "followup_lesion": lesion,
        "status": status,
        "new_class": new_class,
    }


def ct_read(*cycles: int, lesion: bool = False) -> list[dict[str, Any]]:
    kind = "ct_only_lesion" if lesion else "ct_read"
    day_one = dt.date(2022, 1, 1)
    return [{"patient_id": "p", "date": day_one, "kind": kind, "cycle": c, "record_key": f"{kind}{c}"} for c in cycles]


def test_a_lesion_back_after_a_cycle_is_new_against_the_cycle_before_only(derive: Derive) -> None:
    links = [
        link(1, 2, 1, "matched"),
        link(1, 3, 7, "matched"),
        link(2, 3, 7, "new", "psma_avid"),
    ]
    values = derive(lesion_links=links, reader_findings=ct_read(2, 3))
    counts = [values["C3", f"new_lesions_{name}"]["value"] for name in ("any_earlier", "previous_cycle", "first_cycle")]
    assert counts == [0.0, 1.0, 0.0]


def test_a_lesion_that_came_at_cycle_2_is_new_at_cycle_3_against_the_first_cycle_only(derive: Derive) -> None:
    links = [
        link(1, 2, 5, "new", "psma_avid"),
        link(1, 3, 5, "new", "psma_avid"),
        link(2, 3, 5, "matched"),
    ]
    values = derive(lesion_links=links, reader_findings=ct_read(2, 3))
    counts = [values["C3", f"new_lesions_{name}"]["value"] for name in ("any_earlier", "previous_cycle", "first_cycle")]
    assert counts == [0.0, 0.0, 1.0]
    assert values["C2", "new_lesions"]["value"] == 1.0


@pytest.mark.parametrize(
    ("links", "findings", "value", "category", "reason"),
    [
        ([link(1, 2, 5, "new", "psma_avid")], ct_read(2), 1.0, "psma_avid", None),
        ([link(1, 2, 5, "new", "psma_avid")], [], 1.0, "psma_avid", None),
        ([link(1, 2, 5, "new", "indeterminate")], ct_read(2), 0.0, "indeterminate", None),
        ([link(1, 2, 1, "matched")], ct_read(2, lesion=True), 1.0, "not_avid_ct", None),
        ([link(1, 2, 1, "matched")], ct_read(2), 0.0, "none", None),
        (
            [link(1, 2, 1, "matched")],
            [],
            None,
            "not_assessed",
            "no CT read: lesions without uptake not assessed",
        ),
        ([], ct_read(2), None, "not_assessed", "lesions of the two scans have not been linked"),
    ],
)
def test_classes_of_new_lesions(
    derive: Derive,
    links: list[dict[str, Any]],
    findings: list[dict[str, Any]],
    value: float | None,
    category: str,
    reason: str | None,
) -> None:
    row = derive(lesion_links=links, reader_findings=findings, volumes={1: 100.0, 2: 80.0})["C2", "new_lesions"]
    assert (row["value"], row["category"], row["reason"]) == (value, category, reason)


def test_no_link_is_needed_when_the_later_scan_has_no_lesion(derive: Derive) -> None:
    row = derive(volumes={1: 100.0, 2: 0.0}, n_lesions=0, reader_findings=ct_read(2))["C2", "new_lesions"]
    assert (row["value"], row["category"]) == (0.0, "none")


def test_where_no_ct_was_read_avid_lesions_alone_count_when_the_protocol_says_so(
    derive: Derive, protocol: Protocol
) -> None:
    rules = protocol.model_copy(
        update={"new_lesions": protocol.new_lesions.model_copy(update={"ct_not_read": "avid_only"})}
    )
    row = derive(lesion_links=[link(1, 2, 1, "matched")], volumes={1: 100.0, 2: 80.0}, rules=rules)["C2", "new_lesions"]
    assert (row["value"], row["reason"]) == (0.0, None)


def test_an_indeterminate_new_lesion_counts_when_the_protocol_says_so(derive: Derive, protocol: Protocol) -> None:
    rules = protocol.model_copy(
        update={"new_lesions": protocol.new_lesions.model_copy(update={"count_indeterminate": True})}
    )
    links = [link(1, 2, 5, "new", "indeterminate"), link(1, 2, 6, "new", "psma_avid")]
    for given, value, category in ((links[:1], 1.0, "indeterminate"), (links, 2.0, "psma_avid")):
        row = derive(lesion_links=given, reader_findings=ct_read(2), volumes={1: 100.0, 2: 80.0}, rules=rules)
        assert (row["C2", "new_lesions"]["value"], row["C2", "new_lesions"]["category"]) == (value, category)


def test_every_evaluable_value_names_its_evidence_and_rule(derive: Derive) -> None:
    for (_, endpoint), row in derive(reader_findings=ct_read(2, 3), lesion_links=[link(1, 2, 1, "matched")]).items():
        assert row["rule"]
        if row["reason"] is None and endpoint not in ("prior_taxane", "prior_arpi"):
            assert row["source_table"], endpoint
            assert row["source_row"], endpoint


@pytest.mark.parametrize(
    ("provisional", "rule"),
    [(True, "new: on no earlier SPECT; links not reviewed"), (False, "new: on no earlier SPECT")],
)
def test_links_that_nobody_has_reviewed_are_told(derive: Derive, provisional: bool, rule: str) -> None:
    links = [{**link(1, 2, 5, "new", "psma_avid"), "provisional": provisional}]
    assert derive(lesion_links=links, volumes={1: 100.0, 2: 80.0})["C2", "new_lesions"]["rule"] == rule


@pytest.mark.parametrize(
    ("volumes", "links", "value", "category"),
    [
        ({1: 100.0, 2: 70.0}, [link(1, 2, 1, "matched")], 0.0, "PR"),
        ({1: 100.0, 2: 120.0}, [link(1, 2, 5, "new", "psma_avid")], 1.0, "PD"),
        ({1: 100.0, 2: 70.0}, [link(1, 2, 5, "new", "psma_avid")], 0.0, "SD"),
        ({1: 0.5, 2: 70.0}, [link(1, 2, 1, "matched")], None, "not_evaluable"),
    ],
)
def test_recip_at_a_landmark_is_1_for_progression(
    derive: Derive, volumes: dict[int, float], links: list[dict[str, Any]], value: float | None, category: str
) -> None:
    row = derive(lesion_links=links, volumes=volumes)["C2", "recip"]
    assert (row["value"], row["category"]) == (value, category)
    assert (row["reason"] is None) == (value is not None)
    assert row["rule"].startswith("RECIP rules applied to SPECT")
    assert row["source_row"] == "burden:s2"


def test_a_study_may_take_the_version_of_2021_and_no_rule_of_another_kind(derive: Derive, protocol: Protocol) -> None:
    response = protocol.response.model_copy(update={"recip": "recip-asco-2021"})
    rules = protocol.model_copy(update={"response": response})
    row = derive(lesion_links=[link(1, 2, 1, "matched")], volumes={1: 100.0, 2: 80.0}, rules=rules)["C2", "recip"]
    assert row["category"] == "PR"
    with pytest.raises(ValueError, match=r"expected one of recip-1\.0"):
        type(protocol.response)(recip="ppp-2020")


def test_the_lines_of_avidity_class_the_same_new_lesion_apart(derive: Derive) -> None:
    new = link(1, 2, 5, "new", "psma_avid") | {
        "new_class_by_mean": "indeterminate",
        "new_class_by_mean_2sd": "psma_avid",
    }
    values = derive(lesion_links=[new], volumes={1: 100.0, 2: 80.0}, reader_findings=ct_read(2))
    found = {name: values["C2", name]["category"] for name in ("new_lesions", "new_lesions_by_mean")}
    assert found == {"new_lesions": "psma_avid", "new_lesions_by_mean": "indeterminate"}
    assert values["C2", "new_lesions_by_mean_2sd"]["value"] == 1.0
