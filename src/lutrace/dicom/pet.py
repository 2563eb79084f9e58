"""PET objects (and quantitative SPECT written as PET) to a volume in Bq/mL, counts or SUV."""

from __future__ import annotations

from lutrace.core import ContradictionError, MissingFactError, Source, UnsupportedError
from lutrace.dicom import elements as el
from lutrace.dicom.headers import quant_facts
from lutrace.dicom.images import ReadAudit, SeriesImage
from lutrace.dicom.index import SeriesFiles
from lutrace.dicom.stack import load_stack, stack_series
from lutrace.imaging import Volume

_UNITS = {"BQML": "Bq/mL", "CNTS": "counts", "GML": "g/mL", "CM2ML": "cm2/mL"}


def read_pet(series: SeriesFiles) -> SeriesImage:
    """A static or whole-body PET series in its own unit, each slice by its own rescale slope; negatives survive.

    Raises UnsupportedError for dynamic, gated or reprojected series and for units without activity (PROPCPS, CPS),
    ContradictionError for lost or doubled slices, MissingFactError for an absent Units.
    """
    header = series.header
    series_type = el.element_texts(header, 0x00541000)
    if series_type and series_type[0] in ("DYNAMIC", "GATED"):
        raise UnsupportedError(f"Series Type (0054,1000) = {series_type[0]}: lutrace reads static and whole-body PET")
    if "REPROJECTION" in series_type:
        raise UnsupportedError("Series Type (0054,1000) = REPROJECTION: expected reconstructed slices")
    units = el.element_code(header, 0x00541001)
    if units is None:
        raise MissingFactError("Units (0054,1001): expected BQML, CNTS, GML or CM2ML, found nothing")
    if units not in _UNITS:
        raise UnsupportedError(
            f"Units (0054,1001) = {units}: expected BQML, CNTS, GML or CM2ML; an image in {units} holds no activity "
            "concentration"
        )
    stack = stack_series(series)
    _check_complete(series, len(stack.instances))
    facts = quant_facts(header, tuple(i.frame for i in stack.instances), modality="PT", units=units, notes=stack.notes)
    array, digest = load_stack(stack)
    source = Source("dicom", digest, f"{len(stack.instances)} instances")
    return SeriesImage(
        volume=Volume(array, stack.geometry, _UNITS[units], source),
        facts=facts,
        audit=audit_of(series, len(stack.instances), facts.notes, tolerated=stack.notes),
        identity=series.identity,
    )


def audit_of(
    series: SeriesFiles, n_files: int, notes: tuple[str, ...], *, tolerated: tuple[str, ...] = ()
) -> ReadAudit:
    """The audit of a series that was read from `n_files` files."""
    syntax = el.element_text(series.header.file_meta, 0x00020010)
    return ReadAudit(series.series_uid, series.study_uid, n_files, syntax, notes, tolerated)


def _check_complete(series: SeriesFiles, n_found: int) -> None:
    """Number of Slices (0054,0081): fewer images than that is an incomplete transfer (DICOM PS3.3 C.8.9.1)."""
    n_stated = el.element_integer(series.header, 0x00540081, "Number of Slices")
    if n_stated is not None and n_found < n_stated:
        raise ContradictionError(
            f"Number of Slices (0054,0081) = {n_stated}, found {n_found}: {n_stated - n_found} lost at an end of the "
            "stack; transfer the series again"
        )
