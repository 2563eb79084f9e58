"""Measured regions -> a structured report by TID 1500: what was measured, how, on which segment and image."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from lutrace import __version__
from lutrace.core import MissingFactError
from lutrace.dicom.derived_objects import MANUFACTURER, MODEL, ObjectUids, make_object_uid, read_headers, stamp
from lutrace.dicom.drawn_regions import Algorithm, DrawnRegion
from lutrace.dicom.region_codes import region_code, site_code
from lutrace.dicom.tracking_uids import Tracking, make_tracking
from lutrace.dicom.write_rwvm import SUVBW_UNIT
from lutrace.imaging import RegionMeasures

SCHEME = "99LUTRACE"
"""Coding scheme of what DICOM has no code for: total lesion PSMA, a lesion cut by the view, the totals of a scan."""

_SUVBW = Code("126401", "DCM", "SUVbw")
_BY_WEIGHT = Code("126410", "DCM", "SUV body weight calculation method")
_VOLUME = Code("118565006", "SCT", "Volume")
_BY_VOXELS = Code("126030", "DCM", "Sum of segmented voxel volumes")
_ML = Code("ml", "UCUM", "milliliter")
_GRAM = Code("g", "UCUM", "gram")
_TOTAL_UPTAKE = {
    "psma": Code("TLP", SCHEME, "Total lesion PSMA"),
    "glucose": Code("126033", "DCM", "Total Lesion Glycolysis"),
}
_ANY_TOTAL_UPTAKE = Code("TLU", SCHEME, "Total lesion uptake")
_CUT_BY_VIEW = Code("CUT_BY_VIEW", SCHEME, "Cut by the edge of the field of view")
_ANSWER = {True: Code("373066001", "SCT", "Yes"), False: Code("373067005", "SCT", "No")}
_TOTALS = Code("TOTALS", SCHEME, "Totals of the scan")
_PROCEDURE = Code("363679005", "SCT", "Imaging procedure")
_DERIVATIONS = {
    "mean": Code("373098007", "SCT", "Mean"),
    "min": Code("255605001", "SCT", "Minimum"),
    "max": Code("56851009", "SCT", "Maximum"),
    "sd": Code("386136009", "SCT", "Standard Deviation"),
    "peak": Code("126031", "DCM", "Peak Value Within ROI"),
}


@dataclass(frozen=True)
class OwnNumber:
    """A number without a code of its own in DICOM: code and meaning in the scheme 99LUTRACE, value, UCUM unit."""

    code: str
    meaning: str
    value: float
    unit: str


@dataclass(frozen=True, eq=False)
class MeasuredRegion:
    """A region of the segmentation (in its order), its measures in SUVbw (g/mL), and further numbers.

    `target`, what takes the tracer up (`terms.tracer_target`; None: not known), gives SUVmean x volume its name.
    """

    region: DrawnRegion
    measures: RegionMeasures
    further: tuple[OwnNumber, ...] = ()
    target: str | None = None


@dataclass(frozen=True)
class ReportedObjects:
    """The files that a report speaks of: the image series, the segmentation, the SUV mapping (None without one)."""

    source_files: tuple[Path, ...]
    segmentation: Path
    mapping: Path | None


def write_sr(
    path: Path,
    measured: Sequence[MeasuredRegion],
    objects: ReportedObjects,
    *,
    totals: Sequence[OwnNumber] = (),
    description: str,
    algorithm: Algorithm,
    seed: str | None = None,
    moment: dt.datetime | None = None,
) -> str:
    """Write an Imaging Measurement Report (TID 1500) of measured regions and return its SOP Instance UID.

    One measurement group per region, in the order of the segments: tracking, finding, site, the segment, the SUV
    mapping, whether the field of view cuts it, SUVbw mean, minimum, maximum, peak (where there is one) and standard
    deviation, volume and SUVmean x volume (see `name_total_uptake`); further numbers and the totals of the scan are in
    the private scheme 99LUTRACE. The report is unverified and names the device, no person, as observer.
    Raises MissingFactError without a region, or when one has no tracking.
    Source: DICOM PS3.16 TID 1500, 1411, 1419, 1600; Comprehensive 3D SR (PS3.3 A.35.13).
    """
    import highdicom as hd

    if not measured:
        raise MissingFactError("report: expected at least one measured region, found none; there is nothing to write")
    headers = read_headers(objects.source_files)
    segmentation = pydicom.dcmread(objects.segmentation)
    mapping = pydicom.dcmread(objects.mapping) if objects.mapping is not None else None
    uids = ObjectUids.of("sr", seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*unlikely to represent the intended person name")
        groups = _Groups(segmentation, mapping, algorithm)
        content = [groups.of(n, one) for n, one in enumerate(measured, start=1)]
        if totals:
            content.append(groups.of_scan(totals, headers))
        report = hd.sr.MeasurementReport(
            observation_context=_context(seed),
            procedure_reported=_PROCEDURE,
            imaging_measurements=content,
            referenced_images=headers,
        )
        document = hd.sr.Comprehensive3DSR(
            evidence=[*headers, segmentation, *([mapping] if mapping is not None else [])],
            content=report[0],
            series_instance_uid=uids.series,
            series_number=903,
            sop_instance_uid=uids.instance,
            instance_number=1,
            manufacturer=MANUFACTURER,
            manufacturer_model_name=MODEL,
            software_versions=__version__,
            series_description=description[:64],
        )
    document.CodingSchemeIdentificationSequence = [_scheme_item()]
    if moment is not None:
        stamp(document, moment, "Content", "Series", "InstanceCreation")
    path.parent.mkdir(parents=True, exist_ok=True)
    document.save_as(path)
    return str(document.SOPInstanceUID)


class _Groups:
    """The measurement groups of one report: what they share is the segmentation, the mapping and the algorithm."""

    def __init__(self, segmentation: Dataset, mapping: Dataset | None, algorithm: Algorithm) -> None:
        """Hold what all groups refer to."""
        import highdicom as hd

        self._segmentation = segmentation
        self._series = str(segmentation.ReferencedSeriesSequence[0].SeriesInstanceUID)
        self._mapping = hd.sr.RealWorldValueMap(str(mapping.SOPInstanceUID)) if mapping is not None else None
        self._algorithm = hd.sr.AlgorithmIdentification(
            algorithm.name, algorithm.version, [f"{name}={value}" for name, value in algorithm.parameters] or None
        )

    def of(self, number: int, one: MeasuredRegion) -> Any:
        """The group of one region, which is segment `number`."""
        import highdicom as hd

        region = one.region
        if region.tracking is None:
            raise MissingFactError(f"region {region.name}: a report needs its tracking; make one with make_tracking")
        code = region_code(region.name, region.category)
        site = site_code(region.site)
        return hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=_identifier(region.tracking),
            referenced_segment=hd.sr.ReferencedSegment(
                str(self._segmentation.SOPClassUID),
                str(self._segmentation.SOPInstanceUID),
                number,
                source_series=hd.sr.SourceSeriesForSegmentation(self._series),
            ),
            referenced_real_world_value_map=self._mapping,
            finding_type=code.type,
            finding_category=code.category,
            finding_sites=[hd.sr.FindingSite(site)] if site is not None else None,
            method=_BY_WEIGHT,
            algorithm_id=self._algorithm,
            measurements=[*_measurements(one.measures, name_total_uptake(one.target)), *map(_own, one.further)],
            qualitative_evaluations=_evaluations(region),
        )

    def of_scan(self, totals: Sequence[OwnNumber], headers: Sequence[Dataset]) -> Any:
        """The group of the totals, which refers to the first image of the series."""
        import highdicom as hd

        return hd.sr.MeasurementsAndQualitativeEvaluations(
            tracking_identifier=_identifier(make_tracking("totals", str(self._segmentation.SOPInstanceUID))),
            referenced_real_world_value_map=self._mapping,
            finding_type=_TOTALS,
            method=_BY_WEIGHT,
            algorithm_id=self._algorithm,
            measurements=[_own(one) for one in totals],
            source_images=[
                hd.sr.SourceImageForMeasurementGroup(str(headers[0].SOPClassUID), str(headers[0].SOPInstanceUID))
            ],
        )


def _scheme_item() -> Dataset:
    """Whose the private coding scheme is (PS3.3 C.12.1.1.13)."""
    item = Dataset()
    item.CodingSchemeDesignator, item.CodingSchemeName = SCHEME, "lutrace private codes"
    item.CodingSchemeResponsibleOrganization = MANUFACTURER
    return item


def _context(seed: str | None) -> Any:
    """The device as observer: nobody has looked at the regions yet."""
    import highdicom as hd
    from pydicom.sr.codedict import codes

    device = hd.sr.DeviceObserverIdentifyingAttributes(
        uid=make_object_uid("device", seed or "", "observer"),
        name="lutrace",
        manufacturer_name=MANUFACTURER,
        model_name=MODEL,
    )
    return hd.sr.ObservationContext(
        observer_device_context=hd.sr.ObserverContext(codes.DCM.Device, device),
    )


def _identifier(tracking: Tracking) -> Any:
    import highdicom as hd

    return hd.sr.TrackingIdentifier(uid=tracking.uid, identifier=tracking.identifier)


def name_total_uptake(target: str | None) -> Code:
    """The code of SUVmean x volume (g/mL x mL) by what takes the tracer up.

    DICOM has one for FDG, Total Lesion Glycolysis (126033); that of PSMA and of any other uptake is private.
    """
    return _TOTAL_UPTAKE.get(target or "", _ANY_TOTAL_UPTAKE)


def _evaluations(region: DrawnRegion) -> list[Any] | None:
    """Whether the field of view cuts the region, where somebody looked."""
    import highdicom as hd

    if region.cut_by_view is None:
        return None
    return [hd.sr.QualitativeEvaluation(_CUT_BY_VIEW, _ANSWER[region.cut_by_view])]


def _measurements(measures: RegionMeasures, total: Code) -> list[Any]:
    """SUVbw by each derivation that the region has, volume, and SUVmean x volume as `total`."""
    import highdicom as hd

    suv = [
        hd.sr.Measurement(_SUVBW, float(value), SUVBW_UNIT, derivation=code, method=_BY_WEIGHT)
        for word, code in _DERIVATIONS.items()
        if (value := getattr(measures, word)) is not None
    ]
    return [
        *suv,
        hd.sr.Measurement(_VOLUME, float(measures.volume_ml), _ML, method=_BY_VOXELS),
        hd.sr.Measurement(total, float(measures.total), _GRAM),
    ]


def _own(number: OwnNumber) -> Any:
    import highdicom as hd

    name = Code(number.code, SCHEME, number.meaning)
    return hd.sr.Measurement(name, float(number.value), Code(number.unit, "UCUM", number.unit))
