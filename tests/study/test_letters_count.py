"""A death that stands in a letter only: it counts when a person has confirmed it, or when the study says so."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import ibis
import pytest

from lutrace.core import write_rows
from lutrace.endpoints import derive_death_dates, derive_sites, said_in_letters
from lutrace.ingest import run_add_notes, run_add_table, run_check, run_init, run_queue, run_reviewed
from lutrace.protocol import DeathDates, DerivedCourse
from lutrace.registry import Registry, Snapshot
from lutrace.study.notices import find_letter_choices
from lutrace.tables import PATIENTS

LETTER = (
    "Knochenmetastasen. Bei Lebermetastasen waere eine Biopsie noetig. Die Mutter hatte Lungenmetastasen. "
    "Der Patient ist am 3. Mai 2022 verstorben. Sein Bruder ist am 1. April 2020 verstorben."
)


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    run_init(tmp_path / "registry")
    write_rows(tmp_path / "patients.csv", [{"patient_id": "4711", "synthetic": "yes"}])
    write_rows(tmp_path / "letters.csv", [{"note_id": "1", "patient_id": "4711", "date": "2022-06-01", "text": LETTER}])
    run_add_table(tmp_path / "registry", [tmp_path / "patients.csv"])
    run_add_notes(tmp_path / "registry", [tmp_path / "letters.csv"])
    return tmp_path / "registry"


def freeze(registry: Path) -> Snapshot:
    with Registry.open(registry, write=False) as opened:
        return opened.freeze()


def deaths(registry: Path, letters: str) -> list[tuple[dt.date, str]]:
    rules = DeathDates.model_validate({"letters": letters})
    rows = derive_death_dates(freeze(registry), rules).to_pyarrow().to_pylist()
    return [(row["death_date"], row["source_table"]) for row in rows]


def review(registry: Path, decision: str) -> None:
    (row,) = (row for row in run_queue(registry) if row["fact"] == "death" and row["other_person"] == "no")
    write_rows(registry.parent / "reviewed.csv", [{"row_id": row["row_id"], "decision": decision}])
    run_reviewed(registry, registry.parent / "reviewed.csv", by="Dr. Example", at=dt.datetime(2024, 1, 5))


def test_an_unreviewed_death_in_a_letter_does_not_count_and_is_a_query(registry: Path) -> None:
    assert deaths(registry, "reviewed") == []
    assert deaths(registry, "none") == []
    assert [row["check"] for row in run_check(registry)] == ["letter_tells_a_death_without_record"]


def test_the_switch_of_the_study_lets_it_count_and_never_that_of_the_brother(registry: Path) -> None:
    assert deaths(registry, "all") == [(dt.date(2022, 5, 3), "text_findings")]


def test_a_confirmed_death_counts_and_a_rejected_one_does_not(registry: Path) -> None:
    review(registry, "accept")
    assert deaths(registry, "reviewed") == [(dt.date(2022, 5, 3), "text_findings")]
    assert deaths(registry, "none") == []
    (row,) = freeze_row(registry)
    write_rows(registry.parent / "reviewed.csv", [{"row_id": row, "decision": "reject"}])
    run_reviewed(registry, registry.parent / "reviewed.csv", by="Dr. Example", at=dt.datetime(2024, 1, 6))
    assert deaths(registry, "all") == []


def freeze_row(registry: Path) -> list[str]:
    rows = said_in_letters(freeze(registry), ("death",)).to_pyarrow().to_pylist()
    return [row["row_id"] for row in rows]


def test_a_death_on_record_stands_before_that_of_a_letter(registry: Path) -> None:
    death = {"patient_id": "4711", "status": "dead", "date": "2022-05-05", "basis": "registry_office"}
    write_rows(registry.parent / "follow_up.csv", [death])
    run_add_table(registry, [registry.parent / "follow_up.csv"])
    assert deaths(registry, "all") == [(dt.date(2022, 5, 5), "follow_up")]
    assert [row["check"] for row in run_check(registry)] == ["letter_and_record_differ_in_death"]


def test_conditions_and_relatives_give_no_site(registry: Path) -> None:
    facts = freeze(registry)
    index = facts.table(PATIENTS).select("patient_id", index_date=ibis.date(dt.date(2022, 7, 1)))
    assert set(derive_sites(facts, index).site.to_pyarrow().to_pylist()) == {"bone"}


@pytest.mark.parametrize(
    ("letters", "told", "level"),
    [("all", "count, as the study says (letters: all)", "warning"), ("reviewed", "do not count", "note")],
)
def test_the_report_says_which_unreviewed_findings_count(registry: Path, letters: str, told: str, level: str) -> None:
    item = DerivedCourse.model_validate(
        {"name": "course", "label": "Course", "kind": "course", "death_dates": {"letters": letters}}
    )
    notices = find_letter_choices(item, freeze(registry))  # type: ignore[arg-type]
    (death,) = (one for one in notices if "death" in one.text)
    assert told in death.text
    assert death.severity == level
