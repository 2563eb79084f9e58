"""Rows into the registry: checked, counted, quarantined, the same however often they are added."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.registry.rows import PATIENT, SCAN, batch, content, cycle, lab, lesion, make_registry

from lutrace.core import RegistryBusyError, UnusableInputError
from lutrace.registry import AddReport, RefusedRow, Registry, Replacement
from lutrace.tables import DIAGNOSES, LABS, LESIONS, QUARANTINE, SCANS, SOURCES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_registry(tmp_path / "registry")


def counts(report: AddReport) -> tuple[int, int, int, int]:
    return report.added, report.updated, report.unchanged, report.quarantined


def test_a_batch_added_twice_changes_nothing(folder: Path) -> None:
    with Registry.open(folder, write=True) as registry:
        first = registry.add(batch("labs", [lab(1), lab(2)]))
        before = content(registry)
        second = registry.add(batch("labs", [lab(1), lab(2)]))
        assert (counts(first), counts(second)) == ((2, 0, 0, 0), (0, 0, 2, 0))
        assert content(registry) == before


def test_a_newer_source_updates_a_row_and_reading_the_older_again_does_not_take_it_back(folder: Path) -> None:
    with Registry.open(folder, write=True) as registry:
        registry.add(batch("labs", [lab(1, 10.0)], name="january"))
        assert counts(registry.add(batch("labs", [lab(1, 12.0)], name="february"))) == (0, 1, 0, 0)
        assert counts(registry.add(batch("labs", [lab(1, 10.0)], name="january"))) == (0, 0, 1, 0)
        assert [row["value"] for row in registry.rows(LABS)] == [12.0]


@pytest.mark.parametrize(
    ("change", "column", "rule"),
    [
        ({"value": "ten"}, "value", "value must be a finite number in canonical_unit, got str"),
        ({"value": float("nan")}, "value", "value must be a finite number in canonical_unit, got float"),
        ({"comparator": "~"}, "comparator", "comparator must be one of <, <=, >, >="),
        ({"unit": None}, "unit", "unit may not be empty"),
        ({"unit": ""}, "unit", "unit may not be empty"),
        ({"date": "2024-05"}, "date", "date must be known to the day, got a month"),
        ({"date": "yesterday"}, "date", "date must be a date like 2023-05-17, got str"),
        ({"colour": "red"}, None, "labs has no column colour"),
    ],
)
def test_a_row_that_breaks_a_rule_is_quarantined_with_rule_column_and_remedy(
    folder: Path, change: dict[str, object], column: str | None, rule: str
) -> None:
    with Registry.open(folder, write=True) as registry:
        report = registry.add(batch("labs", [{**lab(1), **change}, lab(2)]))
        held = registry.rows(QUARANTINE)
        assert counts(report) == (1, 0, 0, 1)
        assert [(one["column"], one["rule"]) for one in held] == [(column, rule)]
        assert held[0]["remedy"]
        assert held[0]["source_locator"] == "row 2"


def test_bounds_name_the_limit_the_unit_and_the_value(folder: Path) -> None:
    with Registry.open(folder, write=True) as registry:
        registry.add(batch("cycles", [cycle(1, "2024-01-08", weight_kg=800.0)]))
        assert registry.rows(QUARANTINE)[0]["rule"] == "weight_kg must be at most 350 kg, got 800"


def test_all_faults_of_a_row_are_told_together(folder: Path) -> None:
    with Registry.open(folder, write=True) as registry:
        registry.add(batch("labs", [lab(1, unit=None, comparator="~")]))
        assert registry.rows(QUARANTINE)[0]["column"] == "comparator; unit"


def test_a_partial_date_becomes_its_first_day_with_its_precision(folder: Path) -> None:
    row = {"patient_id": PATIENT, "milestone": "mcrpc", "method": "text", "date": "2021-05"}
    with Registry.open(folder, write=True) as registry:
        registry.add(batch("diagnoses", [row]))
        stored = registry.rows(DIAGNOSES)[0]
        assert (stored["date"], stored["date_precision"]) == (dt.date(2021, 5, 1), "month")


def test_a_good_row_from_the_same_place_clears_its_quarantine(folder: Path) -> None:
    with Registry.open(folder, write=True) as registry:
        registry.add(batch("labs", [lab(1, unit=None), lab(2, unit=None)]))
        registry.add(batch("labs", [lab(1)]))
        assert [one["source_locator"] for one in registry.rows(QUARANTINE)] == ["row 3"]


def test_a_corrected_file_at_the_same_path_clears_what_its_older_version_left(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "labs.csv"
    with Registry.open(folder, write=True) as registry:
        registry.add(batch("labs", [lab(1, unit=None)], name="first version"), path=path)
        registry.add(batch("labs", [lab(1)], name="second version"), path=path)
        assert registry.rows(QUARANTINE) == []


def test_a_fault_of_a_reader_is_kept_with_its_place(folder: Path) -> None:
    fault = RefusedRow("labs", "entry[12]", "unit", "unit 'furlong' is unknown", "use ng/mL", {"value": 3.0})
    with Registry.open(folder, write=True) as registry:
        assert counts(registry.add(batch("labs", [], faults=[fault]))) == (0, 0, 0, 1)
        held = registry.rows(QUARANTINE)[0]
        assert (held["source_locator"], held["rule"], held["row"]) == ("entry[12]", fault.rule, '{"value":3.0}')


def test_identical_rows_of_one_key_collapse_and_contradicting_ones_are_all_refused(folder: Path) -> None:
    with Registry.open(folder, write=True) as registry:
        same = batch("labs", [lab(1, source_locator="row 2"), lab(1, source_locator="row 3")])
        assert counts(registry.add(same)) == (1, 0, 0, 0)
        other = batch("labs", [lab(5, 1.0, source_locator="row 7"), lab(5, 2.0, source_locator="row 9")], name="two")
        assert counts(registry.add(other)) == (0, 0, 0, 2)
        assert "says otherwise (at row 9)" in registry.rows(QUARANTINE, source_locator="row 7")[0]["rule"]


def test_a_replacement_removes_what_the_new_measurement_no_longer_has(folder: Path) -> None:
    whole = [Replacement("lesions", (("scan_id", SCAN), ("plan", "suv3")))]
    with Registry.open(folder, write=True) as registry:
        registry.add(batch("lesions", [lesion(1, 4.0), lesion(2, 6.0)], name="a", kind="measure", replaces=whole))
        report = registry.add(batch("lesions", [lesion(1, 5.0)], name="b", kind="measure", replaces=whole))
        assert (report.updated, report.removed) == (1, 1)
        back = registry.add(
            batch("lesions", [lesion(1, 4.0), lesion(2, 6.0)], name="a", kind="measure", replaces=whole)
        )
        assert (back.added, back.updated) == (1, 1)
        assert [row["volume_ml"] for row in registry.rows(LESIONS)] == [4.0, 6.0]


def test_a_failing_batch_leaves_no_trace(folder: Path) -> None:
    with Registry.open(folder, write=True) as registry:
        broken = batch("labs", [lab(1)], replaces=[Replacement("labs", (("no_such_column", 1),))])
        with pytest.raises(UnusableInputError, match="needs columns of it"):
            registry.add(broken)
        assert registry.rows(LABS) == []
        assert registry.rows(SOURCES) == []


def test_a_dry_run_counts_and_stores_nothing(folder: Path) -> None:
    with Registry.open(folder, write=True, dry_run=True) as registry:
        assert counts(registry.add(batch("labs", [lab(1), lab(2, unit=None)]))) == (1, 0, 0, 1)
    with Registry.open(folder, write=True) as registry:
        assert registry.rows(LABS) == registry.rows(QUARANTINE) == []


def test_an_unknown_table_is_refused(folder: Path) -> None:
    with Registry.open(folder, write=True) as registry, pytest.raises(UnusableInputError, match="no fact table"):
        registry.add(batch("labz", [lab(1)]))


def test_reviews_and_overrides_have_their_own_doors(folder: Path) -> None:
    with Registry.open(folder, write=True) as registry, pytest.raises(UnusableInputError, match="append_review"):
        registry.add(batch("reviews", [{}]))


def test_a_reader_cannot_write(folder: Path) -> None:
    with Registry.open(folder, write=False) as registry, pytest.raises(UnusableInputError, match="reading only"):
        registry.add(batch("labs", [lab(1)]))


def test_a_second_writer_in_this_process_is_told(folder: Path) -> None:
    with Registry.open(folder, write=True), pytest.raises(RegistryBusyError, match="this process"):
        Registry.open(folder, write=True)


def test_a_table_is_an_ibis_expression(folder: Path) -> None:
    with Registry.open(folder, write=True) as registry:
        registry.add(batch("labs", [lab(1, 3.0), lab(2, 5.0)]))
        table = registry.table(LABS)
        assert table.filter(table.value > 4).count().to_pyarrow().as_py() == 1
        assert registry.table(SCANS).count().to_pyarrow().as_py() == 0


days = st.lists(st.tuples(st.integers(1, 28), st.sampled_from([1.0, 2.0, -0.0, 0.0, 7.25])), max_size=12)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(days, min_size=1, max_size=3))
def test_adding_all_sources_again_in_their_order_is_the_same_as_once(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[tuple[int, float]]]
) -> None:
    given_batches = [
        batch("labs", [lab(day, value, source_locator=f"row {n}") for n, (day, value) in enumerate(rows)], name=f"f{i}")
        for i, rows in enumerate(batches)
    ]
    folder = make_registry(tmp_path_factory.mktemp("again") / "registry")
    with Registry.open(folder, write=True) as registry:
        for one in given_batches:
            registry.add(one)
        once = content(registry)
        digest = registry.freeze().digest
        for one in given_batches:
            report = registry.add(one)
            assert report.added == report.updated == 0
        assert content(registry) == once
        assert registry.freeze().digest == digest
