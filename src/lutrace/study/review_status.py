"""What no reader has gone over yet: new lesions and tumour volumes, said wherever they are used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lutrace.core import Row
from lutrace.endpoints import UNREVIEWED, UNREVIEWED_VOLUME
from lutrace.protocol import Adjusted, CorrelationAnalysis, GroupedAnalysis, Protocol

_TTV_TABLES = ("characteristics", "response", "ttv_provenance")
_BY_NEW_LESIONS = ("new_lesions", "recip", "psa_recip", "ppp")
_BY_VOLUME = ("ttv", "recip", "psa_recip")


@dataclass(frozen=True)
class ReviewStatus:
    """Sentences for notes, empty where all has been reviewed."""

    new_lesions: str
    volumes: str

    @property
    def short_new_lesions(self) -> str:
        """For the small print of a key number."""
        return "; provisional" if self.new_lesions else ""

    def notes_for(self, item: Any, protocol: Protocol) -> tuple[str, ...]:
        """The notes below a table or figure of the report, by what it shows."""
        names = _names_of(item, protocol)
        notes = []
        if self.new_lesions and any(uses_new_lesions(name, protocol) for name in names):
            notes.append(self.new_lesions)
        if self.volumes and any(uses_volume(name, protocol) for name in names):
            notes.append(self.volumes)
        return tuple(notes)


def find_status(values: Sequence[Row], protocol: Protocol) -> ReviewStatus:
    """What of the new lesions and volumes at each landmark has been reviewed, from rows of ENDPOINT_VALUES."""
    lesions = _count(values, protocol, "new_lesions", UNREVIEWED, "rule")
    volumes = _count(values, protocol, "spect_review", UNREVIEWED_VOLUME, "category")
    return ReviewStatus(
        f"New lesions: PROVISIONAL, links of lesions between scans made by the program; reviewed {lesions}."
        if lesions
        else "",
        f"Tumour volumes: automatic, not reviewed; reviewed {volumes}." if volumes else "",
    )


def _count(values: Sequence[Row], protocol: Protocol, endpoint: str, mark: str, column: str) -> str:
    """`0 of 23 (SPECT of cycle 2), ...`: how many lack the mark; empty when none has it."""
    parts, n_marked = [], 0
    for landmark in protocol.landmarks:
        rows = [row for row in values if row["endpoint"] == endpoint and row["population"] == landmark.name]
        marked = sum(1 for row in rows if mark in (row[column] or ""))
        n_marked += marked
        parts.append(f"{len(rows) - marked} of {len(rows)} ({landmark.label})")
    return ", ".join(parts) if n_marked else ""


def uses_new_lesions(name: str, protocol: Protocol) -> bool:
    """Whether a covariate or value rests on new lesions."""
    return _value_of(name, protocol).startswith(_BY_NEW_LESIONS)


def uses_volume(name: str, protocol: Protocol) -> bool:
    """Whether a covariate or value rests on the tumour volume."""
    return _value_of(name, protocol).startswith(_BY_VOLUME)


def _value_of(name: str, protocol: Protocol) -> str:
    return next((one.value for one in protocol.covariates if one.name == name), name)


def names_of_analysis(name: str, protocol: Protocol) -> tuple[str, ...]:
    """The covariates and values that an analysis uses."""
    of = {curve.name: curve.analysis for curve in protocol.specifications}
    analysis = next((one for one in protocol.analyses if one.name == of.get(name, name)), None)
    match analysis:
        case Adjusted():
            return (*analysis.terms, *analysis.adjust_for, *getattr(analysis, "outcomes", ()))
        case _ if isinstance(analysis, GroupedAnalysis):
            return (analysis.by,) if analysis.by else ()
        case CorrelationAnalysis():
            return (analysis.x, analysis.y)
    return tuple(getattr(analysis, field) for field in ("of", "x", "y") if hasattr(analysis, field))


def _names_of(item: Any, protocol: Protocol) -> list[str]:
    """The covariates and values that an item of the report shows."""
    analyses = (*getattr(item, "analyses", ()), getattr(item, "analysis", ""))
    names = [name for analysis in analyses for name in names_of_analysis(analysis, protocol)]
    shown = set(getattr(item, "terms", ()))
    if shown:
        names = [name for name in names if name in shown]
    names += [getattr(item, field) for field in ("x_endpoint", "y_endpoint") if hasattr(item, field)]
    if item.show == "waterfall":
        names.append(item.endpoint)
    if item.show == "summary":
        names += ["new_lesions"] if item.table in ("new_lesions", "response") else []
        names += ["ttv_ml"] if item.table in _TTV_TABLES else []
    return names
