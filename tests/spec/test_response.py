"""Rules of response and eligibility: a small registry in, a category or a reason out.

An ordinary patient: cycles on days 0, 42 and 84, the SPECT one day after each, 177Lu-PSMA-617 throughout. Volumes in
mL, SUV in g/mL, PSA in ng/mL, sizes in mm. Expected numbers by hand. The cases of a table are patients of one registry.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pytest
from tests.conftest import HandFacts, day

from lutrace.core import Row
from lutrace.endpoints import ResponseBasis, derive_response_rows
from lutrace.terms import response_rule

Rows = list[dict[str, Any]]
DIGEST = "d"


def registry_of(cases: Mapping[str, Mapping[str, Any]]) -> dict[str, Rows]:
    """The tables of a registry with one patient per case, called by its name; what is not given is ordinary."""
    tables: dict[str, Rows] = defaultdict(list)
    for name, given in cases.items():
        for table, rows in patient(**given).items():
            tables[table] += [own_names(row, name) for row in rows]
    return tables


def own_names(row: Row, patient_id: str) -> Row:
    """The row as one of this patient, whose scans are called after him."""
    scans = {key: f"{patient_id}-{row[key]}" for key in row if key.endswith("scan_id") and row[key] is not None}
    labs = {"row_id": f"{patient_id}:{row['row_id']}"} if "row_id" in row else {}
    return {**row, "patient_id": patient_id, **scans, **labs}


def patient(
    *,
    volumes: dict[int, float] | None = None,
    new: tuple[str, ...] = (),
    links: Rows | None = None,
    psa: tuple[tuple[int, float], ...] = ((-3, 100.0), (40, 100.0)),
    findings: Sequence[Row] = (),
    lesions: Sequence[Row] = (),
    scans: dict[int, Row] | None = None,
    burdens: dict[int, Row] | None = None,
    liver: float | None = 5.0,
) -> dict[str, Rows]:
    volumes = volumes if volumes is not None else {1: 100.0, 2: 100.0}
    last = max(volumes)
    own = [{"kind": "", "date": day(43), "cycle": 2, "record_key": str(n)} | one for n, one in enumerate(findings)]
    return {
        "cycles": [
            {"cycle": c, "administered_date": day(42 * (c - 1)), "agent": "lu177_psma_617"} for c in range(1, last + 1)
        ],
        "scans": [spect(c) | (scans or {}).get(c, {}) for c in volumes],
        "tumour_burdens": [burden(c, volume) | (burdens or {}).get(c, {}) for c, volume in volumes.items()],
        "lesion_links": links if links is not None else [link(1, last, "matched"), *map(new_link(last), new)],
        "lesions": list(lesions),
        "organs": [organ(c, liver) for c in volumes if liver is not None],
        "labs": [lab(number, value) for number, value in psa],
        "reader_findings": own,
    }


def judge_all(rule: str, cases: Mapping[str, Mapping[str, Any]], **choices: Any) -> dict[str, Row]:
    """The row of one rule for the last scan of each case's patient."""
    basis = ResponseBasis(HandFacts(registry_of(cases)), "suv3", **choices)
    rows = derive_response_rows(basis, [response_rule(rule)])
    return {row["patient_id"]: row for row in rows}


def judge(rule: str, choices: Mapping[str, Any] = MappingProxyType({}), **given: Any) -> Row:
    """The row of one rule for the last scan of one patient."""
    return judge_all(rule, {"p": given}, **choices)["p"]


def spect(cycle: int) -> Row:
    return {
        "scan_id": f"s{cycle}",
        "purpose": "rlt_spect",
        "modality": "NM",
        "cycle": cycle,
        "date": day(42 * (cycle - 1) + 1),
        "tracer": "177Lu-PSMA-617",
        "radionuclide": "Lu-177",
        "status": "usable",
    }


def burden(cycle: int, volume: float) -> Row:
    return {
        "scan_id": f"s{cycle}",
        "plan": "suv3",
        "plan_digest": DIGEST,
        "organs_given": True,
        "tumour_auto_ml": volume,
        "uncertain_ml": 0.0,
        "lesions": 2 if volume else 0,
        "field_of_view_mm": "[[-250,250],[-250,250],[-1000,0]]",
    }


