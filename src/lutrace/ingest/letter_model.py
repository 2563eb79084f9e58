"""A language model of the house may propose facts of letters; it never decides, and nothing is taken on its word."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lutrace.core import (
    OWN_MACHINE,
    HttpAddress,
    HttpService,
    Progress,
    Row,
    Source,
    UnusableInputError,
    digest_of,
    silent,
)
from lutrace.ingest.letter_files import day_of_letter
from lutrace.ingest.letter_rows import BY_RULES, finding_row
from lutrace.ingest.profile import SiteProfile, parse_profile
from lutrace.notes import proposable, read_proposal
from lutrace.registry import AddReport, FactBatch, Registry, Replacement, StoredLetter
from lutrace.tables import TEXT_FINDINGS

BY_MODEL = "model"
_TASK = (
    "You read one clinical letter and list the facts that it states. Answer with JSON only: "
    '{"facts": [{"fact": ..., "value": ..., "unit": ... or null, "quote": ...}]}. "quote" is copied from the letter '
    "character by character and lies within one sentence. Facts and their values (a number where none is listed): "
)


@dataclass(frozen=True)
class ProposeResult:
    """What was stored of a model's proposals, how many letters it read, and how many were not taken, by why."""

    report: AddReport
    letters: int
    refused: Mapping[str, int]


def run_propose(registry_folder: Path, address: str, model: str, *, progress: Progress = silent) -> ProposeResult:
    """Ask a model behind an OpenAI-compatible address for the facts of all letters; store them as proposals.

    They are `proposer: model`, unreviewed and of low confidence. A proposal is taken only when its quote stands in the
    letter word for word and its value is known; the rules assert and date it. What the rules found too is left to them.
    Source: the chat completions of OpenAI's API reference, which llama.cpp, vLLM and Ollama answer as well.

    Raises UnusableInputError for an address that is neither of this machine nor named in the site profile, for one that
    does not answer in that way, and when no letter is stored.
    """
    with Registry.open(registry_folder, write=True) as registry:
        _check_address(address, parse_profile(registry.profile_text))
        service = HttpService(HttpAddress("language model", address))
        letters = registry.letters()
        if not letters:
            raise UnusableInputError("no letter is stored in this registry; add letters with `lutrace add notes`")
        rows: list[Row] = []
        refused: Counter[str] = Counter()
        for done, letter in enumerate(letters.values(), start=1):
            rows += _proposed(registry, letter, _ask(service, model, letter.text), model, refused)
            progress("letters", done, len(letters))
        replaces = [Replacement(TEXT_FINDINGS.name, (("note_id", one), ("proposer", BY_MODEL))) for one in letters]
        source = Source("notes", digest_of(["proposed", model, sorted(letters)]))
        report = registry.add(FactBatch(source, {TEXT_FINDINGS.name: rows}, replaces=replaces))
    return ProposeResult(report, len(letters), dict(refused))


def _check_address(address: str, profile: SiteProfile) -> None:
    named = {one.rstrip("/") for one in profile.language_models}
    if urlsplit(address).hostname not in OWN_MACHINE and address.rstrip("/") not in named:
        raise UnusableInputError(
            "--propose-with: letters are given to this machine only (127.0.0.1), or to an address that the site "
            "profile names under language_models"
        )


def _ask(service: HttpService, model: str, text: str) -> Sequence[Any]:
    facts = "; ".join(f"{fact}: {', '.join(values) or 'number'}" for fact, values in proposable().items())
    messages = [{"role": "system", "content": _TASK + facts}, {"role": "user", "content": text}]
    body = {"model": model, "temperature": 0, "messages": messages}
    answer = service.ask("chat/completions", method="POST", body=body).json()
    try:
        content = str(answer["choices"][0]["message"]["content"])
    except (KeyError, IndexError, TypeError) as error:
        raise UnusableInputError(f"{service.address.shown}: no chat completion; check the address") from error
    begin, end = content.find("{"), content.rfind("}")
    try:
        told = json.loads(content[begin : end + 1])
    except ValueError:
        return [None]
    facts_told = told.get("facts") if isinstance(told, dict) else None
    return facts_told if isinstance(facts_told, list) else [None]


def _proposed(
    registry: Registry, letter: StoredLetter, told: Sequence[Any], model: str, refused: Counter[str]
) -> list[Row]:
    held = registry.rows(TEXT_FINDINGS, note_id=letter.note_id, proposer=BY_RULES)
    known = {(row["fact"], row["value"]) for row in held}
    taken = {(row["fact"], row["begin"], row["end"]) for row in held}
    rows: list[Row] = []
    for one in told:
        if not isinstance(one, dict):
            refused["answer that is no list of facts"] += 1
            continue
        fact, value, quote = (str(one.get(name) or "") for name in ("fact", "value", "quote"))
        unit = str(one["unit"]) if one.get("unit") else None
        found = read_proposal(letter.text, fact, value, quote=quote, unit=unit, written=day_of_letter(letter.note_date))
        if found is None:
            refused["quote not in the letter" if quote not in letter.text else "fact or value unknown"] += 1
        elif (fact, value) not in known and (fact, found.begin, found.end) not in taken:
            taken.add((fact, found.begin, found.end))
            more = {"proposer": BY_MODEL, "proposer_version": model, "confidence": "low"}
            rows.append({**finding_row(letter, found), **more})
    return rows
