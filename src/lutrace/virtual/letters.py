"""Letters about virtual patients, in English or German, each with the facts that it states."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from lutrace.core import FrozenModel, read_document, write_rows
from lutrace.virtual.chart import SITES, Chart
from lutrace.virtual.people import LETTERS, make_generator
from lutrace.virtual.timeline import Administration, Treatment

Language = Literal["en", "de"]
LETTER_NAMES = r"(?P<patient_id>SYN-\d{4})-\d+_(?P<date>\d{4}-\d{2}-\d{2})_(?P<language>en|de)"
"""Pattern of the names of the letters' files, for the site profile."""
_PSA_ROWS = 4


class _Phrases(FrozenModel):
    """The words of one language: several ways to say each thing."""

    synthetic: tuple[str, ...]
    heads: dict[str, tuple[str, ...]]
    date: str
    month: str
    join: str
    drugs: dict[str, str]
    sites: tuple[dict[str, str], ...]
    site: dict[str, str]
    phrases: dict[str, tuple[str, ...]]


class _Languages(FrozenModel):
    version: str
    en: _Phrases
    de: _Phrases


@dataclass(frozen=True)
class Stated:
    """What a letter states: a fact and its value in the words of `lutrace extract`, its day or month where told."""

    fact: str
    value: str
    date: str | None = None
    negated: bool = False


_LIGAND = Stated("therapy", "lu177_psma_617")
_PROGRESSION = Stated("progression", "stated")


@dataclass(frozen=True)
class Letter:
    """One letter: its name, whose it is, its day, language, kind and text; `facts` are what it states."""

    note_id: str
    patient_id: str
    date: dt.date
    language: Language
    kind: str
    text: str
    facts: tuple[Stated, ...]


def make_letters(charts: Iterable[Chart], *, seed: int) -> tuple[Letter, ...]:
    """All letters about the patients, German for every second one; the same seed gives the same words."""
    return tuple(
        letter
        for chart in charts
        for letter in write_letters(chart, make_generator(seed, chart.patient.number - 1, LETTERS))
    )


def write_letters(chart: Chart, rng: np.random.Generator) -> tuple[Letter, ...]:
    """Tumour board, referral, a letter per cycle, a closing letter and one about the death; all say: synthetic."""
    patient = chart.patient
    language: Language = "de" if patient.german else "en"
    first = patient.administrations[0].injection.date()
    last = patient.last_date
    writers = [
        _board(_Page(language, first - dt.timedelta(days=6), "board", rng), chart),
        _referral(_Page(language, first - dt.timedelta(days=2), "referral", rng), chart),
    ]
    for one in patient.administrations:
        day = min(one.injection.date() + dt.timedelta(days=2), last)
        writers.append(_therapy(_Page(language, day, "therapy", rng), chart, one))
    closing = min(patient.administrations[-1].injection.date() + dt.timedelta(days=80), last)
    if chart.end_of_therapy is not None:
        writers.append(_final(_Page(language, closing, "final", rng), chart))
    if chart.death is not None:
        writers.append(_death(_Page(language, last + dt.timedelta(days=5), "death", rng), chart))
    return tuple(
        Letter(f"{patient.identifier}-{n}", patient.identifier, page.day, language, page.kind, page.text, page.said)
        for n, page in enumerate(writers, start=1)
    )


def write_letter_files(folder: Path, letters: Sequence[Letter]) -> None:
    """Write `letters/` (a text file each), `letters.csv` (the same as a table) and `letter_facts.csv`, what they state.

    `letter_facts.csv` is what `lutrace extract --labels` takes, `note_id fact value negated`, and `date`.
    """
    (folder / "letters").mkdir(parents=True, exist_ok=True)
    for letter in letters:
        name = f"{letter.note_id}_{letter.date:%Y-%m-%d}_{letter.language}.txt"
        (folder / "letters" / name).write_text(letter.text, encoding="utf-8", newline="\n")
    rows = [
        {
            "note_id": letter.note_id,
            "patient_id": letter.patient_id,
            "date": letter.date.isoformat(),
            "language": letter.language,
            "kind": letter.kind,
            "text": letter.text,
        }
        for letter in letters
    ]
    write_rows(folder / "letters.csv", rows)
    stated = [
        {
            "note_id": letter.note_id,
            "fact": one.fact,
            "value": one.value,
            "negated": "yes" if one.negated else "no",
            "date": one.date,
        }
        for letter in letters
        for one in letter.facts
    ]
    write_rows(folder / "letter_facts.csv", stated)


