"""Several sources of one patient: what states the same fact is one row, what contradicts is named, nothing is lost."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.registry.rows import PATIENT, batch, cycle, lab, make_registry

from lutrace.core import ProtocolError, Row, Table
from lutrace.registry import Registry
from lutrace.tables import CYCLES, DIAGNOSES, FOLLOW_UP, LABS, MERGES, PATIENTS, TREATMENTS

Stated = tuple[str, str, list[Row]]
"""A source's kind, a table and its rows."""

OMOP_FIRST = "precedence: {default: [omop, fhir, redcap, table]}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_registry(tmp_path / "registry")


def fill(folder: Path, stated: Sequence[Stated], profile: str = "") -> None:
    (folder / "site.yaml").write_text(profile, encoding="utf-8")
    with Registry.open(folder, write=True) as registry:
        for kind, table, rows in stated:
            registry.add(batch(table, rows, name=f"{kind} {table}", kind=kind))


def counted(folder: Path, table: Table) -> list[Row]:
    with Registry.open(folder, write=False) as registry:
        return registry.rows(table, corrected=True)


def merged(folder: Path) -> list[Row]:
    with Registry.open(folder, write=False) as registry:
        return registry.merges()


def fhir_lab(day: int, value: float, **more: object) -> Row:
    return lab(day, value, record_key=f"fhir {day}", **more)


def omop_lab(day: int, value: float, **more: object) -> Row:
    return lab(day, value, record_key=f"omop {day}", source_locator=f"measurement {day}", **more)


def death(date: str, precision: str = "day", basis: str = "record", **more: object) -> Row:
    row = {"patient_id": PATIENT, "status": "dead", "date": date, "date_precision": precision, "basis": basis}
    return {**row, **more}


def treatment(begin: str | None, **more: object) -> Row:
    return {"patient_id": PATIENT, "agent": "docetaxel", "begin_date": begin, "record_key": "t", **more}


def test_one_result_of_two_sources_is_one_row_and_both_stay_stored(folder: Path) -> None:
    fill(folder, [("fhir", "labs", [fhir_lab(1, 5.0), fhir_lab(2, 6.0)]), ("omop", "labs", [omop_lab(1, 5.0)])])
    assert [row["value"] for row in counted(folder, LABS)] == [5.0, 6.0]
    with Registry.open(folder, write=False) as registry:
        assert len(registry.rows(LABS)) == 3
    (told,) = merged(folder)
    assert (told["verdict"], told["kept_source"], told["dropped_source"]) == ("same", "fhir", "omop")
    assert told["dropped_locator"] == "measurement 1"
    assert "fhir stands before omop in the default order (fhir, omop, redcap, table, notes)" in told["rule"]


def test_values_agree_within_the_rounding_of_both_reports(folder: Path) -> None:
    """13.2 g/dL is 132 g/L, known to 0.5 g/L; 8.2 mmol/L is 132.13 g/L, known to 0.8: they can be one result."""
    grams = {"analyte": "haemoglobin", "unit": "g/dL", "value_text": "13.2", "canonical_unit": "g/L"}
    moles = {"analyte": "haemoglobin", "unit": "mmol/L", "value_text": "8,2", "canonical_unit": "g/L"}
    fill(folder, [("fhir", "labs", [fhir_lab(1, 132.0, **grams)]), ("omop", "labs", [omop_lab(1, 132.13, **moles)])])
    assert [row["verdict"] for row in merged(folder)] == ["same"]
    assert [row["value"] for row in counted(folder, LABS)] == [132.0]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("5.0", "5.1", False),
        ("46.79", "46.8", True),
        ("12", "12.4", True),
        ("12", "12.6", False),
        ("0.05", "50", False),
        ("5", "5.4", False),
    ],
)
def test_a_difference_beyond_the_last_digit_is_a_contradiction(folder: Path, one: str, other: str, same: bool) -> None:
    fill(
        folder,
        [
            ("fhir", "labs", [fhir_lab(1, float(one), value_text=one)]),
            ("omop", "labs", [omop_lab(1, float(other), value_text=other)]),
        ],
    )
    assert [row["verdict"] for row in merged(folder)] == ["same" if same else "contradiction"]
    assert [row["value"] for row in counted(folder, LABS)] == [float(one)]


