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
Fact = tuple[str, str, bool]
_LIGAND = ("therapy", "lu177_psma_617", False)
_PROGRESSION = ("progression", "stated", False)
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
class Letter:
    """One letter: its name, whose it is, its day, language, kind and text; `facts` are what it states.

    A fact is a name and a value in the words of `lutrace extract`, and whether the letter denies it.
    """

    note_id: str
    patient_id: str
    date: dt.date
    language: Language
    kind: str
    text: str
    facts: tuple[Fact, ...]


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

    `letter_facts.csv` is what `lutrace extract --labels` takes: `note_id fact value negated`.
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
        {"note_id": letter.note_id, "fact": fact, "value": value, "negated": "yes" if negated else "no"}
        for letter in letters
        for fact, value, negated in letter.facts
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
    facts: dict[Fact, None] = field(default_factory=dict)

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
    def said(self) -> tuple[Fact, ...]:
        return tuple(self.facts)

    def say(self, name: str, *facts: Fact, **told: Any) -> None:
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
    gleason = f"{primary}+{secondary}={primary + secondary}"
    initial = page.month(chart.milestone("initial").date)
    grade = ("isup", str(_grade_group(primary, secondary)), False)
    page.say("diagnosis", ("gleason", f"{primary}+{secondary}", False), grade, month=initial, gleason=gleason)
    tnm = "c" + " ".join(chart.tnm)
    page.say("staging", ("tnm", tnm, False), tnm=tnm)
    crpc = page.month(chart.milestone("mcrpc").date)
    page.say("crpc", ("castration_resistance", "resistant", False), month=crpc)
    _say_sites(page, chart)
    adt = next(one for one in patient.treatments if one.agent == "leuprorelin")
    page.say("adt", ("therapy", "leuprorelin", False), month=page.month(adt.begin))
    for one in _earlier(chart):
        _say_line(page, one)
    psa = next(lab.value for lab in patient.labs if lab.analyte == "psa")
    page.say("psa", ("psa", f"{round(psa, 2):.12g}", False), psa=page.number(psa, 2))
    status = str(patient.ecog[0][1])
    page.say("ecog", ("ecog", status, False), ecog=status)
    page.say("no_fracture", ("fracture", "pathological", True))
    page.say("family")
    page.say("plan", _LIGAND)
    return page


def _grade_group(primary: int, secondary: int) -> int:
    """Grade group of ISUP 2014 from the patterns."""
    total = primary + secondary
    return 5 if total >= 9 else 4 if total == 8 else 3 if (primary, secondary) == (4, 3) else 2


def _say_sites(page: _Page, chart: Chart) -> None:
    there = chart.sites
    stated: list[Fact] = [("metastasis_site", site, False) for site in there]
    page.say("present", *stated, day=page.shown(chart.patient.pet_datetime.date()), sites=page.sites(there))
    for site in SITES:
        if site not in there:
            word = page.words.site[site]
            page.say("absent", ("metastasis_site", site, True), site=word, Site=word.capitalize())


def _say_line(page: _Page, one: Treatment) -> None:
    assert one.end is not None
    facts: list[Fact] = [("therapy", one.agent, False), ("stop_reason", one.stop_reason or "", False)]
    if one.stop_reason == "progression":
        facts.append(_PROGRESSION)
    begin, end = page.month(one.begin), page.month(one.end)
    page.say(f"line_{one.stop_reason}", *facts, begin=begin, end=end, **page.drug(one.agent))


def _board(page: _Page, chart: Chart) -> _Page:
    _say_sites(page, chart)
    last = _earlier(chart)[-1]
    page.say("board", ("therapy", last.agent, False), _PROGRESSION, _LIGAND, **page.drug(last.agent))
    return page


