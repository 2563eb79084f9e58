"""From plain tables to a fitted model: the files read, their numbers understood, the model by its name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lutrace.core import UnusableInputError, read_document, read_numbered_rows, with_decimal_points
from lutrace.models import (
    Combined,
    FitCall,
    PlainFit,
    PlainTable,
    SiteAnswer,
    SiteQuestion,
    answer_site,
    combine_sites,
    find_number_columns,
    fit_plain,
)


def run_fit(source: Path, call: FitCall) -> PlainFit:
    """The estimates of one model on a CSV, TSV, XLSX or Parquet table, with its checks and warnings.

    Raises UnusableInputError for a file or a call that cannot be used, TableError with the rows that are wrong, and
    EstimationError where the data have no answer.
    """
    return fit_plain(_read_table(source), call)


def run_site_sums(source: Path, call: FitCall, *, site: str, ask: Path | None = None) -> SiteAnswer:
    """What a site sends of its table: sums at the coefficients of the question in `ask`, zeros without one.

    Raises what `run_fit` and `answer_site` raise, ProtocolError for a file that is no question.
    """
    question = None if ask is None else read_document(ask, SiteQuestion)
    return answer_site(_read_table(source), call, site=site, question=question)


def run_combine(sources: Sequence[Path], call: FitCall) -> Combined:
    """The model of all sites, or the question for the next round, from all answers so far (files, or their folder).

    Raises UnusableInputError for no answers or those that do not go together, ProtocolError for a file that is none.
    """
    files = [file for one in sources for file in (sorted(one.glob("*.json")) if one.is_dir() else [one])]
    if not files:
        raise UnusableInputError("no answers: name the files that the sites sent, or their folder")
    return combine_sites([read_document(file, SiteAnswer) for file in files], call)


def _read_table(source: Path) -> PlainTable:
    numbered = read_numbered_rows(source)
    numbers = find_number_columns([row for _, row in numbered])
    pointed = with_decimal_points(source, numbered, numbers)
    told = () if pointed == numbered else (f"{source.name}: numbers have a decimal comma: 1,5 is read as 1.5",)
    return PlainTable(source.name, tuple(number for number, _ in pointed), tuple(row for _, row in pointed), told)