def link(early: int, late: int, status: str, **columns: Any) -> Row:
    ends = {"matched": (1, 1), "merged": (1, 1), "new": (None, 9), "outside_view": (None, 2)}[status]
    return {
        "baseline_scan_id": f"s{early}",
        "followup_scan_id": f"s{late}",
        "plan": "suv3",
        "plan_digest": DIGEST,
        "baseline_lesion": ends[0],
        "followup_lesion": ends[1],
        "status": status,
        **columns,
    }


def new_link(late: int) -> Callable[[str], Row]:
    """A new lesion by its class; `unclassed` is indeterminate for want of a reference organ."""
    numbers = iter(range(20, 40))

    def make(kind: str) -> Row:
        new_class, mean = ("indeterminate", None) if kind == "unclassed" else (kind, 5.0)
        return link(1, late, "new", followup_lesion=next(numbers), new_class=new_class, reference_suv_mean=mean)

    return make


def lesion(cycle: int, number: int, **columns: Any) -> Row:
    own = {"scan_id": f"s{cycle}", "plan": "suv3", "plan_digest": DIGEST, "lesion": number}
    return {**own, "category": "tumour", "site": "bone", "mitnm": "M1b", "volume_ml": 10.0, "suv_max": 12.0, **columns}


def organ(cycle: int, suv_mean: float) -> Row:
    own = {"scan_id": f"s{cycle}", "plan": "suv3", "plan_digest": DIGEST}
    return {**own, "region": "liver", "suv_mean": suv_mean, "suv_sd": 1.0, "voxels": 900}


def lab(number: int, value: float) -> Row:
    own = {"date": day(number), "analyte": "psa", "canonical_unit": "ng/mL"}
    return {**own, "value": value, "record_key": str(number), "row_id": f"labs:{number}"}


AVID, UNSURE = "psma_avid", "indeterminate"
RECIP: list[tuple[str, float, float, tuple[str, ...], str]] = [
    ("a_fall_of_exactly_30_percent_without_a_new_lesion_is_partial_response", 100.0, 70.0, (), "PR"),
    ("a_fall_of_29_9_percent_is_stable", 100.0, 70.1, (), "SD"),
    ("a_fall_of_30_percent_with_a_new_lesion_is_stable", 100.0, 70.0, (AVID,), "SD"),
    ("a_rise_of_exactly_20_percent_with_a_new_lesion_is_progression", 100.0, 120.0, (AVID,), "PD"),
    ("a_rise_of_19_9_percent_with_a_new_lesion_is_stable", 100.0, 119.9, (AVID,), "SD"),
    ("a_rise_of_20_percent_without_a_new_lesion_is_stable", 100.0, 120.0, (), "SD"),
    ("a_rise_of_300_percent_without_a_new_lesion_is_stable", 100.0, 400.0, (), "SD"),
    ("nothing_left_is_complete_response", 100.0, 0.0, (), "CR"),
    ("the_cut_points_hold_for_volumes_that_binary_numbers_do_not_hold_exactly", 0.3 * 11, 0.3 * 7.7, (), "PR"),
    ("and_for_a_rise", 1.1, 1.1 * 1.2, (AVID,), "PD"),
    ("a_new_lesion_seen_on_ct_alone_is_no_new_lesion_of_recip", 100.0, 130.0, ("not_avid_ct",), "SD"),
    ("an_indeterminate_new_lesion_does_not_count_by_default", 100.0, 130.0, (UNSURE,), "SD"),
]


@pytest.fixture(scope="module")
def recip() -> dict[str, Row]:
    cases = {name: {"volumes": {1: base, 2: here}, "new": new} for name, base, here, new, _ in RECIP}
    return judge_all("recip-1.0", cases)


@pytest.mark.parametrize(("name", "expected"), [(one[0], one[4]) for one in RECIP], ids=[one[0] for one in RECIP])
def test_recip_1_0(recip: dict[str, Row], name: str, expected: str) -> None:
    assert (recip[name]["category"], recip[name]["missing"]) == (expected, None)


def test_on_spect_the_rule_says_that_recip_was_not_made_for_it() -> None:
    row = judge("recip-1.0", volumes={1: 100.0, 2: 60.0})
    assert row["modality"] == "SPECT"
    assert row["rule_text"].startswith("RECIP rules applied to SPECT (RECIP 1.0)")
    assert row["rule_version"] == "1.0"


