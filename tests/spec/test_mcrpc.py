"""The date of mCRPC: PSA, testosterone, androgen deprivation, diagnoses, treatments in, dates out; days from zero."""

from __future__ import annotations

import random
from typing import Any

import ibis
import pyarrow as pa
import pytest
from tests.conftest import HandFacts, day
from tests.spec.course_patients import merged
from tests.spec.line_patient import by_patient, number_of

from lutrace.core import Row, parse_partial_date
from lutrace.endpoints import (
    choose_mcrpc_dates,
    compare_mcrpc_dates,
    count_mcrpc_patterns,
    derive_mcrpc_dates,
)

RISING = ((0, 1.0), (30, 1.6), (60, 2.6), (90, 4.2))
"""EAU at day 90 (three rises; 1.6, 2.6 and 4.2 are at least 50 % above 1.0, above 2), AUA at day 60."""


def facts_of(
    *,
    psa: tuple[tuple[int, float], ...] = (),
    testosterone: tuple[tuple[Any, ...], ...] = (),
    adt: tuple[tuple[Any, ...], ...] = (),
    given: tuple[tuple[Any, ...], ...] = (),
    diagnoses: tuple[dict[str, Any], ...] = (),
    texts: tuple[dict[str, Any], ...] = (),
    patient: str = "p",
) -> dict[str, list[Row]]:
    who = {"patient_id": patient}
    labs: list[Row] = [
        {
            **who,
            "date": day(at),
            "analyte": "psa",
            "value": value,
            "canonical_unit": "ng/mL",
            "row_id": f"psa{patient}{at}",
        }
        for at, value in psa
    ]
    labs += [
        {
            **who,
            "date": day(at),
            "analyte": "testosterone",
            "value": value,
            "comparator": sign[0] if sign else None,
            "canonical_unit": "ng/dL",
            "row_id": f"t{patient}{at}",
        }
        for at, value, *sign in testosterone
    ]
    periods = [
        {
            **who,
            "agent": agent,
            "begin_date": day(begin),
            "begin_date_precision": "day",
            "end_date": None if end is None else day(end),
            "row_id": f"{agent}{patient}{begin}",
            **({"depot_days": depot[0]} if depot else {}),
        }
        for agent, begin, end, *depot in (*adt, *given)
    ]
    treatments = [
        {**row, "agent_class": None}
        for row in periods
        if row["agent"] not in ("leuprorelin", "degarelix", "bicalutamide")
    ]
    medications = [row for row in periods if row["agent"] in ("leuprorelin", "degarelix", "bicalutamide")]
    known = [{**who, "row_id": f"dx{patient}{place}", **row} for place, row in enumerate(diagnoses)]
    letters = [
        {**who, "negated": False, "uncertain": False, "note_date": day(0), "row_id": f"text{place}", **row}
        for place, row in enumerate(texts)
    ]
    return {
        "labs": labs,
        "medications": medications,
        "treatments": treatments,
        "diagnoses": known,
        "text_findings": letters,
        "cycles": [],
    }


def facts_of_each(cases: dict[str, dict[str, Any]]) -> HandFacts:
    """The facts of one patient per case, called by its name."""
    return HandFacts(merged([facts_of(patient=name, **given) for name, given in cases.items()]))


def dated(milestone: str, when: str, method: str = "physician") -> dict[str, Any]:
    """A diagnosis of a date known to the day, month or year."""
    date = parse_partial_date(when)
    known = {"date": date.first_day(), "date_precision": date.precision}
    return {"milestone": milestone, **known, "method": method}


def crpc_days(found: dict[str, Row]) -> dict[str, int | None]:
    return {name: number_of(row["crpc_date"]) for name, row in found.items()}


def dx(milestone: str, at: int, method: str = "physician", **more: Any) -> dict[str, Any]:
    return {"milestone": milestone, "date": day(at), "date_precision": "day", "method": method, **more}


