"""A folder out of the house: complete, checked, the same in every call, and nothing unsafe in silence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pydicom
import pytest
from tests.dicom.build import ct_slices, nm_recon, pet_slices, private, write
from tests.dicom.orthanc import running_orthanc
from tests.dicom.planted import UIDS, WORDS, plant
from tests.dicom.regions import rtstruct, save, squares
from tests.dicom.test_conformance import DCIODVFY, errors_of

from lutrace.cli.app import run
from lutrace.core import UnusableInputError
from lutrace.dicom import index_folder, read_masks, read_series
from lutrace.imaging import Geometry, write_nifti
from lutrace.ingest import DeidentifyOptions, parse_profile, run_deidentify, run_init, run_suv
from lutrace.registry import Registry
from lutrace.virtual import make_centre


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    run_init(tmp_path / "registry")
    return tmp_path / "registry"


def folder_of_a_patient(folder: Path) -> Path:
    """PET, CT, SPECT and a structure set of one planted person, with what must not pass beside them."""
    pet = [plant(one, n) for n, one in enumerate(pet_slices(5))]
    write(folder / "Musterfrau" / "pet", pet)
    write(folder / "ct", [plant(one, n) for n, one in enumerate(ct_slices(3))])
    write(folder / "nm", [plant(nm_recon())])
    image = read_series(index_folder([folder / "Musterfrau"]).series[0]).volume
    region = np.zeros(image.array.shape, np.bool_)
    region[1:3, 1:3, 1:3] = True
    drawn = rtstruct([("lesion 1", squares(region, image.geometry))], frame=str(pet[0].FrameOfReferenceUID))
    drawn.StructureSetROISequence[0].ReferencedFrameOfReferenceUID = pet[0].FrameOfReferenceUID
    save(plant(drawn), folder / "drawn.dcm")
    capture = plant(pet_slices(1)[0])
    capture.SOPClassUID = capture.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    write(folder / "capture", [capture])
    (folder / "letter Musterfrau.txt").write_text("Sehr geehrte Frau Musterfrau", encoding="utf-8")
    (folder / "DICOMDIR").write_bytes(b"Musterfrau")
    whole = (folder / "ct" / "im0000").read_bytes()
    (folder / "cut.dcm").write_bytes(whole[: len(whole) - 20])
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_leaves_without_its_person_and_nothing_is_dropped_in_silence(tmp_path: Path, registry: Path) -> None:
    source = folder_of_a_patient(tmp_path / "in")
    result = run_deidentify(source, tmp_path / "out", registry, jobs=1)
    assert result.is_safe
    assert result.n_written == 5 + 3 + 1 + 1
    reasons = {one.path.name: one.reason for one in result.left_out}
    assert set(reasons) == {"im0000", "letter Musterfrau.txt", "DICOMDIR", "cut.dcm"}
    assert "secondary capture" in reasons["im0000"]
    assert "letters" in reasons["letter Musterfrau.txt"]
    assert "truncated" in reasons["cut.dcm"]
    for name, data in content(tmp_path / "out").items():
        for word in [*WORDS, *UIDS.values()]:
            assert word.lower().encode() not in (data + name.encode()).lower(), name
    with Registry.open(registry, write=True) as opened:
        person = opened.pseudonym("patient", "MRN990017")
    assert {name.split("/")[0] for name in content(tmp_path / "out") if "/" in name} == {person}


def test_suv_and_drawn_regions_are_what_they_were(tmp_path: Path, registry: Path) -> None:
    source = folder_of_a_patient(tmp_path / "in")
    run_deidentify(source, tmp_path / "out", registry, jobs=1)
    before = run_suv([source / "Musterfrau", source / "nm"], injections=None, profile=None).rows
    after = run_suv([tmp_path / "out"], injections=None, profile=None).rows
    numbers = ("status", "factor_suvbw", "suvbw_max", "weight_kg", "hours_after_injection", "activity_budget_pct")
    shown = [sorted(str([row[name] for name in numbers]) for row in rows) for rows in (before, after)]
    assert shown[0] == shown[1]
    assert [row["status"] for row in before].count("ok") >= 1
    volumes = []
    for folder, name in ((source, "drawn.dcm"), (tmp_path / "out", None)):
        index = index_folder([folder])
        pet = next(one for one in index.series if one.modality == "PT" and len(one.paths) == 5)
        drawn = next(one for one in index.series if one.modality == "RTSTRUCT")
        assert name is None or drawn.paths[0].name == name
        masks = read_masks(drawn.paths[0], read_series(pet).volume.geometry, series_uid=pet.series_uid)
        volumes.append([(mask.name, mask.array.tobytes()) for mask in masks])
    assert volumes[0] == volumes[1]
    assert volumes[0][0][0] == "lesion 1"


def test_the_same_patient_gets_the_same_name_and_shift_in_every_call(tmp_path: Path, registry: Path) -> None:
    for number, day in enumerate(("20230517", "20230628")):
        dates = {"SeriesDate": day, "AcquisitionDate": day, "StudyDate": day}
        write(tmp_path / f"in{number}", pet_slices(2, PatientID="AB-77120", **dates))
        run_deidentify(tmp_path / f"in{number}", tmp_path / f"out{number}", registry, jobs=1)
    found = [pydicom.dcmread(next((tmp_path / f"out{n}").rglob("*.dcm"))) for n in (0, 1)]
    assert found[0].PatientID == found[1].PatientID
    assert int(found[1].StudyDate) != 20230628
    days = [np.datetime64(f"{d.StudyDate[:4]}-{d.StudyDate[4:6]}-{d.StudyDate[6:]}") for d in found]
    assert (days[1] - days[0]).astype(int) == 42
    with Registry.open(registry, write=True) as opened:
        shift = opened.identities.date_shift_days(opened.pseudonym("patient", "AB-77120"))
    assert days[0] - np.datetime64("2023-05-17") == shift
    assert 1 <= abs(shift) <= 730


def test_a_second_run_gives_the_same_bytes_and_other_options_are_refused(tmp_path: Path, registry: Path) -> None:
    source = folder_of_a_patient(tmp_path / "in")
    run_deidentify(source, tmp_path / "out", registry, jobs=1)
    first = content(tmp_path / "out")
    run_deidentify(source, tmp_path / "out", registry, jobs=2)
    assert content(tmp_path / "out") == first
    with pytest.raises(UnusableInputError, match="other options"):
        run_deidentify(source, tmp_path / "out", registry, options=DeidentifyOptions(keep_device=True), jobs=1)
    with pytest.raises(UnusableInputError, match="holds other files"):
        run_deidentify(source, tmp_path / "in" / ".." / "registry", registry, jobs=1)
    with pytest.raises(UnusableInputError, match="within each other"):
        run_deidentify(source, source / "out", registry, jobs=1)


def test_killed_and_run_again_it_is_complete_and_equal(tmp_path: Path, registry: Path) -> None:
    source = tmp_path / "in"
    for number in range(6):
        write(source / str(number), [plant(one, n) for n, one in enumerate(pet_slices(30))])
    whole = run_deidentify(source, tmp_path / "whole", registry, jobs=1)
    call = f"from lutrace.cli.app import run; run(['deidentify', {str(source)!r}, {str(tmp_path / 'out')!r}, "
    process = subprocess.Popen([sys.executable, "-c", call + f"'--registry', {str(registry)!r}, '--jobs', '1'])"])
    end = time.monotonic() + 60
    while len(list((tmp_path / "out").rglob("*.dcm"))) < 20 and time.monotonic() < end:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    process.wait()
    assert 20 <= len(list((tmp_path / "out").rglob("*.dcm"))) < 180
    assert not (tmp_path / "out" / "deidentification.json").exists()
    again = run_deidentify(source, tmp_path / "out", registry, jobs=1)
    assert again.n_written == whole.n_written == 180
    assert content(tmp_path / "out") == content(tmp_path / "whole")


def test_an_identifier_found_marks_the_folder_and_ends_with_1(
    tmp_path: Path, registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "in", [plant(one, n) for n, one in enumerate(pet_slices(2))])
    call = ["deidentify", str(tmp_path / "in"), str(tmp_path / "out"), "--registry", str(registry), "--jobs", "1"]
    assert run(call) == 0
    (tmp_path / "out" / "note.txt").write_text("frau MUSTERFRAU", encoding="utf-16")
    capsys.readouterr()
    assert run([*call, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)["deidentification"]
    assert told["identifier_search"]["findings"] == [{"file": "note.txt", "kinds": {"name": 1}}]
    assert not told["safe"]
    assert (tmp_path / "out" / "UNSAFE.txt").is_file()
    (tmp_path / "out" / "note.txt").unlink()
    assert run(call) == 0
    assert not (tmp_path / "out" / "UNSAFE.txt").exists()


def test_neither_screen_nor_report_names_a_person_or_a_file(
    tmp_path: Path, registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = folder_of_a_patient(tmp_path / "in")
    assert run(["deidentify", str(source), str(tmp_path / "out"), "--registry", str(registry), "--jobs", "1"]) == 0
    said = capsys.readouterr()
    reports = [(tmp_path / "out" / f"deidentification.{end}").read_text(encoding="utf-8") for end in ("json", "txt")]
    for text in (said.out, said.err, *reports):
        assert not [word for word in WORDS if word.lower() in text.lower()]
    with Registry.open(registry, write=True) as opened:
        shift = abs(opened.identities.date_shift_days(opened.pseudonym("patient", "MRN990017")))
    assert f" {shift}" not in reports[1]
    assert "left out 1: secondary capture: its pixels may show a name" in said.err


def head_and_trunk(folder: Path) -> tuple[Path, Geometry]:
    """A CT and a PET of one frame: trunk, neck, head with a nose, a hot lesion behind the nose."""
    shape, step = (80, 46, 56), 10.0
    z, y, x = np.meshgrid(*(np.arange(n) * step for n in shape), indexing="ij")
    x, y = x - 275, y - 225
    inside = ((x / 180) ** 2 + (y / 115) ** 2 < 1) & (z < 450)
    inside |= (x**2 + y**2 < 58**2) & (z < 600)
    inside |= (x / 78) ** 2 + (y / 95) ** 2 + ((z - 640) / 115) ** 2 < 1
    inside |= (np.abs(x) < 15) & (np.abs(z - 620) < 20) & (y > -120) & (y < 0)
    hot = (np.abs(x) < 11) & (np.abs(z - 620) < 11) & (np.abs(y + 90) < 11)
    place = {"PixelSpacing": [step, step], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}
    ct = ct_slices(shape[0])
    pet = pet_slices(shape[0], stored=np.where(hot, 30000, np.where(inside, 900, 0)).astype(np.int16), **place)
    for n, (one, other) in enumerate(zip(ct, pet, strict=True)):
        for dataset in (one, other):
            dataset.PixelSpacing, dataset.SliceThickness = [step, step], step
            dataset.ImagePositionPatient = [-275.0, -225.0, step * n]
        stored = np.where(inside[n], 1064, 24).astype(np.uint16)
        one.Rows, one.Columns = stored.shape
        one.PixelData = stored.tobytes()
    write(folder / "ct", ct)
    write(folder / "pet", pet)
    geometry = read_series(index_folder([folder / "pet"]).series[0]).volume.geometry
    write_nifti(folder.parent / "lesion.nii.gz", hot, geometry)
    return folder, geometry


@pytest.mark.parametrize("keeps", [False, True])
def test_the_face_goes_from_ct_and_pet_and_the_lesion_stays_or_its_loss_is_told(
    keeps: bool, tmp_path: Path, registry: Path
) -> None:
    source, geometry = head_and_trunk(tmp_path / "in")
    kept = (tmp_path / "lesion.nii.gz",) if keeps else ()
    result = run_deidentify(
        source, tmp_path / "out", registry, options=DeidentifyOptions(deface=True, keep=kept), jobs=1
    )
    assert result.is_safe
    assert len(result.faces) == 2
    index = index_folder([tmp_path / "out"])
    for modality, air in (("CT", -1000.0), ("PT", 0.0)):
        series = next(one for one in index.series if one.modality == modality)
        volume = read_series(series).volume
        assert volume.geometry.same_grid(geometry)
        hot = volume.array[61:64, 13:15, 27:29]
        assert (volume.array[62, 10, 27] == air) and (volume.array[62, 28, 27] != air)
        assert (hot != air).all() if keeps else (hot == air).all()
        assert series.header.ImageType[0] == "DERIVED"
        assert "113102" in {item.CodeValue for item in series.header.DeidentificationMethodCodeSequence}
        assert series.header.RecognizableVisualFeatures == "NO"
    series_told = json.loads((tmp_path / "out" / "deidentification.json").read_text(encoding="utf-8"))["series"]
    face = next(one["face"] for one in series_told if one["modality"] == "PT")
    lesion_ml = 3 * 2 * 2 * 1.0 if keeps else 0.0
    assert face["kept_for_regions_ml"] >= lesion_ml
    assert (face["removed_ml_of_suv_3_or_more"] > 0) is not keeps
    assert (face["removed_suv_max"] > 3) is not keeps


def test_an_image_whose_face_cannot_be_looked_for_is_left_out_when_faces_must_go(
    tmp_path: Path, registry: Path
) -> None:
    write(tmp_path / "in", pet_slices(5))
    result = run_deidentify(tmp_path / "in", tmp_path / "out", registry, options=DeidentifyOptions(deface=True), jobs=1)
    assert result.n_written == 0
    assert {one.reason for one in result.left_out} == {
        "a face in it cannot be found: a PET in which no trunk is found may show a head or a limb: "
        "its face cannot be found without its CT"
    }


def test_the_private_factor_of_philips_gives_the_same_suv_afterwards(tmp_path: Path, registry: Path) -> None:
    slices = pet_slices(3, Units="CNTS", Manufacturer="Philips")
    for one in slices:
        private(one, 0x7053, "Philips PET Private Group", {0x00: ("DS", "0.00071"), 0x09: ("DS", "1.25")}, others=1)
    write(tmp_path / "in", slices)
    assert run_deidentify(tmp_path / "in", tmp_path / "out", registry, jobs=1).is_safe
    rows = run_suv([tmp_path / "out"], injections=None, profile=None).rows
    assert [row["factor_suvbw"] for row in rows] == [0.00071]


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The files of a synthetic patient, and what they became."""
    folder = tmp_path_factory.mktemp("centre")
    made = make_centre(folder / "centre", patients=1, seed=6, jobs=1)
    run_init(folder / "registry", profile_text=made.profile_text)
    result = run_deidentify(made.folder / "dicom", folder / "out", folder / "registry", jobs=2)
    assert result.is_safe
    assert result.left_out == ()
    return made.folder / "dicom", folder / "out"