def test_the_version_of_2021_takes_a_fall_of_20_percent_for_partial_response() -> None:
    volumes = {1: 100.0, 2: 80.0}
    assert judge("recip-1.0", volumes=volumes)["category"] == "SD"
    assert judge("recip-asco-2021", volumes=volumes)["category"] == "PR"


def test_an_indeterminate_new_lesion_that_would_change_the_class_is_told() -> None:
    row = judge("recip-1.0", volumes={1: 100.0, 2: 130.0}, new=(UNSURE,))
    assert "with the indeterminate new lesions counted: PD" in row["notes"]
    counted = judge("recip-1.0", volumes={1: 100.0, 2: 130.0}, new=(UNSURE,), choices={"count_indeterminate": True})
    assert counted["category"] == "PD"


def test_a_new_lesion_of_uncertain_nature_is_not_an_avid_one() -> None:
    links = [link(1, 2, "matched"), link(1, 2, "new", new_class=AVID, reference_suv_mean=5.0)]
    volumes = {1: 100.0, 2: 130.0}
    sure = judge("recip-1.0", volumes=volumes, links=links, lesions=[lesion(2, 9)])
    unsure = judge("recip-1.0", volumes=volumes, links=links, lesions=[lesion(2, 9, category="uncertain")])
    assert (sure["category"], unsure["category"]) == ("PD", "SD")


def test_uncertain_components_that_are_left_are_no_complete_response() -> None:
    row = judge("recip-1.0", volumes={1: 100.0, 2: 0.0}, burdens={2: {"uncertain_ml": 4.0}})
    assert row["category"] == "PR"
    assert "no complete response is claimed" in row["notes"]


NOT_EVALUABLE: list[tuple[str, dict[str, Any], str]] = [
    ("no_baseline_scan", {"volumes": {2: 80.0}}, "no baseline of the same modality: no SPECT of cycle 1"),
    ("no_volume_at_baseline", {"volumes": {1: 0.0, 2: 80.0}}, "no tumour volume at baseline: no change can be formed"),
    (
        "baseline_near_zero",
        {"volumes": {1: 0.9, 2: 80.0}},
        "baseline volume below 1 mL: a percentage means nothing",
    ),
    ("scans_not_linked", {"links": []}, "lesions of the two scans have not been linked"),
    (
        "no_organ_masks_at_the_later_scan",
        {"burdens": {2: {"organs_given": False}}},
        "later scan without organ masks: candidate uptake, not TTV",
    ),
    (
        "no_organ_masks_at_baseline",
        {"burdens": {1: {"organs_given": False}}},
        "baseline scan without organ masks: candidate uptake, not TTV",
    ),
    (
        "another_tracer",
        {"scans": {2: {"tracer": "177Lu-PSMA-I&T"}}},
        "different tracers: psma_617 and psma_it",
    ),
    (
        "another_radionuclide",
        {"scans": {2: {"radionuclide": "Ac-225"}}},
        "different radionuclides: Lu-177 and Ac-225",
    ),
    (
        "a_shorter_field_of_view",
        {"burdens": {2: {"field_of_view_mm": "[[-250,250],[-250,250],[-400,0]]"}}},
        "incomplete common field of view: share 0.4, at least 0.9 needed",
    ),
    (
        "another_version_of_the_plan",
        {"burdens": {2: {"plan_digest": "other"}}},
        "the two scans were measured with different versions of the plan",
    ),
    (
        "no_reference_organ_where_the_class_decides",
        {"volumes": {1: 100.0, 2: 130.0}, "new": ("unclassed",)},
        "missing reference: new lesions cannot be classed without liver or spleen of the later scan",
    ),
]


@pytest.fixture(scope="module")
def faulty() -> dict[str, Row]:
    return judge_all("recip-1.0", {name: given for name, given, _ in NOT_EVALUABLE})


@pytest.mark.parametrize(("name", "reason"), [(one[0], one[2]) for one in NOT_EVALUABLE])
def test_recip_is_not_evaluable(faulty: dict[str, Row], name: str, reason: str) -> None:
    assert (faulty[name]["category"], faulty[name]["missing"]) == ("not_evaluable", reason)


