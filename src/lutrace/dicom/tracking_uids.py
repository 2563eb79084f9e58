"""Identities that outlive an object: the same lesion has the same Tracking Unique Identifier wherever it is written."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "tracking.lutrace")


@dataclass(frozen=True)
class Tracking:
    """Who a region is over time: Tracking ID (0062,0020), a text for people, and Tracking UID (0062,0021)."""

    identifier: str
    uid: str


def make_tracking(identifier: str, *names: str) -> Tracking:
    """The tracking of a region: the same names give the same UID on every machine, and no name can be read from it.

    `names` say what the identifier is unique in (a pseudonym's registry, a series and a plan); without any, the
    identifier alone is. Names of people must not be among them: whoever guesses all names can test the guess.
    Source: DICOM PS3.5 B.2 (UIDs under 2.25 from a UUID); RFC 9562, 5.5 (name-based UUID).
    """
    text = "\0".join((*names, identifier))
    return Tracking(identifier, f"2.25.{uuid.uuid5(_NAMESPACE, text).int}")
