"""What is wrong with the numbers of a text: the sentence, the arithmetic, and what would be consistent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["certain", "to look at"]


@dataclass(frozen=True)
class Fault:
    """A contradiction between numbers. `rule` names the check; `sentence` counts from 1.

    `certain` means that the numbers cannot all be right whatever was counted; `to look at` that they are unlikely to
    be, or that a further fact which the text does not tell could explain them.
    """

    rule: str
    severity: Severity
    sentence: int
    quote: str
    arithmetic: str
    consistent: str