def test_no_reviewed_total_is_no_volume() -> None:
    row = judge("recip-1.0", choices={"ttv_source": "reviewed"})
    assert row["missing"] == "later scan not measured under the plan suv3, or not reviewed"


def test_a_pet_is_no_baseline_for_a_spect() -> None:
    pet = {1: {"purpose": "psma_pet", "cycle": None, "modality": "PT", "date": day(-10), "tracer": "68Ga-PSMA-11"}}
    row = judge("recip-1.0", scans=pet)
    assert row["missing"] == "no baseline of the same modality: no SPECT of cycle 1"


def test_two_spellings_of_one_tracer_are_one_tracer() -> None:
    row = judge("recip-1.0", scans={1: {"tracer": "Lu-177 PSMA 617"}, 2: {"tracer": "[177Lu]Lu-PSMA-617"}})
    assert row["category"] == "SD"


def test_a_missing_reference_does_not_matter_where_the_class_changes_nothing() -> None:
    row = judge("recip-1.0", volumes={1: 100.0, 2: 100.0}, new=("unclassed",))
    assert (row["category"], row["missing"]) == ("SD", None)


def test_no_link_is_needed_when_no_lesion_is_left() -> None:
    assert judge("recip-1.0", volumes={1: 100.0, 2: 0.0}, links=[])["category"] == "CR"


def test_volume_that_the_other_scan_has_not_seen_is_left_out_of_the_change() -> None:
    links = [link(1, 2, "matched"), link(1, 2, "outside_view")]
    lesions = [lesion(2, 2, volume_ml=60.0)]
    row = judge("recip-1.0", volumes={1: 100.0, 2: 120.0}, links=links, lesions=lesions)  # 60 of 100 mL in common
    assert row["change_pct"] == pytest.approx(-40.0)
    assert row["category"] == "PR"
    assert "volume compared in the common field of view only: 60.0 mL left out" in row["notes"]
    told = {one["name"]: one["value"] for one in row["inputs"]}
    assert told["tumour volume, later scan"] == 120.0
    assert told["tumour volume in the common view, later scan"] == 60.0


THREE = [
    link(1, 2, "new", new_class=AVID, reference_suv_mean=5.0),
    link(1, 3, "new", new_class=AVID, reference_suv_mean=5.0),
    link(2, 3, "matched", baseline_lesion=9, followup_lesion=9),
]
"""A lesion that came at cycle 2 and is still there at cycle 3."""


@pytest.mark.parametrize(("new_against", "expected"), [("baseline", "PD"), ("any_earlier", "SD"), ("previous", "SD")])
def test_a_lesion_of_cycle_2_is_new_at_cycle_3_against_the_baseline_only(new_against: str, expected: str) -> None:
    row = judge(
        "recip-1.0",
        volumes={1: 100.0, 2: 110.0, 3: 130.0},
        links=THREE,
        choices={"new_against": new_against},
    )
    assert row["category"] == expected
    told = {one["name"]: one["value"] for one in row["inputs"]}
    assert told["new against the baseline scan"] == 1
    assert told["new against every earlier scan"] == 0
    assert told["new against the scan before"] == 0


def test_every_input_names_its_row() -> None:
    row = judge("recip-1.0", volumes={1: 100.0, 2: 130.0}, new=(AVID,))
    sources = {one["name"]: (one["source_table"], one["source_row"]) for one in row["inputs"]}
    assert sources["tumour volume, later scan"][0] == "tumour_burdens"
    assert sources["tumour volume, later scan"][1] != sources["tumour volume, baseline"][1]
    assert sources["new lesions above the reference organ"][0] == "lesion_links"
    assert all(sources[name][1] for name in ("tumour volume, later scan", "new lesions above the reference organ"))


@pytest.mark.parametrize(
    ("tracer", "words"),
    [
        ("[18F]DCFPyL", "repeatability coefficient 17 % of volume per patient, dcfpyl PET"),
        ("[68Ga]Ga-PSMA-11", "repeatability not known for PET with psma_11"),
    ],
)
def test_repeatability_stands_beside_a_change_only_where_it_is_known(tracer: str, words: str) -> None:
    common = {"purpose": "psma_pet", "cycle": None, "modality": "PT", "tracer": tracer, "radionuclide": None}
    scans = {c: common | {"date": day(number)} for c, number in ((1, -10), (2, 80))}
    row = judge("recip-1.0", scans=scans, volumes={1: 100.0, 2: 60.0})
    assert row["category"] == "PR"
    assert row["rule_text"].startswith("RECIP 1.0;")
    assert row["repeatability"].startswith(words)


