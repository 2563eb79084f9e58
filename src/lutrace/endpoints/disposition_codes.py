"""What the codes of dispositions mean, as expressions."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from lutrace.terms import disposition_systems

OWN = "lutrace"
"""The system of this program's own words."""


def mean_disposition(system: ir.StringValue, code: ir.StringValue) -> Any:
    """The meaning of a code of a system; empty for an unknown or refused one."""
    branches = []
    for known in disposition_systems():
        written = code.strip().upper()
        if known.digits is not None:
            written = written.substr(0, known.digits)
        for meaning, codes in known.codes.items():
            held = (system == known.name) & written.isin([one.upper() for one in codes])
            branches.append((held, meaning))
    return ibis.cases(*branches, else_=ibis.null("string"))


def mean_own_word(word: ir.StringValue) -> Any:
    """The meaning of a word of the program's own vocabulary (stop reasons of treatments and letters)."""
    return mean_disposition(ibis.literal(OWN), word)
