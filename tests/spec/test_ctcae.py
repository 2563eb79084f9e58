"""CTCAE grades of laboratory values: a row in, a grade out. Values in the analyte's canonical unit; None: not graded.

Expected grades were read by hand from the standard's clauses; a value at a cutoff belongs to the lower grade.
"""

from __future__ import annotations

import functools
import json
from typing import Any

import ibis
import pyarrow as pa
import pytest

from lutrace.endpoints import grade_labs
from lutrace.terms import CTCAE_VERSIONS, ctcae_version

FIELDS = pa.schema(
    [
        ("analyte", pa.string()),
        ("value", pa.float64()),
        ("comparator", pa.string()),
        ("molar", pa.bool_()),
        ("lln", pa.float64()),
        ("uln", pa.float64()),
        ("baseline_value", pa.float64()),
        ("baseline_abnormal", pa.bool_()),
        ("is_baseline", pa.bool_()),
        ("fault", pa.string()),
    ]
)
Case = tuple[str, str, str, dict[str, Any], int | None]


def graded(rows: list[dict[str, Any]], version: str, *, with_symptoms: bool = False) -> list[dict[str, Any]]:
    """The graded rows of `rows`, in their order, each with `number`, its place."""
    table = pa.Table.from_pylist(rows, schema=FIELDS).append_column("number", pa.array(range(len(rows)), pa.int64()))
    found = grade_labs(ibis.memtable(table), (version,), with_symptoms=with_symptoms)
    result: list[dict[str, Any]] = found.order_by(["number", "place"]).to_pyarrow().to_pylist()
    return result


def grade_of(version: str, term: str, row: dict[str, Any], *, with_symptoms: bool = False) -> dict[str, Any]:
    """The one graded row of `term`."""
    return next(one for one in graded([row], version, with_symptoms=with_symptoms) if one["term"] == term)


V4, V5, V6 = CTCAE_VERSIONS

