"""Sites of metastases and regions of the body, by name and code."""

from __future__ import annotations

import functools
from pathlib import Path

from lutrace.core import FrozenModel, read_document


class Site(FrozenModel):
    """One site of metastases: oBDS letters, ICD-10 prefixes, SNOMED codes and other names in English and German."""

    name: str
    obds: tuple[str, ...] = ()
    icd10: tuple[str, ...] = ()
    snomed: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class _Sites(FrozenModel):
    version: str
    sites: tuple[Site, ...]
    regions: tuple[str, ...]


@functools.cache
def _document() -> _Sites:
    return read_document(Path(__file__).parent / "data" / "sites.yaml", _Sites)


def sites() -> tuple[Site, ...]:
    """All sites of metastases."""
    return _document().sites


def regions() -> tuple[str, ...]:
    """The names of the regions that masks and organ measures carry."""
    return _document().regions


def site_named(name: str) -> Site | None:
    """The site of this name or synonym, in any case; None when there is none."""
    wanted = name.strip().lower()
    return next((site for site in sites() if wanted in (site.name, *site.names)), None)


def site_of_icd10(code: str) -> Site | None:
    """The site that an ICD-10 code of a secondary neoplasm names; None when it names none of the list."""
    return next((site for site in sites() if any(code.startswith(prefix) for prefix in site.icd10)), None)


def site_of_snomed(code: str) -> Site | None:
    """The site that a SNOMED code of a secondary malignant neoplasm names; None when it names none of the list."""
    return next((site for site in sites() if code in site.snomed), None)


def site_of_obds(code: str) -> Site | None:
    """The site that a letter code of the German cancer registries names (OSS, LYM ...); None for any other."""
    return next((site for site in sites() if code in site.obds), None)