@pytest.mark.skipif(DCIODVFY is None, reason="not run: no dciodvfy; scripts/test-servers installs it")
def test_the_validator_finds_no_error_that_was_not_there_before(centre: tuple[Path, Path]) -> None:
    before, after = centre
    for modality in ("PT", "CT", "SEG"):
        old, new = (
            set().union(*(errors_of(series.paths[0]) for series in index_folder([folder]).of_modality(modality)))
            for folder in (before, after)
        )
        assert new <= old, modality


@pytest.mark.server("orthanc", "orthanc-dicomweb")
def test_orthanc_takes_every_object_and_orders_them_as_before(centre: tuple[Path, Path], tmp_path: Path) -> None:
    before, after = centre
    with running_orthanc(tmp_path) as server:
        server.hold(sorted(after.rglob("*.dcm")))
        held = server.ask("/statistics")
    index = index_folder([before])
    assert held["CountPatients"] == 1
    assert held["CountSeries"] == len(index.series)
    assert held["CountStudies"] == len({series.study_uid for series in index.series})
    assert held["CountInstances"] == sum(len(series.paths) for series in index.series)


@pytest.mark.real_data
@pytest.mark.filterwarnings("ignore:The value length:UserWarning")  # of pydicom, on these headers
@pytest.mark.parametrize("part", ["spect_lu177_xspect", "pet_sts/STS_001", "pet_sts/STS_002"])
def test_real_scans_leave_with_the_same_suv_and_regions(
    part: str, real_data: Path, tmp_path: Path, registry: Path
) -> None:
    result = run_deidentify(real_data / part, tmp_path / "out", registry, jobs=2)
    assert result.is_safe
    before, after = (
        sorted(
            (row["factor_suvbw"], row["suvbw_max"], row["status"])
            for row in run_suv([folder], injections=None, profile=None).rows
        )
        for folder in (real_data / part, tmp_path / "out")
    )
    assert before == after
    assert all(status == "ok" for _, _, status in after)
    words = (b"DOE^JOHN", b"ANON54121", b"STS_001", b"STS_002", b"Avery", b"1764353264683505")
    for name, data in content(tmp_path / "out").items():
        assert not [word for word in words if word.lower() in data.lower()], name
    index = index_folder([tmp_path / "out"])
    for drawn in (series for series in index.series if series.modality == "RTSTRUCT"):
        frames = {str(item.FrameOfReferenceUID) for item in drawn.header.ReferencedFrameOfReferenceSequence}
        images = [one for one in index.series if one.modality == "PT"]
        image = next(one for one in images if str(one.header.FrameOfReferenceUID) in frames)
        masks = read_masks(drawn.paths[0], read_series(image).volume.geometry, series_uid=image.series_uid)
        assert all(mask.array.any() for mask in masks)


