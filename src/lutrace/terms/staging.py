"""Gleason and TNM by code: what a LOINC or SNOMED code asks for, and what a coded answer means."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal

from lutrace.core import FrozenModel, read_document


class TnmCode(FrozenModel):
    """The codes of one category of TNM; `by` is c or p when they say how it was told."""

    axis: Literal["t", "n", "m"]
    by: Literal["c", "p"] | None = None
    loinc: tuple[str, ...] = ()
    snomed: tuple[str, ...] = ()


class GleasonCode(FrozenModel):
    """The codes of one part of a Gleason score."""

    part: Literal["primary", "secondary", "score"]
    loinc: tuple[str, ...] = ()
    snomed: tuple[str, ...] = ()


class StagingCodes(FrozenModel):
    """All codes of Gleason and TNM; `categories` (of TNM), `patterns`, `sums` and `pairs` are SNOMED answers."""

    version: str
    tnm: tuple[TnmCode, ...]
    gleason: tuple[GleasonCode, ...]
    categories: dict[str, str]
    patterns: dict[str, int]
    sums: dict[str, int]
    pairs: dict[str, tuple[int, int]]

    @functools.cached_property
    def tnm_by_code(self) -> dict[str, TnmCode]:
        """Each code of TNM and what it asks for; the codes of the two systems never coincide."""
        return {code: one for one in self.tnm for code in (*one.loinc, *one.snomed)}

    @functools.cached_property
    def gleason_by_code(self) -> dict[str, str]:
        """Each code of Gleason and its part."""
        return {code: one.part for one in self.gleason for code in (*one.loinc, *one.snomed)}


@functools.cache
def staging_codes() -> StagingCodes:
    """The codes of Gleason and TNM."""
    return read_document(Path(__file__).parent / "data" / "staging.yaml", StagingCodes)
