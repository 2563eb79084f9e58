"""The facts of quantification as a PET or NM header states them, with a note for each inference."""

from __future__ import annotations

import datetime as dt
import re
from typing import Literal, cast

from pydicom.dataset import Dataset

from lutrace.core import ContradictionError, LutraceError
from lutrace.dicom import elements as el
from lutrace.physics import DecayCorrection, FrameTime, QuantFacts, SpectCounting, compute_dose_bq

_PHILIPS = "Philips PET Private Group"
_GE = "GEMS_PETD_01"
_SIEMENS = "SIEMENS MED PT"
_MASS_ELEMENT = re.compile(r"\^?(\d{2,3})\^?m?[\s\-]*([A-Za-z]+)|([A-Za-z]+)[\s\-]*\^?(\d{2,3})")
_ELEMENTS = {"lu": "Lu", "f": "F", "ga": "Ga", "cu": "Cu", "zr": "Zr"} | {
    "lutetium": "Lu", "fluorine": "F", "fluor": "F", "gallium": "Ga", "copper": "Cu", "zirconium": "Zr"
}  # fmt: skip
_CLOCK_S = 2.0
"""Two renderings of one moment may differ by their fractions of a second."""
_CODES = {"C-111A1": "F-18", "C-131A3": "Ga-68", "C-127A2": "Cu-64", "C-168A4": "Zr-89"}
_NUCLIDE_NAMES = ("Lu-177", "F-18", "Ga-68", "Cu-64", "Zr-89")


def quant_facts(
    header: Dataset,
    frames: tuple[FrameTime, ...],
    *,
    modality: Literal["PT", "NM"],
    units: str,
    counting: SpectCounting | None = None,
    notes: tuple[str, ...] = (),
) -> QuantFacts:
    """The facts of a series from its header and the times of its images.

    Raises ContradictionError when two radiopharmaceuticals with different activities are listed.
    """
    said = list(notes)
    drug = _radiopharmaceutical(header, said)
    dose = el.element_number(drug, 0x00181074, "Radionuclide Total Dose")
    injected_bq = _injected_bq(dose, modality, said)
    start, clock, nominal = _injection(header, drug, said)
    correction = el.element_code(header, 0x00541102)
    if correction is not None and correction not in ("NONE", "START", "ADMIN"):
        raise ContradictionError(f"Decay Correction (0054,1102): expected NONE, START or ADMIN, found {correction!r}")
    corrected = tuple(code.upper() for code in el.element_texts(header, 0x00280051))
    if modality == "NM" and correction is None and "DECY" not in corrected:
        correction = "NONE"
        said.append("no Decay Correction (0054,1102) in an NM object and no DECY: voxels refer to the acquisition")
    private_scan, private_source = _private_scan(header)
    return QuantFacts(
        modality=modality,
        units=units,
        suv_type=el.element_code(header, 0x00541006),
        decay_correction=cast("DecayCorrection | None", correction),
        corrected_image=corrected,
        manufacturer=el.element_text(header, 0x00080070),
        weight_kg=el.element_number(header, 0x00101030, "Patient's Weight"),
        height_m=el.element_number(header, 0x00101020, "Patient's Size"),
        sex=el.element_code(header, 0x00100040),
        injected_bq=injected_bq,
        injection_datetime=start,
        injection_time_only=clock,
        half_life_s=el.element_number(drug, 0x00181075, "Radionuclide Half Life"),
        series_datetime=el.combine_moment(el.element_text(header, 0x00080021), el.element_text(header, 0x00080031)),
        private_scan_datetime=private_scan,
        private_injection_datetime=el.parse_moment(el.private_text(header, 0x0009, _GE, 0x3B)),
        philips_suv_factor=el.private_number(header, 0x7053, _PHILIPS, 0x00) if modality == "PT" else None,
        philips_activity_factor=el.private_number(header, 0x7053, _PHILIPS, 0x09) if modality == "PT" else None,
        counts_to_bq_ml=None,
        frames=frames,
        notes=tuple(said),
        radionuclide=radionuclide_of(drug),
        tracer=el.element_text(drug, 0x00180031) or _code_meaning(drug, 0x00540304),
        header_dose=dose,
        private_scan_source=private_source,
        start_time_only=nominal,
        counting=counting,
        model=el.element_text(header, 0x00081090),
        collimator=_collimator(header),
        reconstruction=el.element_text(header, 0x00541103),
        windows_kev=_windows_kev(header),
    )


def radionuclide_of(drug: Dataset) -> str | None:
    """The radionuclide of a radiopharmaceutical item (Lu-177, F-18 ...) from its code or words, or None."""
    for item in el.sequence_items(drug, 0x00540300):
        code = el.element_text(item, 0x00080100)
        if code in _CODES:
            return _CODES[code]
        named = parse_radionuclide(el.element_text(item, 0x00080104))
        if named is not None:
            return named
    return parse_radionuclide(el.element_text(drug, 0x00180031)) or parse_radionuclide(_code_meaning(drug, 0x00540304))


