"""A virtual centre of one patient on disk: what is there, that it repeats, and that readers that are not ours agree."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import SimpleITK

from lutrace.core import UnusableInputError, read_rows
from lutrace.virtual import CentreSummary, make_centre

SEED = 6


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> CentreSummary:
    return make_centre(tmp_path_factory.mktemp("centre") / "one", patients=1, seed=SEED, jobs=1)


def test_the_centre_holds_scans_records_letters_profile_and_truth(centre: CentreSummary) -> None:
    names = {path.name for path in centre.folder.iterdir()}
    assert names == {"dicom", "fhir", "letters", "letters.csv", "letter_facts.csv", "site.yaml", "truth.json"}
    assert (centre.patients, centre.pet_scans, centre.letters) == (
        1,
        1,
        len(list((centre.folder / "letters").iterdir())),
    )
    assert centre.size_bytes < 80_000_000
    assert centre.profile_text == (centre.folder / "site.yaml").read_text(encoding="utf-8")


def test_the_truth_says_what_was_painted_and_that_it_is_synthetic(centre: CentreSummary) -> None:
    truth = json.loads((centre.folder / "truth.json").read_text(encoding="utf-8"))
    assert truth["note"].startswith("Synthetic")
    (patient,) = truth["patients"]
    assert len(patient["spect"]) == centre.spect_scans
    first = patient["spect"][0]
    assert first["ttv_ml"] == pytest.approx(sum(one["volume_ml"] for one in first["lesions"] if one["avid"]), rel=0.1)
    assert truth["parameters"]["hazard_per_ln_ttv"] > 0


def test_letters_are_the_same_in_the_table_and_in_the_folder(centre: CentreSummary) -> None:
    rows = read_rows(centre.folder / "letters.csv")
    texts = [path.read_text(encoding="utf-8").strip() for path in sorted((centre.folder / "letters").iterdir())]
    assert [row["text"] for row in rows] == texts


def test_simpleitk_reads_every_series_of_the_centre(centre: CentreSummary) -> None:
    folders = {
        path.parent for path in centre.folder.joinpath("dicom").rglob("*.dcm") if path.parent.name in ("PT", "CT")
    }
    assert folders
    for folder in sorted(folders):
        reader = SimpleITK.ImageSeriesReader()
        files = reader.GetGDCMSeriesFileNames(str(folder))
        reader.SetFileNames(files)
        image = reader.Execute()
        assert image.GetSize()[2] == len(list(folder.iterdir()))
        assert image.GetSpacing()[2] in (4.8, 5.0, 6.0)


def test_a_folder_that_is_not_empty_is_refused(centre: CentreSummary) -> None:
    with pytest.raises(UnusableInputError, match="must be empty"):
        make_centre(centre.folder, patients=1)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_in_other_processes(centre: CentreSummary, tmp_path: Path) -> None:
    again = make_centre(tmp_path / "again", patients=1, seed=SEED, jobs=2)
    assert digests(again.folder) == digests(centre.folder)
