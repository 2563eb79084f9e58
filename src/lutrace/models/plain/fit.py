"""One model of a plain table, by its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lutrace.models.plain.call import FitCall, Kind
from lutrace.models.plain.columns import PlainTable
from lutrace.models.plain.competing import fit_cif, fit_fine_gray_model
from lutrace.models.plain.cox import fit_cox_model
from lutrace.models.plain.intervals import fit_aft_model
from lutrace.models.plain.regression import fit_logistic_model, fit_mixed_model, fit_ordinal_model
from lutrace.models.plain.results import PlainFit
from lutrace.models.plain.survival import fit_km, fit_rmst

_FITS: Mapping[Kind, Callable[[PlainTable, FitCall], PlainFit]] = {
    "km": fit_km,
    "rmst": fit_rmst,
    "cox": fit_cox_model,
    "cif": fit_cif,
    "fine-gray": fit_fine_gray_model,
    "aft": fit_aft_model,
    "logistic": fit_logistic_model,
    "ordinal": fit_ordinal_model,
    "mixed": fit_mixed_model,
}


def fit_plain(table: PlainTable, call: FitCall) -> PlainFit:
    """The model that the call names, fitted to the table.

    Raises UnusableInputError for a call that lacks a column, TableError naming the rows that are wrong, and
    EstimationError where the data have no answer.
    """
    return _FITS[call.kind](table, call)
