"""Regimens in words: which drugs, how they belong together, dose, interval and number of cycles."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Literal

from lutrace.terms.drugs import Drug, drug_named, drugs
from lutrace.terms.lines import line_vocabulary

Relation = Literal["first", "with", "then", "instead"]
_THEN = re.compile(r"->|=>|→|\b(?:gefolgt von|followed by|dann|danach|then|anschlie(?:ß|ss)end)\b", re.IGNORECASE)
_INSTEAD = re.compile(
    r"\b(?:ersetzt durch|replaced by|substituted (?:by|with|for)|switched to|umgestellt auf|umstellung auf|"
    r"wechsel auf|wechsel zu|changed to)\b",
    re.IGNORECASE,
)
_FROM_TO = re.compile(
    r"\b(?:umstellung|wechsel|switch|change)\s+(?:von|from)\s+(.+?)\s+(?:auf|zu|to)\s+(.+)", re.IGNORECASE
)
_DOSE = re.compile(r"(\d+(?:[.,]\d+)?)\s*(mg/m(?:2|²|\^2)|mg/kg|mg|g/m2|auc|gbq|mbq|kbq/kg|mci)\b", re.IGNORECASE)
_AUC = re.compile(r"\bauc\s*(\d+(?:[.,]\d+)?)", re.IGNORECASE)
_WEEKS = re.compile(
    r"\bq\s*(\d+)\s*w\b|\bq(\d+)\s*(?:weeks|wochen)\b|\b(?:alle|every)\s+(\d+)\s*(?:wochen|wo\.?|weeks|w)\b",
    re.IGNORECASE,
)
_WEEKLY = re.compile(r"\b(?:weekly|w(?:ö|oe)chentlich)\b", re.IGNORECASE)
_CYCLES = re.compile(
    r"(?<![\w,.])(\d+)\s*(?:x\b|×|(?:zyklen|zyklus|cycles?|kurse|courses?|gaben|infusionen)\b)"
    r"|[x×]\s*(\d+)(?!\d)|\b(?:zyklus|cycle)\s*1\s*[-–]\s*(\d+)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-zÄÖÜäöüß][\wÄÖÜäöüß&-]*")
_FILLERS = frozenset(
    [
        "und",
        "and",
        "with",
        "mit",
        "plus",
        "kombination",
        "combination",
        "therapie",
        "therapy",
        "chemotherapie",
        "chemotherapy",
        "chemo",
        "monotherapie",
        "mono",
        "i.v",
        "i",
        "v",
        "iv",
        "p.o",
        "po",
        "o",
        "tgl",
        "täglich",
        "daily",
        "d",
        "auf",
        "von",
        "the",
        "a",
        "an",
        "der",
        "die",
        "das",
        "insgesamt",
        "total",
        "zyklen",
        "zyklus",
        "cycle",
        "cycles",
        "x",
        "wochen",
        "weeks",
        "week",
        "woche",
        "every",
        "alle",
        "q",
        "bis",
        "to",
        "from",
        "seit",
        "since",
        "für",
        "for",
        "n",
        "mg",
        "g",
        "m",
        "m2",
        "auc",
        "gbq",
        "mbq",
        "kbq",
        "mci",
        "kg",
        "erhaltung",
        "maintenance",
        "wöchentlich",
        "weekly",
        "gaben",
        "infusionen",
        "kurse",
        "courses",
        "course",
    ]
)


@dataclass(frozen=True)
class RegimenAgent:
    """One drug of a regimen: how it belongs to the one before, dose in the stated unit, days between doses, cycles."""

    drug: str
    relation: Relation
    dose: float | None = None
    dose_unit: str | None = None
    interval_days: int | None = None
    n_cycles: int | None = None


@dataclass(frozen=True)
class Regimen:
    """The drugs of a text in its order, and the words that were not understood."""

    agents: tuple[RegimenAgent, ...]
    unread: tuple[str, ...]

    @property
    def line_agents(self) -> tuple[str, ...]:
        """The drugs that define a line, without partners such as prednisone."""
        named = (drug_named(agent.drug) for agent in self.agents)
        return tuple(dict.fromkeys(drug.name for drug in named if drug is not None and drug.purpose in ("line", "rlt")))


def parse_regimen(text: str) -> Regimen:
    """What a text says of a regimen, in English or German: "Doc/Carbo", "Docetaxel 75 mg/m2 q3w x6".

    Drugs joined by `+`, `/`, a comma, `und` or `mit` are given together; an arrow or "gefolgt von" begins another;
    "ersetzt durch" and "Umstellung von A auf B" are a substitution. Interval and number of cycles of the text after a
    drug (or of the whole text, when it names them before the first) belong to the drugs of that part. A word that
    is neither drug nor known filler is listed as unread; nothing is guessed from it.

    >>> parse_regimen("Doc/Carbo").line_agents
    ('docetaxel', 'carboplatin')
    """
    changed = _FROM_TO.search(text)
    if changed is not None:
        text = f"{text[: changed.start()]} {changed.group(1)} ersetzt durch {changed.group(2)}"
    agents: list[RegimenAgent] = []
    unread: list[str] = []
    for relation, part in _parts(text):
        found, unknown = _read_part(part, relation if agents else "first")
        agents += found
        unread += unknown
    return Regimen(tuple(agents), tuple(dict.fromkeys(unread)))


def _parts(text: str) -> list[tuple[Relation, str]]:
    marks: list[tuple[int, int, Relation]] = [(m.start(), m.end(), "then") for m in _THEN.finditer(text)]
    marks += [(m.start(), m.end(), "instead") for m in _INSTEAD.finditer(text)]
    parts: list[tuple[Relation, str]] = []
    relation: Relation = "first"
    begin = 0
    for start, end, kind in sorted(marks):
        parts.append((relation, text[begin:start]))
        relation, begin = kind, end
    return [*parts, (relation, text[begin:])]


def _read_part(part: str, relation: Relation) -> tuple[list[RegimenAgent], list[str]]:
    places = [(match, drug) for match in _names().finditer(part) if (drug := _drug(match.group(0))) is not None]
    interval, cycles = _interval(part), _n_cycles(part)
    agents: list[RegimenAgent] = []
    for order, (match, drug) in enumerate(places):
        until = places[order + 1][0].start() if order + 1 < len(places) else len(part)
        dose, unit = _dose(part[match.end() : until])
        how: Relation = relation if order == 0 else "with"
        agents.append(RegimenAgent(drug.name, how, dose, unit, interval, cycles))
    rest = _names().sub(" ", part)
    for pattern in (_DOSE, _AUC, _WEEKS, _WEEKLY, _CYCLES):
        rest = pattern.sub(" ", rest)
    return agents, [word for word in _WORD.findall(rest) if word.lower() not in _FILLERS]


def _dose(text: str) -> tuple[float | None, str | None]:
    auc = _AUC.search(text)
    if auc is not None:
        return float(auc.group(1).replace(",", ".")), "AUC"
    found = _DOSE.search(text)
    if found is None:
        return None, None
    return float(found.group(1).replace(",", ".")), found.group(2).replace("²", "2").replace("^2", "2")


def _interval(text: str) -> int | None:
    found = _WEEKS.search(text)
    if found is not None:
        return 7 * int(next(group for group in found.groups() if group))
    return 7 if _WEEKLY.search(text) is not None else None


def _n_cycles(text: str) -> int | None:
    found = _CYCLES.search(text)
    return None if found is None else int(next(group for group in found.groups() if group))


def _drug(name: str) -> Drug | None:
    return drug_named(name) or drug_named(_short().get(name.lower(), ""))


@functools.cache
def _short() -> dict[str, str]:
    return {word: agent for agent, words in line_vocabulary().abbreviations.items() for word in words}


@functools.cache
def _names() -> re.Pattern[str]:
    names = [name for drug in drugs() for name in (drug.name, *drug.names)] + list(_short())
    longest = sorted(names, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(re.escape(name) for name in longest)})(?![\w])", re.IGNORECASE)