DATES: list[tuple[str, dict[str, Any], dict[str, int | None]]] = [
    (
        "rises_at_castrate_testosterone_meet_eau_and_aua",
        {"psa": RISING, "testosterone": ((0, 20.0),)},
        {"eau": 90, "aua": 60},
    ),
    (
        "pcwg3_needs_25_percent_2_ng_ml_and_a_second_value",
        {"psa": ((0, 1.0), (30, 4.0), (60, 5.0)), "testosterone": ((0, 20.0),)},
        {"pcwg3": 30, "aua": 60},
    ),
    ("without_a_castrate_state_no_rise_counts", {"psa": RISING}, {}),
    ("testosterone_of_50_is_not_castrate", {"psa": RISING, "testosterone": ((0, 50.0),)}, {}),
    ("testosterone_of_49_is", {"psa": RISING, "testosterone": ((0, 49.0),)}, {"eau": 90, "aua": 60}),
    ("below_50_is", {"psa": RISING, "testosterone": ((0, 50.0, "<"),)}, {"eau": 90, "aua": 60}),
    ("testosterone_older_than_180_days_is_not_known", {"psa": RISING, "testosterone": ((-151, 20.0),)}, {}),
    (
        "androgen_deprivation_since_28_days_is_castrate",
        {"psa": RISING, "adt": (("leuprorelin", -28, None),)},
        {"eau": 90, "aua": 60},
    ),
    (
        "since_27_days_it_is_not_yet_and_the_rises_count_from_the_next_value",
        {"psa": RISING, "adt": (("leuprorelin", -27, None),)},
        {"aua": 90},
    ),
    ("an_antiandrogen_alone_is_not", {"psa": RISING, "adt": (("bicalutamide", -200, None),)}, {}),
    ("orchiectomy_is_for_good", {"psa": RISING, "given": (("orchiectomy", -900, -900),)}, {"eau": 90, "aua": 60}),
    ("one_dose_acts_for_its_depot_only", {"psa": RISING, "adt": (("leuprorelin", -28, -28),)}, {}),
    (
        "doses_every_four_weeks_go_on",
        {"psa": RISING, "adt": tuple(("leuprorelin", at, at) for at in range(-56, 90, 28))},
        {"eau": 90, "aua": 60},
    ),
    (
        "a_depot_on_record_lasts_until_the_next_dose_of_12_weeks",
        {"psa": RISING, "adt": tuple(("leuprorelin", at, at, 84) for at in (-84, 0, 84))},
        {"eau": 90, "aua": 60},
    ),
    (
        "without_a_depot_on_record_that_of_the_drug_is_over_before_the_next_dose",
        {"psa": RISING, "adt": tuple(("leuprorelin", at, at) for at in (-84, 0, 84))},
        {},
    ),
    (
        "testosterone_that_is_not_castrate_under_deprivation_forbids",
        {"psa": RISING, "adt": (("leuprorelin", -200, None),), "testosterone": ((0, 300.0),)},
        {},
    ),
    (
        "testosterone_from_before_the_deprivation_does_not_forbid",
        {"psa": RISING, "adt": (("leuprorelin", -60, None),), "testosterone": ((-70, 300.0),)},
        {"eau": 90, "aua": 60},
    ),
    (
        "a_recorded_diagnosis_counts_by_its_method",
        {"diagnoses": (dx("crpc", 10), dx("crpc", 5, "code"))},
        {"physician": 10, "code": 5},
    ),
    ("a_derived_diagnosis_is_none", {"diagnoses": (dx("crpc", 10, "derived"),)}, {}),
    ("a_letter_counts", {"texts": ({"fact": "mcrpc", "date": day(7)},)}, {"text": 7}),
    (
        "a_month_in_a_letter_stands_for_its_15th_day",
        {"texts": ({"fact": "mcrpc", "date": day(-9), "date_precision": "month"},)},
        {"text": 5},
    ),
    ("a_letter_without_a_day_counts_from_its_own", {"texts": ({"fact": "crpc", "note_date": day(9)},)}, {"text": 9}),
    ("a_denial_does_not", {"texts": ({"fact": "mcrpc", "date": day(7), "negated": True},)}, {}),
    ("a_doubt_does_not", {"texts": ({"fact": "mcrpc", "date": day(7), "uncertain": True},)}, {}),
    (
        "an_arpi_more_than_180_days_after_the_begin_of_deprivation_is_a_surrogate",
        {"adt": (("leuprorelin", 0, None),), "given": (("abiraterone", 181, None),)},
        {"surrogate": 181},
    ),
    (
        "an_arpi_180_days_after_it_treats_hormone_sensitive_disease",
        {"adt": (("leuprorelin", 0, None),), "given": (("abiraterone", 180, None),)},
        {},
    ),
    (
        "the_first_treatment_that_counts_is_taken",
        {
            "adt": (("leuprorelin", 0, None),),
            "given": (("docetaxel", 60, 160), ("enzalutamide", 500, 700), ("cabazitaxel", 720, None)),
        },
        {"surrogate": 500},
    ),
    ("cabazitaxel_shows_it_whatever_else_is_known", {"given": (("cabazitaxel", 300, None),)}, {"surrogate": 300}),
    ("an_arpi_without_known_deprivation_shows_nothing", {"given": (("abiraterone", 300, None),)}, {}),
]


