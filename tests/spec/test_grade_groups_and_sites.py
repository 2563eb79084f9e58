"""Grade group of each patient, and sites of metastases as of a day: records in, rows out."""

from __future__ import annotations

from typing import Any

import ibis
import pyarrow as pa
import pytest
from tests.conftest import HandFacts, day
from tests.spec.course_patients import merged
from tests.spec.line_patient import by_patient, number_of

from lutrace.core import Row
from lutrace.endpoints import derive_grade_groups, derive_sites
from lutrace.protocol import SiteRules

Score = tuple[str, int | None, int | None, int | None, int | None]
"""Milestone, day, primary, secondary, sum."""


def diagnoses_of(scores: list[Score], patient: str = "p") -> list[Row]:
    return [
        {
            "patient_id": patient,
            "milestone": milestone,
            "date": None if at is None else day(at),
            "gleason_primary": primary,
            "gleason_secondary": secondary,
            "gleason_sum": total,
            "row_id": f"{patient}:{place}",
        }
        for place, (milestone, at, primary, secondary, total) in enumerate(scores)
    ]


def group_of(scores: list[Score], which: Any = "highest") -> Row:
    [row] = derive_grade_groups(HandFacts({"diagnoses": diagnoses_of(scores)}), which).to_pyarrow().to_pylist()
    return dict(row)


GROUPS: list[tuple[int | None, int | None, int | None, int | None]] = [
    (3, 3, 6, 1),
    (None, None, 6, 1),
    (3, 4, 7, 2),
    (4, 3, None, 3),
    (None, None, 7, None),
    (2, 5, 7, None),
    (3, 5, 8, 4),
    (None, None, 8, 4),
    (5, 4, 9, 5),
    (5, 5, 10, 5),
    (3, 3, 4, None),
    (4, None, None, None),
]


@pytest.fixture(scope="module")
def groups() -> dict[str, list[Row]]:
    """The grade group of one patient per case of GROUPS, called by its place."""
    rows = [row for n, case in enumerate(GROUPS) for row in diagnoses_of([("initial", 0, *case[:3])], str(n))]
    return by_patient(derive_grade_groups(HandFacts({"diagnoses": rows}), "highest"), map(str, range(len(GROUPS))))


@pytest.mark.parametrize(("place", "expected"), [(n, case[3]) for n, case in enumerate(GROUPS)], ids=map(str, GROUPS))
def test_grade_groups(groups: dict[str, list[Row]], place: int, expected: int | None) -> None:
    [row] = groups[str(place)]
    assert row["grade_group"] == expected
    assert (row["reason"] is None) == (expected is not None)


SEVERAL: list[Score] = [("initial", 0, 3, 4, 7), ("metastatic", 500, 5, 4, 9), ("crpc", 900, 4, 3, 7)]


@pytest.mark.parametrize(("which", "expected"), [("highest", 5), ("initial", 2), ("latest", 3)])
def test_which_of_several_scores(which: str, expected: int) -> None:
    row = group_of(SEVERAL, which)
    assert (row["grade_group"], row["n_scores"], row["n_grade_groups"]) == (expected, 3, 3)


def test_a_score_that_cannot_be_known_is_not_the_highest() -> None:
    assert group_of([("initial", 0, None, None, 7), ("crpc", 9, 3, 3, 6)])["grade_group"] == 1


def lesion(site: str, scan: str = "pet", **more: Any) -> Row:
    return {"patient_id": "p", "scan_id": scan, "site": site, "category": "tumour", "row_id": f"l{site}{scan}", **more}


SCANS: list[Row] = [
    {"patient_id": "p", "scan_id": "pet", "date": day(-30), "purpose": "psma_pet", "row_id": "s1"},
    {"patient_id": "p", "scan_id": "old", "date": day(-181), "purpose": "psma_pet", "row_id": "s2"},
    {"patient_id": "p", "scan_id": "edge", "date": day(-180), "purpose": "rlt_spect", "row_id": "s3"},
    {"patient_id": "p", "scan_id": "after", "date": day(1), "purpose": "psma_pet", "row_id": "s4"},
]


Sites = list[tuple[str, str, int | None]]
"""Site, modality and last day."""


def own(row: Row, patient: str) -> Row:
    """The row as one of this patient, whose scans and rows are called after him."""
    names = {key: f"{patient}-{row[key]}" for key in ("scan_id", "row_id") if key in row}
    return {**row, "patient_id": patient, **names}