def test_no_repeatability_is_claimed_for_spect() -> None:
    assert judge("recip-1.0")["repeatability"] == "repeatability not known for SPECT with psma_617"


COMPOSITE: list[tuple[str, dict[str, Any], str]] = [
    ("psa_exactly_25_percent_and_2_above_is_progression", {"psa": ((-3, 8.0), (40, 10.0))}, "progression"),
    ("psa_25_percent_without_2_ng_ml_is_not", {"psa": ((-3, 4.0), (40, 5.0))}, "stable"),
    ("recip_progression_alone_is_progression", {"volumes": {1: 100.0, 2: 120.0}, "new": (AVID,)}, "progression"),
    (
        "recip_progression_needs_no_psa",
        {"volumes": {1: 100.0, 2: 120.0}, "new": (AVID,), "psa": ()},
        "progression",
    ),
    ("psa_progression_needs_no_volume", {"psa": ((-3, 100.0), (40, 130.0)), "volumes": {2: 80.0}}, "progression"),
    ("psa_fall_of_exactly_50_percent_is_response", {"psa": ((-3, 100.0), (40, 50.0))}, "response"),
    ("recip_partial_response_is_response", {"volumes": {1: 100.0, 2: 70.0}}, "response"),
    (
        "a_fall_of_psa_with_recip_progression_is_progression",
        {"psa": ((-3, 100.0), (40, 10.0)), "volumes": {1: 100.0, 2: 120.0}, "new": (AVID,)},
        "progression",
    ),
    ("neither_is_stable", {}, "stable"),
    ("without_psa_and_without_recip_progression_nothing_is_said", {"psa": ()}, "not_evaluable"),
]


@pytest.fixture(scope="module")
def composite() -> dict[str, Row]:
    return judge_all("psa-recip-1.0", {name: given for name, given, _ in COMPOSITE})


@pytest.mark.parametrize(("name", "expected"), [(one[0], one[2]) for one in COMPOSITE])
def test_psa_with_recip(composite: dict[str, Row], name: str, expected: str) -> None:
    assert composite[name]["category"] == expected


def test_the_composite_names_the_missing_psa() -> None:
    assert judge("psa-recip-1.0", psa=((40, 10.0),))["missing"] == "no PSA baseline"
    assert judge("psa-recip-1.0", psa=((-3, 10.0),))["missing"] == "no PSA before the later scan"


def placed(*regions: str | None) -> tuple[Rows, Rows]:
    """New avid lesions at these regions by miTNM: links and lesions."""
    make = new_link(2)
    links = [make(AVID) for _ in regions]
    lesions = [lesion(2, one["followup_lesion"], mitnm=region) for one, region in zip(links, regions, strict=True)]
    return [link(1, 2, "matched"), *links], lesions


