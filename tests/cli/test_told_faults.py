"""What the command line says to wrong calls and files: the fact, the remedy and the exit status, without a trace."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.dicom.build import drug, pet_slices, write

from lutrace.cli.app import run
from lutrace.core import read_rows
from lutrace.imaging import Geometry, write_nifti

LABS = "patient_id;date;analyte;value;unit\n1;2024-01-05;psa;12,5;ng/mL\n1;2024-02-05;psa;5,000;ng/mL\n"
LESIONS = "lesion_id;x_mm;y_mm;z_mm;volume_ml\na;12,5;-3,25;0;2,5\nb;52,5;40,75;1,125;7,5\nc;-30,0;9,5;200,25;1,5\n"


@pytest.fixture
def registry(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert run(["init", str(tmp_path / "registry")]) == 0
    capsys.readouterr()
    return tmp_path / "registry"


def said(arguments: list[str], capsys: pytest.CaptureFixture[str], status: int = 2) -> str:
    assert run(arguments) == status
    error: str = capsys.readouterr().err
    return error


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (["add", "table", "labs.csv"], "labs.csv: no such file; check the path"),
        (["add", "table", "folder"], "folder: holds no table"),
        (["add", "table", "lab_values.csv"], "lab_values.csv: no fact table is called a text like 'aaa_aaaaaa'"),
        (["add", "table", "lesion.csv"], "did you mean lesions? name the table with --table"),
        (["add", "dicom", "folder"], "folder: no DICOM in 0 files"),
        (["add", "dicom", "lesion.csv"], "lesion.csv: no DICOM in 1 files; name a folder"),
        (["add", "fhir", "lesion.csv"], "tables are read by `lutrace add table`"),
        (["add", "masks", "folder"], "folder: no SEG, RTSTRUCT or NIfTI among 0 files; name the files"),
    ],
)
def test_a_source_that_holds_nothing_is_named_with_what_was_expected(
    call: list[str],
    words: str,
    registry: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for name in ("lab_values.csv", "lesion.csv"):
        (tmp_path / name).write_text("a\n1\n", encoding="utf-8")
    assert words in said([*call, "--registry", str(registry)], capsys)


def test_a_folder_where_a_table_is_meant_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = "is a folder, expected a table ending in .csv, .tsv, .xlsx, .parquet; name the file in it"
    assert words in said(["track", str(tmp_path), str(tmp_path)], capsys)


def test_a_registry_is_not_made_among_other_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("text", encoding="utf-8")
    assert "thesis holds 1 other file; a registry needs a folder of its own" in said(
        ["init", str(tmp_path / "thesis")], capsys
    )
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["chapter.txt"]
    assert "is a file; choose a new folder" in said(["init", str(tmp_path / "thesis" / "chapter.txt")], capsys)


def test_a_site_profile_written_beforehand_is_kept_by_init(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry" / "site.yaml").write_text("centre: Synthetic clinic\n", encoding="utf-8")
    said(["init", str(tmp_path / "registry")], capsys, status=0)
    assert (tmp_path / "registry" / "site.yaml").read_text(encoding="utf-8") == "centre: Synthetic clinic\n"


def test_laboratory_values_of_a_german_spreadsheet_are_read_with_their_comma(
    registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "labs.csv").write_text(LABS, encoding="utf-8")
    said(["add", "table", str(tmp_path / "labs.csv"), "--registry", str(registry)], capsys, status=0)
    import duckdb

    with duckdb.connect(str(registry / "registry.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT value FROM labs ORDER BY date").fetchall() == [(12.5,), (5.0,)]


def test_a_comma_before_three_digits_alone_is_refused_with_its_row(
    registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "labs.csv").write_text(LABS.replace("12,5", "12"), encoding="utf-8")
    said(["add", "table", str(tmp_path / "labs.csv"), "--registry", str(registry)], capsys, status=1)
    assert run(["check", "--registry", str(registry), "--json"]) == 1
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["file"], finding["place"]) == ("labs.csv", "row 3")
    assert "say which: 5000 or 5.0" in finding["found"]
    assert finding["remedy"] == "correct the result, its unit or its analyte in the table; then add the file again"


def test_refused_rows_are_listed_with_file_and_row_and_no_name_of_a_patient(
    registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        "patient_id,date,analyte,value,unit",
        *[f"Musterfrau,2024-01-{n:02d},psa,high,ng/mL" for n in range(1, 13)],
    ]
    for name in ("labs.csv", "labs_musterfrau.csv"):
        (tmp_path / name).write_text(
            "\n".join([*lines, f"Musterfrau,2024-03-01,psa,{len(name)},ng/mL"]), encoding="utf-8"
        )
        said(["add", "table", str(tmp_path / name), "--table", "labs", "--registry", str(registry)], capsys, status=1)
    assert run(["check", "--registry", str(registry), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    findings = [one for one in found if one["check"] == "rows_in_quarantine"]
    assert {finding["place"] for finding in findings} == {
        "row 2, row 3, row 4, row 5, row 6, row 7, row 8, row 9, row 10, row 11 and 2 more"
    }
    shown = sorted(finding["file"] for finding in findings)
    assert shown[1] == "labs.csv"
    assert "withheld" in shown[0]
    assert "usterfrau" not in json.dumps(findings).lower()


def test_lesion_tables_of_a_german_spreadsheet_are_tracked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(LESIONS, encoding="utf-8")
    out = tmp_path / "links.csv"
    said(["track", str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), "--out", str(out)], capsys, status=0)
    links = read_rows(out)
    assert [(row["baseline_id"], row["followup_id"]) for row in links] == [("a", "a"), ("b", "b"), ("c", "c")]
    assert {row["status"] for row in links} == {"matched"}
    assert {float(str(row["distance_mm"])) for row in links} == {0.0}


def test_a_doubled_lesion_is_told_with_its_value_and_both_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_text(LESIONS.replace("\nc;", "\na;"), encoding="utf-8")
    words = "row 4, lesion_id: 'a' stands in row 2 already; give each lesion its own, or the pairs of scans in a column"
    assert words in said(["track", str(tmp_path / "a.csv"), str(tmp_path / "a.csv")], capsys)


def test_a_group_of_thousands_beside_commas_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text(LESIONS.replace("200,25", "1.200"), encoding="utf-8")
    words = "a.csv: row 4, column D: a point before three digits can group thousands or be a decimal sign"
    assert words in said(["track", str(tmp_path / "a.csv"), str(tmp_path / "a.csv")], capsys)


def test_a_site_profile_and_a_study_are_corrected_in_plain_words(
    registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (registry / "site.yaml").write_text("langages: [de]\njobs: many\nmask_names: {Leber: livr}\n", encoding="utf-8")
    told = said(["check", "--registry", str(registry)], capsys)
    assert "site.yaml, line 1, langages: there is no such key here; did you mean languages?" in told
    assert "line 2, jobs: expected a whole number, got a text like 'aaaa'" in told
    assert "line 3, mask_names: no region is called a text like 'aaaa'; did you mean liver?" in told
    (tmp_path / "study.yaml").write_text("study: mine\ntitel: Mine\n", encoding="utf-8")
    told = said(
        ["run", str(tmp_path / "study.yaml"), "--registry", str(registry), "--out", str(tmp_path / "o")], capsys
    )
    assert "line 2, titel: there is no such key here; did you mean title?" in told
    assert "Field required" not in told
    told = said(["run", "early-spect-respons", "--registry", str(registry), "--out", str(tmp_path / "o")], capsys)
    assert "did you mean early-spect-response?" in told


@pytest.mark.parametrize("registry_name", ["missing", "other"])
def test_deidentify_that_cannot_begin_leaves_no_folder(
    registry_name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "in", pet_slices(2))
    (tmp_path / "other").mkdir()
    call = ["deidentify", str(tmp_path / "in"), str(tmp_path / "out"), "--registry", str(tmp_path / registry_name)]
    assert "holds no registry; make one with `lutrace init`" in said(call, capsys)
    assert "give both" in said([*call, "--keep", str(tmp_path / "in")], capsys)
    assert not (tmp_path / "out").exists()


GRID = Geometry((14, 16, 20), (4.0, 2.0, 3.0), (0.0, 0.0, 0.0))


def organ_call(tmp_path: Path, names: list[str], geometry: Geometry) -> list[str]:
    stored = np.full((14, 16, 20), 50, np.int16)
    stored[4:10, 5:11, 6:12] = 30000
    write(tmp_path / "pet", pet_slices(14, stored=stored, drug_item=drug(Radiopharmaceutical="18F-PSMA-1007")))
    region = np.zeros(geometry.shape_zyx, np.uint8)
    region[1:4, 1:4, 1:4] = 1
    for name in names:
        write_nifti(tmp_path / "masks" / f"{name}.nii.gz", region, geometry)
    return ["lesions", str(tmp_path / "pet"), "--organs", str(tmp_path / "masks"), "--out", str(tmp_path / "out")]


def test_organ_masks_whose_names_mean_nothing_are_refused_with_those_that_are_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = said(organ_call(tmp_path, ["Leber", "Milz"], GRID), capsys)
    assert "the names Leber, Milz mean no region; known are bladder, blood_pool" in told
    assert "mask_names of the site profile (--profile)" in told
    assert not (tmp_path / "out").exists()


def test_organ_masks_drawn_on_another_scan_are_refused_with_the_fact(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    far = Geometry((14, 16, 20), (4.0, 2.0, 3.0), (-90.0, -90.0, -900.0))
    told = said(organ_call(tmp_path, ["liver", "Milz"], far), capsys)
    assert "none of the 2 regions holds a voxel of the scan, so they were drawn on another scan" in told