def _therapy(page: _Page, chart: Chart, one: Administration) -> _Page:
    gbq = one.administered_mbq / 1000
    told = {"activity": page.number(gbq, 2), "weight": page.number(one.weight_kg, 1)}
    facts: list[Fact] = [("rlt_cycle", str(one.cycle), False), _LIGAND, ("activity", f"{round(gbq, 2):.12g}", False)]
    page.say("cycle", *facts, cycle=one.cycle, day=page.shown(one.injection.date()), **told)
    _say_psa(page, chart, until=one.injection.date())
    _say_bloods(page, chart, until=one.injection.date())
    grade = next(grade for day, grade in chart.patient.ecog if day == one.injection.date())
    page.say("ecog", ("ecog", str(grade), False), ecog=grade)
    dry = chart.dry_mouth is not None and chart.dry_mouth[0] <= page.day
    page.say("dry" if dry else "not_dry", ("toxicity", "xerostomia", not dry))
    return page


def _say_psa(page: _Page, chart: Chart, *, until: dt.date) -> None:
    """The last values as a small table."""
    values = [lab for lab in chart.patient.labs if lab.analyte == "psa" and lab.date <= until][-_PSA_ROWS:]
    page.say("psa_table")
    row = page.rng.integers(len(page.words.phrases["psa_rows"]))
    for lab in values:
        line = page.words.phrases["psa_rows"][int(row)]
        page.lines.append(line.format(day=page.shown(lab.date), psa=page.number(lab.value, 2)))
        page.facts["psa", f"{round(lab.value, 2):.12g}", False] = None


def _say_bloods(page: _Page, chart: Chart, *, until: dt.date) -> None:
    told: dict[str, str] = {}
    facts: list[Fact] = []
    for name, digits in (("haemoglobin", 1), ("platelets", 0), ("ldh", 0)):
        value = [lab.value for lab in chart.patient.labs if lab.analyte == name and lab.date <= until][-1]
        told[name] = page.number(value, digits)
        facts.append((name, f"{round(value, digits):.12g}", False))
    page.say("labs", *facts, **told)


def _final(page: _Page, chart: Chart) -> _Page:
    assert chart.end_of_therapy is not None
    reason = chart.end_of_therapy[0]
    if reason == "death":
        page.say("death_therapy", ("death", "died", False))
    else:
        stated = "decision" if reason == "choice" else reason
        more = (_PROGRESSION,) if reason == "progression" else ()
        page.say(f"end_{reason}", ("stop_reason", stated, False), *more)
    _say_events(page, chart)
    _say_psa(page, chart, until=page.day)
    for one in chart.patient.treatments:
        if one.begin > chart.patient.administrations[-1].injection.date() and one.begin <= page.day:
            page.say("next", ("therapy", one.agent, False), begin=page.shown(one.begin), **page.drug(one.agent))
    return page


def _say_events(page: _Page, chart: Chart) -> None:
    """Progression, transfusions, fractures and hospice care that are known on the day of the letter."""
    known: list[tuple[str, dt.date | None, Fact, dict[str, Any]]] = [
        ("psa_progression", chart.patient.progression_date, ("progression", "psa", False), {}),
        ("clinical_progression", chart.clinical_progression, ("progression", "clinical", False), {}),
        *((one.kind, one.date, ("transfusion", one.kind, False), {"units": one.units}) for one in chart.transfusions),
        *((kind, day, (kind, "pathological" if kind == "fracture" else kind, False), {}) for kind, day in chart.events),
    ]
    for name, day, fact, told in known:
        if day is not None and day <= page.day:
            page.say(name, fact, day=page.shown(day), **told)


def _death(page: _Page, chart: Chart) -> _Page:
    assert chart.death is not None
    day = chart.death.first_day()
    page.say(f"death_{chart.death.precision}", ("death", "died", False), day=page.shown(day), month=page.month(day))
    return page


def _earlier(chart: Chart) -> list[Treatment]:
    """The lines of therapy that ended before the first cycle."""
    start = chart.patient.administrations[0].injection.date()
    return [one for one in chart.patient.treatments if one.end is not None and one.end < start]