@pytest.mark.parametrize(("profile", "value", "words"), [
    ("", 5.0, "contradicts: fhir stands before omop in the default order"),
    (OMOP_FIRST, 7.0, "contradicts: omop stands before fhir in the site profile"),
    ("precedence: {labs: [omop]}\n", 7.0, "contradicts: omop stands before fhir in the site profile"),
])  # fmt: skip
def test_a_contradiction_is_settled_by_precedence_and_always_named(
    folder: Path, profile: str, value: float, words: str
) -> None:
    fill(folder, [("fhir", "labs", [fhir_lab(1, 5.0)]), ("omop", "labs", [omop_lab(1, 7.0)])], profile)
    assert [row["value"] for row in counted(folder, LABS)] == [value]
    (told,) = merged(folder)
    assert told["rule"].startswith(words)
    assert json.loads(told["differences"]) == {"value": [value, 12.0 - value]}
    with Registry.open(folder, write=False) as registry:
        snapshot = registry.freeze()
    assert snapshot.table(MERGES).to_pyarrow().to_pylist() == [told]
    assert snapshot.table(LABS).value.to_pyarrow().to_pylist() == [value]


def test_two_results_of_a_day_are_laid_to_their_like(folder: Path) -> None:
    """Of 5 and 9 in one source and 9 and 5.5 in another, the 9 are one; 5 and 5.5 contradict."""
    one = [fhir_lab(1, 5.0), lab(1, 9.0, record_key="fhir b")]
    other = [omop_lab(1, 9.0), lab(1, 5.5, record_key="omop b")]
    fill(folder, [("fhir", "labs", one), ("omop", "labs", other)])
    assert sorted(row["value"] for row in counted(folder, LABS)) == [5.0, 9.0]
    assert [row["verdict"] for row in merged(folder)] == ["contradiction", "same"]


def test_draws_at_two_clock_times_are_two_facts_and_a_day_alone_fits_either(folder: Path) -> None:
    one = [fhir_lab(1, 5.0, time="08:00")]
    fill(folder, [("fhir", "labs", one), ("omop", "labs", [omop_lab(1, 5.0, time="16:00")])])
    assert merged(folder) == []
    fill(folder, [("redcap", "labs", [lab(1, 5.0, record_key="r")])])
    assert [row["dropped_source"] for row in merged(folder)] == ["redcap"]


def test_a_day_alone_takes_the_clock_time_and_the_limits_of_the_other(folder: Path) -> None:
    more = {"time": "08:00", "loinc": "2857-1", "lln": 0.0, "uln": 4.0}
    fill(folder, [("fhir", "labs", [fhir_lab(1, 5.0)]), ("omop", "labs", [omop_lab(1, 5.0, **more)])])
    (row,) = counted(folder, LABS)
    assert {name: row[name] for name in more} == more
    (told,) = merged(folder)
    assert json.loads(told["filled"]) == ["lln", "loinc", "time", "uln"]
    assert row["changed_by"] == told["merge_id"]


def test_a_cycle_of_the_next_day_with_nearly_the_activity_is_the_same_cycle(folder: Path) -> None:
    fill(
        folder,
        [
            ("fhir", "cycles", [cycle(1, "2024-01-08", weight_kg=None, agent="lu177_psma_other")]),
            ("omop", "cycles", [cycle(1, "2024-01-09", administered_mbq=7500.0)]),
        ],
    )
    (row,) = counted(folder, CYCLES)
    assert (row["administered_date"], row["administered_mbq"]) == (dt.date(2024, 1, 8), 7400.0)
    assert (row["weight_kg"], row["agent"]) == (80.0, "lu177_psma_617")
    assert [one["verdict"] for one in merged(folder)] == ["same"]


def test_an_activity_that_differs_by_more_than_two_percent_contradicts(folder: Path) -> None:
    fill(
        folder,
        [
            ("fhir", "cycles", [cycle(1, "2024-01-08")]),
            ("omop", "cycles", [cycle(1, "2024-01-08", administered_mbq=7000.0)]),
        ],
    )
    (told,) = merged(folder)
    assert (told["verdict"], json.loads(told["differences"])) == ("contradiction", {"administered_mbq": [7400, 7000]})
    assert told["dropped_row_id"] == f"{told['kept_row_id']}~omop"


def test_actinium_beside_lutetium_on_one_day_is_no_double(folder: Path) -> None:
    tandem = cycle(2, "2024-01-08", agent="ac225_psma", administered_mbq=8.0)
    fill(folder, [("fhir", "cycles", [cycle(1, "2024-01-08")]), ("omop", "cycles", [tandem])])
    assert [row["agent"] for row in counted(folder, CYCLES)] == ["lu177_psma_617", "ac225_psma"]
    assert merged(folder) == []


def test_one_number_for_two_cycles_is_counted_anew_by_date_and_told(folder: Path) -> None:
    """omop lacks the cycle of January and so calls that of March the first."""
    one, other = [cycle(1, "2024-01-08")], [cycle(1, "2024-03-04")]
    for order in permutations([("fhir", "cycles", one), ("omop", "cycles", other)]):
        place = make_registry(folder.parent / order[0][0])
        fill(place, order)
        assert [(row["cycle"], row["administered_date"].month) for row in counted(place, CYCLES)] == [(1, 1), (2, 3)]
        (told,) = merged(place)
        assert (told["verdict"], json.loads(told["differences"])) == ("renumbered", {"cycle": [2, 1]})


