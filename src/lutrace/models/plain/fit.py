"""One model of a plain table, by its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lutrace.models.plain.call import FitCall, Kind
from lutrace.models.plain.columns import PlainTable
from lutrace.models.plain.cox import fit_cox_model
from lutrace.models.plain.results import PlainFit
from lutrace.models.plain.survival import fit_km

_FITS: Mapping[Kind, Callable[[PlainTable, FitCall], PlainFit]] = {"km": fit_km, "cox": fit_cox_model}


def fit_plain(table: PlainTable, call: FitCall) -> PlainFit:
    """The model that the call names, fitted to the table.

    Raises UnusableInputError for a call that lacks a column, TableError naming the rows that are wrong, and
    EstimationError where the data have no answer.
    """
    return _FITS[call.kind](table, call)