def parse_radionuclide(text: str | None) -> str | None:
    """The radionuclide that a text names, or None.

    >>> parse_radionuclide("177 Lutetium"), parse_radionuclide("^68^Gallium"), parse_radionuclide("18F")
    ('Lu-177', 'Ga-68', 'F-18')
    """
    for match in _MASS_ELEMENT.finditer(text or ""):
        mass, after, before, mass_after = match.groups()
        element = _ELEMENTS.get((after or before).casefold())
        name = f"{element}-{mass or mass_after}"
        if name in _NUCLIDE_NAMES:
            return name
    return None


def _collimator(header: Dataset) -> str | None:
    """Name or type of the first detector's collimator; a PET that was made of SPECT has it at the top, if at all."""
    detectors = el.sequence_items(header, 0x00540022)
    item = detectors[0] if detectors else header
    return el.element_text(item, 0x00181180) or el.element_code(item, 0x00181181)


def _windows_kev(header: Dataset) -> tuple[tuple[float, float], ...]:
    """Lower and upper limits, keV, of all energy windows that are complete."""
    limits = []
    for window in el.sequence_items(header, 0x00540012):
        for part in el.sequence_items(window, 0x00540013):
            low = el.element_number(part, 0x00540014, "Energy Window Lower Limit")
            high = el.element_number(part, 0x00540015, "Energy Window Upper Limit")
            if low is not None and high is not None:
                limits.append((low, high))
    return tuple(limits)


def _radiopharmaceutical(header: Dataset, said: list[str]) -> Dataset:
    items = el.sequence_items(header, 0x00540016)
    if not items and 0x00181074 in header:
        said.append("Radionuclide Total Dose (0018,1074) lies outside Radiopharmaceutical Information (0054,0016)")
        return header
    doses = {el.element_text(item, 0x00181074) for item in items}
    if len(doses) > 1:
        raise ContradictionError(
            f"Radiopharmaceutical Information (0054,0016): {len(items)} items with different activities; expected one"
        )
    return items[0] if items else Dataset()


def _injected_bq(dose: float | None, modality: str, said: list[str]) -> float | None:
    if dose is None:
        return None
    try:
        injected_bq, note = compute_dose_bq(dose, modality=modality)
    except LutraceError as error:
        said.append(str(error))
        return None
    said.append(note)
    return injected_bq


def _injection(
    header: Dataset, drug: Dataset, said: list[str]
) -> tuple[dt.datetime | None, dt.time | None, dt.time | None]:
    zone = el.element_text(header, 0x00080201)
    start_text = el.element_text(drug, 0x00181078)
    start = el.parse_moment(start_text, zone=zone)
    clock = el.parse_time(el.element_text(drug, 0x00181072))
    if start_text is not None and start is not None and zone is None and el.has_offset(start_text):
        start = _on_the_scanners_clock(start, clock, said)
    if start_text is not None and start is None:
        said.append("Radiopharmaceutical Start Date Time (0018,1078) is malformed and was not used")
    if start is not None:
        return start, None, clock
    return None, clock, None


def _on_the_scanners_clock(start: dt.datetime, clock: dt.time | None, said: list[str]) -> dt.datetime:
    """A start date-time with an offset from UTC in a header without zone: the start time, local by definition, tells.

    Two clocks that differ by whole quarters of an hour show one moment in two zones; else the offset is left aside.
    """
    named = "Radiopharmaceutical Start Date Time (0018,1078) has an offset from UTC, the header no zone (0008,0201)"
    if clock is not None:
        local = dt.datetime.combine(start.date(), clock)
        ahead_s = (local - start).total_seconds()
        ahead_s -= 86400 * round(ahead_s / 86400)
        if ahead_s and min(ahead_s % 900, 900 - ahead_s % 900) < _CLOCK_S:
            said.append(f"{named}: its clock is {ahead_s / 3600:+.2f} h by start time (0018,1072), which was taken")
            return start + dt.timedelta(seconds=ahead_s)
    said.append(f"{named}: read as the scanner's clock")
    return start


def _private_scan(header: Dataset) -> tuple[dt.datetime | None, str | None]:
    ge = el.parse_moment(el.private_text(header, 0x0009, _GE, 0x0D))
    if ge is not None:
        return ge, "GE private scan date-time (0009,xx0D)"
    siemens = el.parse_moment(el.private_text(header, 0x0071, _SIEMENS, 0x22))
    if siemens is not None:
        return siemens, "Siemens private decay-correction date-time (0071,xx22)"
    return None, None


def _code_meaning(drug: Dataset, tag: int) -> str | None:
    for item in el.sequence_items(drug, tag):
        meaning = el.element_text(item, 0x00080104)
        if meaning:
            return meaning
    return None