CALIBRATION = """
quantification:
  decay_correction: NONE
  spect_calibrations:
    - {manufacturer: SIEMENS, radionuclide: Lu-177, value: 9.36, unit: cps/MBq, counts_of: one_detector,
       calibration_date: 2023-01-15, valid_until: 2023-12-31}
"""


def test_counts_are_compared_under_the_calibration_of_the_registry_and_without_one_are_not_verified(
    tmp_path: Path, registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "in", [plant(nm_recon(mapping=None))])
    call = ["deidentify", str(tmp_path / "in"), "--registry", str(registry), "--jobs", "1"]
    assert run([*call, str(tmp_path / "bare")]) == 0
    assert "SUV not verified: " in capsys.readouterr().err
    (bare,) = json.loads((tmp_path / "bare" / "deidentification.json").read_text(encoding="utf-8"))["suv"]
    assert (bare["same"], bare["verified"], bare["factor_suvbw"]) == (True, False, None)
    assert "not verified: " in (tmp_path / "bare" / "deidentification.txt").read_text(encoding="utf-8")
    (registry / "site.yaml").write_text(CALIBRATION, encoding="utf-8")
    assert run([*call, str(tmp_path / "known")]) == 0
    assert "not verified" not in capsys.readouterr().err
    (known,) = json.loads((tmp_path / "known" / "deidentification.json").read_text(encoding="utf-8"))["suv"]
    assert (known["same"], known["verified"], known["not_verified_because"]) == (True, True, None)
    assert known["suvbw_max_before"] == known["suvbw_max_after"] > 0
    profile = parse_profile(CALIBRATION).quantification
    (row,) = run_suv([tmp_path / "in"], injections=None, profile=profile).rows
    assert known["factor_suvbw"] == row["factor_suvbw"]


