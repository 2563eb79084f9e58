"""Where a row comes from: the file by its digest and the place in it, never a name or an identifier."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """A source of facts.

    `kind` is dicom, fhir, table, masks, notes, measure, virtual; `digest` the SHA-256 of the bytes (or of the list of
    files' digests for a series); `locator` the place inside: `entry[12]`, `row 7`, `instances 1-199`.
    """

    kind: str
    digest: str
    locator: str = ""
