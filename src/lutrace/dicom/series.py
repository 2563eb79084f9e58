"""Any image series by its kind: PET, NM or CT, or the reason why it is not read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lutrace.core import UnsupportedError, UnusableInputError
from lutrace.dicom.ct import read_ct
from lutrace.dicom.elements import PARSE_ERRORS, quiet_parsing
from lutrace.dicom.images import SeriesImage
from lutrace.dicom.index import SeriesFiles
from lutrace.dicom.instance import CT, NM, PET
from lutrace.dicom.nm import read_nm
from lutrace.dicom.pet import read_pet
from lutrace.physics import QuantFacts, SuvFactor, apply_suv_factor

_READERS = {PET: read_pet, NM: read_nm, CT: read_ct}
_ENHANCED = {
    "1.2.840.10008.5.1.4.1.1.130": "Enhanced PET",
    "1.2.840.10008.5.1.4.1.1.128.1": "Legacy Converted Enhanced PET",
    "1.2.840.10008.5.1.4.1.1.2.1": "Enhanced CT",
    "1.2.840.10008.5.1.4.1.1.2.2": "Legacy Converted Enhanced CT",
}


def is_image_series(series: SeriesFiles) -> bool:
    """Whether a series is of a kind that `read_series` reads."""
    return series.sop_class_uid in _READERS


def is_activity_series(series: SeriesFiles) -> bool:
    """Whether a series is PET or NM by its kind of object (read or not): screenshots and raw data are neither."""
    return series.sop_class_uid in (PET, NM) or _ENHANCED.get(series.sop_class_uid, "").endswith("PET")


def read_suv(series: SeriesFiles, factor_of: Callable[[QuantFacts], SuvFactor]) -> tuple[SeriesImage, SuvFactor]:
    """The image of a PET or NM series in SUVbw, g/mL, and the factor that `factor_of` made of its facts.

    The voxels are multiplied where they lie: half the memory of reading first and converting then. Raises what
    `read_series` and `factor_of` raise, and UnsupportedError for an image without activity.
    """
    image = read_series(series)
    if image.facts is None:
        raise UnsupportedError(f"an image in {image.volume.unit} has no activity: expected PET or SPECT")
    factor = factor_of(image.facts)
    array = apply_suv_factor(image.volume.array, factor, out=image.volume.array)
    return replace(image, volume=image.volume.with_array(array, "g/mL")), factor


def read_series(series: SeriesFiles) -> SeriesImage:
    """The image of a series: PET and NM in Bq/mL, g/mL or counts, CT in HU, with facts and audit.

    Raises UnsupportedError for other objects, UnusableInputError for a damaged header, and whatever the reader of its
    kind refuses.
    """
    kinds = {instance.sop_class_uid for instance in series.instances}
    if len(kinds) > 1:
        raise UnsupportedError(f"{len(kinds)} kinds of objects (0008,0016) in one series: expected one")
    reader = _READERS.get(series.sop_class_uid)
    if reader is not None:
        try:
            with quiet_parsing():
                return reader(series)
        except PARSE_ERRORS as error:
            raise UnusableInputError(
                f"the header is damaged: {type(error).__name__} while decoding it; transfer the series again"
            ) from error
    enhanced = _ENHANCED.get(series.sop_class_uid)
    if enhanced is not None:
        raise UnsupportedError(f"{enhanced} multi-frame objects are not read; export the series as single frames")
    raise UnsupportedError(f"SOP Class {series.sop_class_uid or 'absent'} ({series.modality}) is no image that is read")