@pytest.fixture(scope="module")
def dates() -> dict[str, dict[str, Row]]:
    """The rows by definition of each case of DATES, MCRPC and GRADES, of one query."""
    cases = {name: given for name, given, *_ in (*DATES, *GRADES)}
    cases |= {name: {"diagnoses": diagnoses} for name, diagnoses, _ in MCRPC}
    assert len(cases) == len(DATES) + len(GRADES) + len(MCRPC)
    rows = by_patient(derive_mcrpc_dates(facts_of_each(cases)), cases, "definition")
    return {name: {row["definition"]: row for row in found} for name, found in rows.items()}


@pytest.mark.parametrize(("name", "expected"), [(d[0], d[2]) for d in DATES], ids=[d[0] for d in DATES])
def test_definitions(dates: dict[str, dict[str, Row]], name: str, expected: dict[str, int | None]) -> None:
    assert crpc_days(dates[name]) == expected


MCRPC: list[tuple[str, tuple[dict[str, Any], ...], int | None]] = [
    ("metastases_before_it", (dx("metastatic", -100), dx("crpc", 50)), 50),
    ("metastases_after_it", (dx("crpc", 50), dx("metastatic", 200)), 200),
    ("metastases_without_a_date", (dx("crpc", 50),), None),
    ("a_record_of_mcrpc_says_both", (dx("mcrpc", 50),), 50),
    ("m1_at_the_first_diagnosis", (dx("initial", -900, m="cM1b"), dx("crpc", 50)), 50),
    ("m0_at_the_first_diagnosis", (dx("initial", -900, m="cM0"), dx("crpc", 50)), None),
]


@pytest.mark.parametrize(("name", "expected"), [(m[0], m[2]) for m in MCRPC], ids=[m[0] for m in MCRPC])
def test_mcrpc_is_the_later_of_resistance_and_metastases(
    dates: dict[str, dict[str, Row]], name: str, expected: int | None
) -> None:
    assert number_of(dates[name]["physician"]["mcrpc_date"]) == expected


EXACTNESS: list[tuple[str, tuple[dict[str, Any], ...], tuple[str | None, str | None]]] = [
    ("both_to_the_day", (dated("crpc", "2020-03-10"), dated("metastatic", "2019-01-05")), ("2020-03-10", "day")),
    ("resistance_to_the_month", (dated("crpc", "2020-03"), dated("metastatic", "2019-01-05")), ("2020-03-15", "month")),
    ("resistance_to_the_year", (dated("crpc", "2020"), dated("metastatic", "2019-01-05")), ("2020-07-01", "year")),
    (
        "metastases_after_it_to_the_month",
        (dated("crpc", "2020"), dated("metastatic", "2021-03")),
        ("2021-03-15", "month"),
    ),
    (
        "metastases_before_it_to_the_year",
        (dated("crpc", "2020-03-10"), dated("metastatic", "2019")),
        ("2020-03-10", "day"),
    ),
    (
        "one_of_them_in_the_month_of_the_other",
        (dated("crpc", "2020-03"), dated("metastatic", "2020-03-20")),
        ("2020-03-20", "month"),
    ),
    (
        "on_the_last_day_of_the_month_of_the_other",
        (dated("crpc", "2020-03"), dated("metastatic", "2020-03-31")),
        ("2020-03-31", "day"),
    ),
    (
        "a_month_in_the_year_of_the_other",
        (dated("crpc", "2020"), dated("metastatic", "2020-03")),
        ("2020-07-01", "year"),
    ),
    (
        "the_last_month_of_the_year_of_the_other",
        (dated("crpc", "2020"), dated("metastatic", "2020-12")),
        ("2020-12-15", "month"),
    ),
    ("mcrpc_on_record_to_the_month", (dated("mcrpc", "2020-03"),), ("2020-03-15", "month")),
    (
        "mcrpc_on_record_to_the_month_metastases_to_the_year",
        (dated("mcrpc", "2020-03"), dated("metastatic", "2018")),
        ("2020-03-15", "month"),
    ),
    ("metastases_not_dated", (dated("crpc", "2020-03"),), (None, None)),
    (
        "of_two_records_of_one_day_the_more_exact",
        (dated("mcrpc", "2020-03"), dated("mcrpc", "2020-03-15")),
        ("2020-03-15", "day"),
    ),
]