LADDERS: list[tuple[str, str, str, float | None, float | None, list[tuple[float, int]]]] = [
    # version, term, analyte, lln, uln, (value, grade) around every boundary
    (V5, "Anemia", "haemoglobin", 13.0, None,
     [(13.0, 0), (12.9, 1), (10.0, 1), (9.9, 2), (8.0, 2), (7.9, 3), (3.0, 3)]),
    (V4, "Anemia", "haemoglobin", 13.0, None, [(13.0, 0), (10.0, 1), (9.9, 2), (8.0, 2), (7.9, 3)]),
    (V6, "Anemia", "haemoglobin", 13.0, None, [(13.0, 0), (10.0, 1), (9.9, 2), (8.0, 2), (7.9, 3)]),
    (V5, "Platelet count decreased", "platelets", 150, None,
     [(150, 0), (149, 1), (75, 1), (74.9, 2), (50, 2), (49.9, 3), (25, 3), (24.9, 4)]),
    (V6, "Thrombocytopenia", "platelets", 150, None,
     [(150, 0), (149, 1), (75, 1), (74.9, 2), (50, 2), (49.9, 3), (10, 3), (9.9, 4)]),
    (V5, "Neutrophil count decreased", "neutrophils", 2.0, None,
     [(2.0, 0), (1.99, 1), (1.5, 1), (1.49, 2), (1.0, 2), (0.99, 3), (0.5, 3), (0.49, 4)]),
    (V4, "Platelet count decreased", "platelets", 150, None,
     [(150, 0), (149, 1), (75, 1), (74.9, 2), (50, 2), (49.9, 3), (25, 3), (24.9, 4)]),
    (V6, "White blood cell decreased", "leukocytes", 4.0, None,
     [(4.0, 0), (3.99, 1), (3.0, 1), (2.99, 2), (2.0, 2), (1.99, 3), (1.0, 3), (0.99, 4)]),
    (V6, "Neutrophil count decreased", "neutrophils", 2.0, None,
     [(1.99, 0), (1.5, 0), (1.49, 1), (1.0, 1), (0.99, 2), (0.5, 2), (0.49, 3), (0.1, 3), (0.09, 4)]),
    (V5, "White blood cell decreased", "leukocytes", 4.0, None,
     [(4.0, 0), (3.99, 1), (3.0, 1), (2.99, 2), (2.0, 2), (1.99, 3), (1.0, 3), (0.99, 4)]),
    (V5, "Leukocytosis", "leukocytes", None, 10.0, [(11.0, 0), (100, 0), (100.1, 3)]),
    (V5, "Lymphocyte count decreased", "lymphocytes", 1.0, None,
     [(1.0, 0), (0.99, 1), (0.8, 1), (0.79, 2), (0.5, 2), (0.49, 3), (0.2, 3), (0.19, 4)]),
    (V5, "Lymphocyte count increased", "lymphocytes", None, 3.0, [(4.0, 0), (4.1, 2), (20, 2), (20.1, 3)]),
    (V5, "Hemoglobin increased", "haemoglobin", None, 17.0,
     [(17.0, 0), (17.1, 1), (19.0, 1), (19.1, 2), (21.0, 2), (21.1, 3)]),
    (V5, "Creatinine increased", "creatinine", None, 1.2,
     [(1.2, 0), (1.21, 1), (1.8, 1), (1.81, 2), (3.6, 2), (3.61, 3), (7.2, 3), (7.21, 4)]),
    (V6, "Creatinine clearance decreased", "creatinine_clearance", None, None,
     [(50, 0), (49, 2), (26, 2), (25, 3), (10, 3)]),
    (V5, "Alanine aminotransferase increased", "alt", None, 40.0,
     [(40, 0), (41, 1), (120, 1), (121, 2), (200, 2), (201, 3), (800, 3), (801, 4)]),
    (V5, "Aspartate aminotransferase increased", "ast", None, 40.0,
     [(40, 0), (41, 1), (120, 1), (121, 2), (200, 2), (201, 3), (800, 3), (801, 4)]),
    (V4, "Aspartate aminotransferase increased", "ast", None, 40.0,
     [(40, 0), (41, 1), (120, 1), (121, 2), (200, 2), (201, 3), (800, 3), (801, 4)]),
    (V6, "Alanine aminotransferase increased", "alt", None, 40.0,
     [(40, 0), (41, 1), (120, 1), (121, 2), (200, 2), (201, 3), (800, 3), (801, 4)]),
    (V5, "Blood bilirubin increased", "bilirubin", None, 1.0,
     [(1.0, 0), (1.1, 1), (1.5, 1), (1.6, 2), (3.0, 2), (3.1, 3), (10.0, 3), (10.1, 4)]),
    (V5, "Alkaline phosphatase increased", "alp", None, 100.0,
     [(100, 0), (101, 1), (250, 1), (251, 2), (500, 2), (501, 3), (2000, 3), (2001, 4)]),
    (V4, "GGT increased", "ggt", None, 60.0, [(60, 0), (61, 1), (150, 1), (151, 2), (300, 2), (301, 3), (1201, 4)]),
    (V6, "Blood lactate dehydrogenase increased", "ldh", None, 250.0, [(250, 0), (251, 1), (2500, 1)]),
    (V4, "Lipase increased", "lipase", None, 60.0, [(60, 0), (90, 1), (91, 2), (120, 2), (121, 3), (300, 3), (301, 4)]),
    (V5, "Lipase increased", "lipase", None, 60.0, [(60, 0), (90, 1), (91, 2), (300, 2), (301, 3), (3000, 3)]),
    (V5, "Serum amylase increased", "amylase", None, 100.0, [(100, 0), (150, 1), (151, 2), (500, 2), (501, 3)]),
    (V5, "CPK increased", "cpk", None, 200.0, [(200, 0), (500, 1), (501, 2), (1001, 3), (2000, 3), (2001, 4)]),
    (V5, "Hyperkalemia", "potassium", None, 5.0,
     [(5.0, 0), (5.5, 1), (5.6, 2), (6.0, 2), (6.1, 3), (7.0, 3), (7.1, 4)]),
    (V5, "Hypokalemia", "potassium", 3.5, None, [(3.5, 0), (3.4, 1), (3.0, 1), (2.9, 3), (2.5, 3), (2.4, 4)]),
    (V5, "Hypernatremia", "sodium", None, 145.0,
     [(145, 0), (150, 1), (151, 2), (155, 2), (156, 3), (160, 3), (161, 4)]),
    (V5, "Hyponatremia", "sodium", 135.0, None,
     [(135, 0), (134, 1), (130, 1), (129.5, 2), (129, 2), (125, 2), (124, 3), (120, 3), (119, 4)]),
    (V4, "Hyponatremia", "sodium", 135.0, None, [(134, 1), (130, 1), (129, 3), (120, 3), (119, 4)]),
    (V5, "Hypercalcemia", "calcium_corrected", None, 10.5,
     [(10.5, 0), (11.5, 1), (11.6, 2), (12.5, 2), (12.6, 3), (13.5, 3), (13.6, 4)]),
    (V5, "Hypocalcemia", "calcium_corrected", 8.5, None,
     [(8.5, 0), (8.0, 1), (7.9, 2), (7.0, 2), (6.9, 3), (6.0, 3), (5.9, 4)]),
    (V5, "Hypocalcemia (Ionized)", "calcium_ionised", 1.1, None,
     [(1.1, 0), (1.0, 1), (0.99, 2), (0.9, 2), (0.8, 3), (0.79, 4)]),
    (V5, "Hypermagnesemia", "magnesium", None, 2.6, [(2.6, 0), (3.0, 1), (3.1, 3), (8.0, 3), (8.1, 4)]),
    (V5, "Hypomagnesemia", "magnesium", 1.7, None,
     [(1.7, 0), (1.2, 1), (1.1, 2), (0.9, 2), (0.8, 3), (0.7, 3), (0.6, 4)]),
    (V4, "Hypophosphatemia", "phosphate", 2.7, None,
     [(2.7, 0), (2.5, 1), (2.4, 2), (2.0, 2), (1.9, 3), (1.0, 3), (0.9, 4)]),
    (V5, "Hypoalbuminemia", "albumin", 3.5, None, [(3.5, 0), (3.0, 1), (2.9, 2), (2.0, 2), (1.9, 3)]),
    (V5, "Hypoglycemia", "glucose", 70.0, None, [(70, 0), (55, 1), (54, 2), (40, 2), (39, 3), (30, 3), (29, 4)]),
    (V6, "Hyperglycemia (Fasting)", "glucose_fasting", None, 100.0,
     [(100, 0), (160, 1), (161, 2), (250, 2), (251, 3), (501, 4)]),
]  # fmt: skip


