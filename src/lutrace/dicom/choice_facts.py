"""What a header tells for the choice among series: its kind, its corrections, when and where it was measured."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatch

from lutrace.dicom import elements as el
from lutrace.dicom.choice import Candidate
from lutrace.dicom.index import SeriesFiles
from lutrace.dicom.instance import NM, PET

_NOT_CORRECTED = re.compile(r"\b(nac|non?[ _-]?ac|no[ _-]?atten\w*|uncorr\w*|unkorr\w*|ohne[ _-]?sk|without[ _-]?ac)\b")
_CORRECTED = re.compile(r"\b(ac|ctac|mac|attn|atten\w*[ _-]?corr\w*|corrected|korrigiert)\b")
_SHARP = ("BONE", "LUNG", "EDGE", "DETAIL", "SHARP", "BONEPLUS", "YA", "YB", "YC", "D", "L", "E", "FC3", "FC5", "FC8")
_SOFT = ("STANDARD", "SOFT", "STND", "A", "B", "C", "SMOOTH", "BODY", "FC0", "FC1")
_SHARP_FROM = 50
"""Siemens numbers its kernels by sharpness (B30f soft, B70f sharp); 50 and more shows edges, not soft tissue."""


def candidate_of(
    series: SeriesFiles, *, key: str, study: str, frame: str | None, preferred: Sequence[str] = ()
) -> Candidate:
    """What the choice needs of an image series; `key`, `study` and `frame` are pseudonyms.

    `preferred` are patterns of series descriptions that the site prefers, the first one most; nothing of the
    description itself is kept.
    """
    header = series.header
    corrected, told_by = _attenuation_corrected(series)
    begin, end = _interval(series)
    low, high = _extent(series)
    images = [one for one in series.instances if one.kind is None] or list(series.instances)
    first = images[0]
    columns = first.layout.columns if first.layout is not None else 0
    return Candidate(
        key=key,
        study=study,
        frame=frame,
        modality=series.modality,
        not_a_volume=_not_a_volume(series),
        corrected=corrected,
        told_by=told_by,
        begin_s=begin,
        end_s=end,
        low_mm=low,
        high_mm=high,
        width_mm=columns * first.spacing_mm[-1] if first.spacing_mm else 0.0,
        n_images=len(images) if series.sop_class_uid != NM else first.n_frames,
        is_original="DERIVED" not in el.element_texts(header, 0x00080008)[:1],
        kernel=el.element_text(header, 0x00181210),
        is_soft=_is_soft(el.element_texts(header, 0x00181210)),
        has_contrast=el.element_text(header, 0x00180010) is not None,
        exposure_mas=_number(series, 0x00181152, "Exposure"),
        preference=_preference(series.description, preferred),
        number=int(_number(series, 0x00200011, "Series Number") or 0),
    )


def _not_a_volume(series: SeriesFiles) -> str | None:
    """Why the series as a whole is no stack of slices of one static image; None when it may be."""
    kinds = {one.kind for one in series.instances}
    if None not in kinds:
        return f"{sorted(str(kind) for kind in kinds)[0]} (Image Type (0008,0008))"
    types = el.element_texts(series.header, 0x00541000)
    if series.sop_class_uid == PET and {"DYNAMIC", "GATED", "REPROJECTION"} & {one.upper() for one in types}:
        return f"{' '.join(types).lower()} (Series Type (0054,1000))"
    return None


def _attenuation_corrected(series: SeriesFiles) -> tuple[bool | None, str]:
    """Whether attenuation was corrected, and which element tells; the description is asked last."""
    corrections = {one.upper() for one in el.element_texts(series.header, 0x00280051)}
    if corrections:
        found = "ATTN" in corrections
        return found, f"Corrected Image (0028,0051) {'holds' if found else 'lacks'} ATTN"
    method = el.element_text(series.header, 0x00541101)
    if method is not None:
        none = method.casefold().startswith(("none", "no "))
        return not none, "Attenuation Correction Method (0054,1101)"
    words = re.sub(r"[^\w-]|_", " ", (series.description or "").casefold())
    if _NOT_CORRECTED.search(words):
        return False, "Series Description (0008,103E), as a last resort"
    if _CORRECTED.search(words):
        return True, "Series Description (0008,103E), as a last resort"
    return None, "no element"


def _interval(series: SeriesFiles) -> tuple[float | None, float | None]:
    frames = [one.frame for one in series.instances if one.frame.acquisition_start is not None]
    moments = [frame.acquisition_start.timestamp() for frame in frames if frame.acquisition_start is not None]
    if not moments:
        return None, None
    lasting = max((frame.duration_s or 0.0) for frame in frames)
    return min(moments), max(moments) + lasting


def _extent(series: SeriesFiles) -> tuple[float | None, float | None]:
    """Lowest and highest place along the patient, mm, of the images' centres."""
    places = [one.position_mm[2] for one in series.instances if len(one.position_mm) == 3 and one.kind is None]
    if len(places) > 1:
        return min(places), max(places)
    detectors = el.sequence_items(series.header, 0x00540022)
    position = el.element_numbers(detectors[0], 0x00200032, "Image Position (Patient)") if detectors else ()
    step = _number(series, 0x00180088, "Spacing Between Slices") or _number(series, 0x00180050, "Slice Thickness")
    if len(position) == 3 and step and series.instances:
        ends = position[2], position[2] + step * (series.instances[0].n_frames - 1)
        return min(ends), max(ends)
    return None, None


def _is_soft(kernels: Sequence[str]) -> bool | None:
    """Whether a reconstruction kernel is one for soft tissue; None when its name does not tell."""
    for kernel in kernels:
        name = kernel.upper()
        numbered = re.match(r"^[A-Z]{1,2}(\d{2})", name)
        if numbered and not name.startswith("FC"):
            return int(numbered.group(1)) < _SHARP_FROM
        if name in _SOFT or name.startswith(("FC0", "FC1")):
            return True
        if name in _SHARP or name.startswith(("FC3", "FC5", "FC8", "BONE", "LUNG")):
            return False
    return None


def _preference(description: str | None, preferred: Sequence[str]) -> int | None:
    text = (description or "").casefold()
    return next((place for place, pattern in enumerate(preferred) if fnmatch(text, pattern.casefold())), None)


def _number(series: SeriesFiles, tag: int, name: str) -> float | None:
    try:
        return el.element_number(series.header, tag, name)
    except el.PARSE_ERRORS:
        return None