@pytest.fixture(scope="module")
def preferred() -> dict[str, list[Row]]:
    """The preferred date of each case of EXACTNESS and NEAR."""
    cases = {name: {"diagnoses": diagnoses} for name, diagnoses, _ in (*EXACTNESS, *NEAR)}
    return by_patient(choose_mcrpc_dates(derive_mcrpc_dates(facts_of_each(cases))), cases)


@pytest.mark.parametrize(("name", "expected"), [(e[0], e[2]) for e in EXACTNESS], ids=[e[0] for e in EXACTNESS])
def test_how_exactly_mcrpc_is_known(
    preferred: dict[str, list[Row]], name: str, expected: tuple[str | None, str | None]
) -> None:
    [row] = preferred[name]
    day_of = row["mcrpc_date"]
    assert (None if day_of is None else day_of.isoformat(), row["mcrpc_precision"]) == expected


NEAR: list[tuple[str, tuple[dict[str, Any], ...], bool]] = [
    ("ninety_days_after_the_end_of_the_month", (dated("crpc", "2022-01"), dated("crpc", "2022-05-01", "code")), False),
    ("ninety_one_days_after_it", (dated("crpc", "2022-01"), dated("crpc", "2022-05-02", "code")), True),
    ("ninety_days_before_the_year", (dated("crpc", "2022"), dated("crpc", "2021-10-03", "code")), False),
    ("ninety_one_days_before_it", (dated("crpc", "2022"), dated("crpc", "2021-10-02", "code")), True),
    ("a_day_in_the_year", (dated("crpc", "2022"), dated("crpc", "2022-12-31", "code")), False),
]


@pytest.mark.parametrize(("name", "conflict"), [(n[0], n[2]) for n in NEAR], ids=[n[0] for n in NEAR])
def test_a_conflict_is_counted_from_the_nearest_days_that_dates_can_mean(
    preferred: dict[str, list[Row]], name: str, conflict: bool
) -> None:
    assert preferred[name][0]["conflict"] is conflict


GRADES: list[tuple[str, dict[str, Any], str, str]] = [
    ("a_person", {"diagnoses": (dx("crpc", 10),)}, "physician", "A"),
    ("a_person_to_the_year", {"diagnoses": (dx("crpc", 10) | {"date_precision": "year"},)}, "physician", "C"),
    ("measured", {"psa": RISING, "testosterone": ((80, 20.0), (0, 20.0))}, "eau", "B"),
    ("by_exposure", {"psa": RISING, "adt": (("leuprorelin", -90, None),)}, "eau", "C"),
    ("a_code", {"diagnoses": (dx("crpc", 10, "code"),)}, "code", "D"),
    ("a_treatment", {"given": (("cabazitaxel", 300, None),)}, "surrogate", "E"),
]


@pytest.mark.parametrize(("name", "definition", "grade"), [(g[0], *g[2:]) for g in GRADES], ids=[g[0] for g in GRADES])
def test_grades_of_evidence(dates: dict[str, dict[str, Row]], name: str, definition: str, grade: str) -> None:
    assert dates[name][definition]["grade"] == grade


