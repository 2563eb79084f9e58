import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Literal

import highdicom as hd
import pydicom
import pytest
from tests.dicom.outputs import ALGORITHM, scan, write_all

from lutrace.core import MissingFactError
from lutrace.dicom import MeasuredRegion, ReportedObjects, name_total_uptake, write_sr
from lutrace.imaging import measure_region

Kind = Literal["pet", "nm"]


@pytest.mark.parametrize("kind", ["pet", "nm"])
def test_highdicom_reads_back_identity_segment_mapping_and_every_number(tmp_path: Path, kind: Kind) -> None:
    one = scan(tmp_path / "image", kind)
    paths = write_all(one, tmp_path / "out")
    report = hd.sr.srread(paths["sr"])
    groups = report.content.get_volumetric_roi_measurement_groups()
    segmentation, mapping = pydicom.dcmread(paths["seg"]), pydicom.dcmread(paths["rwvm"])
    assert len(groups) == 2
    for number, (group, region) in enumerate(zip(groups, one.regions, strict=True), start=1):
        assert region.tracking is not None
        assert (group.tracking_identifier, group.tracking_uid) == (region.tracking.identifier, region.tracking.uid)
        item = segmentation.SegmentSequence[number - 1]
        assert (item.TrackingID, item.TrackingUID) == (region.tracking.identifier, region.tracking.uid)
        segment = group.referenced_segment
        assert segment.referenced_sop_instance_uid == segmentation.SOPInstanceUID
        assert list(segment.referenced_segment_numbers) == [number]
        measures = measure_region(one.suv, region.mask)
        said = {
            (m.name.value, m.derivation.value if m.derivation else None, m.unit.value): m.value
            for m in group.get_measurements()
        }
        assert said == pytest.approx(
            {
                ("126401", "373098007", "{SUVbw}g/ml"): measures.mean,
                ("126401", "255605001", "{SUVbw}g/ml"): measures.min,
                ("126401", "56851009", "{SUVbw}g/ml"): measures.max,
                ("126401", "386136009", "{SUVbw}g/ml"): measures.sd,
                ("118565006", None, "ml"): measures.volume_ml,
                ("TLU", None, "g"): measures.total,
            }
            | ({} if measures.peak is None else {("126401", "126031", "{SUVbw}g/ml"): measures.peak}),
            rel=1e-6,
        )
        references = [x.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for x in _of(group, "126100")]
        assert references == [mapping.SOPInstanceUID]


def _of(group: hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations, code: str) -> list[pydicom.Dataset]:
    return [x for x in group[0].ContentSequence if x.ConceptNameCodeSequence[0].CodeValue == code]


def test_the_report_says_finding_site_method_and_algorithm(tmp_path: Path) -> None:
    one = scan(tmp_path / "image")
    report = hd.sr.srread(write_all(one, tmp_path / "out")["sr"])
    tumour, uncertain = report.content.get_volumetric_roi_measurement_groups()
    assert (tumour.finding_type.meaning, uncertain.finding_type.meaning) == ("Lesion", "Selected region")
    assert [site.value.meaning for site in tumour.finding_sites] == ["Bone"]
    assert tumour.method.value == "126410"
    (name,) = _of(tumour, "111001")
    assert name.TextValue == "lutrace suv3"
    (parameter,) = _of(tumour, "111002")
    assert parameter.TextValue.startswith("plan_digest=")


def test_the_observer_is_a_device_and_nothing_is_verified(tmp_path: Path) -> None:
    one = scan(tmp_path / "image")
    report = hd.sr.srread(write_all(one, tmp_path / "out")["sr"])
    assert (report.VerificationFlag, report.CompletionFlag) == ("UNVERIFIED", "PARTIAL")
    kinds = [x for x in report.ContentSequence if x.ConceptNameCodeSequence[0].CodeValue == "121005"]
    assert [x.ConceptCodeSequence[0].CodeMeaning for x in kinds] == ["Device"]
    (scheme,) = report.CodingSchemeIdentificationSequence
    assert scheme.CodingSchemeDesignator == "99LUTRACE"


def test_the_image_library_and_the_evidence_name_every_image(tmp_path: Path) -> None:
    one = scan(tmp_path / "image")
    paths = write_all(one, tmp_path / "out")
    report = hd.sr.srread(paths["sr"])
    images = {pydicom.dcmread(file).SOPInstanceUID for file in one.files}
    library = next(x for x in report.ContentSequence if x.ConceptNameCodeSequence[0].CodeValue == "111028")
    named = {x.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for x in library.ContentSequence[0].ContentSequence}
    assert named == images
    evidence = {
        item.ReferencedSOPInstanceUID
        for word in ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence")
        for study in report.get(word, ())
        for series in study.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    }
    objects = {pydicom.dcmread(paths[kind]).SOPInstanceUID for kind in ("seg", "rwvm")}
    assert evidence == images | objects