AGAINST_BASELINE: list[tuple[str, str, str, float, float, list[tuple[float, int]]]] = [
    # version, term, analyte, uln, baseline, (value, grade) around every boundary of the baseline's clauses
    (V5, "Alanine aminotransferase increased", "alt", 40.0, 100.0,
     [(100, 0), (149, 0), (150, 1), (300, 1), (301, 2), (500, 2), (501, 3), (2000, 3), (2001, 4)]),
    (V5, "Aspartate aminotransferase increased", "ast", 40.0, 100.0,
     [(100, 0), (149, 0), (150, 1), (300, 1), (301, 2), (500, 2), (501, 3), (2000, 3), (2001, 4)]),
    (V5, "Blood bilirubin increased", "bilirubin", 1.0, 2.0,
     [(2.0, 0), (2.1, 1), (3.0, 1), (3.1, 2), (6.0, 2), (6.1, 3), (20.0, 3), (20.1, 4)]),
    (V5, "Alkaline phosphatase increased", "alp", 100.0, 200.0,
     [(200, 0), (399, 0), (400, 1), (500, 1), (501, 2), (1000, 2), (1001, 3), (4000, 3), (4001, 4)]),
    (V5, "Creatinine increased", "creatinine", 1.2, 0.6,
     [(0.9, 0), (0.91, 2), (1.8, 2), (1.81, 3), (7.2, 3), (7.21, 4)]),
    (V6, "Alanine aminotransferase increased", "alt", 40.0, 100.0,
     [(99, 0), (100, 1), (150, 1), (151, 2), (200, 2), (201, 3), (400, 3), (401, 4)]),
    (V6, "Aspartate aminotransferase increased", "ast", 40.0, 100.0,
     [(99, 0), (100, 1), (150, 1), (151, 2), (200, 2), (201, 3), (400, 3), (401, 4)]),
    (V6, "Blood bilirubin increased", "bilirubin", 1.0, 2.0,
     [(1.9, 0), (2.0, 1), (3.0, 1), (3.1, 2), (5.0, 2), (5.1, 3), (20.0, 3), (20.1, 4)]),
    (V6, "Alkaline phosphatase increased", "alp", 100.0, 200.0, [(200, 0), (201, 1), (5000, 1)]),
    # version 4 has no clause for an abnormal baseline: the limit of normal decides
    (V4, "Alanine aminotransferase increased", "alt", 40.0, 100.0, [(120, 1), (121, 2), (200, 2), (201, 3)]),
    (V4, "Blood bilirubin increased", "bilirubin", 1.0, 2.0, [(1.5, 1), (2.0, 2), (3.0, 2), (3.1, 3)]),
    (V4, "Alkaline phosphatase increased", "alp", 100.0, 200.0, [(250, 1), (251, 2), (399, 2)]),
]  # fmt: skip


