"""What leaves a site: declared messages whose numbers can be counted, and read by anybody before they are sent."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from lutrace.stats.arrays import FloatArray
from lutrace.stats.newton import Sums


@dataclass(frozen=True)
class Message:
    """Base of all messages: tuples of numbers and names only."""

    @property
    def n_numbers(self) -> int:
        """How many numbers the message holds, counts of patients included."""
        return sum(_count(getattr(self, one.name)) for one in fields(self))


@dataclass(frozen=True)
class SumsMessage(Message):
    """A site's sums at the coefficients asked for: log likelihood, gradient (p), upper triangle of the information.

    With p covariates these are 1 + p + p (p + 1) / 2 numbers, and the two counts. No time, no order of patients and
    no sum per event time is among them.
    """

    terms: tuple[str, ...]
    n: int
    n_events: int
    loglik: float
    gradient: tuple[float, ...]
    information: tuple[float, ...]
    """Row by row from the diagonal on."""

    def to_sums(self) -> Sums:
        """The sums as arrays."""
        return Sums(self.loglik, np.array(self.gradient), unpack(np.array(self.information), len(self.terms)))


def make_sums_message(sums: Sums, terms: tuple[str, ...], *, n: int, n_events: int) -> SumsMessage:
    """The message of a site's sums."""
    return SumsMessage(
        terms, n, n_events, sums.loglik, tuple(sums.gradient.tolist()), tuple(pack(sums.information).tolist())
    )


def pack(matrix: FloatArray) -> FloatArray:
    """The upper triangle of symmetric matrices (..., p, p), row by row, (..., p (p + 1) / 2)."""
    rows, columns = np.triu_indices(matrix.shape[-1])
    return np.asarray(matrix[..., rows, columns], dtype=np.float64)


def unpack(triangle: FloatArray, p: int) -> FloatArray:
    """The symmetric matrix of an upper triangle."""
    rows, columns = np.triu_indices(p)
    matrix = np.zeros((p, p))
    matrix[rows, columns] = matrix[columns, rows] = triangle
    return matrix


def _count(value: Any) -> int:
    if isinstance(value, tuple):
        return sum(_count(one) for one in value)
    return int(isinstance(value, int | float))
