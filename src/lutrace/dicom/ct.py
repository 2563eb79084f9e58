"""CT series to a volume in Hounsfield units."""

from __future__ import annotations

from lutrace.core import ContradictionError, Source
from lutrace.dicom import elements as el
from lutrace.dicom.images import SeriesImage
from lutrace.dicom.index import SeriesFiles
from lutrace.dicom.pet import audit_of
from lutrace.dicom.stack import load_stack, stack_series
from lutrace.imaging import Volume


def read_ct(series: SeriesFiles) -> SeriesImage:
    """A CT series in HU. Raises ContradictionError for lost slices or another Rescale Type, as for PET."""
    rescale_type = el.element_text(series.header, 0x00281054)
    if rescale_type not in (None, "HU", "US"):
        raise ContradictionError(f"Rescale Type (0028,1054): expected HU, found {rescale_type}")
    stack = stack_series(series)
    array, digest = load_stack(stack)
    source = Source("dicom", digest, f"{len(stack.instances)} instances")
    return SeriesImage(
        volume=Volume(array, stack.geometry, "HU", source),
        facts=None,
        audit=audit_of(series, len(stack.instances), stack.notes, tolerated=stack.notes),
        identity=series.identity,
    )