def step_of(
    analyte: str, value: float, lln: float | None, uln: float | None, baseline: float | None = None
) -> dict[str, Any]:
    return {"analyte": analyte, "value": value, "lln": lln, "uln": uln, "baseline_value": baseline}


def tabulated() -> list[dict[str, Any]]:
    """Every row of the tables of this page."""
    rows = [step_of(analyte, value, lln, uln) for _, _, analyte, lln, uln, steps in LADDERS for value, _ in steps]
    rows += [
        step_of(analyte, value, None, uln, baseline)
        for _, _, analyte, uln, baseline, steps in AGAINST_BASELINE
        for value, _ in steps
    ]
    rows += [case[3] for case in BASELINES + MISSING]
    rows += [step_of(analyte, value, lln, uln) for _, _, analyte, value, lln, uln, *_ in SYMPTOMS]
    rows += [substance_of(analyte, mmol, per, limits) for _, analyte, mmol, per, limits, *_ in PRINTED]
    return rows + [row for _, _, row, _ in CLAUSES]


@functools.cache
def together(version: str, with_symptoms: bool) -> dict[str, list[dict[str, Any]]]:
    """The graded rows of every row of the tables, by what was given: one query for each version."""
    rows = {json.dumps(row): row for row in tabulated()}
    found: dict[str, list[dict[str, Any]]] = {given: [] for given in rows}
    places = list(rows)
    for one in graded(list(rows.values()), version, with_symptoms=with_symptoms):
        found[places[one["number"]]].append(one)
    return found


def tabulated_grade(version: str, term: str, row: dict[str, Any], *, with_symptoms: bool = False) -> dict[str, Any]:
    """The one graded row of `term`, of a row of the tables."""
    return next(one for one in together(version, with_symptoms)[json.dumps(row)] if one["term"] == term)


@pytest.mark.parametrize(
    ("version", "term", "analyte", "lln", "uln", "steps"),
    LADDERS,
    ids=[f"{one[0]}-{one[1]}-{one[2]}" for one in LADDERS],
)
def test_a_value_at_a_cutoff_belongs_to_the_lower_grade_and_one_beyond_it_to_the_higher(
    version: str, term: str, analyte: str, lln: float | None, uln: float | None, steps: list[tuple[float, int]]
) -> None:
    found = [tabulated_grade(version, term, step_of(analyte, value, lln, uln))["grade"] for value, _ in steps]

    assert found == [grade for _, grade in steps]


@pytest.mark.parametrize(
    ("version", "term", "analyte", "uln", "baseline", "steps"),
    AGAINST_BASELINE,
    ids=[f"{one[0]}-{one[1]}" for one in AGAINST_BASELINE],
)
def test_multiples_of_the_baseline_grade_at_their_boundaries(
    version: str, term: str, analyte: str, uln: float, baseline: float, steps: list[tuple[float, int]]
) -> None:
    found = [tabulated_grade(version, term, step_of(analyte, one, None, uln, baseline))["grade"] for one, _ in steps]

    assert found == [grade for _, grade in steps]


def alt(value: float | None, **more: Any) -> dict[str, Any]:
    return {"analyte": "alt", "value": value, "uln": 40.0, **more}


def creatinine(value: float, **more: Any) -> dict[str, Any]:
    return {"analyte": "creatinine", "value": value, **more}