def test_the_reason_of_an_suv_not_verified_tells_no_day(tmp_path: Path, registry: Path) -> None:
    write(tmp_path / "in", [nm_recon(mapping=None)])
    late = CALIBRATION.replace("2023-01-15", "2031-01-15").replace("2023-12-31", "2031-12-31")
    (registry / "site.yaml").write_text(late, encoding="utf-8")
    (reason,) = run_deidentify(tmp_path / "in", tmp_path / "out", registry, jobs=1).suv_not_verified.values()
    assert "that of (a day) is younger than the scan of (a day)" in reason


def test_regions_that_cannot_be_placed_end_with_1_and_are_named_without_the_patient(
    tmp_path: Path, registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, geometry = head_and_trunk(tmp_path / "in")
    for path in source.rglob("im*"):
        plant(one := pydicom.dcmread(path))
        one.save_as(path)
    far = Geometry((4, 4, 4), (2.0, 2.0, 2.0), (900.0, 900.0, 900.0))
    write_nifti(tmp_path / "Musterfrau_lesion.nii.gz", np.ones((4, 4, 4), np.bool_), far)
    region = np.zeros(geometry.shape_zyx, np.bool_)
    region[62:64, 13:15, 27:29] = True
    save(rtstruct([("lesion 1", squares(region, geometry))], frame="1.2.3.4"), tmp_path / "other.dcm")
    call = ["deidentify", str(source), str(tmp_path / "out"), "--registry", str(registry), "--jobs", "1", "--deface"]
    keep = ["lesion.nii.gz", "Musterfrau_lesion.nii.gz", "other.dcm"]
    assert run([*call, *(word for name in keep for word in ("--keep", str(tmp_path / name)))]) == 1
    said = capsys.readouterr().err
    assert "usterfrau" not in said.lower()
    errors = [line for line in said.splitlines() if line.startswith("error: --keep ")]
    assert len(errors) == 2
    report = json.loads((tmp_path / "out" / "deidentification.json").read_text(encoding="utf-8"))
    assert [one["reason"] for one in report["keep_files_not_placed"]] == [
        "its regions hold no voxel of an image with a face",
        "it was drawn in another frame of reference than every image with a face",
    ]
    assert "error: --keep other.dcm: not placed" in said
    assert "usterfrau" not in (tmp_path / "out" / "deidentification.txt").read_text(encoding="utf-8").lower()


def test_regions_to_keep_without_defacing_or_without_a_region_are_refused(tmp_path: Path, registry: Path) -> None:
    write(tmp_path / "in", pet_slices(2))
    (tmp_path / "notes.txt").write_text("no mask", encoding="utf-8")
    for deface, match in ((False, "give both"), (True, "expected SEG, RTSTRUCT or NIfTI")):
        options = DeidentifyOptions(deface=deface, keep=(tmp_path / "notes.txt",))
        with pytest.raises(UnusableInputError, match=match):
            run_deidentify(tmp_path / "in", tmp_path / "out", registry, options=options, jobs=1)