def test_deaths_that_contradict_both_stay_until_the_profile_settles_them(folder: Path) -> None:
    stated = [("fhir", "follow_up", [death("2024-05-01")]), ("omop", "follow_up", [death("2024-06-01")])]
    fill(folder, stated)
    assert len(counted(folder, FOLLOW_UP)) == 2
    assert [row["verdict"] for row in merged(folder)] == ["both_kept"]
    with Registry.open(folder, write=False) as registry:
        assert "contradicting_deaths" in [one.check for one in registry.check()]
    fill(folder, [], OMOP_FIRST)
    assert [row["date"] for row in counted(folder, FOLLOW_UP)] == [dt.date(2024, 6, 1)]
    with Registry.open(folder, write=False) as registry:
        assert "contradicting_deaths" not in [one.check for one in registry.check()]


def test_a_death_known_to_the_month_takes_the_day_of_the_other_source(folder: Path) -> None:
    stated = [("fhir", "follow_up", [death("2024-05", "month")]), ("table", "follow_up", [death("2024-05-14")])]
    fill(folder, stated)
    (row,) = counted(folder, FOLLOW_UP)
    assert (row["date"], row["date_precision"]) == (dt.date(2024, 5, 14), "day")
    assert [one["verdict"] for one in merged(folder)] == ["same"]


def test_a_treatment_takes_what_its_row_lacks_and_keeps_its_own(folder: Path) -> None:
    stated = [
        ("fhir", "treatments", [treatment("2023-02", end_date="2023-06-01", end_date_precision="day")]),
        ("redcap", "treatments", [treatment("2023-02-10", end_date="2023-06", stop_reason="toxicity")]),
    ]
    fill(folder, stated)
    (row,) = counted(folder, TREATMENTS)
    assert (row["begin_date"], row["begin_date_precision"]) == (dt.date(2023, 2, 10), "day")
    assert (row["end_date"], row["stop_reason"]) == (dt.date(2023, 6, 1), "toxicity")


def test_a_treatment_without_begin_is_not_laid_to_one_with_a_begin(folder: Path) -> None:
    fill(folder, [("fhir", "treatments", [treatment("2023-02-10")]), ("omop", "treatments", [treatment(None)])])
    assert len(counted(folder, TREATMENTS)) == 2


def test_diagnoses_of_one_month_join_and_a_different_gleason_is_told(folder: Path) -> None:
    row: Row = {"patient_id": PATIENT, "milestone": "initial", "method": "code"}
    stated = [
        ("fhir", "diagnoses", [{**row, "date": "2015", "gleason_sum": 7}]),
        ("redcap", "diagnoses", [{**row, "date": "2015-03-11", "gleason_sum": 9, "t": "T3a"}]),
    ]
    fill(folder, stated)
    (kept,) = counted(folder, DIAGNOSES)
    assert (kept["date"], kept["gleason_sum"], kept["t"]) == (dt.date(2015, 3, 11), 7, "T3a")
    assert json.loads(merged(folder)[0]["differences"]) == {"gleason_sum": [7, 9]}


def test_a_day_in_omop_makes_no_month_more_exact_as_it_holds_a_day_for_every_date(folder: Path) -> None:
    row: Row = {"patient_id": PATIENT, "status": "dead", "basis": "record"}
    fill(
        folder,
        [("fhir", "follow_up", [{**row, "date": "2024-02"}]), ("omop", "follow_up", [{**row, "date": "2024-02-29"}])],
    )
    (kept,) = counted(folder, FOLLOW_UP)
    assert (kept["date"], kept["date_precision"]) == (dt.date(2024, 2, 1), "month")
    assert [one["verdict"] for one in merged(folder)] == ["same"]


def test_a_person_is_synthetic_when_one_source_says_so_and_unknown_sex_says_nothing(folder: Path) -> None:
    stated = [
        ("fhir", "patients", [{"patient_id": PATIENT, "sex": "unknown", "synthetic": False}]),
        ("table", "patients", [{"patient_id": PATIENT, "sex": "male", "birth_year": 1950, "synthetic": True}]),
    ]
    fill(folder, stated)
    (row,) = counted(folder, PATIENTS)
    assert (row["sex"], row["birth_year"], row["synthetic"]) == ("male", 1950, True)
    assert [one["verdict"] for one in merged(folder)] == ["same"]


