"""Masks -> SEG: one segmentation object with a segment per mask, on the grid of the image it refers to.

highdicom is imported when something is written: those who only read do not wait for it.
"""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from lutrace import __version__
from lutrace.core import ContradictionError
from lutrace.dicom.derived_objects import MANUFACTURER, MODEL, ObjectUids, make_object_uid, read_headers
from lutrace.dicom.drawn_regions import Algorithm, DrawnRegion, as_drawn, check_regions
from lutrace.dicom.instance import PET
from lutrace.dicom.region_codes import region_code, site_code
from lutrace.imaging import Geometry, Mask

_FAMILY = Code("123101", "DCM", "Neighborhood Analysis")
"""Of CID 7162 the family of thresholds and connected components."""

CUT_BY_VIEW = "Cut by the edge of the field of view: larger than what is segmented"


def write_seg(
    path: Path,
    masks: Sequence[Mask | DrawnRegion],
    *,
    source_files: Sequence[Path],
    description: str,
    kind: Literal["BINARY", "LABELMAP"] = "BINARY",
    algorithm: Algorithm | None = None,
    seed: str | None = None,
    moment: dt.datetime | None = None,
) -> str:
    """Write a Segmentation object of `masks` and return its SOP Instance UID.

    A region that carries its tracking, category or site gives them to its segment, with the colour of its category;
    one that the field of view cuts says so in its Segment Description, for which DICOM has no code.
    `source_files` are all files of the image series that the masks lie on: patient, study, frame of reference and
    references are taken from them. `kind`: BINARY has a bit plane per region and slice; LABELMAP has one number per
    voxel, so its regions must not overlap. `description` becomes series and content description; `algorithm` names the
    program that drew the regions (None: drawn by hand). `seed` makes the UIDs and `moment` the content date-time
    repeatable.
    Raises MissingFactError without masks or without a frame of reference, ContradictionError when the masks do not
    share one grid or overlap in a label map.
    Source: DICOM PS3.3 A.51; valid by construction through highdicom.
    """
    import highdicom as hd

    regions = as_drawn(masks)
    geometry = check_regions(regions, "segmentation")
    headers = read_headers(source_files)
    true_class = str(headers[0].SOPClassUID)
    sources = [_as_one_plane(one) if "DetectorInformationSequence" in one else one for one in headers]
    frame = str(sources[0].FrameOfReferenceUID)
    uids = ObjectUids.of("seg", seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*unlikely to represent the intended person name")
        segmentation = hd.seg.Segmentation(
            source_images=sources,
            pixel_array=_volume(regions, geometry, frame, kind),
            segmentation_type=kind,
            segment_descriptions=[_description(n, region, algorithm) for n, region in enumerate(regions, start=1)],
            series_instance_uid=uids.series,
            series_number=900,
            sop_instance_uid=uids.instance,
            instance_number=1,
            manufacturer=MANUFACTURER,
            manufacturer_model_name=MODEL,
            software_versions=__version__,
            device_serial_number="0",
            content_description=description[:64],
            content_label="REGIONS",
            omit_empty_frames=True,
        )
    if str(sources[0].SOPClassUID) != true_class:
        _name_class(segmentation, str(sources[0].SOPClassUID), true_class)
    _stamp(segmentation, description, moment)
    if seed is not None:
        _name_dimensions(segmentation, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    segmentation.save_as(path)
    return str(segmentation.SOPInstanceUID)


def _as_one_plane(source: Dataset) -> Dataset:
    """An NM image (in memory only) dressed as a single PET plane, since highdicom reads no grid of NM.

    The masks bring their own planes, and `_name_class` gives the references their true class back.
    """
    detector = source.DetectorInformationSequence[0]
    for word in ("ImageOrientationPatient", "ImagePositionPatient"):
        if word in detector and word not in source:
            setattr(source, word, detector[word].value)
    if "NumberOfFrames" in source:
        del source.NumberOfFrames
    source.SOPClassUID = PET
    return source


def _name_class(dataset: Dataset, written_class: str, true_class: str) -> None:
    """Give references to the images their true SOP class back."""
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                _name_class(item, written_class, true_class)
        elif element.keyword == "ReferencedSOPClassUID" and element.value == written_class:
            element.value = true_class


def _volume(regions: Sequence[DrawnRegion], geometry: Geometry, frame: str, kind: str) -> Any:
    """Highdicom's volume: region numbers by slice, row, column; planes of bits when BINARY regions overlap."""
    import highdicom as hd

    channels: dict[Any, Any] | None = None
    array: NDArray[Any] = np.zeros(geometry.shape_zyx, np.uint8 if len(regions) < 256 else np.uint16)
    flat = array.ravel()
    for number, region in enumerate(regions, start=1):
        place = region.place
        if flat[place].any():
            if kind == "BINARY":
                array = np.stack([one.mask.array for one in regions], axis=-1).astype(np.uint8)
                channels = {"SegmentNumber": list(range(1, len(regions) + 1))}
                break
            raise ContradictionError(
                f"region {region.name}: shares voxels with an earlier one, and a label map holds one region per voxel; "
                "write it as BINARY"
            )
        flat[place] = number
    return hd.Volume(
        array,
        geometry.affine[:, [2, 1, 0, 3]],
        coordinate_system="PATIENT",
        frame_of_reference_uid=frame,
        channels=channels,
    )


def _description(number: int, region: DrawnRegion, algorithm: Algorithm | None) -> Any:
    import highdicom as hd

    code = region_code(region.name, region.category)
    site = site_code(region.site)
    identification = None
    if algorithm is not None:
        identification = hd.AlgorithmIdentificationSequence(
            name=algorithm.name,
            version=algorithm.version,
            family=_FAMILY,
            parameters=dict(algorithm.parameters) or None,
        )
    description = hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=region.name[:64],
        segmented_property_category=code.category,
        segmented_property_type=code.type,
        algorithm_type="MANUAL" if algorithm is None else "AUTOMATIC",
        algorithm_identification=identification,
        tracking_id=region.tracking.identifier if region.tracking is not None else None,
        tracking_uid=region.tracking.uid if region.tracking is not None else None,
        anatomic_regions=[site] if site is not None else None,
        display_color=hd.color.CIELabColor.from_rgb(*region.colour) if region.category is not None else None,
    )
    if region.cut_by_view:
        description.SegmentDescription = CUT_BY_VIEW
    return description


def _stamp(segmentation: Dataset, description: str, moment: dt.datetime | None) -> None:
    """Series description, research mark, and date-times that repeat when a moment is given."""
    segmentation.SeriesDescription = description[:64]
    segmentation.ContentQualification = "RESEARCH"
    if moment is None:
        return
    for word in ("Content", "Series", "InstanceCreation"):
        if f"{word}Date" in segmentation:
            setattr(segmentation, f"{word}Date", f"{moment:%Y%m%d}")
            setattr(segmentation, f"{word}Time", f"{moment:%H%M%S}")
    for item in segmentation.get("ContributingEquipmentSequence", ()):
        if "ContributionDateTime" in item:
            item.ContributionDateTime = f"{moment:%Y%m%d%H%M%S}"


def _name_dimensions(segmentation: Dataset, seed: str) -> None:
    """A repeatable Dimension Organization UID in place of a random one."""
    for item in (*segmentation.DimensionOrganizationSequence, *segmentation.DimensionIndexSequence):
        item.DimensionOrganizationUID = make_object_uid("seg", seed, "dimensions")