PROGRESSED = [{"kind": "clinical_progression"}]
FLAT = ((-3, 100.0), (40, 100.0))
PPP: list[tuple[str, dict[str, Any], tuple[str, str, str, str], str | None]] = [
    (
        "two_new_distant_lesions_need_nothing_else",
        {"places": ("M1b", "M1a"), "psa": ()},
        ("met", "met", "not_evaluable", "not_met"),
        None,
    ),
    (
        "two_new_pelvic_nodes_are_not_distant",
        {"places": ("N", "N"), "psa": FLAT},
        ("not_met", "not_met", "not_met", "not_met"),
        None,
    ),
    (
        "one_new_lesion_with_a_clinical_finding_is_progression",
        {"places": ("M1b",), "findings": PROGRESSED, "psa": FLAT},
        ("met", "not_met", "met", "not_met"),
        None,
    ),
    (
        "one_new_lesion_with_a_rise_of_psa_is_progression",
        {"places": ("N",), "psa": ((-3, 100.0), (40, 125.0))},
        ("met", "not_met", "met", "not_met"),
        None,
    ),
    (
        "one_new_lesion_without_clinical_and_laboratory_data_is_not_evaluable",
        {"places": ("M1b",), "psa": ()},
        ("not_evaluable", "not_met", "not_evaluable", "not_met"),
        "missing: (b) clinical or laboratory data",
    ),
    (
        "one_new_lesion_with_a_flat_psa_is_none",
        {"places": ("M1b",), "psa": FLAT},
        ("not_met", "not_met", "not_met", "not_met"),
        None,
    ),
    (
        "new_lesions_whose_place_is_not_known_may_be_distant",
        {"places": ("M1b", None), "psa": FLAT},
        ("not_evaluable", "not_evaluable", "not_met", "not_met"),
        "missing: (a) place or class of new lesions",
    ),
    (
        "growth_of_exactly_30_percent_with_a_rise_of_psa_is_progression",
        {"grown": {"volume_ml": 13.0}, "psa": ((-3, 100.0), (40, 125.0))},
        ("met", "not_met", "not_met", "met"),
        None,
    ),
    (
        "uptake_may_grow_in_place_of_volume",
        {"grown": {"suv_max": 15.6}, "psa": ((-3, 100.0), (40, 125.0))},
        ("met", "not_met", "not_met", "met"),
        None,
    ),
    (
        "growth_of_29_9_percent_is_none",
        {"grown": {"volume_ml": 12.99}, "psa": ((-3, 100.0), (40, 125.0))},
        ("not_met", "not_met", "not_met", "not_met"),
        None,
    ),
    (
        "growth_without_clinical_and_laboratory_data_is_not_evaluable",
        {"grown": {"volume_ml": 20.0}, "psa": ()},
        ("not_evaluable", "not_met", "not_met", "not_evaluable"),
        "missing: (c) clinical or laboratory data",
    ),
    ("nothing_new_and_nothing_grown_is_none", {"psa": ()}, ("not_met", "not_met", "not_met", "not_met"), None),
]


def with_places(given: Mapping[str, Any]) -> dict[str, Any]:
    """A patient with one lesion matched to the baseline, new ones at the places given, and growth as given."""
    rest = {name: value for name, value in given.items() if name not in ("places", "grown")}
    links, lesions = placed(*given.get("places", ()))
    same = [lesion(1, 1), lesion(2, 1, **given.get("grown", {}))]
    return {"links": links, "lesions": [*lesions, *same], **rest}


@pytest.fixture(scope="module")
def ppp() -> dict[str, Row]:
    return judge_all("ppp-2020", {name: with_places(given) for name, given, _, _ in PPP})


@pytest.mark.parametrize(("name", "expected", "missing"), [(one[0], *one[2:]) for one in PPP])
def test_ppp(ppp: dict[str, Row], name: str, expected: tuple[str, str, str, str], missing: str | None) -> None:
    row, parts = ppp[name], ppp[name]["criteria"]
    assert (row["category"], parts["a"], parts["b"], parts["c"]) == expected
    assert row["missing"] == missing


def test_ppp_shows_the_repeatability_of_the_lesion_that_grew() -> None:
    common = {"purpose": "psma_pet", "cycle": None, "modality": "PT", "tracer": "68Ga-PSMA-11", "radionuclide": "Ga-68"}
    scans = {c: common | {"date": day(number)} for c, number in ((1, -10), (2, 80))}
    lesions = [lesion(1, 1), lesion(2, 1, volume_ml=16.0)]
    row = judge("ppp-2020", scans=scans, lesions=lesions, psa=((-12, 100.0), (78, 130.0)))
    assert (row["category"], row["criteria"]["c"]) == ("met", "met")
    assert row["repeatability"].startswith("repeatability coefficient 77 % (95% CI 63 to 96) of volume per lesion")


def merging(before: tuple[float, float], after: float) -> Row:
    """PPP where two lesions of these volumes (mL) merged into one, PSA rising."""
    links = [link(1, 2, "merged", baseline_lesion=one, followup_lesion=1, cluster=1) for one in (1, 2)]
    lesions = [lesion(1, one, volume_ml=volume) for one, volume in enumerate(before, start=1)]
    lesions.append(lesion(2, 1, volume_ml=after))
    return judge("ppp-2020", links=links, lesions=lesions, psa=((-3, 100.0), (40, 125.0)))


