"""The numbers of an abstract beside those of a run, and the faults of its arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lutrace.core import Row, UnusableInputError
from lutrace.prose import Claim, find_claims, find_contradictions_of, read_text
from lutrace.study.claim_match import Match, match_claim, read_numbers
from lutrace.study.claim_verdict import ABSENT, AMBIGUOUS, DIFFERS, EQUAL, NO_RESULT, judge_claim
from lutrace.study.result_files import read_results


@dataclass(frozen=True)
class ClaimsResult:
    """What became of each number of a text, its contradictions, and what the run was of."""

    claims: tuple[Row, ...]
    faults: tuple[Row, ...]
    study: str
    synthetic: bool
    head: Mapping[str, Any]

    @property
    def is_sound(self) -> bool:
        """Whether nothing certain speaks against the text: no contradiction, no number that differs."""
        certain = any(fault["severity"] == "certain" for fault in self.faults)
        return not certain and not any(claim["verdict"] == DIFFERS for claim in self.claims)


def run_claims(abstract: Path, out: Path) -> ClaimsResult:
    """Compare every number of the text file `abstract` with the run in the folder `out`.

    Each row of `claims` has the sentence, the claim, the run's number with its key, the difference and the verdict:
    equal after rounding, differs, not in this run, ambiguous (with the keys), or no result (a date, a threshold).
    Raises UnusableInputError for a text or a folder that cannot be read.
    """
    results = read_results(out)
    read = read_text(read_prose(abstract))
    numbers = read_numbers(results)
    claims = find_claims(read)
    rows: list[Row] = []
    outside = ""
    for claim in claims:
        beside = [one for one in claims if _place_of(one) == _place_of(claim)]
        population = outside if claim.bracket >= 0 and claim.total is not None else ""
        match = match_claim(claim, numbers, beside, population) if claim.is_result else Match(())
        if claim.bracket < 0:
            outside = match.candidates[0].population if len({one.population for one in match.candidates}) == 1 else ""
        rows.append(judge_claim(claim, match, numbers))
    faults = tuple(dict(vars(fault)) for fault in find_contradictions_of(read))
    return ClaimsResult(tuple(rows), faults, str(results["study"]), bool(results["synthetic"]), results)


def _place_of(claim: Claim) -> tuple[int, str, int]:
    return claim.sentence, claim.role, claim.bracket


def read_prose(path: Path) -> str:
    """The text of a file. Raises UnusableInputError for one that is no UTF-8 text or holds nothing."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnusableInputError(
            f"{path.name}: expected plain text in UTF-8, found other bytes at {error.start}; save the abstract as .txt"
        ) from error
    except OSError as error:
        raise UnusableInputError(f"{path.name}: cannot be read; name a text file with the abstract") from error
    if not text.strip():
        raise UnusableInputError(f"{path.name}: expected the text of an abstract, found nothing in it")
    return text


def verdicts_of(rows: Sequence[Row]) -> dict[str, int]:
    """How many claims have each verdict, in the order of the verdicts."""
    order = (EQUAL, DIFFERS, AMBIGUOUS, ABSENT, NO_RESULT)
    return {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in order}