ALT, BILI, ALP, GGT = (
    "Alanine aminotransferase increased",
    "Blood bilirubin increased",
    "Alkaline phosphatase increased",
    "GGT increased",
)
CREA, HIGH_HB = "Creatinine increased", "Hemoglobin increased"
FLAGGED = {"baseline_value": 100.0, "baseline_abnormal": True}
BASELINES: list[Case] = [
    ("an_abnormal_baseline_below_1.5_times_it_is_grade_0_though_above_uln", V5, ALT, alt(149.0, **FLAGGED), 0),
    ("1.5_times_an_abnormal_baseline_is_grade_1", V5, ALT, alt(150.0, **FLAGGED), 1),
    ("a_baseline_above_uln_is_abnormal_without_a_flag", V5, ALT, alt(149.0, baseline_value=100.0), 0),
    ("a_baseline_at_uln_is_normal_without_a_flag", V5, ALT, alt(41.0, baseline_value=40.0), 1),
    ("the_flag_outranks_the_value", V5, ALT, alt(149.0, baseline_value=100.0, baseline_abnormal=False), 2),
    ("the_baseline_row_is_graded_by_uln_alone", V5, ALT, alt(149.0, is_baseline=True, **FLAGGED), 2),
    ("without_a_baseline_uln_alone_decides", V5, ALT, alt(149.0), 2),
    ("an_abnormal_baseline_without_its_value_cannot_be_graded", V5, ALT, alt(149.0, baseline_abnormal=True), None),
    ("an_abnormal_baseline_is_graded_without_uln", V5, ALT, {**alt(301.0, **FLAGGED), "uln": None}, 2),
    ("without_uln_a_normal_baseline_cannot_be_graded", V5, ALT,
     {**alt(301.0, baseline_value=30.0, baseline_abnormal=False), "uln": None}, None),
    ("version_4_knows_no_baseline", V4, ALT, alt(149.0, **FLAGGED), 2),
    ("ggt_at_twice_an_abnormal_baseline_is_grade_1", V5, GGT,
     {"analyte": "ggt", "value": 400.0, "uln": 100.0, "baseline_value": 200.0}, 1),
    ("alp_in_version_6_above_uln_without_baseline_cannot_be_graded", V6, ALP,
     {"analyte": "alp", "value": 150.0, "uln": 100.0}, None),
    ("alp_in_version_6_within_uln_needs_no_baseline", V6, ALP, {"analyte": "alp", "value": 90.0, "uln": 100.0}, 0),
    ("alp_in_version_6_up_to_baseline_needs_no_uln", V6, ALP,
     {"analyte": "alp", "value": 90.0, "baseline_value": 100.0}, 0),
    ("creatinine_within_uln_above_1.5_times_baseline_is_grade_2", V5, CREA,
     creatinine(1.0, uln=1.2, baseline_value=0.6), 2),
    ("creatinine_never_reaches_grade_4_by_baseline", V5, CREA, creatinine(7.0, uln=1.2, baseline_value=0.6), 3),
    ("the_worse_of_uln_and_baseline_counts", V5, CREA, creatinine(3.7, uln=1.2, baseline_value=3.0), 3),
    ("creatinine_without_baseline_is_graded_by_uln", V5, CREA, creatinine(1.3, uln=1.2), 1),
    ("creatinine_without_uln_is_at_least_what_the_baseline_says", V5, CREA, creatinine(1.9, baseline_value=0.6), 3),
    ("creatinine_without_uln_below_the_baseline_clauses_cannot_be_graded", V5, CREA,
     creatinine(0.7, baseline_value=0.6), None),
    ("creatinine_as_baseline_row_is_graded_by_uln_alone", V5, CREA,
     creatinine(1.3, uln=1.2, baseline_value=1.3, is_baseline=True), 1),
    ("any_rise_of_creatinine_above_baseline_is_grade_1_in_version_4", V4, CREA,
     creatinine(0.7, uln=1.2, baseline_value=0.6), 1),
    ("normal_creatinine_without_baseline_cannot_be_graded_in_version_4", V4, CREA, creatinine(0.7, uln=1.2), None),
    ("high_creatinine_without_baseline_is_graded_in_version_4", V4, CREA, creatinine(1.3, uln=1.2), 1),
    ("the_baseline_does_not_count_in_version_6_when_it_is_not_low", V6, CREA,
     creatinine(1.1, lln=0.5, uln=1.2, baseline_value=0.6), 0),
    ("a_baseline_below_lln_counts_in_version_6", V6, CREA, creatinine(1.1, lln=0.7, uln=1.2, baseline_value=0.6), 2),
    ("an_abnormal_baseline_not_above_uln_is_low_when_lln_is_missing", V6, CREA,
     creatinine(1.1, uln=1.2, baseline_value=0.6, baseline_abnormal=True), 2),
    ("an_abnormal_baseline_above_uln_is_not_low", V6, CREA,
     creatinine(3.5, uln=1.2, baseline_value=1.5, baseline_abnormal=True), 2),
    ("haemoglobin_in_version_4_is_held_against_a_baseline_above_uln", V4, HIGH_HB,
     {"analyte": "haemoglobin", "value": 19.5, "uln": 17.0, "baseline_value": 18.0}, 1),
    ("a_low_haemoglobin_as_baseline_is_no_baseline_above_uln", V4, HIGH_HB,
     {"analyte": "haemoglobin", "value": 19.5, "uln": 17.0, "baseline_value": 9.0, "baseline_abnormal": True}, 2),
]  # fmt: skip

