"""An independent validator on every object that is written: dciodvfy of Debian's dicom3tools.

It also judges objects that highdicom writes from the same images without any code of ours; what it finds there is the
validator's (or highdicom's) word on a source image, and is listed beside each case.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Literal

import highdicom as hd
import numpy as np
import pydicom
import pytest
from pydicom.sr.coding import Code
from tests.dicom.outputs import Scan, scan, write_all
from tests.dicom.test_write_images import START, TRACER, header, volume, write_pet

from lutrace.dicom import NmTiming, write_ct_series, write_nm_series

DCIODVFY = shutil.which("dciodvfy")

pytestmark = pytest.mark.skipif(DCIODVFY is None, reason="not run: no dciodvfy; scripts/test-servers installs it")

Kind = Literal["pet", "nm"]

ALSO_ON_HIGHDICOM: set[str] = set()
"""Errors that the validator reports on our objects and on highdicom's own: none with version 1.00 of June 2022."""


def errors_of(path: Path) -> set[str]:
    """What the validator calls an error in a file."""
    assert DCIODVFY is not None
    said = subprocess.run([DCIODVFY, path], capture_output=True, text=True)
    lines = (said.stderr + said.stdout).splitlines()
    assert any(line and not line.startswith(("Warning", "Error")) for line in lines), "the object was not recognised"
    return {line for line in lines if line.startswith("Error")}


def seg_by_highdicom(one: Scan, path: Path) -> Path:
    images = [pydicom.dcmread(file) for file in one.files]
    for image in images:
        for word in ("StudyDate", "StudyTime", "StudyID", "PatientBirthDate", "AccessionNumber"):
            setattr(image, word, image.get(word, ""))
        image.ReferringPhysicianName = ""
    segmentation = hd.seg.Segmentation(
        source_images=images,
        pixel_array=one.regions[0].mask.array.astype(np.uint8),
        segmentation_type="BINARY",
        segment_descriptions=[
            hd.seg.SegmentDescription(
                1,
                "liver",
                Code("123037004", "SCT", "Anatomical Structure"),
                Code("10200004", "SCT", "Liver"),
                "MANUAL",
            )
        ],
        series_instance_uid=hd.UID(),
        series_number=1,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer="highdicom",
        manufacturer_model_name="highdicom",
        software_versions="1",
        device_serial_number="1",
    )
    segmentation.save_as(path)
    return path


def test_highdicoms_own_object_shows_which_errors_are_not_ours(tmp_path: Path) -> None:
    one = scan(tmp_path / "image")
    assert errors_of(seg_by_highdicom(one, tmp_path / "theirs.dcm")) == ALSO_ON_HIGHDICOM


@pytest.mark.parametrize("made_of", ["pet", "nm"])
@pytest.mark.parametrize("kind", ["seg", "rtstruct", "rwvm", "sr"])
def test_no_object_has_an_error_that_highdicoms_own_have_not(tmp_path: Path, kind: str, made_of: Kind) -> None:
    one = scan(tmp_path / "image", made_of)
    assert errors_of(write_all(one, tmp_path / "out")[kind]) <= ALSO_ON_HIGHDICOM


def test_the_validator_can_find_an_error(tmp_path: Path) -> None:
    one = scan(tmp_path / "image")
    path = write_all(one, tmp_path / "out")["rtstruct"]
    dataset = pydicom.dcmread(path)
    del dataset.StructureSetLabel
    dataset.save_as(path)
    assert any("StructureSetLabel" in error for error in errors_of(path))


def test_images_that_we_write_have_no_error(tmp_path: Path) -> None:
    nm = write_nm_series(
        volume(), tmp_path / "nm.dcm", header=header(), tracer=TRACER, timing=NmTiming(START, 15.0, 120)
    )
    ct = write_ct_series(volume("HU", 1500.0), tmp_path / "ct", header=header())[0]
    pet = write_pet(tmp_path / "pet")[0]
    assert {path.name: errors_of(path) for path in (nm, ct, pet)} == {path.name: set() for path in (nm, ct, pet)}
