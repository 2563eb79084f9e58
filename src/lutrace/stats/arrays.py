"""Arrays and levels as every method of this room takes them, checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lutrace.core import UnusableInputError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.intp]


def covariate_matrix(covariates: Any, terms: Sequence[str], n: int) -> FloatArray:
    """The covariates as an (n, p) matrix without gaps, p named by `terms`.

    Raises:
        UnusableInputError: another shape, no or doubled terms, a missing or infinite value.
    """
    matrix = as_numbers(covariates, "covariates")
    if matrix.ndim == 1:
        matrix = matrix[:, None]
    if not terms or len(set(terms)) != len(terms):
        raise UnusableInputError(f"terms must name each covariate once, got {list(terms)}")
    if matrix.shape != (n, len(terms)):
        raise UnusableInputError(f"covariates must have shape ({n}, {len(terms)}), got {matrix.shape}")
    for name, column in () if np.isfinite(matrix).all() else zip(terms, matrix.T, strict=True):
        refuse_rows(~np.isfinite(column), f"covariate {name} must be a number; exclude or impute the patient first")
    return matrix


def check_level(level: float) -> None:
    """Refuse a confidence level that is not a share above 0 and below 1."""
    if not 0 < level < 1:
        raise UnusableInputError(f"level must lie between 0 and 1 (0.95 for 95 %), got {level}")


def as_numbers(values: Any, name: str) -> FloatArray:
    """The values as an array of numbers, a gap being NaN; `name` is used in the message of a refusal.

    Raises:
        UnusableInputError: a value is no number, or rows are of different lengths. Rows are counted from 1.
    """
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        refuse_rows(~np.array([_is_numeric(row) for row in values]), f"{name} must be a number")
        raise UnusableInputError(f"{name} must be numbers, as many in each row as in every other") from None


def _is_numeric(row: Any) -> bool:
    try:
        np.asarray(row, dtype=np.float64)
    except (TypeError, ValueError):
        return False
    return True


def finite_vector(values: Any, name: str, *, size: int | None = None) -> FloatArray:
    """The values as a one-dimensional array of finite numbers; `name` is used in the message of a refusal."""
    array = as_numbers(values, name)
    if array.ndim != 1 or (size is not None and array.size != size):
        expected = "one-dimensional" if size is None else f"of length {size}"
        raise UnusableInputError(f"{name} must be {expected}, got shape {array.shape}")
    refuse_rows(~np.isfinite(array), f"{name} must be a finite number")
    return array


def refuse_rows(faulty: BoolArray, rule: str) -> None:
    """Refuse the rows that are faulty, by number (from 1), with the rule that they break."""
    if faulty.any():
        rows = np.flatnonzero(faulty) + 1
        more = f" and {rows.size - 5} more" if rows.size > 5 else ""
        raise UnusableInputError(f"{rule}; not so in row {', '.join(map(str, rows[:5]))}{more}")


def label_codes(labels: Any, name: str, n: int) -> IntArray:
    """The n labels (of strata, clusters ...) as numbers from 0 in sorted order; `name` is used in a refusal."""
    given = np.asarray(labels)
    if given.shape != (n,):
        raise UnusableInputError(f"{name} must hold one label per patient ({n}), got shape {given.shape}")
    if given.dtype.kind in "fO":
        refuse_rows(np.array([label is None or label != label for label in given]), f"{name} must be known")
    return np.unique(given, return_inverse=True)[1]


def as_floats(values: FloatArray) -> tuple[float, ...]:
    """An array as a tuple of plain numbers."""
    return tuple(float(value) for value in values)


def as_ratios(logarithms: FloatArray) -> tuple[float, ...]:
    """The ratios of log ratios; infinite beyond what a number can hold."""
    with np.errstate(over="ignore"):
        return as_floats(np.exp(logarithms))


def sum_by(values: FloatArray, codes: IntArray) -> FloatArray:
    """Sums of row values (n,) or (n, p) over rows of one code, in the order of the codes."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    summed: FloatArray = np.add.reduceat(values[order], starts, axis=0)
    return summed