MISSING: list[Case] = [
    ("grade_3_anaemia_needs_no_lln", V5, "Anemia", {"analyte": "haemoglobin", "value": 7.0}, 3),
    ("grade_2_anaemia_needs_no_lln", V5, "Anemia", {"analyte": "haemoglobin", "value": 9.5}, 2),
    ("grade_1_or_0_anaemia_needs_lln", V5, "Anemia", {"analyte": "haemoglobin", "value": 10.0}, None),
    ("neutrophils_need_no_lln_in_version_6", V6, "Neutrophil count decreased",
     {"analyte": "neutrophils", "value": 1.8}, 0),
    ("a_lln_below_the_cutoff_of_grade_2_does_not_lift_it", V5, "Neutrophil count decreased",
     {"analyte": "neutrophils", "value": 1.4, "lln": 1.2}, 2),
    ("a_limit_of_zero_is_no_limit", V5, ALT, {"analyte": "alt", "value": 30.0, "uln": 0.0}, None),
    ("a_baseline_of_zero_is_no_baseline", V5, CREA, creatinine(1.0, uln=1.2, baseline_value=0.0), 0),
    ("no_value_is_no_grade", V5, ALT, alt(None), None),
    ("a_fault_of_the_row_is_no_grade", V5, ALT, alt(500.0, fault="unknown unit"), None),
    ("below_10_ml_min_version_6_names_no_grade", V6, "Creatinine clearance decreased",
     {"analyte": "creatinine_clearance", "value": 9.9}, None),
    ("below_10_reported_is_grade_4_for_platelets", V5, "Platelet count decreased",
     {"analyte": "platelets", "value": 10.0, "comparator": "<"}, 4),
    ("below_a_cutoff_reported_is_beyond_it", V6, "Thrombocytopenia",
     {"analyte": "platelets", "value": 10.0, "comparator": "<"}, 4),
    ("at_most_a_cutoff_is_at_least_the_lower_grade", V6, "Thrombocytopenia",
     {"analyte": "platelets", "value": 10.0, "comparator": "<="}, 3),
    ("below_a_number_above_a_cutoff_settles_nothing", V5, "Anemia",
     {"analyte": "haemoglobin", "value": 14.0, "comparator": "<", "lln": 13.0}, None),
    ("alt_below_a_number_within_uln_is_grade_0", V5, ALT, alt(10.0, comparator="<"), 0),
    ("alt_below_uln_reported_is_grade_0", V5, ALT, alt(40.0, comparator="<="), 0),
    ("alt_above_a_number_is_at_least_its_grade", V5, ALT, alt(150.0, comparator=">"), 2),
    ("alt_above_the_last_cutoff_is_grade_4", V5, ALT, alt(800.0, comparator=">"), 4),
    ("platelets_above_a_number_within_normal_are_grade_0", V5, "Platelet count decreased",
     {"analyte": "platelets", "value": 150.0, "comparator": ">", "lln": 150.0}, 0),
]  # fmt: skip


@pytest.mark.parametrize(("version", "term", "row", "grade"), [case[1:] for case in BASELINES + MISSING],
                         ids=[case[0] for case in BASELINES + MISSING])  # fmt: skip
def test_baselines_and_missing_facts(version: str, term: str, row: dict[str, Any], grade: int | None) -> None:
    found = tabulated_grade(version, term, row)

    assert found["grade"] == grade
    assert (found["reason"] is None) == (grade is not None)
    assert (found["rule"] is None) == (grade is None)