def test_two_lesions_that_merged_are_compared_with_their_sum() -> None:
    same, grown = merging((10.0, 10.0), 20.0), merging((10.0, 10.0), 26.0)
    assert (same["category"], grown["category"]) == ("not_met", "met")
    assert "compared as one" in grown["repeatability"]
    growth = next(one for one in grown["inputs"] if one["unit"] == "%" and "growth" in one["name"])
    assert growth["value"] == pytest.approx(30.0)


READ = {"kind": "ct_read"}


def cold(site: str, short: float | None, **columns: Any) -> Row:
    return {"kind": "ct_only_lesion", "site": site, "short_axis_mm": short, **columns}


VISION: list[tuple[str, dict[str, Any], str, str | None]] = [
    ("an_avid_metastasis_and_a_ct_without_large_cold_lesions", {"findings": [READ]}, "met", None),
    ("a_cold_node_of_24_9_mm_is_small", {"findings": [READ, cold("lymph_node", 24.9)]}, "met", None),
    ("a_cold_node_of_25_mm_is_large", {"findings": [READ, cold("lymph_node", 25.0)]}, "not_met", None),
    ("a_cold_liver_lesion_of_9_9_mm_is_small", {"findings": [READ, cold("liver", 9.9)]}, "met", None),
    ("a_cold_liver_lesion_of_10_mm_is_large", {"findings": [READ, cold("liver", 10.0)]}, "not_met", None),
    (
        "a_cold_bone_lesion_without_soft_tissue_has_no_size_limit",
        {"findings": [READ, cold("bone", 40.0, soft_tissue=False)]},
        "met",
        None,
    ),
    (
        "a_cold_bone_lesion_with_10_mm_of_soft_tissue_is_large",
        {"findings": [READ, cold("bone", 10.0, soft_tissue=True)]},
        "not_met",
        None,
    ),
    (
        "a_bone_lesion_of_which_soft_tissue_is_not_stated",
        {"findings": [READ, cold("bone", 10.0)]},
        "not_evaluable",
        "missing: site, short axis or soft tissue of a lesion",
    ),
    (
        "a_cold_node_without_a_size",
        {"findings": [READ, cold("lymph_node", None)]},
        "not_evaluable",
        "missing: site, short axis or soft tissue of a lesion",
    ),
    (
        "measured_uptake_above_the_liver_takes_a_lesion_out",
        {"findings": [READ, cold("liver", 30.0, suv_max=5.1)]},
        "met",
        None,
    ),
    (
        "measured_uptake_equal_to_the_liver_leaves_it_in",
        {"findings": [READ, cold("liver", 30.0, suv_max=5.0)]},
        "not_met",
        None,
    ),
    ("nobody_has_read_the_ct", {}, "not_evaluable", "missing: a reader's look at the CT"),
    ("a_large_cold_lesion_needs_no_word_that_the_ct_was_read", {"findings": [cold("liver", 12.0)]}, "not_met", None),
    (
        "no_liver_in_the_scan",
        {"findings": [READ], "liver": None},
        "not_evaluable",
        "missing: uptake of the reference organ",
    ),
    ("uptake_equal_to_the_liver_is_not_above_it", {"findings": [READ], "suv_max": 5.0}, "not_met", None),
    ("uptake_just_above_the_liver_is_enough", {"findings": [READ], "suv_max": 5.01}, "met", None),
    ("local_tumour_is_no_metastasis", {"findings": [READ], "mitnm": "T", "site": "prostate"}, "not_met", None),
    (
        "an_avid_lesion_at_an_unknown_place",
        {"findings": [READ], "mitnm": None, "site": None},
        "not_evaluable",
        "missing: place of the avid lesions",
    ),
    (
        "no_organ_masks",
        {"findings": [READ], "burdens": {2: {"organs_given": False}}},
        "not_evaluable",
        "scan without organ masks: candidate uptake, not TTV",
    ),
]


def with_one_lesion(given: Mapping[str, Any]) -> dict[str, Any]:
    own = {name: given[name] for name in ("suv_max", "mitnm", "site") if name in given}
    return {"lesions": [lesion(2, 1, **own)], **{name: value for name, value in given.items() if name not in own}}