@pytest.mark.parametrize(
    ("target", "value", "scheme", "meaning"),
    [
        ("psma", "TLP", "99LUTRACE", "Total lesion PSMA"),
        ("glucose", "126033", "DCM", "Total Lesion Glycolysis"),
        ("somatostatin_receptor", "TLU", "99LUTRACE", "Total lesion uptake"),
        (None, "TLU", "99LUTRACE", "Total lesion uptake"),
    ],
)
def test_mean_times_volume_is_called_what_it_is_for_this_tracer(
    target: str | None, value: str, scheme: str, meaning: str
) -> None:
    code = name_total_uptake(target)
    assert (code.value, code.scheme_designator, code.meaning) == (value, scheme, meaning)


def test_a_lesion_that_the_view_cuts_says_so_in_segment_and_report_and_one_nobody_looked_at_says_nothing(
    tmp_path: Path,
) -> None:
    one = scan(tmp_path / "image")
    cut, whole = (replace(region, cut_by_view=flag) for region, flag in zip(one.regions, (True, False), strict=True))
    for told, said in ((replace(one, regions=(cut, whole)), ["Yes", "No"]), (one, [])):
        paths = write_all(told, tmp_path / f"out{len(said)}")
        groups = hd.sr.srread(paths["sr"]).content.get_volumetric_roi_measurement_groups()
        evaluations = [x for group in groups for x in group.get_qualitative_evaluations()]
        answers = [x.value.meaning for x in evaluations if x.name.scheme_designator == "99LUTRACE"]
        assert answers == said
        segments = pydicom.dcmread(paths["seg"]).SegmentSequence
        assert ["SegmentDescription" in segment for segment in segments] == [bool(said), False]


def test_the_totals_of_the_scan_are_a_group_in_the_private_scheme(tmp_path: Path) -> None:
    one = scan(tmp_path / "image")
    report = hd.sr.srread(write_all(one, tmp_path / "out")["sr"])
    (totals,) = report.content.get_image_measurement_groups()
    (measurement,) = totals.get_measurements()
    assert (measurement.name.value, measurement.name.scheme_designator) == ("TUMOUR_AUTO", "99LUTRACE")
    assert (measurement.value, measurement.unit.value) == (1.5, "ml")


@pytest.mark.skipif(shutil.which("dsrdump") is None, reason="not run: no dsrdump; scripts/test-servers installs it")
@pytest.mark.parametrize("kind", ["pet", "nm"])
def test_dcmtk_reads_the_report(tmp_path: Path, kind: Kind) -> None:
    one = scan(tmp_path / "image", kind)
    path = write_all(one, tmp_path / "out")["sr"]
    said = subprocess.run(["dsrdump", "+Pc", path], capture_output=True, text=True, check=True)
    assert said.stderr == ""
    assert said.stdout.count('<has obs context TEXT:(112039,DCM,"Tracking Identifier")') == 3
    assert "lesion 1 tumour" in said.stdout


def test_the_same_lesion_has_the_same_tracking_uid_in_every_object(tmp_path: Path) -> None:
    one = scan(tmp_path / "image")
    paths = write_all(one, tmp_path / "out")
    uids = [region.tracking.uid for region in one.regions if region.tracking is not None]
    segments = [item.TrackingUID for item in pydicom.dcmread(paths["seg"]).SegmentSequence]
    structures = [
        item.ROIDescription.split("Tracking UID ")[1]
        for item in pydicom.dcmread(paths["rtstruct"]).StructureSetROISequence
    ]
    groups = hd.sr.srread(paths["sr"]).content.get_volumetric_roi_measurement_groups()
    assert uids == segments == structures == [group.tracking_uid for group in groups]


def test_the_same_seed_gives_the_same_uids_and_none_gives_new_ones(tmp_path: Path) -> None:
    one = scan(tmp_path / "image")

    def uids(folder: str, seed: str | None) -> list[str]:
        paths = write_all(one, tmp_path / folder, seed=seed)
        return [str(pydicom.dcmread(path).SOPInstanceUID) for path in paths.values()]

    first = uids("a", "7")
    assert first == uids("b", "7")
    assert len(set(first)) == 4
    assert not set(uids("c", None)) & set(uids("d", None))


def test_a_region_without_tracking_and_an_empty_report_are_refused(tmp_path: Path) -> None:
    one = scan(tmp_path / "image")
    paths = write_all(one, tmp_path / "out")
    objects = ReportedObjects(one.files, paths["seg"], None)
    region = replace(one.regions[0], tracking=None)
    measured = MeasuredRegion(region, measure_region(one.suv, region.mask))
    with pytest.raises(MissingFactError, match="lesion 1 tumour: a report needs its tracking"):
        write_sr(tmp_path / "sr.dcm", [measured], objects, description="x", algorithm=ALGORITHM)
    with pytest.raises(MissingFactError, match="report: expected at least one measured region"):
        write_sr(tmp_path / "sr.dcm", [], objects, description="x", algorithm=ALGORITHM)
