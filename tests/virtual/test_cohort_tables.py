"""The tables of each study's virtual centre: the same seed the same bytes, no row refused, nothing after the cut."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.compute as pc
import pytest
from pyarrow import csv

from lutrace.core import UnusableInputError
from lutrace.ingest import run_add_table, run_init
from lutrace.registry import Registry
from lutrace.tables import PATIENTS, REGION_STATISTICS
from lutrace.virtual import make_cohort_tables

STUDIES = ("baseline-pet-toxicity", "psa-kinetics", "after-rlt", "real-world-survival")


@pytest.mark.parametrize("study", STUDIES)
def test_every_row_of_a_centre_is_taken_by_lutrace_add(study: str, tmp_path: Path) -> None:
    made = make_cohort_tables(study, 12, 5, tmp_path / "centre")
    registry = tmp_path / "registry"
    run_init(registry)
    added = 0
    for _, source, *options in made.add_arguments:
        mapping = Path(options[1]) if options else None
        result = run_add_table(registry, [Path(source)], mapping=mapping)
        assert result.quarantined == 0
        added += result.added
    regions = csv.read_csv(tmp_path / "centre" / "regions.csv").num_rows if study == STUDIES[0] else 0
    assert added == sum(made.rows.values()) + regions
    with Registry.open(registry, write=False) as opened:
        people = opened.rows(PATIENTS)
        assert len(people) == 12 and all(one["synthetic"] for one in people)
        told = {row["region"] for row in opened.rows(REGION_STATISTICS)}
    if study == "baseline-pet-toxicity":
        assert {"tumour", "bone_tumour", "healthy_skeleton", "parotid_left", "submandibular_right"} <= told


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    one, again, other = (
        make_cohort_tables("after-rlt", 8, seed, tmp_path / name).folder
        for name, seed in (("one", 3), ("again", 3), ("other", 4))
    )
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert files and all((one / path).read_bytes() == (again / path).read_bytes() for path in files)
    assert (one / "records" / "labs.csv").read_bytes() != (other / "records" / "labs.csv").read_bytes()


@pytest.mark.parametrize("study", STUDIES)
def test_no_record_is_later_than_the_data_cut(study: str, tmp_path: Path) -> None:
    made = make_cohort_tables(study, 300, 2, tmp_path / "centre")
    truth = json.loads((made.folder / "truth.json").read_text(encoding="utf-8"))
    cut = max(centre["data_cut"] for centre in truth["centres"])
    dated = 0
    for path in sorted((made.folder / "records").glob("*.csv")):
        table = csv.read_csv(path)
        for name in table.column_names:
            if name.endswith("date") and True:
                latest = str(pc.max(table[name].cast("string")).as_py())
                assert latest <= cut, f"{path.name}, {name}"
                dated += 1
    assert dated >= 6


def test_a_study_that_needs_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableInputError, match="needs images, which make_centre makes"):
        make_cohort_tables("early-spect-response", 5, 1, tmp_path / "centre")


def test_a_folder_with_files_and_no_patients_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UnusableInputError, match="must be empty"):
        make_cohort_tables("after-rlt", 5, 1, tmp_path)
    with pytest.raises(UnusableInputError, match="at least one patient, got 0"):
        make_cohort_tables("after-rlt", 0, 1, tmp_path / "centre")