SYMPTOMS: list[tuple[str, str, str, float, float | None, float | None, int, int]] = [
    (V5, "Hyponatremia", "sodium", 127.0, 135.0, None, 2, 3),
    (V5, "Hypokalemia", "potassium", 3.2, 3.5, None, 1, 2),
    (V5, "Lipase increased", "lipase", 150.0, None, 60.0, 2, 3),
    (V5, "Lipase increased", "lipase", 400.0, None, 60.0, 3, 4),
    (V6, "Lipase increased", "lipase", 150.0, None, 60.0, 2, 2),
    (V6, "Lipase increased", "lipase", 200.0, None, 60.0, 2, 3),
    (V5, "Anemia", "haemoglobin", 9.0, 13.0, None, 2, 2),
]


@pytest.mark.parametrize(("version", "term", "analyte", "value", "lln", "uln", "without", "with_them"), SYMPTOMS)
def test_a_value_alone_is_graded_as_of_a_patient_without_symptoms_unless_asked(
    version: str, term: str, analyte: str, value: float, lln: float, uln: float, without: int, with_them: int
) -> None:
    row = step_of(analyte, value, lln, uln)

    assert tabulated_grade(version, term, row)["grade"] == without
    assert tabulated_grade(version, term, row, with_symptoms=True)["grade"] == with_them


PRINTED: list[tuple[str, str, float, float, dict[str, float], int, int | None]] = [
    # term, analyte, mmol/L, canonical per mmol/L, limits, grade by the mmol/L text, grade by the other where it differs
    ("Anemia", "haemoglobin", 4.93, 1.6114, {"lln": 13.0}, 2, 3),
    ("Anemia", "haemoglobin", 6.2, 1.6114, {"lln": 13.0}, 1, 2),
    ("Anemia", "haemoglobin", 4.9, 1.6114, {"lln": 13.0}, 2, 3),
    ("Anemia", "haemoglobin", 4.8, 1.6114, {"lln": 13.0}, 3, None),
    ("Hypocalcemia", "calcium_corrected", 1.998, 4.0078, {"lln": 8.5}, 2, 1),
    ("Hypomagnesemia", "magnesium", 0.495, 2.4305, {"lln": 1.7}, 2, 1),
]


def substance_of(analyte: str, mmol: float, per_mmol: float, limits: dict[str, float]) -> dict[str, Any]:
    return {"analyte": analyte, "value": mmol * per_mmol, "molar": True, **limits}


@pytest.mark.parametrize(("term", "analyte", "mmol", "per_mmol", "limits", "grade", "other"), PRINTED)
def test_an_amount_of_substance_is_graded_by_the_cutoff_printed_for_it_and_the_other_is_told(
    term: str, analyte: str, mmol: float, per_mmol: float, limits: dict[str, float], grade: int, other: int | None
) -> None:
    found = tabulated_grade(V5, term, substance_of(analyte, mmol, per_mmol, limits))

    assert (found["grade"], found["other_grade"]) == (grade, other)


def test_the_same_haemoglobin_in_grams_is_graded_by_the_grams_and_the_mmol_grade_is_told() -> None:
    found = grade_of(V5, "Anemia", {"analyte": "haemoglobin", "value": 4.93 * 1.6114, "lln": 13.0})

    assert (found["grade"], found["other_grade"]) == (3, 2)


def test_a_decimal_that_binary_cannot_hold_stays_at_its_cutoff() -> None:
    rows = [
        {"analyte": "neutrophils", "value": 3 * 0.5, "lln": 1.6},
        {"analyte": "alt", "value": 0.1 * 3, "uln": 0.1},
        {"analyte": "haemoglobin", "value": 80 * 0.1, "lln": 13.0},
        {"analyte": "haemoglobin", "value": 100 * 0.1, "lln": 13.0},
        {"analyte": "creatinine", "value": 1.1 * 1.5, "uln": 1.1},
    ]
    terms = {"Neutrophil count decreased", ALT, "Anemia", CREA}

    assert [row["grade"] for row in graded(rows, V5) if row["term"] in terms] == [1, 1, 2, 1, 1]


def test_refused_terms_keep_a_row_that_says_why() -> None:
    rows = graded([{"analyte": "lymphocytes", "value": 0.1, "lln": 1.0}], V6)

    assert [(row["term"], row["grade"]) for row in rows] == [
        ("Lymphocyte count increased", 0),
        ("Lymphocyte count decreased", None),
    ]
    assert "not read" in rows[1]["reason"]


