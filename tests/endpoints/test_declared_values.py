"""Values at time zero that a study declares, each against rows written by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.conftest import HandFacts

from lutrace.endpoints import Basis, derive_values
from lutrace.protocol import Protocol, parse_protocol

ZERO = dt.date(2023, 6, 1)
HEAD = """
study: declared
title: Declared values
question: What is known at time zero?
population: {agents: [lu177_psma_617]}
populations: [{name: all_treated, label: All treated, index: {event: first_cycle}}]
measures: {plan: suv3}
endpoints: [{kind: os, name: os, label: Survival}]
analyses: []
values:
"""


def day(number: int) -> dt.date:
    return ZERO + dt.timedelta(days=number)


def study(value: str, regions: str) -> Protocol:
    text = HEAD.replace("plan: suv3", f"plan: suv3, regions: {regions}")
    return parse_protocol(f"{text}  - {{name: v, label: V, {value}}}\n", "study.yaml")


def derive(value: str, regions: str = "measured", **tables: list[dict[str, Any]]) -> dict[str, Any]:
    """The one row of the value of patient a."""
    rows = {"patients": [{"patient_id": "a", "birth_year": 1950, "site": "Essen"}], **tables}
    for _name, given in rows.items():
        for row in given:
            row.setdefault("patient_id", "a")
    members = [
        {"patient_id": "a", "population": name, "index_date": ZERO, "index_row": "c1", "base_date": base}
        for name, base in (("treated", None), ("all_treated", ZERO))
    ]
    found = derive_values(Basis(HandFacts(rows), study(value, regions), members, (), dt.date(2024, 1, 1)), "v")
    assert len(found) == 1
    return found[0]


def lab(number: int, value: float, **more: Any) -> dict[str, Any]:
    row = {"date": day(number), "analyte": "haemoglobin", "value": value, "canonical_unit": "g/dL"}
    return {**row, "row_id": f"lab{number}", **more}


def test_the_last_result_of_the_window_counts_and_one_of_the_day_of_the_dose_is_before_it() -> None:
    labs = [lab(-29, 9.0), lab(-10, 10.0), lab(0, 11.0), lab(1, 12.0)]
    row = derive("kind: lab, analyte: haemoglobin, window: 28 days", labs=labs)
    assert (row["value"], row["unit"], row["days"], row["source_row"]) == (11.0, "g/dL", 0.0, "lab0")


@pytest.mark.parametrize(("take", "value"), [("last", 12.0), ("nearest", 10.0), ("lowest", 8.0), ("highest", 12.0)])
def test_which_of_several_results_is_said_by_the_study(take: str, value: float) -> None:
    labs = [lab(-20, 8.0), lab(-3, 10.0), lab(6, 12.0)]
    row = derive(f"kind: lab, analyte: haemoglobin, window: 28 days, after: 7 days, take: {take}", labs=labs)
    assert row["value"] == value


def test_a_result_outside_the_window_is_missing_and_says_so() -> None:
    row = derive("kind: lab, analyte: haemoglobin, window: 28 days", labs=[lab(-29, 9.0)])
    assert (row["value"], row["reason"]) == (None, "no haemoglobin within 28 days before time zero")


def scan(number: int, name: str = "pet", **more: Any) -> dict[str, Any]:
    return {"scan_id": name, "purpose": "psma_pet", "date": day(number), "status": "usable", **more}


def burden(name: str = "pet", **more: Any) -> dict[str, Any]:
    row = {"scan_id": name, "plan": "suv3", "plan_digest": "d", "organs_given": True, "tumour_auto_ml": 100.0}
    return {**row, "suv_mean": 8.0, "suv_max": 30.0, "tlp_ml": 800.0, "lesions": 4, "bone_ml": 60.0, **more}


def test_whole_tumour_is_that_of_the_last_pet_of_the_window() -> None:
    scans = [scan(-90, "old"), scan(-80, "pet")]
    row = derive("kind: scan, region: tumour, measure: tlp_ml", scans=scans, tumour_burdens=[burden("old"), burden()])
    assert (row["value"], row["unit"], row["days"], row["source_table"]) == (
        800.0, "g/mL x mL", -80.0, "tumour_burdens",
    )  # fmt: skip


def test_uptake_of_bone_lesions_is_their_total_over_their_volume() -> None:
    lesion = {"scan_id": "pet", "plan": "suv3", "plan_digest": "d", "category": "tumour"}
    lesions = [
        {**lesion, "lesion": 1, "site": "bone", "volume_ml": 10.0, "tlp_ml": 100.0, "suv_max": 20.0},
        {**lesion, "lesion": 2, "site": "bone", "volume_ml": 30.0, "tlp_ml": 150.0, "suv_max": 9.0},
        {**lesion, "lesion": 3, "site": "node", "volume_ml": 5.0, "tlp_ml": 90.0, "suv_max": 40.0},
        {**lesion, "lesion": 4, "site": "bone", "volume_ml": 7.0, "tlp_ml": 70.0, "category": "uncertain"},
    ]
    facts = {"scans": [scan(-5)], "tumour_burdens": [burden()], "lesions": lesions}
    found = {
        measure: derive(f"kind: scan, region: bone_tumour, measure: {measure}", **facts)["value"]
        for measure in ("volume_ml", "tlp_ml", "suv_mean", "suv_max", "lesions")
    }
    assert found == {"volume_ml": 40.0, "tlp_ml": 250.0, "suv_mean": 6.25, "suv_max": 20.0, "lesions": 2.0}


def test_a_patient_without_bone_tumour_has_volume_0_and_no_uptake() -> None:
    facts = {"scans": [scan(-5)], "tumour_burdens": [burden(bone_ml=0.0)]}
    assert derive("kind: scan, region: bone_tumour, measure: volume_ml", **facts)["value"] == 0.0
    row = derive("kind: scan, region: bone_tumour, measure: suv_mean", **facts)
    assert (row["value"], row["reason"]) == (None, "no tumour there")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"organs_given": False}, "scan without organ masks: candidate uptake, not tumour"),
        ({"bone_ml": None}, "the masks do not tell the sites of lesions"),
    ],
)
def test_bone_tumour_is_not_told_where_masks_do_not_tell_it(change: dict[str, Any], reason: str) -> None:
    facts = {"scans": [scan(-5)], "tumour_burdens": [burden(**change)]}
    row = derive("kind: scan, region: bone_tumour, measure: volume_ml", **facts)
    assert (row["value"], row["reason"]) == (None, reason)


def organ(region: str, volume: float, mean: float, top: float) -> dict[str, Any]:
    row = {"scan_id": "pet", "plan": "suv3", "plan_digest": "d", "region": region, "voxels": 9}
    return {**row, "volume_ml": volume, "suv_mean": mean, "suv_max": top, "suv_min": 0.0, "tlp_ml": volume * mean}


GLANDS = [
    organ("parotid_left", 25.0, 12.0, 20.0),
    organ("parotid_right", 25.0, 16.0, 24.0),
    organ("submandibular_left", 10.0, 10.0, 15.0),
    organ("submandibular_right", 10.0, 14.0, 19.0),
]


def test_salivary_glands_are_all_four_taken_together() -> None:
    facts = {"scans": [scan(-5)], "tumour_burdens": [burden()], "organs": GLANDS}
    found = {
        measure: derive(f"kind: scan, region: salivary_glands, measure: {measure}", **facts)["value"]
        for measure in ("volume_ml", "tlp_ml", "suv_mean", "suv_max")
    }
    assert found == {"volume_ml": 70.0, "tlp_ml": 940.0, "suv_mean": pytest.approx(940 / 70), "suv_max": 24.0}


def test_three_of_four_glands_are_no_salivary_glands() -> None:
    facts = {"scans": [scan(-5)], "tumour_burdens": [burden()], "organs": GLANDS[:3]}
    row = derive("kind: scan, region: salivary_glands, measure: suv_mean", **facts)
    assert (row["value"], row["reason"]) == (None, "not all parts of salivary_glands were measured")


def test_regions_of_other_software_are_read_when_the_study_asks_for_them() -> None:
    region = {"software": "traqinform", "suv_basis": "bw", "original_name": "x", "date": day(-5), "volume_ml": 100.0}
    regions = [{**region, "region": "healthy_skeleton", "suv_mean": 0.7, "suv_max": 3.0, "tlp_ml": 70.0}]
    value = "kind: scan, region: healthy_bone, measure: suv_mean"
    row = derive(value, "exported", region_statistics=regions)
    assert (row["value"], row["source_table"]) == (0.7, "region_statistics")
    lean = derive(value, "exported", region_statistics=[{**regions[0], "suv_basis": "lbm"}])
    assert (lean["value"], lean["reason"]) == (None, "SUV is not by body weight")
    assert derive(value, region_statistics=regions)["value"] is None


def test_exported_regions_stand_in_where_none_was_measured() -> None:
    value, either = "kind: scan, region: tumour, measure: volume_ml", "measured_else_exported"
    region = {"software": "other", "suv_basis": "bw", "original_name": "x", "date": day(-5), "region": "tumour"}
    regions = [{**region, "volume_ml": 90.0, "suv_mean": 5.0, "suv_max": 9.0, "tlp_ml": 450.0}]
    facts = {"scans": [scan(-5)], "tumour_burdens": [burden()], "region_statistics": regions}
    assert derive(value, either, **facts)["value"] == 100.0
    unmeasured = {**facts, "tumour_burdens": [burden(organs_given=False)]}
    assert derive(value, either, **unmeasured)["value"] == 90.0
    neither = derive(value, either, scans=[scan(-5)])
    assert (neither["value"], neither["source_table"]) == (None, None)


def therapy(agent: str, kind: str, begin: int | None, end: int | None = None, **more: Any) -> dict[str, Any]:
    row = {"agent": agent, "agent_class": kind, "begin_date_precision": "day", "end_date_precision": "day", **more}
    begins, ends = (None if one is None else day(one) for one in (begin, end))
    return {**row, "begin_date": begins, "end_date": ends, "row_id": f"{agent}{begin}"}


def test_lines_before_time_zero_are_counted_by_class() -> None:
    given = [
        therapy("docetaxel", "taxane", -900, -750),
        therapy("enzalutamide", "arpi", -700, -400),
        therapy("abiraterone", "arpi", -390, -100),
        therapy("cabazitaxel", "taxane", 20, 90),
        therapy("leuprorelin", "adt", -2000),
    ]
    counts = {
        name: derive(f"kind: prior{rule}", treatments=given)["value"]
        for name, rule in {"all": "", "taxane": ", classes: [taxane]", "arpi": ", classes: [arpi]"}.items()
    }
    assert counts == {"all": 3.0, "taxane": 1.0, "arpi": 2.0}
    none = derive("kind: prior, classes: [parp]", treatments=given)
    assert (none["value"], none["source_row"], none["reason"]) == (0.0, None, None)


def test_a_taxane_without_a_day_leaves_the_number_unknown() -> None:
    row = derive("kind: prior, classes: [taxane]", treatments=[therapy("docetaxel", "taxane", None)])
    assert (row["value"], row["reason"]) == (None, "a record without a begin: before or after time zero is not known")


def test_months_since_diagnosis_take_the_middle_of_a_month_and_a_year() -> None:
    record = {"milestone": "initial", "method": "registry", "date": dt.date(2021, 6, 1), "date_precision": "month"}
    months = derive("kind: months_since, of: diagnosis", diagnoses=[record])["value"]
    assert months == pytest.approx((ZERO - dt.date(2021, 6, 15)).days / 30.4375)
    year = {**record, "date": dt.date(2020, 1, 1), "date_precision": "year"}
    months = derive("kind: months_since, of: diagnosis", diagnoses=[year])["value"]
    assert months == pytest.approx((ZERO - dt.date(2020, 7, 1)).days / 30.4375)


def test_a_site_that_a_diagnosis_names_is_a_metastasis_and_one_that_nobody_names_is_none() -> None:
    bone = {"milestone": "metastatic", "method": "code", "date": day(-300), "date_precision": "day", "code": "C79.5"}
    yes = derive("kind: metastasis, site: bone", diagnoses=[bone])
    assert (yes["value"], yes["category"], yes["source_table"]) == (1.0, "yes", "diagnoses")
    no = derive("kind: metastasis, site: liver", diagnoses=[bone])
    assert (no["value"], no["category"], no["source_row"]) == (0.0, "no", None)


def test_gleason_sum_and_grade_group_of_the_first_diagnosis() -> None:
    first = {"milestone": "initial", "method": "registry", "date": day(-3000), "date_precision": "day"}
    scored = [{**first, "gleason_primary": 4, "gleason_secondary": 5, "gleason_sum": 9}]
    assert derive("kind: gleason", diagnoses=scored)["value"] == 9.0
    assert derive("kind: grade_group", diagnoses=scored)["category"] == "5"


def test_body_mass_index_is_computed_from_the_weight_of_the_window_and_the_last_height() -> None:
    vitals = [
        {"measure": "height_cm", "value": 180.0, "date": day(-2000)},
        {"measure": "weight_kg", "value": 81.0, "date": day(-7)},
        {"measure": "weight_kg", "value": 99.0, "date": day(-80)},
    ]
    assert derive("kind: vital, measure: bmi_kg_m2", vitals=vitals)["value"] == pytest.approx(25.0)
    ecog = [{"measure": "ecog", "value": 1.0, "date": day(-3)}]
    assert derive("kind: vital, measure: ecog", vitals=ecog)["category"] == "1"


def test_age_and_centre() -> None:
    assert derive("kind: age")["value"] == 73.0
    assert derive("kind: centre")["category"] == "Essen"
