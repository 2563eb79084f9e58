"""SNOMED CT codes of the regions that lutrace writes into segmentations."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.sr.coding import Code


@dataclass(frozen=True)
class RegionCode:
    """Category and type of a segmented property; the side is in the label only."""

    category: Code
    type: Code


_ANATOMY = Code("91723000", "SCT", "Anatomical Structure")
_ABNORMAL = Code("49755003", "SCT", "Morphologically Abnormal Structure")
_TYPES = {
    "liver": Code("10200004", "SCT", "Liver"),
    "spleen": Code("78961009", "SCT", "Spleen"),
    "kidney": Code("64033007", "SCT", "Kidney"),
    "bladder": Code("89837001", "SCT", "Bladder"),
    "parotid": Code("45289007", "SCT", "Parotid gland"),
    "submandibular": Code("54019009", "SCT", "Submandibular gland"),
    "lacrimal": Code("13561001", "SCT", "Lacrimal gland"),
    "small_bowel": Code("30315005", "SCT", "Small intestine"),
    "lung": Code("39607008", "SCT", "Lung"),
    "prostate": Code("41216001", "SCT", "Prostate"),
    "skeleton": Code("272673000", "SCT", "Bone"),
    "blood_pool": Code("87612001", "SCT", "Blood"),
    "body": Code("38266002", "SCT", "Entire body"),
}
_TISSUE = Code("85756007", "SCT", "Tissue")
_LESION = Code("52988006", "SCT", "Lesion")
_PLACE = Code("309825002", "SCT", "Spatial and Relational Concept")
_SELECTED = Code("111099", "DCM", "Selected region")
_FUNCTION = Code("246464006", "SCT", "Function")
_NORMAL = Code("17621005", "SCT", "Normal")
_SITES = {
    "bone": _TYPES["skeleton"],
    "node": Code("59441001", "SCT", "Lymph node"),
    "liver": _TYPES["liver"],
    "lung": _TYPES["lung"],
    "prostate": _TYPES["prostate"],
}


_CATEGORIES = {
    "tumour": RegionCode(_ABNORMAL, _LESION),
    "new": RegionCode(_ABNORMAL, _LESION),
    "benign": RegionCode(_ABNORMAL, _LESION),
    "physiological": RegionCode(_FUNCTION, _NORMAL),
    "uncertain": RegionCode(_PLACE, _SELECTED),
    "artefact": RegionCode(_PLACE, _SELECTED),
}
"""What a component is taken for: an uncertain one is a place that was selected, not a lesion."""


def region_code(region: str, category: str | None = None) -> RegionCode:
    """The codes of a region by its category, or by its name in the vocabulary.

    Without a category, names that begin with `lesion` are lesions, and unknown ones are tissue.
    Source: DICOM PS3.16 CID 7150 (categories), CID 7159 (lesion types); SNOMED CT.
    """
    if category in _CATEGORIES:
        return _CATEGORIES[category]
    if region.casefold().startswith("lesion"):
        return RegionCode(_ABNORMAL, _LESION)
    base = region.removesuffix("_left").removesuffix("_right").removesuffix("s")
    return RegionCode(_ANATOMY, _TYPES.get(region, _TYPES.get(base, _TISSUE)))


def site_code(site: str | None) -> Code | None:
    """The anatomy that a lesion lies in, None where the site names none (other, unknown)."""
    return _SITES.get(site or "")
