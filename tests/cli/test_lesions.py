"""`lutrace lesions` and `lutrace roi` through the command line: what people are told, exit statuses, whole results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.dicom.build import drug, pet_slices, write

from lutrace.cli.app import run
from lutrace.core import read_rows
from lutrace.imaging import Geometry, write_nifti

PSMA = {"drug_item": drug(Radiopharmaceutical="18F-PSMA-1007")}
FDG = {"drug_item": drug(Radiopharmaceutical="Fluorodeoxyglucose")}
HOT = np.s_[4:10, 5:11, 6:12]
FILES = {
    "lesions.csv",
    "totals.csv",
    "mip.png",
    "mip_rotating.gif",
    "lesions_seg.dcm",
    "lesions_rtstruct.dcm",
    "lesions_rwvm.dcm",
    "lesions_sr.dcm",
}


def scan(folder: Path, hot: Any = HOT, **changes: Any) -> str:
    """A synthetic PET of 4 x 2 x 3 mm voxels with one hot block far above SUV 3."""
    stored = np.full((14, 16, 20), 50, np.int16)
    stored[hot] = 30000
    return str(write(folder, pet_slices(14, stored=stored, **{**PSMA, **changes})))


def answer(arguments: list[str], capsys: pytest.CaptureFixture[str], status: int = 0) -> dict[str, Any]:
    assert run([*arguments, "--json"]) == status
    content: dict[str, Any] = json.loads(capsys.readouterr().out)
    return content


def test_another_tracer_is_said_and_its_totals_are_not_called_tumour(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fdg = answer(["lesions", scan(tmp_path / "fdg", **FDG), "--out", str(tmp_path / "o1")], capsys)
    assert any(
        "tracer fdg is no ligand of PSMA; plans and labeller are made for PSMA-PET" in w for w in fdg["warnings"]
    )
    assert fdg["totals"]["what"] == "uptake of a tracer that is no PSMA ligand, not TTV"
    psma = answer(["lesions", scan(tmp_path / "psma"), "--out", str(tmp_path / "o2")], capsys)
    assert not any("tracer" in warning for warning in psma["warnings"])
    bare = answer(["lesions", scan(tmp_path / "bare", drug_item=drug()), "--out", str(tmp_path / "o3")], capsys)
    assert any("no tracer is named in the header (F-18 alone is)" in warning for warning in bare["warnings"])


def test_the_report_calls_the_total_uptake_of_each_tracer_what_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dotatate = {"drug_item": drug(Radiopharmaceutical="68Ga-DOTATATE")}
    for number, (tracer, words) in enumerate(
        ((PSMA, "Total lesion PSMA"), (FDG, "Total Lesion Glycolysis"), (dotatate, "Total lesion uptake"))
    ):
        out = tmp_path / f"out{number}"
        answer(["lesions", scan(tmp_path / f"scan{number}", **tracer), "--out", str(out)], capsys)
        report = (out / "lesions_sr.dcm").read_bytes()
        assert words.encode() in report
        assert (b"PSMA" in report) == (number == 0)
        assert "tlp_ml" in read_rows(out / "lesions.csv")[0]


def test_a_lesion_at_the_edge_of_the_field_of_view_is_marked_in_its_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inside = answer(["lesions", scan(tmp_path / "inside"), "--out", str(tmp_path / "o1")], capsys)
    assert [row["cut_by_view"] for row in inside["lesions"]] == [False]
    for number, hot in enumerate((np.s_[0:6, 5:11, 6:12], np.s_[4:10, 5:11, 14:20], np.s_[4:10, 0:6, 6:12])):
        out = tmp_path / f"out{number}"
        cut = answer(["lesions", scan(tmp_path / f"cut{number}", hot), "--out", str(out)], capsys)
        assert [row["cut_by_view"] for row in cut["lesions"]] == [True]
        assert any("1 of 1 lesions are cut by the edge of the field of view" in w for w in cut["warnings"])
        (row,) = read_rows(out / "lesions.csv")
        assert row["cut_by_view"] == "yes"
        assert len(row["frame_digest"]) == 16


def test_empty_slices_at_the_end_were_not_imaged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stored = np.full((14, 16, 20), 50, np.int16)
    stored[2:8, 5:11, 6:12] = 30000
    stored[:2] = 0
    folder = write(tmp_path / "scan", pet_slices(14, stored=stored, **PSMA))
    cut = answer(["lesions", str(folder), "--out", str(tmp_path / "out")], capsys)
    assert [row["cut_by_view"] for row in cut["lesions"]] == [True]


def test_a_plan_that_cannot_be_used_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = scan(tmp_path / "scan"), tmp_path / "out"
    call = ["lesions", folder, "--plan", "liver", "--plan", "suv4", "--out", str(out)]
    assert run(call) == 1
    said = capsys.readouterr()
    assert said.out.startswith("plan suv4: candidate uptake, not TTV")
    assert said.err.splitlines()[-1].startswith("error: plan liver: ")
    assert {path.name for path in (out / "suv4").iterdir()} == FILES
    assert [path.name for path in out.iterdir()] == ["suv4"]
    content = answer(call, capsys, status=1)
    assert [one["plan"] for one in content["refused"]] == ["liver"]
    assert {row["plan"] for row in content["lesions"]} == {"suv4"}
    assert run(["lesions", folder, "--plan", "liver", "--out", str(tmp_path / "none")]) == 1
    assert not (tmp_path / "none").exists()
    assert run(["lesions", folder, "--plan", "suv5", "--out", str(tmp_path / "none")]) == 2


def test_a_second_run_replaces_the_first_as_a_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hot, cold = scan(tmp_path / "hot"), scan(tmp_path / "cold", hot=np.s_[:0])
    out = tmp_path / "out"
    assert run(["lesions", hot, "--out", str(out)]) == 0
    assert {path.name for path in out.iterdir()} == FILES
    assert run(["lesions", cold, "--out", str(out)]) == 0
    assert {path.name for path in out.iterdir()} == {name for name in FILES if not name.endswith(".dcm")}
    assert read_rows(out / "lesions.csv") == []
    assert run(["lesions", hot, "--plan", "suv3", "--plan", "suv4", "--out", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["suv3", "suv4"]
    assert run(["lesions", hot, "--out", str(out)]) == 0
    assert {path.name for path in out.iterdir()} == FILES
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cold", "hot", "out"]


def test_a_folder_with_anything_else_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = scan(tmp_path / "scan"), tmp_path / "out"
    out.mkdir()
    (out / "lesions.csv").write_text("mine\n", encoding="utf-8")
    (out / "notes.txt").write_text("mine\n", encoding="utf-8")
    assert run(["lesions", folder, "--out", str(out)]) == 2
    assert "holds 1 other files or folders (notes.txt ...)" in capsys.readouterr().err
    assert run(["lesions", folder, "--out", folder]) == 2
    assert (out / "lesions.csv").read_text(encoding="utf-8") == "mine\n"


def test_people_see_rounded_numbers_on_a_page_of_100_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["lesions", scan(tmp_path / "scan"), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert "  all voxels above the threshold  5.18 mL\n" in said.out
    assert "candidate, automatic" in said.out
    assert "taken for tumour" not in said.out
    assert "  tumour, reviewed                nobody has reviewed\n" in said.out
    assert max(len(line) for line in said.out.splitlines()) <= 100
    assert float(read_rows(tmp_path / "out" / "totals.csv")[0]["above_threshold_ml"]) == pytest.approx(5.184, rel=1e-12)
    assert "scan" not in said.err  # no progress where standard error is no terminal


def test_masks_that_cannot_be_placed_are_an_unusable_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, other = scan(tmp_path / "scan"), tmp_path / "other"

    def moved(dataset: Any, _index: int) -> None:
        dataset.FrameOfReferenceUID = "1.2.3.4"

    assert run(["lesions", scan(other / "scan", edit=moved), "--out", str(other / "out")]) == 0
    masks = str(other / "out" / "lesions_rtstruct.dcm")
    capsys.readouterr()
    assert run(["roi", folder, "--masks", masks]) == 2
    assert capsys.readouterr().err.startswith("error: masks: ")
    assert run(["lesions", folder, "--organs", masks, "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.startswith("error: organ masks: ")


def test_regions_fit_on_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = scan(tmp_path / "scan")
    geometry = Geometry(
        (20, 16, 14), (2.0, 4.0, 3.0), (-10.0, -20.0, 30.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    )
    array = np.zeros((14, 16, 20), bool)
    array[HOT] = True
    write_nifti(tmp_path / "masks" / "a region of a rather long name in the left lobe.nii.gz", array, geometry)
    assert run(["roi", folder, "--masks", str(tmp_path / "masks")]) == 0
    said = capsys.readouterr().out
    assert max(len(line) for line in said.splitlines()) <= 100
    assert "tlp_ml" in said