@functools.cache
def _languages() -> _Languages:
    return read_document(Path(__file__).parent / "letter_phrases.yaml", _Languages)


@dataclass
class _Page:
    """A letter as it is written: lines, and the facts that they state."""

    language: Language
    day: dt.date
    kind: str
    rng: np.random.Generator
    lines: list[str] = field(default_factory=list)
    facts: dict[Stated, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Every letter begins with what it is."""
        words = self.words
        self.lines += [words.synthetic[0], self._one(words.heads[self.kind]).format(day=self.shown(self.day))]

    @property
    def words(self) -> _Phrases:
        return _languages().de if self.language == "de" else _languages().en

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    @property
    def said(self) -> tuple[Stated, ...]:
        return tuple(self.facts)

    def say(self, name: str, *facts: Stated, **told: Any) -> None:
        """A line in one of the ways of `name`, and the facts that it states."""
        self.lines.append(self._one(self.words.phrases[name]).format(**told))
        self.facts.update(dict.fromkeys(facts))

    def shown(self, day: dt.date) -> str:
        return f"{day:{self.words.date}}"

    def month(self, day: dt.date) -> str:
        return f"{day:{self.words.month}}"

    def number(self, value: float, digits: int) -> str:
        text = f"{value:.{digits}f}"
        return text.replace(".", ",") if self.language == "de" else text

    def drug(self, agent: str) -> dict[str, str]:
        name = self.words.drugs.get(agent, agent)
        return {"drug": name, "Drug": name.capitalize()}

    def sites(self, there: Sequence[str]) -> str:
        """The sites in one of the styles: nouns, adjectives, or places."""
        style = self.words.sites[int(self.rng.integers(len(self.words.sites)))]
        listed = self.words.join.join(style[site] for site in there)
        return f"{style.get('before', '')}{listed}{style['after']}"

    def _one(self, ways: Sequence[str]) -> str:
        return ways[int(self.rng.integers(len(ways)))]


def _referral(page: _Page, chart: Chart) -> _Page:
    patient = chart.patient
    primary, secondary = patient.gleason
    initial, crpc = chart.milestone("initial"), chart.milestone("mcrpc")
    page.say(
        "diagnosis",
        Stated("gleason", f"{primary}+{secondary}"),
        Stated("isup", str(_grade_group(primary, secondary))),
        month=page.month(initial.date),
        gleason=f"{primary}+{secondary}={primary + secondary}",
    )
    tnm = "c" + " ".join(chart.tnm)
    page.say("staging", Stated("tnm", tnm), tnm=tnm)
    page.say("crpc", Stated("castration_resistance", "resistant", crpc.month), month=page.month(crpc.date))
    _say_sites(page, chart)
    adt = next(one for one in patient.treatments if one.agent == "leuprorelin")
    begun = [Stated(name, adt.agent, f"{adt.begin:%Y-%m}") for name in ("therapy", "therapy_begin")]
    page.say("adt", *begun, month=page.month(adt.begin))
    for one in _earlier(chart):
        _say_line(page, one)
    psa = next(lab.value for lab in patient.labs if lab.analyte == "psa")
    page.say("psa", Stated("psa", f"{round(psa, 2):.12g}"), psa=page.number(psa, 2))
    _say_status(page, patient.ecog[0][1])
    page.say("no_fracture", Stated("fracture", "pathological", negated=True))
    page.say("family")
    page.say("plan", _LIGAND)
    return page


def _grade_group(primary: int, secondary: int) -> int:
    """Grade group of ISUP 2014 from the patterns."""
    total = primary + secondary
    return 5 if total >= 9 else 4 if total == 8 else 3 if (primary, secondary) == (4, 3) else 2


def _say_status(page: _Page, grade: int) -> None:
    page.say("ecog", Stated("ecog", str(grade)), ecog=grade)


def _say_sites(page: _Page, chart: Chart) -> None:
    day = chart.patient.pet_datetime.date()
    stated = [Stated("metastasis_site", site, day.isoformat()) for site in chart.sites]
    page.say("present", *stated, day=page.shown(day), sites=page.sites(chart.sites))
    for site in SITES:
        if site not in chart.sites:
            word = page.words.site[site]
            page.say("absent", Stated("metastasis_site", site, negated=True), site=word, Site=word.capitalize())


def _say_line(page: _Page, one: Treatment) -> None:
    assert one.end is not None
    facts = [Stated(name, one.agent, f"{one.begin:%Y-%m}") for name in ("therapy", "therapy_begin")]
    facts += [Stated("therapy_end", one.agent, f"{one.end:%Y-%m}"), Stated("stop_reason", one.stop_reason or "")]
    if one.stop_reason == "progression":
        facts.append(_PROGRESSION)
    begin, end = page.month(one.begin), page.month(one.end)
    page.say(f"line_{one.stop_reason}", *facts, begin=begin, end=end, **page.drug(one.agent))


def _board(page: _Page, chart: Chart) -> _Page:
    _say_sites(page, chart)
    last = _earlier(chart)[-1]
    page.say("board", Stated("therapy", last.agent), _PROGRESSION, _LIGAND, **page.drug(last.agent))
    return page


def _therapy(page: _Page, chart: Chart, one: Administration) -> _Page:
    gbq, day = one.administered_mbq / 1000, one.injection.date()
    page.say(
        "cycle",
        Stated("rlt_cycle", str(one.cycle), day.isoformat()),
        _LIGAND,
        Stated("activity", f"{round(gbq, 2):.12g}"),
        cycle=one.cycle,
        day=page.shown(day),
        activity=page.number(gbq, 2),
        weight=page.number(one.weight_kg, 1),
    )
    _say_psa(page, chart, until=day)
    _say_bloods(page, chart, until=day)
    _say_status(page, dict(chart.patient.ecog)[day])
    dry = chart.dry_mouth is not None and chart.dry_mouth[0] <= page.day
    page.say("dry" if dry else "not_dry", Stated("toxicity", "xerostomia", negated=not dry))
    return page


def _say_psa(page: _Page, chart: Chart, *, until: dt.date) -> None:
    """The last values as a small table."""
    values = [lab for lab in chart.patient.labs if lab.analyte == "psa" and lab.date <= until][-_PSA_ROWS:]
    page.say("psa_table")
    ways = page.words.phrases["psa_rows"]
    way = ways[int(page.rng.integers(len(ways)))]
    for lab in values:
        page.lines.append(way.format(day=page.shown(lab.date), psa=page.number(lab.value, 2)))
        page.facts[Stated("psa", f"{round(lab.value, 2):.12g}", lab.date.isoformat())] = None


def _say_bloods(page: _Page, chart: Chart, *, until: dt.date) -> None:
    told: dict[str, str] = {}
    facts: list[Stated] = []
    for name, digits in (("haemoglobin", 1), ("platelets", 0), ("ldh", 0)):
        value = [lab.value for lab in chart.patient.labs if lab.analyte == name and lab.date <= until][-1]
        told[name] = page.number(value, digits)
        facts.append(Stated(name, f"{round(value, digits):.12g}"))
    page.say("labs", *facts, **told)


def _final(page: _Page, chart: Chart) -> _Page:
    assert chart.end_of_therapy is not None
    reason = chart.end_of_therapy[0]
    stated = "decision" if reason == "choice" else reason
    more = (_PROGRESSION,) if reason == "progression" else ()
    page.say(f"end_{reason}", Stated("stop_reason", stated), *more)
    _say_events(page, chart)
    _say_psa(page, chart, until=page.day)
    for one in chart.patient.treatments:
        if chart.patient.administrations[-1].injection.date() < one.begin <= page.day:
            begun = [Stated(name, one.agent, one.begin.isoformat()) for name in ("therapy", "therapy_begin")]
            page.say("next", *begun, begin=page.shown(one.begin), **page.drug(one.agent))
    return page


def _say_events(page: _Page, chart: Chart) -> None:
    """Progression, transfusions, fractures and hospice care that are known on the day of the letter."""
    known: list[tuple[str, dt.date | None, str, str, dict[str, Any]]] = [
        ("psa_progression", chart.patient.progression_date, "progression", "psa", {}),
        ("clinical_progression", chart.clinical_progression, "progression", "clinical", {}),
        *((one.kind, one.date, "transfusion", one.kind, {"units": one.units}) for one in chart.transfusions),
        *((kind, day, kind, "pathological" if kind == "fracture" else kind, {}) for kind, day in chart.events),
    ]
    for name, day, fact, value, told in known:
        if day is not None and day <= page.day:
            page.say(name, Stated(fact, value, day.isoformat()), day=page.shown(day), **told)


def _death(page: _Page, chart: Chart) -> _Page:
    assert chart.death is not None
    day, name = chart.death.first_day(), f"death_{chart.death.precision}"
    page.say(name, Stated("death", "died", str(chart.death)), day=page.shown(day), month=page.month(day))
    return page


def _earlier(chart: Chart) -> list[Treatment]:
    """The lines of therapy that ended before the first cycle."""
    start = chart.patient.administrations[0].injection.date()
    return [one for one in chart.patient.treatments if one.end is not None and one.end < start]