@pytest.fixture(scope="module")
def vision() -> dict[str, Row]:
    return judge_all("vision-2021", {name: with_one_lesion(given) for name, given, _, _ in VISION})


@pytest.mark.parametrize(("name", "expected", "missing"), [(one[0], *one[2:]) for one in VISION])
def test_vision(vision: dict[str, Row], name: str, expected: str, missing: str | None) -> None:
    assert (vision[name]["category"], vision[name]["missing"]) == (expected, missing)


def test_vision_holds_psma_1007_against_the_spleen() -> None:
    scan = {"purpose": "psma_pet", "cycle": None, "modality": "PT", "tracer": "[18F]PSMA-1007", "date": day(43)}
    read = [{"kind": "ct_read", "cycle": None}]
    row = judge("vision-2021", volumes={2: 100.0}, scans={2: scan}, findings=read, lesions=[lesion(2, 1)])
    assert row["missing"] == "missing: uptake of the reference organ"  # a liver is there, a spleen is not
    assert {one["name"]: one["value"] for one in row["inputs"]}["reference organ"] == "spleen"


THERAP: list[tuple[str, dict[str, Any], str, str, str | None]] = [
    ("suvmax_of_exactly_20_at_one_site", {"top": 20.0}, "met", "met", "missing: FDG-PET"),
    ("suvmax_of_19_9_is_too_little", {"top": 19.9}, "not_met", "met", None),
    ("a_measurable_site_of_exactly_10_is_too_little", {"top": 25.0, "second": 10.0}, "met", "not_met", None),
    ("a_measurable_site_of_10_1_is_enough", {"top": 25.0, "second": 10.1}, "met", "met", "missing: FDG-PET"),
    (
        "a_site_below_10_mm_is_not_measurable",  # 0.5 mL is a sphere of 9.8 mm
        {"top": 25.0, "second": 5.0, "volume": 0.5},
        "met",
        "met",
        "missing: FDG-PET",
    ),
    (
        "a_site_of_10_mm_is",  # 0.53 mL is a sphere of 10.04 mm
        {"top": 25.0, "second": 5.0, "volume": 0.53},
        "met",
        "not_met",
        None,
    ),
    (
        "a_cold_lesion_of_10_mm_on_ct",
        {"top": 25.0, "ct": [cold("node", 8.0, long_axis_mm=10.0)]},
        "met",
        "not_met",
        None,
    ),
    ("a_cold_lesion_of_9_mm_on_ct", {"top": 25.0, "ct": [cold("node", 9.0)]}, "met", "met", "missing: FDG-PET"),
    (
        "nobody_has_read_the_ct",
        {"top": 25.0, "read": []},
        "met",
        "not_evaluable",
        "missing: a reader's look at the CT; FDG-PET",
    ),
]


def with_uptake(given: Mapping[str, Any]) -> dict[str, Any]:
    lesions = [lesion(2, 1, suv_max=given["top"])]
    if "second" in given:
        lesions.append(lesion(2, 2, suv_max=given["second"], volume_ml=given.get("volume", 10.0)))
    return {"lesions": lesions, "findings": [*given.get("read", [READ]), *given.get("ct", [])]}


@pytest.fixture(scope="module")
def therap() -> dict[str, Row]:
    return judge_all("therap-2021", {one[0]: with_uptake(one[1]) for one in THERAP})


@pytest.mark.parametrize(("name", "dominant", "others", "missing"), [(one[0], *one[2:]) for one in THERAP])
def test_therap(therap: dict[str, Row], name: str, dominant: str, others: str, missing: str | None) -> None:
    row, parts = therap[name], therap[name]["criteria"]
    assert (parts["dominant"], parts["others"], parts["fdg"]) == (dominant, others, "not_evaluable")
    assert row["missing"] == missing
    assert row["category"] == ("not_evaluable" if missing else "not_met")


def test_without_fdg_in_the_rule_the_criteria_can_be_met() -> None:
    row = judge("therap-like-15", lesions=[lesion(2, 1, suv_max=15.1)], findings=[READ])
    assert row["category"] == "met"
    assert judge("therap-like-15", lesions=[lesion(2, 1, suv_max=15.0)], findings=[READ])["category"] == "not_met"