def test_an_override_of_one_source_can_end_a_contradiction(folder: Path) -> None:
    fill(folder, [("fhir", "labs", [fhir_lab(1, 5.0)]), ("omop", "labs", [omop_lab(1, 7.0)])])
    with Registry.open(folder, write=True) as registry:
        (wrong,) = [row for row in registry.rows(LABS) if row["value"] == 7.0]
        for column, value in (("value", "5.0"), ("value_text", "5.0")):
            registry.override(
                {
                    "patient_id": PATIENT,
                    "table": "labs",
                    "target_row_id": wrong["row_id"],
                    "column": column,
                    "old_value": "7",
                    "new_value": value,
                    "reason": "mistyped",
                    "made_by": "U-1",
                    "made_at": dt.datetime(2024, 2, 1),
                }
            )
    assert [row["verdict"] for row in merged(folder)] == ["same"]


def test_a_named_source_is_one_of_its_own(folder: Path) -> None:
    profile = "sources: {board: ['board_*.csv']}\nprecedence: {labs: [board, table]}\n"
    (folder / "site.yaml").write_text(profile, encoding="utf-8")
    with Registry.open(folder, write=True) as registry:
        registry.add(batch("labs", [fhir_lab(1, 5.0)], name="ward"))
        rows = batch("labs", [omop_lab(1, 7.0)], name="board")
        registry.add(type(rows)(rows.source, rows.rows, source_name="board"))
    assert [row["value"] for row in counted(folder, LABS)] == [7.0]
    assert merged(folder)[0]["rule"] == "contradicts: board stands before table in the site profile"


@pytest.mark.parametrize(("profile", "words"), [
    ("centre: X\nprecedence: {labz: [fhir]}\n", "line 2, precedence: .*no table is called .*did you mean labs"),
    ("precedence: {labs: [fihr]}\n", "line 1, precedence: .*no source is called .*did you mean fhir"),
    ("precedence: {labs: [fhir, fhir]}\n", "a source stands twice"),
    ("sources: {fhir: ['*.json']}\n", "expected a name of letters"),
])  # fmt: skip
def test_a_wrong_line_of_the_profile_is_named(folder: Path, profile: str, words: str) -> None:
    fill(folder, [], profile)
    with Registry.open(folder, write=False) as registry, pytest.raises(ProtocolError, match=words):
        registry.freeze()


def test_adding_a_source_twice_changes_nothing_and_a_newer_export_replaces_its_own_rows_only(folder: Path) -> None:
    stated: list[Stated] = [("fhir", "cycles", [cycle(1, "2024-01-08")]), ("omop", "cycles", [cycle(1, "2024-01-08")])]
    fill(folder, stated)
    before = counted(folder, CYCLES), merged(folder)
    with Registry.open(folder, write=True) as registry:
        for kind, table, rows in stated:
            report = registry.add(batch(table, rows, name=f"{kind} {table}", kind=kind))
            assert (report.added, report.updated, report.unchanged) == (0, 0, 1)
    assert (counted(folder, CYCLES), merged(folder)) == before
    with Registry.open(folder, write=True) as registry:
        newer = batch("cycles", [cycle(1, "2024-01-08", weight_kg=90.0)], name="omop 2", kind="omop")
        assert registry.add(newer).updated == 1
        assert sorted(row["weight_kg"] for row in registry.rows(CYCLES)) == [80.0, 90.0]


def small_rows() -> Iterator[st.SearchStrategy[list[Row]]]:
    for kind in ("fhir", "omop", "table"):
        one = st.builds(
            lambda patient, day, value, time, number, kind=kind: lab(
                day, value, time=time, record_key=f"{kind} {number}", value_text=f"{value:g}", patient_id=patient
            ),
            st.sampled_from(["P-1", "P-2", "P-3"]),
            st.integers(1, 2),
            st.sampled_from([5.0, 5.04, 7.0]),
            st.sampled_from([None, "08:00", "09:00"]),
            st.integers(1, 3),
        )
        yield st.lists(
            one, min_size=6, max_size=12, unique_by=lambda row: (row["patient_id"], row["date"], row["record_key"])
        )


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.tuples(*small_rows()), st.sampled_from(list(permutations(range(3)))))
def test_the_order_of_adding_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, rows: tuple[list[Row], ...], order: tuple[int, ...]
) -> None:
    stated: list[Stated] = [
        (kind, "labs", [{**row, "source_locator": f"row {number}"} for number, row in enumerate(given)])
        for kind, given in zip(("fhir", "omop", "table"), rows, strict=True)
    ]
    found = []
    for chosen in (stated, [stated[number] for number in order]):
        place = make_registry(tmp_path_factory.mktemp("any") / "registry")
        fill(place, chosen)
        with Registry.open(place, write=False) as registry:
            found.append(registry.freeze().digest)
            kept, told = registry.rows(LABS, corrected=True), registry.merges()
        assert len(kept) + len(told) == sum(len(given) for given in rows)
    assert found[0] == found[1]
