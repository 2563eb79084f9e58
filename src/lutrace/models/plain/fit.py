"""One model of a plain table, by its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from lutrace.models.plain.accuracy import fit_accuracy
from lutrace.models.plain.call import FitCall, Kind
from lutrace.models.plain.columns import PlainTable
from lutrace.models.plain.comparator import fit_missed_deaths, fit_propensity_model
from lutrace.models.plain.competing import fit_cif, fit_fine_gray_model
from lutrace.models.plain.cox import fit_cox_model
from lutrace.models.plain.description import (
    fit_bland_altman,
    fit_compare,
    fit_correlation,
    fit_icc,
    fit_kappa,
    fit_proportion,
)
from lutrace.models.plain.estimates import fit_adjust, fit_e_value, fit_meta, fit_reconstruct
from lutrace.models.plain.horizon import fit_milestone, fit_rmst
from lutrace.models.plain.intervals import fit_aft_model, fit_turnbull
from lutrace.models.plain.linear import fit_fractional_model, fit_linear_model
from lutrace.models.plain.regression import fit_logistic_model, fit_mixed_model, fit_ordinal_model
from lutrace.models.plain.results import PlainFit, check_row
from lutrace.models.plain.rows import fit_index_dates, fit_time_varying
from lutrace.models.plain.states import fit_states
from lutrace.models.plain.survival import fit_km

_FITS: Mapping[Kind, Callable[[PlainTable, FitCall], PlainFit]] = {
    "km": fit_km,
    "rmst": fit_rmst,
    "milestone": fit_milestone,
    "cox": fit_cox_model,
    "cif": fit_cif,
    "states": fit_states,
    "fine-gray": fit_fine_gray_model,
    "turnbull": fit_turnbull,
    "aft": fit_aft_model,
    "accuracy": fit_accuracy,
    "logistic": fit_logistic_model,
    "linear": fit_linear_model,
    "fractional": fit_fractional_model,
    "ordinal": fit_ordinal_model,
    "mixed": fit_mixed_model,
    "compare": fit_compare,
    "proportion": fit_proportion,
    "correlation": fit_correlation,
    "kappa": fit_kappa,
    "icc": fit_icc,
    "bland-altman": fit_bland_altman,
    "propensity": fit_propensity_model,
    "e-value": fit_e_value,
    "missed-deaths": fit_missed_deaths,
    "reconstruct": fit_reconstruct,
    "meta": fit_meta,
    "adjust": fit_adjust,
    "index-dates": fit_index_dates,
    "time-varying": fit_time_varying,
}
_SEARCHED: frozenset[Kind] = frozenset({"cox", "fine-gray", "aft", "logistic", "fractional", "ordinal", "mixed"})
"""Models whose estimates are the end of a search."""


def fit_plain(table: PlainTable, call: FitCall) -> PlainFit:
    """The model that the call names, fitted to the table.

    Raises UnusableInputError for a call that lacks a column, TableError naming the rows that are wrong, and
    EstimationError where the data have no answer.
    """
    found = _FITS[call.kind](table, call)
    checks = found.checks
    if call.kind in _SEARCHED:
        checks = (*checks, check_row("convergence", "model", told="the search settled; one that does not is an error"))
    rows = found.rows
    if call.landmark is not None:
        rows = tuple({**row, "method": f"{row['method']}; from the landmark {call.landmark:g} on"} for row in rows)
    return replace(found, rows=rows, checks=checks)