CHOICES: list[tuple[str, dict[str, Any], tuple[str, int, bool, int]]] = [
    (
        "a_person_before_psa_and_a_date_90_days_off_is_no_conflict",
        {"psa": RISING, "testosterone": ((0, 20.0),), "diagnoses": (dx("crpc", 150),)},
        ("physician", 150, False, 3),
    ),
    (
        "a_date_91_days_off_is",
        {"psa": RISING, "testosterone": ((0, 20.0),), "diagnoses": (dx("crpc", 151),)},
        ("physician", 151, True, 3),
    ),
    (
        "a_treatment_far_off_is_no_conflict",
        {"diagnoses": (dx("crpc", 0),), "given": (("cabazitaxel", 800, None),)},
        ("physician", 0, False, 2),
    ),
    (
        "within_a_grade_the_order_of_definitions_decides",
        {"psa": RISING, "testosterone": ((0, 20.0),)},
        ("eau", 90, False, 2),
    ),
]


@pytest.fixture(scope="module")
def choices() -> dict[str, list[Row]]:
    """The preferred date of each case of CHOICES."""
    cases = {name: given for name, given, _ in CHOICES}
    return by_patient(choose_mcrpc_dates(derive_mcrpc_dates(facts_of_each(cases))), cases)


@pytest.mark.parametrize(("name", "expected"), [(c[0], c[2]) for c in CHOICES], ids=[c[0] for c in CHOICES])
def test_choices(choices: dict[str, list[Row]], name: str, expected: tuple[str, int, bool, int]) -> None:
    [row] = choices[name]
    assert (row["definition"], number_of(row["crpc_date"]), row["conflict"], row["n_definitions"]) == expected


def test_agreement_counts_patients_by_pair_and_distance() -> None:
    columns = {
        "patient_id": ["a", "a", "b", "b", "c", "d", "d"],
        "definition": ["eau", "aua", "eau", "aua", "eau", "eau", "aua"],
        "crpc_date": [day(n) for n in (0, 30, 0, 31, 0, 0, 91)],
    }
    [row] = compare_mcrpc_dates(ibis.memtable(pa.table(columns))).to_pyarrow().to_pylist()
    assert row == {
        "definition_a": "aua",
        "definition_b": "eau",
        "n_a": 3,
        "n_b": 4,
        "n_both": 3,
        "n_within_30": 1,
        "n_within_90": 2,
    }


def test_patterns_count_who_is_found_by_what() -> None:
    choices = ibis.memtable(pa.table({"definitions": ["aua + eau", "eau", "eau"]}))
    rows = count_mcrpc_patterns(choices).order_by("definitions").to_pyarrow().to_pylist()
    assert [(row["definitions"], row["patients"]) for row in rows] == [("aua + eau", 1), ("eau", 2)]


def test_the_order_of_records_changes_nothing_and_a_later_psa_no_earlier_date() -> None:
    tables = facts_of(
        psa=RISING, testosterone=((0, 20.0), (40, 20.0)), diagnoses=(dx("crpc", 10), dx("crpc", 5, "code"))
    )
    expected = derive_mcrpc_dates(HandFacts(tables)).order_by("definition").to_pyarrow().to_pylist()
    mixed = {name: random.Random(2).sample(rows, len(rows)) for name, rows in tables.items()}
    assert derive_mcrpc_dates(HandFacts(mixed)).order_by("definition").to_pyarrow().to_pylist() == expected
    later = facts_of(psa=((120, 0.1),))["labs"]
    more = {**tables, "labs": [*tables["labs"], *later]}
    assert derive_mcrpc_dates(HandFacts(more)).order_by("definition").to_pyarrow().to_pylist() == expected


def test_nothing_after_the_data_cut_is_known() -> None:
    facts = HandFacts(facts_of(psa=RISING, testosterone=((0, 20.0),), diagnoses=(dx("crpc", 100),)))
    rows = derive_mcrpc_dates(facts, data_cut=day(89)).to_pyarrow().to_pylist()
    assert [row["definition"] for row in rows] == ["aua"]