def sites_of_each(cases: dict[str, dict[str, list[Row]]], rules: SiteRules | None = None) -> dict[str, Sites]:
    """The sites of one patient per case, of one query."""
    patients = [
        {table: [own(row, name) for row in rows] for table, rows in {"scans": SCANS, **tables}.items()}
        for name, tables in cases.items()
    ]
    index = ibis.memtable(pa.table({"patient_id": list(cases), "index_date": [day(0)] * len(cases)}))
    found = by_patient(derive_sites(HandFacts(merged(patients)), index, rules), cases)
    return {
        name: sorted((row["site"], row["modality"], number_of(row["last_date"])) for row in rows)
        for name, rows in found.items()
    }


def said(value: str, **more: Any) -> Row:
    row = {"patient_id": "p", "fact": "metastasis_site", "value": value, "note_date": day(-5), "row_id": "t"}
    return {**row, "negated": False, "uncertain": False, **more}


def diagnosis(**more: Any) -> Row:
    return {"patient_id": "p", "milestone": "metastatic", "date": day(-900), "row_id": "d", **more}


SITES: list[tuple[str, dict[str, list[Row]], Sites]] = [
    ("a_tumour_lesion_counts", {"lesions": [lesion("bone")]}, [("bone", "psma_pet", -30)]),
    ("physiological_uptake_does_not", {"lesions": [lesion("liver", category="physiological")]}, []),
    (
        "nodes_are_told_apart_by_mitnm",
        {"lesions": [lesion("node", mitnm="N"), lesion("node", "edge", mitnm="M1a")]},
        [("node_distant", "spect", -180), ("node_pelvic", "psma_pet", -30)],
    ),
    ("a_node_of_unknown_place_is_a_node", {"lesions": [lesion("node")]}, [("node", "psma_pet", -30)]),
    ("other_is_visceral", {"lesions": [lesion("other")]}, [("other_visceral", "psma_pet", -30)]),
    ("the_prostate_is_local", {"lesions": [lesion("prostate")]}, [("local", "psma_pet", -30)]),
    ("a_scan_181_days_old_is_too_old", {"lesions": [lesion("bone", "old")]}, []),
    ("a_scan_of_180_days_is_not", {"lesions": [lesion("bone", "edge")]}, [("bone", "spect", -180)]),
    ("a_later_scan_is_not_known", {"lesions": [lesion("bone", "after")]}, []),
    ("a_diagnosis_counts_whatever_its_age", {"diagnoses": [diagnosis(code="C78.7")]}, [("liver", "diagnosis", -900)]),
    ("c79_5_is_bone", {"diagnoses": [diagnosis(code="C79.5")]}, [("bone", "diagnosis", -900)]),
    ("oss_of_a_cancer_registry_is_bone", {"diagnoses": [diagnosis(code="OSS")]}, [("bone", "diagnosis", -900)]),
    ("snomed_of_a_liver_metastasis", {"diagnoses": [diagnosis(code="94381002")]}, [("liver", "diagnosis", -900)]),
    ("m1c_without_a_code_is_visceral", {"diagnoses": [diagnosis(m="M1c")]}, [("other_visceral", "diagnosis", -900)]),
    ("a_letter_counts_in_german", {"text_findings": [said("Knochen")]}, [("bone", "letter", -5)]),
    ("a_denial_does_not", {"text_findings": [said("Leber", negated=True)]}, []),
    (
        "a_reader_counts",
        {
            "reader_findings": [
                {"patient_id": "p", "date": day(-3), "site": "liver", "kind": "ct_only_lesion", "row_id": "r"}
            ]
        },
        [("liver", "reader", -3)],
    ),
]


@pytest.fixture(scope="module")
def sites() -> dict[str, Sites]:
    return sites_of_each({name: tables for name, tables, _ in SITES})


@pytest.mark.parametrize(("name", "expected"), [(s[0], s[2]) for s in SITES], ids=[s[0] for s in SITES])
def test_sites(sites: dict[str, Sites], name: str, expected: Sites) -> None:
    assert sites[name] == expected


def test_without_a_look_back_every_earlier_scan_counts() -> None:
    found = sites_of_each({"p": {"lesions": [lesion("bone", "old")]}}, SiteRules(look_back=None))
    assert found["p"] == [("bone", "psma_pet", -181)]