def test_an_analyte_without_a_term_keeps_its_row() -> None:
    (row,) = graded([{"analyte": "psa", "value": 10.0}], V5)

    assert (row["term"], row["grade"]) == (None, None)
    assert "no laboratory term of ctcae-5.0" in row["reason"]


@pytest.mark.parametrize("version", CTCAE_VERSIONS)
def test_every_term_has_a_ladder_or_shares_its_clauses_with_one(version: str) -> None:
    shown = {(term, analyte) for _, term, analyte, *_ in LADDERS}
    known = {(term.term, analyte) for term in ctcae_version(version).terms for analyte in term.analytes}
    alike = {"Aspartate aminotransferase increased", "Hypercalcemia (Ionized)", "Hypoglycemia", "GGT increased"}

    assert {(term, analyte) for term, analyte in known - shown if term not in alike} == set()


AGAINST = "baseline abnormal: graded against the baseline"
FURTHER = f"{AGAINST}; the standard prints this clause for lower baselines only"
UNPLACED = "no lln and no baseline_abnormal: whether the baseline counts is not known; graded by the limit alone"
DOUBTS: list[tuple[str, str, dict[str, Any], int, str | None]] = [
    ("grade_3_of_alt_with_a_baseline_of_5_uln", ALT, alt(450.0, uln=40.0, baseline_value=200.0), 3, AGAINST),
    ("grade_3_of_alt_with_a_baseline_above_5_uln", ALT, alt(450.0, uln=40.0, baseline_value=201.0), 3, FURTHER),
    ("grade_2_of_alt_with_a_baseline_above_5_uln", ALT, alt(350.0, uln=40.0, baseline_value=201.0), 2, AGAINST),
    ("grade_4_of_alt_with_a_baseline_above_5_uln", ALT, alt(900.0, uln=40.0, baseline_value=201.0), 4, AGAINST),
    (
        "grade_3_of_alt_with_a_flagged_baseline_without_uln",
        ALT,
        alt(450.0, uln=None, baseline_value=200.0, baseline_abnormal=True),
        3,
        FURTHER,
    ),
    ("creatinine_without_lln_and_flag_by_its_limit", CREA, creatinine(1.0, uln=1.2, baseline_value=0.3), 0, UNPLACED),
    ("and_above_it", CREA, creatinine(2.0, uln=1.2, baseline_value=0.3), 2, UNPLACED),
    ("creatinine_with_a_low_baseline", CREA, creatinine(1.0, lln=0.5, uln=1.2, baseline_value=0.3), 3, None),
    ("creatinine_with_a_normal_baseline", CREA, creatinine(1.0, lln=0.3, uln=1.2, baseline_value=0.3), 0, None),
    (
        "creatinine_with_a_flag_and_no_lln",
        CREA,
        creatinine(1.0, uln=1.2, baseline_value=0.3, baseline_abnormal=True),
        3,
        None,
    ),
]
"""Of 6.0: what the standard leaves open, or the row; how it is graded, and what the note says."""


@pytest.mark.parametrize(("term", "row", "grade", "note"), [one[1:] for one in DOUBTS], ids=[one[0] for one in DOUBTS])
def test_what_is_not_settled_is_graded_with_a_note(
    term: str, row: dict[str, Any], grade: int, note: str | None
) -> None:
    found = grade_of(V6, term, row)

    assert (found["grade"], found["note"]) == (grade, note)


CLAUSES: list[tuple[str, str, dict[str, Any], str]] = [
    (V5, "Anemia", {"analyte": "haemoglobin", "value": 9.0}, "ctcae-5.0 grade 2: < 10.0 g/dL"),
    (V5, CREA, creatinine(1.0, uln=1.2, baseline_value=0.6), "ctcae-5.0 grade 2: > 1.5 x baseline"),
    (V6, ALP, {"analyte": "alp", "value": 300.0, "uln": 100.0, "baseline_value": 200.0},
     "ctcae-6.0 grade 1: > ULN and > baseline"),
    (V5, ALT, alt(30.0), "ctcae-5.0: no clause met"),
]  # fmt: skip


@pytest.mark.parametrize(("version", "term", "row", "rule"), CLAUSES, ids=[one[3] for one in CLAUSES])
def test_the_rule_names_the_clause_that_was_met(version: str, term: str, row: dict[str, Any], rule: str) -> None:
    assert tabulated_grade(version, term, row)["rule"] == rule
