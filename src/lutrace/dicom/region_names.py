"""Names of regions as their makers gave them, without the names of patients."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydicom.dataset import Dataset

from lutrace.terms import regions

_SHORTEST = 3
_SHORTEST_INSIDE = 5
"""Parts this long are found inside other words too (`GTVMueller`); shorter ones only as words (`001` in `GTV 001`)."""

_WORDS_OF_REGIONS = frozenset(
    {"gtv", "ctv", "ptv", "roi", "lesion", "tumor", "tumour", "mass", "max", "mean", "left", "right", "phantom", "node"}
)
"""Words that name regions, and tell nobody even where a phantom or a person is called so (with the vocabulary's)."""


def clean_region_names(dataset: Dataset, names: Sequence[str]) -> list[str]:
    """The region names, made unique; one that holds a part of the patient's name or identifier becomes `region_<n>`.

    `names` are in the object's order; a name given twice gets `_2`, `_3`; an empty one becomes `region_<n>`.
    """
    secrets = _secrets(dataset)
    clean: list[str] = []
    for number, name in enumerate(names, start=1):
        text = " ".join(str(name).split())
        if not text or _tells(text.casefold(), secrets):
            text = f"region_{number}"
        clean.append(_unique(text, clean))
    return clean


def _tells(text: str, secrets: Sequence[str]) -> bool:
    words = set(re.split(r"[^\w]|_", text))
    return any(secret in words or (len(secret) >= _SHORTEST_INSIDE and secret in text) for secret in secrets)


def _secrets(dataset: Dataset) -> list[str]:
    """Parts of identifiers long enough to tell a person, in lower case."""
    texts = [str(dataset.get(word, "")) for word in ("PatientName", "PatientID", "OtherPatientIDs", "AccessionNumber")]
    parts = {part for text in texts for part in re.split(r"[\^=,\s]+", text.casefold())}
    harmless = _WORDS_OF_REGIONS.union(*(region.split("_") for region in regions()))
    return sorted(part for part in parts if len(part) >= _SHORTEST and part not in harmless)


def _unique(name: str, taken: Sequence[str]) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"
